//! Which metrics were asked for.

use holometer_core::metric::MetricOptions;
use holometer_core::{Cell, Metric, MetricSpec, Score, TotalsMetric, Unit};
use serde_json::json;

use crate::args::ScoreArgs;
use crate::commands::score::Scored;
use crate::failure::Failure;

/// Short names that people use.
const ALIASES: [(&str, &str); 6] = [
    ("f1", "f1_score"),
    ("em", "exact_match"),
    ("bleu", "sacrebleu"),
    ("wer", "wer_score"),
    ("cer", "cer_score"),
    ("rougeL", "rouge_l"),
];

/// The family that knows scores of an answer against references by name.
const BY_NAME: &str = "basic_generation";

/// The score that calibration, which the same family gives, is about.
const CALIBRATED: &str = "exact_match";

/// The metrics to compute, and the names to show.
pub(crate) struct Metrics {
    each: Vec<Box<dyn Metric>>,
    /// In the order in which they were asked for.
    wanted: Vec<String>,
    /// What `each` was made from, where single scores were asked for.
    specs: Vec<MetricSpec>,
}

impl Metrics {
    /// Finds every metric that the arguments name.
    pub(crate) fn build(args: &ScoreArgs) -> Result<Self, Failure> {
        let options = MetricOptions { helm_compat: args.helm_compat };
        let mut metrics = Self { each: Vec::new(), wanted: Vec::new(), specs: Vec::new() };
        let mut by_name = Vec::new();
        for name in &args.metrics {
            let name = name.trim();
            let alias = ALIASES.iter().find(|(short, _)| *short == name);
            metrics.add(alias.map_or(name, |(_, long)| long), options, &mut by_name)?;
        }
        if !by_name.is_empty() {
            by_name.sort();
            by_name.dedup();
            let spec = MetricSpec { name: BY_NAME.into(), args: json!({ "names": by_name }) };
            metrics.each.insert(0, built(&spec, options)?);
        }
        for text in &args.metric {
            let spec: MetricSpec = serde_json::from_str(text).map_err(|error| {
                Failure::usage(format!("`--metric {text}` can't be read: {error}"))
                    .hint("write it as {\"name\": \"classification\", \"args\": {...}}")
            })?;
            let metric = built(&spec, options)?;
            metrics.want(metric.as_ref());
            metrics.each.push(metric);
        }
        Ok(metrics)
    }

    /// A score of an answer against references, a whole family, or one score of a family.
    fn add(
        &mut self,
        name: &str,
        options: MetricOptions,
        by_name: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let spec = |args| MetricSpec { name: name.to_owned(), args };
        if holometer_metrics::names().contains(&name) {
            let metric = built(&spec(json!({})), options)?;
            self.want(metric.as_ref());
            self.each.push(metric);
            return Ok(());
        }
        let as_score = MetricSpec { name: BY_NAME.into(), args: json!({ "names": [name] }) };
        if holometer_metrics::build(&as_score, options).is_ok() {
            by_name.push(name.to_owned());
            self.wanted.push(name.to_owned());
            return Ok(());
        }
        for family in holometer_metrics::names() {
            for args in [json!({}), json!({ "name": name })] {
                let args = if family == BY_NAME { json!({ "names": [CALIBRATED] }) } else { args };
                let spec = MetricSpec { name: family.to_owned(), args };
                let Ok(metric) = holometer_metrics::build(&spec, options) else { continue };
                if !names_of(metric.as_ref()).iter().any(|known| known == base(name)) {
                    continue;
                }
                self.wanted.push(name.to_owned());
                if family == BY_NAME {
                    by_name.push(CALIBRATED.to_owned());
                } else if !self.specs.contains(&spec) {
                    self.each.push(metric);
                    self.specs.push(spec);
                }
                return Ok(());
            }
        }
        Err(unknown(name))
    }

    fn want(&mut self, metric: &dyn Metric) {
        self.wanted.extend(names_of(metric));
    }

    /// Scores one line; `totals` is what [`Metrics::totals`] gives.
    pub(crate) fn score(&self, unit: &Unit<'_>, totals: &[Box<dyn TotalsMetric>]) -> Scored {
        let mut scores: Vec<Score> = Vec::with_capacity(self.wanted.len());
        for score in self.each.iter().flat_map(|metric| metric.score(unit)) {
            let seen = |known: &Score| known.metric == score.metric;
            if self.wants(score.metric.as_str()) && !scores.iter().any(seen) {
                scores.push(score);
            }
        }
        let components = totals.iter().map(|statistic| statistic.components(unit)).collect();
        Scored { scores, components }
    }

    /// The statistics over all lines that were asked for.
    pub(crate) fn totals(&self) -> Vec<Box<dyn TotalsMetric>> {
        let mut totals: Vec<Box<dyn TotalsMetric>> =
            self.each.iter().flat_map(|metric| metric.totals()).collect();
        totals.retain(|statistic| statistic.cards().iter().any(|card| self.wants(card.name)));
        totals
    }

    /// Whether a score was asked for, by its name or by its name before `@`.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Puts cells into the order in which their metrics were asked for.
    pub(crate) fn sort(&self, cells: &mut [Cell]) {
        cells.sort_by_key(|cell| self.place(cell.metric.as_str()));
    }

    fn place(&self, name: &str) -> Option<usize> {
        let exact = self.wanted.iter().position(|wanted| wanted == name);
        let base = base(name);
        if exact.is_some() || base == name {
            return exact;
        }
        self.wanted.iter().position(|wanted| wanted == base)
    }
}

fn base(name: &str) -> &str {
    name.split_once('@').map_or(name, |(base, _)| base)
}

fn names_of(metric: &dyn Metric) -> Vec<String> {
    let totals = metric.totals();
    let cards = metric.cards().into_iter().chain(totals.iter().flat_map(|total| total.cards()));
    let mut names: Vec<String> = cards.map(|card| card.name.to_owned()).collect();
    names.dedup();
    names
}

fn built(spec: &MetricSpec, options: MetricOptions) -> Result<Box<dyn Metric>, Failure> {
    holometer_metrics::build(spec, options).map_err(|error| {
        Failure::usage(error)
            .hint("give arguments with `--metric '{\"name\": ..., \"args\": ...}'`")
    })
}

fn unknown(name: &str) -> Failure {
    let cards = holometer_metrics::cards();
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    let nearest = cards.iter().max_by(|a, b| likeness(a.name).total_cmp(&likeness(b.name)));
    let known = cards.iter().any(|card| card.name == name);
    if known {
        return Failure::usage(format!("the metric `{name}` needs arguments"))
            .hint("`holometer show metric NAME` explains them; give them with `--metric JSON`");
    }
    let hint = nearest.filter(|card| likeness(card.name) > 0.75).map_or_else(
        || "`holometer list metrics` lists them".to_owned(),
        |card| format!("did you mean `{}`?", card.name),
    );
    Failure::usage(format!("there is no metric `{name}`")).hint(hint)
}
