//! `score`: completions that were made anywhere, scored with the program's metrics. Nothing is run and nothing is stored.

mod lines;
mod metrics;
mod table;

use std::collections::BTreeSet;

use holometer_core::{
    AdapterSpec, Answer, AugmentationSpec, Cell, Method, ModelName, ModelSpec, RunName, RunSpec,
    ScenarioName, ScenarioSpec, Score, Split, Unit,
};
use holometer_summary::{Options, TotalsInput, UnitScores, cells};
use rayon::prelude::*;

use crate::args::ScoreArgs;
use crate::commands::score::lines::Line;
use crate::commands::score::metrics::Metrics;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::progress::Talk;

/// Reads predictions, scores them, prints a row per metric and group.
pub(crate) fn score(args: &ScoreArgs, talk: &Talk) -> Result<Exit, Failure> {
    let metrics = Metrics::build(args)?;
    let (lines, bad) = lines::read(&args.predictions, args.skip_bad_lines)?;
    for problem in &bad {
        talk.say(&format!("left out {problem}"));
    }
    if lines.is_empty() {
        return Err(Failure::nothing(format!(
            "`{}` holds no predictions",
            args.predictions.display()
        ))
        .hint("write one JSON object per line; `holometer score --help` lists the fields"));
    }
    let spec = spec(args, &lines);
    let totals = metrics.totals();
    let scored: Vec<Scored> =
        lines.par_iter().map(|line| metrics.score(&unit(&spec, line), &totals)).collect();
    if args.per_line {
        print_lines(&lines, &scored)?;
    } else {
        let rows = rows(&metrics, &lines, &scored, args);
        if rows.iter().all(|(_, cells)| cells.is_empty()) {
            return Err(Failure::nothing("no prediction has what these metrics compare with").hint(
                "give each line `references` that are not empty; `holometer score --help` lists the fields",
            ));
        }
        table::print(&rows, args)?;
    }
    Ok(if bad.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// What one line gives: scores, and what it adds to each statistic over all lines.
pub(crate) struct Scored {
    pub(crate) scores: Vec<Score>,
    pub(crate) components: Vec<Result<Vec<f64>, String>>,
}

/// The cells of all lines (no group), then of each group.
pub(crate) type Rows = Vec<(Option<String>, Vec<Cell>)>;

fn rows(metrics: &Metrics, lines: &[Line], scored: &[Scored], args: &ScoreArgs) -> Rows {
    let groups: BTreeSet<&String> = lines.iter().flat_map(|line| &line.groups).collect();
    let everything: Vec<usize> = (0..lines.len()).collect();
    let mut rows = vec![(None, cells_of(metrics, lines, scored, &everything, args))];
    for group in groups {
        let members: Vec<usize> =
            everything.iter().copied().filter(|&at| lines[at].groups.contains(group)).collect();
        rows.push((Some(group.clone()), cells_of(metrics, lines, scored, &members, args)));
    }
    rows
}

fn cells_of(
    metrics: &Metrics,
    lines: &[Line],
    scored: &[Scored],
    members: &[usize],
    args: &ScoreArgs,
) -> Vec<Cell> {
    let units: Vec<UnitScores> = members
        .iter()
        .map(|&at| UnitScores {
            instance: lines[at].instance().id.clone(),
            split: Split::Test,
            sub_split: None,
            perturbation: None,
            train_trial_index: 0,
            cluster: lines[at].instance().cluster_key().to_owned(),
            scores: scored[at].scores.clone(),
        })
        .collect();
    let statistics = metrics.totals().into_iter().enumerate();
    let totals: Vec<TotalsInput> = statistics
        .map(|(which, metric)| TotalsInput {
            metric,
            components: members.iter().map(|&at| scored[at].components[which].clone()).collect(),
        })
        .collect();
    let options = Options { helm_compat: args.helm_compat, ..Options::default() };
    let mut cells = cells(&units, &totals, &options);
    cells.retain(|cell| metrics.wants(cell.metric.as_str()));
    metrics.sort(&mut cells);
    cells
}

/// A run that only carries the model's name and the number of completions.
fn spec(args: &ScoreArgs, lines: &[Line]) -> RunSpec {
    let mut adapter = AdapterSpec::new(Method::Generation);
    adapter.num_outputs = lines.iter().map(Line::completions).max().unwrap_or(1);
    adapter.few_shot.num_train_trials = 1;
    RunSpec {
        name: RunName::new("predictions"),
        scenario: ScenarioSpec {
            name: ScenarioName::new("predictions"),
            args: holometer_core::Args::default(),
        },
        adapter,
        metrics: Vec::new(),
        augmentation: AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec {
            name: ModelName::from(args.model.as_str()),
            deployment: args.model.clone(),
        },
    }
}

fn unit<'a>(spec: &'a RunSpec, line: &'a Line) -> Unit<'a> {
    let answer = Answer { state: &line.state, outcome: &line.outcome, seconds: line.seconds };
    Unit {
        spec,
        instance: line.instance(),
        train_trial_index: 0,
        answers: vec![answer],
        tokenizer: None,
    }
}

fn print_lines(lines: &[Line], scored: &[Scored]) -> Result<(), Failure> {
    let stdout = std::path::Path::new("-");
    output::write_to(stdout, |out| {
        for (line, scored) in lines.iter().zip(scored) {
            let mut scores = serde_json::Map::new();
            for score in &scored.scores {
                let value = match &score.value {
                    holometer_core::Value::Number(number) => serde_json::json!(number),
                    holometer_core::Value::Unscored(reason) => {
                        serde_json::json!({ "unscored": reason })
                    }
                };
                scores.insert(score.metric.to_string(), value);
            }
            let row = serde_json::json!({ "line": line.number, "id": line.instance().id, "scores": scores });
            output::line(out, row)?;
        }
        Ok(())
    })
}
