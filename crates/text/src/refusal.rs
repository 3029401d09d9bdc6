//! Recognising answers that decline to answer, by patterns of words near their beginning.
//!
//! The patterns are given; this module knows how they are applied, not what they say.

use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::python::split;

/// How much of an answer is looked at, in bytes after normalisation.
const OPENING: usize = 300;

/// A set of patterns.
#[derive(Clone, Debug)]
pub struct RefusalPatterns {
    version: u32,
    set: RegexSet,
}

impl RefusalPatterns {
    /// Reads a list: comment lines begin with `#`, the first other line is `version N`, every further one is a regular expression.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let version = lines
            .next()
            .and_then(|line| line.strip_prefix("version "))
            .and_then(|number| number.parse().ok())
            .ok_or("the list does not begin with `version N`")?;
        // Bytes and not characters: the patterns are ASCII, and a counted `.` is then small.
        let set = RegexSetBuilder::new(lines)
            .unicode(false)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { version, set })
    }

    /// The list's version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether the text reads like a refusal.
    pub fn matches(&self, text: &str) -> bool {
        self.set.is_match(opening(text).as_bytes())
    }
}

/// The beginning of a text in lower case, white space and apostrophes made uniform.
fn opening(text: &str) -> String {
    let mut opening = String::with_capacity(OPENING + 16);
    for word in split(text) {
        if opening.len() >= OPENING {
            break;
        }
        if !opening.is_empty() {
            opening.push(' ');
        }
        opening.extend(word.chars().flat_map(char::to_lowercase).map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{b4}' | '`' => '\'',
            other => other,
        }));
    }
    let end = (0..=OPENING.min(opening.len())).rev().find(|at| opening.is_char_boundary(*at));
    opening.truncate(end.unwrap_or_default());
    opening
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_apostrophes_do_not_matter() {
        let list = "# a comment\nversion 3\ni can't help\n^\\W*no\\b\n";
        let patterns = RefusalPatterns::parse(list).unwrap();
        assert_eq!(patterns.version(), 3);
        assert!(patterns.matches("Well, I  can\u{2019}t\nhelp you"));
        assert!(patterns.matches("\u{201c}No\u{201d}, I said"));
        assert!(!patterns.matches("Sure, no problem"));
        let late = format!("{} I can't help", "word ".repeat(70));
        assert!(!patterns.matches(&late));
    }

    #[test]
    fn lists_without_version_are_refused() {
        assert!(RefusalPatterns::parse("sorry").is_err());
        assert!(RefusalPatterns::parse("version 1\n(").is_err());
    }
}
