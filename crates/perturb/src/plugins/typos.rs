//! Typing errors.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "typos",
    summary: "letters become neighbours on a QWERTY keyboard",
    docs: "## What it does\n\nEach letter from a to z becomes one of its neighbours on a QWERTY keyboard with probability `prob`, in its case.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1.\n\n\
        ## Source and licence\n\nHELM's `TyposPerturbation`, after NL-Augmenter's *butter fingers* (MIT).\n\n\
        ## Example\n\n`After their marriage` may become `Aftrr theif marriage`.\n\n\
        ## Caveats\n\nHELM's fault, kept for parity: a character whose lower case differs from it and which is not a letter of the \
        alphabet goes through lower and upper case.",
};

/// Keys next to each letter, in HELM's order.
#[rustfmt::skip]
const NEIGHBOURS: [(char, &str); 26] = [
    ('a', "qwsz"), ('b', "ghnv"), ('c', "dfvx"), ('d', "erfcxs"), ('e', "wsdfr"), ('f', "rtgvcd"), ('g', "tyhbvf"),
    ('h', "yujnbg"), ('i', "ujklo"), ('j', "uikmnh"), ('k', "iolmj"), ('l', "opk"), ('m', "jkn"), ('n', "hjmb"),
    ('o', "iklp"), ('p', "ol"), ('q', "was"), ('r', "edfgt"), ('s', "weadzx"), ('t', "rfghy"), ('u', "yhjki"),
    ('v', "fgbc"), ('w', "qesad"), ('x', "sdcz"), ('y', "tghju"), ('z', "asx"),
];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| Ok(Box::new(Typos { prob: arguments.probability("prob", None)? })),
    }
}

struct Typos {
    prob: f64,
}

impl Perturbation for Typos {
    fn description(&self) -> PerturbationDescription {
        describe("typos", CountsAs::Robustness, &[("prob", json!(self.prob))])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let mut perturbed = String::with_capacity(text.len());
        for letter in text.chars() {
            let lower: String = letter.to_lowercase().collect();
            let typed = match neighbours(&lower) {
                Some(keys) if random.random() < self.prob => {
                    random.choice(&keys).map_or_else(|| lower.clone(), ToString::to_string)
                }
                _ => lower.clone(),
            };
            let was_lower = lower.chars().eq([letter]);
            perturbed.push_str(&if was_lower { typed } else { typed.to_uppercase() });
        }
        perturbed
    }
}

fn neighbours(lower: &str) -> Option<Vec<char>> {
    let mut characters = lower.chars();
    let (letter, None) = (characters.next()?, characters.next()) else { return None };
    let at = NEIGHBOURS.binary_search_by_key(&letter, |(key, _)| *key).ok()?;
    Some(NEIGHBOURS[at].1.chars().collect())
}
