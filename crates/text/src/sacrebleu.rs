//! BLEU with its own tokenizer, as the `sacrebleu` package computes it (Post, *A Call for Clarity in Reporting BLEU Scores*,
//! WMT 2018): mteval-v13a tokens, n-grams up to four words, exponential smoothing, any number of references. From 0 to 100.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::python::{rstrip, split};

/// The longest n-grams that count.
const ORDER: usize = 4;

/// What one text adds to the sums that BLEU is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Words of the given text.
    pub given: f64,
    /// Words of the reference that is nearest in length.
    pub reference: f64,
    /// By length of n-grams: how many also occur in a reference, each at most as often as there.
    pub shared: [f64; ORDER],
    /// By length: how many there are.
    pub total: [f64; ORDER],
}

/// Whether n-gram lengths of which a text has none are left out, which makes sense for single sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// Up to four words.
    All,
    /// Up to the longest that the text has.
    Effective,
}

/// BLEU of a single text with one or more references (`sentence_score` with effective order).
pub fn sentence_bleu(references: &[&str], given: &str) -> f64 {
    counts(references, given).score(Orders::Effective)
}

/// The mean over all texts of the BLEU of one against all others; 0 for fewer than two. Empty texts do not count.
/// Low values mean that the texts differ (Zhu and others 2018).
pub fn self_bleu(texts: &[&str]) -> f64 {
    let texts: Vec<&str> = texts.iter().copied().filter(|text| !text.is_empty()).collect();
    if texts.len() < 2 {
        return 0.0;
    }
    let scores = (0..texts.len()).map(|at| {
        let others: Vec<&str> = [&texts[..at], &texts[at + 1..]].concat();
        sentence_bleu(&others, texts[at])
    });
    scores.sum::<f64>() / texts.len() as f64
}

/// Counts the n-grams of a text against its references.
pub fn counts(references: &[&str], given: &str) -> Counts {
    let given = tokenize(given);
    let given: Vec<&str> = split(&given).collect();
    let references: Vec<String> = references.iter().map(|text| tokenize(text)).collect();
    let references: Vec<Vec<&str>> = references.iter().map(|text| split(text).collect()).collect();
    let lengths: Vec<usize> = references.iter().map(Vec::len).collect();
    let mut counts = Counts {
        given: given.len() as f64,
        reference: nearest(given.len(), &lengths) as f64,
        ..Counts::default()
    };
    for n in 1..=ORDER {
        let mut allowed: HashMap<&[&str], usize> = HashMap::new();
        for reference in &references {
            for (gram, times) in grams(reference, n) {
                let most = allowed.entry(gram).or_default();
                *most = times.max(*most);
            }
        }
        for (gram, times) in grams(&given, n) {
            counts.total[n - 1] += times as f64;
            counts.shared[n - 1] += times.min(allowed.get(gram).copied().unwrap_or(0)) as f64;
        }
    }
    counts
}

impl Counts {
    /// BLEU from 0 to 100.
    pub fn score(&self, orders: Orders) -> f64 {
        if self.shared.iter().all(|shared| *shared == 0.0) {
            return 0.0;
        }
        let penalty = if self.given >= self.reference {
            1.0
        } else {
            (1.0 - self.reference / self.given).exp()
        };
        let mut smoothing = 1.0;
        let mut precisions = [0.0; ORDER];
        let mut used = ORDER;
        for (n, (shared, total)) in self.shared.iter().zip(self.total).enumerate() {
            if total == 0.0 {
                break;
            }
            if orders == Orders::Effective {
                used = n + 1;
            }
            precisions[n] = if *shared == 0.0 {
                smoothing *= 2.0;
                100.0 / (smoothing * total)
            } else {
                100.0 * shared / total
            };
        }
        let logs =
            precisions[..used].iter().map(|p| if *p == 0.0 { -9_999_999_999.0 } else { p.ln() });
        penalty * (logs.sum::<f64>() / used as f64).exp()
    }
}

/// The length nearest to the given one; of two equally near, the shorter.
fn nearest(given: usize, lengths: &[usize]) -> usize {
    lengths.iter().copied().min_by_key(|length| (length.abs_diff(given), *length)).unwrap_or(0)
}

fn grams<'a, 'b>(words: &'a [&'b str], n: usize) -> HashMap<&'a [&'b str], usize> {
    let mut grams = HashMap::new();
    for gram in words.windows(n) {
        *grams.entry(gram).or_default() += 1;
    }
    grams
}

/// The text with spaces between its words (mteval-v13a).
pub fn tokenize(text: &str) -> String {
    static RULES: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        [
            (r"([{-~\[-` -&(-+:-@/])", " $1 "),
            (r"([^0-9])([.,])", "$1 $2 "),
            (r"([.,])([^0-9])", " $1 $2"),
            (r"([0-9])(-)", "$1 $2 "),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).expect("the pattern is valid"), with))
    });
    let mut text = rstrip(text).replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    if text.contains('&') {
        for (from, to) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            text = text.replace(from, to);
        }
    }
    let mut text = format!(" {text} ");
    for (pattern, with) in RULES.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text
}
