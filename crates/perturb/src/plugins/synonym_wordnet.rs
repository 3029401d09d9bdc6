//! Synonyms of words that need no tagger.

use std::collections::HashMap;
use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::counterfactual::Edit;
use crate::counterfactual::applied;
use crate::counterfactual::article::article_edit;
use crate::counterfactual::words::{in_case_of, is_capitalised, preceding, words};
use crate::{CountsAs, Perturbation, PerturbationCard, Plugin, describe, table};

const CARD: PerturbationCard = PerturbationCard {
    name: "synonym_wordnet",
    summary: "words become synonyms of theirs, only where they are nearly always used in one sense",
    docs: "## What it does\n\nEach word of the table becomes one of its synonyms with probability `prob`, in its case and with *a* or *an* before it. A word is in \
        the table only if nearly all its uses are of one sense, and so are those of its synonym: no tagger has to guess what is meant, and the \
        question stays the same question. References stay as they are.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1; 0.5 without it.\n\n\
        ## Source and licence\n\nWordNet 3.0 (Princeton University, WordNet Release 3.0 licence), its marked senses: 1,040 words of which at least 65% of the \
        uses that people marked are one sense. Made by `parity/perturb/synonyms.py`.\n\n\
        ## Example\n\n`The attorney wrote an occasional letter.` may become `The lawyer wrote an occasional letter.`\n\n\
        ## Caveats\n\nThis is not HELM's `synonym`, which takes any synonym of a word's part of speech (*good* becomes *near*) and writes it uninflected; see `show \
        perturbation synonym`. Inflected words (*attorneys*) and words with a capital letter inside a sentence stay as they are.",
};

static SYNONYMS: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let rows = table::rows(include_str!("../tables/synonyms.tsv"));
    rows.map(|(word, synonyms)| (word, synonyms.split(',').collect())).collect()
});

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            Ok(Box::new(SynonymWordnet { prob: arguments.probability("prob", Some(0.5))? }))
        },
    }
}

struct SynonymWordnet {
    prob: f64,
}

impl Perturbation for SynonymWordnet {
    fn description(&self) -> PerturbationDescription {
        describe(CARD.name, CountsAs::Robustness, &[("prob", json!(self.prob))])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let words = words(text);
        let mut edits = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let Some(synonyms) = SYNONYMS.get(word.lower.as_str()) else { continue };
            // A capital letter after another word of the same sentence is a name's: `Forest Whitaker`, `the Basement Jaxx`.
            let is_name = is_capitalised(word.text)
                && word.text.chars().any(char::is_lowercase)
                && preceding(text, &words, at).is_some();
            if is_name || is_joined(text, word.start, word.end) || random.random() >= self.prob {
                continue;
            }
            let Some(synonym) = random.choice(synonyms) else { continue };
            edits.extend(article_edit(text, &words, at, synonym));
            let text = in_case_of(word.text, synonym);
            edits.push(Edit { range: word.start..word.end, text });
        }
        applied(text, &edits).0
    }
}

/// Whether a hyphen joins the word to another.
fn is_joined(text: &str, start: usize, end: usize) -> bool {
    text[..start].ends_with('-') || text[end..].starts_with('-')
}
