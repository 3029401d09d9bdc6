//! Every per-instance statistic and every statistic over a run that real HELM computed, from the same completions.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::GoldenTokenizer;
use holometer_core::{Metric, MetricOptions, Score, TotalsMetric, Unit, Value as Number};
use holometer_testkit::helm_state::{self, HelmRun};
use serde_json::Value;

const COMPAT: MetricOptions = MetricOptions { helm_compat: true };

/// Times differ from machine to machine; nothing else is left out.
const TIMES: [&str; 2] = ["inference_denoised_runtime", "inference_idealized_runtime"];

#[derive(Default)]
struct Tally {
    compared: usize,
    by_name: BTreeMap<String, usize>,
    wrong: Vec<String>,
    uncovered: BTreeSet<String>,
}

impl Tally {
    fn compare(&mut self, place: &str, name: &str, ours: Option<&Number>, theirs: Option<f64>) {
        let Some(ours) = ours else {
            self.uncovered.insert(name.to_owned());
            return;
        };
        let same = match (ours, theirs) {
            (Number::Number(ours), Some(theirs)) => {
                (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0)
            }
            (Number::Unscored(_), None) => true,
            _ => false,
        };
        self.compared += 1;
        *self.by_name.entry(name.to_owned()).or_default() += 1;
        if !same {
            self.wrong.push(format!("{place}: {name} is {ours:?}, HELM has {theirs:?}"));
        }
    }

    fn finish(&self, at_least: usize) {
        println!("{} statistics equal HELM's: {:?}", self.compared, self.by_name);
        println!("not covered: {:?}", self.uncovered);
        assert!(
            self.wrong.is_empty(),
            "{} of {} differ:\n{}",
            self.wrong.len(),
            self.compared,
            self.wrong[..self.wrong.len().min(20)].join("\n")
        );
        assert!(self.compared >= at_least, "only {} statistics were compared", self.compared);
    }
}

fn runs(tokenizer: &GoldenTokenizer) -> Vec<HelmRun> {
    let mut runs = Vec::new();
    for suite in ["golden20", "golden8", "t_a_bbq", "t_b_blimp"] {
        let Some(folder) = holometer_testkit::shared_path(&format!("golden/helm-0.5.16/{suite}"))
        else {
            return Vec::new();
        };
        let mut folders: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        runs.extend(folders.iter().map(|folder| helm_state::read(folder, tokenizer)));
    }
    runs
}

fn metrics(run: &HelmRun, options: MetricOptions) -> Vec<Box<dyn Metric>> {
    let build = |spec| holometer_metrics::build(spec, options).expect("every metric is known");
    run.spec.metrics.iter().map(build).collect()
}

/// A unit as HELM names it in its results.
fn key(id: &Value, perturbation: &Value, trial: &Value) -> String {
    format!("{id} {} {trial}", perturbation["name"])
}

fn unit_key(unit: &Unit<'_>) -> String {
    let perturbation = unit.instance.perturbation.as_ref();
    let name = perturbation.map(|p| serde_json::json!({ "name": p.name.as_str() }));
    key(
        &unit.instance.id.as_str().into(),
        &name.unwrap_or_default(),
        &unit.train_trial_index.into(),
    )
}

/// HELM's statistics of one unit: sum and count by name. In language modelling it has an entry per window.
fn helm_units(run: &HelmRun) -> BTreeMap<String, BTreeMap<String, (f64, f64)>> {
    let mut units: BTreeMap<String, BTreeMap<String, (f64, f64)>> = BTreeMap::new();
    for entry in run.per_instance_stats.as_array().unwrap() {
        let key = key(&entry["instance_id"], &entry["perturbation"], &entry["train_trial_index"]);
        let unit = units.entry(key).or_default();
        for stat in entry["stats"].as_array().unwrap() {
            let sums = unit.entry(stat["name"]["name"].as_str().unwrap().to_owned()).or_default();
            sums.0 += stat["sum"].as_f64().unwrap();
            sums.1 += stat["count"].as_f64().unwrap();
        }
    }
    units
}

#[test]
fn per_instance_statistics_equal_helm() {
    let Some(tokenizer) = GoldenTokenizer::read() else { return };
    let mut tally = Tally::default();
    for run in runs(&tokenizer) {
        let metrics = metrics(&run, COMPAT);
        let mut theirs = helm_units(&run);
        for unit in run.units(&tokenizer) {
            let scores: BTreeMap<String, Score> = metrics
                .iter()
                .flat_map(|metric| metric.score(&unit))
                .map(|score| (score.metric.0.clone(), score))
                .collect();
            let key = unit_key(&unit);
            let place = format!("{} {key}", run.spec.name);
            let expected = theirs.remove(&key).unwrap_or_else(|| panic!("{place} is not HELM's"));
            for (name, (sum, count)) in expected {
                if TIMES.contains(&name.as_str()) {
                    continue;
                }
                // HELM's batch size and times add up over the requests of a unit.
                let value = (count > 0.0).then(|| sum / count);
                let score = scores.get(&name).map(|score| &score.value);
                tally.compare(&place, &name, score, value);
            }
        }
        assert!(theirs.is_empty(), "{} has more units: {:?}", run.spec.name, theirs.keys());
    }
    if !tally.by_name.is_empty() {
        tally.finish(8_000);
        assert!(tally.uncovered.is_empty(), "not covered: {:?}", tally.uncovered);
    }
}

/// The statistics of a metric over units.
fn combined(metric: &dyn TotalsMetric, units: &[&Unit<'_>]) -> Vec<Score> {
    let mut sums: Vec<f64> = Vec::new();
    for unit in units {
        let Ok(components) = metric.components(unit) else { continue };
        sums.resize(components.len(), 0.0);
        for (sum, component) in sums.iter_mut().zip(components) {
            *sum += component;
        }
    }
    metric.combine(&sums)
}

#[test]
fn statistics_over_runs_equal_helm() {
    let Some(tokenizer) = GoldenTokenizer::read() else { return };
    let mut tally = Tally::default();
    for run in runs(&tokenizer) {
        let units = run.units(&tokenizer);
        for metric in metrics(&run, COMPAT) {
            for totals in metric.totals() {
                for slice in slices(&units) {
                    compare_slice(&mut tally, &run, totals.as_ref(), &slice);
                }
            }
        }
    }
    if !tally.by_name.is_empty() {
        for name in ["bbq_accuracy", "bbq_metric_ambiguous_bias", "perplexity", "num_instances"] {
            assert!(tally.by_name.contains_key(name), "`{name}` was not compared");
        }
        tally.finish(50);
    }
}

/// Units by split and perturbation.
fn slices<'a, 'b>(units: &'b [Unit<'a>]) -> Vec<Vec<&'b Unit<'a>>> {
    let mut slices: BTreeMap<(&str, Option<&str>), Vec<&Unit<'a>>> = BTreeMap::new();
    for unit in units {
        let perturbation = unit.instance.perturbation.as_ref().map(|p| p.name.as_str());
        slices.entry((unit.instance.split.as_str(), perturbation)).or_default().push(unit);
    }
    slices.into_values().collect()
}

fn compare_slice(tally: &mut Tally, run: &HelmRun, totals: &dyn TotalsMetric, units: &[&Unit<'_>]) {
    let split = units[0].instance.split.as_str();
    let perturbation = units[0].instance.perturbation.as_ref();
    for score in combined(totals, units) {
        let theirs = run.stats.as_array().unwrap().iter().find(|stat| {
            let name = &stat["name"];
            let same_perturbation = match perturbation {
                None => name["perturbation"].is_null(),
                Some(p) => {
                    name["perturbation"]["name"] == p.name.as_str()
                        && name["perturbation"]["computed_on"] == p.computed_on.as_str()
                }
            };
            name["name"] == score.metric.as_str() && name["split"] == split && same_perturbation
        });
        let place = format!("{} {split} {perturbation:?}", run.spec.name);
        match theirs {
            Some(stat) => tally.compare(
                &place,
                score.metric.as_str(),
                Some(&score.value),
                stat["mean"].as_f64(),
            ),
            // HELM leaves a statistic out where its denominator is zero.
            None => assert!(score.value.as_number().is_none(), "{place}: HELM has no {score:?}"),
        }
    }
}
