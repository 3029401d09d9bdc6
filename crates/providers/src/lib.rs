//! Models behind HTTP APIs, and the test models.
//!
//! [`open()`] turns a model spec into a [`holometer_core::Model`]. Below it, from the outside in:
//!
//! ```text
//! spec, vendor (models/*.toml), probe -> Deployment     what is at the address and what it can do
//! next_token                                           short answers scored by what the model would write
//! batch                                                many requests handed in at once, for half the price
//! http::driver -> http::governor                        which call is sent next, and when
//! http::attempt -> wire (one file per format)           one call: build, send, parse, judge
//! ```
//!
//! A failed call is never an answer: whatever can't be read is [`holometer_core::Outcome::Failed`] with its kind. This
//! crate knows no scenario, writes no file and reads no environment variable except through [`Settings::env`]; keys
//! stay in [`Secret`]s.

pub mod test_models;

mod batch;
mod conversation;
mod cost;
mod cutting;
mod deployment;
mod error;
mod http;
mod mixing;
mod next_token;
mod open;
mod openai;
mod perspective;
mod probe;
mod providers;
mod refusal;
mod secret;
mod settings;
mod spec;
mod vendor;
mod vendor_files;
mod wire;
mod wire_format;
mod writing;

pub use batch::{Batching, Journal};
pub use cost::list_price;
pub use error::ProviderError;
pub use open::{ASSUMED_WINDOW, SERVER_KEY_VARIABLE, open};
pub use perspective::{
    PERSPECTIVE_ADDRESS, PERSPECTIVE_KEY_VARIABLE, Perspective, PerspectiveError,
};
pub use providers::{ProviderInfo, providers};
pub use secret::Secret;
pub use settings::{Contact, EnvLookup, NamedServer, Retries, Settings};
pub use test_models::{TEST_MODELS, TestModel, TestTokenizer, open_test_model};

pub(crate) use wire_format::Plugin;
