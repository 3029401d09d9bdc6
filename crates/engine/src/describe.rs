//! What can be known of a model without its weights: tokenizer, window, chat template, configuration.

use std::path::Path;
use std::sync::Arc;

use holometer_core::{TokenId, Tokenizer, Window};
use serde_json::Value;

use crate::chat::ChatTemplate;
use crate::config::ModelConfig;
use crate::error::EngineError;
use crate::format::{GgufValue, Source};
use crate::options::{ChatUse, LoadOptions};
use crate::tokenizer::TextTokenizer;

/// Lengths above this in `tokenizer_config.json` mean that none was set.
const NO_LENGTH: f64 = 1e6;

/// A model's tokenizer and window.
#[derive(Clone)]
pub struct TokenizerAndWindow {
    /// Turns text into tokens.
    pub tokenizer: Arc<dyn Tokenizer>,
    /// How much text fits, and the special texts.
    pub window: Window,
}

/// Reads a model's tokenizer and window and leaves its weights alone: all that planning needs.
///
/// # Errors
/// The path is no model, or a file is damaged or has a configuration that is not understood.
pub fn load_tokenizer_and_window(
    path: &Path,
    options: &LoadOptions,
) -> Result<TokenizerAndWindow, EngineError> {
    let description = Description::read(path, options)?;
    Ok(TokenizerAndWindow { tokenizer: description.tokenizer, window: description.window })
}

/// Reads a tokenizer alone, from its `tokenizer.json` or the folder that holds it.
///
/// # Errors
/// There is no such file, or it is damaged or of a kind that is not understood.
pub fn load_tokenizer(path: &Path) -> Result<Arc<dyn Tokenizer>, EngineError> {
    let file = if path.is_dir() { path.join("tokenizer.json") } else { path.to_path_buf() };
    Ok(Arc::new(TextTokenizer::from_json_file(&file)?))
}

/// Everything but the weights.
pub(crate) struct Description {
    pub(crate) source: Source,
    pub(crate) config: ModelConfig,
    pub(crate) tokenizer: Arc<TextTokenizer>,
    pub(crate) chat: Option<ChatTemplate>,
    pub(crate) window: Window,
    /// Tokens that end an answer.
    pub(crate) end_tokens: Vec<TokenId>,
}

impl Description {
    pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<Self, EngineError> {
        let source = Source::open(path)?;
        let (config, own, template, end_ids) = match &source {
            Source::Gguf(file) => (
                ModelConfig::from_gguf(file)?,
                replaced(options, || TextTokenizer::from_gguf(file))?,
                file.text("tokenizer.chat_template").map(str::to_owned),
                ["eos", "eot", "eom"]
                    .iter()
                    .filter_map(|name| {
                        file.metadata.get(&format!("tokenizer.ggml.{name}_token_id"))
                    })
                    .filter_map(GgufValue::as_usize)
                    .collect(),
            ),
            Source::Folder(folder) => (
                ModelConfig::from_json(&folder.path.join("config.json"), &folder.config)?,
                replaced(options, || TextTokenizer::from_folder(folder))?,
                folder.chat_template.clone(),
                end_ids(&folder.config, folder.generation.as_ref()),
            ),
        };
        let mut end_tokens: Vec<TokenId> =
            end_ids.iter().filter_map(|id| u32::try_from(*id).ok()).collect();
        end_tokens.extend(own.eos());
        end_tokens.sort_unstable();
        end_tokens.dedup();
        let chat = match (options.chat, template) {
            (ChatUse::IfPresent, Some(template)) => {
                Some(ChatTemplate::new(&template, own.bos_text(), own.eos_text())?)
            }
            _ => None,
        };
        let length = window_length(&source, &config, options);
        let window = Window {
            max_sequence_length: length,
            max_request_length: length,
            prefix_token: own.bos_text().to_owned(),
            end_of_text_token: own.eos_text().to_owned(),
            chat: chat.is_some(),
        };
        Ok(Self { source, config, tokenizer: Arc::new(own), chat, window, end_tokens })
    }
}

/// The tokenizer that the options name, with the model's special tokens where it names none; or the model's own.
fn replaced(
    options: &LoadOptions,
    own: impl FnOnce() -> Result<TextTokenizer, EngineError>,
) -> Result<TextTokenizer, EngineError> {
    let Some(path) = &options.tokenizer else { return own() };
    let mut given = TextTokenizer::from_json_file(path)?;
    if let Ok(own) = own() {
        given.adopt_special(&own);
    }
    Ok(given)
}

/// The smallest of the model's positions, the tokenizer's length and the user's wish.
fn window_length(source: &Source, config: &ModelConfig, options: &LoadOptions) -> usize {
    let tokenizer = match source {
        Source::Gguf(_) => None,
        Source::Folder(folder) => folder.tokenizer.as_ref(),
    };
    let stated = tokenizer
        .and_then(|json| json["model_max_length"].as_f64())
        .filter(|length| (1.0..=NO_LENGTH).contains(length))
        .map(|length| length as usize);
    let lengths = [stated, options.max_context.filter(|length| *length > 0)];
    lengths.into_iter().flatten().fold(config.max_positions, usize::min)
}

/// `eos_token_id`, a number or a list, of the generation settings or else of the model's.
fn end_ids(config: &Value, generation: Option<&Value>) -> Vec<usize> {
    let stated = generation
        .and_then(|json| json.get("eos_token_id"))
        .filter(|value| !value.is_null())
        .or_else(|| config.get("eos_token_id"));
    let numbers: Vec<&Value> = match stated {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    numbers.into_iter().filter_map(Value::as_u64).map(|id| id as usize).collect()
}
