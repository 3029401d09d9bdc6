//! Text to tokens and back, as Hugging Face does it, from `tokenizer.json` or GGUF metadata.

mod gguf;
mod patterns;

use std::path::Path;

use holometer_core::{TokenId, Tokenizer};
use serde_json::Value;
use tokenizers::Tokenizer as Inner;

use crate::error::EngineError;
use crate::format::{FolderFiles, GgufFile};

/// A tokenizer with the special tokens of its model.
pub(crate) struct TextTokenizer {
    inner: Inner,
    /// Tokens that the model expects before every text.
    prefix: Vec<TokenId>,
    /// Tokens that the tokenizer puts after every text that is not continued.
    suffix: Vec<TokenId>,
    bos: Option<TokenId>,
    eos: Option<TokenId>,
    bos_text: String,
    eos_text: String,
}

impl Tokenizer for TextTokenizer {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        match self.inner.encode_fast(text, false) {
            Ok(encoding) => encoding.get_ids().to_vec(),
            Err(error) => {
                tracing::warn!(%error, "a text could not be tokenised");
                Vec::new()
            }
        }
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        self.inner.decode(tokens, false).unwrap_or_default()
    }
}

impl TextTokenizer {
    /// From a Hugging Face folder.
    pub(crate) fn from_folder(folder: &FolderFiles) -> Result<Self, EngineError> {
        let mut own = Self::from_file(&folder.path.join("tokenizer.json"))?;
        let config = folder.tokenizer.as_ref();
        let named = |name: &str| token_text(config?.get(name)?);
        let by_id = |name: &str| {
            let id = folder.generation.as_ref().and_then(|json| json.get(name));
            let id = id.or_else(|| folder.config.get(name))?;
            let id = id.as_u64().or_else(|| id.as_array()?.first()?.as_u64())?;
            own.inner.id_to_token(u32::try_from(id).ok()?)
        };
        let bos = named("bos_token").or_else(|| by_id("bos_token_id"));
        let eos = named("eos_token").or_else(|| by_id("eos_token_id"));
        own.set_special(bos, eos);
        let wants_bos = config.and_then(|json| json["add_bos_token"].as_bool());
        if let (Some(true), Some(bos), true) = (wants_bos, own.bos, own.prefix.is_empty()) {
            own.prefix = vec![bos];
        }
        Ok(own)
    }

    /// From GGUF metadata.
    pub(crate) fn from_gguf(file: &GgufFile) -> Result<Self, EngineError> {
        let built = gguf::build(file)?;
        let mut own = Self::new(built.inner);
        let text = |id: Option<u32>| id.and_then(|id| own.inner.id_to_token(id));
        let (bos, eos) = (text(built.bos), text(built.eos));
        own.set_special(bos, eos);
        if let (true, Some(bos)) = (built.add_bos, own.bos) {
            own.prefix = vec![bos];
        }
        if let (true, Some(eos)) = (built.add_eos, own.eos) {
            own.suffix = vec![eos];
        }
        Ok(own)
    }

    /// From a `tokenizer.json`, and `tokenizer_config.json` beside it, for a model that comes without its own.
    pub(crate) fn from_json_file(path: &Path) -> Result<Self, EngineError> {
        let mut own = Self::from_file(path)?;
        let config = path.with_file_name("tokenizer_config.json");
        if config.is_file() {
            let config = crate::format::read_json(&config)?;
            let named = |name: &str| token_text(config.get(name)?);
            own.set_special(named("bos_token"), named("eos_token"));
        }
        Ok(own)
    }

    fn from_file(path: &Path) -> Result<Self, EngineError> {
        if !path.is_file() {
            return Err(EngineError::Tokenizer {
                path: path.to_owned(),
                reason: "there is no such file".into(),
                hint: "make it once: python -c \"from transformers import AutoTokenizer as T; \
                       T.from_pretrained('FOLDER').save_pretrained('FOLDER')\""
                    .into(),
            });
        }
        let inner = Inner::from_file(path).map_err(|error| EngineError::Corrupt {
            path: path.to_owned(),
            reason: format!("not a tokenizer that can be read ({error})"),
        })?;
        Ok(Self::new(inner))
    }

    fn new(mut inner: Inner) -> Self {
        // A tokenizer file may carry settings of the training script that would cut or fill texts.
        inner.with_padding(None);
        inner.with_truncation(None).expect("removing truncation can't fail");
        let (prefix, suffix) = special_tokens(&inner);
        Self {
            inner,
            prefix,
            suffix,
            bos: None,
            eos: None,
            bos_text: String::new(),
            eos_text: String::new(),
        }
    }

    /// Takes over special tokens of another tokenizer of the same vocabulary where this one names none.
    pub(crate) fn adopt_special(&mut self, other: &Self) {
        let bos =
            self.bos.is_none().then(|| other.bos_text.clone()).filter(|text| !text.is_empty());
        let eos =
            self.eos.is_none().then(|| other.eos_text.clone()).filter(|text| !text.is_empty());
        let (bos, eos) = (
            bos.or_else(|| Some(self.bos_text.clone())),
            eos.or_else(|| Some(self.eos_text.clone())),
        );
        self.set_special(bos, eos);
    }

    fn set_special(&mut self, bos: Option<String>, eos: Option<String>) {
        self.bos_text = bos.unwrap_or_default();
        self.eos_text = eos.unwrap_or_default();
        self.bos = self.inner.token_to_id(&self.bos_text);
        self.eos = self.inner.token_to_id(&self.eos_text);
    }

    /// Tokens that the model expects before every text that is not a rendered conversation.
    pub(crate) fn prefix(&self) -> &[TokenId] {
        &self.prefix
    }

    /// Tokens that follow a whole text, for instance those whose state an embedding model was trained on.
    pub(crate) fn suffix(&self) -> &[TokenId] {
        &self.suffix
    }

    pub(crate) fn eos(&self) -> Option<TokenId> {
        self.eos
    }

    /// What an empty text is conditioned on: the token that begins texts or, lacking one, the one that ends them.
    pub(crate) fn empty_context(&self) -> Option<TokenId> {
        self.bos.or(self.eos)
    }

    pub(crate) fn bos_text(&self) -> &str {
        &self.bos_text
    }

    pub(crate) fn eos_text(&self) -> &str {
        &self.eos_text
    }

    /// The tokens of a text, and how many of them end within its first `border` bytes.
    pub(crate) fn encode_split(&self, text: &str, border: usize) -> (Vec<TokenId>, usize) {
        match self.inner.encode(text, false) {
            Ok(encoding) => {
                let before =
                    encoding.get_offsets().iter().take_while(|(_, end)| *end <= border).count();
                // With nothing before the border even a token of no width belongs to what follows.
                (encoding.get_ids().to_vec(), if border == 0 { 0 } else { before })
            }
            Err(error) => {
                tracing::warn!(%error, "a text could not be tokenised");
                (Vec::new(), 0)
            }
        }
    }
}

/// `"<s>"` or `{"content": "<s>", ...}`.
fn token_text(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["content"].as_str()).map(str::to_owned)
}

/// The tokens that the tokenizer's post-processor puts before and after a text.
fn special_tokens(inner: &Inner) -> (Vec<TokenId>, Vec<TokenId>) {
    let encode = |special| {
        inner
            .encode_fast("a", special)
            .map(|encoding| encoding.get_ids().to_vec())
            .unwrap_or_default()
    };
    let (with, without) = (encode(true), encode(false));
    if without.is_empty() {
        return Default::default();
    }
    let found = with.windows(without.len()).position(|window| window == without);
    found.map_or_else(Default::default, |at| {
        (with[..at].to_vec(), with[at + without.len()..].to_vec())
    })
}

#[cfg(test)]
mod tests;
