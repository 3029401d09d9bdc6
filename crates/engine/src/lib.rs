//! Local models: any decoder-only checkpoint on this machine's processor.
//!
//! Reads Hugging Face folders and GGUF files ([`LocalModel::load`]), and answers requests in batches
//! ([`holometer_core::Model::answer`]): what requests begin with in common is computed once, batches are ragged, and generating sequences
//! join and leave a running batch. One decoder serves all architectures, driven by a description that is resolved from the
//! model's own configuration.
//!
//! The crate knows nothing of scenarios, metrics or results, and writes nothing but log events.
//!
//! # Numbers
//! All products are computed in f32 with a fixed order of additions, so that an answer has the same bits
//! alone and among thousands, with one thread and with many. Quantised weights are exact: they
//! are unpacked block by block while they are used.
//!
//! # Conditioning
//! A plain text begins with the tokens that the tokenizer itself puts before texts (Llama's `<s>`, for instance). A text
//! scored after an empty context is conditioned on the beginning-of-text token or, lacking one, the end-of-text token.

mod bench;
mod chat;
mod config;
mod decoder;
mod describe;
mod embed;
mod encoder;
mod error;
mod fingerprint;
mod format;
mod kernels;
mod memory;
mod model;
mod options;
mod schedule;
mod tokenizer;

pub use bench::{BenchOptions, BenchReport, DecodeRate, bench};
pub use describe::{TokenizerAndWindow, load_tokenizer, load_tokenizer_and_window};
pub use embed::{Embedding, Pooling};
pub use encoder::{Baseline, BaselineSource, BertScore, BertScoreSettings, Encoder, TextPair};
pub use error::EngineError;
pub use format::gguf_parts;
pub use memory::resident_memory;
pub use model::LocalModel;
pub use options::{ChatUse, LoadOptions, WeightType};
