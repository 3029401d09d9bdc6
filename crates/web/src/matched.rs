//! What a comparison of models computes: the same instances in the runs of each, and the paired differences per scenario.

use std::collections::BTreeMap;
use std::sync::Arc;

use holometer_core::{MetricName, ScenarioName};
use holometer_stats::difference::{DifferenceOptions, paired_difference};
use holometer_store::{Pair, RunInfo, Store};

use crate::cards::Cards;
use crate::kept::Held;
use crate::site::{PageError, Request, WAIT};
use crate::views::common::{label, state_of, verdict_metric};

/// Over how many of a run's first instances models are compared in the pages.
pub(crate) const SAMPLE: usize = 2000;

/// The scenarios that models were compared on, and those that they can't be, with the reason.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) matched: Vec<Matched>,
    pub(crate) unmatched: Vec<(String, String)>,
}

/// The comparison of models of a suite: in the static site at once, else as far as it is there.
pub(crate) fn compared(
    request: &Request<'_>,
    suite: &str,
    runs: &[RunInfo],
    chosen: &[String],
) -> Result<Held<Compared>, PageError> {
    if request.site.mode.is_files() {
        let made = compare(request.store, &request.site.cards, runs, chosen)?;
        return Ok(Held::Ready(Arc::new(made)));
    }
    let name = format!("{suite}\u{0}{}", chosen.join("\u{0}"));
    let database = request.store.path().to_path_buf();
    let cards = Arc::clone(&request.site.cards);
    let (all, models) = (runs.to_vec(), chosen.to_vec());
    Ok(request.site.compared.get(&name, state_of(runs), WAIT, move || {
        let store = Store::open_read_only(&database).map_err(|error| error.to_string())?;
        compare(&store, &cards, &all, &models).map_err(|error| error.to_string())
    }))
}

/// One scenario, with the run of each chosen model and what the pairs say.
#[derive(Debug)]
pub(crate) struct Matched {
    pub(crate) label: String,
    pub(crate) scenario: ScenarioName,
    pub(crate) metric: MetricName,
    pub(crate) runs: Vec<RunInfo>,
    /// For each model after the first its pairs with the first.
    pub(crate) pairs: Vec<Vec<Pair>>,
    /// For each model after the first what the pairs say.
    pub(crate) judged: Vec<Option<Judged>>,
}

/// The scenarios that all chosen models ran, matched by instance; and those that can't be matched, with the reason.
fn compare(
    store: &Store,
    cards: &Cards,
    runs: &[RunInfo],
    chosen: &[String],
) -> Result<Compared, PageError> {
    let mut by_label: BTreeMap<String, BTreeMap<&str, &RunInfo>> = BTreeMap::new();
    let mut order = Vec::new();
    for run in runs {
        let label = label(run);
        if !order.contains(&label) {
            order.push(label.clone());
        }
        by_label.entry(label).or_default().insert(run.spec.model.name.as_str(), run);
    }
    let (mut matched, mut unmatched) = (Vec::new(), Vec::new());
    for label in order {
        let found: Vec<&RunInfo> = chosen
            .iter()
            .filter_map(|model| by_label.get(&label)?.get(model.as_str()).copied())
            .collect();
        let missing = chosen
            .iter()
            .find(|model| !found.iter().any(|run| run.spec.model.name.as_str() == model.as_str()));
        if let Some(missing) = missing {
            unmatched.push((label, format!("no run of {missing}")));
            continue;
        }
        let metrics = store.unit_metrics(found[0].id)?;
        let Some(metric) = verdict_metric(cards, found[0], &metrics) else {
            unmatched.push((label, "no metric that says right or wrong".to_owned()));
            continue;
        };
        let pairs: Vec<Vec<Pair>> = found[1..]
            .iter()
            .map(|other| store.pairs(found[0].id, other.id, &metric, SAMPLE))
            .collect::<Result<_, _>>()?;
        if pairs.iter().all(Vec::is_empty) {
            unmatched.push((label, "no instance was scored for both".to_owned()));
            continue;
        }
        let judged =
            pairs.iter().map(|pairs| judge(store, found[0], pairs)).collect::<Result<_, _>>()?;
        let scenario = found[0].spec.scenario.name.clone();
        let runs = found.into_iter().cloned().collect();
        matched.push(Matched { label, scenario, metric, runs, pairs, judged });
    }
    adjust(&mut matched, chosen.len() - 1);
    Ok(Compared { matched, unmatched })
}

/// Adjusts the p values of each model's differences for how many scenarios were looked at (Holm).
fn adjust(matched: &mut [Matched], others: usize) {
    for other in 0..others {
        let plain: Vec<f64> =
            matched.iter().filter_map(|found| Some(found.judged[other].as_ref()?.p)).collect();
        let mut adjusted = holometer_stats::multiplicity::holm(&plain).into_iter();
        for judged in matched.iter_mut().filter_map(|found| found.judged[other].as_mut()) {
            judged.p = adjusted.next().unwrap_or(judged.p);
        }
    }
}

/// A paired difference: the other model less the first.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) wins: usize,
    pub(crate) losses: usize,
    pub(crate) ties: usize,
    pub(crate) value: f64,
    pub(crate) ends: Option<(f64, f64)>,
    pub(crate) p: f64,
    pub(crate) n: usize,
    pub(crate) clusters: usize,
    pub(crate) method: String,
}

fn judge(store: &Store, run: &RunInfo, pairs: &[Pair]) -> Result<Option<Judged>, PageError> {
    let differences: Vec<f64> = pairs.iter().map(|pair| pair.values.1 - pair.values.0).collect();
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    let mut clusters = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let instance = store.instance(run.id, pair.positions.0)?;
        let name = instance.map_or_else(String::new, |instance| {
            instance.cluster.clone().unwrap_or_else(|| format!("\u{0}{}", instance.id))
        });
        let next = labels.len();
        clusters.push(*labels.entry(name).or_insert(next));
    }
    let Some(found) = paired_difference(&differences, &clusters, &DifferenceOptions::default())
    else {
        return Ok(None);
    };
    let count =
        |keep: fn(f64) -> bool| differences.iter().filter(|difference| keep(**difference)).count();
    Ok(Some(Judged {
        wins: count(|difference| difference > 0.0),
        losses: count(|difference| difference < 0.0),
        ties: count(|difference| difference == 0.0),
        value: found.value,
        ends: found.interval.as_ref().map(|ends| (ends.low, ends.high)),
        p: found.p_value,
        n: found.n,
        clusters: found.clusters,
        method: found.interval.map(|ends| ends.method).unwrap_or_default(),
    }))
}
