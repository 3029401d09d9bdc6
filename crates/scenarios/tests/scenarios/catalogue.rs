//! Every run spec that HELM's own functions build, and every scenario name in its configuration files.

use std::collections::BTreeSet;

use holometer_core::{ArgValue, Args, ScenarioCatalogue};
use holometer_scenarios::{Catalogue, known_helm_scenarios};
use holometer_testkit::shared_path;
use serde_json::{Value, json};

use crate::common::metric_name;

/// A run spec's arguments as a run entry would give them.
fn entry_args(args: &Value) -> Args {
    let mut list = Vec::new();
    for (name, value) in args.as_object().unwrap() {
        let text = match value {
            Value::Null => continue,
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        list.push((name.clone(), ArgValue::parse(&text)));
    }
    Args(list)
}

fn without_nulls(value: &Value) -> Value {
    let object = value.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    Value::Object(object.map(|(key, value)| (key.clone(), number(value))).collect())
}

/// A whole number, whether it was written `1` or `1.0`.
fn number(value: &Value) -> Value {
    value.as_f64().map_or_else(|| value.clone(), Value::from)
}

/// A metric with its arguments; the names of a family without their order, which Python draws from a set in one place.
fn metric(name: String, args: &Value) -> (String, Value) {
    let mut args = args.clone();
    if let Some(names) = args.get_mut("names").and_then(Value::as_array_mut) {
        names.sort_by_key(ToString::to_string);
    }
    (name, args)
}

/// HELM names the runs of these like those of others, so that one overwrites the other (the three of legal summaries), or
/// after a file that it does not read (`opinions_qa`). `opinions_qa` has no metric in HELM at all.
const OWN_RUN_NAMES: &[&str] = &[
    "billsum_legal_summarization",
    "multilexsum_legal_summarization",
    "eurlexsum_legal_summarization",
    "opinions_qa",
];

/// A metric's arguments as HELM has them: it finds out the classes from the answers, here they are listed.
fn without_labels(spec: &holometer_core::MetricSpec) -> Value {
    let mut args = spec.args.clone();
    if spec.name == "classification"
        && let Some(args) = args.as_object_mut()
    {
        args.remove("labels");
    }
    args
}

fn difference(catalogue: &Catalogue, name: &str, variant: &Value) -> Option<String> {
    let ours = match catalogue.draft(name, &entry_args(&variant["args"])) {
        Ok(ours) => ours,
        Err(error) => return Some(error),
    };
    if ours.name.as_str() != variant["run_spec_name"] && !OWN_RUN_NAMES.contains(&name) {
        return Some(format!("name {} instead of {}", ours.name, variant["run_spec_name"]));
    }
    if json!(ours.groups) != variant["groups"] {
        return Some(format!("groups {:?} instead of {}", ours.groups, variant["groups"]));
    }
    let mut adapter = ours.adapter.to_helm("", "");
    let object = adapter.as_object_mut().unwrap();
    object.retain(|key, _| key != "model" && key != "model_deployment");
    let (adapter, theirs) = (without_nulls(&adapter), without_nulls(&variant["adapter"]));
    for (field, value) in theirs.as_object().unwrap() {
        if field != "model" && field != "model_deployment" && adapter.get(field) != Some(value) {
            return Some(format!("{field} {:?} instead of {value}", adapter.get(field)));
        }
    }
    let our_metrics: Vec<_> =
        ours.metrics.iter().map(|spec| metric(spec.name.clone(), &without_labels(spec))).collect();
    let their_metrics: Vec<_> = variant["metric_specs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spec| metric(metric_name(spec["class_name"].as_str().unwrap()), &spec["args"]))
        .collect();
    if our_metrics != their_metrics && name != "opinions_qa" {
        return Some(format!("metrics {our_metrics:?} instead of {their_metrics:?}"));
    }
    None
}

#[test]
fn run_specs_equal_every_variant_of_helm() {
    let Some(path) = shared_path("helm/catalogue.json") else { return };
    let document = crate::common::json(&path);
    let catalogue = Catalogue::builtin();
    let names = catalogue.names();
    let mut compared = 0;
    let mut differences = Vec::new();
    for (name, entry) in document["run_specs"].as_object().unwrap() {
        if !names.contains(name) {
            continue;
        }
        for variant in entry["variants"].as_array().unwrap() {
            compared += 1;
            if let Some(difference) = difference(&catalogue, name, variant) {
                differences.push(format!("{name} {}: {difference}", variant["args"]));
            }
        }
    }
    println!("{compared} run specs compared");
    assert!(compared > 60);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The names in front of HELM's run entries.
fn names_in_conf(text: &str) -> BTreeSet<String> {
    let entry = regex::Regex::new(r#"description:\s*"([^":,]+)"#).unwrap();
    entry.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn every_scenario_of_helm_is_here_or_explained() {
    let Some(folder) = shared_path("helm") else { return };
    let document = crate::common::json(&folder.join("catalogue.json"));
    let mut wanted: BTreeSet<String> =
        document["run_specs"].as_object().unwrap().keys().cloned().collect();
    for file in std::fs::read_dir(folder.join("conf")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "conf") {
            wanted.extend(names_in_conf(&std::fs::read_to_string(path).unwrap()));
        }
    }
    let ours: BTreeSet<String> = Catalogue::builtin().names().into_iter().collect();
    let explained: BTreeSet<String> =
        known_helm_scenarios().iter().map(|(name, _)| (*name).to_owned()).collect();
    let both: Vec<&String> = ours.intersection(&explained).collect();
    assert!(both.is_empty(), "here and explained as missing: {both:?}");
    let silent: Vec<&String> =
        wanted.iter().filter(|name| !ours.contains(*name) && !explained.contains(*name)).collect();
    assert!(silent.is_empty(), "neither here nor explained: {silent:?}");
    println!("{} of HELM's {} names are here", wanted.intersection(&ours).count(), wanted.len());
}

/// HELM's entries, resolved: every argument that is not an expander is a documented value.
#[test]
fn entries_of_helm_resolve() {
    let Some(folder) = shared_path("helm/conf") else { return };
    let catalogue = Catalogue::builtin();
    let entry = regex::Regex::new(r#"description:\s*"([^"]+)""#).unwrap();
    let mut resolved = 0;
    let mut failures = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for found in entry.captures_iter(&text) {
            let (name, arguments) = found[1].split_once(':').unwrap_or((&found[1], ""));
            let Some(card) = catalogue.card(name) else { continue };
            let mut args = Args::default();
            for pair in arguments.split(',') {
                if let Some((key, value)) = pair.split_once('=')
                    && card.parameters.iter().any(|parameter| parameter.name == key)
                    && !EXPANDERS_VALUES.contains(&value)
                {
                    args.set(key, ArgValue::parse(value));
                }
            }
            match catalogue.draft(name, &args) {
                Ok(_) => resolved += 1,
                Err(error) => {
                    failures.insert(format!("{}: {error}", &found[1]));
                }
            }
        }
    }
    println!("{resolved} entries of HELM's configuration files resolve");
    let unexplained: Vec<&String> = failures
        .iter()
        .filter(|failure| !UNDOCUMENTED_TASKS.iter().any(|task| failure.contains(task)))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert!(resolved > 900);
}

/// Values that HELM's expanders replace before a scenario sees them.
const EXPANDERS_VALUES: &[&str] = &["default_sweep", "default"];

/// Tasks of BIG-bench whose files could not be examined, and DecodingTrust's prompts that are cut with GPT-2's tokenizer;
/// their scenarios say so.
const UNDOCUMENTED_TASKS: &[&str] = &[
    "prompt_type=context-",
    "formal_fallacies_syllogisms_negation",
    "language_identification",
    "vitaminc_fact_verification",
    "cryobiology_spanish",
    "medical_questions_russian",
    "suicide_risk",
];
