//! Perturbations: the same question, written differently.
//!
//! Each perturbation is one file in `plugins/`. Those with HELM's names give HELM's texts, byte for byte, from the same
//! random streams; what HELM does wrong there is in each plug-in's caveats. Word lists that are too large or not ours to
//! ship are [`Resource`]s, which the caller finds.
//!
//! This crate reads no files and asks no model.

mod augment;
mod case;
mod counterfactual;
mod needs;
mod plugins;
mod spacy;
mod table;
mod wordnet;

use std::collections::BTreeMap;

use holometer_core::{
    Input, Instance, PerturbationDescription, PerturbationName, PerturbationSpec,
};
use holometer_pyrand::PyRandom;
use serde_json::Value;

pub use augment::{Augmented, augment};
pub use counterfactual::EDITS;
pub use needs::needs;

/// A word list or a model's file that is not part of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Words of Standard American English with their African-American Vernacular English forms, a JSON object of lists
    /// (Ziems et al. 2022, VALUE).
    DialectMapping,
    /// First and last names with their groups, `name,first_name,race,white_american,gender,male` a line (Caliskan et al.
    /// 2017; Garg et al. 2018).
    PersonNames,
    /// A file of spaCy's English model `en_core_web_sm` 3.8.0, by its path inside the model (`tok2vec/model`).
    SpacyModel(String),
    /// A file of WordNet 3.0's database, by its name (`index.noun`).
    WordNet(String),
    /// A file that the user names.
    File(String),
}

/// Finds word lists. Returns the file's content, or one sentence with a hint why it can't be had.
pub type Resources<'a> = &'a dyn Fn(&Resource) -> Result<Vec<u8>, String>;

/// Why a perturbation can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerturbError {
    /// No plug-in has this name.
    #[error(
        "unknown perturbation `{name}`; hint: `holometer list perturbations` lists them{nearest}"
    )]
    Unknown {
        /// The name.
        name: String,
        /// The nearest known name as a clause, or empty.
        nearest: String,
    },
    /// HELM has this perturbation and this program has not.
    #[error("HELM's perturbation `{name}` is not part of this version: {reason}")]
    NotHere {
        /// The name.
        name: String,
        /// Why, with a hint.
        reason: &'static str,
    },
    /// An argument is missing or of the wrong kind.
    #[error("perturbation `{name}`: {message}")]
    Argument {
        /// The perturbation.
        name: String,
        /// What is wrong, with a hint.
        message: String,
    },
    /// A word list can't be had.
    #[error("perturbation `{name}`: {message}")]
    Resource {
        /// The perturbation.
        name: String,
        /// Why, with a hint.
        message: String,
    },
}

/// What a perturbation says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerturbationCard {
    /// Its name in specifications.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The whole card as Markdown.
    pub docs: &'static str,
}

/// A way of writing a text differently.
pub(crate) trait Perturbation: Send + Sync {
    /// What is recorded with each perturbed instance.
    fn description(&self) -> PerturbationDescription;

    /// Rewrites a text. Draws from `random` exactly what HELM draws.
    fn perturb(&self, text: &str, random: &mut PyRandom) -> String;

    /// Whether the references are rewritten too, before the input.
    fn perturbs_references(&self) -> bool {
        false
    }

    /// Rewrites an instance. It keeps its id, and the original input becomes a contrast input.
    fn apply(&self, instance: &Instance, seed: Option<u64>) -> Instance {
        let mut random = random_for(instance, seed);
        let mut perturbed = instance.clone();
        if self.perturbs_references() {
            for reference in &mut perturbed.references {
                reference.output.text = self.perturb(&reference.output.text, &mut random);
            }
        }
        perturbed.input = Input::text(self.perturb(&instance.input.text, &mut random));
        perturbed.perturbation = Some(PerturbationDescription { seed, ..self.description() });
        perturbed.contrast_inputs = vec![instance.input.clone()];
        perturbed
    }
}

/// The random stream of one instance: CPython's, seeded with the id, or with the seed's digits and the id for further copies.
pub(crate) fn random_for(instance: &Instance, seed: Option<u64>) -> PyRandom {
    let text = match seed {
        None => instance.id.0.clone(),
        Some(seed) => format!("{seed}{}", instance.id),
    };
    PyRandom::from_str(&text)
}

/// Makes a perturbation from its arguments.
pub(crate) type Build =
    fn(&Arguments<'_>, Resources<'_>) -> Result<Box<dyn Perturbation>, PerturbError>;

/// A plug-in: how to make the perturbation, and its card.
#[derive(Clone, Copy)]
pub(crate) struct Plugin {
    pub(crate) card: PerturbationCard,
    pub(crate) build: Build,
}

/// Every perturbation's card, sorted by name.
pub fn cards() -> Vec<PerturbationCard> {
    let mut cards: Vec<PerturbationCard> =
        plugins::all().into_iter().map(|plugin| plugin.card).collect();
    cards.sort_by_key(|card| card.name);
    cards
}

/// HELM's perturbations that are not here, each with the reason and what there is instead.
pub fn absent() -> &'static [(&'static str, &'static str)] {
    &NOT_HERE
}

const CHINESE: &str =
    "it needs CLEVA's word lists and a Chinese word segmenter; hint: run the scenario without it";

/// What HELM has and this program has not.
const NOT_HERE: [(&str, &str); 6] = [
    ("translate", "it needs Google's translation service; hint: run the scenario without it"),
    ("cleva_mild_mix", CHINESE),
    ("chinese_gender", CHINESE),
    ("chinese_person_name", CHINESE),
    ("simplified_to_traditional", CHINESE),
    ("mandarin_to_cantonese", CHINESE),
];

/// Makes a perturbation.
pub(crate) fn build(
    spec: &PerturbationSpec,
    resources: Resources<'_>,
) -> Result<Box<dyn Perturbation>, PerturbError> {
    let known = plugins::all();
    let Some(plugin) = known.iter().find(|plugin| plugin.card.name == spec.name) else {
        if let Some((_, reason)) = NOT_HERE.iter().find(|(name, _)| *name == spec.name) {
            return Err(PerturbError::NotHere { name: spec.name.clone(), reason });
        }
        let nearest = known
            .iter()
            .map(|plugin| (plugin.card.name, strsim::jaro_winkler(plugin.card.name, &spec.name)))
            .filter(|(_, similarity)| *similarity > 0.8)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(name, _)| format!(", did you mean `{name}`?"))
            .unwrap_or_default();
        return Err(PerturbError::Unknown { name: spec.name.clone(), nearest });
    };
    (plugin.build)(&Arguments { name: plugin.card.name, values: &spec.args }, resources)
}

/// Applies a perturbation to a text as it would be applied to an instance's input with this id.
///
/// # Errors
/// When the perturbation is unknown, its arguments are wrong, or its word list can't be had.
pub fn perturb_text(
    spec: &PerturbationSpec,
    text: &str,
    instance_id: &str,
    resources: Resources<'_>,
) -> Result<String, PerturbError> {
    Ok(perturb_alone(spec, text, instance_id, resources)?.input.text)
}

/// As [`perturb_text`], with what is recorded of the perturbation.
///
/// # Errors
/// As [`perturb_text`].
pub fn perturb_alone(
    spec: &PerturbationSpec,
    text: &str,
    instance_id: &str,
    resources: Resources<'_>,
) -> Result<Instance, PerturbError> {
    let mut instance = Instance::new(text, Vec::new(), holometer_core::Split::Test);
    instance.id = instance_id.into();
    Ok(build(spec, resources)?.apply(&instance, None))
}

/// Rewrites many texts by themselves, each as it would be for an instance `id0`, `id1` and so on. The perturbation, whose word lists
/// may be large, is made once.
///
/// # Errors
/// As [`perturb_text`].
pub fn perturb_each(
    spec: &PerturbationSpec,
    texts: &[String],
    resources: Resources<'_>,
) -> Result<Vec<Instance>, PerturbError> {
    let perturbation = build(spec, resources)?;
    let rewritten = texts.iter().enumerate().map(|(at, text)| {
        let mut instance = Instance::new(text.as_str(), Vec::new(), holometer_core::Split::Test);
        instance.id = format!("id{at}").as_str().into();
        perturbation.apply(&instance, None)
    });
    Ok(rewritten.collect())
}

/// A perturbation's arguments, read with clear errors.
pub(crate) struct Arguments<'a> {
    pub(crate) name: &'static str,
    values: &'a Value,
}

impl Arguments<'_> {
    /// A probability in [0, 1].
    pub(crate) fn probability(&self, key: &str, default: Option<f64>) -> Result<f64, PerturbError> {
        let value = match self.values.get(key) {
            None | Some(Value::Null) => default,
            Some(value) => value.as_f64(),
        };
        match value {
            Some(value) if (0.0..=1.0).contains(&value) => Ok(value),
            _ => Err(self.wrong(key, "a number from 0 to 1")),
        }
    }

    /// A whole number of at least 1.
    pub(crate) fn count(&self, key: &str) -> Result<u64, PerturbError> {
        let value = self.values.get(key).and_then(Value::as_u64);
        value
            .filter(|value| *value > 0)
            .ok_or_else(|| self.wrong(key, "a whole number of at least 1"))
    }

    /// A text; `None` if absent.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(Value::as_str)
    }

    /// A text that must be there.
    pub(crate) fn needed_text(&self, key: &str) -> Result<&str, PerturbError> {
        self.text(key).ok_or_else(|| self.wrong(key, "a text"))
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool, PerturbError> {
        match self.values.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// A table of texts, in its own order.
    pub(crate) fn classes(&self, key: &str) -> Result<Vec<(String, String)>, PerturbError> {
        let wrong = || self.wrong(key, "a table such as {\"race\": \"white_american\"}");
        let table = self.values.get(key).and_then(Value::as_object).ok_or_else(wrong)?;
        table
            .iter()
            .map(|(key, value)| {
                Ok((key.to_lowercase(), value.as_str().ok_or_else(wrong)?.to_lowercase()))
            })
            .collect()
    }

    /// A list of texts; `None` if absent or something else.
    pub(crate) fn list(&self, key: &str) -> Option<Vec<String>> {
        serde_json::from_value(self.values.get(key)?.clone()).ok()
    }

    /// An error about an argument.
    pub(crate) fn wrong(&self, key: &str, wanted: &str) -> PerturbError {
        let message = match self.values.get(key) {
            None | Some(Value::Null) => format!("`{key}` is missing; hint: it is {wanted}"),
            Some(value) => format!("`{key}` can't be `{value}`; hint: it is {wanted}"),
        };
        PerturbError::Argument { name: self.name.to_owned(), message }
    }

    /// Gets a word list's text.
    pub(crate) fn resource(
        &self,
        resource: &Resource,
        resources: Resources<'_>,
    ) -> Result<String, PerturbError> {
        let content = resources(resource).map_err(|message| self.unreadable(message))?;
        String::from_utf8(content).map_err(|_| {
            self.unreadable("its word list is not UTF-8; hint: save it as UTF-8 text".to_owned())
        })
    }

    /// An error about a word list or a model.
    pub(crate) fn unreadable(&self, message: String) -> PerturbError {
        PerturbError::Resource { name: self.name.to_owned(), message }
    }
}

/// Whether a perturbation counts towards the pooled robustness or fairness statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountsAs {
    Robustness,
    Fairness,
    Neither,
}

/// A description with HELM's fields.
pub(crate) fn describe(
    name: &str,
    counts_as: CountsAs,
    parameters: &[(&str, Value)],
) -> PerturbationDescription {
    PerturbationDescription {
        name: PerturbationName::from(name),
        robustness: counts_as == CountsAs::Robustness,
        fairness: counts_as == CountsAs::Fairness,
        computed_on: "perturbed".to_owned(),
        seed: None,
        parameters: parameters
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
    }
}
