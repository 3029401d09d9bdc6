//! From stored outcomes to scores and cells. No model is needed.

use std::collections::BTreeSet;

use holometer_core::metric::MetricOptions;
use holometer_core::{
    Answer, Cell, CellStatus, Metric, MetricName, MetricSpec, RequestState, Respondent, RunSpec,
    Score, Slice, Tokenizer, TotalsMetric, Unit,
};
use holometer_metrics::MetricError;
use holometer_store::{RunId, RunInfo, Store, StoredUnit};
use holometer_summary::{Options, TotalsInput, UnitScores, cells};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::pipeline::classes::with_classes;
use crate::pipeline::inquire::{Found, findings, question};
use crate::pipeline::now;
use crate::pipeline::originals::Originals;
use crate::pipeline::scoring::LEXICON_FIELD;

/// How scores are computed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScoreOptions {
    /// HELM's numbers, faults included.
    pub(crate) helm_compat: bool,
    /// The arguments of `mentions`, which choose the word list; without them, the program's own.
    pub(crate) mentions: Option<&'static Value>,
    /// Scores from elsewhere for the metric `toxicity`, by text.
    pub(crate) toxicity: Option<&'static Value>,
}

/// The scores that `--perspective-scores` takes from elsewhere, and what stands in place of a scorer's hash there.
const IMPORTED: [&str; 3] = ["expected_max_toxicity", "max_toxicity_probability", "toxic_frac"];
const IMPORTED_SCORER: &str = "imported toxicity scores";

/// Scores every answered unit of a run, and writes scores and cells. Units with a request that was not run are left out;
/// the run's progress counts them.
pub(crate) fn score_run(
    store: &mut Store,
    run: RunId,
    tokenizer: Option<&dyn Tokenizer>,
    options: ScoreOptions,
) -> Result<Vec<Cell>, Failure> {
    let info = store.run(run).map_err(Failure::usage)?;
    let Found { findings, judged, ran } = findings(store, &info)?;
    let options = options.with_lexicon(info.host.get(LEXICON_FIELD));
    let spec = with_classes(info.spec, store, run)?;
    let metrics = Metrics::build(&spec, options);
    let unasked = metrics.unasked(judged, ran);
    let mut splits = BTreeSet::new();
    let mut scored = Vec::new();
    let mut stored = Vec::new();
    let mut components: Vec<Vec<Result<Vec<f64>, String>>> = vec![Vec::new(); metrics.totals.len()];
    let mut originals = Originals::default();
    for unit in store.units(run) {
        let unit = unit.map_err(Failure::usage)?;
        let Some(view) = view(&spec, &unit, tokenizer) else { continue };
        let mut scores: Vec<Score> =
            metrics.each.iter().flat_map(|metric| metric.score_with(&view, &findings)).collect();
        scores.retain(|score| !unasked.iter().any(|cell| is_of(score, &cell.metric)));
        splits.insert(unit.instance.split);
        if !options.helm_compat && !spec.augmentation.perturbations.is_empty() {
            scores.extend(originals.compared(&unit, &view));
        }
        let added: Vec<_> =
            metrics.totals.iter().map(|statistic| statistic.components(&view)).collect();
        let named = metrics.totals.iter().zip(&added);
        stored.push(holometer_store::UnitScores {
            unit: unit.id,
            scores: scores.clone(),
            components: named
                .map(|(statistic, sums)| (statistic.name.clone(), sums.clone()))
                .collect(),
        });
        scored.push(unit_scores(&unit, scores));
        for (list, sums) in components.iter_mut().zip(added) {
            list.push(sums);
        }
    }
    let lower_is_better = metrics.lower_is_better();
    let totals: Vec<TotalsInput> = metrics
        .totals
        .into_iter()
        .zip(components)
        .map(|(statistic, components)| TotalsInput { metric: statistic.metric, components })
        .collect();
    let summary =
        Options { lower_is_better, helm_compat: options.helm_compat, ..Options::default() };
    let mut cells = cells(&scored, &totals, &summary);
    cells.extend(metrics.unavailable);
    for cell in unasked {
        let slice = |split| Slice { split: Some(split), ..cell.slice.clone() };
        cells.extend(splits.iter().map(|split| Cell { slice: slice(*split), ..cell.clone() }));
    }
    for cell in &mut cells {
        let imported = options.toxicity.is_some() && IMPORTED.contains(&cell.metric.as_str());
        cell.scorer = if imported {
            Some(IMPORTED_SCORER.to_owned())
        } else {
            holometer_metrics::scorers::scorer_of(cell.metric.as_str())
        };
    }
    store.write_scores(run, stored).map_err(Failure::usage)?;
    store.write_cells(run, &cells, now()).map_err(Failure::usage)?;
    Ok(cells)
}

/// What the metrics of a run want to know.
pub(crate) struct Questions {
    judges: Vec<RequestState>,
    python: Vec<RequestState>,
}

impl Questions {
    /// All questions about a run's answers, each once, in the units' order.
    pub(crate) fn of(store: &Store, run: &RunInfo, options: ScoreOptions) -> Result<Self, Failure> {
        let metrics = Metrics::build(&run.spec, options);
        let mut questions = Self { judges: Vec::new(), python: Vec::new() };
        if metrics.each.iter().all(|metric| metric.asking().is_empty()) {
            return Ok(questions);
        }
        for unit in store.units(run.id) {
            let unit = unit.map_err(Failure::usage)?;
            let Some(view) = view(&run.spec, &unit, None) else { continue };
            for inquiry in metrics.each.iter().flat_map(|metric| metric.inquiries(&view)) {
                let list = match inquiry.to {
                    Respondent::Judge => &mut questions.judges,
                    Respondent::Python => &mut questions.python,
                };
                list.push(question(&unit.instance, unit.id.trial, inquiry.request));
            }
        }
        Ok(questions)
    }

    /// Those to one kind of respondent.
    pub(crate) fn to(&self, respondent: Respondent) -> &[RequestState] {
        match respondent {
            Respondent::Judge => &self.judges,
            Respondent::Python => &self.python,
        }
    }
}

/// Whether a score has this metric's name, perhaps with `@` and more.
fn is_of(score: &Score, metric: &MetricName) -> bool {
    let name = score.metric.as_str();
    name.strip_prefix(metric.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

/// The scores of each of a unit's answers on its own: HELM keeps those of every window of a text.
pub(crate) fn score_each_answer(
    spec: &RunSpec,
    unit: &StoredUnit,
    options: ScoreOptions,
) -> Vec<Vec<Score>> {
    let metrics = Metrics::build(spec, options);
    let Some(whole) = view(spec, unit, None) else { return Vec::new() };
    let alone = whole.answers.iter().map(|answer| Unit { answers: vec![*answer], ..whole.clone() });
    alone.map(|unit| metrics.each.iter().flat_map(|metric| metric.score(&unit)).collect()).collect()
}

/// The run's metrics, and cells for those that can't be computed.
struct Metrics {
    each: Vec<Box<dyn Metric>>,
    totals: Vec<Statistic>,
    unavailable: Vec<Cell>,
}

impl Metrics {
    fn build(spec: &RunSpec, options: ScoreOptions) -> Self {
        let metric_options = MetricOptions { helm_compat: options.helm_compat };
        let mut metrics = Self { each: Vec::new(), totals: Vec::new(), unavailable: Vec::new() };
        for wanted in &wanted(spec, options) {
            match holometer_metrics::build(wanted, metric_options) {
                Ok(metric) => {
                    for statistic in metric.totals() {
                        metrics.add(statistic);
                    }
                    metrics.each.push(metric);
                }
                Err(error) => metrics.unavailable.push(unavailable(&wanted.name, &error)),
            }
        }
        metrics
    }

    /// Adds a statistic. Where several plug-ins give the same one (calibration of written answers and of scored choices),
    /// each unit takes part with the first that can measure it.
    fn add(&mut self, metric: Box<dyn TotalsMetric>) {
        let name = name_of(metric.as_ref());
        match self.totals.iter_mut().find(|statistic| statistic.name == name) {
            Some(known) => known.others.push(metric),
            None => self.totals.push(Statistic { name, metric, others: Vec::new() }),
        }
    }

    /// Cells for the scores that rest on what nobody was asked.
    fn unasked(&self, judged: bool, ran: bool) -> Vec<Cell> {
        let asking = self.each.iter().flat_map(|metric| metric.asking());
        let status = |to: Respondent| {
            match to {
            Respondent::Judge if !judged => {
                Some(CellStatus::NotRequested { enable_with: "--judge SPEC".to_owned() })
            }
            Respondent::Python if !ran => Some(CellStatus::ScorerUnavailable {
                fix: "`holometer doctor` says whether programs can be run here; `holometer rescore` then runs them".to_owned(),
            }),
            _ => None,
        }
        };
        let cells = asking.filter_map(|(name, to)| {
            let slice =
                Slice { split: None, sub_split: None, perturbation: None, computed_on: None };
            Some(Cell {
                metric: MetricName::from(name),
                slice,
                status: status(to)?,
                estimate: None,
                unscored_reasons: Vec::new(),
                scorer: None,
            })
        });
        cells.collect()
    }

    fn lower_is_better(&self) -> BTreeSet<MetricName> {
        let cards = self.each.iter().flat_map(|metric| metric.cards());
        let totals = self.totals.iter().flat_map(|statistic| statistic.metric.cards());
        cards
            .chain(totals)
            .filter(|card| card.higher_is_better == Some(false))
            .map(|card| MetricName::from(card.name))
            .collect()
    }
}

/// A statistic over sums, with the other plug-ins that give it.
struct Statistic {
    name: String,
    metric: Box<dyn TotalsMetric>,
    others: Vec<Box<dyn TotalsMetric>>,
}

impl Statistic {
    fn components(&self, unit: &Unit<'_>) -> Result<Vec<f64>, String> {
        let first = self.metric.components(unit);
        if first.is_ok() {
            return first;
        }
        self.others.iter().find_map(|other| other.components(unit).ok()).map_or(first, Ok)
    }
}

/// The run's own metrics, and those that every run gets beside them (HELM's numbers are left alone).
fn wanted(spec: &RunSpec, options: ScoreOptions) -> Vec<MetricSpec> {
    let mut wanted = spec.metrics.clone();
    if !options.helm_compat {
        let linked = holometer_metrics::linked(options.mentions.unwrap_or(&Value::Null));
        let is_new = |metric: &MetricSpec| spec.metrics.iter().all(|own| own.name != metric.name);
        wanted.extend(linked.into_iter().filter(is_new));
    }
    if let Some(scores) = options.toxicity {
        for metric in wanted.iter_mut().filter(|metric| metric.name == "toxicity") {
            metric.args = json!({ "scores": scores });
        }
    }
    wanted
}

fn unavailable(name: &str, error: &MetricError) -> Cell {
    let reason = error.to_string();
    let status = match error {
        MetricError::ScorerUnavailable { fix, .. } => {
            CellStatus::ScorerUnavailable { fix: fix.clone() }
        }
        _ => CellStatus::NotApplicable { reason: reason.clone() },
    };
    let slice = Slice { split: None, sub_split: None, perturbation: None, computed_on: None };
    Cell {
        metric: MetricName::from(name),
        slice,
        status,
        estimate: None,
        unscored_reasons: vec![(reason, 0)],
        scorer: None,
    }
}

/// A statistic's name in the store: its values' names joined.
fn name_of(totals: &dyn TotalsMetric) -> String {
    totals.cards().iter().map(|card| card.name).collect::<Vec<_>>().join("+")
}

/// The unit as metrics see it; `None` while any of its requests has not been run.
fn view<'a>(
    spec: &'a RunSpec,
    unit: &'a StoredUnit,
    tokenizer: Option<&'a dyn Tokenizer>,
) -> Option<Unit<'a>> {
    let answers = unit.answers.iter().map(|answer| {
        let reply = answer.reply.as_ref()?;
        Some(Answer { state: &answer.state, outcome: &reply.outcome, seconds: reply.seconds })
    });
    Some(Unit {
        spec,
        instance: &unit.instance,
        train_trial_index: unit.id.trial,
        answers: answers.collect::<Option<_>>()?,
        tokenizer,
    })
}

fn unit_scores(unit: &StoredUnit, scores: Vec<Score>) -> UnitScores {
    let instance = &unit.instance;
    UnitScores {
        instance: instance.id.clone(),
        split: instance.split,
        sub_split: instance.sub_split.clone(),
        perturbation: instance.perturbation.clone(),
        train_trial_index: unit.id.trial,
        cluster: instance.cluster_key().to_owned(),
        scores: once_each(scores),
    }
}

/// One score per metric: where several plug-ins give the same metric, the first counts.
fn once_each(scores: Vec<Score>) -> Vec<Score> {
    let mut seen = BTreeSet::new();
    scores.into_iter().filter(|score| seen.insert(score.metric.clone())).collect()
}
