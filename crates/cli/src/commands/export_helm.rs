//! `export helm`: a suite as HELM's own files, for its summariser and its web pages.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use holometer_core::{Method, Outcome, ScenarioCatalogue, Score};
use holometer_report::helm::{
    Cost, GroupText, HelmRequest, HelmRun, MetricText, RequestNumbers, ScenarioText, Suite,
    SuiteRun, UnitStats, Worst, aggregate, folder_name, instance_counts, stats_of_cells,
    unit_stats, write_model_metadata, write_run, write_suite,
};
use holometer_scenarios::Catalogue;
use holometer_store::{RunInfo, Store, StoredAnswer, UnitId};

use crate::failure::Failure;
use crate::pipeline::{ScoreOptions, now, score_each_answer};

/// Writes `DIR/runs/SUITE/` with a folder for each run and the suite's files, and `DIR/prod_env/model_metadata.yaml`.
pub(crate) fn export_helm(
    store: &Store,
    suite: &str,
    runs: &[RunInfo],
    dir: &Path,
    helm_compat: bool,
) -> Result<(), Failure> {
    let catalogue = Catalogue::builtin();
    let folder = dir.join("runs").join(folder_name(suite));
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut exported = Suite {
        name: folder_name(suite),
        date: date(),
        metrics: metric_texts(),
        groups: group_texts(runs, &catalogue),
        ..Suite::default()
    };
    for info in runs {
        let name = unique(folder_name(info.spec.name.as_str()), &names);
        names.insert(name.clone());
        exported.runs.push(one_run(store, info, &folder, name, helm_compat, &catalogue)?);
    }
    exported.runs.sort_by(|a, b| a.folder.cmp(&b.folder));
    write_suite(&folder, &exported).map_err(Failure::usage)?;
    write_model_metadata(&dir.join("prod_env"), &exported).map_err(Failure::usage)
}

/// The name, with a number behind it if another run has it already.
fn unique(name: String, taken: &BTreeSet<String>) -> String {
    // File systems that fold cases take two names for one.
    let is_taken = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    if !is_taken(&name) {
        return name;
    }
    (2..usize::MAX)
        .map(|number| format!("{name}_{number}"))
        .find(|name| !is_taken(name))
        .unwrap_or(name)
}

fn one_run(
    store: &Store,
    info: &RunInfo,
    folder: &Path,
    name: String,
    helm_compat: bool,
    catalogue: &Catalogue,
) -> Result<SuiteRun, Failure> {
    let (run, units) =
        read(store, info, catalogue, ScoreOptions { helm_compat, ..ScoreOptions::default() })?;
    let scored_text = info.spec.adapter.method == Method::LanguageModeling;
    let worst = if scored_text { Worst::Not } else { worst(helm_compat) };
    let mut stats = aggregate(&units, &worst);
    let counts = info.spec.metrics.iter().any(|metric| metric.name == "instances_per_split");
    if counts || scored_text {
        stats.extend(instance_counts(&units));
    }
    let cells = store.cells(info.id).map_err(Failure::usage)?;
    let more = stats_of_cells(&cells, &units, &stats);
    stats.extend(more);
    write_run(&folder.join(&name), &run, &units, &stats).map_err(Failure::usage)?;
    let card = catalogue.card(info.spec.scenario.name.as_str());
    let main = card.map(|card| &card.main_metric).filter(|main| !main.metric.0.is_empty());
    Ok(SuiteRun {
        folder: name,
        spec: run.spec.clone(),
        stats,
        main_metric: main.map(|main| {
            (main.metric.to_string(), main.split.map(|split| split.as_str().to_owned()))
        }),
        cost: cost(&run, &units),
    })
}

/// The run with its answers, and the statistics of its units.
fn read(
    store: &Store,
    info: &RunInfo,
    catalogue: &Catalogue,
    options: ScoreOptions,
) -> Result<(HelmRun, Vec<UnitStats>), Failure> {
    let scored_text = info.spec.adapter.method == Method::LanguageModeling;
    let mut scores: HashMap<UnitId, Vec<Score>> = HashMap::new();
    for unit in store.scores(info.id) {
        let unit = unit.map_err(Failure::usage)?;
        scores.insert(unit.unit, unit.scores);
    }
    let mut units = Vec::new();
    for unit in store.units(info.id) {
        let unit = unit.map_err(Failure::usage)?;
        let Some(scores) = scores.get(&unit.id) else { continue };
        let numbers: Vec<RequestNumbers> = unit.answers.iter().map(numbers).collect();
        if scored_text {
            // HELM has an entry for every window of a text.
            let each = score_each_answer(&info.spec, &unit, options);
            units.extend(numbers.iter().zip(each).map(|(numbers, scores)| {
                unit_stats(&info.spec, &unit.instance, unit.id.trial, &[*numbers], &scores)
            }));
            continue;
        }
        units.push(unit_stats(&info.spec, &unit.instance, unit.id.trial, &numbers, scores));
    }
    let mut requests = Vec::new();
    for answer in store.answers(info.id) {
        let answer = answer.map_err(Failure::usage)?;
        requests.push(HelmRequest {
            state: answer.state,
            seconds: answer.reply.as_ref().and_then(|reply| reply.seconds),
            sent_at: answer.reply.as_ref().map(|reply| reply.at.0 / 1000),
            cached: false,
            outcome: answer.reply.map(|reply| reply.outcome),
        });
    }
    let scenario = scenario_text(info, catalogue);
    Ok((HelmRun { spec: info.spec.clone(), scenario, requests }, units))
}

/// What is known about one request.
fn numbers(answer: &StoredAnswer) -> RequestNumbers {
    let response = answer.reply.as_ref().and_then(|reply| reply.outcome.response());
    let listed =
        response.map(|response| response.completions.iter().map(|c| c.tokens.len()).sum::<usize>());
    RequestNumbers {
        seconds: answer.reply.as_ref().and_then(|reply| reply.seconds),
        prompt_tokens: response
            .and_then(|response| response.prompt_tokens)
            .map(|count| count as f64),
        completion_tokens: listed.map(|count| count as f64),
    }
}

/// What HELM's `scenario.json` says: for an imported run what it said, else what the scenario's card says.
fn scenario_text(info: &RunInfo, catalogue: &Catalogue) -> ScenarioText {
    let imported = &info.host["scenario"];
    if imported["name"].is_string() {
        let text = |key: &str| imported[key].as_str().unwrap_or_default().to_owned();
        let tags = imported["tags"].as_array().into_iter().flatten();
        return ScenarioText {
            name: text("name"),
            description: text("description"),
            tags: tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
            definition_path: text("definition_path"),
        };
    }
    let card = catalogue.card(info.spec.scenario.name.as_str());
    ScenarioText {
        name: info.spec.scenario.name.to_string(),
        description: card.map(|card| card.summary.clone()).unwrap_or_default(),
        tags: card.map(|card| card.tags.clone()).unwrap_or_default(),
        definition_path: String::new(),
    }
}

fn cost(run: &HelmRun, units: &[UnitStats]) -> Cost {
    let sum = |name: &str| {
        let stats = units.iter().flat_map(|unit| &unit.stats);
        stats.filter(|stat| stat.name.name == name).map(|stat| stat.sum).sum::<f64>() as usize
    };
    let completions = run.requests.iter().filter_map(|request| match &request.outcome {
        Some(Outcome::Answered(response)) => Some(response.completions.len()),
        _ => None,
    });
    Cost {
        requests: run.requests.len(),
        completions: completions.sum(),
        prompt_tokens: sum("num_prompt_tokens"),
        completion_tokens: sum("num_completion_tokens"),
    }
}

fn metric_texts() -> Vec<MetricText> {
    let text = |card: holometer_core::MetricCard| MetricText {
        name: card.name.to_owned(),
        display_name: card.name.to_owned(),
        description: card.summary.to_owned(),
        lower_is_better: card.higher_is_better.map(|higher| !higher),
    };
    holometer_metrics::cards().into_iter().map(text).collect()
}

fn group_texts(runs: &[RunInfo], catalogue: &Catalogue) -> Vec<GroupText> {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| &run.spec.groups).collect();
    let text = |name: &String| {
        let card = catalogue.card(name)?;
        Some(GroupText {
            name: name.clone(),
            display_name: name.clone(),
            description: card.summary.clone(),
            task: card.tags.first().cloned().unwrap_or_default(),
            who: card.about.clone().unwrap_or_default(),
            language: card.languages.join(", "),
        })
    };
    names.into_iter().filter_map(text).collect()
}

/// The metrics for which smaller is better, of which the worst case is the largest value.
fn worst(helm_compat: bool) -> Worst {
    if helm_compat {
        return Worst::Smallest;
    }
    let cards = holometer_metrics::cards();
    let lower = cards.into_iter().filter(|card| card.higher_is_better == Some(false));
    Worst::LargestOf(lower.map(|card| card.name.to_owned()).collect())
}

/// Today in UTC, as `2026-01-31`.
fn date() -> String {
    let (year, month, day) = civil(now().0.div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The Gregorian date of a day counted from 1970-01-01, by counting from 1 March of year 0, so that leap days come last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(59), (1970, 3, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
    }

    #[test]
    fn names_stay_apart() {
        let taken = BTreeSet::from(["a".to_owned(), "b".to_owned(), "b_2".to_owned()]);
        assert_eq!(unique("c".into(), &taken), "c");
        assert_eq!(unique("A".into(), &taken), "A_2");
        assert_eq!(unique("b".into(), &taken), "b_3");
    }
}
