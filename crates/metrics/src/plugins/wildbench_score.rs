//! How good an answer to a real request is, by judges with a checklist: HELM's `WildBenchScoreMetric`.

use holometer_core::{Metric, MetricCard, MetricOptions, Role, Unit};
use holometer_text::python::strip;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::judged::{Judged, Matter, answer_and_prompt, fill};
use crate::judges::{self, Question};

const SCORE: &str = "wildbench_score";
const RESCALED: &str = "wildbench_score_rescaled";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: SCORE, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(SCORE, args)?;
    let scores = |_: &Unit<'_>, verdict: f64| {
        vec![(SCORE.to_owned(), verdict), (RESCALED.to_owned(), (verdict - 1.0) / 9.0)]
    };
    Ok(Box::new(Judged { cards: cards(), matter: Box::new(matter), scores, unread: None }))
}

fn cards() -> Vec<MetricCard> {
    let card = |name, summary, most| MetricCard {
        name,
        summary,
        docs: include_str!("../docs/wildbench_score.md"),
        higher_is_better: Some(true),
        range: most,
    };
    vec![
        card(SCORE, "Mean verdict of the judges, from 1 to 10", (1.0, 10.0)),
        card(RESCALED, "Mean verdict of the judges, from 0 to 1", (0.0, 1.0)),
    ]
}

fn matter(unit: &Unit<'_>) -> Result<Matter, String> {
    let (answer, _) = answer_and_prompt(unit)?;
    if strip(&answer).is_empty() {
        return Ok(Matter::Known(1.0));
    }
    let (last, before) =
        unit.instance.input.messages.split_last().ok_or("the instance has no conversation")?;
    let history: Vec<String> = before
        .iter()
        .map(|message| {
            let speaker = if message.role == Role::User { "USER: " } else { "ASSISTANT: " };
            format!("{speaker}{}", message.content)
        })
        .collect();
    let checklist = unit.instance.extra.get("checklist").and_then(serde_json::Value::as_array);
    let checklist = checklist.ok_or("the instance has no checklist")?;
    let checklist: Vec<String> = checklist
        .iter()
        .map(|item| item.as_str().map_or_else(|| format!("- {item}"), |text| format!("- {text}")))
        .collect();
    let (history, checklist) = (history.join("\n\n"), checklist.join("\n"));
    let parts = [
        ("{$history}", history.as_str()),
        ("{$user_query}", last.content.as_str()),
        ("{$model_output}", answer.as_str()),
        ("{$checklist}", checklist.as_str()),
    ];
    let prompt = fill(include_str!("../judges/templates/wildbench_score.txt"), &parts);
    Ok(Matter::Ask(Question { prompt, max_tokens: 2000, read: judges::wildbench }))
}
