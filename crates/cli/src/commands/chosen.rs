//! The scorer that a user chooses: one of the program's own by name, or a model as `ROLE=FOLDER` or `ROLE=FILE.toml`.

use holometer_core::{Cancel, Model as _, ScorerRole};
use holometer_metrics::neural::{OF_ANSWERS, Task};
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
        let chosen = Self::open_model(name, talk)?;
        let Self::Model(model) = &chosen else { return Ok(chosen) };
        if !OF_ANSWERS.contains(&model.role) {
            let message = format!("a {} scorer says nothing of single texts", model.role.as_str());
            let roles = OF_ANSWERS.map(|role| format!("`{}`", role.as_str())).join(", ");
            return Err(Failure::usage(message).hint(format!("roles that do: {roles}")));
        }
        Ok(chosen)
    }

    /// The same, or what compares two texts.
    pub(super) fn open_any(name: &str, talk: &Talk) -> Result<Self, Failure> {
        if name.split_once('=').is_some_and(|(role, _)| role == ScorerRole::Similarity.as_str()) {
            return Self::open_model(name, talk);
        }
        Self::open(name, talk)
    }

    fn open_model(name: &str, talk: &Talk) -> Result<Self, Failure> {
        let model = ScorerModel::open(name, &Environment::plain()?, talk)?;
        Ok(Self::Model(Box::new(model)))
    }

    /// What one line of text gets: two texts with a tab between them where two are compared.
    pub(super) fn score_line(&self, line: &str) -> Result<f64, String> {
        let Self::Model(model) = self else { return self.score(&[line]).remove(0) };
        if model.role != ScorerRole::Similarity {
            return self.score(&[line]).remove(0);
        }
        let (first, second) =
            line.split_once('\t').ok_or("a line needs two texts with a tab between them")?;
        let task = Task::Similarity { first: first.to_owned(), second: second.to_owned() };
        model.score_all(&[task], &Cancel::new()).remove(0)
    }

    /// The scores of texts, in order; each error is why there is none.
    pub(super) fn score(&self, texts: &[&str]) -> Vec<Result<f64, String>> {
        match self {
            Self::Own(scorer) => texts.iter().map(|text| Ok(scorer.score(text))).collect(),
            Self::Model(model) => {
                let task =
                    |text: &&str| Task::Classify { text: (*text).to_owned(), question: None };
                let tasks: Vec<Task> = texts.iter().map(task).collect();
                model.score_all(&tasks, &Cancel::new())
            }
        }
    }

    /// The score from which a text counts as positive.
    pub(super) fn threshold(&self) -> f64 {
        match self {
            Self::Own(scorer) => scorer.threshold(),
            Self::Model(model)
                if [ScorerRole::Sentiment, ScorerRole::Regard].contains(&model.role) =>
            {
                0.0
            }
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
