//! A suffix.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "suffix",
    summary: "a fixed text at the end (HELM's `style`)",
    docs: "## What it does\n\nAppends a comma and `suffix`.\n\n\
        ## Arguments\n\n`suffix`: the text.\n\n\
        ## Source and licence\n\nHELM's `SuffixPerturbation`.\n\n\
        ## Example\n\n`a picture of a dog` becomes `a picture of a dog, watercolor`.\n\n\
        ## Caveats\n\nMeant for prompts of image generators.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            Ok(Box::new(Suffix { suffix: arguments.needed_text("suffix")?.to_owned() }))
        },
    }
}

struct Suffix {
    suffix: String,
}

impl Perturbation for Suffix {
    fn description(&self) -> PerturbationDescription {
        describe("style", CountsAs::Neither, &[("suffix", json!(self.suffix))])
    }

    fn perturb(&self, text: &str, _random: &mut PyRandom) -> String {
        format!("{text}, {}", self.suffix)
    }
}
