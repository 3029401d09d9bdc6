//! The letter stated at the end of a chain of thought: HELM's `GPQAChainOfThoughtMetric`.

use std::sync::LazyLock;

use fancy_regex::Regex;
use holometer_core::{Metric, MetricCard, MetricOptions, Score, Unit, Value};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;

const NAME: &str = "gpqa_chain_of_thought";
const SCORE: &str = "chain_of_thought_correctness";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(StatedLetter))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: SCORE,
        summary: "The letter stated after the reasoning is the right one",
        docs: include_str!("../docs/gpqa_chain_of_thought.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }]
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

struct StatedLetter;

impl Metric for StatedLetter {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        vec![Score::new(SCORE, value(unit).unwrap_or_else(Value::Unscored))]
    }
}

fn value(unit: &Unit<'_>) -> Result<Value, String> {
    let responses = unit.responses()?;
    let completion = responses
        .first()
        .and_then(|response| response.completions.first())
        .ok_or("the response holds no completion")?;
    let right = unit.instance.references.iter().position(holometer_core::Reference::is_correct);
    let right = right.ok_or("the instance has no right answer")?;
    let stated = stated_letter(&completion.text);
    let letter = u8::try_from(right).ok().and_then(|index| b'A'.checked_add(index)).map(char::from);
    Ok(Value::indicator(stated.is_some() && stated == letter))
}

fn stated_letter(text: &str) -> Option<char> {
    PATTERNS.iter().find_map(|pattern| {
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
