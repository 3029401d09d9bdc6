//! Words of a text with their places.

use std::sync::LazyLock;

use regex::Regex;

/// Endings that are written together with a word and are none of it. `n't` belongs to its word.
const CLITICS: [&str; 6] = ["s", "re", "ve", "d", "ll", "m"];

static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}]+(?:['\u{2019}]\p{L}+)?").expect("a valid pattern"));

/// A word without the ending that an apostrophe joins to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// As written.
    pub(crate) text: &'a str,
    /// In lower case, with a plain apostrophe.
    pub(crate) lower: String,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends, before the joined ending.
    pub(crate) end: usize,
    /// The joined ending in lower case, without its apostrophe: `s` in `she's`.
    pub(crate) clitic: Option<String>,
    /// Where the joined ending ends; `end` without one.
    pub(crate) clitic_end: usize,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    WORD.find_iter(text)
        .map(|found| {
            let whole = found.as_str();
            let apostrophe = whole.find(['\'', '\u{2019}']);
            let ending = apostrophe.map(|at| {
                let after = at + whole[at..].chars().next().map_or(0, char::len_utf8);
                (at, whole[after..].to_lowercase())
            });
            let clitic = ending.filter(|(_, ending)| CLITICS.contains(&ending.as_str()));
            let length = clitic.as_ref().map_or(whole.len(), |(at, _)| *at);
            let word = &whole[..length];
            Word {
                text: word,
                lower: word.to_lowercase().replace('\u{2019}', "'"),
                start: found.start(),
                end: found.start() + length,
                clitic: clitic.map(|(_, ending)| ending),
                clitic_end: found.end(),
            }
        })
        .collect()
}

/// The word after the one at `at`, if nothing but white space lies between.
pub(crate) fn following<'w, 'a>(
    text: &str,
    words: &'w [Word<'a>],
    at: usize,
) -> Option<&'w Word<'a>> {
    let (word, next) = (words.get(at)?, words.get(at + 1)?);
    is_blank(&text[word.clitic_end..next.start]).then_some(next)
}

/// The word before the one at `at`, if nothing but white space lies between.
pub(crate) fn preceding<'w, 'a>(
    text: &str,
    words: &'w [Word<'a>],
    at: usize,
) -> Option<&'w Word<'a>> {
    let (word, before) = (words.get(at)?, words.get(at.checked_sub(1)?)?);
    is_blank(&text[before.clitic_end..word.start]).then_some(before)
}

fn is_blank(between: &str) -> bool {
    between.chars().all(char::is_whitespace)
}

/// Whether a word begins with a capital letter.
pub(crate) fn is_capitalised(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// `target` in the case of `source`: all upper, capitalised, else as it is. A single capital letter counts as capitalised.
pub(crate) fn in_case_of(source: &str, target: &str) -> String {
    let letters = source.chars().filter(|letter| letter.is_alphabetic());
    if letters.clone().count() > 1 && letters.clone().all(char::is_uppercase) {
        return target.to_uppercase();
    }
    if !is_capitalised(source) {
        return target.to_owned();
    }
    let mut characters = target.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_endings_are_apart_and_negations_are_not() {
        let found = words("She's told Anne\u{2019}s boss he isn't in.");
        let shown: Vec<(&str, Option<&str>)> =
            found.iter().map(|word| (word.text, word.clitic.as_deref())).collect();
        assert_eq!(shown[0], ("She", Some("s")));
        assert_eq!(shown[2], ("Anne", Some("s")));
        assert_eq!(shown[5], ("isn't", None));
    }

    #[test]
    fn cases_follow_the_source() {
        assert_eq!(in_case_of("She", "he"), "He");
        assert_eq!(in_case_of("SHE", "they"), "THEY");
        assert_eq!(in_case_of("I", "he"), "He");
        assert_eq!(in_case_of("her", "his"), "his");
        assert_eq!(in_case_of("father", "Ms"), "Ms");
    }
}
