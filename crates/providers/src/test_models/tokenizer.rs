//! A tokenizer without a vocabulary file.

use holometer_core::{TokenId, Tokenizer};

/// The text of the only special token.
pub(super) const END_OF_TEXT: &str = "<|endoftext|>";

/// Bytes in a token, at most; about what trained vocabularies reach on English.
const TOKEN_BYTES: usize = 3;

/// The special token's number: no ordinary token has length 0.
const END_OF_TEXT_TOKEN: TokenId = 0;

/// Cuts text before every whitespace character, and the pieces into tokens of at most three bytes; `<|endoftext|>` is
/// one token. A token's number is its length in bytes (top byte) and the bytes themselves, so that any text of any
/// script comes back exactly, and a word has the same tokens wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestTokenizer;

impl Tokenizer for TestTokenizer {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        spans(text).into_iter().map(|span| number(&text.as_bytes()[span])).collect()
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        let mut bytes = Vec::with_capacity(tokens.len() * TOKEN_BYTES);
        for token in tokens {
            bytes.extend(bytes_of(*token));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The index of the first token that ends past byte `border` of `text`; the number of tokens if none does.
pub(super) fn first_token_reaching_past(text: &str, border: usize) -> usize {
    spans(text).iter().take_while(|span| span.end <= border).count()
}

/// The bytes that a token stands for.
pub(super) fn bytes_of(token: TokenId) -> Vec<u8> {
    if token == END_OF_TEXT_TOKEN {
        return END_OF_TEXT.as_bytes().to_vec();
    }
    let [length, rest @ ..] = token.to_be_bytes();
    rest[..usize::from(length).min(TOKEN_BYTES)].to_vec()
}

fn number(bytes: &[u8]) -> TokenId {
    if bytes.len() > TOKEN_BYTES {
        return END_OF_TEXT_TOKEN;
    }
    let mut parts = [0; 4];
    parts[0] = bytes.len() as u8;
    parts[1..=bytes.len()].copy_from_slice(bytes);
    TokenId::from_be_bytes(parts)
}

/// The byte ranges of the tokens, in order.
fn spans(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut spans = Vec::with_capacity(text.len() / TOKEN_BYTES + 1);
    let mut start = 0;
    for (position, _) in text.match_indices(END_OF_TEXT) {
        word_spans(text, start..position, &mut spans);
        start = position + END_OF_TEXT.len();
        spans.push(position..start);
    }
    word_spans(text, start..text.len(), &mut spans);
    spans
}

fn word_spans(text: &str, range: std::ops::Range<usize>, spans: &mut Vec<std::ops::Range<usize>>) {
    let breaks = text[range.clone()].match_indices(char::is_whitespace);
    let mut starts = vec![range.start];
    starts.extend(breaks.map(|(position, _)| range.start + position));
    starts.push(range.end);
    for word in starts.windows(2) {
        let mut at = word[0];
        while at < word[1] {
            let end = (at + TOKEN_BYTES).min(word[1]);
            spans.push(at..end);
            at = end;
        }
    }
}
