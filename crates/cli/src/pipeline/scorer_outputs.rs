//! What counts of all that an encoder gives: the classes, the layer or the vectors that a scorer's role needs.

use holometer_core::{Cancel, ScorerRole};
use holometer_engine::{BaselineSource, BertScoreSettings, Encoder, TextPair};
use holometer_metrics::neural::{Baseline, Reply, Task, opinion_classes};

use crate::failure::Failure;

/// Which of the model's outputs count.
pub(super) enum Use {
    /// Probabilities to add, and to take away.
    Classes {
        plus: usize,
        minus: Option<usize>,
    },
    Entailment {
        entailed: usize,
        contradicted: usize,
    },
    /// All classes, under the names that metrics know.
    Opinion(Vec<String>),
    Layer(BertScoreSettings),
    Vectors,
}

impl Use {
    /// Finds the classes or the layer that a role needs.
    ///
    /// # Errors
    /// The model has none of them.
    pub(super) fn of(
        role: ScorerRole,
        encoder: &Encoder,
        class: Option<&str>,
    ) -> Result<Self, Failure> {
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
                    "its classes: {named}; `FOLDER#CLASS` chooses one for toxicity, refusal, safety or stereotype"
                ))
            })
        };
        match role {
            ScorerRole::Toxicity => {
                let names = class.map_or_else(|| TOXIC.to_vec(), |class| vec![class]);
                Ok(Self::Classes { plus: needed(&names)?, minus: None })
            }
            ScorerRole::Refusal | ScorerRole::Safety => {
                let known: &[&str] = if role == ScorerRole::Refusal { &REFUSING } else { &UNSAFE };
                let names = class.map_or_else(|| known.to_vec(), |class| vec![class]);
                Ok(Self::Classes { plus: needed(&names)?, minus: None })
            }
            ScorerRole::Sentiment => Ok(Self::Classes {
                plus: needed(&["positive", "pos"])?,
                minus: Some(needed(&["negative", "neg"])?),
            }),
            ScorerRole::Regard | ScorerRole::Stereotype => opinion_classes(role, &labels, class)
                .map(Self::Opinion)
                .map_err(|(problem, hint)| {
                    Failure::usage(format!("the {} scorer {problem}", role.as_str())).hint(hint)
                }),
            ScorerRole::Entailment => Ok(Self::Entailment {
                entailed: needed(&["entailment", "supports", "entail"])?,
                contradicted: needed(&["contradiction", "refutes", "contradict"])?,
            }),
            ScorerRole::Matching => {
                encoder.bert_score_settings(class).map(Self::Layer).map_err(Failure::usage)
            }
            ScorerRole::Similarity => {
                encoder.check_sentences().map_err(Failure::usage)?;
                Ok(Self::Vectors)
            }
        }
    }

    /// What comes after the scorer's name: the class that counts, or the layer as in bert-score's own labels.
    pub(super) fn label(&self, class: Option<&str>) -> String {
        match (self, class) {
            (Self::Layer(BertScoreSettings { layer, baseline: Some(_) }), _) => {
                format!("_L{layer}")
            }
            (Self::Layer(BertScoreSettings { layer, baseline: None }), _) => {
                format!("_L{layer}-no-baseline")
            }
            (_, Some(class)) => format!("#{class}"),
            (_, None) => String::new(),
        }
    }

    /// What changes the numbers and stands neither in the model's files nor in the class.
    pub(super) fn details(&self) -> String {
        match self {
            Self::Layer(BertScoreSettings { layer, baseline }) => {
                let baseline = baseline.map(|one| serde_json::json!(recorded(one)));
                format!(":{layer}:{}", baseline.unwrap_or_default())
            }
            _ => String::new(),
        }
    }

    /// What is to be said of BERTScore by a model without a baseline.
    pub(super) fn without_baseline(&self) -> Option<String> {
        match self {
            Self::Layer(BertScoreSettings { layer, baseline: None }) => Some(format!(
                "no baseline is known for layer {layer}, so its BERTScore is not rescaled (`FOLDER#MODEL` names a model that bert-score knows; \
                 `rescale_baseline.tsv` beside the model gives a baseline)"
            )),
            _ => None,
        }
    }

    /// The scale, and what is measured.
    pub(super) fn describe(&self, encoder: &Encoder) -> (&'static str, String) {
        let labels = encoder.labels();
        let named = |class: usize| format!("`{}`", labels[class]);
        match self {
            Self::Classes { plus, minus: None } => {
                ("0 to 1", format!("The probability of the class {}.", named(*plus)))
            }
            Self::Classes { plus, minus: Some(minus) } => (
                "-1 to 1",
                format!("The probability of {} less that of {}.", named(*plus), named(*minus)),
            ),
            Self::Entailment { entailed, contradicted } => (
                "-1 to 1",
                format!(
                    "SummaC-ZS, with {} as entailment and {} as contradiction.",
                    named(*entailed),
                    named(*contradicted)
                ),
            ),
            Self::Opinion(names) => {
                ("0 to 1 for each class", format!("The probabilities of {}.", names.join(", ")))
            }
            Self::Layer(settings) => {
                let layer = settings.layer;
                let states = format!(
                    "BERTScore from the states after layer {layer} of {}.",
                    encoder.layers()
                );
                match settings.baseline {
                    None => (
                        "usually 0 to 1, not rescaled",
                        format!(
                            "{states} No baseline is known for it, so that its scores are not rescaled."
                        ),
                    ),
                    Some(baseline) => {
                        let [precision, recall, f1] = baseline.values;
                        let source = match baseline.source {
                            BaselineSource::Package(model) => {
                                format!("bert-score's of {model}, for English")
                            }
                            BaselineSource::File => "of the file beside the model".to_owned(),
                        };
                        (
                            "1 for equal texts, near 0 for unrelated ones",
                            format!(
                                "{states} Rescaled by the baseline {precision}, {recall}, {f1} ({source}) where the metric asks for it."
                            ),
                        )
                    }
                }
            }
            Self::Vectors => ("-1 to 1", "The cosine of two texts' mean states.".to_owned()),
        }
    }

    /// What the encoder says to a task.
    ///
    /// # Errors
    /// The role has no answer to it, or it was stopped.
    pub(super) fn reply(
        &self,
        encoder: &Encoder,
        role: ScorerRole,
        task: &Task,
        cancel: &Cancel,
    ) -> Result<Reply, String> {
        let single = |text| TextPair { first: text, second: None };
        let classify = |pairs: &[TextPair<'_>]| {
            let rows = encoder.classify(pairs, cancel).map_err(|error| error.to_string())?;
            if rows.len() == pairs.len() { Ok(rows) } else { Err("it was stopped".to_owned()) }
        };
        match (task, self) {
            (Task::Classify { text, .. }, Self::Classes { plus, minus }) => {
                let row = classify(&[single(text)])?.remove(0);
                Ok(Reply::Score(row[*plus] - minus.map_or(0.0, |minus| row[minus])))
            }
            (Task::Classify { text, .. }, Self::Opinion(names)) => {
                let row = classify(&[single(text)])?.remove(0);
                Ok(Reply::Classes(names.iter().cloned().zip(row).collect()))
            }
            (
                Task::Entailment { premises, hypotheses },
                Self::Entailment { entailed, contradicted },
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
            (Task::Match { candidate, references }, Self::Layer(settings)) => {
                let pairs: Vec<(&str, &str)> =
                    references.iter().map(|one| (candidate.as_str(), one.as_str())).collect();
                let scores = encoder.bert_score(&pairs, settings.layer, cancel);
                let scores = scores.map_err(|error| error.to_string())?;
                let each = scores.iter().map(|s| [s.precision, s.recall, s.f1]).collect();
                Ok(Reply::Matched { each, baseline: settings.baseline.map(recorded) })
            }
            (Task::Similarity { first, second }, Self::Vectors) => {
                let vectors = encoder.embed(&[first, second], cancel);
                let vectors = vectors.map_err(|error| error.to_string())?;
                let [one, two] = vectors.as_slice() else {
                    return Err("it was stopped".to_owned());
                };
                let cosine = one.iter().zip(two).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                Ok(Reply::Score(cosine))
            }
            _ => Err(format!("the {} scorer has no answer to this", role.as_str())),
        }
    }
}

/// A baseline as it is kept with the scores.
fn recorded(baseline: holometer_engine::Baseline) -> Baseline {
    let language = match baseline.source {
        BaselineSource::Package(_) => Some("en".to_owned()),
        BaselineSource::File => None,
    };
    Baseline { language, values: baseline.values }
}

/// What classifiers call texts that are toxic.
const TOXIC: [&str; 7] =
    ["toxicity", "toxic", "hate", "hateful", "offensive", "abusive", "LABEL_1"];

/// What classifiers call texts that decline to answer.
const REFUSING: [&str; 4] = ["rejection", "refusal", "refuse", "LABEL_1"];

/// What classifiers call texts that are unsafe.
const UNSAFE: [&str; 4] = ["unsafe", "harmful", "harm", "LABEL_1"];
