//! From flags and files to the plan's cells.

use std::collections::BTreeMap;
use std::path::Path;

use holometer_core::{ModelName, ModelSpec, Price};
use holometer_metrics::lexicon::LEXICON_NAMES;
use holometer_plan::{
    Cell, SelectedModel, Selection, ServerEntry, SkipKind, SourcedEntry, Tuning, read_file,
    resolve, shipped_suites,
};
use holometer_providers::NamedServer;
use holometer_scenarios::known_helm_scenarios;
use serde_json::Value;

use crate::args::{SelectionArgs, Shard};
use crate::failure::Failure;
use crate::pipeline::models::shown_name;
use crate::pipeline::scoring::lexicon_args;
use crate::pipeline::{Environment, Models, Purpose};
use crate::progress::Talk;

/// The suite's name when nobody gives one.
const DEFAULT_SUITE: &str = "default";

/// What was selected.
pub(crate) struct Selected {
    /// The suite's name.
    pub(crate) suite: String,
    /// Every entry with every model: a run, or the reason why there is none.
    pub(crate) cells: Vec<Cell>,
    /// The models.
    pub(crate) models: Models,
    /// The arguments of the `mentions` metric, where a suite file chooses the word list.
    pub(crate) lexicon: Option<Value>,
    /// The models that score answers, as `--scorer` takes them, where suite files name some.
    pub(crate) scorers: Vec<String>,
}

/// Reads the files, opens the models as far as planning needs them, and resolves every cell.
pub(crate) fn select(
    args: &SelectionArgs,
    environment: &Environment,
    purpose: Purpose,
    talk: &Talk,
) -> Result<Selected, Failure> {
    let mut selection = Selection {
        suite: args.suite.clone(),
        max_instances: args.max_instances,
        trials: args.trials,
        groups: args.groups.clone(),
        max_priority: args.priority,
        ..Selection::default()
    };
    for entry in &args.entries {
        selection.entries.push(SourcedEntry::from_flag(entry).map_err(Failure::usage)?);
    }
    let mut specs = args.models.clone();
    let (mut servers, mut prices) = (BTreeMap::new(), BTreeMap::new());
    let mut lexicon = None;
    let mut scorers = Vec::new();
    for path in &args.confs {
        let file =
            read_file(&path.display().to_string(), &text_of(path)?).map_err(Failure::usage)?;
        for note in &file.notes {
            talk.warn(note);
        }
        if args.models.is_empty() {
            specs.extend(
                file.models
                    .iter()
                    .filter(|spec| !specs.contains(spec))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        servers.extend(file.servers.iter().map(named_server));
        prices
            .extend(file.prices.iter().map(|entry| (entry.model.clone(), own_price(entry.price))));
        if let (Some(list), None) = (&file.lexicon, &lexicon) {
            lexicon = Some(lexicon_args(&beside(path, list))?);
        }
        scorers.extend(file.scorers.iter().map(|text| scorer_beside(path, text)));
        selection.add_file(file);
    }
    if args.entries.is_empty() && args.confs.is_empty() {
        add_shipped_suite(&mut selection, args.suite.as_deref())?;
    }
    if selection.entries.is_empty() {
        return Err(Failure::nothing("nothing is selected").hint(
            "name an entry, as in `-e mmlu:subject=anatomy`, a suite file with `-c FILE`, or a suite that is built in, as in \
             `--suite quick`",
        ));
    }
    // A mistake in every entry is told before a model is loaded, or a server asked, for nothing.
    let unopened = unopened(&specs);
    let hopeless = only_mistakes(&selection, &unopened, environment);
    let opened: &[String] = if hopeless { &[] } else { &specs };
    let models = Models::open(opened, (servers, prices), environment, purpose, talk)?;
    selection.models = if hopeless { unopened } else { models.selected() };
    let suite = selection.suite.clone().unwrap_or_else(|| DEFAULT_SUITE.to_owned());
    let cells = resolve(&selection, &environment.catalogue, known_helm_scenarios());
    let cells = match args.shard {
        Some(shard) => share_of(cells, shard)?,
        None => cells,
    };
    Ok(Selected { suite, cells, models, lexicon, scorers })
}

/// The models as they are known before they are opened.
fn unopened(specs: &[String]) -> Vec<SelectedModel> {
    let named = specs.iter().map(|spec| {
        let name = ModelName::new(shown_name(spec));
        let spec = ModelSpec { deployment: name.0.clone(), name };
        SelectedModel { spec, tuning: Tuning::Base }
    });
    named.collect()
}

/// Whether no cell can be run because of mistakes in the entries, whatever the models turn out to be.
fn only_mistakes(
    selection: &Selection,
    models: &[SelectedModel],
    environment: &Environment,
) -> bool {
    !models.is_empty()
        && [Tuning::Base, Tuning::Instruct].into_iter().all(|tuning| {
            let of_kind = |model: &SelectedModel| SelectedModel { tuning, ..model.clone() };
            let models = models.iter().map(of_kind).collect();
            let selection = Selection { models, ..selection.clone() };
            let cells = resolve(&selection, &environment.catalogue, known_helm_scenarios());
            let mistake =
                |cell: &Cell| matches!(&cell.run, Err(skip) if skip.kind() == SkipKind::Mistake);
            cells.iter().all(mistake)
        })
}

/// A word list's name as it is; its file, where there is one beside the suite file.
fn beside(suite: &Path, list: &str) -> String {
    let file = suite.parent().unwrap_or(Path::new("")).join(list);
    if LEXICON_NAMES.contains(&list) { list.to_owned() } else { file.display().to_string() }
}

/// `ROLE=PLACE` with the place beside the suite file where there is such a file or folder; else as it is.
fn scorer_beside(suite: &Path, text: &str) -> String {
    let Some((role, place)) = text.split_once('=') else { return text.to_owned() };
    let (path, rest) = match place.split_once('#') {
        Some((path, rest)) => (path, format!("#{rest}")),
        None => (place, String::new()),
    };
    let found = suite.parent().unwrap_or(Path::new("")).join(path);
    if found.exists() { format!("{role}={}{rest}", found.display()) } else { text.to_owned() }
}

/// One worker's share of the cells.
fn share_of(mut cells: Vec<Cell>, shard: Shard) -> Result<Vec<Cell>, Failure> {
    let mut runs = 0;
    cells.retain(|cell| {
        if cell.run.is_err() {
            return shard.is_first();
        }
        runs += 1;
        shard.holds(runs - 1)
    });
    if cells.is_empty() {
        let message = format!("this share is empty: the selection has {runs} runs in all");
        return Err(Failure::nothing(message).hint("use no more workers than that"));
    }
    Ok(cells)
}

/// Where neither entries nor files are given, `--suite` names one of the suites that come with the product; its results
/// are kept under its name.
fn add_shipped_suite(selection: &mut Selection, name: Option<&str>) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    let shipped = shipped_suites();
    let Some(suite) = shipped.iter().find(|suite| suite.name == name) else {
        let names: Vec<String> = shipped.iter().map(|suite| format!("`{}`", suite.name)).collect();
        return Err(Failure::usage(format!("there is no suite `{name}` to run")).hint(format!(
            "built in are {}; for a suite of your own name its file with `-c FILE`",
            names.join(", ")
        )));
    };
    selection.add_file(suite.read().map_err(Failure::usage)?);
    Ok(())
}

/// A suite file's server as models are opened with it.
fn named_server(entry: &ServerEntry) -> (String, NamedServer) {
    let price = entry.price.map(own_price);
    let server = NamedServer {
        base_url: entry.base_url.clone(),
        key_env: entry.key_env.clone(),
        window: entry.window,
        begin_text: entry.begin_text.clone(),
        price,
    };
    (entry.name.to_lowercase(), server)
}

/// A price that the user gives.
fn own_price((input, output): (f64, f64)) -> Price {
    Price { input, output, checked: String::new() }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("can't read `{}`: {error}", path.display()))
            .hint("-c names a suite file (.toml) or a HELM configuration file (.conf)")
    })
}
