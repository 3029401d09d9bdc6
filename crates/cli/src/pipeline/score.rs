//! From stored outcomes to scores and cells. No model is needed.

use std::collections::{BTreeMap, BTreeSet};

use holometer_core::metric::MetricOptions;
use holometer_core::{
    Answer, Cell, CellStatus, Metric, MetricName, MetricSpec, RequestState, Respondent, RunSpec,
    Score, ScorerRole, Slice, Tokenizer, TotalsMetric, Unit,
};
use holometer_metrics::MetricError;
use holometer_metrics::neural::OF_ANSWERS;
use holometer_store::{RunId, RunInfo, Store, StoredUnit};
use holometer_summary::{Options, TotalsInput, UnitScores, cells};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::pipeline::classes::with_classes;
use crate::pipeline::inquire::{Found, findings, question};
use crate::pipeline::now;
use crate::pipeline::originals::Originals;
use crate::pipeline::scorers::how_to_get;
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
    /// The scorers on disk that this command names, each with its hash.
    pub(crate) scorers: &'static [String],
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
    let Found { findings, judged, ran, scorers } = findings(store, &info, options.scorers)?;
    let roles: Vec<ScorerRole> = scorers.keys().copied().collect();
    let options = options.with_lexicon(info.host.get(LEXICON_FIELD));
    let spec = with_classes(info.spec, store, run)?;
    let metrics = Metrics::build(&spec, options, &roles);
    let unasked = metrics.unasked(judged, ran, &roles);
    let by_scorer = metrics.by_scorer();
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
            if roles.contains(&ScorerRole::Similarity) {
                scores.extend(originals.cosine(&unit, &view, &findings));
            }
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
        let name = cell.metric.as_str();
        let base = name.split_once('@').map_or(name, |(base, _)| base);
        cell.scorer = if imported {
            Some(IMPORTED_SCORER.to_owned())
        } else if let Some(role) = by_scorer.get(base) {
            scorers.get(role).cloned()
        } else {
            holometer_metrics::scorers::scorer_of(cell.metric.as_str())
        };
    }
    store.write_scores(run, stored).map_err(Failure::usage)?;
    store.write_cells(run, &cells, now()).map_err(Failure::usage)?;
    Ok(cells)
}

/// What the metrics of a run want to know.
#[derive(Default)]
pub(crate) struct Questions(BTreeMap<Respondent, Vec<RequestState>>);

impl Questions {
    /// All questions about a run's answers, each once, in the units' order. `roles` are those of the scorers on disk that can be asked.
    pub(crate) fn of(
        store: &Store,
        run: &RunInfo,
        options: ScoreOptions,
        roles: &[ScorerRole],
    ) -> Result<Self, Failure> {
        let metrics = Metrics::build(&run.spec, options, roles);
        let mut questions = Self::default();
        let compared = roles.contains(&ScorerRole::Similarity)
            && !options.helm_compat
            && !run.spec.augmentation.perturbations.is_empty();
        if !compared && metrics.each.iter().all(|metric| metric.asking().is_empty()) {
            return Ok(questions);
        }
        let mut originals = Originals::default();
        for unit in store.units(run.id) {
            let unit = unit.map_err(Failure::usage)?;
            let Some(view) = view(&run.spec, &unit, None) else { continue };
            let mut inquiries: Vec<_> =
                metrics.each.iter().flat_map(|metric| metric.inquiries(&view)).collect();
            if compared {
                inquiries.extend(originals.inquiry(&unit, &view));
            }
            for inquiry in inquiries {
                let list = questions.0.entry(inquiry.to).or_default();
                list.push(question(&unit.instance, unit.id.trial, inquiry.request));
            }
        }
        Ok(questions)
    }

    /// Those to one kind of respondent.
    pub(crate) fn to(&self, respondent: Respondent) -> &[RequestState] {
        self.0.get(&respondent).map(Vec::as_slice).unwrap_or_default()
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
    let metrics = Metrics::build(spec, options, &[]);
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
    fn build(spec: &RunSpec, options: ScoreOptions, roles: &[ScorerRole]) -> Self {
        let metric_options = MetricOptions { helm_compat: options.helm_compat };
        let mut metrics = Self { each: Vec::new(), totals: Vec::new(), unavailable: Vec::new() };
        for wanted in &wanted(spec, options, roles) {
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

    /// The scores that scorers on disk give, with what each is for.
    fn by_scorer(&self) -> BTreeMap<&'static str, ScorerRole> {
        let asking = self.each.iter().flat_map(|metric| metric.asking());
        let mut by_scorer: BTreeMap<_, _> = asking
            .filter_map(|(name, to)| match to {
                Respondent::Scorer(role) => Some((name, role)),
                Respondent::Judge | Respondent::Python => None,
            })
            .collect();
        by_scorer.insert(holometer_metrics::counterfactual::COSINE, ScorerRole::Similarity);
        by_scorer
    }

    /// Cells for the scores that rest on what nobody was asked. `roles` are those of the scorers on disk that were.
    fn unasked(&self, judged: bool, ran: bool, roles: &[ScorerRole]) -> Vec<Cell> {
        let asking = self.each.iter().flat_map(|metric| metric.asking());
        let status = |to: Respondent| {
            match to {
            Respondent::Judge if !judged => {
                Some(CellStatus::NotRequested { enable_with: "--judge SPEC".to_owned() })
            }
            Respondent::Python if !ran => Some(CellStatus::ScorerUnavailable {
                fix: "`holometer doctor` says whether programs can be run here; `holometer rescore` then runs them".to_owned(),
            }),
            Respondent::Scorer(role) if !roles.contains(&role) => {
                Some(CellStatus::ScorerUnavailable { fix: how_to_get(role) })
            }
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
fn wanted(spec: &RunSpec, options: ScoreOptions, roles: &[ScorerRole]) -> Vec<MetricSpec> {
    let mut wanted = spec.metrics.clone();
    if !options.helm_compat {
        let classifiers = OF_ANSWERS.iter().filter(|role| roles.contains(role));
        let classifiers: Vec<&str> = classifiers.map(|role| role.as_str()).collect();
        let named = spec.metrics.iter().any(|metric| metric.name == "answer_scorers");
        if !classifiers.is_empty() && !named {
            let args = json!({ "roles": classifiers });
            wanted.push(MetricSpec { name: "answer_scorers".into(), args });
        }
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
