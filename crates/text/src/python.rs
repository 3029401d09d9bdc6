//! Python's notions of white space, words and splitting, where they differ from Rust's.

use std::sync::LazyLock;

use regex::Regex;

/// `str.isspace`, which is also what `\s` matches: Unicode white space and the four ASCII separators.
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// `str.strip()`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.rstrip()`.
pub fn rstrip(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// `str.split()`: the parts between runs of white space, none empty.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|part| !part.is_empty())
}

/// `\w` on text: letters, numbers and the underscore. Rust's `\w` also takes combining marks.
pub fn is_word(character: char) -> bool {
    static WORD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}_]$").expect("the pattern is valid"));
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    WORD.is_match(character.encode_utf8(&mut [0; 4]))
}

/// The text cut into runs: maximal stretches of word characters (`true`) and everything between them (`false`).
pub fn word_runs(text: &str) -> Vec<(bool, &str)> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut current = None;
    for (position, character) in text.char_indices() {
        let word = is_word(character);
        if let Some(previous) = current.filter(|previous| *previous != word) {
            runs.push((previous, &text[start..position]));
            start = position;
        }
        current = Some(word);
    }
    if let Some(last) = current {
        runs.push((last, &text[start..]));
    }
    runs
}

/// The value of a decimal digit of any script, 0 to 9.
pub fn digit(character: char) -> Option<u32> {
    static DECIMAL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\d$").expect("the pattern is valid"));
    let is_decimal = |c: char| DECIMAL.is_match(c.encode_utf8(&mut [0; 4]));
    if character.is_ascii() || !is_decimal(character) {
        return character.to_digit(10);
    }
    // Unicode encodes decimal digits in unbroken runs from 0 to 9.
    let code = u32::from(character);
    let before = (1..).take_while(|back| char::from_u32(code - back).is_some_and(is_decimal));
    Some(before.count() as u32 % 10)
}

/// `int(text)`: white space around, a sign, and single underscores between digits are allowed. As a floating-point
/// number, because Python's integers have no bound.
pub fn int(text: &str) -> Option<f64> {
    let stripped = strip(text);
    let unsigned = stripped.strip_prefix(['+', '-']).unwrap_or(stripped);
    let mut digits = String::new();
    for part in unsigned.split('_') {
        let before = digits.len();
        for character in part.chars() {
            digits.push(char::from_digit(digit(character)?, 10)?);
        }
        if digits.len() == before {
            return None;
        }
    }
    let value: f64 = digits.parse().ok()?;
    Some(if stripped.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_numbers_and_underscores() {
        assert!(is_word('é') && is_word('Ⅷ') && is_word('½') && is_word('_') && is_word('漢'));
        assert!(!is_word('\u{301}') && !is_word('’') && !is_word('\u{200d}'));
        let runs = word_runs("a b_c!");
        assert_eq!(runs, [(true, "a"), (false, " "), (true, "b_c"), (false, "!")]);
    }

    #[test]
    fn integers_are_read_as_python_does() {
        assert_eq!(int(" -1_000\n"), Some(-1000.0));
        assert_eq!(int("+7"), Some(7.0));
        assert_eq!(int("٤٢"), Some(42.0));
        assert_eq!(int("𝟿𝟘"), Some(90.0));
        for bad in ["", "-", "1__0", "_1", "1.0", "1 2", "0x10"] {
            assert_eq!(int(bad), None, "{bad:?}");
        }
    }
}
