//! `doctor`: what works here, and what to do about the rest.

use std::path::Path;
use std::process::Command;

use holometer_data::Library;
use holometer_report::{Column, Table};
use holometer_sandbox::{Interpreter, Policy, Sandbox, probe};

use crate::args::{DoctorArgs, TableFormat};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{Environment, open_for_reading};
use crate::size;

/// One check's name, verdict and remark.
type Finding = (&'static str, bool, String);

/// Prints what was found. The exit code is 0: what is missing may not be needed.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<Exit, Failure> {
    let environment = Environment::new(&args.environment, &[])?;
    let library = &environment.library;
    let mut findings = vec![
        processor(),
        cache(library),
        python(library),
        programs(),
        network(library),
        database(&args.database.db),
    ];
    findings.extend(keys());
    let rows = findings.iter().map(|(what, good, remark)| {
        vec![(*what).to_owned(), if *good { "yes" } else { "no" }.to_owned(), remark.clone()]
    });
    let table = Table {
        title: format!(
            "holometer {} on {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
        columns: ["what", "works", "remark"].map(Column::text).into(),
        rows: rows.collect(),
        notes: Vec::new(),
    };
    output::print_tables(&[table], &findings, TableFormat::Table)?;
    Ok(Exit::Done)
}

fn processor() -> Finding {
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    ("local models", processors > 0, format!("{processors} processors"))
}

fn cache(library: &Library) -> Finding {
    let folder = &library.cache_dir;
    let writable =
        std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder).map(drop));
    match (writable, holometer_data::cache::total_bytes(folder)) {
        (Ok(()), Ok(bytes)) => (
            "cache of data",
            true,
            format!(
                "{} of {} in {}",
                size::show(bytes),
                size::show(library.max_cache_bytes),
                folder.display()
            ),
        ),
        (Err(error), _) => (
            "cache of data",
            false,
            format!(
                "{} can't be written ({error}); name another folder with --cache-dir",
                folder.display()
            ),
        ),
        (_, Err(error)) => ("cache of data", false, error.to_string()),
    }
}

fn python(library: &Library) -> Finding {
    let works = |python: &&std::path::PathBuf| {
        Command::new(python)
            .args(["-m", "pip", "--version"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    match library.pythons.iter().find(works) {
        Some(python) => ("data from Python packages", true, format!("{} with pip", python.display())),
        None => ("data from Python packages", false, "no Python with pip; needed for data that only a package carries (apt-get install python3-pip)".to_owned()),
    }
}

/// Whether generated programs can be run, and how they would be isolated.
fn programs() -> Finding {
    const WHAT: &str = "generated programs";
    let interpreter = match Interpreter::find() {
        Ok(interpreter) => interpreter,
        Err(error) => return (WHAT, false, error.to_string()),
    };
    let verdicts: Vec<String> = probe(&interpreter)
        .iter()
        .map(|probe| match &probe.verdict {
            Ok(parts) => parts.clone(),
            Err(reason) => format!("not by {reason}"),
        })
        .collect();
    match Sandbox::new(interpreter, Policy::IsolatedOnly) {
        Ok(sandbox) => {
            let python = sandbox.interpreter();
            let isolation = sandbox.isolation().as_str();
            let remark = format!(
                "{} at {}, isolated by {isolation} ({})",
                python.describe(),
                python.executable.display(),
                verdicts.join("; ")
            );
            (WHAT, true, remark)
        }
        Err(error) => (WHAT, false, error.to_string()),
    }
}

fn network(library: &Library) -> Finding {
    if library.offline {
        return ("data from the network", false, "--offline or HF_HUB_OFFLINE is set".to_owned());
    }
    ("data from the network", true, format!("not tried; the hub is {}", library.hub.endpoint))
}

fn database(path: &Path) -> Finding {
    if !path.exists() {
        return (
            "results database",
            true,
            format!("{} will be made by the first run", path.display()),
        );
    }
    match open_for_reading(path).and_then(|store| store.check().map_err(Failure::usage)) {
        Ok(()) => ("results database", true, format!("{} is whole", path.display())),
        Err(failure) => ("results database", false, failure.to_string().replace('\n', "; ")),
    }
}

/// Which keys are set; never their values.
fn keys() -> Vec<Finding> {
    let providers = holometer_providers::providers();
    let with_key = providers
        .iter()
        .filter(|provider| provider.key_variable.chars().next().is_some_and(char::is_uppercase));
    let set: Vec<&str> = with_key
        .flat_map(|provider| provider.key_variable.split(" or "))
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect();
    let remark = if set.is_empty() {
        "no key is set; `holometer list providers` names the variables".to_owned()
    } else {
        format!("set: {}", set.join(", "))
    };
    vec![("models behind APIs", !set.is_empty(), remark)]
}
