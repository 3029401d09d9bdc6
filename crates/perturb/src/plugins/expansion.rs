//! Expansions: `she's` becomes `she is`.

use std::collections::HashMap;
use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::{Captures, Regex, RegexBuilder};

use crate::case::match_case;
use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe, table};

const CARD: PerturbationCard = PerturbationCard {
    name: "expansion",
    summary: "`she's` becomes `she is`",
    docs: "## What it does\n\nEvery contraction in the list becomes its expansion, in its case.\n\n\
        ## Source and licence\n\nHELM's `ExpansionPerturbation`, after NL-Augmenter's *contraction expansions* (MIT).\n\n\
        ## Example\n\n`She's a doctor` becomes `She is a doctor`.\n\n\
        ## Caveats\n\n`'s` is always read as *is* and `'d` as *would*, also where they stand for *has* or *had*.",
};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows: Vec<(&str, &str)> = table::rows(include_str!("../tables/contractions.tsv")).collect();
    let words: Vec<&str> = rows.iter().map(|(contraction, _)| *contraction).collect();
    let pattern = RegexBuilder::new(&format!(r"\b({})\b", words.join("|")))
        .case_insensitive(true)
        .build()
        .expect("contractions are words and apostrophes");
    Table { pattern, expansions: rows.into_iter().collect() }
});

struct Table {
    pattern: Regex,
    expansions: HashMap<&'static str, &'static str>,
}

pub(crate) fn plugin() -> Plugin {
    Plugin { card: CARD, build: |_, _| Ok(Box::new(Expansion)) }
}

struct Expansion;

impl Perturbation for Expansion {
    fn description(&self) -> PerturbationDescription {
        describe("expansion", CountsAs::Robustness, &[])
    }

    fn perturb(&self, text: &str, _random: &mut PyRandom) -> String {
        let expand = |found: &Captures<'_>| {
            let word = &found[0];
            let known = TABLE
                .expansions
                .get(word)
                .or_else(|| TABLE.expansions.get(word.to_lowercase().as_str()));
            known.map_or_else(|| word.to_owned(), |known| match_case(word, known))
        };
        TABLE.pattern.replace_all(text, expand).into_owned()
    }
}
