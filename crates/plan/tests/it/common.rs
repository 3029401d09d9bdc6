//! A small catalogue of scenarios, and HELM's JSON read into our types.

use std::collections::BTreeMap;

use holometer_core::{
    AdapterSpec, Args, AugmentationSpec, Decoding, FewShot, Method, MetricSpec, ModelName,
    ModelSpec, Parameter, PerturbationSpec, PromptTemplate, RunName, RunSpec, ScenarioCard,
    ScenarioCatalogue, ScenarioName, ScenarioSpec, ValueKind,
};
use holometer_plan::{SelectedModel, Selection, SourcedEntry};
use serde_json::Value;

/// Scenarios by name, each with its card and what it drafts for any arguments.
#[derive(Default)]
pub(crate) struct Fake(pub(crate) BTreeMap<String, (ScenarioCard, Option<RunSpec>)>);

impl Fake {
    /// Adds a scenario that drafts a run named after its arguments, as HELM's run spec functions do.
    pub(crate) fn with(mut self, name: &str, parameters: Vec<Parameter>) -> Self {
        let card = ScenarioCard { name: name.into(), parameters, ..ScenarioCard::default() };
        self.0.insert(name.to_owned(), (card, None));
        self
    }

    /// Adds a scenario without parameters that drafts one run.
    pub(crate) fn with_run(mut self, name: &str, run: RunSpec) -> Self {
        let card = ScenarioCard { name: name.into(), ..ScenarioCard::default() };
        self.0.insert(name.to_owned(), (card, Some(run)));
        self
    }
}

impl ScenarioCatalogue for Fake {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn card(&self, name: &str) -> Option<&ScenarioCard> {
        self.0.get(name).map(|(card, _)| card)
    }

    fn draft(&self, name: &str, args: &Args) -> Result<RunSpec, String> {
        if args.text("subject").as_deref() == Some("forbidden") {
            return Err("`forbidden` has no test split\nhint: choose another subject".to_owned());
        }
        if let Some(run) = &self.0[name].1 {
            return Ok(run.clone());
        }
        let shown = if args.0.is_empty() { name.to_owned() } else { format!("{name}:{args}") };
        Ok(RunSpec {
            name: RunName(shown),
            scenario: ScenarioSpec { name: ScenarioName::from(name), args: args.clone() },
            adapter: AdapterSpec::new(Method::Generation),
            metrics: vec![MetricSpec::new("basic_generation")],
            augmentation: AugmentationSpec::default(),
            groups: vec![name.to_owned()],
            model: ModelSpec::default(),
        })
    }
}

/// A parameter with the given values; the first is the default where `default` says so.
pub(crate) fn choice(name: &str, values: &[&str], default: Option<&str>) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind: ValueKind::Choice,
        values: values.iter().map(ToString::to_string).collect(),
        default: default.map(str::to_owned),
        ..Parameter::default()
    }
}

/// A model as `-m` gives it.
pub(crate) fn model(name: &str) -> SelectedModel {
    let spec = ModelSpec { name: ModelName::from(name), deployment: name.to_owned() };
    SelectedModel { spec, ..SelectedModel::default() }
}

/// A selection of entries given on the command line.
pub(crate) fn selection(entries: &[&str], models: &[&str]) -> Selection {
    Selection {
        entries: entries.iter().map(|text| SourcedEntry::from_flag(text).unwrap()).collect(),
        models: models.iter().map(|name| model(name)).collect(),
        ..Selection::default()
    }
}

/// HELM's flat adapter as ours.
pub(crate) fn adapter(helm: &Value) -> AdapterSpec {
    let pick = |names: &[&str]| {
        let pairs = names.iter().filter_map(|name| Some((*name, helm.get(*name)?.clone())));
        Value::Object(pairs.map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let template: PromptTemplate = serde_json::from_value(pick(&[
        "global_prefix",
        "global_suffix",
        "instructions",
        "input_prefix",
        "input_suffix",
        "reference_prefix",
        "reference_prefix_characters",
        "reference_suffix",
        "chain_of_thought_prefix",
        "chain_of_thought_suffix",
        "output_prefix",
        "output_suffix",
        "instance_prefix",
        "substitutions",
    ]))
    .unwrap();
    let few_shot: FewShot = serde_json::from_value(pick(&[
        "max_train_instances",
        "sample_train",
        "num_train_trials",
        "num_trials",
        "max_eval_instances",
        "eval_splits",
        "multi_label",
    ]))
    .unwrap();
    let decoding: Decoding =
        serde_json::from_value(pick(&["max_tokens", "temperature", "stop_sequences", "random"]))
            .unwrap();
    AdapterSpec {
        template,
        few_shot,
        decoding,
        num_outputs: usize::try_from(helm["num_outputs"].as_u64().unwrap()).unwrap(),
        ..AdapterSpec::new(Method::parse(helm["method"].as_str().unwrap()).unwrap())
    }
}

/// Metrics in HELM's form, their class names kept.
pub(crate) fn metrics(helm: &Value) -> Vec<MetricSpec> {
    let specs = helm.as_array().unwrap().iter();
    specs
        .map(|spec| MetricSpec {
            name: spec["class_name"].as_str().unwrap().to_owned(),
            args: spec["args"].clone(),
        })
        .collect()
}

/// HELM's data augmenter as ours, compared field by field in this form.
pub(crate) fn augmentation(helm: &Value) -> AugmentationSpec {
    let flag = |name: &str| helm[name].as_bool().unwrap();
    let specs = helm["perturbation_specs"].as_array().unwrap();
    AugmentationSpec {
        perturbations: specs.iter().map(perturbation).collect(),
        augment_train: flag("should_augment_train_instances"),
        include_original_train: flag("should_include_original_train"),
        skip_unchanged_train: flag("should_skip_unchanged_train"),
        augment_eval: flag("should_augment_eval_instances"),
        include_original_eval: flag("should_include_original_eval"),
        skip_unchanged_eval: flag("should_skip_unchanged_eval"),
        seeds_per_instance: helm["seeds_per_instance"].as_u64().unwrap(),
    }
}

/// `helm...typos_perturbation.TyposPerturbation` is `typos`.
fn perturbation(helm: &Value) -> PerturbationSpec {
    let class = helm["class_name"].as_str().unwrap().rsplit('.').next().unwrap();
    let class = class.strip_suffix("Perturbation").unwrap().replace("CLEVA", "Cleva");
    let mut name = String::new();
    for (index, c) in class.char_indices() {
        if c.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    PerturbationSpec { name, args: helm["args"].clone() }
}

/// A flat adapter without its `None` fields, as HELM writes it.
pub(crate) fn without_nulls(helm: &Value) -> Value {
    let mut helm = helm.clone();
    helm.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    helm
}
