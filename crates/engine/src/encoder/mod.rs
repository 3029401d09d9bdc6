//! Encoders: models that read a text at once and give each token a state. Scorers are built of them: classifiers of texts and of
//! pairs of texts, sentence embeddings, BERTScore.
//!
//! One description, resolved from a Hugging Face folder's `config.json`, drives BERT, MiniLM, RoBERTa, XLM-RoBERTa, DistilBERT,
//! ALBERT, DeBERTa and DeBERTa-v2 and v3. As everywhere in this crate, what comes out for a text depends on that text alone.

mod baselines;
mod config;
mod forward;
mod matching;
mod pooling;
mod texts;
mod weights;

use std::path::{Path, PathBuf};

use holometer_core::Cancel;

use crate::error::EngineError;
use crate::fingerprint::fingerprint;
use crate::format::{Checkpoint, FolderFiles};
use crate::memory;

use baselines::Known;
use config::EncoderConfig;
use forward::Tokens;
use matching::Matched;
use pooling::Sentences;
use texts::Texts;
use weights::{Loader, Weights};

pub use baselines::{Baseline, BaselineSource, BertScoreSettings};
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
    texts: Texts,
    /// The limit on the tokens of a text.
    window: usize,
    /// How it makes a vector of a text, or why that is not known.
    sentences: Result<Sentences, String>,
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
        let mut small =
            ["config.json", "tokenizer.json", SETTINGS, SENTENCES, POOLING].map(read).to_vec();
        let sentences = Sentences::read(path);
        small.extend(
            sentences
                .iter()
                .map(Sentences::identity)
                .filter(|text| !text.is_empty())
                .map(Into::into),
        );
        let fingerprint = fingerprint(&small, &checkpoint.files);
        let own = |name: &str| crate::format::read_json(&path.join(name)).ok();
        let settings = own(SETTINGS).unwrap_or_default();
        let of_sentences = own(SENTENCES).unwrap_or_default();
        // Without a limit `model_max_length` is a number that no integer holds.
        let limits = [&of_sentences["max_seq_length"], &settings["model_max_length"]];
        let limits = limits.iter().filter_map(|limit| usize::try_from(limit.as_u64()?).ok());
        let window = limits.fold(config.window, usize::min).max(4);
        let summary = format!(
            "{} of {} layers with {} states, window of {window} tokens",
            folder.config["model_type"].as_str().unwrap_or_default(),
            config.layers,
            config.hidden,
        );
        Ok(Self {
            texts: Texts::open(path, [window, config.window], &settings, &folder.config)?,
            path: path.to_owned(),
            sentences,
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

    /// Tokens of the longest text, special ones included; longer texts are cut. Of pairs of more than 500 tokens (or the window) the first
    /// text is cut, as SummaC does, and both only where the second alone is longer.
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
        let ids: Vec<&Tokens> = encoded.iter().collect();
        let width = self.config.hidden;
        let first = |states: &[f32]| forward::logits(&self.config, head, &states[..width]);
        Ok(self.each(&ids, self.config.layers, cancel, &first))
    }

    /// Whether it makes vectors of texts as sentence-transformers does.
    ///
    /// # Errors
    /// The files beside the model ask for something that is not known here.
    pub fn check_sentences(&self) -> Result<(), EngineError> {
        self.sentences().map(|_| ())
    }

    fn sentences(&self) -> Result<&Sentences, EngineError> {
        let hint = "choose a model whose vectors are pooled states";
        self.sentences
            .as_ref()
            .map_err(|reason| crate::format::not_a_model(&self.path, reason, hint))
    }

    /// Each text as a vector of length 1: the mean of its tokens' last states, or what the files of sentence-transformers beside the
    /// model say. The product of two is their cosine.
    ///
    /// # Errors
    /// A text can't be tokenised; or as [`Encoder::check_sentences`].
    pub fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let sentences = self.sentences()?;
        let texts: Vec<String> = texts.iter().map(|text| sentences.text(text)).collect();
        let pairs: Vec<TextPair<'_>> =
            texts.iter().map(|text| TextPair { first: text, second: None }).collect();
        let encoded = self.encode_all(&pairs)?;
        let ids: Vec<&Tokens> = encoded.iter().collect();
        let width = self.config.hidden;
        let pool = |states: &[f32]| {
            let mut vector = sentences.pool(states, width);
            let length = vector.len();
            matching::normalise(&mut vector, length);
            vector
        };
        Ok(self.each(&ids, self.config.layers, cancel, &pool))
    }

    /// How BERTScore is computed here, as bert-score does: the layer, and what the scores are rescaled by.
    ///
    /// `chosen` is a layer's number, or the name of a model of bert-score's list; without it the folder's name tells the model. The
    /// baseline of `rescale_baseline.tsv` in the folder counts before the list's.
    ///
    /// # Errors
    /// The model has no such layer, there is no such model in the list or this can't be it, or the file of baselines is damaged.
    pub fn bert_score_settings(
        &self,
        chosen: Option<&str>,
    ) -> Result<BertScoreSettings, EngineError> {
        let layers = self.config.layers;
        let failed = |reason: String, hint: &str| EngineError::Config {
            path: self.path.clone(),
            reason,
            hint: hint.into(),
        };
        let number = chosen.and_then(|chosen| chosen.parse::<usize>().ok());
        let named = match chosen.filter(|_| number.is_none()) {
            Some(name) => Some(Known::named(name).ok_or_else(|| {
                failed(
                    format!("`{name}` is no layer, and no model that bert-score knows"),
                    "write a layer's number, or a name like `microsoft/deberta-large-mnli`",
                )
            })?),
            None => None,
        };
        if let Some(known) = named.filter(|known| !known.fits(layers)) {
            return Err(failed(
                format!("it has {layers} layers, so it can't be `{}`", known.name),
                "name the model that it is, or write a layer's number",
            ));
        }
        let full = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let known = named.or_else(|| Known::of_folder(&full).filter(|known| known.fits(layers)));
        let usual = || known.map_or_else(|| baselines::usual_layer(layers), |known| known.layer);
        let layer = number.unwrap_or_else(usual);
        self.check_layer(layer)?;
        let beside = baselines::beside(&self.path, layer)?;
        let baseline = beside.or_else(|| known?.baseline(layer));
        Ok(BertScoreSettings { layer, baseline })
    }

    /// BERTScore of candidates against references, from the states after `layer` layers, not rescaled. Words are weighed alike, and
    /// the tokens that begin and end a text weigh nothing.
    ///
    /// # Errors
    /// The model has fewer layers, or a text can't be tokenised.
    pub fn bert_score(
        &self,
        pairs: &[(&str, &str)],
        layer: usize,
        cancel: &Cancel,
    ) -> Result<Vec<BertScore>, EngineError> {
        self.check_layer(layer)?;
        let both = pairs.iter().flat_map(|(candidate, reference)| [*candidate, *reference]);
        let texts: Vec<String> = both.map(|text| self.texts.spaced(text)).collect();
        let texts: Vec<TextPair<'_>> =
            texts.iter().map(|text| TextPair { first: text, second: None }).collect();
        let encoded = self.encode_all(&texts)?;
        let ids: Vec<&Tokens> = encoded.iter().collect();
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
                let weigh = |id: &u32| f64::from(u8::from(!self.texts.ends.contains(id)));
                let weights = text.ids.iter().map(weigh).collect();
                Matched { states, width, weights, empty: text.ids == self.texts.ends }
            })
            .collect();
        Ok(matched.chunks_exact(2).map(|pair| matching::bert_score(&pair[0], &pair[1])).collect())
    }

    fn check_layer(&self, layer: usize) -> Result<(), EngineError> {
        if layer <= self.config.layers {
            return Ok(());
        }
        Err(EngineError::Config {
            path: self.path.clone(),
            reason: format!("it has {} layers, fewer than {layer}", self.config.layers),
            hint: "choose one of its layers".into(),
        })
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

    fn encode_all(&self, texts: &[TextPair<'_>]) -> Result<Vec<Tokens>, EngineError> {
        let encode = |pair: &TextPair<'_>| {
            let tokens = self.texts.encode(pair).map_err(|reason| EngineError::Tokenizer {
                path: self.path.clone(),
                reason,
                hint: "check that the texts are plain text".into(),
            })?;
            self.check(&tokens)?;
            Ok(tokens)
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

/// The file beside `tokenizer.json` that says how the tokenizer is used.
const SETTINGS: &str = "tokenizer_config.json";

/// Files beside the model in which sentence-transformers keeps its settings.
const SENTENCES: &str = "sentence_bert_config.json";
const POOLING: &str = "1_Pooling/config.json";

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
mod package_tests;
#[cfg(test)]
mod tests;
