//! Models behind HTTP APIs, and the test models.

pub mod test_models;

mod cutting;
mod mixing;

pub use test_models::{TEST_MODELS, TestModel, TestTokenizer, open_test_model};
