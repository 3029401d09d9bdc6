//! `run`: plan, execute, score, summarise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use holometer_core::{Cancel, Instance, Price, RunSpec, ScenarioCard, ScenarioCatalogue};
use holometer_plan::{Cell, SkipKind};
use holometer_report::Detail;
use holometer_run::{Event, Job, Options, Place, WarningTally, execute};
use holometer_store::{RunContext, RunId, RunInputs, Store};

use crate::args::{InquiryArgs, RunArgs, TableFormat};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Environment, HEADLINE_FIELD, Headline, LEXICON_FIELD, LoadedModel, PRICE_FIELD, Purpose,
    Respondents, ScoreOptions, Selected, Spending, dollars, inquire, instances_of, now,
    open_for_writing, prepare, report, score_run, scoring, select,
};
use crate::progress::{Talk, Unit, stop_on_signal};

/// Runs a selection and prints its report.
pub(crate) fn run(args: &RunArgs, verbose: u8, talk: &Talk) -> Result<Exit, Failure> {
    let folder = args.database.db.parent().unwrap_or(Path::new("."));
    let mut environment = Environment::new(&args.environment, &args.selection.scenario_file)?;
    if args.environment.remote.batch {
        environment.ask_in_batches(&args.database.db);
    }
    let mut store = open_for_writing(&args.database.db)?;
    let log = crate::log::start(folder, verbose);
    let selected = select(&args.selection, &environment, Purpose::Run, talk)?;
    let options = EvaluateOptions {
        scoring: scoring(&args.scoring, args.helm_compat)?.with_lexicon(selected.lexicon.as_ref()),
        inquiry: args.inquiry.clone().with_scorers(&selected.scorers),
        max_cost: args.max_cost,
    };
    let mut done = evaluate(&mut store, &selected, &environment, &options, talk)?;
    let mut report = report(&store, Some(&selected.suite), &environment.catalogue)?;
    let known = std::mem::take(&mut report.not_run);
    report.not_run.append(&mut done.not_run);
    let is_new = |(cell, _): &&(String, String)| report.not_run.iter().all(|(own, _)| own != cell);
    let earlier: Vec<_> = known.iter().filter(is_new).cloned().collect();
    report.not_run.extend(earlier);
    output::print_report(&report, &Detail::Headline, TableFormat::Table)?;
    talk.say_repeated_warnings();
    talk.say(&format!("results: {}", args.database.db.display()));
    if let Some(log) = log {
        talk.say(&format!("log:     {}", log.display()));
    }
    Ok(exit_of(&done, &report, args.strict))
}

/// What became of a selection.
#[derive(Default)]
pub(crate) struct Done {
    /// Cells that were not run, with the reason.
    pub(crate) not_run: Vec<(String, String)>,
    /// Whether the user stopped it.
    pub(crate) interrupted: bool,
    /// Whether any request failed or any run could not be executed.
    pub(crate) incomplete: bool,
    /// Whether the selection has mistakes.
    pub(crate) mistakes: bool,
}

fn exit_of(done: &Done, report: &holometer_report::Report, strict: bool) -> Exit {
    let missing = !report.not_run.is_empty()
        || report.runs.iter().flat_map(|run| &run.cells).any(|cell| cell.estimate.is_none());
    if done.interrupted {
        Exit::Interrupted
    } else if done.incomplete || done.mistakes || strict && missing {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// What a model is given at once where it is asked in batches, which take hours however large they are.
const BATCH_REQUESTS: usize = 50_000;
const BATCH_BYTES: usize = 160 << 20;

/// How a selection is evaluated.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvaluateOptions {
    /// How answers are scored.
    pub(crate) scoring: ScoreOptions,
    /// Who is asked about the answers.
    pub(crate) inquiry: InquiryArgs,
    /// US dollars at which to stop.
    pub(crate) max_cost: Option<f64>,
}

/// Executes and scores every cell that can be run.
pub(crate) fn evaluate(
    store: &mut Store,
    selected: &Selected,
    environment: &Environment,
    options: &EvaluateOptions,
    talk: &Talk,
) -> Result<Done, Failure> {
    let mut done = Done::default();
    let mut jobs = Vec::new();
    let mut loaded: Loaded = BTreeMap::new();
    let mut notes: Notes = BTreeMap::new();
    for cell in &selected.cells {
        let with = (environment, options.scoring);
        match begin(store, selected, cell, with, (&mut loaded, &mut notes), talk)? {
            Ok(job) => jobs.push(job),
            Err(reason) => {
                done.mistakes |= is_mistake(cell);
                done.incomplete |= cell.run.is_ok();
                done.not_run.push((shown(cell), reason));
            }
        }
    }
    if let (true, [(_, reason)]) = (jobs.is_empty(), done.not_run.as_slice()) {
        return Err(nothing_to_run(&done, format!("nothing can be run: {reason}")));
    }
    say_not_run(selected, &done, talk);
    if jobs.is_empty() {
        let count = done.not_run.len();
        let message =
            format!("nothing can be run: {count} cells, each with its reason in `holometer plan`");
        return Err(nothing_to_run(&done, message));
    }
    record_not_run(store, selected, &done)?;
    drop(loaded);
    say_notes(&notes, talk);
    let spending = spending(&jobs, options.max_cost)?;
    let execution = if environment.remote.batching.is_some() {
        Options { slice_requests: BATCH_REQUESTS, slice_bytes: BATCH_BYTES, ..Options::default() }
    } else {
        Options::default()
    };
    let respondents = Respondents::open(&options.inquiry, environment, options.max_cost, talk)?;
    let scoring = ScoreOptions { scorers: respondents.scorer_ids(), ..options.scoring };
    execute_jobs(store, (&jobs, &execution), &spending, &mut done, talk)?;
    if !done.interrupted {
        let runs: Vec<RunId> = jobs.iter().map(|(job, _)| job.run).collect();
        let respondents = respondents.after_spending(spending.spent());
        let inquired = inquire(store, &runs, &respondents, scoring, talk)?;
        done.interrupted |= inquired.interrupted;
        done.incomplete |= inquired.incomplete;
    }
    for (job, model) in &jobs {
        let tokenizer = model.prompting.tokenizer.as_deref();
        score_run(store, job.run, tokenizer, scoring)?;
    }
    Ok(done)
}

/// Notes for later reports what was asked for and can't be run; what filters leave out was not asked for.
fn record_not_run(store: &mut Store, selected: &Selected, done: &Done) -> Result<(), Failure> {
    let planned: Vec<String> = selected.cells.iter().map(shown).collect();
    let filtered: BTreeSet<String> = filtered(selected).collect();
    let wanted = done.not_run.iter().filter(|(cell, _)| !filtered.contains(cell)).cloned();
    let not_run: Vec<(String, String)> = wanted.collect();
    store.record_not_run(&selected.suite, &planned, &not_run).map_err(Failure::usage)
}

/// The cells that filters leave out.
fn filtered(selected: &Selected) -> impl Iterator<Item = String> {
    let by_filter =
        |cell: &&Cell| matches!(&cell.run, Err(skip) if skip.kind() == SkipKind::Filtered);
    selected.cells.iter().filter(by_filter).map(shown)
}

/// What the jobs cost.
///
/// # Errors
/// When there is a limit and a model whose price is not known.
fn spending(jobs: &[(Job, Rc<LoadedModel>)], limit: Option<f64>) -> Result<Spending, Failure> {
    let mut prices = BTreeMap::new();
    for (job, model) in jobs {
        match model.price() {
            Some(price) => {
                prices.insert(job.run, price);
            }
            None if limit.is_some() && job.place == Place::Remote => {
                let message =
                    format!("--max-cost can't hold: the price of {} is not known", model.spec.name);
                return Err(Failure::usage(message).hint(
                    "give the model an `input_price` and an `output_price` in a suite file (`holometer init suite` shows how)",
                ));
            }
            None => {}
        }
    }
    Ok(Spending::new(prices, limit))
}

fn nothing_to_run(done: &Done, message: String) -> Failure {
    if done.mistakes || done.incomplete {
        Failure::usage(message)
    } else {
        Failure::nothing(message)
    }
}

/// Says each reason for which cells are not run though they were asked for, and counts those that filters leave out. The report
/// lists them all.
fn say_not_run(selected: &Selected, done: &Done, talk: &Talk) {
    let filtered: Vec<String> = filtered(selected).collect();
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for (cell, reason) in done.not_run.iter().filter(|(cell, _)| !filtered.contains(cell)) {
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, cells)) => cells.push(cell),
            None => by_reason.push((reason, vec![cell])),
        }
    }
    for (reason, cells) in by_reason {
        let named = match cells.as_slice() {
            [cell] => (*cell).to_owned(),
            [first, others @ ..] => format!("{first} and {} more", others.len()),
            [] => continue,
        };
        talk.warn(&format!("not run: {named}: {reason}"));
    }
    if !filtered.is_empty() {
        talk.say(&format!(
            "{} cells are left out by filters; the report lists them",
            filtered.len()
        ));
    }
}

/// Says each note once, with the runs that it is about.
fn say_notes(notes: &Notes, talk: &Talk) {
    for (note, runs) in notes {
        match runs.as_slice() {
            [run] => talk.say(&format!("note: {run}: {note}")),
            [first, others @ ..] => {
                talk.say(&format!("note: {first} and {} more: {note}", others.len()));
            }
            [] => {}
        }
    }
}

/// What readers of the results should know about the prompts, with the runs that it is about.
type Notes = BTreeMap<String, Vec<String>>;

/// Instances by scenario specification, so that several models share the reading.
type Loaded = BTreeMap<String, Result<Vec<Instance>, String>>;

/// Prepares a cell's requests and enters its run into the database. The inner error is the reason why it is not run.
fn begin(
    store: &mut Store,
    selected: &Selected,
    cell: &Cell,
    (environment, scoring): (&Environment, ScoreOptions),
    (loaded, notes): (&mut Loaded, &mut Notes),
    talk: &Talk,
) -> Result<Result<(Job, Rc<LoadedModel>), String>, Failure> {
    let spec = match &cell.run {
        Ok(spec) => spec,
        Err(skip) => return Ok(Err(skip.to_string())),
    };
    let model = match selected.models.get(&spec.model, talk) {
        Ok(model) => model,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Some(reason) = model.lacks(spec) {
        return Ok(Err(reason));
    }
    let answering = match model.answering() {
        Ok(answering) => answering,
        Err(reason) => return Ok(Err(reason)),
    };
    let key = format!("{}:{}", spec.scenario.name, spec.scenario.args);
    let instances = loaded
        .entry(key)
        .or_insert_with(|| instances_of(&spec.scenario, environment, talk))
        .clone();
    let prepared = instances
        .and_then(|instances| prepare(spec, instances, &model.prompting, environment, talk));
    let prepared = match prepared {
        Ok(prepared) if prepared.requests.is_empty() => {
            return Ok(Err("it has no instances to evaluate: its files have no rows, or all of them are examples (split `train`)".into()));
        }
        Ok(prepared) => prepared,
        Err(reason) => return Ok(Err(reason)),
    };
    if let Some(reason) = model.lacks_for(spec, &prepared.requests) {
        return Ok(Err(reason));
    }
    for note in &prepared.notes {
        notes.entry(note.clone()).or_default().push(spec.name.to_string());
    }
    let inputs = RunInputs {
        fingerprint: &answering.card().fingerprint,
        data_hashes: &prepared.data_hashes,
        instances: &prepared.instances,
        requests: &prepared.requests,
    };
    let card = environment.catalogue.card(spec.scenario.name.as_str());
    let context = context(answering.price(), card, scoring);
    let begun =
        store.begin_run(&selected.suite, spec, &inputs, &context).map_err(Failure::usage)?;
    let job = Job { run: begun.run, model: answering, place: model.place };
    Ok(Ok((job, model)))
}

fn context(price: Option<Price>, card: Option<&ScenarioCard>, scoring: ScoreOptions) -> RunContext {
    let mut host = serde_json::json!({
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
    });
    if let Some(price) = price {
        host[PRICE_FIELD] = serde_json::json!(price);
    }
    if let Some(mentions) = scoring.mentions {
        host[LEXICON_FIELD] = mentions.clone();
    }
    if let Some(card) = card {
        host[HEADLINE_FIELD] = serde_json::json!(Headline::of(card));
    }
    RunContext { at: now(), version: env!("CARGO_PKG_VERSION").to_owned(), host }
}

fn execute_jobs(
    store: &mut Store,
    (jobs, options): (&[(Job, Rc<LoadedModel>)], &Options),
    spending: &Spending,
    done: &mut Done,
    talk: &Talk,
) -> Result<(), Failure> {
    let cancel = Cancel::new();
    stop_on_signal(&cancel);
    let list: Vec<Job> = jobs.iter().map(|(job, _)| job.clone()).collect();
    let started = Instant::now();
    let tally = std::cell::RefCell::new(WarningTally::default());
    let planned = std::cell::Cell::new((0u64, 0u64));
    let events = |event: Event| {
        if let Event::RequestFinished { run, prompt_tokens, completion_tokens, .. } = &event {
            spending.add(*run, *prompt_tokens, *completion_tokens, &cancel);
            if let Some(spent) = spending.spent() {
                talk.name_work(&format!("evaluating, {} spent", dollars(spent)));
            }
        }
        on_event(&event, &planned, &tally, talk);
    };
    let report = execute(store, &list, options, &cancel, &events);
    talk.end();
    let report = report.map_err(Failure::usage)?;
    if let Some(spent) = spending.spent() {
        talk.say(&format!("spent now: {} by the price lists", dollars(spent)));
    }
    for warning in tally.borrow().kinds().iter().filter(|warning| warning.count > 1) {
        talk.say(&format!("warning ({} times in all): {}", warning.count, warning.text));
    }
    for broken in &report.broken {
        talk.warn(&format!("{} was given up: {}", broken.model, broken.reason));
    }
    let total = &report.total;
    talk.say(&format!(
        "{} requests: {} answered, {} refused, {} failed, {} not run ({} asked now, {:.1} s)",
        total.planned,
        total.answered,
        total.refused,
        total.failed,
        total.not_run,
        report.asked,
        started.elapsed().as_secs_f64()
    ));
    done.interrupted = report.interrupted && !spending.stopped();
    done.incomplete |= total.failed > 0 || total.not_run > 0;
    for (run, (job, _)) in report.runs.iter().zip(jobs) {
        if run.progress.not_run > 0 {
            let name = name_of(store, job.run)?;
            let why = if spending.stopped() {
                "--max-cost was reached; the same command goes on"
            } else if report.interrupted {
                "stopped by the user; the same command goes on"
            } else {
                "its model was given up"
            };
            done.not_run.push((
                name,
                format!(
                    "{} of {} requests not run: {why}",
                    run.progress.not_run, run.progress.planned
                ),
            ));
        }
    }
    Ok(())
}

fn name_of(store: &Store, run: RunId) -> Result<String, Failure> {
    Ok(store.run(run).map_err(Failure::usage)?.spec.name.0)
}

fn on_event(
    event: &Event,
    planned: &std::cell::Cell<(u64, u64)>,
    tally: &std::cell::RefCell<WarningTally>,
    talk: &Talk,
) {
    match event {
        Event::Resumed { cached, pending, .. } => {
            let (done, open) = planned.get();
            planned.set((done + *cached as u64, open + *pending as u64));
        }
        Event::ModelStarted { model, .. } => {
            let (cached, pending) = planned.replace((0, 0));
            if cached + pending > 0 {
                talk.say(&format!(
                    "{cached} requests are answered already, {pending} are to be asked"
                ));
                talk.begin("evaluating", pending, Unit::Requests);
            }
            tracing::info!("{model} started");
        }
        Event::RequestFinished { .. } => talk.advance(1),
        Event::Warning { code, text } => {
            tracing::warn!(code, "{text}");
            if tally.borrow_mut().add(code, text) == 1 {
                talk.warn(text);
            }
        }
        other => tracing::debug!("{other:?}"),
    }
}

/// How a cell is named to the user.
pub(crate) fn shown(cell: &Cell) -> String {
    match (&cell.run, &cell.model) {
        (Ok(spec), _) => spec.name.to_string(),
        (Err(_), Some(model)) => format!("{} with {model}", cell.entry.entry),
        (Err(_), None) => cell.entry.entry.to_string(),
    }
}

/// Whether a cell is not run because of a mistake in the selection.
pub(crate) fn is_mistake(cell: &Cell) -> bool {
    matches!(&cell.run, Err(skip) if skip.kind() == SkipKind::Mistake)
}

/// The run specs of the cells that can be run.
pub(crate) fn runnable(cells: &[Cell]) -> impl Iterator<Item = &RunSpec> {
    cells.iter().filter_map(|cell| cell.run.as_deref().ok())
}
