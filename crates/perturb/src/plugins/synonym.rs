//! Synonyms, as HELM has them.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::case::match_case;
use crate::spacy::Tagger;
use crate::wordnet::{Part, WordNet};
use crate::{
    Arguments, CountsAs, PerturbError, Perturbation, PerturbationCard, Plugin, Resource, Resources,
    describe,
};

const CARD: PerturbationCard = PerturbationCard {
    name: "synonym",
    summary: "words become any synonyms of their part of speech, as in HELM",
    docs: "## What it does\n\nEach noun, verb, adjective and adverb that WordNet has synonyms for becomes one of them with probability `prob`, in its case. All \
        synonyms of the part of speech count, of whatever sense, uninflected. References stay as they are.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1.\n\n\
        ## Source and licence\n\nHELM's `SynonymPerturbation`. Parts of speech are those of spaCy's `en_core_web_sm` 3.8.0 (Explosion, MIT licence), base forms \
        and synonyms those of WordNet 3.0 (Princeton University, WordNet Release 3.0 licence) in NLTK's order. Neither is part of the program: both are \
        downloaded once, 12.8 and 10.8 MB, pinned by their hashes, or read from a data folder: \
        `perturbations/synonym/en_core_web_sm-3.8.0-py3-none-any.whl` and `perturbations/synonym/corpora/wordnet.zip`, or folders \
        `perturbations/synonym/en_core_web_sm-3.8.0` and `perturbations/synonym/corpora/wordnet` with their files.\n\n\
        ## Example\n\nHELM's own: `This was a good movie, would watch again.` becomes `This was a near motion-picture show, would check once more.`\n\n\
        ## Caveats\n\nHELM's faults, kept for parity: senses are mixed (*good* becomes *near*), synonyms are not inflected. HELM takes whatever version of the model is installed; other versions give \
        other tags. It reads synonyms from a file of its own that was made from WordNet in 2022, and base forms through NLTK, which before 3.9 went on \
        cutting endings until it found a word. `synonym_wordnet` keeps to one sense.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, resources| Ok(Box::new(Synonym::new(arguments, resources)?)),
    }
}

struct Synonym {
    prob: f64,
    tagger: Tagger,
    wordnet: WordNet,
}

impl Synonym {
    fn new(arguments: &Arguments<'_>, resources: Resources<'_>) -> Result<Self, PerturbError> {
        let prob = arguments.probability("prob", None)?;
        let model = |path: &str| resources(&Resource::SpacyModel(path.to_owned()));
        let wordnet = |name: &str| {
            let bytes = resources(&Resource::WordNet(name.to_owned()))?;
            String::from_utf8(bytes).map_err(|_| format!("WordNet's `{name}` is not UTF-8"))
        };
        let unreadable = |message| arguments.unreadable(message);
        Ok(Self {
            prob,
            tagger: Tagger::read(&model).map_err(unreadable)?,
            wordnet: WordNet::read(&wordnet).map_err(unreadable)?,
        })
    }
}

impl Perturbation for Synonym {
    fn description(&self) -> PerturbationDescription {
        describe(CARD.name, CountsAs::Robustness, &[("prob", json!(self.prob))])
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let mut perturbed = String::with_capacity(text.len());
        for token in self.tagger.tag(text) {
            let synonyms = part(token.part_of_speech)
                .map(|part| self.wordnet.synonyms(&token.text.to_lowercase(), part))
                .unwrap_or_default();
            if !synonyms.is_empty()
                && random.uniform(0.0, 1.0) < self.prob
                && let Some(synonym) = random.choice(&synonyms)
            {
                perturbed.push_str(&match_case(&token.text, synonym));
            } else {
                perturbed.push_str(&token.text);
            }
            if token.is_spaced {
                perturbed.push(' ');
            }
        }
        perturbed
    }
}

/// WordNet's name of a universal part of speech.
fn part(universal: &str) -> Option<Part> {
    match universal {
        "ADJ" => Some(Part::Adjective),
        "ADV" => Some(Part::Adverb),
        "NOUN" => Some(Part::Noun),
        "VERB" => Some(Part::Verb),
        _ => None,
    }
}
