//! Reading a scenario file: TOML into a definition, with every fault's line and column.

use holometer_core::card::{ScenarioCard, ValueKind};
use holometer_core::{ArgValue, Args, ScenarioName};

use crate::build::Builder;
use crate::definition::{Definition, Text};
use crate::error::Problem;
use crate::source::Source;
use crate::template::{self, TemplateError};

/// A scenario file that has been read.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// What the file says.
    pub(crate) definition: Definition,
    /// What the scenario says about itself.
    pub(crate) card: ScenarioCard,
}

const GUIDE: &str = "see the guide to the scenario format";

/// Reads a file. `name` is the scenario's name when the file gives none.
///
/// # Errors
/// The file's faults, in order of their places.
pub(crate) fn load(source: &Source, name: &str) -> Result<Loaded, Vec<Problem>> {
    let definition: Definition =
        toml::from_str(&source.text).map_err(|error| vec![syntax_problem(source, &error)])?;
    let card = card(&definition, name);
    Ok(Loaded { definition, card })
}

fn syntax_problem(source: &Source, error: &toml::de::Error) -> Problem {
    let offset = error.span().map_or(0, |span| span.start);
    let message = error.message().trim().to_owned();
    let hint = unknown_field_hint(&message).unwrap_or_else(|| GUIDE.to_owned());
    source.problem(offset, 0, message, hint)
}

/// The nearest field, when serde complains about one that it does not know.
fn unknown_field_hint(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (wrong, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let near = crate::arguments::nearest(wrong, known.into_iter());
    near.first().map(|name| format!("did you mean `{name}`?"))
}

fn card(definition: &Definition, name: &str) -> ScenarioCard {
    let name = definition.name.as_ref().map_or(name, |text| text.as_ref().as_str());
    ScenarioCard {
        name: ScenarioName::from(name),
        summary: definition.summary.clone(),
        description: definition.description.trim().to_owned(),
        parameters: definition.parameters.clone(),
        sources: definition.sources.clone(),
        licence: definition.licence.clone(),
        citations: definition.citations.clone(),
        languages: definition.languages.clone(),
        size: definition.size.clone(),
        about: definition.about.clone(),
        caveats: definition.caveats.clone(),
        main_metric: definition.main_metric.clone(),
        headline_metrics: definition.headline_metrics.clone(),
        tags: definition.tags.clone(),
    }
}

/// Faults that TOML can't see: templates that don't compile, values that don't fit. `instances_in_rust` says that
/// instances need no `[instance]`.
pub(crate) fn faults(loaded: &Loaded, source: &Source, instances_in_rust: bool) -> Vec<Problem> {
    let definition = &loaded.definition;
    let mut problems = Vec::new();
    if let Some(name) = &definition.name {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.as_ref().is_empty() || !name.as_ref().chars().all(fine) {
            problems.push(source.problem(
                name.span().start,
                0,
                format!("`{}` can't be a scenario's name", name.as_ref()),
                "use letters, digits, `_` and `-`",
            ));
        }
    }
    let failed: Vec<TemplateError> = definition
        .templates()
        .into_iter()
        .filter_map(|text| template::template(text).err())
        .collect();
    let failed = failed.into_iter().chain(
        definition.expressions().into_iter().filter_map(|text| template::expression(text).err()),
    );
    problems.extend(failed.map(|error| source.template_problem(&error, GUIDE)));
    match &definition.instance {
        Some(instance) => {
            if let Err(error) = Builder::new(instance) {
                let problem = source.template_problem(&error, GUIDE);
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            for reference in &instance.references {
                if let (Some(each), None) = (&reference.each, &reference.correct) {
                    problems.push(source.problem(
                        each.span().start,
                        0,
                        "nothing says which of these choices is right",
                        "add `correct`, for instance `correct = \"index == label\"`",
                    ));
                }
            }
        }
        None if !instances_in_rust => problems.push(source.problem(
            0,
            0,
            "there is no `[instance]` that says how a row becomes a question",
            "add `[instance]` with at least `input`",
        )),
        None => {}
    }
    for parameter in &definition.parameters {
        if parameter.kind == ValueKind::Choice && parameter.values.is_empty() {
            problems.push(source.problem(
                0,
                0,
                format!("the parameter `{}` lists no values", parameter.name),
                "list its `values`, or give it another `kind`",
            ));
        }
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// Arguments to try a scenario with: every parameter's default, else its first value.
pub(crate) fn example_args(card: &ScenarioCard) -> Args {
    let mut args = Args::default();
    for parameter in &card.parameters {
        let value = parameter.default.clone().or_else(|| parameter.values.first().cloned());
        let value = value.unwrap_or_else(|| match parameter.kind {
            ValueKind::Int => "1".to_owned(),
            ValueKind::Float => "0.5".to_owned(),
            ValueKind::Bool => "False".to_owned(),
            ValueKind::Choice | ValueKind::Text => "example".to_owned(),
        });
        args.set(&parameter.name, ArgValue::parse(&value));
    }
    args
}

impl Definition {
    /// Every template outside `[instance]`.
    fn templates(&self) -> Vec<&Text> {
        let mut texts: Vec<&Text> = self.run_name.iter().chain(&self.run_groups).collect();
        for file in &self.data.files {
            texts.extend(file.path.iter().chain(&file.local).chain(&file.url));
            texts.extend(file.role.iter().chain(&file.member).chain(&file.sha256));
            texts.extend(file.hub.iter().map(|hub| &hub.path));
            texts.extend(file.hub_parquet.iter().flat_map(|hub| [&hub.config, &hub.split]));
            texts.extend(file.package.iter().map(|package| &package.member));
        }
        for adapter in &self.adapter {
            texts.extend(
                [
                    &adapter.instructions,
                    &adapter.input_noun,
                    &adapter.output_noun,
                    &adapter.global_prefix,
                    &adapter.global_suffix,
                    &adapter.input_prefix,
                    &adapter.input_suffix,
                    &adapter.output_prefix,
                    &adapter.output_suffix,
                ]
                .into_iter()
                .flatten(),
            );
        }
        texts
    }

    /// Every expression outside `[instance]`.
    fn expressions(&self) -> Vec<&Text> {
        let mut texts: Vec<&Text> = self.data.repeat.iter().map(|each| &each.list).collect();
        for file in &self.data.files {
            texts.extend(file.when.iter().chain(&file.bytes_from).chain(&file.about_bytes_from));
        }
        texts.extend(self.adapter.iter().filter_map(|adapter| adapter.when.as_ref()));
        texts.extend(self.metrics.iter().filter_map(|metric| metric.when.as_ref()));
        texts.extend(self.metrics.iter().flat_map(|metric| metric.args_from.values()));
        for step in &self.arrange {
            texts.extend(step.when.iter().chain(&step.take));
            texts.extend(step.splits.iter().filter_map(|range| range.count.as_ref()));
        }
        texts
    }
}
