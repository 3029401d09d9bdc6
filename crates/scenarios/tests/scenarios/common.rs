//! What the integration tests share.

use std::path::{Path, PathBuf};

use holometer_core::{ArgValue, Args, Instance, ScenarioCatalogue, ScenarioName, ScenarioSpec};
use holometer_data::{Library, Silent};
use holometer_scenarios::{Catalogue, ScenarioError};

/// A library that looks into these folders only.
pub(crate) fn library(folders: &[PathBuf]) -> Library {
    let mut library = Library::new(std::env::temp_dir().join("holometer-scenarios-tests"));
    library.data_dirs = folders.to_vec();
    library.offline = true;
    library
}

/// Arguments from pairs.
pub(crate) fn args(pairs: &[(&str, &str)]) -> Args {
    Args(pairs.iter().map(|(key, value)| ((*key).to_owned(), ArgValue::parse(value))).collect())
}

/// The instances of a built-in scenario.
pub(crate) fn instances(
    name: &str,
    arguments: &Args,
    folder: &Path,
) -> Result<Vec<Instance>, ScenarioError> {
    let spec = ScenarioSpec { name: ScenarioName::from(name), args: arguments.clone() };
    Catalogue::builtin().instances(&spec, &library(&[folder.to_owned()]), &Silent)
}

/// How many instances each split has: train, valid, test.
pub(crate) fn counts(instances: &[Instance]) -> [usize; 3] {
    use holometer_core::Split::{Test, Train, Valid};
    [Train, Valid, Test].map(|split| instances.iter().filter(|i| i.split == split).count())
}

/// A scenario's run entry (`name:key=value,...`, or `name_np=3`) from a run's name, without the model and the other
/// expanders; the arguments that the scenario knows.
pub(crate) fn entry_of_run(run: &str) -> (String, Args) {
    let catalogue = Catalogue::builtin();
    let (head, tail) = run.split_once(':').unwrap_or((run, ""));
    let mut name = head.split(',').next().unwrap_or_default().to_owned();
    let mut pairs: Vec<(String, ArgValue)> = Vec::new();
    if let Some((language, kinds)) = head.split_once("_np=") {
        language.clone_into(&mut name);
        pairs.push(("num_parenthesis_pairs".into(), ArgValue::parse(kinds)));
    }
    let known = catalogue.card(&name).map(|card| card.parameters.clone()).unwrap_or_default();
    for pair in tail.split(',') {
        if let Some((key, value)) = pair.split_once('=')
            && known.iter().any(|parameter| parameter.name == key)
        {
            pairs.push((key.to_owned(), ArgValue::parse(value)));
        }
    }
    (name, Args(pairs))
}

/// Reads a JSON file, gzipped or not.
pub(crate) fn json(path: &Path) -> serde_json::Value {
    holometer_data::read::json(path).unwrap()
}

/// HELM's metric class as our metric's name.
pub(crate) fn metric_name(class: &str) -> String {
    let class = class.rsplit('.').next().unwrap_or(class);
    let class = class.strip_suffix("Metrics").or(class.strip_suffix("Metric")).unwrap_or(class);
    match class {
        "BBQ" => return "bbq".into(),
        "APPS" => return "apps".into(),
        "IFEval" => return "ifeval".into(),
        "GPQAChainOfThought" => return "gpqa_chain_of_thought".into(),
        "OmniMATH" => return "omni_math".into(),
        "LiveQAScore" => return "live_qa_score".into(),
        "BigCodeBench" => return "bigcodebench".into(),
        "WildBenchScore" => return "wildbench_score".into(),
        "AIRBench2024Score" => return "air_bench_2024_score".into(),
        "AIRBench2024BasicGeneration" => return "air_bench_2024_basic_generation".into(),
        _ => {}
    }
    let mut name = String::new();
    for (index, character) in class.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.extend(character.to_lowercase());
    }
    name
}
