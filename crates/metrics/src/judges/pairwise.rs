//! Two answers to one question, side by side: WildBench's pairwise question and its five verdicts.

use std::sync::LazyLock;

use fancy_regex::Regex;
use holometer_core::{Decoding, Prompt, Request};

use crate::judged::fill;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// What was said before the question; empty for most scenarios.
    pub history: &'a str,
    /// The question.
    pub question: &'a str,
    /// What to look for, one line each; may be empty.
    pub checklist: &'a str,
    /// The answer shown first.
    pub first: &'a str,
    /// The answer shown second.
    pub second: &'a str,
}

/// The request to a judge.
pub fn request(pair: &Pair<'_>) -> Request {
    let parts = [
        ("{$history}", pair.history),
        ("{$user_query}", pair.question),
        ("{$candidate_A}", pair.first),
        ("{$candidate_B}", pair.second),
        ("{$checklist}", pair.checklist),
    ];
    let prompt = Prompt::Text(fill(include_str!("templates/wildbench_pairwise.txt"), &parts));
    Request::Generate { prompt, decoding: Decoding { max_tokens: 2000, ..Decoding::default() } }
}

/// How much better the first answer is, in WildBench's rewards: 1 much, 0.5 slightly, 0 the same, and negative for the second. `None`: the verdict
/// can't be read. The last choice that the text names counts, since the analysis comes before it.
pub fn read(text: &str) -> Option<f64> {
    static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""choice"\s*:\s*"?(A\+\+|A\+|A=B|B\+\+|B\+)"#).expect("the pattern is valid")
    });
    let last = CHOICE.captures_iter(text).last()?.ok()?;
    Some(match last.get(1)?.as_str() {
        "A++" => 1.0,
        "A+" => 0.5,
        "B+" => -0.5,
        "B++" => -1.0,
        _ => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_verdicts_are_read_and_nothing_else() {
        for (text, value) in [
            (r#"{"analysis of A": "...", "choice": "A++",}"#, Some(1.0)),
            (r#""choice": "A+""#, Some(0.5)),
            (r#""choice":"A=B""#, Some(0.0)),
            (r#""choice" : "B+""#, Some(-0.5)),
            (r#"I think of "choice": "A+", no: "choice": "B++""#, Some(-1.0)),
            (r#""choice": "[A++ or A+]""#, None),
            ("A++", None),
        ] {
            assert_eq!(read(text), value, "{text}");
        }
    }
}
