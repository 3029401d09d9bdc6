//! The verdicts of HELM's medical annotators: points for three criteria, as JSON.

use serde_json::Value;

use super::read::number;

/// What each verdict must hold, each with what its criterion must say. `ANNOTATION_CRITERIA` of `med_dialog_annotator.py` and its like.
const CRITERIA: [&str; 3] = ["accuracy", "completeness", "clarity"];
const SAID: [&str; 2] = ["score", "explanation"];
/// The points that the question offers.
const OFFERED: std::ops::RangeInclusive<f64> = 1.0..=5.0;

/// The mean of a verdict's points.
pub(crate) fn jury(text: &str) -> Option<f64> {
    let points = points(text)?;
    points.iter().all(|point| OFFERED.contains(point)).then(|| mean(&points))
}

/// As [`jury`], with what HELM makes of points that were not offered: fractions are cut off, and anything else is taken.
pub(crate) fn jury_of_helm(text: &str) -> Option<f64> {
    let points: Vec<f64> = points(text)?.into_iter().map(f64::trunc).collect();
    Some(mean(&points))
}

fn mean(points: &[f64]) -> f64 {
    points.iter().sum::<f64>() / points.len() as f64
}

/// The points of all criteria that the verdict names, and these may be more than were asked for. `LLMAsJuryAnnotator` and `LLMJuryMetric`.
fn points(text: &str) -> Option<Vec<f64>> {
    let object = text.find('{').zip(text.rfind('}')).filter(|(from, to)| from < to);
    let text = object.map_or(text, |(from, to)| &text[from..=to]);
    // Judges forget the last brace.
    let parsed = serde_json::from_str(text).or_else(|_| serde_json::from_str(&format!("{text}}}")));
    let Ok(Value::Object(verdict)) = parsed else { return None };
    let whole = |name: &str| {
        let criterion = verdict.get(name).and_then(Value::as_object);
        criterion.is_some_and(|criterion| SAID.iter().all(|part| criterion.contains_key(*part)))
    };
    if !CRITERIA.into_iter().all(whole) {
        return None;
    }
    verdict.values().map(|criterion| point(criterion.get("score")?)).collect()
}

fn point(score: &Value) -> Option<f64> {
    match score {
        Value::Number(point) => point.as_f64(),
        Value::String(point) => number(point),
        _ => None,
    }
}
