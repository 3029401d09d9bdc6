//! Writing a run folder.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::display::{Displayed, displayed};
use super::error::ExportError;
use super::fields::object;
use super::instance::{write_instance, write_perturbation};
use super::run::HelmRun;
use super::spec::{write_adapter, write_spec};
use super::stat::{Stat, UnitStats, write_stat, write_unit_stats};
use super::state::{write_request, write_state};

/// Writes a run's files into `folder`, which is made if it is not there. The folder's name is the run's name in all of
/// HELM's files; use [`folder_name`](super::folder_name) for it. Besides the five files of `helm-run` these are the three
/// that HELM's web pages read.
///
/// # Errors
/// When a file can't be written.
pub fn write_run(
    folder: &Path,
    run: &HelmRun,
    units: &[UnitStats],
    stats: &[Stat],
) -> Result<(), ExportError> {
    fs::create_dir_all(folder).map_err(ExportError::at(folder))?;
    let name =
        folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_json(&folder.join("run_spec.json"), &write_spec(&run.spec, &name))?;
    let scenario = &run.scenario;
    let path = Some(&scenario.definition_path).filter(|path| !path.is_empty());
    let scenario = object(json!({
        "name": scenario.name, "description": scenario.description, "tags": scenario.tags,
        "definition_path": path,
    }));
    write_json(&folder.join("scenario.json"), &scenario)?;
    write_json(&folder.join("scenario_state.json"), &State(run))?;
    let stats = List(|| stats.iter().filter(|stat| stat.is_finite()).map(write_stat));
    write_json(&folder.join("stats.json"), &stats)?;
    write_json(
        &folder.join("per_instance_stats.json"),
        &List(|| units.iter().map(write_unit_stats)),
    )?;
    write_display(folder, run, &displayed(run, units))
}

fn write_display(
    folder: &Path,
    run: &HelmRun,
    displayed: &Displayed<'_>,
) -> Result<(), ExportError> {
    let instances = List(|| displayed.instances.iter().map(|instance| write_instance(instance)));
    write_json(&folder.join("instances.json"), &instances)?;
    write_json(&folder.join("display_predictions.json"), &displayed.predictions)?;
    let requests = List(|| {
        displayed.requests.iter().map(|request| {
            let state = &request.state;
            object(json!({
                "instance_id": state.instance.id,
                "perturbation": state.instance.perturbation.as_ref().map(write_perturbation),
                "train_trial_index": state.train_trial_index,
                "request": write_request(&state.request, &run.spec),
            }))
        })
    });
    write_json(&folder.join("display_requests.json"), &requests)
}

/// Writes a value with an indent of two spaces, as HELM does.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ExportError> {
    let file = File::create(path).map_err(ExportError::at(path))?;
    let mut out = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut out, value)
        .map_err(std::io::Error::from)
        .and_then(|()| out.flush())
        .map_err(ExportError::at(path))
}

/// `scenario_state.json`, made entry by entry: it may be large.
struct State<'a>(&'a HelmRun);

impl Serialize for State<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let Self(run) = self;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("adapter_spec", &write_adapter(&run.spec))?;
        let states = List(|| run.requests.iter().map(|request| write_state(request, &run.spec)));
        map.serialize_entry("request_states", &states)?;
        map.end()
    }
}

/// A list that is made entry by entry.
struct List<F>(F);

impl<F, I> Serialize for List<F>
where
    F: Fn() -> I,
    I: Iterator<Item = Value>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
