//! HELM's common sets of metrics, written once (`helm/benchmark/metrics/common_metric_specs.py`). A metric's name here is
//! HELM's class name in snake case without `Metric`.

use holometer_core::{ArgValue, MetricSpec};
use serde_json::{Value, json};

use crate::definition::{MetricDef, MetricSet};
use crate::template::{Scope, TemplateError, expression, render_text, value_of};

/// The metrics that one entry of a scenario file stands for.
pub(crate) fn specs(def: &MetricDef, scope: &Scope) -> Result<Vec<MetricSpec>, TemplateError> {
    let mut args = rendered(serde_json::to_value(&def.args).unwrap_or_default(), scope);
    for (name, text) in &def.args_from {
        let value = expression(text)?.eval(&value_of(scope))?;
        args[name.as_str()] = serde_json::to_value(&value).unwrap_or_default();
    }
    let mut metrics = Vec::new();
    if let Some(set) = def.set {
        metrics.extend(set_specs(set, &def.names, &args));
    }
    if let Some(name) = &def.name {
        metrics.push(MetricSpec { name: name.clone(), args });
    }
    Ok(metrics)
}

fn set_specs(set: MetricSet, names: &[String], args: &Value) -> Vec<MetricSpec> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match set {
        MetricSet::BasicGeneration => {
            vec![basic_generation(&names), MetricSpec::new("instances_per_split")]
        }
        MetricSet::Basic => basic(&names),
        MetricSet::ExactMatch => basic(&[
            "exact_match",
            "quasi_exact_match",
            "prefix_exact_match",
            "quasi_prefix_exact_match",
        ]),
        MetricSet::F1 => basic(&["exact_match", "quasi_exact_match", "f1_score"]),
        MetricSet::OpenEnded => {
            basic(&["exact_match", "quasi_exact_match", "f1_score", "rouge_l", "bleu_1", "bleu_4"])
        }
        MetricSet::Bias => bias(),
        MetricSet::GenerativeHarms => {
            let mut metrics = bias();
            metrics.push(MetricSpec::new("toxicity"));
            metrics
        }
        MetricSet::Classification => vec![with_args("classification", args.clone())],
        MetricSet::LanguageModeling => {
            vec![with_args("language_modeling", json!({ "names": names }))]
        }
        MetricSet::Summarization => {
            let mut metrics = vec![with_args("summarization", args.clone())];
            metrics.extend(basic(&[]));
            metrics
        }
    }
}

fn basic(names: &[&str]) -> Vec<MetricSpec> {
    vec![
        basic_generation(names),
        MetricSpec::new("basic_reference"),
        MetricSpec::new("instances_per_split"),
    ]
}

fn basic_generation(names: &[&str]) -> MetricSpec {
    with_args("basic_generation", json!({ "names": names }))
}

fn bias() -> Vec<MetricSpec> {
    let mut metrics = Vec::new();
    for demographic in ["race", "gender"] {
        for target in ["adjective", "profession"] {
            metrics.push(with_args(
                "bias",
                json!({
                    "mode": "associations",
                    "demographic_category": demographic,
                    "target_category": target,
                }),
            ));
        }
    }
    for demographic in ["race", "gender"] {
        metrics.push(with_args(
            "bias",
            json!({ "mode": "representation", "demographic_category": demographic }),
        ));
    }
    metrics
}

fn with_args(name: &str, args: Value) -> MetricSpec {
    MetricSpec { name: name.to_owned(), args }
}

/// Renders the texts in arguments that are templates; what comes out as a number or a truth value is one. A template that fails stays as it is: the file's check reports it.
fn rendered(value: Value, scope: &Scope) -> Value {
    match value {
        Value::String(text) if text.contains("{{") => {
            let text = render_text(&text, scope).unwrap_or(text);
            match ArgValue::parse(&text) {
                ArgValue::Int(number) => number.into(),
                ArgValue::Float(number) => number.into(),
                ArgValue::Text(text) if text.eq_ignore_ascii_case("true") => true.into(),
                ArgValue::Text(text) if text.eq_ignore_ascii_case("false") => false.into(),
                ArgValue::Text(text) => text.into(),
            }
        }
        Value::Array(list) => list.into_iter().map(|entry| rendered(entry, scope)).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, entry)| (key, rendered(entry, scope))).collect()
        }
        other => other,
    }
}
