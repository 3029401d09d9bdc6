//! Filler words.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe};

const CARD: PerturbationCard = PerturbationCard {
    name: "filler_words",
    summary: "`uhm`, `probably`, `I think` between words",
    docs: "## What it does\n\nBefore each word, with probability `insert_prob`, a filler from the chosen lists.\n\n\
        ## Arguments\n\n`insert_prob`: from 0 to 1, by default 0.333. `max_num_insert`: at most so many. `speaker_ph`, `uncertain_ph`, `fill_ph`: \
        which lists (all by default): phrases of opinion, of uncertainty, and plain fillers.\n\n\
        ## Source and licence\n\nHELM's `FillerWordsPerturbation`, after NL-Augmenter's *filler word augmentation* (MIT); Kovatchev et al. 2021; \
        Laserna et al. 2014.\n\n\
        ## Example\n\n`jumps over the dog` may become `jumps over probably the dog`.\n\n\
        ## Caveats\n\nPhrases of uncertainty can change what is asked.",
};

const SPEAKER: [&str; 9] = [
    "I think",
    "I believe",
    "I mean",
    "I guess",
    "that is",
    "I assume",
    "I feel",
    "In my opinion",
    "I would say",
];
const UNCERTAIN: [&str; 5] = ["maybe", "perhaps", "probably", "possibly", "most likely"];
const FILL: [&str; 9] =
    ["uhm", "umm", "ahh", "err", "actually", "obviously", "naturally", "like", "you know"];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            let lists =
                [("speaker_ph", &SPEAKER[..]), ("uncertain_ph", &UNCERTAIN), ("fill_ph", &FILL)];
            let mut fillers = Vec::new();
            for (flag, list) in lists {
                if arguments.flag(flag, true)? {
                    fillers.extend(list);
                }
            }
            Ok(Box::new(FillerWords {
                insert_prob: arguments.probability("insert_prob", Some(0.333))?,
                max_inserts: arguments.count("max_num_insert").ok(),
                fillers,
            }))
        },
    }
}

struct FillerWords {
    insert_prob: f64,
    max_inserts: Option<u64>,
    fillers: Vec<&'static str>,
}

impl Perturbation for FillerWords {
    fn description(&self) -> PerturbationDescription {
        describe("filler_words", CountsAs::Robustness, &[("insert_prob", json!(self.insert_prob))])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let mut words = Vec::new();
        let mut inserts = 0;
        for word in text.split(' ') {
            let room = self.max_inserts.is_none_or(|most| inserts < most);
            if room && random.random() <= self.insert_prob {
                words.extend(random.choice(&self.fillers));
                inserts += 1;
            }
            words.push(word);
        }
        words.join(" ")
    }
}
