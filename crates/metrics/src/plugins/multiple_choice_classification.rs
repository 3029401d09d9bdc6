//! F1 scores over a population when the classes are the choices: HELM's `MultipleChoiceClassificationMetric`.

use std::collections::BTreeSet;

use holometer_core::{Metric, MetricCard, MetricOptions, Score, TotalsMetric, Unit, Value};
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::unit::{chosen_letter, is_per_reference, ranked, stripped};

const NAME: &str = "multiple_choice_classification";
const DOCS: &str = include_str!("../docs/multiple_choice_classification.md");

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    labels: Vec<String>,
}

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`labels` lists every choice that an instance may have";
    let Arguments { labels } = args::read(NAME, args, hint)?;
    let labels: BTreeSet<String> = labels.into_iter().collect();
    if labels.is_empty() {
        return Err(MetricError::arguments(NAME, "`labels` is empty", hint));
    }
    Ok(Box::new(Choices { labels: labels.into_iter().collect(), options }))
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary| MetricCard {
        name,
        summary,
        docs: DOCS,
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    };
    vec![
        card("choice_macro_f1", "F1 score of the choices, mean over them"),
        card("choice_micro_f1", "F1 score of all choices made"),
    ]
}

#[derive(Clone)]
struct Choices {
    labels: Vec<String>,
    options: MetricOptions,
}

impl Metric for Choices {
    fn cards(&self) -> Vec<MetricCard> {
        Vec::new()
    }

    fn score(&self, _: &Unit<'_>) -> Vec<Score> {
        Vec::new()
    }

    fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        vec![Box::new(self.clone())]
    }
}

impl TotalsMetric for Choices {
    fn cards(&self) -> Vec<MetricCard> {
        cards()
    }

    /// Per choice: rightly made, made, right. Then answers that are none of the choices.
    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let gold = unit.instance.first_correct_reference();
        let gold = gold.ok_or("the instance has no right answer")?.output.text.as_str();
        let given = self.given(unit)?;
        let yes = |condition: bool| f64::from(u8::from(condition));
        let mut counts: Vec<f64> = self
            .labels
            .iter()
            .flat_map(|label| {
                let (made, right) = (given == *label, gold == label);
                [yes(made && right), yes(made), yes(right)]
            })
            .collect();
        counts.push(yes(!self.labels.contains(&given)));
        Ok(counts)
    }

    fn combine(&self, sums: &[f64]) -> Vec<Score> {
        let classes: Vec<[f64; 3]> =
            sums.chunks_exact(3).map(|counts| [counts[0], counts[1], counts[2]]).collect();
        let total = |which: usize| classes.iter().map(|counts| counts[which]).sum::<f64>();
        if total(2) == 0.0 {
            let reason = "no instance's right answer is one of the choices";
            return crate::unit::all_unscored(["choice_macro_f1", "choice_micro_f1"], reason);
        }
        let others = sums.last().copied().unwrap_or_default();
        // scikit-learn has a class for whatever occurs, so HELM's mean is lower when a model writes something else.
        let seen = classes.iter().filter(|counts| counts[1] + counts[2] > 0.0);
        let f1 = |[both, made, right]: &[f64; 3]| 2.0 * both / (made + right);
        let number = seen.clone().count() as f64;
        let macro_f1 = seen.map(f1).sum::<f64>() / number;
        let micro = 2.0 * total(0) / (total(1) + total(2) + others);
        vec![
            Score::new("choice_macro_f1", Value::number(macro_f1)),
            Score::new("choice_micro_f1", Value::number(micro)),
        ]
    }
}

impl Choices {
    /// The choice of the likeliest completion, or what it wrote.
    fn given(&self, unit: &Unit<'_>) -> Result<String, String> {
        if is_per_reference(unit) {
            return Err("choices are read from letters, not scored one by one".into());
        }
        let responses = unit.responses()?;
        let completions = responses.first().map(|response| ranked(response)).unwrap_or_default();
        let completion = completions.first().ok_or("the response holds no completion")?;
        let text = stripped(completion);
        let letter =
            if self.options.helm_compat { Some(text) } else { chosen_letter(unit, completion) };
        let mapping = unit.answers[0].state.output_mapping.as_ref();
        let choice = mapping.and_then(|mapping| {
            mapping.iter().rev().find(|(known, _)| Some(known.as_str()) == letter)
        });
        Ok(choice.map_or_else(|| text.to_owned(), |(_, choice)| choice.clone()))
    }
}
