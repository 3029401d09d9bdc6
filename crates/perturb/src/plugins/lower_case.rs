//! Lower case.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "lower_case",
    summary: "everything in lower case",
    docs: "## What it does\n\nThe whole input in lower case; references stay.\n\n\
        ## Source and licence\n\nHELM's `LowerCasePerturbation`.\n\n\
        ## Example\n\n`Who was Ada?` becomes `who was ada?`.\n\n\
        ## Caveats\n\nIn code and in languages where case carries meaning, the question changes.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin { card: CARD, build: |_, _| Ok(Box::new(LowerCase)) }
}

struct LowerCase;

impl Perturbation for LowerCase {
    fn description(&self) -> PerturbationDescription {
        describe("lowercase", CountsAs::Robustness, &[])
    }

    fn perturb(&self, text: &str, _random: &mut PyRandom) -> String {
        text.to_lowercase()
    }
}
