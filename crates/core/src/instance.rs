//! Instances: one question with its references.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{InstanceId, PerturbationName};

/// The tag of a reference that is a right answer.
pub const CORRECT_TAG: &str = "correct";

/// Which part of a scenario an instance belongs to. Few-shot examples come from `Train`; `Valid` and `Test`
/// are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Few-shot examples.
    Train,
    /// Evaluated.
    Valid,
    /// Evaluated.
    Test,
}

impl Split {
    /// The name in HELM's files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }

    /// Whether instances of this split are evaluated.
    pub fn is_eval(self) -> bool {
        self != Self::Train
    }

    /// Reads HELM's name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "train" => Some(Self::Train),
            "valid" => Some(Self::Valid),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

/// What the model is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The text that the adapter places into the prompt.
    pub text: String,
    /// A conversation that is sent as it is, instead of a prompt made from `text`; empty for most scenarios.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<crate::request::ChatMessage>,
}

impl Input {
    /// An input of plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), messages: Vec::new() }
    }
}

/// A possible answer's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The text.
    pub text: String,
}

/// A possible answer, right or wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The answer.
    pub output: Output,
    /// Tags; [`CORRECT_TAG`] marks a right answer, others are the scenario's own.
    pub tags: Vec<String>,
}

impl Reference {
    /// A reference with the given tags.
    pub fn new(text: impl Into<String>, tags: &[&str]) -> Self {
        Self {
            output: Output { text: text.into() },
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    /// A right answer.
    pub fn correct(text: impl Into<String>) -> Self {
        Self::new(text, &[CORRECT_TAG])
    }

    /// A wrong answer, or one whose tags are the scenario's own.
    pub fn wrong(text: impl Into<String>) -> Self {
        Self::new(text, &[])
    }

    /// Whether this is a right answer.
    pub fn is_correct(&self) -> bool {
        self.tags.iter().any(|tag| tag == CORRECT_TAG)
    }
}

/// What a perturbation did to an instance. Serialises to HELM's `perturbation` object: the name, the fields
/// that all perturbations share, then the perturbation's own parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerturbationDescription {
    /// The perturbation's name.
    pub name: PerturbationName,
    /// Whether it counts towards the pooled `robustness` statistics.
    pub robustness: bool,
    /// Whether it counts towards the pooled `fairness` statistics.
    pub fairness: bool,
    /// `perturbed`, `original` or `worst`.
    pub computed_on: String,
    /// Which repetition, where several seeds per instance are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The perturbation's parameters under HELM's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// One question of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The id; empty until [`number_instances`] has run.
    #[serde(default)]
    pub id: InstanceId,
    /// What is asked.
    pub input: Input,
    /// Possible answers, in the order in which multiple choice shows them.
    pub references: Vec<Reference>,
    /// The split.
    pub split: Split,
    /// HELM's sub-split, for instance `toxic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_split: Option<String>,
    /// What was done to it, if it is a perturbed copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<PerturbationDescription>,
    /// The unperturbed input of a perturbed copy (and, for contrast sets, the scenario's own contrast inputs).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrast_inputs: Vec<Input>,
    /// References that belong to `contrast_inputs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrast_references: Vec<Vec<Reference>>,
    /// The unit that varies independently: instances made from one template share a cluster, and intervals
    /// resample clusters. `None`: the instance is its own cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Who the instance is about, as `axis=group` (for instance `religion=sikh`), where the data says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whatever else the scenario's metrics need (a test program, a target group), under the scenario's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl Instance {
    /// An instance of plain text, without an id.
    pub fn new(input: impl Into<String>, references: Vec<Reference>, split: Split) -> Self {
        Self {
            id: InstanceId::default(),
            input: Input::text(input),
            references,
            split,
            sub_split: None,
            perturbation: None,
            contrast_inputs: Vec::new(),
            contrast_references: Vec::new(),
            cluster: None,
            groups: Vec::new(),
            extra: BTreeMap::new(),
        }
    }

    /// The first right answer.
    pub fn first_correct_reference(&self) -> Option<&Reference> {
        self.references.iter().find(|reference| reference.is_correct())
    }

    /// All right answers, in order.
    pub fn correct_references(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(|reference| reference.is_correct())
    }

    /// The cluster to resample in intervals: the declared one, else the instance's id.
    pub fn cluster_key(&self) -> &str {
        self.cluster.as_deref().unwrap_or(self.id.as_str())
    }
}

/// Numbers instances `id0`, `id1`, ... in order, as HELM does before it samples. Ids that a scenario has set
/// itself are kept.
pub fn number_instances(instances: &mut [Instance]) {
    for (index, instance) in instances.iter_mut().enumerate() {
        if instance.id.0.is_empty() {
            instance.id = InstanceId(format!("id{index}"));
        }
    }
}
