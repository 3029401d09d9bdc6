//! What a response looks like: its letters, words, lines and marks. White space, words and letters are Python's.

use std::sync::LazyLock;

use fancy_regex::Regex;
use holometer_text::punkt::Punkt;
use holometer_text::python::{split, strip, word_runs};
use holometer_text::treebank;

use super::count;

fn compiled(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is valid")
}

/// How often a letter occurs, in any case. IFEval takes a random letter when the data's is none (`#`, `!`); here the data's
/// own counts.
pub(super) fn letter_count(text: &str, letter: &str) -> usize {
    let letter = letter.to_lowercase();
    let letter = strip(&letter);
    text.to_lowercase().chars().filter(|c| letter.chars().eq([*c])).count()
}

pub(super) fn sentences(text: &str) -> usize {
    Punkt::english().sentences(text).len()
}

/// Runs of letters, numbers and underscores.
pub(super) fn words(text: &str) -> usize {
    word_runs(text).iter().filter(|(word, _)| *word).count()
}

/// Paragraphs between `***` dividers; `None` if one in the middle is empty.
pub(super) fn paragraphs(text: &str) -> Option<usize> {
    let parts: Vec<&str> = text.split("***").collect();
    let last = parts.len() - 1;
    let mut paragraphs = parts.len();
    for (index, part) in parts.iter().enumerate() {
        if strip(part).is_empty() {
            if index != 0 && index != last {
                return None;
            }
            paragraphs -= 1;
        }
    }
    Some(paragraphs)
}

/// Whether there are so many paragraphs between empty lines, and the n-th (counted from 1) begins with the word.
pub(super) fn paragraph_begins(text: &str, number: usize, nth: usize, first_word: &str) -> bool {
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let written = paragraphs.iter().filter(|paragraph| !strip(paragraph).is_empty()).count();
    if nth == 0 || nth > written || written != number {
        return false;
    }
    let Some(word) = paragraphs.get(nth - 1).and_then(|paragraph| split(paragraph).next()) else {
        return false;
    };
    let word = word.trim_start_matches('\'').trim_start_matches('"');
    let end = word.find(['.', ',', '?', '!', '\'', '"']).unwrap_or(word.len());
    word[..end].to_lowercase() == first_word.to_lowercase()
}

/// Texts in square brackets.
pub(super) fn placeholders(text: &str) -> usize {
    static BRACKETS: LazyLock<Regex> = LazyLock::new(|| compiled(r"\[.*?\]"));
    count(&BRACKETS, text)
}

/// Whether a line holds a postscript.
pub(super) fn postscript(text: &str, marker: &str) -> bool {
    static SECOND: LazyLock<Regex> =
        LazyLock::new(|| compiled(r"p\.[\s\x1c-\x1f]?p\.[\s\x1c-\x1f]?s"));
    static FIRST: LazyLock<Regex> = LazyLock::new(|| compiled(r"p\.[\s\x1c-\x1f]?s\."));
    let text = text.to_lowercase();
    match strip(marker) {
        "P.P.S" => count(&SECOND, &text) > 0,
        "P.S." => count(&FIRST, &text) > 0,
        other => Regex::new(&other.to_lowercase()).is_ok_and(|pattern| count(&pattern, &text) > 0),
    }
}

/// Lines that begin with an asterisk (but not two) or with a hyphen.
pub(super) fn bullets(text: &str) -> usize {
    static ASTERISKS: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?m)^[\s\x1c-\x1f]*\*[^*].*$"));
    static HYPHENS: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?m)^[\s\x1c-\x1f]*-.*$"));
    count(&ASTERISKS, text) + count(&HYPHENS, text)
}

/// Texts between single asterisks and between double ones, without empty ones.
pub(super) fn highlights(text: &str) -> usize {
    static SINGLE: LazyLock<Regex> = LazyLock::new(|| compiled(r"\*[^\n*]*\*"));
    static DOUBLE: LazyLock<Regex> = LazyLock::new(|| compiled(r"\*\*[^\n*]*\*\*"));
    let full = |pattern: &Regex| {
        let found = pattern.find_iter(text).filter_map(Result::ok);
        found.filter(|found| !strip(found.as_str().trim_matches('*')).is_empty()).count()
    };
    full(&SINGLE) + full(&DOUBLE)
}

/// A text in double angle brackets on one line that is not empty.
pub(super) fn has_title(text: &str) -> bool {
    static TITLE: LazyLock<Regex> = LazyLock::new(|| compiled(r"<<[^\n]+>>"));
    let mut titles = TITLE.find_iter(text).filter_map(Result::ok);
    titles.any(|title| {
        let inner = title.as_str().trim_start_matches('<').trim_end_matches('>');
        !strip(inner).is_empty()
    })
}

/// Two different texts between runs of six asterisks.
pub(super) fn two_responses(text: &str) -> bool {
    let parts: Vec<&str> = text.split("******").collect();
    let last = parts.len() - 1;
    let mut written = Vec::new();
    for (index, part) in parts.iter().map(|part| strip(part)).enumerate() {
        if !part.is_empty() {
            written.push(part);
        } else if index != 0 && index != last {
            return false;
        }
    }
    matches!(written.as_slice(), [first, second] if first != second)
}

pub(super) fn begins_with(text: &str, prompt: &str) -> bool {
    strip(text).to_lowercase().starts_with(&strip(prompt).to_lowercase())
}

pub(super) fn ends_with(text: &str, phrase: &str) -> bool {
    let text = strip(text).trim_matches('"').to_lowercase();
    text.ends_with(strip(&strip(phrase).to_lowercase()))
}

/// The content of a Markdown code fence, or the text itself.
pub(super) fn without_fence(text: &str) -> &str {
    let mut text = strip(text);
    for fence in ["```json", "```Json", "```JSON", "```"] {
        text = text.strip_prefix(fence).unwrap_or(text);
    }
    strip(text.strip_suffix("```").unwrap_or(text))
}

/// Whether a text stands in double quotation marks.
pub(super) fn is_quoted(text: &str) -> bool {
    let text = strip(text);
    text.len() > 1 && text.starts_with('"') && text.ends_with('"')
}

/// Words without lower-case letters and with an upper-case one.
pub(super) fn capital_words(text: &str) -> usize {
    treebank::word_tokenize(text).iter().filter(|word| is_upper(word)).count()
}

/// `str.isupper`: an upper-case letter, and none in lower or title case.
pub(super) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
        && !text.chars().any(|c| c.is_lowercase() || is_title_case(c))
}

/// `str.islower`.
pub(super) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase)
        && !text.chars().any(|c| c.is_uppercase() || is_title_case(c))
}

/// Unicode's title-case letters, which are neither upper nor lower case.
fn is_title_case(character: char) -> bool {
    matches!(
        character,
        '\u{1c5}' | '\u{1c8}' | '\u{1cb}' | '\u{1f2}' | '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}'
    ) || matches!(character, '\u{1f88}'..='\u{1f8f}' | '\u{1f98}'..='\u{1f9f}' | '\u{1fa8}'..='\u{1faf}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_pythons() {
        assert!(is_upper("ABC 1!") && !is_upper("1!") && !is_upper("AbC") && !is_upper("Aǅ"));
        assert!(is_lower("abc 1!") && !is_lower("") && !is_lower("abC"));
    }
}
