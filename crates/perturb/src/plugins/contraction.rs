//! Contractions: `she is` becomes `she's`.

use std::collections::HashMap;
use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::{Captures, Regex, RegexBuilder};

use crate::case::match_case;
use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe, table};

const CARD: PerturbationCard = PerturbationCard {
    name: "contraction",
    summary: "`she is` becomes `she's`",
    docs: "## What it does\n\nEvery expansion in the list that a space follows becomes its contraction, in its case.\n\n\
        ## Source and licence\n\nHELM's `ContractionPerturbation`, after NL-Augmenter's *contraction expansions* (MIT).\n\n\
        ## Example\n\n`She is a doctor` becomes `She's a doctor`.\n\n\
        ## Caveats\n\nThe list is read backwards: where several contractions share an expansion (`is not`, `I would`), the last one in the list \
        is used.",
};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // As a Python dictionary built from the reversed pairs: an expansion keeps its first place and its last contraction.
    let mut order: Vec<&str> = Vec::new();
    let mut contractions = HashMap::new();
    for (contraction, expansion) in table::rows(include_str!("../tables/contractions.tsv")) {
        if contractions.insert(expansion, contraction).is_none() {
            order.push(expansion);
        }
    }
    let pattern = RegexBuilder::new(&format!(r"\b({})\b ", order.join("|")))
        .case_insensitive(true)
        .build()
        .expect("expansions are plain words");
    Table { pattern, contractions }
});

struct Table {
    pattern: Regex,
    contractions: HashMap<&'static str, &'static str>,
}

pub(crate) fn plugin() -> Plugin {
    Plugin { card: CARD, build: |_, _| Ok(Box::new(Contraction)) }
}

pub(crate) struct Contraction;

impl Perturbation for Contraction {
    fn description(&self) -> PerturbationDescription {
        describe("contraction", CountsAs::Robustness, &[])
    }

    fn perturb(&self, text: &str, _random: &mut PyRandom) -> String {
        let contract = |found: &Captures<'_>| {
            let expansion = &found[1];
            let known = TABLE
                .contractions
                .get(expansion)
                .or_else(|| TABLE.contractions.get(expansion.to_lowercase().as_str()));
            known.map_or_else(|| found[0].to_owned(), |known| match_case(expansion, known) + " ")
        };
        TABLE.pattern.replace_all(text, contract).into_owned()
    }
}
