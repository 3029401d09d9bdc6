//! Whether an answer is the right one, in several degrees of strictness. Every function takes the right answer and the
//! given one; an empty given answer never matches.

use std::sync::LazyLock;

use regex::Regex;

use crate::normalize::{Articles, normalize, normalize_text};
use crate::python::{int, split, strip};
use crate::quick::QuickSet;

/// Equal but for white space around.
pub fn exact(gold: &str, given: &str) -> bool {
    !given.is_empty() && strip(gold) == strip(given)
}

/// Equal after [`normalize_text`].
pub fn quasi_exact(gold: &str, given: &str) -> bool {
    !given.is_empty() && normalize_text(gold) == normalize_text(given)
}

/// Equal after normalisation that keeps articles.
pub fn quasi_exact_with_articles(gold: &str, given: &str) -> bool {
    !given.is_empty() && normalize(gold, Articles::Keep) == normalize(given, Articles::Keep)
}

/// The given answer begins with the right one, but for white space around.
pub fn prefix(gold: &str, given: &str) -> bool {
    !given.is_empty() && strip(given).starts_with(strip(gold))
}

/// The given answer begins with the right one, both normalised.
pub fn quasi_prefix(gold: &str, given: &str) -> bool {
    !given.is_empty() && normalize_text(given).starts_with(&normalize_text(gold))
}

/// What follows the last indicator is equal. With a space as indicator, the last words are compared.
pub fn after_indicator(gold: &str, given: &str, indicator: &str) -> bool {
    let tail = |text: &str| strip(text.rsplit(indicator).next().unwrap_or(text)).to_owned();
    exact(&tail(gold), &tail(given))
}

/// The last numbers are equal as text, commas removed.
pub fn final_number(gold: &str, given: &str) -> bool {
    exact(&last_number(gold), &last_number(given))
}

/// The last number in a text, commas removed; empty if there is none. A number is an optional minus, digits and commas, and
/// possibly one character other than a line break followed by more digits (HELM's pattern, whose dot is not escaped).
pub fn last_number(text: &str) -> String {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"-?[\d,]+(?:.\d+)?").expect("the pattern is valid"));
    NUMBER.find_iter(text).last().map_or_else(String::new, |found| found.as_str().replace(',', ""))
}

/// The last stretch of `+-*/%.()` and digits in the given answer equals the right answer (CLEVA's rule).
pub fn last_expression(gold: &str, given: &str) -> bool {
    static EXPRESSION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[-+*/%.()\d]+").expect("the pattern is valid"));
    let expression =
        EXPRESSION.find_iter(given).last().map_or(given, |m| m.as_str().trim_start_matches(')'));
    exact(gold, strip(expression))
}

/// The F1 score of the sets of words after [`normalize_text`], in [0, 1]; 0 when either has no words.
pub fn word_f1(gold: &str, given: &str) -> f64 {
    normalized_word_f1(&normalize_text(gold), &normalize_text(given))
}

/// [`word_f1`] of texts that are normalised already.
pub fn normalized_word_f1(gold: &str, given: &str) -> f64 {
    let gold: QuickSet<&str> = split(gold).collect();
    let given: QuickSet<&str> = split(given).collect();
    let shared = gold.intersection(&given).count();
    if shared == 0 {
        return 0.0;
    }
    let precision = shared as f64 / given.len() as f64;
    let recall = shared as f64 / gold.len() as f64;
    1.0 / (0.5 / precision + 0.5 / recall)
}

/// The absolute difference of two whole numbers (commas ignored); what is not a whole number counts as 0.
pub fn absolute_difference(gold: &str, given: &str) -> f64 {
    let read = |text: &str| int(&text.replace(',', "")).unwrap_or(0.0);
    (read(gold) - read(given)).abs()
}
