//! More spaces.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "extra_space",
    summary: "each space becomes several",
    docs: "## What it does\n\nEach space becomes `num_spaces` spaces.\n\n\
        ## Arguments\n\n`num_spaces`: at least 1.\n\n\
        ## Source and licence\n\nHELM's `ExtraSpacePerturbation`.\n\n\
        ## Example\n\n`a b` becomes `a  b`.\n\n\
        ## Caveats\n\nIn code, indentation changes.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            Ok(Box::new(ExtraSpace { num_spaces: arguments.count("num_spaces")? }))
        },
    }
}

struct ExtraSpace {
    num_spaces: u64,
}

impl Perturbation for ExtraSpace {
    fn description(&self) -> PerturbationDescription {
        describe("extra_space", CountsAs::Robustness, &[("num_spaces", json!(self.num_spaces))])
    }

    fn perturb(&self, text: &str, _random: &mut PyRandom) -> String {
        text.replace(' ', &" ".repeat(usize::try_from(self.num_spaces).unwrap_or(1)))
    }
}
