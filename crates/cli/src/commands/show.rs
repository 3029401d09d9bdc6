//! `show`: one plug-in's card.

use std::sync::Arc;

use holometer_adapt::{AdaptContext, adapt, sample_eval_instances};
use holometer_core::{
    Prompt, Request, RunSpec, ScenarioCard, ScenarioCatalogue, ValueKind, Window,
};
use holometer_data::Availability;
use holometer_plan::{augmentation_sets, parse_entry};

use crate::args::{ShowArgs, ShowKind};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{Download, Downloads, Environment, ScorerModel, instances_of};
use crate::progress::Talk;
use crate::size;

/// The JSON Schema of scenario files. A test of the scenarios holds it to what their reader accepts.
const SCENARIO_SCHEMA: &str = include_str!("../../../../docs/scenario.schema.json");

/// Prints a card.
pub(crate) fn show(args: &ShowArgs, talk: &Talk) -> Result<Exit, Failure> {
    let text = match args.kind {
        ShowKind::Scenario => {
            let environment = Environment::new(&args.environment, &args.scenario_file)?;
            scenario(args, &environment, talk)?
        }
        ShowKind::Metric => metric(&args.name)?,
        ShowKind::Perturbation => perturbation(&args.name)?,
        ShowKind::Scorer => scorer(&args.name, talk)?,
        ShowKind::Suite => suite(&args.name)?,
        ShowKind::Schema if args.name == "scenario" => {
            return output::print(SCENARIO_SCHEMA.trim_end()).map(|()| Exit::Done);
        }
        ShowKind::Schema => return Err(unknown("schema", &args.name, std::iter::once("scenario"))),
    };
    output::print(text)?;
    Ok(Exit::Done)
}

fn metric(name: &str) -> Result<String, Failure> {
    let cards = holometer_metrics::cards();
    match cards.iter().find(|card| card.name == name) {
        Some(card) => {
            let scorer = holometer_metrics::scorers::scorer_of(name)
                .map(|id| format!("\n\n**Scorer.** `{id}`"))
                .unwrap_or_default();
            Ok(format!("# {}\n\n{}\n\n{}{scorer}", card.name, card.summary, card.docs))
        }
        None => Err(unknown("metric", name, cards.iter().map(|card| card.name))),
    }
}

fn perturbation(name: &str) -> Result<String, Failure> {
    let cards = holometer_perturb::cards();
    if let Some(set) = augmentation_sets().iter().find(|set| set.name == name) {
        let runs = set.runs.iter().map(|(run, list)| {
            let list: Vec<String> =
                list.iter().map(|spec| format!("- `{}` {}", spec.name, spec.args)).collect();
            format!("In a run named `data_augmentation={run}`:\n\n{}", list.join("\n"))
        });
        let mut parts: Vec<String> = runs.collect();
        let used: Vec<&str> =
            set.runs.iter().flat_map(|(_, list)| list).map(|spec| spec.name.as_str()).collect();
        parts.extend(
            holometer_perturb::absent()
                .iter()
                .filter(|(absent, _)| used.contains(absent))
                .map(|(absent, reason)| not_here(absent, reason)),
        );
        parts
            .extend(cards.iter().filter(|card| card.name == name).map(|card| card.docs.to_owned()));
        return Ok(format!("# {name}\n\nA named set of perturbations.\n\n{}", parts.join("\n\n")));
    }
    let absent = holometer_perturb::absent().iter().find(|(absent, _)| *absent == name);
    match (cards.iter().find(|card| card.name == name), absent) {
        (Some(card), _) => Ok(format!("# {}\n\n{}\n\n{}", card.name, card.summary, card.docs)),
        (None, Some((_, reason))) => Ok(format!("# {name}\n\n{}", not_here(name, reason))),
        (None, None) => Err(unknown("perturbation", name, cards.iter().map(|card| card.name))),
    }
}

fn not_here(name: &str, reason: &str) -> String {
    format!("HELM's perturbation `{name}` is not here, and entries with it are refused: {reason}.")
}

/// A scorer of the program, or a model as `ROLE=FOLDER` or `ROLE=FILE.toml`.
fn scorer(name: &str, talk: &Talk) -> Result<String, Failure> {
    if name.contains('=') {
        let environment = Environment::plain()?;
        return Ok(ScorerModel::open(name, &environment, talk)?.describe());
    }
    let scorer = holometer_metrics::scorers::scorer(name)
        .map_err(|hint| Failure::usage(format!("unknown scorer `{name}`")).hint(hint))?;
    let card = scorer.card();
    Ok(format!(
        "# {}\n\n{}\n\n**Scale.** {}\n\n**Hash.** `{}`\n\n{}",
        card.name,
        card.summary,
        card.scale,
        card.id(),
        card.docs
    ))
}

/// A suite's own file, which can be copied and changed.
fn suite(name: &str) -> Result<String, Failure> {
    let shipped = holometer_plan::shipped_suites();
    let Some(suite) = shipped.iter().find(|suite| suite.name == name) else {
        return Err(unknown("suite", name, shipped.iter().map(|suite| suite.name)));
    };
    let entries = suite.read().map_err(Failure::usage)?.entries.len();
    Ok(format!(
        "# {name}\n\n{}\n\n{entries} entries. `holometer plan --suite {name} -m MODEL` shows what each needs, `holometer pull --suite \
         {name}` fetches it.\n\n```toml\n{}```",
        suite.summary, suite.text
    ))
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let mut near: Vec<(f64, &str)> =
        known.map(|known| (strsim::jaro_winkler(known, name), known)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.dedup_by_key(|(_, known)| *known);
    let near: Vec<&str> = near
        .into_iter()
        .filter(|(likeness, _)| *likeness > 0.75)
        .map(|(_, known)| known)
        .take(3)
        .collect();
    let hint = if near.is_empty() {
        format!("`holometer list {kind}s` lists them")
    } else {
        format!(
            "did you mean {}?",
            near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        )
    };
    Failure::usage(format!("unknown {kind} `{name}`")).hint(hint)
}

fn scenario(asked: &ShowArgs, environment: &Environment, talk: &Talk) -> Result<String, Failure> {
    let entry = parse_entry(&asked.name).map_err(|error| Failure::usage(error.problem))?.entry;
    let Some(card) = environment.catalogue.card(&entry.name) else {
        let names = environment.catalogue.names();
        return Err(unknown("scenario", &entry.name, names.iter().map(String::as_str)));
    };
    let mut page = vec![format!("# {}\n\n{}", card.name, card.summary), card.description.clone()];
    page.push(parameters(card));
    page.push(facts(card));
    if !card.caveats.is_empty() {
        page.push(format!("## Known faults\n\n{}", bullets(&card.caveats)));
    }
    let spec = example_spec(&entry, card, environment)?;
    page.push(data(&spec, environment, asked.ask_sizes, talk)?);
    page.push(example(&spec, environment, talk)?);
    Ok(page.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"))
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}

fn parameters(card: &ScenarioCard) -> String {
    let lines: Vec<String> = card
        .parameters
        .iter()
        .map(|parameter| {
            let values = match parameter.kind {
                ValueKind::Choice => parameter.values.join(", "),
                ValueKind::Text => "any text".to_owned(),
                ValueKind::Int => "a whole number".to_owned(),
                ValueKind::Float => "a number".to_owned(),
                ValueKind::Bool => "true or false".to_owned(),
            };
            let default = parameter
                .default
                .as_ref()
                .map_or("must be given".to_owned(), |value| format!("default: {value}"));
            format!(
                "- `{}` ({default}): {}\n  Values: {values}",
                parameter.name, parameter.description
            )
        })
        .collect();
    if lines.is_empty() {
        "## Arguments\n\nNone.".to_owned()
    } else {
        format!("## Arguments\n\n{}", lines.join("\n"))
    }
}

fn facts(card: &ScenarioCard) -> String {
    let mut lines = vec![format!("Size: {}", card.size)];
    let split = card
        .main_metric
        .split
        .map_or("valid and test".to_owned(), |split| split.as_str().to_owned());
    lines.push(format!("Main metric: {} on {split}", card.main_metric.metric));
    for source in &card.sources {
        let revision =
            source.revision.as_ref().map(|revision| format!(" at {revision}")).unwrap_or_default();
        let bytes =
            source.bytes.map(|bytes| format!(", {}", size::show(bytes))).unwrap_or_default();
        lines.push(format!("Source: {}{revision}{bytes}", source.location));
        lines.extend(source.how_to_obtain.as_ref().map(|how| format!("How to obtain it: {how}")));
    }
    let note = card.licence.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    lines.push(format!("Licence: {}{note}", card.licence.id));
    lines.extend(
        card.citations.iter().map(|paper| format!("Paper: {} ({})", paper.title, paper.url)),
    );
    lines.push(format!("Languages: {}", card.languages.join(", ")));
    lines.extend(card.about.as_ref().map(|about| format!("About: {about}")));
    lines.push(format!("Tags: {}", card.tags.join(", ")));
    format!("## Facts\n\n{}", bullets(&lines))
}

/// The scenario's files for the example's arguments: those that are here, and what the others are and how large.
fn data(
    spec: &RunSpec,
    environment: &Environment,
    ask_sizes: bool,
    talk: &Talk,
) -> Result<String, Failure> {
    const SHOWN: usize = 12;
    let library = &environment.library;
    let files =
        environment.catalogue.wanted_files(&spec.scenario, library).map_err(Failure::usage)?;
    let mut lines = Vec::new();
    let mut downloads = Downloads::default();
    for file in &files {
        match library.locate(file) {
            Availability::Local(path) | Availability::Cached(path) => {
                lines.push(format!("here: {}", path.display()));
            }
            Availability::Download { .. } => {
                if let Some(download) = Download::of(file, library) {
                    downloads.add(download);
                }
            }
            Availability::Unavailable { reason } => {
                lines.push(format!("{}: {}", file.name(), reason.replace('\n', "; ")));
            }
        }
    }
    if ask_sizes {
        downloads.ask(library, talk);
    }
    lines.extend(downloads.files().map(Download::line));
    if lines.is_empty() {
        return Ok(String::new());
    }
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.extend(downloads.summary());
    Ok(format!("## Data for `{}`\n\n{}", spec.name, bullets(&lines)))
}

/// The run that a name with arguments means; the first value of every parameter that has to be given and is not.
fn example_spec(
    entry: &holometer_core::RunEntry,
    card: &ScenarioCard,
    environment: &Environment,
) -> Result<RunSpec, Failure> {
    let mut args = entry.args.clone();
    for parameter in card.parameters.iter().filter(|parameter| parameter.default.is_none()) {
        if let (None, Some(first)) = (args.get(&parameter.name), parameter.values.first()) {
            args.set(&parameter.name, holometer_core::ArgValue::parse(first));
        }
    }
    let args = environment.catalogue.resolve_args(&entry.name, &args).map_err(Failure::usage)?;
    environment.catalogue.draft(&entry.name, &args).map_err(Failure::usage)
}

/// A rendered prompt with its references, when the data is here; otherwise how to get it.
fn example(spec: &RunSpec, environment: &Environment, talk: &Talk) -> Result<String, Failure> {
    let metrics: Vec<String> =
        spec.metrics.iter().map(|metric| format!("`{}` {}", metric.name, metric.args)).collect();
    let metrics = format!("## Metrics\n\n{}", bullets(&metrics));
    for file in environment
        .catalogue
        .wanted_files(&spec.scenario, &environment.library)
        .map_err(Failure::usage)?
    {
        if !matches!(
            environment.library.locate(&file),
            Availability::Local(_) | Availability::Cached(_)
        ) {
            let how =
                format!("The data is not here; `holometer pull -e {}` fetches it.", spec.name);
            return Ok(format!("{metrics}\n\n## Example\n\n{how}"));
        }
    }
    let instances = instances_of(&spec.scenario, environment, talk).map_err(Failure::usage)?;
    let mut few_shot = spec.adapter.few_shot.clone();
    few_shot.max_eval_instances = Some(1);
    let instances: Vec<Arc<_>> =
        sample_eval_instances(instances, &few_shot).into_iter().map(Arc::new).collect();
    // Wide enough for any example: nothing is cut for show.
    let window = Window {
        max_sequence_length: 1 << 20,
        max_request_length: 1 << 20,
        prefix_token: String::new(),
        end_of_text_token: String::new(),
        chat: false,
    };
    let adapted =
        adapt(&spec.adapter, &instances, &AdaptContext { tokenizer: None, window: &window });
    let adapted = adapted.map_err(Failure::usage)?;
    let Some(first) = adapted.requests.first() else { return Ok(metrics) };
    let references: Vec<String> = first
        .instance
        .references
        .iter()
        .map(|reference| {
            format!(
                "{:?}{}",
                reference.output.text,
                if reference.is_correct() { " (right)" } else { "" }
            )
        })
        .collect();
    Ok(format!(
        "{metrics}\n\n## Example\n\n`{}`, {}, {} examples before the question:\n\n```text\n{}\n```\n\nReferences:\n\n{}",
        spec.name,
        first.instance.id,
        first.num_train_instances,
        prompt_of(&first.request),
        bullets(&references)
    ))
}

fn prompt_of(request: &Request) -> String {
    match request {
        Request::Generate { prompt: Prompt::Text(text), .. } => text.clone(),
        Request::Generate { prompt: Prompt::Chat(messages), .. } => messages
            .iter()
            .map(|message| format!("[{:?}]\n{}", message.role, message.content))
            .collect::<Vec<_>>()
            .join("\n\n"),
        Request::ScoreContinuation { context, continuation } => {
            format!("{context}⟦{continuation}⟧")
        }
    }
}
