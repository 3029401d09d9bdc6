//! The scorer that a user chooses: one of the program's own by name, or a model as `ROLE=FOLDER` or `ROLE=FILE.toml`.

use holometer_core::{Cancel, Model as _, ScorerRole};
use holometer_metrics::neural::OF_ANSWERS;
use holometer_metrics::scorers::{Scorer, scorer};

use crate::failure::Failure;
use crate::pipeline::{Environment, ScorerModel};
use crate::progress::Talk;

/// A scorer of single texts.
pub(super) enum Chosen {
    Own(Scorer),
    Model(Box<ScorerModel>),
}

impl Chosen {
    /// Finds or opens it.
    pub(super) fn open(name: &str, talk: &Talk) -> Result<Self, Failure> {
        if !name.contains('=') {
            return scorer(name).map(Self::Own).map_err(|hint| {
                Failure::usage(format!("there is no scorer `{name}`")).hint(format!(
                    "{hint}; a model of yours is `ROLE=FOLDER`, a guard `ROLE=FILE.toml`"
                ))
            });
        }
        let model = ScorerModel::open(name, &Environment::plain()?, talk)?;
        if !OF_ANSWERS.contains(&model.role) {
            let message = format!("a {} scorer says nothing of single texts", model.role.as_str());
            let roles = OF_ANSWERS.map(|role| format!("`{}`", role.as_str())).join(", ");
            return Err(Failure::usage(message).hint(format!("roles that do: {roles}")));
        }
        Ok(Self::Model(Box::new(model)))
    }

    /// The scores of texts, in order; each error is why there is none.
    pub(super) fn score(&self, texts: &[&str]) -> Vec<Result<f64, String>> {
        match self {
            Self::Own(scorer) => texts.iter().map(|text| Ok(scorer.score(text))).collect(),
            Self::Model(model) => model.score_all(texts, &Cancel::new()),
        }
    }

    /// The score from which a text counts as positive.
    pub(super) fn threshold(&self) -> f64 {
        match self {
            Self::Own(scorer) => scorer.threshold(),
            Self::Model(model) if model.role == ScorerRole::Sentiment => 0.0,
            Self::Model(_) => 0.5,
        }
    }

    /// For titles.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Own(scorer) => scorer.card().name.to_owned(),
            Self::Model(model) => model.role.as_str().to_owned(),
        }
    }

    /// `name@hash`.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Own(scorer) => scorer.card().id(),
            Self::Model(model) => model.card().name.0.clone(),
        }
    }

    /// The range, and from where a text counts as positive.
    pub(super) fn scale(&self) -> String {
        match self {
            Self::Own(scorer) => scorer.card().scale.to_owned(),
            Self::Model(_) => format!("positive from {}", self.threshold()),
        }
    }
}
