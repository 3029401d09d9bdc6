//! How an instance becomes a request: the prompt template, the few-shot examples and the decoding.
//!
//! HELM keeps these in one record of 32 fields; here they are three parts. [`AdapterSpec::to_helm`] writes
//! HELM's flat form.

use serde::{Deserialize, Serialize};

use crate::instance::Split;

/// How answers are asked for. Names and meanings are HELM's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The model writes an answer.
    Generation,
    /// The text itself is scored.
    LanguageModeling,
    /// All choices are shown with letters; the model writes a letter.
    MultipleChoiceJoint,
    /// As joint, with reasoning before the letter.
    MultipleChoiceJointChainOfThought,
    /// Every choice is scored as a continuation of the question.
    MultipleChoiceSeparateOriginal,
    /// As separate, divided by the choice's probability without the question.
    MultipleChoiceSeparateCalibrated,
    /// Each candidate passage is judged yes or no; the answers rank them.
    RankingBinary,
    /// The scenario's own messages are sent as they are.
    Chat,
}

impl Method {
    /// Every method, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Generation,
        Self::LanguageModeling,
        Self::MultipleChoiceJoint,
        Self::MultipleChoiceJointChainOfThought,
        Self::MultipleChoiceSeparateOriginal,
        Self::MultipleChoiceSeparateCalibrated,
        Self::RankingBinary,
        Self::Chat,
    ];

    /// HELM's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generation => "generation",
            Self::LanguageModeling => "language_modeling",
            Self::MultipleChoiceJoint => "multiple_choice_joint",
            Self::MultipleChoiceJointChainOfThought => "multiple_choice_joint_chain_of_thought",
            Self::MultipleChoiceSeparateOriginal => "multiple_choice_separate_original",
            Self::MultipleChoiceSeparateCalibrated => "multiple_choice_separate_calibrated",
            Self::RankingBinary => "ranking_binary",
            Self::Chat => "chat",
        }
    }

    /// Reads HELM's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether the model's log-probabilities of given text are needed.
    pub fn needs_logprobs(self) -> bool {
        matches!(
            self,
            Self::LanguageModeling
                | Self::MultipleChoiceSeparateOriginal
                | Self::MultipleChoiceSeparateCalibrated
        )
    }
}

/// A literal replacement made in the finished prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substitution {
    /// The text to replace, everywhere.
    pub source: String,
    /// What replaces it.
    pub target: String,
}

/// The pieces a prompt is made of. Field names are HELM's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromptTemplate {
    /// Before everything.
    pub global_prefix: String,
    /// After everything.
    pub global_suffix: String,
    /// The instructions.
    pub instructions: String,
    /// Before each input.
    pub input_prefix: String,
    /// After each input.
    pub input_suffix: String,
    /// Before each choice; its first letter or digit counts up with the choice.
    pub reference_prefix: String,
    /// The labels of the choices, one per choice, where they don't count up from `reference_prefix`.
    pub reference_prefix_characters: Option<Vec<String>>,
    /// After each choice.
    pub reference_suffix: String,
    /// Before the reasoning.
    pub chain_of_thought_prefix: String,
    /// After the reasoning.
    pub chain_of_thought_suffix: String,
    /// Before each output.
    pub output_prefix: String,
    /// After each output.
    pub output_suffix: String,
    /// Before each example.
    pub instance_prefix: String,
    /// Replacements made in the finished prompt.
    pub substitutions: Vec<Substitution>,
}

impl Default for PromptTemplate {
    /// HELM's defaults.
    fn default() -> Self {
        Self {
            global_prefix: String::new(),
            global_suffix: String::new(),
            instructions: String::new(),
            input_prefix: "Input: ".into(),
            input_suffix: "\n".into(),
            reference_prefix: "A. ".into(),
            reference_prefix_characters: None,
            reference_suffix: "\n".into(),
            chain_of_thought_prefix: String::new(),
            chain_of_thought_suffix: "\n".into(),
            output_prefix: "Output: ".into(),
            output_suffix: "\n".into(),
            instance_prefix: "\n".into(),
            substitutions: Vec::new(),
        }
    }
}

/// Which examples precede the question, and how many instances are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FewShot {
    /// At most this many examples.
    pub max_train_instances: usize,
    /// Sample the examples (true) or take them in order.
    pub sample_train: bool,
    /// How many draws of examples; each is a trial.
    pub num_train_trials: usize,
    /// How often each request is repeated with another sampling seed.
    pub num_trials: usize,
    /// At most this many evaluated instances; `None`: all.
    pub max_eval_instances: Option<usize>,
    /// Evaluate these splits only; `None`: valid and test.
    pub eval_splits: Option<Vec<Split>>,
    /// Show every right answer of an example, separated by commas.
    pub multi_label: bool,
}

impl Default for FewShot {
    fn default() -> Self {
        Self {
            max_train_instances: 5,
            sample_train: true,
            num_train_trials: 1,
            num_trials: 1,
            max_eval_instances: None,
            eval_splits: None,
            multi_label: false,
        }
    }
}

/// How the model is asked to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decoding {
    /// At most this many new tokens.
    pub max_tokens: usize,
    /// 0 is greedy.
    pub temperature: f64,
    /// Nucleus sampling: the probability mass to sample from, in (0, 1].
    pub top_p: f64,
    /// How many of the likeliest tokens to sample from, at least 1; `None`: all of them. What is left is cut by `top_p` then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Writing ends before the first of these texts.
    pub stop_sequences: Vec<String>,
    /// How many completions.
    pub num_completions: usize,
    /// How many alternatives per token to report.
    pub top_k_per_token: usize,
    /// In -2..=2; above 0, tokens that have occurred become less likely.
    pub presence_penalty: f64,
    /// In -2..=2; above 0, tokens become less likely with each occurrence.
    pub frequency_penalty: f64,
    /// A text that distinguishes repetitions of the same request; seeds the sampling.
    pub random: Option<String>,
}

impl Default for Decoding {
    fn default() -> Self {
        Self {
            max_tokens: 100,
            temperature: 0.0,
            top_p: 1.0,
            top_k: None,
            stop_sequences: Vec::new(),
            num_completions: 1,
            top_k_per_token: 1,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            random: None,
        }
    }
}

/// How instances become requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterSpec {
    /// How answers are asked for.
    pub method: Method,
    /// The prompt's pieces.
    #[serde(default)]
    pub template: PromptTemplate,
    /// Examples, trials and sample size.
    #[serde(default)]
    pub few_shot: FewShot,
    /// Decoding. `num_completions` and `top_k_per_token` are set by the method from `num_outputs`.
    #[serde(default)]
    pub decoding: Decoding,
    /// HELM's `num_outputs`: completions to ask for, or alternatives per token in joint multiple choice.
    pub num_outputs: usize,
    /// A regular expression whose first group is the answer within a completion, with the answer it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_mapping_pattern: Option<String>,
}

impl AdapterSpec {
    /// HELM's defaults for a method.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            template: PromptTemplate::default(),
            few_shot: FewShot::default(),
            decoding: Decoding { temperature: 1.0, ..Decoding::default() },
            num_outputs: 5,
            output_mapping_pattern: None,
        }
    }

    /// HELM's flat form, as in `run_spec.json`; `None` fields are left out, as HELM does.
    pub fn to_helm(&self, model: &str, deployment: &str) -> serde_json::Value {
        let template = &self.template;
        let few_shot = &self.few_shot;
        let mut flat = serde_json::json!({
            "method": self.method.as_str(),
            "global_prefix": template.global_prefix,
            "global_suffix": template.global_suffix,
            "instructions": template.instructions,
            "input_prefix": template.input_prefix,
            "input_suffix": template.input_suffix,
            "reference_prefix": template.reference_prefix,
            "reference_suffix": template.reference_suffix,
            "chain_of_thought_prefix": template.chain_of_thought_prefix,
            "chain_of_thought_suffix": template.chain_of_thought_suffix,
            "output_prefix": template.output_prefix,
            "output_suffix": template.output_suffix,
            "instance_prefix": template.instance_prefix,
            "substitutions": template.substitutions,
            "max_train_instances": few_shot.max_train_instances,
            "max_eval_instances": few_shot.max_eval_instances,
            "num_outputs": self.num_outputs,
            "num_train_trials": few_shot.num_train_trials,
            "num_trials": few_shot.num_trials,
            "sample_train": few_shot.sample_train,
            "model_deployment": deployment,
            "model": model,
            "temperature": self.decoding.temperature,
            "max_tokens": self.decoding.max_tokens,
            "stop_sequences": self.decoding.stop_sequences,
            "multi_label": few_shot.multi_label,
        });
        let object = flat.as_object_mut().expect("the literal above is an object");
        let optional = [
            (
                "reference_prefix_characters",
                serde_json::json!(template.reference_prefix_characters),
            ),
            ("random", serde_json::json!(self.decoding.random)),
            ("eval_splits", serde_json::json!(few_shot.eval_splits)),
            ("output_mapping_pattern", serde_json::json!(self.output_mapping_pattern)),
        ];
        for (name, value) in optional {
            object.insert(name.into(), value);
        }
        object.retain(|_, value| !value.is_null());
        flat
    }
}
