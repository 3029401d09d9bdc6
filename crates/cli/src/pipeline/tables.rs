//! The per-instance tables of stored runs, and what reports and comparisons make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use holometer_core::{Instance, MetricName, ScorerRole};
use holometer_report::RunReport;
use holometer_report::fairness::FairnessReport;
use holometer_report::methods::methods;
use holometer_scenarios::Catalogue;
use holometer_store::{RunInfo, Store};
use holometer_summary::UnitScores;
use holometer_summary::compare::{ScoredInstance, SideScores};
use holometer_summary::fairness::{Judgement, RowInput, adjust, fairness_row};
use holometer_summary::panel::{adjust_panel, instance_panel, row_panel};
use holometer_summary::rows::{Column, InstanceTable, TableOptions, TableUnit};

use crate::args::JudgementArgs;
use crate::failure::Failure;
use crate::pipeline::Headline;
use crate::pipeline::scorers::how_to_get;

/// A stored run with its per-instance table.
pub(crate) struct RunTable {
    /// The table.
    pub(crate) table: InstanceTable,
    /// What each original instance asks, by its id: two runs are compared only where they ask the same.
    pub(crate) questions: BTreeMap<String, String>,
    /// The scorers behind its metrics.
    pub(crate) scorers: BTreeMap<String, String>,
}

/// What a per-instance table says of single answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scored<'a> {
    /// Whether they are right.
    Correctness,
    /// The scenario's main metric, whatever it measures.
    MainMetric,
    /// This metric.
    Metric(&'a str),
}

/// The per-instance table of a run.
pub(crate) fn run_table(
    store: &Store,
    run: &RunInfo,
    catalogue: &Catalogue,
    scored: Scored<'_>,
) -> Result<RunTable, Failure> {
    let instances: Vec<Arc<Instance>> =
        store.instances(run.id).collect::<Result<_, _>>().map_err(Failure::usage)?;
    let mut units = Vec::new();
    for scored in store.scores(run.id) {
        let scored = scored.map_err(Failure::usage)?;
        let Some(instance) = instances.get(scored.unit.instance) else { continue };
        let scores = UnitScores {
            instance: instance.id.clone(),
            split: instance.split,
            sub_split: instance.sub_split.clone(),
            perturbation: instance.perturbation.clone(),
            train_trial_index: scored.unit.trial,
            cluster: instance.cluster_key().to_owned(),
            scores: scored.scores,
        };
        units.push((scores, Arc::clone(instance)));
    }
    let table_units: Vec<TableUnit<'_>> = units
        .iter()
        .map(|(scores, instance)| TableUnit { scores, groups: &instance.groups })
        .collect();
    let main = Headline::of_run(run, catalogue).main;
    let cards = holometer_metrics::cards();
    let named = |only_lower: bool| -> BTreeSet<MetricName> {
        cards
            .iter()
            .filter(|card| !only_lower || card.higher_is_better == Some(false))
            .map(|card| MetricName::from(card.name))
            .collect()
    };
    let directionless = cards
        .iter()
        .find(|card| card.name == main.metric.as_str() && card.higher_is_better.is_none())
        .map(|card| card.name.to_owned());
    let options = TableOptions {
        main_metric: match scored {
            Scored::Metric(name) => MetricName::from(name),
            Scored::Correctness if directionless.is_some() => MetricName::default(),
            Scored::Correctness | Scored::MainMetric => main.metric,
        },
        any_direction: !matches!(scored, Scored::Correctness),
        main_split: main.split,
        no_right_answers: no_right_answers(&instances, directionless.as_deref()),
        only_scores_texts: run.spec.adapter.method.needs_logprobs(),
        lower_is_better: named(true),
        known: named(false),
        remedies: remedies(),
    };
    let originals = instances.iter().filter(|instance| instance.perturbation.is_none());
    let questions = originals.map(|instance| (instance.id.0.clone(), question(instance)));
    Ok(RunTable {
        table: InstanceTable::new(&table_units, &options),
        questions: questions.collect(),
        scorers: scorers(store, run)?,
    })
}

/// How to get the metrics that rest on models on disk.
fn remedies() -> BTreeMap<&'static str, String> {
    let by_role = [
        (Column::Cosine, ScorerRole::Similarity),
        (Column::ToxicityByModel, ScorerRole::Toxicity),
        (Column::SentimentByModel, ScorerRole::Sentiment),
        (Column::RefusalByModel, ScorerRole::Refusal),
        (Column::UnsafeByModel, ScorerRole::Safety),
        (Column::RegardByModel, ScorerRole::Regard),
        (Column::NegativeRegardByModel, ScorerRole::Regard),
        (Column::StereotypeByModel, ScorerRole::Stereotype),
    ];
    let remedy = |(column, role): (Column, ScorerRole)| Some((column.metric()?, how_to_get(role)));
    by_role.into_iter().filter_map(remedy).collect()
}

/// Why no answer to the instances is right or wrong; `None` where some are.
fn no_right_answers(instances: &[Arc<Instance>], directionless: Option<&str>) -> Option<String> {
    if let Some(metric) = directionless {
        return Some(format!(
            "no answer is right or wrong: of what the scenario measures (`{metric}`), neither more nor less is better"
        ));
    }
    let some_are = instances.iter().any(|instance| instance.correct_references().next().is_some());
    (!some_are)
        .then(|| "no answer is right or wrong: the scenario has none that is right".to_owned())
}

/// The scorers of a run's metrics, as its cells name them.
fn scorers(store: &Store, run: &RunInfo) -> Result<BTreeMap<String, String>, Failure> {
    let cells = store.cells(run.id).map_err(Failure::usage)?;
    let named = cells.into_iter().filter_map(|cell| Some((cell.metric.0, cell.scorer?)));
    Ok(named.collect())
}

/// Everything that an instance asks, as one text.
fn question(instance: &Instance) -> String {
    let mut text = instance.input.text.clone();
    let messages = instance.input.messages.iter().map(|message| message.content.as_str());
    let references = instance.references.iter().map(|reference| reference.output.text.as_str());
    for part in messages.chain(references) {
        text.push('\u{1f}');
        text.push_str(part);
    }
    text
}

/// The scores of single instances in a run's table, which was made for the same `scored`.
pub(crate) fn side_scores(run: &RunTable, scored: Scored<'_>) -> SideScores {
    let table = &run.table;
    let found = table.correct_metric.clone();
    let found = found.filter(|name| match scored {
        Scored::Metric(wanted) => wanted == name.as_str(),
        Scored::Correctness | Scored::MainMetric => true,
    });
    let means = table.means(None, Column::Correct);
    let instances = means.into_iter().map(|(id, (score, cluster))| {
        let question = run.questions.get(id.as_str()).cloned().unwrap_or_default();
        (id.0.clone(), ScoredInstance { score, cluster: cluster.to_owned(), question })
    });
    SideScores {
        instances: if found.is_some() { instances.collect() } else { BTreeMap::new() },
        lower_is_better: table.lower_is_better,
        scorer: found.as_ref().and_then(|name| run.scorers.get(name.as_str()).cloned()),
        metric: found,
    }
}

/// How a user wants differences judged.
pub(crate) fn judgement(args: &JudgementArgs) -> Judgement {
    Judgement {
        alpha: args.alpha,
        level: 1.0 - args.alpha,
        margin: args.margin,
        draws: args.draws as usize,
        least_instances: args.least_instances,
        ..Judgement::default()
    }
}

/// The fairness report of a suite's runs; `reports` are the same runs' reports.
pub(crate) fn fairness_report(
    store: &Store,
    suite: &str,
    runs: &[(RunInfo, RunReport)],
    catalogue: &Catalogue,
    how: Judgement,
) -> Result<FairnessReport, Failure> {
    let mut rows = Vec::new();
    let mut panel = Vec::new();
    for (info, report) in runs {
        let run = run_table(store, info, catalogue, Scored::Correctness)?;
        let input = RowInput {
            run: report.run.clone(),
            label: report.label.clone(),
            model: report.model.clone(),
            main_metric: report.main_metric.clone(),
            main_split: report.main_split,
            perturbed: !info.spec.augmentation.perturbations.is_empty(),
            table: &run.table,
            cells: &report.cells,
        };
        rows.push(fairness_row(&input, &how));
        let over = format!("instances of {}, {}", report.label, report.model);
        panel.extend(instance_panel(&run.table, &over, &how));
    }
    adjust(&mut rows, how.alpha);
    panel.extend(row_panel(&rows, &how));
    adjust_panel(&mut panel);
    let mut report = FairnessReport {
        suite: suite.to_owned(),
        rows,
        panel,
        judgement: how,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        not_run: store.not_run(suite).map_err(Failure::usage)?,
        methods: String::new(),
    };
    report.methods = methods(&report);
    Ok(report)
}
