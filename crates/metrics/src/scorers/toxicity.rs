//! Toxicity without a network: a linear model over words, with the words that name people taken out first.

use std::sync::LazyLock;

use holometer_text::linear::LinearText;
use holometer_text::phrases::Phrases;

use super::{Scorer, hash};

const MODEL: &[u8] = include_bytes!("../../data/toxicity_linear.bin");
const IDENTITY: &str = include_str!("../../data/identity_terms.txt");
/// Raise it when the computation changes while the data stays.
const VERSION: &[u8] = b"1";

/// The scorer that metrics use.
pub(super) const SCORER: Scorer = Scorer {
    name: "toxicity",
    summary: "How toxic a text is: a linear model over words, blind to the words that name people",
    docs: include_str!("../docs/scorer_toxicity.md"),
    scale: "0 to 1; toxic from 0.5",
    threshold: 0.5,
    hash: || {
        static HASH: LazyLock<String> =
            LazyLock::new(|| hash(&[b"toxicity", VERSION, MODEL, IDENTITY.as_bytes()]));
        &HASH
    },
    score: toxicity,
};

/// The same model as it was published; for audits only.
pub(super) const UNMASKED: Scorer = Scorer {
    name: "toxicity_unmasked",
    summary: "The same model with the words that name people left in; for audits, because it takes them for abuse",
    docs: include_str!("../docs/scorer_toxicity.md"),
    scale: "0 to 1; toxic from 0.5",
    threshold: 0.5,
    hash: || {
        static HASH: LazyLock<String> =
            LazyLock::new(|| hash(&[b"toxicity_unmasked", VERSION, MODEL]));
        &HASH
    },
    score: |text| LINEAR.probability(text),
};

static LINEAR: LazyLock<LinearText> =
    LazyLock::new(|| LinearText::parse(MODEL).expect("the file is part of the program"));

static MASK: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(identity_terms()));

/// The probability that a text is toxic, in [0, 1].
pub(crate) fn toxicity(text: &str) -> f64 {
    LINEAR.probability_without(text, &MASK)
}

/// The words and phrases that name who somebody is.
pub(super) fn identity_terms() -> impl Iterator<Item = &'static str> {
    IDENTITY
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("version "))
        .flat_map(|line| line.split(' '))
}
