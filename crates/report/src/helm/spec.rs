//! Run specs: `run_spec.json` in and out.

use holometer_core::{
    AdapterSpec, ArgValue, Args, AugmentationSpec, Decoding, FewShot, Method, MetricSpec,
    ModelName, ModelSpec, PerturbationSpec, PromptTemplate, RunName, RunSpec, ScenarioName,
    ScenarioSpec, Split, Substitution,
};
use serde_json::{Map, Value, json};

use super::fields::{count, flag, list, number, object, optional_text, text, texts};
use super::names::{Kind, from_class, scenario_from_class, to_class};

/// The field in which an export keeps what HELM's format has no place for.
pub(crate) const OWN_FIELD: &str = "holometer";

/// Reads a run spec. `fallback_name` is the run's name when the file has none.
pub(crate) fn read_spec(value: &Value, fallback_name: &str, notes: &mut Vec<String>) -> RunSpec {
    let adapter = &value["adapter_spec"];
    let own_name = optional_text(&value[OWN_FIELD], "name");
    let name = own_name
        .or_else(|| optional_text(value, "name"))
        .unwrap_or_else(|| fallback_name.to_owned());
    let scenario = &value["scenario_spec"];
    let deployment = text(adapter, "model_deployment");
    let model = text(adapter, "model");
    if !list(value, "annotators").is_empty() {
        notes.push("the run's annotators are not kept".to_owned());
    }
    RunSpec {
        scenario: ScenarioSpec {
            name: ScenarioName(scenario_from_class(&text(scenario, "class_name"), &name)),
            args: read_args(&scenario["args"]),
        },
        adapter: read_adapter(adapter, notes),
        metrics: list(value, "metric_specs").iter().flat_map(read_metric).collect(),
        augmentation: read_augmentation(&value["data_augmenter_spec"]),
        groups: texts(value, "groups"),
        model: ModelSpec {
            // Before version 0.3 there were no deployments: one name was both.
            deployment: if deployment.is_empty() { model.clone() } else { deployment.clone() },
            name: ModelName(if model.is_empty() { deployment } else { model }),
        },
        name: RunName(name),
    }
}

/// The run spec under HELM's field names and with `name` for its name; what HELM's format has no place for is under
/// [`OWN_FIELD`], which HELM ignores.
pub(crate) fn write_spec(spec: &RunSpec, name: &str) -> Value {
    let augmentation = &spec.augmentation;
    let specification = |kind, name: &str, args: &Value| {
        let args = if args.is_null() { json!({}) } else { args.clone() };
        json!({ "class_name": to_class(kind, name), "args": args })
    };
    let own_name = (name != spec.name.as_str()).then(|| json!({ "name": spec.name }));
    object(json!({
        "name": name,
        "scenario_spec": {
            "class_name": to_class(Kind::Scenario, spec.scenario.name.as_str()),
            "args": write_args(&spec.scenario.args),
        },
        "adapter_spec": write_adapter(spec),
        "metric_specs": spec.metrics.iter()
            .map(|metric| specification(Kind::Metric, &metric.name, &metric.args))
            .collect::<Vec<_>>(),
        "data_augmenter_spec": {
            "perturbation_specs": augmentation.perturbations.iter()
                .map(|spec| specification(Kind::Perturbation, &spec.name, &spec.args))
                .collect::<Vec<_>>(),
            "should_augment_train_instances": augmentation.augment_train,
            "should_include_original_train": augmentation.include_original_train,
            "should_skip_unchanged_train": augmentation.skip_unchanged_train,
            "should_augment_eval_instances": augmentation.augment_eval,
            "should_include_original_eval": augmentation.include_original_eval,
            "should_skip_unchanged_eval": augmentation.skip_unchanged_eval,
            "seeds_per_instance": augmentation.seeds_per_instance.max(1),
        },
        "groups": spec.groups,
        OWN_FIELD: own_name,
    }))
}

/// The adapter spec under HELM's field names.
pub(crate) fn write_adapter(spec: &RunSpec) -> Value {
    spec.adapter.to_helm(spec.model.name.as_str(), &spec.model.deployment)
}

/// Early versions had one basic metric for what later became three.
fn read_metric(metric: &Value) -> Vec<MetricSpec> {
    let class = text(metric, "class_name");
    let args = arguments(metric);
    if class.ends_with(".BasicMetric") {
        return vec![
            MetricSpec { name: "basic_generation".to_owned(), args },
            MetricSpec::new("basic_reference"),
            MetricSpec::new("instances_per_split"),
        ];
    }
    vec![MetricSpec { name: from_class(Kind::Metric, &class), args }]
}

fn arguments(spec: &Value) -> Value {
    spec.get("args").filter(|args| args.is_object()).cloned().unwrap_or_else(|| json!({}))
}

/// A scenario's arguments. Ours are numbers and texts: true and false become texts, lists and objects their JSON.
fn read_args(args: &Value) -> Args {
    let fields = args.as_object().into_iter().flatten();
    let values = fields.filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let value = match value {
            Value::String(text) => ArgValue::Text(text.clone()),
            Value::Number(number) => number
                .as_i64()
                .map(ArgValue::Int)
                .or_else(|| number.as_f64().map(ArgValue::Float))
                .unwrap_or_else(|| ArgValue::Text(number.to_string())),
            other => ArgValue::Text(other.to_string()),
        };
        (name.clone(), value)
    });
    Args(values.collect())
}

fn write_args(args: &Args) -> Value {
    let values = args.0.iter().map(|(name, value)| {
        let value = match value {
            ArgValue::Int(number) => json!(number),
            ArgValue::Float(number) => json!(number),
            ArgValue::Text(text) => match text.as_str() {
                "true" => json!(true),
                "false" => json!(false),
                text if text.starts_with(['[', '{']) => {
                    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
                }
                text => json!(text),
            },
        };
        (name.clone(), value)
    });
    Value::Object(values.collect::<Map<_, _>>())
}

fn read_adapter(flat: &Value, notes: &mut Vec<String>) -> AdapterSpec {
    let method = text(flat, "method");
    let method = Method::parse(&method).unwrap_or_else(|| {
        notes.push(format!("the method `{method}` is not known; it is read as `generation`"));
        Method::Generation
    });
    let default = AdapterSpec::new(method);
    AdapterSpec {
        method,
        template: read_template(flat),
        few_shot: read_few_shot(flat),
        decoding: Decoding {
            max_tokens: count(flat, "max_tokens", default.decoding.max_tokens),
            temperature: number(flat, "temperature", default.decoding.temperature),
            stop_sequences: texts(flat, "stop_sequences"),
            random: optional_text(flat, "random"),
            ..Decoding::default()
        },
        num_outputs: count(flat, "num_outputs", default.num_outputs),
        output_mapping_pattern: optional_text(flat, "output_mapping_pattern"),
    }
}

fn read_template(flat: &Value) -> PromptTemplate {
    let default = PromptTemplate::default();
    let field =
        |key: &str, default: &String| optional_text(flat, key).unwrap_or_else(|| default.clone());
    let substitution = |value: &Value| {
        // Early versions wrote pairs.
        let pair = |index: usize| value.get(index).and_then(Value::as_str).map(str::to_owned);
        Some(Substitution {
            source: optional_text(value, "source").or_else(|| pair(0))?,
            target: optional_text(value, "target").or_else(|| pair(1))?,
        })
    };
    PromptTemplate {
        global_prefix: field("global_prefix", &default.global_prefix),
        global_suffix: field("global_suffix", &default.global_suffix),
        instructions: field("instructions", &default.instructions),
        input_prefix: field("input_prefix", &default.input_prefix),
        input_suffix: field("input_suffix", &default.input_suffix),
        reference_prefix: field("reference_prefix", &default.reference_prefix),
        reference_prefix_characters: flat
            .get("reference_prefix_characters")
            .filter(|characters| characters.is_array())
            .map(|_| texts(flat, "reference_prefix_characters")),
        reference_suffix: field("reference_suffix", &default.reference_suffix),
        chain_of_thought_prefix: field("chain_of_thought_prefix", &default.chain_of_thought_prefix),
        chain_of_thought_suffix: field("chain_of_thought_suffix", &default.chain_of_thought_suffix),
        output_prefix: field("output_prefix", &default.output_prefix),
        output_suffix: field("output_suffix", &default.output_suffix),
        instance_prefix: field("instance_prefix", &default.instance_prefix),
        substitutions: list(flat, "substitutions").iter().filter_map(substitution).collect(),
    }
}

fn read_few_shot(flat: &Value) -> FewShot {
    let default = FewShot::default();
    let splits = |_: &Value| {
        texts(flat, "eval_splits").iter().filter_map(|name| Split::parse(name)).collect()
    };
    FewShot {
        max_train_instances: count(flat, "max_train_instances", default.max_train_instances),
        sample_train: flag(flat, "sample_train", default.sample_train),
        num_train_trials: count(flat, "num_train_trials", default.num_train_trials),
        num_trials: count(flat, "num_trials", default.num_trials),
        max_eval_instances: flat
            .get("max_eval_instances")
            .and_then(Value::as_u64)
            .and_then(|number| usize::try_from(number).ok()),
        eval_splits: flat.get("eval_splits").filter(|splits| splits.is_array()).map(splits),
        multi_label: flag(flat, "multi_label", default.multi_label),
    }
}

fn read_augmentation(value: &Value) -> AugmentationSpec {
    AugmentationSpec {
        perturbations: list(value, "perturbation_specs")
            .iter()
            .map(|spec| PerturbationSpec {
                name: from_class(Kind::Perturbation, &text(spec, "class_name")),
                args: arguments(spec),
            })
            .collect(),
        augment_train: flag(value, "should_augment_train_instances", false),
        include_original_train: flag(value, "should_include_original_train", false),
        skip_unchanged_train: flag(value, "should_skip_unchanged_train", false),
        augment_eval: flag(value, "should_augment_eval_instances", false),
        include_original_eval: flag(value, "should_include_original_eval", false),
        skip_unchanged_eval: flag(value, "should_skip_unchanged_eval", false),
        seeds_per_instance: count(value, "seeds_per_instance", 1) as u64,
    }
}
