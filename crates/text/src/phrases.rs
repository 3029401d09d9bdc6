//! Finding words and phrases of a list in a text.
//!
//! A phrase is one word or several in a row; upper and lower case and what stands between the words (a space, a hyphen) do not
//! matter. Where phrases overlap, the longest that begins first counts.

use std::collections::HashMap;

use crate::python::word_runs;

/// A list of phrases, each with the number of its entry.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    /// Per first word the remaining words with the entry, longest first.
    by_first: HashMap<String, Vec<(Vec<String>, usize)>>,
}

/// A phrase that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The phrase's entry in the list.
    pub entry: usize,
    /// Its first word's position in the text.
    pub start: usize,
    /// How many words it has.
    pub len: usize,
}

impl Phrases {
    /// A list; entry numbers count from 0. Of equal phrases the first counts, and a phrase without any word is never found.
    pub fn new<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_first: HashMap<String, Vec<(Vec<String>, usize)>> = HashMap::new();
        for (entry, phrase) in phrases.into_iter().enumerate() {
            let mut words = words(phrase).into_iter();
            let Some(first) = words.next() else { continue };
            let rest: Vec<String> = words.collect();
            let list = by_first.entry(first).or_default();
            if !list.iter().any(|(known, _)| *known == rest) {
                list.push((rest, entry));
            }
        }
        for list in by_first.values_mut() {
            list.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
        }
        Self { by_first }
    }

    /// Every phrase in a text of lower-case words, from left to right, none overlapping another.
    pub fn find(&self, words: &[String]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            match self.starting(words, at) {
                Some(phrase) => {
                    found.push(phrase);
                    at += phrase.len;
                }
                None => at += 1,
            }
        }
        found
    }

    /// The words that belong to no phrase.
    pub fn others<'a>(&self, words: &'a [String]) -> Vec<&'a str> {
        let mut kept = Vec::with_capacity(words.len());
        let mut at = 0;
        for phrase in self.find(words) {
            kept.extend(words[at..phrase.start].iter().map(String::as_str));
            at = phrase.start + phrase.len;
        }
        kept.extend(words[at..].iter().map(String::as_str));
        kept
    }

    fn starting(&self, words: &[String], at: usize) -> Option<Found> {
        let list = self.by_first.get(&words[at])?;
        let following = &words[at + 1..];
        let (rest, entry) = list.iter().find(|(rest, _)| following.starts_with(rest))?;
        Some(Found { entry: *entry, start: at, len: rest.len() + 1 })
    }
}

/// A text's words in lower case: runs of letters, digits and underscores, so that `he's` is two words and `middle-aged` as well.
pub fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let runs = word_runs(&text).into_iter();
    runs.filter(|(is_word, _)| *is_word).map(|(_, run)| run.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_counts_once() {
        let phrases = Phrases::new(["african", "African-American", "american", "he"]);
        let text = words("He's an African American; Americans and african people, he said.");
        let entries: Vec<usize> = phrases.find(&text).iter().map(|found| found.entry).collect();
        assert_eq!(entries, [3, 1, 0, 3]);
        let others = phrases.others(&text);
        assert_eq!(others, ["s", "an", "americans", "and", "people", "said"]);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(Phrases::new(["", "-"]).find(&words("- a -")).is_empty());
        assert!(Phrases::default().find(&words("")).is_empty());
    }
}
