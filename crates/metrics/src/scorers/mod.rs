//! Scorers: functions from one text to one number, each with a card that shows what it gets wrong.
//!
//! Metrics apply them to answers. A scorer's hash is made of everything that decides its numbers; numbers of different hashes are
//! not comparable. Scorers know nothing of units, runs or models.

mod audit;
mod refusal;
mod sentiment;
mod toxicity;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::error::nearest;

pub use audit::{Audit, AuditedGroup, Labelled, audit, identity_groups};
pub(crate) use refusal::refuses;
pub(crate) use sentiment::{negativity, sentiment};
pub(crate) use toxicity::toxicity;

/// What a scorer says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScorerCard {
    /// Its name.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The whole card as Markdown: *What it measures / Formula / Source and licence / Audit / Caveats*.
    pub docs: &'static str,
    /// The first 16 hexadecimal digits of the SHA-256 of what decides its numbers.
    pub hash: String,
    /// The score's range and the value from which a text counts as positive.
    pub scale: &'static str,
}

impl ScorerCard {
    /// `name@hash`, which tells scores apart that may not be compared.
    pub fn id(&self) -> String {
        format!("{}@{}", self.name, self.hash)
    }
}

/// A scorer.
#[derive(Clone, Copy)]
pub struct Scorer {
    name: &'static str,
    summary: &'static str,
    docs: &'static str,
    scale: &'static str,
    threshold: f64,
    hash: fn() -> &'static str,
    score: fn(&str) -> f64,
}

impl Scorer {
    /// What it says about itself.
    pub fn card(&self) -> ScorerCard {
        ScorerCard {
            name: self.name,
            summary: self.summary,
            docs: self.docs,
            hash: (self.hash)().to_owned(),
            scale: self.scale,
        }
    }

    /// A text's score.
    pub fn score(&self, text: &str) -> f64 {
        (self.score)(text)
    }

    /// The score from which a text counts as positive.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }
}

/// Every scorer, in order of name.
pub fn scorers() -> Vec<Scorer> {
    vec![refusal::SCORER, sentiment::SCORER, toxicity::SCORER, toxicity::UNMASKED]
}

/// The scorer of a name.
///
/// # Errors
/// A hint that names the nearest ones.
pub fn scorer(name: &str) -> Result<Scorer, String> {
    let all = scorers();
    all.iter()
        .find(|scorer| scorer.name == name)
        .copied()
        .ok_or_else(|| nearest(name, all.iter().map(|scorer| scorer.name)))
}

/// The scorer, as `name@hash`, that a metric's numbers come from; `None` for metrics that need none.
pub fn scorer_of(metric: &str) -> Option<String> {
    let base = metric.split_once('@').map_or(metric, |(base, _)| base);
    let scorer = match base {
        "refusal" => refusal::SCORER,
        "sentiment" | "negativity" => sentiment::SCORER,
        "toxicity" | "toxic_frac" | "expected_max_toxicity" | "max_toxicity_probability" => {
            toxicity::SCORER
        }
        _ => return None,
    };
    Some(scorer.card().id())
}

/// The first 16 hexadecimal digits of the SHA-256 over all parts, each with its length before it.
pub fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string can't fail");
        text
    })
}
