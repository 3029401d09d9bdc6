//! What the tests of this crate share.

use holometer_core::{TokenId, Tokenizer};

/// The tokenizer of the model that made the golden runs.
pub struct GoldenTokenizer(tokenizers::Tokenizer);

impl GoldenTokenizer {
    /// Reads it from the reference data; `None` when that is absent.
    pub fn read() -> Option<Self> {
        let path = holometer_testkit::shared_path("golden/data/tokenizer/tokenizer.json")?;
        Some(Self(tokenizers::Tokenizer::from_file(path).expect("the tokenizer can be read")))
    }
}

impl Tokenizer for GoldenTokenizer {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        self.0.encode(text, false).expect("any text can be encoded").get_ids().to_vec()
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        self.0.decode(tokens, false).expect("any tokens can be decoded")
    }
}
