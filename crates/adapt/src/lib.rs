//! How instances become requests: which instances are asked, which examples precede them, what the prompt says and
//! how it is fitted into the model's context window.
//!
//! [`sample_eval_instances`] picks the instances, [`adapt`] makes their requests, [`helm_request`] writes one request
//! under HELM's field names. All three give what HELM 0.5.16 gives for the same input: the same instances in the same
//! order, the same examples, the same prompt bytes. Each adaptation method is one file in `methods/`.
//!
//! This crate does not know models, providers or chat templates: a prompt stays plain text here, whoever sends it
//! wraps it.

mod adaptation;
mod choices;
mod error;
mod fit;
mod helm;
#[expect(clippy::unnecessary_wraps, reason = "all methods have one signature, and some can fail")]
mod methods;
mod note;
mod prompt;
mod sample;
mod score;
mod trial;

pub use adaptation::{AdaptContext, Adaptation, adapt};
pub use error::AdaptError;
pub use helm::helm_request;
pub use note::Note;
pub use sample::sample_eval_instances;

pub(crate) use adaptation::Plugin;
