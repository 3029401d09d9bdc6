//! From texts to an encoder's tokens: how they are cut, and what bert-score does to them first.

use std::path::Path;

use serde_json::Value;
use tokenizers::{Tokenizer, TruncationParams, TruncationStrategy};

use super::TextPair;
use super::forward::Tokens;
use crate::error::EngineError;

/// Tokens of a pair of texts at most: SummaC's `max_input_length`.
const PAIR_WINDOW: usize = 500;

/// A tokenizer with its limits.
pub(super) struct Texts {
    single: Tokenizer,
    /// For pairs, of which only the first text is cut.
    pairs: Tokenizer,
    /// The tokens that are put around a text, which are all that an empty one has.
    pub(super) ends: Vec<u32>,
    leading_space: bool,
}

impl Texts {
    /// Reads `tokenizer.json`. `window` is the most tokens of a text, and how many positions the model has, which alone limit pairs as SummaC
    /// cuts them; `settings` is what `tokenizer_config.json` holds.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub(super) fn open(
        path: &Path,
        [window, positions]: [usize; 2],
        settings: &Value,
        config: &Value,
    ) -> Result<Self, EngineError> {
        let tokenizer = read(path)?;
        let cut = |length, strategy| truncating(path, &tokenizer, length, strategy);
        let single = cut(window, TruncationStrategy::LongestFirst)?;
        let pairs = cut(positions.min(PAIR_WINDOW), TruncationStrategy::OnlyFirst)?;
        let empty = single.encode("", true).map(|empty| empty.get_ids().to_vec());
        let leading_space = has_leading_space(settings, config);
        Ok(Self { single, pairs, ends: empty.unwrap_or_default(), leading_space })
    }

    /// The tokens of a text or a pair. The error is why there are none.
    pub(super) fn encode(&self, pair: &TextPair<'_>) -> Result<Tokens, String> {
        let encoding = match pair.second {
            Some(second) => {
                let both = (pair.first, second);
                // An error means that the second text alone is too long.
                self.pairs.encode(both, true).or_else(|_| self.single.encode(both, true))
            }
            None => self.single.encode(pair.first, true),
        };
        let encoding = encoding.map_err(|error| error.to_string())?;
        if encoding.get_ids().is_empty() {
            return Err("a text has no tokens".to_owned());
        }
        let (ids, types) = (encoding.get_ids().to_vec(), encoding.get_type_ids().to_vec());
        Ok(Tokens { ids, types })
    }

    /// A text as bert-score hands it to the tokenizer: stripped as Python does, with RoBERTa's leading space.
    pub(super) fn spaced(&self, text: &str) -> String {
        let blank = |sign: char| sign.is_whitespace() || ('\x1c'..='\x1f').contains(&sign);
        let text = text.trim_matches(blank);
        let space = if self.leading_space && !text.is_empty() { " " } else { "" };
        format!("{space}{text}")
    }
}

/// Whether bert-score would have the tokenizer add a space: it does so for the classes of RoBERTa and GPT-2.
fn has_leading_space(settings: &Value, config: &Value) -> bool {
    match settings["tokenizer_class"].as_str() {
        Some(class) => {
            ["RobertaTokenizer", "GPT2Tokenizer"].contains(&class.trim_end_matches("Fast"))
        }
        None => config["model_type"] == "roberta",
    }
}

fn read(path: &Path) -> Result<Tokenizer, EngineError> {
    let file = path.join("tokenizer.json");
    let failed = |reason: String| EngineError::Tokenizer {
        path: file.clone(),
        reason,
        hint: "make it once: python -c \"from transformers import AutoTokenizer as T; \
               T.from_pretrained('FOLDER').save_pretrained('FOLDER')\""
            .into(),
    };
    if !file.is_file() {
        return Err(failed("there is no such file".into()));
    }
    let mut tokenizer = Tokenizer::from_file(&file).map_err(|error| failed(error.to_string()))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

fn truncating(
    path: &Path,
    tokenizer: &Tokenizer,
    max_length: usize,
    strategy: TruncationStrategy,
) -> Result<Tokenizer, EngineError> {
    let mut tokenizer = tokenizer.clone();
    let truncation = TruncationParams { max_length, strategy, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(|error| EngineError::Tokenizer {
        path: path.to_owned(),
        reason: error.to_string(),
        hint: "the model reads fewer tokens than the tokenizer puts around a text".into(),
    })?;
    Ok(tokenizer)
}
