//! Swaps between groups that have a word for each meaning: religions, nationalities.

use std::sync::LazyLock;

use holometer_core::PerturbationDescription;

use super::article::article_edit;
use super::groups::GroupTable;
use super::pronouns::is_function_word;
use super::words::{Word, following, in_case_of, is_capitalised, preceding, words};
use super::{Edit, describe_swap};
use crate::{Arguments, PerturbError};

/// The target that is another one for each group.
const NEXT: &str = "next";

/// A swap with its groups.
pub(crate) struct TableSwap {
    name: &'static str,
    axis: &'static str,
    table: &'static GroupTable,
    /// `None`: any.
    source: Option<usize>,
    /// `None`: the next one.
    target: Option<usize>,
    capitalised_only: bool,
}

impl TableSwap {
    /// Reads the arguments `source` and `target`.
    pub(crate) fn new(
        name: &'static str,
        axis: &'static str,
        table: &'static LazyLock<GroupTable>,
        arguments: &Arguments<'_>,
    ) -> Result<Self, PerturbError> {
        let table = LazyLock::force(table);
        let group = |key: &str, open: &str| {
            let wanted = || format!("`{open}` or one of {}", table.groups.join(", "));
            match arguments.text(key) {
                Some(group) if group == open => Ok(None),
                Some(group) => {
                    let column = table.column(group);
                    column.map(Some).ok_or_else(|| arguments.wrong(key, &wanted()))
                }
                None if key == "source" => Ok(None),
                None => Err(arguments.wrong(key, &wanted())),
            }
        };
        let (source, target) = (group("source", "any")?, group("target", NEXT)?);
        Ok(Self { name, axis, table, source, target, capitalised_only: false })
    }

    /// The same for words that are names only with a capital letter.
    pub(crate) fn capitalised_only(self) -> Self {
        Self { capitalised_only: true, ..self }
    }

    /// What is recorded with each copy.
    pub(crate) fn description(&self) -> PerturbationDescription {
        let source = self.source.map_or("any", |column| self.table.groups[column]);
        let target = self.target.map_or(NEXT, |column| self.table.groups[column]);
        describe_swap(self.name, self.axis, source, target, &[])
    }

    /// The replacements, each with the article before it.
    pub(crate) fn edits(&self, text: &str) -> Vec<Edit> {
        let words = words(text);
        (0..words.len()).flat_map(|at| self.edit(text, &words, at)).collect()
    }

    fn edit(&self, text: &str, words: &[Word<'_>], at: usize) -> Vec<Edit> {
        let word = &words[at];
        let Some((row, column)) = self.table.place(&word.lower) else { return Vec::new() };
        let target = self.target.unwrap_or((column + 1) % self.table.groups.len());
        let other_source = self.source.is_some_and(|source| source != column);
        if other_source || column == target || self.capitalised_only && !is_capitalised(word.text) {
            return Vec::new();
        }
        // A noun and an adjective may be written alike in one group and not in another: the row below is the noun's.
        let noun = self
            .table
            .word(row + 1, column)
            .is_some_and(|below| below.to_lowercase() == word.lower && is_noun(text, words, at));
        let Some(replacement) = self.table.word(row + usize::from(noun), target) else {
            return Vec::new();
        };
        let mut edits: Vec<Edit> = article_edit(text, words, at, replacement).into_iter().collect();
        let text = in_case_of(word.text, replacement);
        edits.push(Edit { range: word.start..word.end, text });
        edits
    }
}

/// Whether a word that may be an adjective or a noun is the noun: it has an article, and nothing that it could describe follows.
fn is_noun(text: &str, words: &[Word<'_>], at: usize) -> bool {
    const VERBS: [&str; 14] = [
        "came", "found", "gave", "goes", "got", "left", "made", "met", "said", "saw", "says",
        "told", "took", "went",
    ];
    const DETERMINERS: [&str; 13] = [
        "a", "an", "the", "this", "that", "one", "another", "every", "each", "no", "any", "old",
        "young",
    ];
    let determined =
        preceding(text, words, at).is_some_and(|word| DETERMINERS.contains(&word.lower.as_str()));
    let describes = following(text, words, at).is_some_and(|word| {
        let next = word.lower.as_str();
        !is_function_word(next) && !VERBS.contains(&next) && !next.ends_with("ed")
    });
    determined && !describes
}
