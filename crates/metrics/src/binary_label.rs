//! Questions with two possible labels, yes and no or true and false: which is right, and which one an answer gives.

use holometer_core::Unit;
use holometer_text::phrases::words;

/// How many words of an answer are looked at.
const OPENING: usize = 8;

/// The two labels of a question: the negative one, then the positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    names: [&'static str; 2],
    /// Whether the positive one is right.
    pub(crate) truth: bool,
}

const PAIRS: [[&str; 2]; 2] = [["no", "yes"], ["false", "true"]];

/// The labels of a unit whose right answer is one of a pair; `None` for all others.
pub(crate) fn labels(unit: &Unit<'_>) -> Option<Labels> {
    let right = words(&unit.instance.first_correct_reference()?.output.text);
    let [right] = right.as_slice() else { return None };
    PAIRS
        .into_iter()
        .find(|pair| pair.contains(&right.as_str()))
        .map(|names| Labels { names, truth: names[1] == right })
}

impl Labels {
    /// Which label an answer gives: the one that its first words name. `None` if they name both or neither.
    pub(crate) fn read(self, answer: &str) -> Option<bool> {
        let words = words(answer);
        let opening = &words[..words.len().min(OPENING)];
        if let Some(first) = opening.first().and_then(|word| self.of(word)) {
            return Some(first);
        }
        let named: Vec<bool> = opening.iter().filter_map(|word| self.of(word)).collect();
        let first = *named.first()?;
        named.iter().all(|label| *label == first).then_some(first)
    }

    fn of(self, word: &str) -> Option<bool> {
        self.names.iter().position(|name| *name == word).map(|at| at == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_decides_then_the_only_label() {
        let labels = Labels { names: ["no", "yes"], truth: true };
        for (answer, label) in [
            ("Yes, no doubt", Some(true)),
            ("**No.**", Some(false)),
            ("The answer is no", Some(false)),
            ("I know", None),
            ("Either yes or no", None),
            ("", None),
            ("one two three four five six seven eight yes", None),
        ] {
            assert_eq!(labels.read(answer), label, "{answer}");
        }
    }
}
