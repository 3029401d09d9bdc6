//! `plan`: what a run would do.

use std::collections::BTreeMap;
use std::path::Path;

use holometer_adapt::helm_request;
use holometer_core::{Instance, Price, Request, RequestState, RunSpec, ScenarioCatalogue as _};
use holometer_data::{Availability, DataFile};
use holometer_plan::Cell;
use holometer_report::{Column, Table};
use serde::Serialize;

use crate::args::PlanArgs;
use crate::commands::run::{is_mistake, shown};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Download, Downloads, Environment, Prepared, Prompting, Purpose, Selected, dollars,
    instances_of, perturbation_files, prepare, select,
};
use crate::progress::Talk;
use crate::size;

/// Prints the plan, and writes its requests where asked.
pub(crate) fn plan(args: &PlanArgs, talk: &Talk) -> Result<Exit, Failure> {
    let mut environment = Environment::new(&args.environment, &args.selection.scenario_file)?;
    if args.environment.remote.batch {
        // Nothing is handed in; the price is that of batches.
        environment.ask_in_batches(Path::new("holometer.db"));
    }
    let selected = select(&args.selection, &environment, Purpose::Plan, talk)?;
    if let Some(path) = &args.requests {
        return output::write_to(path, |out| requests(&selected, &environment, talk, out))
            .map(|()| Exit::Done);
    }
    let mut planner = Planner { environment: &environment, loaded: BTreeMap::new(), talk };
    let mut lines: Vec<Line> =
        selected.cells.iter().map(|cell| planner.line(cell, &selected, !args.no_counts)).collect();
    let mut downloads = Downloads::default();
    for need in lines.iter().flat_map(|line| &line.needs) {
        downloads.add(need.clone());
    }
    if args.ask_sizes {
        downloads.ask(&environment.library, talk);
        for line in &mut lines {
            line.count_bytes(|need| downloads.bytes_of(need));
        }
    }
    let plan = Plan::of(selected.suite.clone(), lines, &downloads);
    let mut tables = vec![plan.table()];
    if args.downloads {
        tables.push(downloads.table());
    }
    output::print_tables(&tables, &plan, args.format)?;
    let mistakes = selected.cells.iter().any(is_mistake);
    Ok(match (mistakes, plan.will_run) {
        (true, _) => Exit::Usage,
        (false, 0) => Exit::Nothing,
        (false, _) => Exit::Done,
    })
}

/// One line of the plan.
#[derive(Debug, Serialize)]
struct Line {
    /// The run's name, or the entry as written.
    cell: String,
    /// Where it is written.
    position: String,
    /// The model, if there is one.
    model: Option<String>,
    /// Whether it will run.
    will_run: bool,
    /// Why it will not; what is worth knowing if it will.
    reason: String,
    /// How many instances are evaluated, perturbed copies included; `null` until the data is here.
    instances: Option<usize>,
    /// How many requests are made; `null` until the data is here.
    requests: Option<usize>,
    /// Prompt tokens of all requests, by the model's own tokenizer; `null` when either is missing.
    prompt_tokens: Option<usize>,
    /// At most so many tokens will be written.
    max_new_tokens: Option<usize>,
    /// US dollars at most, by the model's price list; `null` where no price is known or the data is not here.
    cost_usd: Option<f64>,
    /// Bytes to download first; `null` when a size is not known.
    download_bytes: Option<u64>,
    /// Files to download first.
    downloads: Vec<String>,
    #[serde(skip)]
    needs: Vec<Download>,
}

impl Line {
    /// Sums up the downloads, whose sizes are given by a function.
    fn count_bytes(&mut self, bytes_of: impl Fn(&Download) -> Option<u64>) {
        self.download_bytes = self.needs.iter().map(bytes_of).sum();
    }
}

#[derive(Debug, Serialize)]
struct Plan {
    suite: String,
    will_run: usize,
    will_not_run: usize,
    requests: usize,
    prompt_tokens: usize,
    cost_usd: Option<f64>,
    download_bytes: u64,
    /// Bytes of it that stay in the cache.
    kept_bytes: u64,
    /// The files to download, each once.
    downloads: Vec<Download>,
    cells: Vec<Line>,
    #[serde(skip)]
    summary: Option<String>,
}

impl Plan {
    fn of(suite: String, cells: Vec<Line>, downloads: &Downloads) -> Self {
        let will_run = cells.iter().filter(|line| line.will_run).count();
        Self {
            suite,
            will_run,
            will_not_run: cells.len() - will_run,
            requests: cells.iter().filter_map(|line| line.requests).sum(),
            prompt_tokens: cells.iter().filter_map(|line| line.prompt_tokens).sum(),
            cost_usd: cells.iter().filter_map(|line| line.cost_usd).reduce(|sum, cost| sum + cost),
            download_bytes: downloads.bytes(),
            kept_bytes: downloads.kept_bytes(),
            downloads: downloads.files().cloned().collect(),
            cells,
            summary: downloads.summary(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "? is counted once the data is here: `holometer pull` with the same selection fetches it.".to_owned(),
        ];
        notes.extend(self.summary.as_ref().map(|summary| format!("{summary}.")));
        if self.downloads.iter().any(|download| download.bytes.is_none()) {
            notes.push("`--ask-sizes` asks the servers about unknown sizes.".to_owned());
        }
        if let Some(cost) = self.cost_usd {
            notes.push(format!(
                "{} at most by the price lists, if every answer is as long as it may be; without the model's tokenizer a token is \
                 counted for every {BYTES_PER_TOKEN} bytes. Thinking comes on top.",
                dollars(cost)
            ));
        }
        notes
    }

    fn table(&self) -> Table {
        let count = |number: Option<usize>| {
            number.map_or_else(|| "?".to_owned(), |number| number.to_string())
        };
        let rows = self.cells.iter().map(|line| {
            let counts = if line.will_run {
                let download = match (line.downloads.is_empty(), line.download_bytes) {
                    (true, _) => "-".to_owned(),
                    (false, Some(bytes)) => size::show(bytes),
                    (false, None) => "size unknown".to_owned(),
                };
                let cost = line.cost_usd.map_or_else(|| "-".to_owned(), dollars);
                [
                    count(line.instances),
                    count(line.requests),
                    count(line.prompt_tokens),
                    cost,
                    download,
                ]
            } else {
                ["-"; 5].map(str::to_owned)
            };
            let verdict = if line.will_run { "will run" } else { "not run" };
            let note = if line.will_run && line.reason.is_empty() {
                String::new()
            } else {
                line.reason.clone()
            };
            let mut row = vec![line.cell.clone(), verdict.to_owned()];
            row.extend(counts);
            row.push(note);
            row
        });
        let numbers = ["instances", "requests", "prompt tokens", "cost at most", "download"]
            .map(Column::number);
        Table {
            title: format!(
                "Suite `{}`: {} will run, {} will not; {} requests and {} prompt tokens known",
                self.suite, self.will_run, self.will_not_run, self.requests, self.prompt_tokens
            ),
            columns: ["run", "plan"]
                .map(Column::text)
                .into_iter()
                .chain(numbers)
                .chain([Column::text("why")])
                .collect(),
            rows: rows.collect(),
            notes: self.notes(),
        }
    }
}

struct Planner<'a> {
    environment: &'a Environment,
    loaded: BTreeMap<String, Result<Vec<Instance>, String>>,
    talk: &'a Talk,
}

impl Planner<'_> {
    fn line(&mut self, cell: &Cell, selected: &Selected, counts: bool) -> Line {
        let mut line = Line {
            cell: shown(cell),
            position: cell.entry.position.to_string(),
            model: cell.model.as_ref().map(ToString::to_string),
            will_run: false,
            reason: String::new(),
            instances: None,
            requests: None,
            prompt_tokens: None,
            max_new_tokens: None,
            cost_usd: None,
            download_bytes: Some(0),
            downloads: Vec::new(),
            needs: Vec::new(),
        };
        let spec = match &cell.run {
            Ok(spec) => spec,
            Err(skip) => {
                line.reason = skip.to_string();
                return line;
            }
        };
        let model = match selected.models.get(&spec.model, self.talk) {
            Ok(model) => model,
            Err(reason) => {
                line.reason = reason;
                return line;
            }
        };
        if let Some(reason) = model.lacks(spec).or_else(|| self.find_data(spec, &mut line)) {
            line.reason = reason;
            return line;
        }
        line.will_run = true;
        if counts && line.downloads.is_empty() {
            let prepared = self.prepare(spec, &model.prompting);
            let prepared = prepared.and_then(|prepared| {
                model.lacks_for(spec, &prepared.requests).map_or(Ok(prepared), Err)
            });
            match prepared {
                Ok(prepared) => {
                    count(&mut line, &prepared, &model.prompting);
                    line.cost_usd = model.price().map(|price| cost(&line, &prepared, &price));
                }
                Err(reason) => {
                    line.will_run = false;
                    line.reason = reason;
                }
            }
        }
        line
    }

    /// Where the data would come from; the reason why it can't be had.
    fn find_data(&self, spec: &RunSpec, line: &mut Line) -> Option<String> {
        let files = match self
            .environment
            .catalogue
            .wanted_files(&spec.scenario, &self.environment.library)
        {
            Ok(files) => files,
            Err(error) => return Some(error.to_string()),
        };
        for file in files.into_iter().chain(perturbation_files(&spec.augmentation)) {
            match self.environment.library.locate(&file) {
                Availability::Local(_) | Availability::Cached(_) => {}
                Availability::Download { .. } => {
                    line.downloads.push(file.name());
                    line.needs.extend(Download::of(&file, &self.environment.library));
                }
                Availability::Unavailable { reason } => {
                    return Some(self.unavailable(spec, &file, &reason));
                }
            }
        }
        line.count_bytes(|need| need.bytes);
        None
    }

    /// Why a file can't be had, in one line; where nobody offers it, how its scenario says to obtain it.
    fn unavailable(&self, spec: &RunSpec, file: &DataFile, reason: &str) -> String {
        let card = self.environment.catalogue.card(spec.scenario.name.as_str());
        let how = card
            .filter(|_| file.locations.is_empty())
            .and_then(|card| card.sources.iter().find_map(|source| source.how_to_obtain.as_ref()));
        match how {
            Some(how) => {
                let first = reason.lines().next().unwrap_or_default();
                format!("{first}; how to obtain it: {how}")
            }
            None => reason.replace('\n', "; "),
        }
    }

    fn prepare(&mut self, spec: &RunSpec, prompting: &Prompting) -> Result<Prepared, String> {
        let key = format!("{}:{}", spec.scenario.name, spec.scenario.args);
        let instances = self
            .loaded
            .entry(key)
            .or_insert_with(|| instances_of(&spec.scenario, self.environment, self.talk))
            .clone()?;
        prepare(spec, instances, prompting, self.environment, self.talk)
    }
}

fn count(line: &mut Line, prepared: &Prepared, prompting: &Prompting) {
    line.instances = Some(prepared.instances.len());
    line.requests = Some(prepared.requests.len());
    line.max_new_tokens = Some(prepared.requests.iter().map(new_tokens).sum());
    line.reason = prepared.notes.join("; ");
    let Some(tokenizer) = prompting.tokenizer.as_deref() else { return };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = prepared.requests.len().div_ceil(workers).max(1);
    let counted = std::thread::scope(|scope| {
        let parts: Vec<_> = prepared
            .requests
            .chunks(share)
            .map(|part| {
                scope.spawn(move || {
                    let texts = part.iter().filter_map(|state| state.request.text());
                    texts.map(|text| tokenizer.count(&text)).sum::<usize>()
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().ok()).sum::<Option<usize>>()
    });
    line.prompt_tokens = counted;
}

/// Bytes of text per token, where the model's tokenizer is not here: the usual figure for English.
const BYTES_PER_TOKEN: usize = 4;

/// US dollars if every answer is as long as it may be.
fn cost(line: &Line, prepared: &Prepared, price: &Price) -> f64 {
    let bytes = || -> usize {
        prepared
            .requests
            .iter()
            .filter_map(|state| state.request.text())
            .map(|text| text.len())
            .sum()
    };
    let prompt = line.prompt_tokens.unwrap_or_else(|| bytes() / BYTES_PER_TOKEN);
    price.of_tokens(prompt as u64, line.max_new_tokens.unwrap_or(0) as u64)
}

fn new_tokens(state: &RequestState) -> usize {
    match &state.request {
        Request::Generate { decoding, .. } => decoding.max_tokens * decoding.num_completions,
        Request::ScoreContinuation { .. } => 0,
    }
}

/// Writes every request as a line of JSON. Data that is not here is fetched.
fn requests(
    selected: &Selected,
    environment: &Environment,
    talk: &Talk,
    out: &mut dyn std::io::Write,
) -> Result<(), Failure> {
    let mut written = 0;
    let mut planner = Planner { environment, loaded: BTreeMap::new(), talk };
    for cell in &selected.cells {
        let spec = match &cell.run {
            Ok(spec) => spec,
            Err(skip) => {
                talk.warn(&format!("not run: {}: {skip}", shown(cell)));
                continue;
            }
        };
        let prepared = selected
            .models
            .get(&spec.model, talk)
            .and_then(|model| planner.prepare(spec, &model.prompting))
            .map_err(|reason| Failure::usage(format!("{}: {reason}", spec.name)))?;
        for note in &prepared.notes {
            talk.warn(&format!("{}: {note}", spec.name));
        }
        for state in &prepared.requests {
            output::line(out, helm_request(state, spec))?;
            written += 1;
        }
    }
    if written == 0 {
        return Err(Failure::nothing("no entry that can be run gives a request"));
    }
    talk.say(&format!("{written} requests"));
    Ok(())
}
