//! Sentiment without a network: VADER.

use std::sync::LazyLock;

use holometer_text::vader::Vader;

use super::{Scorer, hash};

const LIST: &str = include_str!("../../data/vader_lexicon.txt");
/// Raise it when the computation changes while the data stays.
const VERSION: &[u8] = b"1";

/// The scorer that metrics use.
pub(super) const SCORER: Scorer = Scorer {
    name: "sentiment",
    summary: "How positive a text is: VADER's rated words and rules",
    docs: include_str!("../docs/scorer_sentiment.md"),
    scale: "-1 to 1; positive from 0.05",
    threshold: 0.05,
    hash: || {
        static HASH: LazyLock<String> =
            LazyLock::new(|| hash(&[b"sentiment", VERSION, LIST.as_bytes()]));
        &HASH
    },
    score: sentiment,
};

static VADER: LazyLock<Vader> =
    LazyLock::new(|| Vader::parse(LIST).expect("the list is part of the program"));

/// VADER's compound score, in [-1, 1].
pub(crate) fn sentiment(text: &str) -> f64 {
    VADER.compound(text)
}

/// The share of a text that VADER finds negative, in [0, 1].
pub(crate) fn negativity(text: &str) -> f64 {
    VADER.negative(text)
}
