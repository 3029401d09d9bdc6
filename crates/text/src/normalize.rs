//! Normalisation of answers before comparison.
//!
//! The recipe is that of the QuAC and SQuAD evaluation scripts, which HELM's `quasi_` metrics follow: lower case, no
//! ASCII punctuation, no English articles, single spaces.

use crate::python::{split, word_runs};

/// What happens to `a`, `an` and `the`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Articles {
    /// They are removed.
    Remove,
    /// They stay.
    Keep,
}

/// The normalised text.
pub fn normalize(text: &str, articles: Articles) -> String {
    let lowered: String =
        text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let bare = match articles {
        Articles::Keep => lowered,
        Articles::Remove => word_runs(&lowered)
            .into_iter()
            .map(|(_, run)| if matches!(run, "a" | "an" | "the") { " " } else { run })
            .collect(),
    };
    let mut words = split(&bare);
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        joined.push(' ');
        joined.push_str(word);
    }
    joined
}

/// [`normalize`] without articles.
pub fn normalize_text(text: &str) -> String {
    normalize(text, Articles::Remove)
}
