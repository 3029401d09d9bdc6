//! HumanEval and APPS.

use std::collections::{BTreeMap, HashMap};

use holometer_core::{Instance, Reference, Split};
use holometer_data::read;
use serde_json::{Map, Value};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "code", instances }
}

/// HELM cuts longer texts off, in characters.
const LONGEST_TEXT: usize = 150_000;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for file in material.role("humaneval") {
        for row in file.rows()? {
            instances.push(human_eval(material, file, row)?);
        }
    }
    let order = pinned_order(material)?;
    for file in material.role("apps") {
        instances.extend(apps(material, file, &order)?);
    }
    Ok(instances)
}

fn human_eval(
    material: &Material<'_>,
    file: &OpenFile,
    row: Value,
) -> Result<Instance, ScenarioError> {
    let prompt = material.text(file, &row, "prompt")?.to_owned();
    let solution = material.text(file, &row, "canonical_solution")?.to_owned();
    let mut instance = Instance::new(prompt, vec![Reference::correct(solution)], file.split);
    instance.extra.insert("test_cases".to_owned(), row);
    Ok(instance)
}

/// The order of the folders in which HELM's published runs read them, by split; empty when it is not at hand.
fn pinned_order(material: &Material<'_>) -> Result<HashMap<String, Vec<String>>, ScenarioError> {
    let Some(file) = material.role("apps_order").next() else { return Ok(HashMap::new()) };
    serde_json::from_slice(&file.content()?)
        .map_err(|error| material.unexpected(file, error.to_string()))
}

/// A problem's folder: its files by name.
type Folder = BTreeMap<String, Vec<u8>>;

fn apps(
    material: &Material<'_>,
    file: &OpenFile,
    order: &HashMap<String, Vec<String>>,
) -> Result<Vec<Instance>, ScenarioError> {
    let mut folders: HashMap<&str, BTreeMap<String, Folder>> = HashMap::new();
    for (name, content) in read::archive_members(&file.path, "APPS/")? {
        let parts: Vec<&str> = name.split('/').collect();
        let [_, split, problem, member] = parts[..] else { continue };
        let split = if split == "train" { "train" } else { "test" };
        let problems = folders.entry(split).or_default();
        problems.entry(problem.to_owned()).or_default().insert(member.to_owned(), content);
    }
    let mut instances = Vec::new();
    for (name, split) in [("train", Split::Train), ("test", Split::Test)] {
        let problems = folders.remove(name).unwrap_or_default();
        let names = match order.get(name) {
            Some(names) => names.clone(),
            None => problems.keys().cloned().collect(),
        };
        for problem in names {
            if let Some(folder) = problems.get(&problem) {
                let required =
                    if split == Split::Train { "solutions.json" } else { "input_output.json" };
                if folder.contains_key("question.txt") && folder.contains_key(required) {
                    instances.push(apps_problem(folder, split).map_err(|error| {
                        material.unexpected(file, format!("problem {problem}: {error}"))
                    })?);
                }
            }
        }
    }
    Ok(instances)
}

fn apps_problem(folder: &Folder, split: Split) -> Result<Instance, serde_json::Error> {
    let text = |name: &str| {
        folder
            .get(name)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default()
    };
    let kind = if folder.contains_key("starter_code.py") { "Call-Based" } else { "Standard Input" };
    let question = cut(&text("question.txt"));
    let starter = cut(&text("starter_code.py"));
    let mut solutions: Vec<String> = match folder.get("solutions.json") {
        Some(bytes) => serde_json::from_slice::<Vec<String>>(bytes)?,
        None => Vec::new(),
    };
    solutions = solutions.iter().map(|solution| cut(&with_tabs(solution))).collect();
    if solutions.is_empty() {
        solutions.push(String::new());
    }
    let tests = match folder.get("input_output.json") {
        Some(bytes) => serde_json::from_slice(bytes)?,
        None => Value::Object(Map::new()),
    };
    let input = format!(
        "\nQUESTION:\n{question}\n{starter}\n\nUse {kind} format\n\nANSWER in Python code:\n"
    );
    let references = solutions.into_iter().map(Reference::correct).collect();
    let mut instance = Instance::new(input, references, split);
    instance.extra.insert("test_cases".to_owned(), tests);
    Ok(instance)
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// APPS's own normalisation of solutions: every level of indentation becomes a tab, where a level is the indentation of
/// the first indented line. Every line gets an end.
fn with_tabs(code: &str) -> String {
    let mut indentation: Option<String> = None;
    let mut result = String::with_capacity(code.len());
    for line in code.split_inclusive('\n') {
        let line = line.trim_end_matches(['\r', '\n']);
        if indentation.is_none() && !line.trim().is_empty() {
            let width = line.len() - line.trim_start_matches([' ', '\t']).len();
            let unit = if line.starts_with('\t') { "\t" } else { " " };
            indentation = (width > 0).then(|| unit.repeat(width));
        }
        let mut rest = line;
        if let Some(unit) = &indentation {
            while let Some(inner) = rest.strip_prefix(unit.as_str()) {
                result.push('\t');
                rest = inner;
            }
        }
        result.push_str(rest);
        result.push('\n');
    }
    result
}

#[cfg(test)]
mod tests {
    use super::with_tabs;

    #[test]
    fn indentation_becomes_tabs() {
        // Output of APPS's `reindent` (to tabs) for the same text.
        assert_eq!(with_tabs("def f():\n  if x:\n    y\n  z"), "def f():\n\tif x:\n\t\ty\n\tz\n");
        assert_eq!(with_tabs("a\r\nb"), "a\nb\n");
        assert_eq!(with_tabs("if a:\n\tb\n\t\tc\n"), "if a:\n\tb\n\t\tc\n");
    }
}
