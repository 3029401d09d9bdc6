//! `check`: scenario and suite files, without running anything.

use std::path::Path;

use holometer_plan::{Selection, SkipKind, read_file, resolve};
use holometer_scenarios::known_helm_scenarios;

use crate::args::CheckArgs;
use crate::commands::run::shown;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::Environment;

/// Checks each file; every problem is printed with its place.
pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let environment = Environment::new(&args.environment, &[])?;
    let mut faulty = 0;
    for path in &args.files {
        let problems = problems(path, &environment)?;
        if problems.is_empty() {
            output::print(format!("{}: fine", path.display()))?;
        } else {
            faulty += 1;
            for problem in problems {
                output::print(problem)?;
            }
        }
    }
    Ok(if faulty == 0 { Exit::Done } else { Exit::Usage })
}

fn problems(path: &Path, environment: &Environment) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("can't read `{}`: {error}", path.display())))?;
    if is_suite(path, &text) { Ok(suite(path, &text, environment)) } else { scenario(path, &text) }
}

/// A suite lists entries; a scenario describes data.
fn is_suite(path: &Path, text: &str) -> bool {
    let toml = path.extension().is_some_and(|extension| extension == "toml");
    !toml
        || text
            .lines()
            .any(|line| line.trim_start().starts_with("[[entries]]") || line.starts_with("suite"))
}

fn scenario(path: &Path, text: &str) -> Result<Vec<String>, Failure> {
    let checked = holometer_scenarios::check(text, path);
    if let (true, Some(example)) = (checked.problems.is_empty(), checked.examples.first()) {
        output::print(format!("First instance:\n  input: {:?}", example.input.text))?;
        for reference in &example.references {
            let right = if reference.is_correct() { " (right)" } else { "" };
            output::print(format!("  reference: {:?}{right}", reference.output.text))?;
        }
    }
    Ok(checked.problems.iter().map(|problem| format!("{}:{problem}", path.display())).collect())
}

fn suite(path: &Path, text: &str, environment: &Environment) -> Vec<String> {
    let file = match read_file(&path.display().to_string(), text) {
        Ok(file) => file,
        Err(error) => return vec![error.to_string()],
    };
    let mut selection = Selection::default();
    let stand_in =
        holometer_core::ModelSpec { name: "test:echo".into(), deployment: "test:echo".into() };
    selection.models = vec![holometer_plan::SelectedModel { spec: stand_in, ..Default::default() }];
    selection.add_file(file);
    let cells = resolve(&selection, &environment.catalogue, known_helm_scenarios());
    let mistakes = cells.iter().filter_map(|cell| match &cell.run {
        Err(skip) if skip.kind() == SkipKind::Mistake => Some(format!("{}: {skip}", shown(cell))),
        _ => None,
    });
    mistakes.collect()
}
