//! Normalisation of answers before comparison.
//!
//! The recipe is that of the QuAC and SQuAD evaluation scripts, which HELM's `quasi_` metrics follow: lower case, no
//! ASCII punctuation, no English articles, single spaces.

use crate::python::{is_space, split, word_runs};

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
    let simple = |c: u8| c.is_ascii_graphic() || (c.is_ascii() && is_space(char::from(c)));
    if text.bytes().all(simple) {
        normalize_ascii(text, articles)
    } else {
        normalize_any(text, articles)
    }
}

fn normalize_any(text: &str, articles: Articles) -> String {
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

/// What [`normalize_any`] gives for ASCII without control characters other than white space, in one pass.
fn normalize_ascii(text: &str, articles: Articles) -> String {
    let mut joined = String::with_capacity(text.len());
    for part in split(text) {
        let before = joined.len();
        if before > 0 {
            joined.push(' ');
        }
        let start = joined.len();
        joined.extend(
            part.chars().filter(|c| !c.is_ascii_punctuation()).map(|c| c.to_ascii_lowercase()),
        );
        let word = &joined[start..];
        let article = articles == Articles::Remove && matches!(word, "a" | "an" | "the");
        if word.is_empty() || article {
            joined.truncate(before);
        }
    }
    joined
}

/// [`normalize`] without articles.
pub fn normalize_text(text: &str) -> String {
    normalize(text, Articles::Remove)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_gives_what_the_recipe_gives() {
        let parts =
            ["a", "an", "the", "The", "x", "B7", "_", "-", "'", ".", "$", " ", " ", "\n", "\u{1c}"];
        let mut state = 1_u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for _ in 0..5_000 {
            let length = next(12);
            let text: String = (0..length).map(|_| parts[next(parts.len())]).collect();
            for articles in [Articles::Remove, Articles::Keep] {
                let (ours, recipe) = (normalize(&text, articles), normalize_any(&text, articles));
                assert_eq!(ours, recipe, "{text:?} {articles:?}");
            }
        }
        assert_eq!(normalize("the\0x", Articles::Remove), "\0x");
    }
}
