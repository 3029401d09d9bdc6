//! What a jury of judges says of medical answers: HELM's `LLMJuryMetric` with the annotators of its medical scenarios.

use holometer_core::{Metric, MetricCard, MetricOptions, Unit};
use holometer_text::python::strip;
use serde::Deserialize;

use crate::Plugin;
use crate::args;
use crate::error::{MetricError, nearest};
use crate::judged::{Judged, Matter, answer_and_prompt, fill_once};
use crate::judges::{Question, jury, jury_of_helm};

const NAME: &str = "llm_jury";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

/// HELM's arguments. Who judges is not a matter of the run here: `--judge` says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The score's name; known from the scenario.
    #[serde(default)]
    metric_name: Option<String>,
    /// Whose question is asked.
    scenario_name: String,
    #[serde(default, rename = "annotator_models")]
    _annotator_models: serde_json::Value,
    /// What an empty answer is given.
    #[serde(default)]
    default_score: f64,
}

/// The question of a scenario, and the score that comes of it.
struct Jury {
    scenario: &'static str,
    score: &'static str,
    summary: &'static str,
    template: &'static str,
    scores: fn(&Unit<'_>, f64) -> Vec<(String, f64)>,
}

const MED_DIALOG: &str = "med_dialog_accuracy";
const MEDICATION_QA: &str = "medication_qa_accuracy";

static JURIES: [Jury; 2] = [
    Jury {
        scenario: "med_dialog",
        score: MED_DIALOG,
        summary: "Mean verdict of the judges on summaries of what patients wrote, from 1 to 5",
        template: include_str!("../judges/templates/med_dialog.txt"),
        scores: |_, verdict| vec![(MED_DIALOG.to_owned(), verdict)],
    },
    Jury {
        scenario: "medication_qa",
        score: MEDICATION_QA,
        summary: "Mean verdict of the judges on answers about medicines, from 1 to 5",
        template: include_str!("../judges/templates/medication_qa.txt"),
        scores: |_, verdict| vec![(MEDICATION_QA.to_owned(), verdict)],
    },
];

fn build(args: &serde_json::Value, options: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    let hint = "`scenario_name` says whose question the judges are asked";
    let Arguments { metric_name, scenario_name, default_score, .. } = args::read(NAME, args, hint)?;
    let jury = JURIES.iter().find(|jury| jury.scenario == scenario_name).ok_or_else(|| {
        let known = nearest(&scenario_name, JURIES.iter().map(|jury| jury.scenario));
        let problem = format!("there is no question for `{scenario_name}`");
        let hint = format!("{known}; the metric `judge` asks a question of your own");
        MetricError::arguments(NAME, problem, hint)
    })?;
    if let Some(name) = metric_name.filter(|name| name != jury.score) {
        let problem = format!("`{scenario_name}` has no score `{name}`");
        return Err(MetricError::arguments(NAME, problem, format!("it is `{}`", jury.score)));
    }
    let as_helm = options.helm_compat;
    let read: fn(&str) -> Option<f64> = if as_helm { jury_of_helm } else { self::jury };
    Ok(Box::new(Judged {
        cards: vec![card(jury)],
        matter: Box::new(move |unit: &Unit<'_>| matter(unit, jury.template, default_score, read)),
        scores: jury.scores,
        unread: as_helm.then_some(default_score),
    }))
}

fn cards() -> Vec<MetricCard> {
    JURIES.iter().map(card).collect()
}

fn card(jury: &Jury) -> MetricCard {
    MetricCard {
        name: jury.score,
        summary: jury.summary,
        docs: include_str!("../docs/llm_jury.md"),
        higher_is_better: Some(true),
        range: (1.0, 5.0),
    }
}

/// The instance's own text is shown, without what the adapter puts around it.
fn matter(
    unit: &Unit<'_>,
    template: &str,
    empty: f64,
    read: fn(&str) -> Option<f64>,
) -> Result<Matter, String> {
    let (answer, _) = answer_and_prompt(unit)?;
    if strip(&answer).is_empty() {
        return Ok(Matter::Known(empty));
    }
    let reference = unit.instance.references.first();
    let parts = [
        ("{QUESTION}", unit.instance.input.text.as_str()),
        ("{RESPONSE}", answer.as_str()),
        ("{GOLD_RESPONSE}", reference.map_or("", |reference| reference.output.text.as_str())),
    ];
    let prompt = fill_once(template, &parts);
    Ok(Matter::Ask(Question { prompt, max_tokens: 4096, read }))
}
