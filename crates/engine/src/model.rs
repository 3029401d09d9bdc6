//! A local model that answers requests.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use holometer_core::{
    Cancel, Capabilities, ChatMessage, Decoding, FailureKind, Finished, Model, ModelCard,
    ModelName, Outcome, Prompt, Request, RequestKey, Role, Sink, TokenId, Tokenizer, Window,
};
use sha2::{Digest, Sha256};

use crate::chat::ChatTemplate;
use crate::config::ModelConfig;
use crate::decoder::{Decoder, Keep, KvCache, Workspace};
use crate::describe::Description;
use crate::error::EngineError;
use crate::fingerprint::fingerprint;
use crate::format::{Checkpoint, Source, group_shape};
use crate::kernels::Isa;
use crate::kernels::attention::PAGE;
use crate::kernels::gemm::Products;
use crate::kernels::rounded::Bits;
use crate::memory;
use crate::options::{LoadOptions, WeightType};
use crate::schedule::{Job, Limits, Scheduler, Shared, Work};
use crate::tokenizer::TextTokenizer;

/// Rows of one step, at most.
const STEP_ROWS: usize = 1024;
/// Sequences that are written at the same time, at most.
const SEQUENCES: usize = 128;
/// Floats of logits that are held at once.
const LOGIT_FLOATS: usize = 8 << 20;

/// A model on this machine: a Hugging Face folder with safetensors, or a GGUF file.
///
/// Results depend on the request alone: not on the other requests, their order, the batch or the number of threads.
pub struct LocalModel {
    card: ModelCard,
    window: Window,
    pub(crate) tokenizer: Arc<TextTokenizer>,
    chat: Option<ChatTemplate>,
    end_tokens: Vec<TokenId>,
    pub(crate) decoder: Decoder,
    limits: Limits,
    pub(crate) pool: rayon::ThreadPool,
    state: Mutex<State>,
}

/// What a call works with; calls take turns.
pub(crate) struct State {
    pub(crate) kv: KvCache,
    pub(crate) work: Workspace,
}

impl LocalModel {
    /// Loads a model.
    ///
    /// # Errors
    /// The path is no model; a file is damaged, incomplete or of an unknown architecture; or it does not fit into memory.
    pub fn load(path: &Path, options: &LoadOptions) -> Result<Self, EngineError> {
        let description = Description::read(path, options)?;
        let threads = options.threads.unwrap_or_else(memory::physical_cores).max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("engine-{index}"))
            .build()
            .map_err(|error| EngineError::Threads { threads, reason: error.to_string() })?;
        let (gguf, config) = match &description.source {
            Source::Gguf(file) => {
                (true, serde_json::to_vec(&file.text("general.name")).unwrap_or_default())
            }
            Source::Folder(folder) => (false, small_files(&folder.path)),
        };
        let checkpoint = Arc::new(match description.source {
            Source::Gguf(file) => file.checkpoint,
            Source::Folder(folder) => folder.checkpoint()?,
        });
        let own_tokenizer = options.tokenizer.as_ref().and_then(|path| std::fs::read(path).ok());
        let (keep, products) = arithmetic(options.weights, &checkpoint);
        // Unpacking the weights changes no number; rounding the activations does.
        let (rounding, activations) = match products {
            Products::Exact => ("false", ""),
            Products::Rounded(Bits::Sixteen) => ("16 bits", ", activations of 16 bits"),
            Products::Rounded(Bits::Eight) => ("true", ", activations of 8 bits"),
        };
        let settings = format!(
            "{:?} {:?} {:?} {rounding}",
            options.chat, options.max_context, description.end_tokens
        );
        let small = [config, own_tokenizer.unwrap_or_default(), settings.into_bytes()];
        let fingerprint = fingerprint(&small, &checkpoint.files);
        let summary_start = describe_checkpoint(&description.config, &checkpoint, gguf);
        let decoder = Decoder::load(description.config, checkpoint, gguf, keep, products)?;
        let limits = limits(&decoder);
        let kv = key_value_room(&decoder, limits, options, description.window.max_sequence_length)?;
        let name = options.name.clone().unwrap_or_else(|| format!("path:{}", path.display()));
        let card = ModelCard {
            name: ModelName(name),
            fingerprint,
            summary: format!(
                "{summary_start}{activations}, window of {} tokens, {} on {threads} threads",
                description.window.max_sequence_length,
                decoder.isa.name()
            ),
            capabilities: Capabilities { chat: description.chat.is_some(), ..Capabilities::ALL },
        };
        Ok(Self {
            card,
            window: description.window,
            tokenizer: description.tokenizer,
            chat: description.chat,
            end_tokens: description.end_tokens,
            decoder,
            limits,
            pool,
            state: Mutex::new(State { kv, work: Workspace::default() }),
        })
    }

    /// Waits for other calls to end and takes the buffers.
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the scheduler needs, with the tokens that end an answer.
    pub(crate) fn shared<'a>(
        &'a self,
        end_tokens: &'a [TokenId],
        cancel: &'a Cancel,
        sink: Sink<'a>,
    ) -> Shared<'a> {
        Shared {
            decoder: &self.decoder,
            tokenizer: self.tokenizer.as_ref(),
            end_tokens,
            limits: self.limits,
            cancel,
            sink,
            vectors: &|_, _| {},
        }
    }

    /// Bounds of a batch.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// A request in tokens, or why it can't be answered.
    fn prepare(&self, key: RequestKey, request: &Request) -> Result<Job, Outcome> {
        let work = match request {
            Request::Generate { prompt, decoding } => self.prepare_generate(prompt, decoding)?,
            Request::ScoreContinuation { context, continuation } => {
                self.prepare_score(context, continuation)?
            }
        };
        let job = Job { key, work };
        self.check_tokens(&job)?;
        Ok(job)
    }

    fn prepare_generate(&self, prompt: &Prompt, decoding: &Decoding) -> Result<Work, Outcome> {
        let mut tokens = match (prompt, &self.chat) {
            (Prompt::Text(text), None) => self.plain_tokens(text),
            (Prompt::Text(text), Some(template)) => {
                let message = ChatMessage { role: Role::User, content: text.clone() };
                self.chat_tokens(template, &[message])?
            }
            (Prompt::Chat(messages), Some(template)) => self.chat_tokens(template, messages)?,
            (Prompt::Chat(_), None) => {
                return Err(Outcome::failed(
                    FailureKind::Unsupported,
                    "the request is a conversation, and the model has no chat template in use",
                ));
            }
        };
        if tokens.is_empty() {
            tokens.extend(self.tokenizer.empty_context());
        }
        if tokens.is_empty() {
            return Err(Outcome::failed(
                FailureKind::Rejected,
                "the prompt is empty, and the model has no token that begins a text",
            ));
        }
        self.check_length(tokens.len())?;
        let room = self.window.max_sequence_length - tokens.len();
        let content = serde_json::to_vec(&(prompt, decoding)).unwrap_or_default();
        let digest = Sha256::digest(&content);
        let seed = digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        Ok(Work::Generate { prompt: tokens, decoding: Box::new(decoding.clone()), seed, room })
    }

    fn prepare_score(&self, context: &str, continuation: &str) -> Result<Work, Outcome> {
        let whole = format!("{context}{continuation}");
        let (own, border) = self.tokenizer.encode_split(&whole, context.len());
        let prompt_tokens = own.len();
        let mut tokens = self.tokenizer.prefix().to_vec();
        let mut unscored = Vec::new();
        if tokens.is_empty() && border == 0 {
            match self.tokenizer.empty_context() {
                Some(token) => tokens.push(token),
                None => unscored.extend(own.first()),
            }
        }
        let first = tokens.len() + border.max(unscored.len());
        tokens.extend(own);
        self.check_length(tokens.len().saturating_sub(1))?;
        Ok(Work::Score { tokens, first, text: continuation.to_owned(), unscored, prompt_tokens })
    }

    pub(crate) fn plain_tokens(&self, text: &str) -> Vec<TokenId> {
        let mut tokens = self.tokenizer.prefix().to_vec();
        tokens.extend(self.tokenizer.encode(text));
        tokens
    }

    /// The template writes the special tokens itself.
    fn chat_tokens(
        &self,
        template: &ChatTemplate,
        messages: &[ChatMessage],
    ) -> Result<Vec<TokenId>, Outcome> {
        let text = template
            .render(messages)
            .map_err(|error| Outcome::failed(FailureKind::Rejected, error.to_string()))?;
        Ok(self.tokenizer.encode(&text))
    }

    pub(crate) fn check_length(&self, count: usize) -> Result<(), Outcome> {
        let window = self.window.max_sequence_length;
        if count <= window {
            return Ok(());
        }
        Err(Outcome::failed(
            FailureKind::TooLong,
            format!("the request has {count} tokens, more than the model's window of {window}"),
        ))
    }

    pub(crate) fn check_tokens(&self, job: &Job) -> Result<(), Outcome> {
        let vocabulary = self.decoder.config.vocabulary;
        let (Work::Score { tokens, .. }
        | Work::Embed { tokens, .. }
        | Work::Generate { prompt: tokens, .. }) = &job.work;
        match tokens.iter().find(|token| **token as usize >= vocabulary) {
            None => Ok(()),
            Some(token) => Err(Outcome::failed(
                FailureKind::Rejected,
                format!("the tokenizer gives token {token}, the model knows {vocabulary}"),
            )),
        }
    }
}

impl Model for LocalModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        Some(self.tokenizer.clone())
    }

    fn window(&self) -> Window {
        self.window.clone()
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        let mut jobs = Vec::with_capacity(requests.len());
        for (key, request) in requests {
            if cancel.is_cancelled() {
                return;
            }
            match self.prepare(*key, request) {
                Ok(job) => jobs.push(job),
                Err(outcome) => sink(Finished { key: *key, outcome, seconds: 0.0, retries: 0 }),
            }
        }
        if jobs.is_empty() {
            return;
        }
        let mut state = self.state();
        let State { kv, work } = &mut *state;
        let shared = self.shared(&self.end_tokens, cancel, sink);
        self.pool.install(|| Scheduler::new(shared, &jobs, kv, work).run());
    }
}

fn limits(decoder: &Decoder) -> Limits {
    Limits {
        rows: STEP_ROWS,
        sequences: SEQUENCES,
        logit_rows: (LOGIT_FLOATS / decoder.config.vocabulary).clamp(14, 512),
    }
}

/// What the memory limit leaves for keys and values.
fn key_value_room(
    decoder: &Decoder,
    limits: Limits,
    options: &LoadOptions,
    window: usize,
) -> Result<KvCache, EngineError> {
    let config = &decoder.config;
    let layers = config.layers.len();
    let page = KvCache::page_bytes(layers, config.kv_heads, config.head_dim);
    let buffers =
        limits.rows * decoder.floats_per_row() * 4 + limits.logit_rows * config.vocabulary * 4;
    let mut fixed = decoder.weight_bytes() + buffers;
    if options.max_memory.is_some() {
        fixed += options.memory_taken;
    }
    // The default limit is what is free now, when the weights are already there.
    let limit = options
        .max_memory
        .unwrap_or_else(|| memory::default_limit().saturating_add(decoder.weight_bytes()));
    let pages = limit.saturating_sub(fixed) / page;
    let least = window.min(PAGE) / PAGE + 1;
    if pages < least {
        let mib = |bytes: usize| bytes.div_ceil(1 << 20);
        return Err(EngineError::Memory {
            needed_mib: mib(fixed + least * page),
            limit_mib: mib(limit),
        });
    }
    Ok(KvCache::new(layers, config.kv_heads, config.head_dim, pages))
}

/// How weights are kept and activations enter products with them.
fn arithmetic(weights: WeightType, checkpoint: &Checkpoint) -> (Keep, Products) {
    let is_quantised =
        || checkpoint.tensors.values().any(|entry| group_shape(entry.dtype).is_some());
    match weights {
        WeightType::Auto if Isa::detect().multiplies_whole_numbers() && is_quantised() => {
            (Keep::AsStored, Products::Rounded(Bits::Sixteen))
        }
        WeightType::Auto | WeightType::AsStored => (Keep::AsStored, Products::Exact),
        WeightType::F32 => (Keep::AsF32, Products::Exact),
        WeightType::Rounded16 => (Keep::AsStored, Products::Rounded(Bits::Sixteen)),
        WeightType::Rounded8 => (Keep::AsStored, Products::Rounded(Bits::Eight)),
    }
}

fn describe_checkpoint(config: &ModelConfig, checkpoint: &Checkpoint, gguf: bool) -> String {
    let count = |shape: &[usize]| shape.iter().product::<usize>();
    let parameters: usize = checkpoint.tensors.values().map(|entry| count(&entry.shape)).sum();
    let mut by_type: Vec<(&str, usize)> = Vec::new();
    for entry in checkpoint.tensors.values() {
        let name = entry.dtype.name();
        match by_type.iter_mut().find(|(own, _)| *own == name) {
            Some((_, total)) => *total += count(&entry.shape),
            None => by_type.push((name, count(&entry.shape))),
        }
    }
    let main =
        by_type.iter().max_by_key(|(name, total)| (*total, *name)).map_or("", |(name, _)| name);
    let format = if gguf { "GGUF" } else { "safetensors" };
    let family = &config.family_name;
    format!("{family}, {} parameters, {format} {main}", short_number(parameters))
}

fn short_number(number: usize) -> String {
    if number >= 1_000_000_000 {
        format!("{:.1}B", number as f64 / 1e9)
    } else {
        format!("{:.0}M", number as f64 / 1e6)
    }
}

/// The files of a folder that can change an answer, apart from the weights.
fn small_files(folder: &Path) -> Vec<u8> {
    let names = [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "chat_template.json",
    ];
    names.iter().flat_map(|name| std::fs::read(folder.join(name)).unwrap_or_default()).collect()
}
