//! A random number of spaces.

use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::Regex;
use serde_json::json;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "space",
    summary: "each run of spaces becomes one of random length",
    docs: "## What it does\n\nEach run of spaces becomes a run of 1 to `max_spaces` spaces.\n\n\
        ## Arguments\n\n`max_spaces`: at least 1.\n\n\
        ## Source and licence\n\nHELM's `SpacePerturbation`.\n\n\
        ## Example\n\n`the quick fox` may become `the   quick fox`.\n\n\
        ## Caveats\n\nIn code, indentation changes.",
};

static SPACES: LazyLock<Regex> = LazyLock::new(|| Regex::new(" +").expect("a valid pattern"));

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| Ok(Box::new(Space { max_spaces: arguments.count("max_spaces")? })),
    }
}

pub(crate) struct Space {
    pub(crate) max_spaces: u64,
}

impl Perturbation for Space {
    fn description(&self) -> PerturbationDescription {
        describe("space", CountsAs::Robustness, &[("max_spaces", json!(self.max_spaces))])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let spaces = |_: &regex::Captures<'_>| {
            let count = 1 + random.randbelow(self.max_spaces);
            " ".repeat(usize::try_from(count).unwrap_or(1))
        };
        SPACES.replace_all(text, spaces).into_owned()
    }
}
