//! Part of an audit: how much a scorer's number changes when a text is rewritten in a way that should not matter, for instance in
//! another dialect.

use holometer_metrics::scorers::Labelled;
use holometer_perturb::perturb_each;
use holometer_report::fairness::p_value;
use holometer_report::{Column, Table, number};
use holometer_stats::difference::{DifferenceOptions, paired_difference};
use serde::Serialize;

use crate::args::{AuditArgs, EnvironmentArgs};
use crate::commands::chosen::Chosen;
use crate::commands::perturb::{specs, title};
use crate::failure::Failure;
use crate::pipeline::{Environment, perturbation_resources};
use crate::progress::Talk;

/// What one rewriting does to the scores.
#[derive(Debug, Serialize)]
pub(super) struct Rewritten {
    /// The perturbation.
    rewriting: String,
    /// Texts that it changes.
    n: usize,
    /// Texts that it leaves as they are; they don't count.
    unchanged: usize,
    /// Mean scores.
    before: f64,
    after: f64,
    /// The mean change, with its 95% interval and p value.
    change: f64,
    low: Option<f64>,
    high: Option<f64>,
    p: f64,
    /// The share of truly negative texts that are scored positive.
    false_alarms_before: Option<f64>,
    false_alarms_after: Option<f64>,
}

/// Every rewriting that the user asks for.
pub(super) fn rewritten(
    args: &AuditArgs,
    scorer: &Chosen,
    texts: &[String],
    labelled: &[Labelled],
    talk: &Talk,
) -> Result<Vec<Rewritten>, Failure> {
    let mut found = Vec::new();
    if args.rewrite.is_empty() {
        return Ok(found);
    }
    let plain = EnvironmentArgs {
        max_cache: "20GB".to_owned(),
        data_dir: args.data_dir.clone(),
        ..EnvironmentArgs::default()
    };
    let environment = Environment::new(&plain, &[])?;
    let resources = perturbation_resources(&environment.library, talk);
    for name in &args.rewrite {
        let before = found.len();
        for spec in specs(name)? {
            let mut shown = spec.name.clone();
            let mut changed: Vec<(&Labelled, &str)> = Vec::new();
            let copies = perturb_each(&spec, texts, &resources).map_err(Failure::usage)?;
            for ((text, original), perturbed) in texts.iter().zip(labelled).zip(&copies) {
                if let Some(description) = &perturbed.perturbation {
                    shown = title(description);
                }
                if perturbed.input.text != *text {
                    changed.push((original, &perturbed.input.text));
                }
            }
            let unchanged = texts.len() - changed.len();
            let scores = scorer.score(&changed.iter().map(|(_, text)| *text).collect::<Vec<_>>());
            let scored = changed.iter().zip(scores);
            let changes: Vec<(&Labelled, f64)> = scored
                .filter_map(|((original, _), score)| Some((*original, score.ok()?)))
                .collect();
            found.extend(summary(shown, unchanged, &changes, scorer.threshold()));
        }
        if found.len() == before {
            return Err(Failure::nothing(format!("`{name}` changes none of the texts"))
                .hint("`holometer list perturbations` lists others"));
        }
    }
    Ok(found)
}

fn summary(
    rewriting: String,
    unchanged: usize,
    changes: &[(&Labelled, f64)],
    threshold: f64,
) -> Option<Rewritten> {
    let differences: Vec<f64> =
        changes.iter().map(|(before, after)| after - before.score).collect();
    let apart: Vec<usize> = (0..changes.len()).collect();
    let change = paired_difference(&differences, &apart, &DifferenceOptions::default())?;
    let n = changes.len() as f64;
    let negative: Vec<_> = changes.iter().filter(|(before, _)| !before.positive).collect();
    let alarms = |of: fn(&(&Labelled, f64)) -> f64| {
        let wrong = negative.iter().filter(|pair| of(pair) >= threshold).count();
        (!negative.is_empty()).then(|| wrong as f64 / negative.len() as f64)
    };
    Some(Rewritten {
        rewriting,
        n: changes.len(),
        unchanged,
        before: changes.iter().map(|(before, _)| before.score).sum::<f64>() / n,
        after: changes.iter().map(|(_, after)| after).sum::<f64>() / n,
        change: change.value,
        low: change.interval.as_ref().map(|interval| interval.low),
        high: change.interval.as_ref().map(|interval| interval.high),
        p: change.p_value,
        false_alarms_before: alarms(|(before, _)| before.score),
        false_alarms_after: alarms(|(_, after)| *after),
    })
}

/// For people.
pub(super) fn rewritten_table(rewritten: &[Rewritten]) -> Table {
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    let row = |found: &Rewritten| {
        vec![
            found.rewriting.clone(),
            found.n.to_string(),
            found.unchanged.to_string(),
            number(found.before),
            number(found.after),
            number(found.change),
            match (found.low, found.high) {
                (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
                _ => "-".to_owned(),
            },
            p_value(found.p),
            shown(found.false_alarms_before),
            shown(found.false_alarms_after),
        ]
    };
    let numbers = [
        "texts changed",
        "unchanged",
        "score before",
        "after",
        "change",
        "95% CI",
        "p",
        "false alarms before",
        "after rewriting",
    ];
    Table {
        title: "The same texts rewritten".to_owned(),
        columns: std::iter::once(Column::text("rewriting"))
            .chain(numbers.map(Column::number))
            .collect(),
        rows: rewritten.iter().map(row).collect(),
        notes: vec![
            "A rewriting that should not matter should not change the score: compare `placebo`. Texts that it leaves as they are do not count."
                .to_owned(),
        ],
    }
}
