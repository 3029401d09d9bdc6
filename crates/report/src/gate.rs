//! Gates: conditions under which a report counts as failed, for scripts and continuous integration.
//!
//! `accuracy<0.5` fails when the main metric of any run is below 0.5; `mmlu*:exact_match.low<0.4` looks at the lower end of
//! the interval and at some scenarios only; `*` stands for any text. A number that is missing fails its gate.

use thiserror::Error;

use crate::format::number;

/// A number that gates can look at.
#[derive(Clone, Debug, PartialEq)]
pub struct GateFact {
    /// The scenario with its arguments.
    pub scenario: String,
    /// Whose number it is: a model, or a pair of models.
    pub whose: String,
    /// What is measured.
    pub metric: String,
    /// Value and interval; or why there is none.
    pub number: Result<(f64, Option<(f64, f64)>), String>,
}

/// A condition under which a report fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    text: String,
    name: String,
    part: Part,
    comparison: Comparison,
    threshold: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Value,
    Low,
    High,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// What is wrong with a gate.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GateError {
    /// It can't be read.
    #[error(
        "`{text}` is no condition; hint: write it as in `accuracy<0.5`, `mmlu*:exact_match.low<0.4` or `disparities>0`"
    )]
    Unreadable {
        /// What was given.
        text: String,
    },
    /// It is about nothing that is there.
    #[error("nothing is called `{name}`; hint: there are {known}")]
    Nothing {
        /// The name in the condition.
        name: String,
        /// Some names that are known.
        known: String,
    },
}

impl Gate {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it has no comparison or no number.
    pub fn parse(text: &str) -> Result<Self, GateError> {
        let unreadable = || GateError::Unreadable { text: text.to_owned() };
        let at = text.find(['<', '>']).ok_or_else(unreadable)?;
        let (name, rest) = text.split_at(at);
        let or_equal = rest[1..].starts_with('=');
        let comparison = match (&rest[..1], or_equal) {
            ("<", false) => Comparison::Less,
            ("<", true) => Comparison::AtMost,
            (_, false) => Comparison::Greater,
            (_, true) => Comparison::AtLeast,
        };
        let threshold = rest[1 + usize::from(or_equal)..].trim();
        let threshold: f64 = threshold.parse().map_err(|_| unreadable())?;
        let name = name.trim();
        let (name, part) = match (name.strip_suffix(".low"), name.strip_suffix(".high")) {
            (Some(name), _) => (name, Part::Low),
            (_, Some(name)) => (name, Part::High),
            _ => (name, Part::Value),
        };
        if name.is_empty() || !threshold.is_finite() {
            return Err(unreadable());
        }
        let (text, name) = (text.to_owned(), name.to_owned());
        Ok(Self { text, name, part, comparison, threshold })
    }

    /// One sentence for each number that fails; empty when the report passes.
    ///
    /// # Errors
    /// When the condition is about nothing that is there.
    pub fn failures(&self, facts: &[GateFact]) -> Result<Vec<String>, GateError> {
        let mut matched = false;
        let mut failures = Vec::new();
        for fact in facts {
            let scoped = format!("{}:{}", fact.scenario, fact.metric);
            if !matches(&self.name, &fact.metric) && !matches(&self.name, &scoped) {
                continue;
            }
            matched = true;
            if let Some(found) = self.failure(fact) {
                failures.push(format!("`{}`: {scoped} of {} is {found}", self.text, fact.whose));
            }
        }
        if matched {
            return Ok(failures);
        }
        let mut known: Vec<String> = facts.iter().map(|f| format!("`{}`", f.metric)).collect();
        known.sort();
        known.dedup();
        known.truncate(12);
        let known = if known.is_empty() { "no numbers".into() } else { known.join(", ") };
        Err(GateError::Nothing { name: self.name.clone(), known })
    }

    fn failure(&self, fact: &GateFact) -> Option<String> {
        let (value, interval) = match &fact.number {
            Ok(number) => *number,
            Err(reason) => return Some(format!("missing ({reason})")),
        };
        let shown = match (self.part, interval) {
            (Part::Value, _) => value,
            (Part::Low, Some((low, _))) => low,
            (Part::High, Some((_, high))) => high,
            (Part::Low | Part::High, None) => return Some("without an interval".into()),
        };
        let fails = match self.comparison {
            Comparison::Less => shown < self.threshold,
            Comparison::AtMost => shown <= self.threshold,
            Comparison::Greater => shown > self.threshold,
            Comparison::AtLeast => shown >= self.threshold,
        };
        fails.then(|| number(shown))
    }
}

/// Whether a pattern in which `*` stands for any text matches a whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(scenario: &str, metric: &str, value: f64) -> GateFact {
        GateFact {
            scenario: scenario.into(),
            whose: "m".into(),
            metric: metric.into(),
            number: Ok((value, Some((value - 0.1, value + 0.1)))),
        }
    }

    #[test]
    fn conditions_look_at_values_and_at_the_ends_of_intervals() {
        let facts = [fact("mmlu:subject=anatomy", "exact_match", 0.5), fact("boolq", "f1", 0.9)];
        let failures = |text: &str| Gate::parse(text).unwrap().failures(&facts).unwrap().len();
        assert_eq!(failures("exact_match<0.5"), 0);
        assert_eq!(failures("exact_match <= 0.5"), 1);
        assert_eq!(failures("exact_match.low<0.45"), 1);
        assert_eq!(failures("mmlu*:exact_match.high>=0.6"), 1);
        assert_eq!(failures("mmlu:subject=anatomy:exact_match>0.4"), 1);
        assert_eq!(failures("*:f1<0.95"), 1);
    }

    #[test]
    fn a_missing_number_fails_and_an_unknown_name_is_a_mistake() {
        let missing = GateFact { number: Err("the run failed".into()), ..fact("a", "f1", 0.0) };
        let found = Gate::parse("f1<0.1").unwrap().failures(&[missing]).unwrap();
        assert_eq!(found, ["`f1<0.1`: a:f1 of m is missing (the run failed)"]);
        let nothing = Gate::parse("f2<0.1").unwrap().failures(&[fact("a", "f1", 0.0)]);
        assert!(nothing.unwrap_err().to_string().contains("hint: there are `f1`"));
        assert!(Gate::parse("f1=0.1").is_err());
        assert!(Gate::parse("f1<nan").is_err());
    }
}
