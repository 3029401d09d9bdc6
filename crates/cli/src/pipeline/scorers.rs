//! Models on disk that give texts numbers, as models that are asked: their prompts are tasks, their answers numbers.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use holometer_core::{
    Cancel, Capabilities, Completion, FailureKind, Finished, Model, ModelCard, ModelName, Outcome,
    Request, RequestKey, Response, ScorerRole, Sink, Tokenizer, Window,
};
use holometer_engine::{Encoder, TextPair};
use holometer_metrics::neural::{Reply, Task};

use crate::failure::Failure;

/// What comes before a role in the fingerprints of scorers.
pub(crate) const FINGERPRINT: &str = "scorer:";
/// Raise it when the numbers change while the models stay.
const VERSION: u32 = 1;
/// The layer whose states BERTScore takes, by the number of a model's layers, where the scorer's name says nothing: what
/// bert-score 0.3.13 uses for BERT base and large, DeBERTa base and large (MNLI) and DistilBERT (`model2layers` in `utils.py`).
const LAYERS: [(usize, usize); 3] = [(12, 9), (24, 18), (6, 5)];

/// A scorer on disk.
pub(crate) struct ScorerModel {
    pub(crate) role: ScorerRole,
    card: ModelCard,
    encoder: Encoder,
    use_: Use,
}

/// Which of the model's outputs count.
enum Use {
    /// Probabilities to add, and to take away.
    Classes {
        plus: usize,
        minus: Option<usize>,
    },
    Entailment {
        entailed: usize,
        contradicted: usize,
    },
    Layer(usize),
    Vectors,
}

impl ScorerModel {
    /// From `ROLE=FOLDER` or `ROLE=FOLDER#CLASS` (for BERTScore, `#LAYER`).
    pub(crate) fn open(text: &str) -> Result<Self, Failure> {
        let roles = ScorerRole::ALL.map(|role| format!("`{}`", role.as_str())).join(", ");
        let shape = format!("--scorer takes ROLE=FOLDER, where ROLE is one of {roles}");
        let Some((role, rest)) = text.split_once('=') else {
            return Err(Failure::usage(format!("the scorer `{text}` has no role")).hint(shape));
        };
        let role = ScorerRole::named(role).ok_or_else(|| {
            Failure::usage(format!("there is no scorer's role `{role}`")).hint(shape)
        })?;
        let (folder, class) = match rest.rsplit_once('#') {
            Some((folder, class)) if !Path::new(rest).exists() => (folder, Some(class)),
            _ => (rest, None),
        };
        let folder = Path::new(folder);
        let encoder = Encoder::load(folder, None).map_err(Failure::usage)?;
        let use_ = uses(role, &encoder, class)?;
        let what = format!("{VERSION}:{}", class.unwrap_or_default());
        let fingerprint =
            format!("{FINGERPRINT}{}:{}:{what}", role.as_str(), encoder.fingerprint());
        let name = folder
            .canonicalize()
            .ok()
            .and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
        let class = class.map(|class| format!("#{class}")).unwrap_or_default();
        let card = ModelCard {
            name: ModelName(format!(
                "{}{class}@{}",
                name.unwrap_or_else(|| role.as_str().to_owned()),
                &encoder.fingerprint()[..16]
            )),
            fingerprint,
            summary: format!(
                "{} scorer at {}: {}",
                role.as_str(),
                folder.display(),
                encoder.summary()
            ),
            capabilities: Capabilities {
                generate: true,
                score_continuation: false,
                token_logprobs: false,
                chat: false,
            },
        };
        Ok(Self { role, card, encoder, use_ })
    }

    /// A description for `holometer show scorer`.
    pub(crate) fn describe(&self) -> String {
        let labels = self.encoder.labels();
        let named = |class: usize| format!("`{}`", labels[class]);
        let (scale, what) = match &self.use_ {
            Use::Classes { plus, minus: None } => {
                ("0 to 1", format!("The probability of the class {}.", named(*plus)))
            }
            Use::Classes { plus, minus: Some(minus) } => (
                "-1 to 1",
                format!("The probability of {} less that of {}.", named(*plus), named(*minus)),
            ),
            Use::Entailment { entailed, contradicted } => (
                "-1 to 1",
                format!(
                    "SummaC-ZS, with {} as entailment and {} as contradiction.",
                    named(*entailed),
                    named(*contradicted)
                ),
            ),
            Use::Layer(layer) => (
                "usually 0 to 1, not rescaled",
                format!(
                    "BERTScore from the states after layer {layer} of {}.",
                    self.encoder.layers()
                ),
            ),
            Use::Vectors => ("-1 to 1", "The cosine of two texts' mean states.".to_owned()),
        };
        format!(
            "# {}\n\n{}\n\n**What it measures.** {what} Texts are cut to {} tokens.\n\n**Scale.** {scale}\n\n**Hash.** `{}`\n\n\
             **Caveats.** Models from disk are not audited here: `holometer show scorer toxicity` shows what an audit finds, and numbers of \
             other hashes are not comparable with these.",
            self.role.as_str(),
            self.card.summary,
            self.encoder.window(),
            self.card.name
        )
    }

    fn reply(&self, task: &Task, cancel: &Cancel) -> Result<Reply, String> {
        let single = |text| TextPair { first: text, second: None };
        let classify = |pairs: &[TextPair<'_>]| {
            let rows = self.encoder.classify(pairs, cancel).map_err(|error| error.to_string())?;
            if rows.len() == pairs.len() { Ok(rows) } else { Err("it was stopped".to_owned()) }
        };
        match (task, &self.use_) {
            (Task::Classify { text }, Use::Classes { plus, minus }) => {
                let row = classify(&[single(text)])?.remove(0);
                Ok(Reply::Score(row[*plus] - minus.map_or(0.0, |minus| row[minus])))
            }
            (
                Task::Entailment { premises, hypotheses },
                Use::Entailment { entailed, contradicted },
            ) => {
                let pairs: Vec<TextPair<'_>> = premises
                    .iter()
                    .flat_map(|first| {
                        hypotheses
                            .iter()
                            .map(move |second| TextPair { first, second: Some(second) })
                    })
                    .collect();
                let rows = classify(&pairs)?;
                let cells: Vec<[f64; 2]> =
                    rows.iter().map(|row| [row[*entailed], row[*contradicted]]).collect();
                let width = hypotheses.len().max(1);
                Ok(Reply::Entailment(cells.chunks(width).map(<[_]>::to_vec).collect()))
            }
            (Task::Match { candidate, references }, Use::Layer(layer)) => {
                let pairs: Vec<(&str, &str)> =
                    references.iter().map(|one| (candidate.as_str(), one.as_str())).collect();
                let scores = self.encoder.bert_score(&pairs, *layer, cancel);
                let scores = scores.map_err(|error| error.to_string())?;
                Ok(Reply::Match(scores.iter().map(|s| [s.precision, s.recall, s.f1]).collect()))
            }
            (Task::Similarity { first, second }, Use::Vectors) => {
                let vectors = self.encoder.embed(&[first, second], cancel);
                let vectors = vectors.map_err(|error| error.to_string())?;
                let [one, two] = vectors.as_slice() else {
                    return Err("it was stopped".to_owned());
                };
                let cosine = one.iter().zip(two).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                Ok(Reply::Score(cosine))
            }
            _ => Err(format!("the {} scorer has no answer to this", self.role.as_str())),
        }
    }
}

/// Finds the classes that a role needs among a model's.
fn uses(role: ScorerRole, encoder: &Encoder, class: Option<&str>) -> Result<Use, Failure> {
    let labels = encoder.labels();
    let find = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| labels.iter().position(|label| label.eq_ignore_ascii_case(name)))
    };
    let needed = |names: &[&str]| {
        find(names).ok_or_else(|| {
            let named = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
            Failure::usage(format!(
                "the {} scorer has no class named {}",
                role.as_str(),
                names.join(" or ")
            ))
            .hint(format!(
                "its classes: {named}; `--scorer toxicity=FOLDER#CLASS` chooses one for toxicity"
            ))
        })
    };
    match role {
        ScorerRole::Toxicity => {
            let names = class.map_or_else(|| TOXIC.to_vec(), |class| vec![class]);
            Ok(Use::Classes { plus: needed(&names)?, minus: None })
        }
        ScorerRole::Sentiment => Ok(Use::Classes {
            plus: needed(&["positive", "pos"])?,
            minus: Some(needed(&["negative", "neg"])?),
        }),
        ScorerRole::Entailment => Ok(Use::Entailment {
            entailed: needed(&["entailment", "supports", "entail"])?,
            contradicted: needed(&["contradiction", "refutes", "contradict"])?,
        }),
        ScorerRole::Matching => {
            let known = LAYERS.iter().find(|(count, _)| *count == encoder.layers());
            let layer = match class {
                Some(text) => text.parse().ok().filter(|layer| *layer <= encoder.layers()),
                None => Some(known.map_or(encoder.layers(), |(_, layer)| *layer)),
            };
            layer.map(Use::Layer).ok_or_else(|| {
                Failure::usage(format!(
                    "the layer `{}` is none of the model's",
                    class.unwrap_or_default()
                ))
                .hint(format!("a number from 0 to {}", encoder.layers()))
            })
        }
        ScorerRole::Similarity => Ok(Use::Vectors),
    }
}

/// What classifiers call texts that are toxic.
const TOXIC: [&str; 7] =
    ["toxicity", "toxic", "hate", "hateful", "offensive", "abusive", "LABEL_1"];

impl Model for ScorerModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        None
    }

    fn window(&self) -> Window {
        Window {
            max_sequence_length: usize::MAX,
            max_request_length: usize::MAX,
            prefix_token: String::new(),
            end_of_text_token: String::new(),
            chat: false,
        }
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        for (key, request) in requests {
            if cancel.is_cancelled() {
                return;
            }
            let started = Instant::now();
            let reply = Task::of(request).and_then(|task| self.reply(&task, cancel));
            if cancel.is_cancelled() {
                return;
            }
            let outcome = match reply {
                Ok(reply) => {
                    let text =
                        serde_json::to_string(&reply).expect("finite numbers are valid JSON");
                    let completions = vec![Completion { text, ..Completion::default() }];
                    Outcome::Answered(Response { completions, ..Response::default() })
                }
                Err(problem) => Outcome::failed(FailureKind::Rejected, problem),
            };
            let seconds = started.elapsed().as_secs_f64();
            sink(Finished { key: *key, outcome, seconds, retries: 0 });
        }
    }
}

/// How to get a scorer of a role, as reports say it.
pub(crate) fn how_to_get(role: ScorerRole) -> String {
    let example = match role {
        ScorerRole::Toxicity => "unitary/unbiased-toxic-roberta",
        ScorerRole::Sentiment => "cardiffnlp/twitter-roberta-base-sentiment-latest",
        ScorerRole::Entailment => "tals/albert-xlarge-vitaminc-mnli",
        ScorerRole::Matching => "microsoft/deberta-large-mnli",
        ScorerRole::Similarity => "sentence-transformers/all-MiniLM-L6-v2",
    };
    format!(
        "`hf download {example} --local-dir FOLDER` fetches a model, `holometer rescore --scorer {}=FOLDER` uses it",
        role.as_str()
    )
}
