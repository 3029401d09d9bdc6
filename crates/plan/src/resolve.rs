//! From a selection to the plan's cells: every entry with every model, to be run or with a reason.

use std::collections::HashMap;

use holometer_core::{ArgValue, ModelName, RunSpec, ScenarioCatalogue};

use crate::check::{Checked, check, expander_takes, multiplied};
use crate::models::{Choice, choose};
use crate::nearest::nearest;
use crate::plugin::{ExpandError, Plugin, SelectedModel};
use crate::selection::{Selection, perturbed, without_none};
use crate::skip::{ArgumentProblem, Skip};
use crate::suite::SourcedEntry;

/// The expander that sets the model.
const MODEL: &str = "model";

/// One line of the plan: an entry with a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The entry, without `*`.
    pub entry: SourcedEntry,
    /// The model, if there is one.
    pub model: Option<ModelName>,
    /// What will run, or why nothing will.
    pub run: Result<Box<RunSpec>, Skip>,
}

/// A run, with the arguments that its name doesn't show.
#[derive(Clone)]
struct Expanded {
    run: RunSpec,
    unnamed: Vec<String>,
}

/// Everything that resolving looks things up in.
struct Context<'a> {
    selection: &'a Selection,
    catalogue: &'a dyn ScenarioCatalogue,
    helm_only: &'a [(&'a str, &'a str)],
    plugins: Vec<Plugin>,
}

/// The plan's cells, in the order of the entries, for each in the order of the models, for each in the order of the
/// expanders. Every entry gives at least one cell. No two runs have the same name.
///
/// `helm_only` names HELM's scenarios that are not built in, each with the reason (a clause).
pub fn resolve(
    selection: &Selection,
    catalogue: &dyn ScenarioCatalogue,
    helm_only: &[(&str, &str)],
) -> Vec<Cell> {
    let context = Context { selection, catalogue, helm_only, plugins: crate::expanders::all() };
    let mut cells = Vec::new();
    for entry in &selection.entries {
        let entry = perturbed(entry.clone(), selection.perturbations.as_deref());
        context.entry_cells(&without_none(entry), &mut cells);
    }
    name_uniquely(cells)
}

/// A cell with the arguments that its run's name doesn't show.
type Candidate = (Cell, Vec<String>);

impl Context<'_> {
    fn entry_cells(&self, entry: &SourcedEntry, cells: &mut Vec<Candidate>) {
        let card = self.catalogue.card(&entry.entry.name);
        let entries = match card.map(|card| multiplied(entry, card, &self.plugins)) {
            None => vec![entry.clone()],
            Some(Ok(entries)) => entries,
            Some(Err(skip)) => {
                cells.extend(self.all_skipped(entry, &skip));
                return;
            }
        };
        for entry in &entries {
            match self.draft(entry) {
                Err(skip) => cells.extend(self.all_skipped(entry, &skip)),
                Ok((draft, checked)) => {
                    for choice in choose(entry, self.selection) {
                        cells.extend(self.model_cells(entry, &draft, &checked, choice));
                    }
                }
            }
        }
    }

    /// One cell per model, none of which will run.
    fn all_skipped(&self, entry: &SourcedEntry, skip: &Skip) -> Vec<Candidate> {
        let cells = choose(entry, self.selection).into_iter().map(|choice| {
            let cell = Cell { entry: entry.clone(), model: choice.name, run: Err(skip.clone()) };
            (cell, Vec::new())
        });
        cells.collect()
    }

    /// What the scenario makes of the entry, before expanders and without model.
    fn draft(&self, entry: &SourcedEntry) -> Result<(RunSpec, Checked<'_>), Skip> {
        let selection = self.selection;
        if let (Some(priority), Some(max)) = (entry.priority, selection.max_priority)
            && priority > max
        {
            return Err(Skip::Priority { priority, max });
        }
        let name = &entry.entry.name;
        if !selection.scenarios.is_empty() && !selection.scenarios.contains(name) {
            let wanted = selection.scenarios.clone();
            return Err(Skip::Scenario { scenario: name.clone(), wanted });
        }
        let card = self.catalogue.card(name).ok_or_else(|| self.no_card(entry))?;
        let checked = check(entry, card, &self.plugins)?;
        let draft = self.catalogue.draft(name, &checked.scenario).map_err(|reason| {
            let reason = reason.replace('\n', "; ");
            Skip::BadCombination { position: entry.position.clone(), reason }
        })?;
        let has: Vec<String> = draft.groups.iter().chain(&entry.groups).cloned().collect();
        if !selection.groups.is_empty() && !has.iter().any(|g| selection.groups.contains(g)) {
            return Err(Skip::Group { has, wanted: selection.groups.clone() });
        }
        Ok((draft, checked))
    }

    fn no_card(&self, entry: &SourcedEntry) -> Skip {
        let name = entry.entry.name.clone();
        if let Some((_, reason)) = self.helm_only.iter().find(|(known, _)| *known == name) {
            return Skip::NotBuilt { name, reason: (*reason).to_owned() };
        }
        let names = self.catalogue.names();
        let helm = self.helm_only.iter().map(|(known, _)| *known);
        let nearest = nearest(&name, names.iter().map(String::as_str).chain(helm));
        Skip::UnknownScenario { position: entry.position.clone(), name, nearest }
    }

    fn model_cells(
        &self,
        entry: &SourcedEntry,
        draft: &RunSpec,
        checked: &Checked<'_>,
        choice: Choice,
    ) -> Vec<Candidate> {
        let cell = |run| Cell { entry: entry.clone(), model: choice.name.clone(), run };
        let expanded = choice.model.and_then(|model| self.expand(entry, draft, checked, &model));
        match expanded {
            Err(skip) => vec![(cell(Err(skip)), Vec::new())],
            Ok(runs) => runs
                .into_iter()
                .map(|expanded| {
                    let run = finished(expanded.run, entry, self.selection);
                    (cell(Ok(Box::new(run))), expanded.unnamed)
                })
                .collect(),
        }
    }

    /// Applies the expanders in the order in which they were written; the model comes last where it isn't written.
    fn expand(
        &self,
        entry: &SourcedEntry,
        draft: &RunSpec,
        checked: &Checked<'_>,
        model: &SelectedModel,
    ) -> Result<Vec<Expanded>, Skip> {
        let mut runs = vec![Expanded { run: draft.clone(), unnamed: Vec::new() }];
        let written = checked.expanders.iter().map(|(plugin, value)| (*plugin, value));
        let model_name = ArgValue::Text(model.spec.name.to_string());
        let is_model = |plugin: &&Plugin| plugin.card.name == MODEL;
        let unwritten = !checked.expanders.iter().any(|(plugin, _)| is_model(plugin));
        let model_plugin = self.plugins.iter().find(is_model).filter(|_| unwritten);
        let last = model_plugin.map(|plugin| (plugin, &model_name));
        for (plugin, value) in written.chain(last) {
            let mut next = Vec::new();
            for expanded in &runs {
                let made = (plugin.expand)(&expanded.run, value, model)
                    .map_err(|error| refused(entry, plugin, value, error))?;
                next.extend(made.into_iter().map(|run| noted(expanded, run, plugin, value)));
            }
            runs = next;
        }
        Ok(runs)
    }
}

/// What an expander made, with a note if the name doesn't tell.
fn noted(before: &Expanded, run: RunSpec, plugin: &Plugin, value: &ArgValue) -> Expanded {
    let mut unnamed = before.unnamed.clone();
    if run.name == before.run.name && run != before.run {
        unnamed.push(format!("{}={}", plugin.card.name, value.to_string().replace('/', "_")));
    }
    Expanded { run, unnamed }
}

fn refused(entry: &SourcedEntry, plugin: &Plugin, value: &ArgValue, error: ExpandError) -> Skip {
    let key = plugin.card.name;
    let problem = match error {
        ExpandError::Value => {
            let value = value.to_string();
            let nearest = nearest(&value, plugin.card.values.iter().copied());
            ArgumentProblem::Value { value, nearest, takes: expander_takes(plugin) }
        }
        ExpandError::Run(reason) => ArgumentProblem::Unsuitable { reason },
    };
    let position = entry.argument_position(key).clone();
    Skip::BadArgument { position, key: key.to_owned(), problem: Box::new(problem) }
}

/// The selection's sample size and trials, and the entry's groups, as HELM's `run.py` sets them.
fn finished(mut run: RunSpec, entry: &SourcedEntry, selection: &Selection) -> RunSpec {
    let few_shot = &mut run.adapter.few_shot;
    few_shot.max_eval_instances = few_shot.max_eval_instances.or(selection.max_instances);
    if few_shot.max_train_instances == 0 {
        few_shot.num_train_trials = 1;
    } else if let Some(trials) = selection.trials {
        few_shot.num_train_trials = trials;
    }
    if !entry.groups.is_empty() {
        let mut sorted = entry.groups.clone();
        sorted.sort();
        run.name.0 = format!("{},groups={}", run.name, sorted.join("-"));
        run.groups.extend(entry.groups.iter().cloned());
    }
    run
}

/// Gives every run a name of its own. HELM leaves some arguments out of the name, such as the temperature, and so would
/// overwrite one run by another; here the second of two such runs shows them.
fn name_uniquely(candidates: Vec<Candidate>) -> Vec<Cell> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut cells: Vec<Cell> = Vec::with_capacity(candidates.len());
    for (mut cell, unnamed) in candidates {
        if let Ok(run) = &mut cell.run {
            let clash = taken.get(run.name.as_str()).map(|at| &cells[*at]);
            let differs = clash.is_some_and(|first| first.run.as_ref() != Ok(&*run));
            if differs && !unnamed.is_empty() {
                let joint = if run.name.as_str().contains(':') { ',' } else { ':' };
                run.name.0 = format!("{}{joint}{}", run.name, unnamed.join(","));
            }
            let clash = taken.get(run.name.as_str()).map(|at| &cells[*at]);
            let skip = clash.map(|first| clashing(first, run));
            match skip {
                Some(skip) => cell.run = Err(skip),
                None => {
                    taken.insert(run.name.to_string(), cells.len());
                }
            }
        }
        cells.push(cell);
    }
    cells
}

fn clashing(first: &Cell, run: &RunSpec) -> Skip {
    let position = first.entry.position.clone();
    let same = first.run.as_ref().is_ok_and(|known| **known == *run);
    if same {
        Skip::Duplicate { run: run.name.clone(), position }
    } else {
        Skip::NameTaken { run: run.name.clone(), position }
    }
}
