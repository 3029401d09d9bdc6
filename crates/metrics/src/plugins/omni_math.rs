//! Whether a mathematical answer is the right one, by judges: HELM's `OmniMATHMetric`.

use holometer_core::{Metric, MetricCard, MetricOptions, Unit};
use holometer_text::python::strip;

use crate::Plugin;
use crate::args;
use crate::error::MetricError;
use crate::judged::{Judged, Matter, answer_and_prompt, fill};
use crate::judges::{self, Question};

const NAME: &str = "omni_math";
const SCORE: &str = "omni_math_accuracy";

pub(crate) fn plugin() -> Plugin {
    Plugin { name: NAME, build, cards }
}

fn build(args: &serde_json::Value, _: MetricOptions) -> Result<Box<dyn Metric>, MetricError> {
    args::none(NAME, args)?;
    let scores = |_: &Unit<'_>, verdict: f64| vec![(SCORE.to_owned(), verdict)];
    Ok(Box::new(Judged { cards: cards(), matter: Box::new(matter), scores, unread: None }))
}

fn cards() -> Vec<MetricCard> {
    vec![MetricCard {
        name: SCORE,
        summary: "Share of the judges that find the final answer right",
        docs: include_str!("../docs/omni_math.md"),
        higher_is_better: Some(true),
        range: (0.0, 1.0),
    }]
}

fn matter(unit: &Unit<'_>) -> Result<Matter, String> {
    let (answer, _) = answer_and_prompt(unit)?;
    if strip(&answer).is_empty() {
        return Ok(Matter::Known(0.0));
    }
    let reference = unit.instance.references.first().ok_or("the instance has no right answer")?;
    let parts = [
        ("{{Problem}}", unit.instance.input.text.as_str()),
        ("{{Reference Answer}}", reference.output.text.as_str()),
        ("{{Solution}}", answer.as_str()),
    ];
    let prompt = fill(include_str!("../judges/templates/omni_math.txt"), &parts);
    Ok(Matter::Ask(Question { prompt, max_tokens: 4096, read: judges::omni_math }))
}
