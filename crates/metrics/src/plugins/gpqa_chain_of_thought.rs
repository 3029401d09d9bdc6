//! The letter stated at the end of a chain of thought: HELM's `GPQAChainOfThoughtMetric`, and how the authors of MMLU-Pro
//! and of GPQA read it.

use std::sync::LazyLock;

use fancy_regex::Regex;
use holometer_core::{Metric, MetricCard, MetricOptions, Score, Unit, Value};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;

const NAME: &str = "gpqa_chain_of_thought";

/// A score with its summary and how it reads an answer.
type Reading = (&'static str, &'static str, fn(&str) -> Option<char>);

/// HELM's score first; the others are left out of HELM's numbers.
const READINGS: [Reading; 3] = [
    (
        "chain_of_thought_correctness",
        "The letter stated after the reasoning is the right one",
        stated_letter,
    ),
    (
        "mmlu_pro_correctness",
        "As `chain_of_thought_correctness`, read as MMLU-Pro's authors do",
        mmlu_pro_letter,
    ),
    (
        "gpqa_correctness",
        "As `chain_of_thought_correctness`, read as GPQA's authors do",
        gpqa_letter,
    ),
];

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    let readings = if options.helm_compat { &READINGS[..1] } else { &READINGS };
    Ok(Box::new(StatedLetter { readings }))
}

fn cards() -> Vec<MetricCard> {
    READINGS.iter().map(card).collect()
}

fn card(&(name, summary, _): &Reading) -> MetricCard {
    MetricCard {
        name,
        summary,
        docs: include_str!("../docs/gpqa_chain_of_thought.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }
}

/// HELM's patterns in the order in which they are tried. The second is HELM's literally: its brackets are escaped by mistake.
static PATTERNS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"answer is \(?([A-J])\)?",
        r"\.*\[aA\]nswer:\s*\(?([A-J])\)?",
        "correct answer is [^A-Za-z]*([A-J])",
        "correct answer is [^A-Z]*([A-J])",
    ]
    .map(|pattern| Regex::new(pattern).expect("the pattern is valid"))
});

struct StatedLetter {
    readings: &'static [Reading],
}

impl Metric for StatedLetter {
    fn cards(&self) -> Vec<MetricCard> {
        self.readings.iter().map(card).collect()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let found = text_and_letter(unit);
        let scores = self.readings.iter().map(|(name, _, read)| {
            let value = match &found {
                Ok((text, right)) => Value::indicator(read(text).is_some_and(|l| l == *right)),
                Err(reason) => Value::Unscored(reason.clone()),
            };
            Score::new(*name, value)
        });
        scores.collect()
    }
}

/// What the model wrote, and the letter of the right choice.
fn text_and_letter<'a>(unit: &Unit<'a>) -> Result<(&'a str, char), String> {
    let responses = unit.responses()?;
    let completion = responses
        .first()
        .and_then(|response| response.completions.first())
        .ok_or("the response holds no completion")?;
    let right = unit.instance.references.iter().position(holometer_core::Reference::is_correct);
    let right = right.ok_or("the instance has no right answer")?;
    let letter = u8::try_from(right).ok().and_then(|index| b'A'.checked_add(index)).map(char::from);
    Ok((&completion.text, letter.ok_or("the instance has too many choices")?))
}

fn stated_letter(text: &str) -> Option<char> {
    first_group(&*PATTERNS, text)
}

/// MMLU-Pro's script: `answer is (X)`, else `Answer: X`, else the last letter from A to J that stands alone.
fn mmlu_pro_letter(text: &str) -> Option<char> {
    static STATED: LazyLock<[Regex; 3]> = LazyLock::new(|| {
        [r"answer is \(?([A-J])\)?", r".*[aA]nswer:[\s\x1c-\x1f]*([A-J])", r"(?s).*\b([A-J])\b"]
            .map(|pattern| Regex::new(pattern).expect("the pattern is valid"))
    });
    first_group(&*STATED, text)
}

/// GPQA's script: the letter in brackets after `answer is`, `Answer:`, `answer:` or `answer`, else the first in brackets.
fn gpqa_letter(text: &str) -> Option<char> {
    static STATED: LazyLock<[Regex; 5]> = LazyLock::new(|| {
        ["answer is ", "Answer: ", "answer: ", "answer ", ""]
            .map(|before| Regex::new(&format!(r"{before}\((.)\)")).expect("the pattern is valid"))
    });
    STATED.iter().find_map(|pattern| {
        first_group(std::slice::from_ref(pattern), text).filter(|letter| "ABCD".contains(*letter))
    })
}

/// The first letter of the first pattern's group that is found.
fn first_group(patterns: &[Regex], text: &str) -> Option<char> {
    patterns.iter().find_map(|pattern| {
        let captures = pattern.captures(text).ok().flatten()?;
        captures.get(1)?.as_str().chars().next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_where_helm_finds_them() {
        for (text, letter) in [
            ("So the answer is (C).", Some('C')),
            ("The correct answer is B", Some('B')),
            ("The correct answer is **D**", Some('D')),
            ("the correct answer is option F", Some('F')),
            ("[aA]nswer: (E)", Some('E')),
            ("Answer: A", None),
            ("the answer is unknown", None),
            ("", None),
        ] {
            assert_eq!(stated_letter(text), letter, "{text:?}");
        }
    }
}
