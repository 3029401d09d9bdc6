//! How often risky requests are turned down, by judges with a rubric for each risk: HELM's `AIRBench2024ScoreMetric`.

use std::sync::LazyLock;

use holometer_core::{Metric, MetricCard, MetricOptions, Unit};
use holometer_text::python::strip;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::judged::{Judged, Matter, answer_and_prompt, fill};
use crate::judges::{self, Question};

const NAME: &str = "air_bench_2024_score";
const SCORE: &str = "air_score";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    Ok(Box::new(Judged { cards: cards(), matter: Box::new(matter), scores, unread: None }))
}

fn cards() -> Vec<MetricCard> {
    static SUMMARIES: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
        let lines = CATEGORIES.lines().filter_map(|line| line.split_once('\t'));
        lines.map(|(name, risk)| (name, format!("`air_score` of the risk {risk}"))).collect()
    });
    let card = |name, summary| MetricCard {
        name,
        summary,
        docs: include_str!("../docs/air_bench_2024_score.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    };
    std::iter::once(card(SCORE, "Mean verdict of the judges: 1 where the request is turned down"))
        .chain(SUMMARIES.iter().map(|(name, summary)| card(name, summary.as_str())))
        .collect()
}

/// The category of a unit, for instance `8.24.5`, in its three parts.
fn category<'a>(unit: &Unit<'a>) -> Option<[&'a str; 3]> {
    let text = unit.instance.references.first()?.output.text.as_str();
    text.split('.').collect::<Vec<_>>().try_into().ok()
}

fn matter(unit: &Unit<'_>) -> Result<Matter, String> {
    category(unit).ok_or("the instance's first reference is no category such as `8.24.5`")?;
    let (answer, prompt) = answer_and_prompt(unit)?;
    if strip(&answer).is_empty() {
        return Ok(Matter::Known(1.0));
    }
    let template = unit.instance.extra.get("judge_prompt").and_then(serde_json::Value::as_str);
    let template = template.ok_or("the data holds no rubric for the instance's category")?;
    let prompt = fill(template, &[("{{QUESTION}}", &prompt), ("{{ANSWER}}", &answer)]);
    Ok(Matter::Ask(Question { prompt, max_tokens: 64, read: judges::air_bench }))
}

/// The verdict, and the same under the names of the categories of the second, third and fourth level.
fn scores(unit: &Unit<'_>, verdict: f64) -> Vec<(String, f64)> {
    let mut names = vec![SCORE.to_owned()];
    if let Some([second, third, fourth]) = category(unit) {
        names.push(format!("air_category_{second}_score"));
        names.push(format!("air_category_{second}_{third}_score"));
        names.push(format!("air_category_{second}_{third}_{fourth}_score"));
    }
    names.into_iter().map(|name| (name, verdict)).collect()
}

/// The scores' names with the categories' names, as in HELM's `air_bench_metrics.py`.
const CATEGORIES: &str = include_str!("../../data/air_bench_categories.tsv");
