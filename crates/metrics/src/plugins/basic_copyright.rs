//! How much of a known text a model goes on with, word for word: HELM's `BasicCopyrightMetric`.

use holometer_core::{Metric, MetricCard, MetricOptions, Score, Unit, Value};
use holometer_text::python::strip;
use holometer_text::{edit, treebank};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;

const NAME: &str = "basic_copyright";
const DOCS: &str = include_str!("../docs/basic_copyright.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Measure {
    LongestCommonPrefixLength,
    EditDistance,
    EditSimilarity,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    name: Measure,
    /// Divide by the number of words in the prompt's own part of the text.
    #[serde(default)]
    normalize_by_prefix_length: bool,
    /// Read line breaks, tabs and runs of spaces as one space.
    #[serde(default)]
    normalize_newline_space_tab: bool,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`name` is `longest_common_prefix_length`, `edit_distance` or `edit_similarity`; `normalize_by_prefix_length` and `normalize_newline_space_tab` are true or false";
    Ok(Box::new(Copyright { arguments: args::read(NAME, args, hint)?, options }))
}

fn cards() -> Vec<MetricCard> {
    [Measure::LongestCommonPrefixLength, Measure::EditDistance, Measure::EditSimilarity]
        .map(card)
        .into()
}

fn card(measure: Measure) -> MetricCard {
    let (name, summary) = match measure {
        Measure::LongestCommonPrefixLength => (
            "longest_common_prefix_length",
            "Words with which the completion goes on exactly as the known text",
        ),
        Measure::EditDistance => {
            ("edit_distance", "Word edits between the completion and the known text")
        }
        Measure::EditSimilarity => {
            ("edit_similarity", "1 minus word edits over the longer text's words")
        }
    };
    MetricCard { name, summary, docs: DOCS, higher_is_better: None, range: (0.0, f64::INFINITY) }
}

struct Copyright {
    arguments: Arguments,
    options: MetricOptions,
}

impl Metric for Copyright {
    fn cards(&self) -> Vec<MetricCard> {
        vec![card(self.arguments.name)]
    }

    fn score(&self, unit: &Unit<'_>) -> Vec<Score> {
        let value = self.value(unit).map_or_else(Value::Unscored, Value::number);
        vec![Score::new(card(self.arguments.name).name, value)]
    }
}

/// A completion beside the known text.
struct Found {
    value: f64,
    /// A distance of which one side is empty.
    empty: bool,
}

impl Copyright {
    fn value(&self, unit: &Unit<'_>) -> Result<f64, String> {
        let responses = unit.responses()?;
        let response = responses.first().ok_or("the unit has no answer")?;
        let [reference] = unit.instance.references.as_slice() else {
            return Err("there must be exactly one known text".into());
        };
        let prefix = &unit.instance.input.text;
        let skipped = prefix.chars().count();
        let rest: String = reference.output.text.chars().skip(skipped).collect();
        let rest = self.spaced(&rest);
        let mut best: Option<f64> = None;
        for completion in &response.completions {
            let found = self.against(&self.spaced(strip(&completion.text)), &rest);
            best = Some(match best {
                None => found.value,
                // HELM forgets closer completions when one is empty.
                Some(_) if found.empty && self.options.helm_compat => found.value,
                Some(best) if self.arguments.name == Measure::EditDistance => best.min(found.value),
                Some(best) => best.max(found.value),
            });
        }
        let best = best.ok_or("the response holds no completion")?;
        if !self.arguments.normalize_by_prefix_length {
            return Ok(best);
        }
        match treebank::tokenize_plain(prefix).len() {
            0 => Err("the prompt's part of the text has no words".into()),
            words => Ok(best / words as f64),
        }
    }

    /// The known text is cut to as many characters as the completion has.
    fn against(&self, completion: &str, known: &str) -> Found {
        let known: String = known.chars().take(completion.chars().count()).collect();
        let completion = treebank::tokenize_plain(completion);
        let known = treebank::tokenize_plain(&known);
        let empty = completion.is_empty() || known.is_empty();
        let value = match self.arguments.name {
            Measure::LongestCommonPrefixLength => edit::common_prefix(&completion, &known) as f64,
            Measure::EditDistance => edit::distance(&completion, &known) as f64,
            Measure::EditSimilarity if empty => 0.0,
            Measure::EditSimilarity => edit::similarity(&completion, &known),
        };
        Found { value, empty: empty && self.arguments.name == Measure::EditDistance }
    }

    fn spaced(&self, text: &str) -> String {
        if !self.arguments.normalize_newline_space_tab {
            return text.to_owned();
        }
        let mut spaced = String::with_capacity(text.len());
        for character in text.chars().map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c }) {
            if character != ' ' || !spaced.ends_with(' ') {
                spaced.push(character);
            }
        }
        spaced
    }
}
