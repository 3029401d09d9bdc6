//! Common misspellings.

use std::collections::HashMap;
use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::{Captures, Regex};
use serde_json::json;

use crate::case::match_case;
use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe, table};

const CARD: PerturbationCard = PerturbationCard {
    name: "misspelling",
    summary: "words become common misspellings of themselves",
    docs: "## What it does\n\nEach word that has known misspellings becomes one of them with probability `prob`, in the case of the word.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1.\n\n\
        ## Source and licence\n\nHELM's `MisspellingPerturbation`; Wikipedia, *Lists of common misspellings/For machines* (CC BY-SA 4.0): 6,523 \
        words, 9,053 misspellings.\n\n\
        ## Example\n\n`Already available.` may become `Aready availible.`\n\n\
        ## Caveats\n\nWords that are not in the list never change, so the rate of misspelled words is lower than `prob`.",
};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows: Vec<(&str, Vec<&str>)> = table::rows(include_str!("../tables/misspellings.tsv"))
        .map(|(word, misspellings)| (word, misspellings.split(',').collect()))
        .collect();
    let words: Vec<String> = rows.iter().map(|(word, _)| regex::escape(word)).collect();
    let pattern =
        Regex::new(&format!(r"\b({})\b", words.join("|"))).expect("escaped words make a pattern");
    Table { pattern, misspellings: rows.into_iter().collect() }
});

struct Table {
    pattern: Regex,
    misspellings: HashMap<&'static str, Vec<&'static str>>,
}

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            Ok(Box::new(Misspelling { prob: arguments.probability("prob", None)? }))
        },
    }
}

pub(crate) struct Misspelling {
    pub(crate) prob: f64,
}

impl Perturbation for Misspelling {
    fn description(&self) -> PerturbationDescription {
        describe("misspellings", CountsAs::Robustness, &[("prob", json!(self.prob))])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let misspell = |found: &Captures<'_>| {
            let word = &found[1];
            if random.random() >= self.prob {
                return word.to_owned();
            }
            let misspelled = TABLE.misspellings.get(word).and_then(|list| random.choice(list));
            misspelled.map_or_else(|| word.to_owned(), |misspelled| match_case(word, misspelled))
        };
        TABLE.pattern.replace_all(text, misspell).into_owned()
    }
}
