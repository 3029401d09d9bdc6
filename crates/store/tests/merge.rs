//! Joining the files of several workers.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::collections::BTreeMap;

use common::{Scratch, answer_all, answered, begin, context, failed, plain_run, prompts, spec};
use holometer_core::{Cell, CellStatus, FailureKind, MetricName, Outcome, Score, Slice, Value};
use holometer_store::{
    Absorbed, Rating, Recorded, Retry, RunContext, RunId, RunInputs, Store, UnitId, UnitScores,
    UnixMillis,
};

/// Takes every run over.
fn merge(into: &mut Store, from: &Store) -> Vec<Absorbed> {
    from.all_runs().unwrap().iter().map(|run| into.absorb_run(from, run).unwrap()).collect()
}

fn score(store: &mut Store, run: RunId) {
    let units: Vec<UnitScores> = store
        .units(run)
        .map(|unit| {
            let unit = unit.unwrap();
            let value = match &unit.answers[0].reply {
                Some(reply) if matches!(reply.outcome, Outcome::Answered(_)) => Value::Number(1.0),
                _ => Value::Unscored("no answer".into()),
            };
            UnitScores {
                unit: unit.id,
                scores: vec![Score::new("made_metric", value)],
                components: vec![("made_total".into(), Ok(vec![1.0, 2.0]))],
            }
        })
        .collect();
    store.write_scores(run, units).unwrap();
    let cell = Cell {
        metric: MetricName::new("made_metric"),
        slice: Slice { split: None, sub_split: None, perturbation: None, computed_on: None },
        status: CellStatus::NotApplicable { reason: "made".into() },
        estimate: None,
        unscored_reasons: Vec::new(),
        scorer: None,
    };
    store.write_cells(run, &[cell], UnixMillis(900)).unwrap();
}

/// A run's name with all that its file says about it.
fn contents(store: &Store) -> BTreeMap<String, String> {
    let read = |run: &holometer_store::RunInfo| {
        let answers: Vec<_> = store.answers(run.id).map(Result::unwrap).collect();
        let scores: Vec<_> = store.scores(run.id).map(Result::unwrap).collect();
        let (cells, tally) = (store.cells(run.id).unwrap(), store.tally(run.id).unwrap());
        let of_run = (&run.host, run.created, run.finished, run.revision, run.superseded);
        format!("{of_run:?} {answers:?} {scores:?} {cells:?} {tally:?}")
    };
    let runs = store.all_runs().unwrap();
    runs.iter().map(|run| (format!("{}/{}", run.spec.name, run.revision), read(run))).collect()
}

#[test]
fn files_of_workers_hold_the_same_together_as_one_file() {
    let (whole, one, other) = (Scratch::new(), Scratch::new(), Scratch::new());
    let (mut whole, mut one, mut other) = (whole.open(), one.open(), other.open());
    for (number, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let (instances, requests) = plain_run(&prompts(20 + number));
        let worker = if number < 2 { &mut one } else { &mut other };
        for store in [&mut whole, worker] {
            let run = begin(store, name, &instances, &requests).run;
            answer_all(store, run);
            score(store, run);
        }
    }
    let joined = Scratch::new();
    let mut joined = joined.open();
    let first = merge(&mut joined, &one);
    assert!(first.iter().all(|run| run.is_new && run.is_current && !run.has_rival), "{first:?}");
    assert_eq!(first.iter().map(|run| run.outcomes).collect::<Vec<_>>(), [20, 1]);
    merge(&mut joined, &other);
    assert_eq!(contents(&joined), contents(&whole));
    joined.check().unwrap();

    let again = merge(&mut joined, &other);
    assert!(again.iter().all(|run| !run.is_new && run.outcomes == 0), "{again:?}");
    assert_eq!(contents(&joined), contents(&whole), "doing it again changes nothing");
}

/// Answers the requests at some positions.
fn answer_some(store: &mut Store, run: RunId, wanted: impl Fn(usize) -> bool, outcome: &Outcome) {
    let pending = store.pending(run, 0, 1000, Retry::Failures).unwrap();
    let recorded: Vec<Recorded> = pending
        .iter()
        .filter(|pending| wanted(pending.position))
        .map(|pending| Recorded {
            key: pending.key,
            outcome: outcome.clone(),
            seconds: None,
            retries: 0,
        })
        .collect();
    store.record(&recorded, UnixMillis(6)).unwrap();
}

#[test]
fn two_halves_of_a_run_make_one_that_wants_to_be_scored_again() {
    let (left, right) = (Scratch::new(), Scratch::new());
    let (mut left, mut right) = (left.open(), right.open());
    let (instances, requests) = plain_run(&prompts(10));
    let run = begin(&mut left, "r", &instances, &requests).run;
    answer_some(&mut left, run, |position| position < 6, &answered("left"));
    score(&mut left, run);
    let there = begin(&mut right, "r", &instances, &requests).run;
    answer_some(&mut right, there, |position| position >= 4, &answered("right"));
    score(&mut right, there);
    assert!(!left.is_stale(run).unwrap());

    let absorbed = merge(&mut left, &right);
    assert_eq!((absorbed[0].run, absorbed[0].outcomes, absorbed[0].is_new), (run, 4, false));
    let progress = left.progress(run).unwrap();
    assert_eq!((progress.answered, progress.not_run), (10, 0));
    assert!(left.is_stale(run).unwrap());
    let texts: Vec<String> = left
        .answers(run)
        .map(|answer| match answer.unwrap().reply.unwrap().outcome {
            Outcome::Answered(response) => response.completions[0].text.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["left"; 6].into_iter().chain(["right"; 4]).collect::<Vec<_>>());
    score(&mut left, run);
    assert!(!left.is_stale(run).unwrap());
}

#[test]
fn scores_of_other_answers_are_not_taken_over() {
    let (here, there) = (Scratch::new(), Scratch::new());
    let (mut here, mut there) = (here.open(), there.open());
    let (instances, requests) = plain_run(&prompts(4));
    let run = begin(&mut here, "r", &instances, &requests).run;
    answer_some(&mut here, run, |position| position == 0, &answered("mine"));
    let other = begin(&mut there, "r", &instances, &requests).run;
    answer_some(&mut there, other, |_| true, &answered("theirs"));
    score(&mut there, other);
    merge(&mut here, &there);
    assert_eq!(here.progress(run).unwrap().answered, 4);
    assert_eq!(here.scores(run).count(), 0);
    assert_eq!(here.run(run).unwrap().finished, None);
}

#[test]
fn an_answer_takes_the_place_of_a_failure_and_never_the_other_way() {
    for (mine, theirs) in [
        (failed(FailureKind::Unreachable), answered("good")),
        (answered("good"), failed(FailureKind::Unreachable)),
    ] {
        let (here, there) = (Scratch::new(), Scratch::new());
        let (mut here, mut there) = (here.open(), there.open());
        let (instances, requests) = plain_run(&prompts(1));
        let run = begin(&mut here, "r", &instances, &requests).run;
        answer_some(&mut here, run, |_| true, &mine);
        let other = begin(&mut there, "r", &instances, &requests).run;
        answer_some(&mut there, other, |_| true, &theirs);
        merge(&mut here, &there);
        assert_eq!(here.progress(run).unwrap().answered, 1);
    }
}

#[test]
fn of_two_runs_with_one_name_the_later_is_current_whichever_file_comes_first() {
    let files = [Scratch::new(), Scratch::new()];
    for (number, scratch) in files.iter().enumerate() {
        let mut store = scratch.open();
        let (instances, requests) = plain_run(&prompts(3 + number));
        let context = RunContext { at: UnixMillis(1000 + number as i64), ..context() };
        let data = BTreeMap::new();
        let inputs = RunInputs {
            fingerprint: "model 1",
            data_hashes: &data,
            instances: &instances,
            requests: &requests,
        };
        let run = store.begin_run("suite", &spec("r"), &inputs, &context).unwrap().run;
        answer_all(&mut store, run);
    }
    for order in [[0, 1], [1, 0]] {
        let joined = Scratch::new();
        let mut joined = joined.open();
        let absorbed = order.map(|number| merge(&mut joined, &files[number].open())[0]);
        assert!(absorbed[1].has_rival, "{absorbed:?}");
        assert_eq!(absorbed[1].is_current, order[1] == 1);
        let current = joined.runs("suite").unwrap();
        assert_eq!(current.iter().map(|run| run.requests).collect::<Vec<_>>(), [4]);
        assert_eq!(joined.all_runs().unwrap().len(), 2);
        joined.check().unwrap();
    }
}

#[test]
fn ratings_come_along_once() {
    let (here, there) = (Scratch::new(), Scratch::new());
    let (mut here, mut there) = (here.open(), there.open());
    let (instances, requests) = plain_run(&prompts(2));
    let run = begin(&mut there, "r", &instances, &requests).run;
    let unit = UnitId { trial: 0, instance: 1 };
    let rating = Rating { rater: "ann".into(), value: 4, note: String::new(), at: UnixMillis(3) };
    there.rate(run, unit, &rating).unwrap();
    assert_eq!(merge(&mut here, &there)[0].ratings, 1);
    assert_eq!(merge(&mut here, &there)[0].ratings, 0);
    let run = here.runs("suite").unwrap()[0].id;
    assert_eq!(here.ratings(run, unit).unwrap(), [rating]);
}
