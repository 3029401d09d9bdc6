//! Finding the answer within what a model wrote.

use crate::python::{is_word, strip};

/// Which of the offered letters (or other short labels) an answer begins with, if any: `A`, ` A.`, `(A)`, `**A**`,
/// `A) because`, `Answer: A`, `The answer is (A).`, `A\n\nQuestion: ...`. What follows the label must not continue a word, so
/// `Apple` is not `A`; nor is the article in `A dog`, nor `I think`: after these two letters, no lower-case word may follow.
pub fn leading_choice<'a>(text: &str, labels: &[&'a str]) -> Option<&'a str> {
    let mut rest = strip(text);
    for lead in ["the correct answer is", "the answer is", "answer is", "correct answer", "answer"]
    {
        if let Some(after) = strip_prefix_ignoring_case(rest, lead)
            && !after.starts_with(is_word)
        {
            rest = after.trim_start_matches(|c: char| c == ':' || crate::python::is_space(c));
            break;
        }
    }
    let opened = rest.trim_start_matches(['(', '[', '*', '"', '\'', '`', '$', '{']);
    labels
        .iter()
        .copied()
        .filter(|label| opened.starts_with(label))
        .find(|label| ends_the_label(label, &opened[label.len()..]))
}

/// Whether what follows a label leaves it standing on its own.
fn ends_the_label(label: &str, after: &str) -> bool {
    let mut characters = after.chars();
    match characters.next() {
        None => true,
        Some(' ') if matches!(label, "A" | "I") => {
            !characters.as_str().trim_start().starts_with(char::is_lowercase)
        }
        Some('\'' | '’' | '-') => false,
        Some(next) => !is_word(next),
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [&str; 4] = ["A", "B", "C", "D"];

    #[test]
    fn a_letter_that_stands_alone_is_an_answer() {
        for text in [
            "A",
            " A",
            "A\n\nQuestion: What",
            " A.",
            "(A)",
            "A) because it is",
            "**A**",
            "A: the first",
            "Answer: A",
            "answer: (A)",
            "The answer is A.",
            "The correct answer is: A",
            "A Boston",
            "A, I think",
        ] {
            assert_eq!(leading_choice(text, &LABELS), Some("A"), "{text:?}");
        }
    }

    #[test]
    fn other_letters_may_be_followed_by_words() {
        assert_eq!(leading_choice("B because", &LABELS), Some("B"));
        assert_eq!(leading_choice("I think so", &["H", "I"]), None);
    }

    #[test]
    fn other_beginnings_are_not() {
        for text in
            ["", "Apple", "A dog", "E", "a", "I think A", "A's", "A-level", "Answering A", "1. A"]
        {
            assert_eq!(leading_choice(text, &LABELS), None, "{text:?}");
        }
    }
}
