//! The files of a suite, as `helm-summarize` makes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use holometer_core::RunSpec;
use serde_json::{Map, Value, json};

use super::error::ExportError;
use super::fields::object;
use super::names::Kind;
use super::names::to_class;
use super::schema::{Schema, organisation};
use super::spec::{write_adapter, write_spec};
use super::stat::{Stat, write_stat};
use super::summarize::Summary;
use super::table::Table;
use super::write::write_json;

/// A suite's runs, and what is known about what they measure.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The day of the export, as `2026-01-31`.
    pub date: String,
    /// The runs, in the order of their folders' names.
    pub runs: Vec<SuiteRun>,
    /// What metrics say about themselves; those without a text are shown by name.
    pub metrics: Vec<MetricText>,
    /// What groups say about themselves; those without a text are shown by name.
    pub groups: Vec<GroupText>,
}

/// A run within a suite.
#[derive(Clone, Debug)]
pub struct SuiteRun {
    /// The name of its folder, which is its name in all files.
    pub folder: String,
    /// What determined it.
    pub spec: RunSpec,
    /// Its statistics.
    pub stats: Vec<Stat>,
    /// The metric that its scenario is known for, and the split on which it is read, where they are known.
    pub main_metric: Option<(String, Option<String>)>,
    /// What it took.
    pub cost: Cost,
}

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests.
    pub requests: usize,
    /// Completions.
    pub completions: usize,
    /// Tokens of prompts, as far as they are known.
    pub prompt_tokens: usize,
    /// Tokens written, as far as they are known.
    pub completion_tokens: usize,
}

/// What a metric says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricText {
    /// Its name.
    pub name: String,
    /// How it is shown.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// Which direction is good; `None` when neither is.
    pub lower_is_better: Option<bool>,
}

/// What a group of runs says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupText {
    /// Its name.
    pub name: String,
    /// How it is shown.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// What kind of task it is, for the page of scenarios.
    pub task: String,
    /// Who its data is about, in a few words; empty where it is about nobody.
    pub who: String,
    /// Its languages.
    pub language: String,
}

impl GroupText {
    /// HELM's taxonomy.
    pub(crate) fn taxonomy(&self) -> Value {
        object(json!({
            "task": non_empty(&self.task),
            "who": non_empty(&self.who),
            "language": non_empty(&self.language),
        }))
    }
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A run as tables see it.
pub(crate) struct Row<'a> {
    pub(crate) run: &'a SuiteRun,
    /// Tells runs with different adapters apart.
    pub(crate) adapter: String,
    /// Tells runs of different scenarios apart.
    pub(crate) scenario: String,
}

/// Writes a suite's files into `folder`, beside the folders of its runs: `summary.json`, `schema.json`, `runs.json`,
/// `run_specs.json`, `runs_to_run_suites.json`, `groups.json`, `groups_metadata.json`, `costs.json` and `groups/`.
///
/// # Errors
/// When a file can't be written.
pub fn write_suite(folder: &Path, suite: &Suite) -> Result<(), ExportError> {
    fs::create_dir_all(folder).map_err(ExportError::at(folder))?;
    let put = |name: &str, value: &Value| write_json(&folder.join(name), value);
    let schema = Schema::of(suite);
    let spec = |run: &SuiteRun| write_spec(&run.spec, &run.folder);
    put(
        "summary.json",
        &json!({ "suite": suite.name, "suites": [suite.name], "date": suite.date }),
    )?;
    put("schema.json", &schema.to_json(&models(suite)))?;
    put("run_specs.json", &suite.runs.iter().map(spec).collect())?;
    let run = |run: &SuiteRun| {
        json!({
            "run_path": folder.join(&run.folder).to_string_lossy(),
            "run_spec": spec(run),
            "stats": run.stats.iter().filter(|stat| stat.is_finite()).map(write_stat).collect::<Vec<_>>(),
        })
    };
    put("runs.json", &suite.runs.iter().map(run).collect())?;
    let suites = suite.runs.iter().map(|run| (run.folder.clone(), json!(suite.name)));
    put("runs_to_run_suites.json", &Value::Object(suites.collect::<Map<_, _>>()))?;
    put("costs.json", &costs(suite))?;
    write_tables(folder, suite, &schema)
}

fn write_tables(folder: &Path, suite: &Suite, schema: &Schema) -> Result<(), ExportError> {
    let rows = rows(suite);
    let summary = Summary { schema, rows: &rows };
    let tables = |tables: Vec<Table>| tables.iter().map(Table::to_json).collect::<Value>();
    write_json(&folder.join("groups.json"), &tables(summary.index()))?;
    write_json(&folder.join("groups_metadata.json"), &summary.metadata())?;
    let groups = folder.join("groups");
    fs::create_dir_all(&groups).map_err(ExportError::at(&groups))?;
    for group in &schema.run_groups {
        let found = summary.tables(group);
        if !found.is_empty() {
            let name = super::names::folder_name(&group.name);
            write_json(&groups.join(format!("{name}.json")), &tables(found))?;
        }
    }
    Ok(())
}

/// The rows of all tables.
pub(crate) fn rows(suite: &Suite) -> Vec<Row<'_>> {
    let row = |run| Row { run, adapter: adapter_key(run), scenario: scenario_key(run) };
    suite.runs.iter().map(row).collect()
}

fn adapter_key(run: &SuiteRun) -> String {
    write_adapter(&run.spec).to_string()
}

fn scenario_key(run: &SuiteRun) -> String {
    let scenario = &run.spec.scenario;
    format!("{} {}", to_class(Kind::Scenario, scenario.name.as_str()), scenario.args)
}

/// The suite's models, each once, in alphabetical order.
fn models(suite: &Suite) -> Vec<String> {
    let names = suite.runs.iter().map(|run| run.spec.model.name.to_string());
    names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn costs(suite: &Suite) -> Value {
    let mut by_deployment: BTreeMap<&str, Cost> = BTreeMap::new();
    for run in &suite.runs {
        let cost = by_deployment.entry(&run.spec.model.deployment).or_default();
        cost.requests += run.cost.requests;
        cost.completions += run.cost.completions;
        cost.prompt_tokens += run.cost.prompt_tokens;
        cost.completion_tokens += run.cost.completion_tokens;
    }
    let costs = by_deployment.into_iter().map(|(deployment, cost)| {
        let cost = json!({
            "num_requests": cost.requests,
            "num_completions": cost.completions,
            "num_prompt_tokens": cost.prompt_tokens,
            "num_completion_tokens": cost.completion_tokens,
            "total_tokens": cost.prompt_tokens + cost.completion_tokens,
        });
        (deployment.to_owned(), cost)
    });
    Value::Object(costs.collect::<Map<_, _>>())
}

/// `model_metadata.yaml` for HELM's `prod_env` folder: without it `helm-summarize` does not know local models. Written as
/// JSON, which is YAML, so that no name can break it.
///
/// # Errors
/// When the file can't be written.
pub fn write_model_metadata(folder: &Path, suite: &Suite) -> Result<(), ExportError> {
    fs::create_dir_all(folder).map_err(ExportError::at(folder))?;
    let model = |name: String| {
        json!({
            "name": name,
            "display_name": name,
            "description": name,
            "creator_organization_name": organisation(&name),
            "access": "open",
            "release_date": null,
            "tags": ["TEXT_MODEL_TAG", "FULL_FUNCTIONALITY_TEXT_MODEL_TAG"],
        })
    };
    let models: Vec<Value> = models(suite).into_iter().map(model).collect();
    write_json(&folder.join("model_metadata.yaml"), &json!({ "models": models }))
}
