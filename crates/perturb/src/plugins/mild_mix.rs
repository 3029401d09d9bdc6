//! HELM's canonical robustness perturbation: several mild changes at once.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;

use super::contraction::Contraction;
use super::misspelling::Misspelling;
use super::space::Space;
use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "mild_mix",
    summary: "lower case, contractions, some misspellings and spaces: HELM's robustness",
    docs: "## What it does\n\nLower case, then contractions, then misspellings of one word in ten that has any, then 1 to 3 spaces between words.\n\n\
        ## Source and licence\n\nHELM's `MildMixPerturbation`, the `robustness` of its leaderboards.\n\n\
        ## Example\n\n`It is not available` may become `it isn't  availible`.\n\n\
        ## Caveats\n\nFour changes at once: which of them mattered can't be told apart.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin { card: CARD, build: |_, _| Ok(Box::new(MildMix)) }
}

struct MildMix;

impl Perturbation for MildMix {
    fn description(&self) -> PerturbationDescription {
        describe("mild_mix", CountsAs::Robustness, &[])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let text = Contraction.perturb(&text.to_lowercase(), random);
        let text = Misspelling { prob: 0.1 }.perturb(&text, random);
        Space { max_spaces: 3 }.perturb(&text, random)
    }
}
