//! `test:echo`: repeats the prompt's last line.

use holometer_core::{Decoding, ScoredToken, TokenId, Tokenizer, TopToken};

use super::tokenizer::bytes_of;
use super::{Behaviour, TestTokenizer};

/// Answers with the last line of the prompt that is not blank. Given text is scored with the uniform distribution
/// over bytes, so that any text has exactly 8 bits per byte.
pub(super) struct Echo;

impl Behaviour for Echo {
    fn write(&self, prompt: &str, _decoding: &Decoding, _completion: usize) -> String {
        prompt.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
    }

    fn score(&self, _context: &str, tokens: &[TokenId], top: usize) -> Vec<ScoredToken> {
        tokens.iter().map(|token| uniform(*token, top)).collect()
    }
}

fn uniform(token: TokenId, top: usize) -> ScoredToken {
    let logprob = -(bytes_of(token).len() as f64) * 256_f64.ln();
    let text = TestTokenizer.decode(&[token]);
    let itself = TopToken { text: text.clone(), logprob };
    let top = if top == 0 { Vec::new() } else { vec![itself] };
    ScoredToken { text, logprob: Some(logprob), top }
}
