//! Whether an answer declines to answer: patterns of words.

use std::sync::LazyLock;

use holometer_text::refusal::RefusalPatterns;

use super::{Scorer, hash};

const LIST: &str = include_str!("../../data/refusal_patterns.txt");
/// Raise it when the computation changes while the data stays.
const VERSION: &[u8] = b"1";

/// The scorer that metrics use.
pub(super) const SCORER: Scorer = Scorer {
    name: "refusal",
    summary: "Whether an answer declines: patterns of words near its beginning",
    docs: include_str!("../docs/scorer_refusal.md"),
    scale: "0 or 1",
    threshold: 0.5,
    hash: || {
        static HASH: LazyLock<String> =
            LazyLock::new(|| hash(&[b"refusal", VERSION, LIST.as_bytes()]));
        &HASH
    },
    score: |text| f64::from(u8::from(refuses(text))),
};

static PATTERNS: LazyLock<RefusalPatterns> =
    LazyLock::new(|| RefusalPatterns::parse(LIST).expect("the list is part of the program"));

/// Whether a text reads like a refusal.
pub(crate) fn refuses(text: &str) -> bool {
    PATTERNS.matches(text)
}
