//! `report`: the tables of earlier runs, and the gates on them.

use std::collections::BTreeMap;

use holometer_core::Cell;
use holometer_report::comparison::{leaderboard_table, left_out_table};
use holometer_report::fairness::{
    FairnessReport, fairness_by_model, fairness_coverage, fairness_data, fairness_details,
    fairness_numbers, fairness_table, is_incomplete, panel_table,
};
use holometer_report::{Detail, Gate, GateFact, Report, RunReport};
use holometer_scenarios::Catalogue;
use holometer_store::{RunInfo, Store};
use holometer_summary::fairness::{Family, Judgement};
use holometer_summary::leaderboard::{Leaderboard, LeaderboardScenario, leaderboard};
use holometer_summary::{Entry, Verdict, status_reason};

use crate::args::{ReportArgs, TableFormat, ViewArg};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Scored, fairness_report, judgement, open_for_reading, report as read_report, run_table,
    runs_of, side_scores,
};

/// Prints the report of a suite.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let gates = read_gates(&args.gates.fail_if)?;
    let catalogue = Catalogue::builtin();
    let store = open_for_reading(&args.database.db)?;
    let report = read_report(&store, args.suite.as_deref(), &catalogue)?;
    let how = judgement(&args.judgement);
    let (facts, complete) = match args.view {
        ViewArg::Metrics => {
            output::print_report(&report, &detail(args, &report)?, args.format)?;
            (metric_facts(&report), !has_gaps(&report))
        }
        ViewArg::Fairness => {
            let fairness = fairness(&store, report, &catalogue, how)?;
            print_fairness(&fairness, args.format)?;
            (fairness_facts(&fairness), !is_incomplete(&fairness))
        }
        ViewArg::Leaderboard => {
            let board = board(&store, &report, &catalogue, &how)?;
            let mut tables = vec![leaderboard_table(&report.suite, &board)];
            if args.format != TableFormat::Csv {
                tables.extend(left_out_table(&board.left_out));
            }
            output::print_tables(&tables, &board, args.format)?;
            (board_facts(&board), board.left_out.is_empty())
        }
    };
    if !hold(&gates, &facts)? {
        return Ok(Exit::Gate);
    }
    Ok(if args.strict && !complete { Exit::Incomplete } else { Exit::Done })
}

fn detail(args: &ReportArgs, report: &Report) -> Result<Detail, Failure> {
    let detail = match args.metrics.as_str() {
        "headline" => Detail::Headline,
        "all" => Detail::All,
        names => Detail::Named(names.split(',').map(|name| name.trim().to_owned()).collect()),
    };
    if let Detail::Named(names) = &detail {
        for name in names {
            let known = |run: &RunReport| run.cells.iter().any(|cell| cell.metric.as_str() == name);
            if !report.runs.iter().any(known) {
                return Err(Failure::usage(format!("no run has the metric `{name}`"))
                    .hint("`holometer report --metrics all` shows those that there are"));
            }
        }
    }
    Ok(detail)
}

/// Reads the conditions under which a command fails.
pub(crate) fn read_gates(texts: &[String]) -> Result<Vec<Gate>, Failure> {
    texts.iter().map(|text| Gate::parse(text).map_err(Failure::usage)).collect()
}

/// Says which conditions are met; true when none is.
pub(crate) fn hold(gates: &[Gate], facts: &[GateFact]) -> Result<bool, Failure> {
    let mut holds = true;
    for gate in gates {
        for failure in gate.failures(facts).map_err(Failure::usage)? {
            eprintln!("gate failed: {failure}");
            holds = false;
        }
    }
    Ok(holds)
}

/// Whether anything that was planned has no number.
fn has_gaps(report: &Report) -> bool {
    !report.not_run.is_empty()
        || report.runs.iter().any(|run| {
            run.totals.failed + run.totals.not_run > 0
                || run.cells.iter().any(|cell| cell.estimate.is_none())
        })
}

/// The numbers of the original instances on each run's main split; the main metric also as `accuracy`.
fn metric_facts(report: &Report) -> Vec<GateFact> {
    let mut facts = Vec::new();
    for run in &report.runs {
        let on_split = |cell: &&Cell| {
            let exists =
                |split| run.cells.iter().any(|cell| cell.slice.split == split && split.is_some());
            let wanted = if exists(run.main_split) { run.main_split } else { None };
            cell.slice.perturbation.is_none()
                && cell.slice.sub_split.is_none()
                && (cell.slice.split == wanted || wanted.is_none())
        };
        for cell in run.cells.iter().filter(on_split) {
            let number = match &cell.estimate {
                Some(estimate) => {
                    let ends = estimate.interval.as_ref().map(|ends| (ends.low, ends.high));
                    Ok((estimate.value, ends))
                }
                None => Err(status_reason(&cell.status)),
            };
            let mut names = vec![cell.metric.as_str()];
            if cell.metric == run.main_metric {
                names.push("accuracy");
            }
            facts.extend(names.into_iter().map(|metric| GateFact {
                scenario: run.label.clone(),
                whose: run.model.to_string(),
                metric: metric.to_owned(),
                number: number.clone(),
            }));
        }
    }
    facts
}

fn fairness(
    store: &Store,
    report: Report,
    catalogue: &Catalogue,
    how: Judgement,
) -> Result<FairnessReport, Failure> {
    let infos = runs_of(store, &report.suite)?;
    let runs: Vec<(RunInfo, RunReport)> = infos.into_iter().zip(report.runs).collect();
    fairness_report(store, &report.suite, &runs, catalogue, how)
}

fn print_fairness(report: &FairnessReport, format: TableFormat) -> Result<(), Failure> {
    if format == TableFormat::Csv {
        return output::print_tables(&[fairness_data(report)], report, format);
    }
    let mut tables = if matches!(format, TableFormat::Table | TableFormat::Latex) {
        vec![fairness_by_model(report), fairness_numbers(report)]
    } else {
        vec![fairness_table(report), fairness_details(report)]
    };
    tables.extend(fairness_coverage(report));
    tables.push(panel_table(report));
    output::print_document(&tables, &[("Methods", &report.methods)], report, format)
}

/// Each family's headline, and per row how many entries have which verdict or are missing.
fn fairness_facts(report: &FairnessReport) -> Vec<GateFact> {
    let mut facts = Vec::new();
    for row in &report.rows {
        let mut add = |metric: String, number| {
            facts.push(GateFact {
                scenario: row.label.clone(),
                whose: row.model.to_string(),
                metric,
                number,
            });
        };
        for family in Family::ALL {
            let Some(cell) = row.headline(family) else { continue };
            let number = match &cell.entry {
                Entry::Found(finding) => {
                    let ends = finding.interval.as_ref().map(|ends| (ends.low, ends.high));
                    Ok((finding.value, ends))
                }
                Entry::Missing(status) => Err(status_reason(status)),
            };
            add(family.as_str().replace(' ', "_"), number);
        }
        let count = |verdict| {
            let found = row.cells.iter().filter_map(|cell| cell.entry.finding());
            found.filter(|finding| finding.verdict == Some(verdict)).count() as f64
        };
        add("disparities".into(), Ok((count(Verdict::Disparity), None)));
        add("inconclusive".into(), Ok((count(Verdict::Inconclusive), None)));
        let missing = row.cells.iter().filter(|cell| cell.entry.finding().is_none()).count();
        add("missing".into(), Ok((missing as f64, None)));
    }
    facts
}

/// The leaderboard of a suite's runs.
fn board(
    store: &Store,
    report: &Report,
    catalogue: &Catalogue,
    how: &Judgement,
) -> Result<Leaderboard, Failure> {
    let mut models: Vec<String> = Vec::new();
    let mut scenarios: BTreeMap<String, LeaderboardScenario> = BTreeMap::new();
    for (info, run) in runs_of(store, &report.suite)?.iter().zip(&report.runs) {
        let model = run.model.to_string();
        if !models.contains(&model) {
            models.push(model.clone());
        }
        let table = run_table(store, info, catalogue, Scored::MainMetric)?;
        let scenario = scenarios.entry(run.label.clone()).or_default();
        scenario.label.clone_from(&run.label);
        scenario.metric = run.main_metric.clone();
        let cards = holometer_metrics::card(run.main_metric.as_str());
        scenario.lower_is_better = cards.is_some_and(|card| card.higher_is_better == Some(false));
        scenario.scores.insert(model.clone(), side_scores(&table, Scored::MainMetric));
        let main = run.cells.iter().find(|cell| {
            cell.metric == run.main_metric
                && cell.slice.perturbation.is_none()
                && cell.slice.sub_split.is_none()
                && (run.main_split.is_none() || cell.slice.split == run.main_split)
        });
        if let Some(estimate) = main.and_then(|cell| cell.estimate.as_ref()) {
            // Half of a 95% interval is 1.96 standard errors.
            let error = estimate.interval.as_ref().map_or(0.0, |i| (i.high - i.low) / 2.0 / 1.96);
            scenario.estimates.insert(model, (estimate.value, error));
        }
    }
    let scenarios: Vec<LeaderboardScenario> = scenarios.into_values().collect();
    Ok(leaderboard(&models, &scenarios, how))
}

fn board_facts(board: &Leaderboard) -> Vec<GateFact> {
    let standings = board.standings.iter().map(|standing| GateFact {
        scenario: "all scenarios".into(),
        whose: standing.model.clone(),
        metric: "mean_win_rate".into(),
        number: standing
            .mean_win_rate
            .map(|rate| (rate, standing.interval.as_ref().map(|i| (i.low, i.high))))
            .ok_or_else(|| "it was compared on no scenario".into()),
    });
    standings.collect()
}
