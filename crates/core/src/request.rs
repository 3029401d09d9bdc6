//! Requests: what is asked of a model.

use serde::{Deserialize, Serialize};

use crate::adapter::Decoding;
use crate::instance::Instance;

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions from the operator.
    System,
    /// The person.
    User,
    /// The model; as the last message, the beginning of its answer.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// What the model continues.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Plain text. A chat model receives it as one user message.
    Text(String),
    /// A conversation.
    Chat(Vec<ChatMessage>),
}

/// What is asked of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Request {
    /// Write on.
    Generate {
        /// What comes before.
        prompt: Prompt,
        /// How to write.
        decoding: Decoding,
    },
    /// Report the log-probability of each token of `continuation` after `context`. The text that is tokenised
    /// is the two joined; a token that spans the border belongs to the continuation.
    ScoreContinuation {
        /// Given text; may be empty.
        context: String,
        /// The text to score.
        continuation: String,
    },
}

impl Request {
    /// The whole text of a request: the prompt, or context and continuation joined. `None` for conversations.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Generate { prompt: Prompt::Text(text), .. } => Some(text.clone()),
            Self::Generate { prompt: Prompt::Chat(_), .. } => None,
            Self::ScoreContinuation { context, continuation } => {
                Some(format!("{context}{continuation}"))
            }
        }
    }
}

/// Which of the two requests of calibrated multiple choice this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestMode {
    /// With the question.
    Original,
    /// Without it.
    Calibration,
}

impl RequestMode {
    /// HELM's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Calibration => "calibration",
        }
    }
}

/// One request together with what it was made from. One instance may have several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestState {
    /// The instance (with its perturbation, if any).
    pub instance: std::sync::Arc<Instance>,
    /// Which reference is scored, in separate multiple choice and ranking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_index: Option<usize>,
    /// Which of the two requests of calibrated multiple choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_mode: Option<RequestMode>,
    /// Which draw of few-shot examples.
    pub train_trial_index: usize,
    /// In joint multiple choice, what each letter stands for, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_mapping: Option<Vec<(String, String)>>,
    /// What is asked.
    pub request: Request,
    /// How many examples the prompt holds after fitting it into the window.
    pub num_train_instances: usize,
    /// Whether the prompt itself was cut.
    pub prompt_truncated: bool,
    /// In language modelling, how many leading tokens are context and not scored.
    pub num_conditioning_tokens: usize,
}

/// Identifies a request within one call of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub u64);
