//! Finding runs again, the response cache, scores and cells.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::collections::BTreeMap;

use common::{Scratch, answer_all, answered, begin, failed, plain_run, prompts};
use holometer_core::{
    Cell, CellStatus, Estimate, FailureKind, Interval, MetricName, Outcome, Response, Score, Slice,
    Split, Value,
};
use holometer_store::{
    Beginning, Progress, Recorded, Retry, RunId, RunInputs, Store, StoreError, UnitId, UnitScores,
    UnixMillis,
};

fn record(store: &mut Store, run: RunId, position: usize, outcome: Outcome) {
    let key = store.pending(run, position, 1, Retry::Failures).unwrap()[0].key;
    let recorded = Recorded { key, outcome, seconds: Some(1.5), retries: 2 };
    store.record(&[recorded], UnixMillis(77)).unwrap();
}

fn positions(store: &Store, run: RunId, retry: Retry) -> Vec<usize> {
    let pending = store.pending(run, 0, 1000, retry).unwrap();
    pending.iter().map(|pending| pending.position).collect()
}

#[test]
fn the_same_inputs_give_the_same_run_and_others_a_revision() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(3));
    let first = begin(&mut store, "r", &instances, &requests);
    assert_eq!(first.beginning, Beginning::New);
    answer_all(&mut store, first.run);
    let again = begin(&mut store, "r", &instances, &requests);
    assert_eq!((again.run, again.beginning), (first.run, Beginning::Found));

    let (more_instances, more) = plain_run(&prompts(4));
    let second = begin(&mut store, "r", &more_instances, &more);
    assert_eq!(second.beginning, Beginning::Revised { previous: first.run });
    assert_eq!(
        positions(&store, second.run, Retry::Transient),
        [3],
        "known answers are taken over"
    );
    let current: Vec<_> = store.runs("suite").unwrap().iter().map(|run| run.id).collect();
    assert_eq!(current, [second.run]);
    let all: Vec<_> = store
        .all_runs()
        .unwrap()
        .iter()
        .map(|run| (run.id, run.revision, run.superseded))
        .collect();
    assert_eq!(all, [(first.run, 1, true), (second.run, 2, false)]);

    let back = begin(&mut store, "r", &instances, &requests);
    assert_eq!(back.run, first.run, "going back finds the old run");
    assert!(!store.run(first.run).unwrap().superseded);
    assert!(store.run(second.run).unwrap().superseded);
    assert_eq!(store.suites().unwrap(), ["suite"]);
    assert_eq!(store.latest_suite().unwrap().as_deref(), Some("suite"));
}

#[test]
fn every_input_makes_a_difference() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(2));
    let data = BTreeMap::from([("file".to_owned(), "hash".to_owned())]);
    let other_data = BTreeMap::from([("file".to_owned(), "hush".to_owned())]);
    let mut other_requests = requests.clone();
    other_requests[1].num_conditioning_tokens = 1;
    let (mut fewer, mut spec) = (requests.clone(), common::spec("r"));
    fewer.pop();
    let base = RunInputs {
        fingerprint: "a",
        data_hashes: &data,
        instances: &instances,
        requests: &requests,
    };
    let variants = [
        base,
        RunInputs { fingerprint: "b", ..base },
        RunInputs { data_hashes: &other_data, ..base },
        RunInputs { requests: &other_requests, ..base },
        RunInputs { requests: &fewer, ..base },
        RunInputs { instances: &instances[..1], requests: &fewer, ..base },
    ];
    let mut runs = Vec::new();
    for inputs in variants {
        runs.push(store.begin_run("suite", &spec, &inputs, &common::context()).unwrap().run);
    }
    spec.groups.push("another".into());
    runs.push(store.begin_run("suite", &spec, &base, &common::context()).unwrap().run);
    runs.push(store.begin_run("other suite", &spec, &base, &common::context()).unwrap().run);
    let mut distinct = runs.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct, runs, "each variant is a run of its own");
}

#[test]
fn failures_that_may_pass_are_asked_again_and_answers_are_kept() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(6));
    let run = begin(&mut store, "r", &instances, &requests).run;
    record(&mut store, run, 0, answered("a"));
    record(&mut store, run, 1, Outcome::Refused { reason: "no".into() });
    record(&mut store, run, 2, failed(FailureKind::Rejected));
    record(&mut store, run, 3, failed(FailureKind::Timeout));
    record(&mut store, run, 4, failed(FailureKind::Unauthorized));
    assert_eq!(positions(&store, run, Retry::Transient), [3, 4, 5]);
    assert_eq!(positions(&store, run, Retry::Failures), [2, 3, 4, 5]);
    let progress = Progress { planned: 6, answered: 1, refused: 1, failed: 3, not_run: 1 };
    assert_eq!(store.progress(run).unwrap(), progress);
    record(&mut store, run, 3, answered("late"));
    assert_eq!(positions(&store, run, Retry::Transient), [4, 5]);

    let first = store.answers(run).next().unwrap().unwrap();
    let reply = first.reply.unwrap();
    assert_eq!((reply.seconds, reply.retries, reply.at), (Some(1.5), 2, UnixMillis(77)));
    // An answer stands, whatever comes later.
    let (again, _) = plain_run(&prompts(1));
    let other = begin(&mut store, "q", &again, &requests[..1]).run;
    assert!(positions(&store, other, Retry::Failures).is_empty(), "answered by the other run");
    assert_eq!(store.answers(other).next().unwrap().unwrap().reply.unwrap().outcome, answered("a"));
}

#[test]
fn an_answer_is_never_replaced() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(1));
    let run = begin(&mut store, "r", &instances, &requests).run;
    let key = store.pending(run, 0, 1, Retry::Transient).unwrap()[0].key;
    for outcome in
        [failed(FailureKind::Server), answered("one"), answered("two"), failed(FailureKind::Server)]
    {
        let recorded = Recorded { key, outcome, seconds: None, retries: 0 };
        store.record(&[recorded], UnixMillis(1)).unwrap();
    }
    let reply = store.reply(key).unwrap().unwrap();
    assert_eq!((reply.outcome, reply.seconds), (answered("one"), None));
    store.check().unwrap();
}

#[test]
fn infinite_log_probabilities_are_left_out() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(1));
    let run = begin(&mut store, "r", &instances, &requests).run;
    let Outcome::Answered(mut response) = answered("x") else { unreachable!() };
    response.completions[0].tokens[0].logprob = Some(f64::NEG_INFINITY);
    response.completions[0].tokens[0].top[0].logprob = f64::NAN;
    record(&mut store, run, 0, Outcome::Answered(response.clone()));
    response.completions[0].tokens[0].logprob = None;
    response.completions[0].tokens[0].top.clear();
    let reply = store.answers(run).next().unwrap().unwrap().reply.unwrap();
    assert_eq!(reply.outcome, Outcome::Answered(response));
}

#[test]
fn an_answer_without_anything_in_it_comes_back() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(1));
    let run = begin(&mut store, "r", &instances, &requests).run;
    record(&mut store, run, 0, Outcome::Answered(Response::default()));
    let reply = store.answers(run).next().unwrap().unwrap().reply.unwrap();
    assert_eq!(reply.outcome, Outcome::Answered(Response::default()));
}

fn unit(trial: usize, instance: usize, scores: Vec<Score>) -> UnitScores {
    let components =
        vec![("f1".into(), Ok(vec![1.0, 0.1])), ("ratio".into(), Err("no group".into()))];
    UnitScores { unit: UnitId { trial, instance }, scores, components }
}

#[test]
fn scores_come_back_in_order_and_are_replaced_as_a_whole() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(2));
    let run = begin(&mut store, "r", &instances, &requests).run;
    let score = |name: &str, value| Score::new(name, value);
    let units = vec![
        unit(0, 1, vec![score("b", Value::Number(0.1 + 0.2)), score("a", Value::Number(-0.0))]),
        unit(0, 0, vec![score("a", Value::Unscored("refused".into()))]),
        unit(1, 0, vec![]),
    ];
    store.write_scores(run, units.clone()).unwrap();
    let found: Vec<UnitScores> = store.scores(run).collect::<Result<_, _>>().unwrap();
    let mut sorted = vec![units[1].clone(), units[0].clone(), units[2].clone()];
    sorted[1].scores.reverse();
    assert_eq!(found, sorted);

    store.write_scores(run, vec![unit(0, 0, vec![score("c", Value::Number(f64::NAN))])]).unwrap();
    let found: Vec<UnitScores> = store.scores(run).collect::<Result<_, _>>().unwrap();
    assert_eq!(found.len(), 1);
    let reason = Value::Unscored("the computation gave `NaN`".into());
    assert_eq!(found[0].scores, [score("c", reason)]);

    let two = vec![score("c", Value::Number(1.0)), score("c", Value::Number(0.0))];
    let error = store.write_scores(run, vec![unit(0, 0, two)]).unwrap_err();
    assert!(matches!(error, StoreError::TwoValues { .. }), "{error}");
    assert_eq!(store.scores(run).count(), 1, "the earlier scores are still there");
    let error = store.write_scores(RunId(99), vec![]).unwrap_err();
    assert!(matches!(error, StoreError::UnknownRun { run: 99, .. }), "{error}");
}

#[test]
fn cells_come_back_and_finish_the_run() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(2));
    let run = begin(&mut store, "r", &instances, &requests).run;
    assert_eq!(store.run(run).unwrap().finished, None);
    let slice = Slice {
        split: Some(Split::Test),
        sub_split: None,
        perturbation: Some("dialect".into()),
        computed_on: Some("worst".into()),
    };
    let interval = Interval { low: 0.1, high: 1.0 / 3.0, level: 0.95, method: "wilson".into() };
    let cells = vec![
        Cell {
            metric: MetricName::new("exact_match"),
            slice: slice.clone(),
            status: CellStatus::Ok,
            estimate: Some(Estimate {
                value: 0.2,
                n: 2,
                clusters: 2,
                unscored: 0,
                interval: Some(interval),
            }),
            unscored_reasons: vec![("refused".into(), 3)],
            scorer: Some("toxicity@0123".into()),
        },
        Cell {
            metric: MetricName::new("toxicity"),
            slice,
            status: CellStatus::ScorerUnavailable { fix: "get one".into() },
            estimate: None,
            unscored_reasons: vec![],
            scorer: None,
        },
    ];
    store.write_cells(run, &cells, UnixMillis(9)).unwrap();
    assert_eq!(store.cells(run).unwrap(), cells);
    assert_eq!(store.run(run).unwrap().finished, Some(UnixMillis(9)));
}
