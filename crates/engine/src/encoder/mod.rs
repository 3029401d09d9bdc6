//! Encoders: models that read a text at once and give each token a state. Scorers are built of them: classifiers of texts and of
//! pairs of texts, sentence embeddings, BERTScore.
//!
//! One description, resolved from a Hugging Face folder's `config.json`, drives BERT, MiniLM, RoBERTa, XLM-RoBERTa, DistilBERT,
//! ALBERT, DeBERTa and DeBERTa-v2 and v3. As everywhere in this crate, what comes out for a text depends on that text alone.

mod config;
mod forward;
mod matching;
mod weights;

use std::path::{Path, PathBuf};

use holometer_core::Cancel;
use tokenizers::{Tokenizer, TruncationParams, TruncationStrategy};

use crate::error::EngineError;
use crate::fingerprint::fingerprint;
use crate::format::{Checkpoint, FolderFiles};
use crate::memory;

use config::EncoderConfig;
use forward::Tokens;
use matching::Matched;
use weights::{Loader, Weights};

pub use matching::BertScore;

/// Tokens that go through the layers together, at most.
const STEP_ROWS: usize = 1024;

/// An encoder on this machine.
pub struct Encoder {
    path: PathBuf,
    config: EncoderConfig,
    weights: Weights,
    checkpoint: Checkpoint,
    /// The name of the table of tokens, which is read where it lies.
    tokens: String,
    tokenizer: Tokenizer,
    /// The limit on the tokens of a text.
    window: usize,
    first_token_pooling: bool,
    fingerprint: String,
    summary: String,
    pool: rayon::ThreadPool,
}

/// What a text, or a pair of texts, is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPair<'a> {
    /// The text, or the first of two.
    pub first: &'a str,
    /// The second text.
    pub second: Option<&'a str>,
}

/// Tokens with what they are.
struct Encoded {
    tokens: Tokens,
    special: Vec<bool>,
}

impl Encoder {
    /// Loads a Hugging Face folder with `config.json`, `tokenizer.json` and safetensors.
    ///
    /// # Errors
    /// The folder is no encoder that is known here, or its files are missing or damaged.
    pub fn load(path: &Path, threads: Option<usize>) -> Result<Self, EngineError> {
        let file = path.join("config.json");
        if !file.is_file() {
            return Err(crate::format::not_a_model(
                path,
                "the folder has no `config.json`",
                "name a folder as the Hugging Face hub lays it out",
            ));
        }
        let folder = FolderFiles::open(path)?;
        let config = EncoderConfig::read(&file, &folder.config)?;
        let checkpoint = folder.checkpoint()?;
        let loader = Loader::new(&config, &checkpoint);
        let tokens = loader.tokens()?;
        let threads = threads.unwrap_or_else(memory::physical_cores).max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("encoder-{index}"))
            .build()
            .map_err(|error| EngineError::Threads { threads, reason: error.to_string() })?;
        let weights = pool.install(|| loader.load())?;
        let read = |name: &str| std::fs::read(path.join(name)).unwrap_or_default();
        let small = ["config.json", "tokenizer.json", SENTENCES, POOLING].map(read);
        let fingerprint = fingerprint(&small, &checkpoint.files);
        let own = |name: &str| crate::format::read_json(&path.join(name)).ok();
        let limit = own(SENTENCES).and_then(|json| json["max_seq_length"].as_u64());
        let window = limit.map_or(config.window, |limit| config.window.min(limit as usize)).max(4);
        let pooling = own(POOLING);
        let pooled_by = |name: &str| pooling.as_ref().is_some_and(|json| json[name] == true);
        let summary = format!(
            "{} of {} layers with {} states, window of {window} tokens",
            folder.config["model_type"].as_str().unwrap_or_default(),
            config.layers,
            config.hidden,
        );
        Ok(Self {
            tokenizer: tokenizer(path, window)?,
            path: path.to_owned(),
            first_token_pooling: pooled_by("pooling_mode_cls_token"),
            config,
            weights,
            checkpoint,
            tokens,
            window,
            fingerprint,
            summary,
            pool,
        })
    }

    /// What identifies the model: a hash over its files.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Its architecture and size in one line.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// How many layers it has.
    pub fn layers(&self) -> usize {
        self.config.layers
    }

    /// Tokens of the longest text, special ones included; longer texts are cut, of pairs the longer text first.
    pub fn window(&self) -> usize {
        self.window
    }

    /// The classes that it tells apart, in order; empty without a head for classes.
    pub fn labels(&self) -> Vec<String> {
        let Some(head) = &self.weights.head else { return Vec::new() };
        let count = head.last.panels.outputs;
        let named = self.config.labels.get(..count).map(<[String]>::to_vec);
        named.unwrap_or_else(|| (0..count).map(|class| format!("LABEL_{class}")).collect())
    }

    /// The probability of each class for each text, in the order of [`Encoder::labels`]: of all classes together 1, or each on its own
    /// where a text can have several. Stops soon after a cancellation; the texts not reached are missing at the end.
    ///
    /// # Errors
    /// The model has no head for classes, or a text can't be tokenised.
    pub fn classify(
        &self,
        texts: &[TextPair<'_>],
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f64>>, EngineError> {
        let logits = self.logits(texts, cancel)?;
        let each = self.config.multi_label || logits.first().is_some_and(|row| row.len() == 1);
        Ok(logits.iter().map(|row| if each { sigmoid(row) } else { softmax(row) }).collect())
    }

    /// What the probabilities are made of.
    ///
    /// # Errors
    /// As [`Encoder::classify`].
    pub fn logits(
        &self,
        texts: &[TextPair<'_>],
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let Some(head) = &self.weights.head else {
            return Err(crate::format::not_a_model(
                &self.path,
                "it has no head for classes",
                "choose a model for sequence classification",
            ));
        };
        let encoded = self.encode_all(texts)?;
        let ids: Vec<&Tokens> = encoded.iter().map(|text| &text.tokens).collect();
        let width = self.config.hidden;
        let first = |states: &[f32]| forward::logits(&self.config, head, &states[..width]);
        Ok(self.each(&ids, self.config.layers, cancel, &first))
    }

    /// Each text as a vector of length 1: the mean of its tokens' last states (or the first token's, where the model's
    /// `1_Pooling/config.json` says so). The product of two is their cosine.
    ///
    /// # Errors
    /// A text can't be tokenised.
    pub fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let pairs: Vec<TextPair<'_>> =
            texts.iter().map(|text| TextPair { first: text, second: None }).collect();
        let encoded = self.encode_all(&pairs)?;
        let ids: Vec<&Tokens> = encoded.iter().map(|text| &text.tokens).collect();
        let width = self.config.hidden;
        let pool = |states: &[f32]| {
            let count = if self.first_token_pooling { 1 } else { states.len() / width };
            let mut mean = vec![0.0_f32; width];
            for state in states.chunks_exact(width).take(count) {
                mean.iter_mut().zip(state).for_each(|(sum, value)| *sum += value);
            }
            for value in &mut mean {
                *value /= count.max(1) as f32;
            }
            matching::normalise(&mut mean, width);
            mean
        };
        Ok(self.each(&ids, self.config.layers, cancel, &pool))
    }

    /// BERTScore of candidates against references, from the states after `layer` layers.
    ///
    /// # Errors
    /// The model has fewer layers, or a text can't be tokenised.
    pub fn bert_score(
        &self,
        pairs: &[(&str, &str)],
        layer: usize,
        cancel: &Cancel,
    ) -> Result<Vec<BertScore>, EngineError> {
        if layer > self.config.layers {
            return Err(EngineError::Config {
                path: self.path.clone(),
                reason: format!("it has {} layers, fewer than {layer}", self.config.layers),
                hint: "choose one of its layers".into(),
            });
        }
        let both = pairs.iter().flat_map(|(candidate, reference)| [*candidate, *reference]);
        let texts: Vec<TextPair<'_>> =
            both.map(|text| TextPair { first: text.trim(), second: None }).collect();
        let encoded = self.encode_all(&texts)?;
        let ids: Vec<&Tokens> = encoded.iter().map(|text| &text.tokens).collect();
        let width = self.config.hidden;
        let unit = |states: &[f32]| {
            let mut states = states.to_vec();
            matching::normalise(&mut states, width);
            states
        };
        let states = self.each(&ids, layer, cancel, &unit);
        let matched: Vec<Matched> = states
            .into_iter()
            .zip(&encoded)
            .map(|(states, text)| {
                let weights = text.special.iter().map(|special| f64::from(u8::from(!special)));
                Matched { states, width, weights: weights.collect() }
            })
            .collect();
        Ok(matched.chunks_exact(2).map(|pair| matching::bert_score(&pair[0], &pair[1])).collect())
    }

    fn check(&self, text: &Tokens) -> Result<(), EngineError> {
        let unknown = text.ids.iter().find(|id| **id as usize >= self.config.vocabulary);
        let reason = match unknown {
            Some(id) => format!("its token {id} is not in the model's vocabulary"),
            None if text.ids.len() > self.config.window => "a text is too long".to_owned(),
            None => return Ok(()),
        };
        let hint = "tokenizer and checkpoint do not belong together; download both again".into();
        Err(EngineError::Tokenizer { path: self.path.clone(), reason, hint })
    }

    fn encode_all(&self, texts: &[TextPair<'_>]) -> Result<Vec<Encoded>, EngineError> {
        let failed = |reason: String| EngineError::Tokenizer {
            path: self.path.clone(),
            reason,
            hint: "check that the texts are plain text".into(),
        };
        let encode = |pair: &TextPair<'_>| {
            let encoding = match pair.second {
                Some(second) => self.tokenizer.encode((pair.first, second), true),
                None => self.tokenizer.encode(pair.first, true),
            };
            let encoding = encoding.map_err(|error| failed(error.to_string()))?;
            let tokens = Tokens {
                ids: encoding.get_ids().to_vec(),
                types: encoding.get_type_ids().to_vec(),
            };
            if tokens.ids.is_empty() {
                return Err(failed("a text has no tokens".into()));
            }
            self.check(&tokens)?;
            let special = encoding.get_special_tokens_mask().iter().map(|mask| *mask == 1);
            Ok(Encoded { tokens, special: special.collect() })
        };
        texts.iter().map(encode).collect()
    }

    /// What `made` makes of each text's states. Texts of like length go through together.
    fn each<T: Send>(
        &self,
        texts: &[&Tokens],
        layer: usize,
        cancel: &Cancel,
        made: &(dyn Fn(&[f32]) -> T + Sync),
    ) -> Vec<T> {
        let Some(table) = self.checkpoint.find(&self.tokens) else { return Vec::new() };
        let mut done = Vec::with_capacity(texts.len());
        let mut start = 0;
        while start < texts.len() && !cancel.is_cancelled() {
            let mut rows = 0;
            let mut end = start;
            while end < texts.len() && (end == start || rows + texts[end].ids.len() <= STEP_ROWS) {
                rows += texts[end].ids.len();
                end += 1;
            }
            let batch = &texts[start..end];
            self.pool.install(|| {
                let states = forward::states(&self.config, &self.weights, table, batch, layer);
                let mut at = 0;
                for text in batch {
                    let length = text.ids.len() * self.config.hidden;
                    done.push(made(&states[at..at + length]));
                    at += length;
                }
            });
            start = end;
        }
        done
    }
}

/// Files beside the model in which sentence-transformers keeps its settings.
const SENTENCES: &str = "sentence_bert_config.json";
const POOLING: &str = "1_Pooling/config.json";

fn tokenizer(path: &Path, window: usize) -> Result<Tokenizer, EngineError> {
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
    let truncation = TruncationParams {
        max_length: window,
        strategy: TruncationStrategy::LongestFirst,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation)).map_err(|error| failed(error.to_string()))?;
    Ok(tokenizer)
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|logit| f64::from(logit - most).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

fn sigmoid(logits: &[f32]) -> Vec<f64> {
    logits.iter().map(|logit| 1.0 / (1.0 + (-f64::from(*logit)).exp())).collect()
}

#[cfg(test)]
mod tests;
