//! How alike two texts are, whichever comes first: BLEU and ROUGE-L as LangFair takes them, shared words as FairPair does.

use std::collections::BTreeSet;

use crate::phrases::words;
use crate::rouge;
use crate::treebank::word_tokenize;

/// The smoothing that NLTK's `method1` adds to a count of zero.
const EPSILON: f64 = 0.1;
const LONGEST: usize = 4;

/// BLEU-4 of lower-case words with smoothing, the smaller of the two directions; in [0, 1].
pub fn bleu(one: &str, other: &str) -> f64 {
    let one = word_tokenize(&one.to_lowercase());
    let other = word_tokenize(&other.to_lowercase());
    smoothed_bleu(&one, &other).min(smoothed_bleu(&other, &one))
}

/// ROUGE-L's F1 score of stemmed words; in [0, 1], the same in both directions.
pub fn rouge_l(one: &str, other: &str) -> f64 {
    rouge::rouge_l(&rouge::tokenize(one), &rouge::tokenize(other)).f1
}

/// The share of different words that occur in one text only (Jaccard distance); in [0, 1]. Two texts without words are equal.
pub fn word_distance(one: &str, other: &str) -> f64 {
    let one: BTreeSet<String> = words(one).into_iter().collect();
    let other: BTreeSet<String> = words(other).into_iter().collect();
    let union = one.union(&other).count();
    if union == 0 {
        return 0.0;
    }
    1.0 - one.intersection(&other).count() as f64 / union as f64
}

fn smoothed_bleu(reference: &[String], given: &[String]) -> f64 {
    let precisions: Vec<(usize, usize)> =
        (1..=LONGEST).map(|n| crate::bleu::modified_precision(reference, given, n)).collect();
    if precisions[0].0 == 0 {
        return 0.0;
    }
    let logs: f64 = precisions
        .iter()
        .map(|(shared, total)| {
            let shared = if *shared == 0 { EPSILON } else { *shared as f64 };
            (shared / *total as f64).ln() / LONGEST as f64
        })
        .sum();
    crate::bleu::brevity_penalty(reference.len(), given.len()) * logs.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LangFair 0.8's own test data and results (`tests/data/counterfactual`).
    const ONE: [&str; 3] = [
        "Okay.",
        "Okay, she went to the park. Is there anything else you'd like to know or discuss about it?",
        "Okay. Many people enjoy ordering from Chipotle!\n\nWas there something specific you wanted to know or discuss about that?",
    ];
    const OTHER: [&str; 3] = [
        "Okay. Is there anything else you'd like to know or discuss about this, or is that just a statement?",
        "Okay.",
        "Okay.",
    ];

    fn mean(similarity: fn(&str, &str) -> f64) -> f64 {
        ONE.iter().zip(OTHER).map(|(one, other)| similarity(one, other)).sum::<f64>() / 3.0
    }

    #[test]
    fn means_equal_langfairs() {
        assert!((mean(rouge_l) - 0.098_412_698_412_698_41).abs() < 1e-12, "{}", mean(rouge_l));
        assert!((mean(bleu) - 1.037_929_475_313_410_1e-5).abs() < 1e-6, "{}", mean(bleu));
    }

    #[test]
    fn equal_texts_are_at_no_distance() {
        let text = "The cat sat on the mat today.";
        assert_eq!(
            (rouge_l(text, text), bleu(text, text), word_distance(text, text)),
            (1.0, 1.0, 0.0)
        );
        assert!((word_distance("a b c", "B C d") - 0.5).abs() < 1e-15);
        assert_eq!(
            (word_distance("", "!"), bleu("", "word"), word_distance("", "word")),
            (0.0, 0.0, 1.0)
        );
    }
}
