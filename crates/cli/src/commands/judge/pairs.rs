//! Two models' answers side by side: each judge sees each pair in both orders, so that liking the first place cancels out and is
//! itself measured.

use std::collections::BTreeMap;

use holometer_core::{Findings, Inquiry, RequestState, Respondent, Role};
use holometer_metrics::pairwise::{self, Pair};
use holometer_report::{Column, Table};
use holometer_stats::mean_interval;
use holometer_store::{RunInfo, Store, StoredUnit};
use serde_json::{Value, json};

use crate::args::JudgeAction;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{
    Environment, Respondents, compare_by_judges, open_for_writing, question, run_label,
    suite_or_latest,
};
use crate::progress::Talk;

/// A pair of answers, shown in both orders.
struct Asked {
    forward: RequestState,
    backward: RequestState,
}

/// What one judge says of one run's pairs.
struct Row {
    run: String,
    judge: String,
    /// Per pair that was read in both orders: how much better the first model is, in either order.
    both: Vec<(f64, f64)>,
    unread: usize,
}

/// Has the pairs judged and prints what came of it.
pub(crate) fn pairs(action: &JudgeAction, talk: &Talk) -> Result<Exit, Failure> {
    let JudgeAction::Pairs { one, other, suite, max_pairs, format, inquiry, environment, database } =
        action
    else {
        return Ok(Exit::Done);
    };
    if inquiry.judges.is_empty() {
        return Err(Failure::usage("no judge is named").hint("name one with --judge SPEC"));
    }
    let environment = Environment::new(environment, &[])?;
    let mut store = open_for_writing(&database.db)?;
    let suite = suite_or_latest(&store, suite.as_deref())?;
    let respondents = Respondents::open(inquiry, &environment, None, talk)?;
    let matched = matched(&store, &suite, one, other)?;
    let mut rows = Vec::new();
    for (first, second) in &matched {
        let asked = questions(&store, first, second, max_pairs.unwrap_or(usize::MAX))?;
        let requests: Vec<RequestState> =
            asked.iter().flat_map(|pair| [pair.forward.clone(), pair.backward.clone()]).collect();
        let name = format!("{} beside {}", first.spec.name, second.spec.name);
        let found = compare_by_judges(&mut store, first, &name, &requests, &respondents, talk)?;
        for judge in respondents.judge_names() {
            rows.push(row(run_label(first), judge.as_str(), &asked, &found));
        }
    }
    let table = table(&rows, one, other);
    let json: Vec<Value> = rows.iter().map(|row| row.json(one, other)).collect();
    output::print_tables(&[table], &json, *format)?;
    Ok(Exit::Done)
}

/// The runs of both models with the same name but for the model.
fn matched(
    store: &Store,
    suite: &str,
    one: &str,
    other: &str,
) -> Result<Vec<(RunInfo, RunInfo)>, Failure> {
    let runs = store.runs(suite).map_err(Failure::usage)?;
    let of = |model: &str| {
        runs.iter().filter(|run| run.spec.model.name.as_str() == model).cloned().collect::<Vec<_>>()
    };
    let (firsts, seconds) = (of(one), of(other));
    for (model, found) in [(one, &firsts), (other, &seconds)] {
        if found.is_empty() {
            let mut known: Vec<&str> =
                runs.iter().map(|run| run.spec.model.name.as_str()).collect();
            known.dedup();
            return Err(Failure::usage(format!("the suite `{suite}` has no run of `{model}`"))
                .hint(format!("it has: {}", known.join(", "))));
        }
    }
    let pairs: Vec<(RunInfo, RunInfo)> = firsts
        .into_iter()
        .filter_map(|first| {
            let label = run_label(&first);
            let second = seconds.iter().find(|second| run_label(second) == label)?.clone();
            Some((first, second))
        })
        .collect();
    if pairs.is_empty() {
        return Err(Failure::nothing("the two models have no run in common"));
    }
    Ok(pairs)
}

fn questions(
    store: &Store,
    first: &RunInfo,
    second: &RunInfo,
    most: usize,
) -> Result<Vec<Asked>, Failure> {
    let mut answers: BTreeMap<(usize, String), String> = BTreeMap::new();
    for unit in store.units(second.id) {
        let unit = unit.map_err(Failure::usage)?;
        if let Some(text) = answer(&unit) {
            answers.insert(key(&unit), text);
        }
    }
    let mut asked = Vec::new();
    for unit in store.units(first.id) {
        let unit = unit.map_err(Failure::usage)?;
        let (Some(one), Some(other)) = (answer(&unit), answers.get(&key(&unit))) else { continue };
        if asked.len() == most {
            break;
        }
        let (history, query) = conversation(&unit);
        let checklist = checklist(&unit);
        let ask = |first: &str, second: &str| {
            let pair =
                Pair { history: &history, question: &query, checklist: &checklist, first, second };
            question(&unit.instance, unit.id.trial, pairwise::request(&pair))
        };
        asked.push(Asked { forward: ask(&one, other), backward: ask(other, &one) });
    }
    Ok(asked)
}

/// What two models' units have in common: the draw of examples, the instance, and what was done to it.
fn key(unit: &StoredUnit) -> (usize, String) {
    let done =
        unit.instance.perturbation.as_ref().map(|description| json!(description).to_string());
    (unit.id.trial, format!("{} {}", unit.instance.id, done.unwrap_or_default()))
}

fn answer(unit: &StoredUnit) -> Option<String> {
    let reply = unit.answers.first()?.reply.as_ref()?;
    Some(reply.outcome.response()?.completions.first()?.text.clone())
}

/// What was said before, and the question itself.
fn conversation(unit: &StoredUnit) -> (String, String) {
    let input = &unit.instance.input;
    match input.messages.split_last() {
        None => (String::new(), input.text.clone()),
        Some((last, before)) => {
            let line = |message: &holometer_core::ChatMessage| {
                let speaker = if message.role == Role::User { "USER" } else { "ASSISTANT" };
                format!("{speaker}: {}", message.content)
            };
            (before.iter().map(line).collect::<Vec<_>>().join("\n\n"), last.content.clone())
        }
    }
}

fn checklist(unit: &StoredUnit) -> String {
    let items = unit.instance.extra.get("checklist").and_then(Value::as_array);
    let lines =
        items.into_iter().flatten().filter_map(Value::as_str).map(|item| format!("- {item}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn row(run: String, judge: &str, asked: &[Asked], found: &dyn Findings) -> Row {
    let mut row = Row { run, judge: judge.to_owned(), both: Vec::new(), unread: 0 };
    for pair in asked {
        let verdict = |state: &RequestState| {
            let inquiry = Inquiry { to: Respondent::Judge, request: state.request.clone() };
            let said = found.about(&inquiry);
            let by = said.iter().find(|finding| finding.by.as_str() == judge)?;
            pairwise::read(&by.outcome.response()?.completions.first()?.text)
        };
        match (verdict(&pair.forward), verdict(&pair.backward)) {
            (Some(forward), Some(backward)) => row.both.push((forward, -backward)),
            _ => row.unread += 1,
        }
    }
    row
}

impl Row {
    fn count(&self, of: impl Fn(f64) -> bool) -> usize {
        self.both.iter().filter(|(forward, backward)| of(forward + backward)).count()
    }

    /// How much better the first model is, in WildBench's rewards, with its interval.
    fn reward(&self) -> Option<(f64, Option<(f64, f64)>)> {
        let values: Vec<f64> = self
            .both
            .iter()
            .map(|(forward, backward)| f64::midpoint(*forward, *backward))
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let interval = mean_interval(&values, None, 0.95).map(|found| (found.low, found.high));
        (!values.is_empty()).then_some((mean, interval))
    }

    /// Share of the pairs in which the order changes nothing about who is better.
    fn steady(&self) -> Option<f64> {
        let sign = |value: f64| value.partial_cmp(&0.0);
        let same = self.both.iter().filter(|(one, other)| sign(*one) == sign(*other)).count();
        (!self.both.is_empty()).then(|| same as f64 / self.both.len() as f64)
    }

    /// How much better whatever is shown first is found to be.
    fn first_place(&self) -> Option<f64> {
        let sum: f64 = self.both.iter().map(|(forward, backward)| (forward - backward) / 2.0).sum();
        (!self.both.is_empty()).then(|| sum / self.both.len() as f64)
    }

    fn json(&self, one: &str, other: &str) -> Value {
        let reward = self.reward();
        json!({
            "run": self.run, "judge": self.judge, "model": one, "other": other,
            "wins": self.count(|sum| sum > 0.0), "ties": self.count(|sum| sum == 0.0),
            "losses": self.count(|sum| sum < 0.0), "unread": self.unread,
            "reward": reward.map(|(mean, _)| mean), "interval": reward.and_then(|(_, interval)| interval),
            "steady": self.steady(), "first_place": self.first_place(),
        })
    }
}

fn table(rows: &[Row], one: &str, other: &str) -> Table {
    let number =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let cells = |row: &Row| {
        let reward = row.reward();
        let interval = reward.and_then(|(_, interval)| interval);
        vec![
            row.run.clone(),
            row.judge.clone(),
            row.count(|sum| sum > 0.0).to_string(),
            row.count(|sum| sum == 0.0).to_string(),
            row.count(|sum| sum < 0.0).to_string(),
            number(reward.map(|(mean, _)| mean)),
            interval.map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}")),
            number(row.steady()),
            number(row.first_place()),
            row.unread.to_string(),
        ]
    };
    let numbers = ["wins", "ties", "losses", "reward", "95% CI", "steady", "first place", "unread"];
    let columns = ["run", "judge"].map(Column::text).into_iter();
    Table {
        title: format!("{one} beside {other}"),
        columns: columns.chain(numbers.map(Column::number)).collect(),
        rows: rows.iter().map(cells).collect(),
        notes: vec![format!(
            "Wins and losses are {one}'s, by the mean over both orders; reward: 1 much better, 0.5 slightly, -1 much worse. steady: share of pairs \
             in which the order does not change who is better; first place: how much better whatever is shown first is found. Pairs with a verdict \
             that can't be read are counted as unread and nothing else."
        )],
    }
}
