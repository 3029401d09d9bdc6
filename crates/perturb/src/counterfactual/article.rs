//! *A* or *an* before a replaced word.

use super::Edit;
use super::words::{Word, in_case_of, preceding};

/// Spellings of a vowel that are spoken with a consonant first.
const CONSONANT_SOUNDS: [&str; 8] = ["eu", "ug", "uk", "uni", "us", "one", "ew", "uru"];

/// Words whose first letter is silent.
const SILENT: [&str; 4] = ["heir", "honest", "hono", "hour"];

/// The edit that makes the article before the word at `at` fit its replacement, if an article stands there and has to
/// change.
pub(crate) fn article_edit(
    text: &str,
    words: &[Word<'_>],
    at: usize,
    replacement: &str,
) -> Option<Edit> {
    let article = preceding(text, words, at)?;
    let fitting = if begins_with_vowel(replacement) { "an" } else { "a" };
    let changes = matches!(article.lower.as_str(), "a" | "an") && article.lower != fitting;
    changes.then(|| Edit {
        range: article.start..article.end,
        text: in_case_of(article.text, fitting),
    })
}

fn begins_with_vowel(word: &str) -> bool {
    let word = word.to_lowercase();
    if SILENT.iter().any(|start| word.starts_with(start)) {
        return true;
    }
    word.starts_with(['a', 'e', 'i', 'o', 'u'])
        && !CONSONANT_SOUNDS.iter().any(|start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::begins_with_vowel;

    #[test]
    fn sounds_decide_and_not_letters() {
        for (word, vowel) in [
            ("Indian", true),
            ("Ukrainian", false),
            ("European", false),
            ("atheist", true),
            ("heiress", true),
            ("Hindu", false),
            ("uncle", true),
        ] {
            assert_eq!(begins_with_vowel(word), vowel, "{word}");
        }
    }
}
