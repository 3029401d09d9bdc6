//! `test:random`: chance level, the same each time.

use holometer_core::{Decoding, ScoredToken, TokenId, Tokenizer, TopToken};

use super::{Behaviour, TestTokenizer};
use crate::mixing::Mixer;

/// How many words an answer to an open question has.
const ANSWER_WORDS: usize = 12;

/// Answers a question with listed choices by one of their letters and any other by words of the prompt. Everything
/// is drawn from a hash of the request.
pub(super) struct Random;

impl Behaviour for Random {
    fn write(&self, prompt: &str, decoding: &Decoding, completion: usize) -> String {
        let mut mixer = Mixer::of(&[
            prompt,
            decoding.random.as_deref().unwrap_or_default(),
            &completion.to_string(),
        ]);
        let letters = listed_choices(prompt);
        if !letters.is_empty() {
            return format!(" {}", letters[mixer.below(letters.len())]);
        }
        let words: Vec<&str> = prompt.split_whitespace().collect();
        if words.is_empty() {
            return String::new();
        }
        (0..ANSWER_WORDS).flat_map(|_| [" ", words[mixer.below(words.len())]]).collect()
    }

    /// Each token's probability is uniform in (0, 1), drawn from a hash of everything before it. Alternatives are
    /// capital letters that share half of the rest.
    fn score(&self, context: &str, tokens: &[TokenId], top: usize) -> Vec<ScoredToken> {
        let mut mixer = Mixer::of(&[context, &TestTokenizer.decode(tokens)]);
        tokens
            .iter()
            .map(|token| {
                let probability = mixer.unit();
                let text = TestTokenizer.decode(&[*token]);
                let top = alternatives(&text, probability, top);
                ScoredToken { text, logprob: Some(probability.ln()), top }
            })
            .collect()
    }
}

/// The letters of the choices in the prompt's last paragraph: lines that begin with a capital letter and a point.
fn listed_choices(prompt: &str) -> Vec<char> {
    let question = prompt.rsplit("\n\n").find(|part| !part.trim().is_empty()).unwrap_or(prompt);
    question
        .lines()
        .filter_map(|line| {
            let mut start = line.trim_start().chars();
            let letter = start.next().filter(char::is_ascii_uppercase)?;
            (start.next() == Some('.')).then_some(letter)
        })
        .collect()
}

/// The token itself and others, likeliest first.
fn alternatives(text: &str, probability: f64, count: usize) -> Vec<TopToken> {
    let mut rest = 1.0 - probability;
    let others = ('A'..='Z').map(|letter| format!(" {letter}")).filter(|other| other != text);
    let mut top = vec![TopToken { text: text.to_owned(), logprob: probability.ln() }];
    top.extend(others.take(count.saturating_sub(1)).map(|text| {
        rest /= 2.0;
        TopToken { text, logprob: rest.ln() }
    }));
    top.truncate(count);
    top.sort_by(|a, b| b.logprob.total_cmp(&a.logprob));
    top
}
