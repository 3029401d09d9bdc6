//! Why a cell of the plan will not run. Nothing is dropped without one of these.

use holometer_core::RunName;
use serde::Serialize;

use crate::nearest::{did_you_mean, either};
use crate::position::Position;

/// Why a cell will not run. Its text is one line; a mistake ends with a hint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "skip")]
pub enum Skip {
    /// It is less important than what was asked for.
    #[error("its priority is {priority}, and `--priority` is {max}")]
    Priority {
        /// The entry's.
        priority: u32,
        /// The selection's.
        max: u32,
    },
    /// It is in none of the groups asked for.
    #[error("it is in {}, and `--groups` asks for {}", listed(.has, "no group"), either(.wanted))]
    Group {
        /// The run's groups.
        has: Vec<String>,
        /// The selection's.
        wanted: Vec<String>,
    },
    /// It is of none of the scenarios asked for.
    #[error("its scenario is `{scenario}`, and {} asked for", wanted_scenarios(.wanted))]
    Scenario {
        /// The entry's.
        scenario: String,
        /// The selection's.
        wanted: Vec<String>,
    },
    /// It names a model that was not asked for.
    #[error("it names the model `{model}`, which is not among those given with `-m`")]
    ModelFilter {
        /// The entry's model.
        model: String,
    },
    /// There is no model to run it with.
    #[error("{}; hint: name one, as in `-m path:./my-model` or `-m openai:gpt-4.1-mini`", no_model(.group.as_deref()))]
    NoModel {
        /// The group of models that it names.
        group: Option<String>,
    },
    /// No such scenario.
    #[error(
        "{position}: unknown scenario `{name}`; hint: {}",
        did_you_mean(.nearest, "`holometer list scenarios` lists them")
    )]
    UnknownScenario {
        /// Where it is named.
        position: Position,
        /// The name.
        name: String,
        /// The nearest names.
        nearest: Vec<String>,
    },
    /// A scenario of HELM's that is not built in.
    #[error("`{name}` is a scenario of HELM's that is not built in: {reason}")]
    NotBuilt {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Something that will not be built.
    #[error("{reason}")]
    OutOfScope {
        /// Why, in a sentence.
        reason: String,
    },
    /// An argument that the scenario or the expander doesn't take.
    #[error("{position}: `{key}` {problem}")]
    BadArgument {
        /// Where it is written.
        position: Position,
        /// Its key.
        key: String,
        /// What is wrong.
        problem: Box<ArgumentProblem>,
    },
    /// Arguments that don't go together.
    #[error("{position}: {reason}")]
    BadCombination {
        /// Where the entry is written.
        position: Position,
        /// Why, with a hint, in the scenario's words.
        reason: String,
    },
    /// The same run is already in the plan.
    #[error("it is the same run as `{run}` of {position}")]
    Duplicate {
        /// The run's name.
        run: RunName,
        /// Where the first one is written.
        position: Position,
    },
    /// Another run has its name.
    #[error(
        "`{run}` is already the name of another run, of {position}; hint: run the two in different suites"
    )]
    NameTaken {
        /// The name.
        run: RunName,
        /// Where the first one is written.
        position: Position,
    },
}

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "problem")]
pub enum ArgumentProblem {
    /// Neither the scenario nor an expander has this name.
    #[error("is not an argument of `{scenario}`; hint: {}", did_you_mean(.nearest, .takes))]
    Unknown {
        /// The scenario.
        scenario: String,
        /// The nearest names.
        nearest: Vec<String>,
        /// What the scenario takes, in words.
        takes: String,
    },
    /// A value that it doesn't take.
    #[error("doesn't take `{value}`; hint: {}", value_hint(.nearest, .takes))]
    Value {
        /// The value.
        value: String,
        /// The nearest values.
        nearest: Vec<String>,
        /// What it takes, in words.
        takes: String,
    },
    /// It must be given.
    #[error("is missing; hint: it takes {takes}")]
    Missing {
        /// What it takes, in words.
        takes: String,
    },
    /// `*` where there is no list of values.
    #[error("has no list of values that `*` could stand for; hint: it takes {takes}")]
    NoList {
        /// What it takes, in words.
        takes: String,
    },
    /// An expander that doesn't go with the run.
    #[error("can't be applied: {reason}; hint: remove it from this entry")]
    Unsuitable {
        /// Why.
        reason: String,
    },
}

/// What a skip means for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipKind {
    /// As asked for: a filter left it out, or it is there already.
    Filtered,
    /// It can't be run here, through no fault of the entry.
    Unavailable,
    /// The entry or the selection has to be changed.
    Mistake,
}

impl Skip {
    /// What it means for the user.
    pub fn kind(&self) -> SkipKind {
        match self {
            Self::Priority { .. }
            | Self::Group { .. }
            | Self::Scenario { .. }
            | Self::ModelFilter { .. }
            | Self::Duplicate { .. } => SkipKind::Filtered,
            Self::NotBuilt { .. } | Self::OutOfScope { .. } => SkipKind::Unavailable,
            Self::NoModel { .. }
            | Self::UnknownScenario { .. }
            | Self::BadArgument { .. }
            | Self::BadCombination { .. }
            | Self::NameTaken { .. } => SkipKind::Mistake,
        }
    }
}

fn listed(names: &[String], otherwise: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { otherwise.to_owned() } else { quoted.join(", ") }
}

fn wanted_scenarios(wanted: &[String]) -> String {
    format!("{} {}", listed(wanted, "nothing"), if wanted.len() == 1 { "is" } else { "are" })
}

fn no_model(group: Option<&str>) -> String {
    match group {
        Some(group) => {
            format!("`model={group}` stands for the models given with `-m`, and none is given")
        }
        None => "no model is given".to_owned(),
    }
}

fn value_hint(nearest: &[String], takes: &str) -> String {
    did_you_mean(nearest, &format!("it takes {takes}"))
}
