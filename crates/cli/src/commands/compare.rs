//! `compare`: two models, or two runs or suites of one, on the same instances.

use std::collections::{BTreeMap, BTreeSet};

use holometer_report::GateFact;
use holometer_report::comparison::{comparison_table, left_out_table};
use holometer_scenarios::Catalogue;
use holometer_store::{RunInfo, Store};
use holometer_summary::Finding;
use holometer_summary::compare::{Adjustment, Better, Comparison, SideScores, compare as judge};

use crate::args::{AdjustArg, CompareArgs, TableFormat};
use crate::commands::report::{hold, read_gates};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Scored, judgement, open_for_reading, run_label, run_table, runs_of, side_scores,
    suite_or_latest,
};

/// Prints a comparison.
pub(crate) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let gates = read_gates(&args.gates.fail_if)?;
    let store = open_for_reading(&args.database.db)?;
    let suite = suite_or_latest(&store, args.suite.as_deref())?;
    let first = side(&store, &suite, &args.first)?;
    let second = side(&store, &suite, &args.second)?;
    let scenarios = scenarios(&store, &first, &second, args.metric.as_deref())?;
    let adjustment = match args.adjust {
        AdjustArg::Holm => Adjustment::Holm,
        AdjustArg::Bh => Adjustment::BenjaminiHochberg,
    };
    let how = judgement(&args.judgement);
    let comparison = judge((&first.name, &second.name), &scenarios, adjustment, &how);
    if comparison.scenarios.is_empty() {
        let reasons: Vec<String> =
            comparison.left_out.iter().map(|(label, why)| format!("{label}: {why}")).collect();
        return Err(Failure::nothing(format!(
            "`{}` and `{}` can't be compared on any scenario: {}",
            args.first,
            args.second,
            reasons.join("; ")
        ))
        .hint("run both on the same entries with the same --max-instances"));
    }
    let mut tables = vec![comparison_table(&comparison)];
    if args.format != TableFormat::Csv {
        tables.extend(left_out_table(&comparison.left_out));
    }
    output::print_tables(&tables, &comparison, args.format)?;
    Ok(if hold(&gates, &facts(&comparison))? { Exit::Done } else { Exit::Gate })
}

/// One side of a comparison.
struct Side {
    /// How it is shown.
    name: String,
    runs: Vec<RunInfo>,
}

/// The runs that a text names: a suite, a model or a run of the suite, `MODEL@SUITE`, or a part of one model's name.
fn side(store: &Store, suite: &str, wanted: &str) -> Result<Side, Failure> {
    let suites = store.suites().map_err(Failure::usage)?;
    if suites.iter().any(|name| name == wanted) {
        return Ok(Side { name: format!("suite {wanted}"), runs: runs_of(store, wanted)? });
    }
    let runs = runs_of(store, suite)?;
    if let Some(side) = among(&runs, wanted)? {
        return Ok(side);
    }
    if let Some((model, other)) = wanted.rsplit_once('@')
        && suites.iter().any(|name| name == other)
        && let Some(side) = among(&runs_of(store, other)?, model)?
    {
        return Ok(Side { name: format!("{} in suite {other}", side.name), ..side });
    }
    let models: BTreeSet<&str> = runs.iter().map(|run| run.spec.model.name.as_str()).collect();
    let models: Vec<&str> = models.into_iter().collect();
    Err(Failure::usage(format!("`{wanted}` is no model or run of suite `{suite}`, and no suite"))
        .hint(format!(
            "its models are {}; the suites are {}",
            models.join(", "),
            suites.join(", ")
        )))
}

fn among(runs: &[RunInfo], wanted: &str) -> Result<Option<Side>, Failure> {
    let model = |run: &RunInfo| run.spec.model.name.to_string();
    let of = |name: &str| Side {
        name: name.to_owned(),
        runs: runs.iter().filter(|run| model(run) == name).cloned().collect(),
    };
    if runs.iter().any(|run| model(run) == wanted) {
        return Ok(Some(of(wanted)));
    }
    if let Some(run) = runs.iter().find(|run| run.spec.name.as_str() == wanted) {
        return Ok(Some(Side { name: wanted.to_owned(), runs: vec![run.clone()] }));
    }
    let similar: BTreeSet<String> =
        runs.iter().map(model).filter(|name| name.contains(wanted)).collect();
    let similar: Vec<String> = similar.into_iter().collect();
    match similar.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(of(only))),
        several => Err(Failure::usage(format!("`{wanted}` is a part of several models' names"))
            .hint(format!("name one of {}", several.join(", ")))),
    }
}

/// The scores of both sides by scenario. Sides with several models are paired model by model.
fn scenarios(
    store: &Store,
    first: &Side,
    second: &Side,
    metric: Option<&str>,
) -> Result<Vec<(String, SideScores, SideScores)>, Failure> {
    let catalogue = Catalogue::builtin();
    let models = |side: &Side| {
        side.runs.iter().map(|run| run.spec.model.name.clone()).collect::<BTreeSet<_>>()
    };
    let by_model = models(first).len() > 1 || models(second).len() > 1;
    let key = |run: &RunInfo| {
        if by_model {
            format!("{} ({})", run_label(run), run.spec.model.name)
        } else {
            run_label(run)
        }
    };
    let scores = |run: &RunInfo| -> Result<SideScores, Failure> {
        let scored = metric.map_or(Scored::MainMetric, Scored::Metric);
        Ok(side_scores(&run_table(store, run, &catalogue, scored)?, scored))
    };
    if let ([one], [other]) = (first.runs.as_slice(), second.runs.as_slice()) {
        let (a, b) = (run_label(one), run_label(other));
        let label = if a == b { a } else { format!("{a} and {b}") };
        return Ok(vec![(label, scores(one)?, scores(other)?)]);
    }
    let mut sides: BTreeMap<String, [SideScores; 2]> = BTreeMap::new();
    for (at, side) in [first, second].into_iter().enumerate() {
        for run in &side.runs {
            sides.entry(key(run)).or_default()[at] = scores(run)?;
        }
    }
    Ok(sides.into_iter().map(|(label, [one, other])| (label, one, other)).collect())
}

/// What gates can look at: each scenario's and the overall `difference`, and how many scenarios are clearly `worse` or `better` for
/// the first side.
fn facts(comparison: &Comparison) -> Vec<GateFact> {
    let whose = format!("{} and {}", comparison.first, comparison.second);
    let fact = |scenario: &str, metric: &str, finding: &Finding| GateFact {
        scenario: scenario.to_owned(),
        whose: whose.clone(),
        metric: metric.to_owned(),
        number: Ok((finding.value, finding.interval.as_ref().map(|i| (i.low, i.high)))),
    };
    let mut facts: Vec<GateFact> = comparison
        .scenarios
        .iter()
        .map(|one| fact(&one.label, "difference", &one.difference))
        .collect();
    facts.extend(comparison.overall.iter().map(|overall| fact("overall", "difference", overall)));
    let count = |better| comparison.scenarios.iter().filter(|one| one.better == better).count();
    for (metric, better) in [("better", Better::First), ("worse", Better::Second)] {
        let number = Finding::level(count(better) as f64, None, comparison.scenarios.len(), 0);
        facts.push(fact("all scenarios", metric, &number));
    }
    facts
}
