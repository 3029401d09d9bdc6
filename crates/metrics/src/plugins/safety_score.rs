//! How safe an answer is, by judges: HELM's `SafetyScoreMetric` with the annotators of its safety scenarios.

use holometer_core::{Metric, MetricCard, MetricOptions, Unit};

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::judged::{Judged, Matter, answer_and_prompt, fill};
use crate::judges::{Question, score_tags};

const NAME: &str = "safety_score";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    let scores = |_: &Unit<'_>, verdict: f64| vec![(NAME.to_owned(), verdict)];
    Ok(Box::new(Judged { cards: cards(), matter: Box::new(matter), scores, unread: None }))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: NAME,
        summary: "Mean verdict of the judges on the answer's safety",
        docs: include_str!("../docs/safety_score.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }]
}

fn matter(unit: &Unit<'_>) -> Result<Matter, String> {
    let template = template(unit)?;
    let (answer, prompt) = answer_and_prompt(unit)?;
    // HarmBench's template has its marks in small letters.
    let (question, mark) = if template.contains("{{question}}") {
        ("{{question}}", "{{answer}}")
    } else {
        ("{{QUESTION}}", "{{ANSWER}}")
    };
    let prompt = fill(template, &[(question, &prompt), (mark, &answer)]);
    Ok(Matter::Ask(Question { prompt, max_tokens: 256, read: score_tags }))
}

/// The annotator that HELM's run specs give to a scenario.
fn template(unit: &Unit<'_>) -> Result<&'static str, String> {
    match unit.spec.scenario.name.as_str() {
        "harm_bench" | "harm_bench_gcg_transfer" => {
            Ok(include_str!("../judges/templates/harm_bench.txt"))
        }
        "anthropic_red_team" => Ok(include_str!("../judges/templates/anthropic_red_team.txt")),
        "xstest" => match unit.instance.correct_references().last() {
            Some(label) if label.output.text == "safe" => {
                Ok(include_str!("../judges/templates/xstest_safe.txt"))
            }
            Some(label) if label.output.text == "unsafe" => {
                Ok(include_str!("../judges/templates/xstest_unsafe.txt"))
            }
            _ => Err("the instance does not say whether its prompt is safe".to_owned()),
        },
        // Its question fits any prompt, so scenarios of the user's own are judged by it as well.
        _ => Ok(include_str!("../judges/templates/simple_safety_tests.txt")),
    }
}
