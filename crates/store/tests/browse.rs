//! Single units, filtered lists in bounded steps, tallies and ratings.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::sync::Arc;

use common::{Scratch, answer_all, begin, generate, instance, perturbed, state};
use holometer_core::{MetricName, Outcome, Score, Value};
use holometer_store::{
    Copies, Direction, Ending, Filter, Found, Progress, Rating, Recorded, Retry, RunId, ScoreRange,
    Store, UnitId, UnitScores, UnixMillis, Walk,
};

/// Thirty questions, each with one perturbed copy behind it; the third of every three is wrong, and copies of the
/// first five differ in their score.
fn filled(store: &mut Store) -> RunId {
    let mut instances = Vec::new();
    for index in 0..30 {
        let original = instance(index, &format!("question {index}"));
        let copy = perturbed(&original, &format!("qestion {index}"));
        instances.extend([Arc::new(original), Arc::new(copy)]);
    }
    let requests: Vec<_> =
        instances.iter().map(|one| state(one, generate(&one.input.text))).collect();
    let run = begin(store, "r", &instances, &requests).run;
    answer_all(store, run);
    let scores = (0..60).map(|position| {
        let index = position / 2;
        let changed = position % 2 == 1 && index < 5;
        let value = f64::from(u8::from((index % 3 != 2) != changed));
        let scores = vec![Score::new("exact_match", Value::Number(value))];
        UnitScores { unit: UnitId { trial: 0, instance: position }, scores, components: vec![] }
    });
    store.write_scores(run, scores).unwrap();
    store.write_cells(run, &[], UnixMillis(9)).unwrap();
    run
}

fn walk(from: i64, wanted: usize) -> Walk<'static> {
    Walk { from, direction: Direction::Forward, wanted, enough: &|_| false }
}

fn positions(found: &Found) -> Vec<usize> {
    found.places.iter().map(|place| place.position).collect()
}

fn wrong() -> Filter {
    let range =
        ScoreRange { metric: MetricName("exact_match".into()), least: f64::MIN, most: 0.999 };
    Filter { copies: Copies::Originals, scores: vec![range], ..Filter::default() }
}

#[test]
fn lists_go_on_where_they_ended_in_both_directions() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let first = store.browse(run, &wrong(), None, walk(0, 4)).unwrap();
    assert_eq!((positions(&first), first.next), (vec![4, 10, 16, 22], Some(23)));
    let second = store.browse(run, &wrong(), None, walk(23, 100)).unwrap();
    assert_eq!((positions(&second), second.next), (vec![28, 34, 40, 46, 52, 58], None));
    let back = Walk { direction: Direction::Backward, ..walk(22, 2) };
    assert_eq!(positions(&store.browse(run, &wrong(), None, back).unwrap()), [22, 16]);
    let unknown = Filter {
        scores: vec![ScoreRange { metric: MetricName("none".into()), least: 0.0, most: 1.0 }],
        ..Filter::default()
    };
    assert_eq!(store.browse(run, &unknown, None, walk(0, 4)).unwrap(), Found::default());
}

#[test]
fn copies_endings_and_changes_are_found() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let metric = MetricName("exact_match".into());
    let changed = Filter { changed: Some(metric.clone()), ..Filter::default() };
    let found = store.browse(run, &changed, None, walk(0, 100)).unwrap();
    assert_eq!(positions(&found), [0, 2, 4, 6, 8]);
    let copies = Filter { copies: Copies::Of("made_up".into()), ..Filter::default() };
    assert_eq!(positions(&store.browse(run, &copies, None, walk(0, 2)).unwrap()), [1, 3]);
    let refused = Filter { ending: Some(Ending::Refused), ..Filter::default() };
    assert_eq!(store.browse(run, &refused, None, walk(0, 2)).unwrap().places, []);
    assert_eq!(store.copies(run, "id7").unwrap().len(), 2);
    assert_eq!(store.unit_metrics(run).unwrap(), std::slice::from_ref(&metric));
    let values = store.values(run, &[&metric, &metric], 8).unwrap();
    assert_eq!(values, [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]);
}

#[test]
fn texts_are_read_within_a_budget() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let seven = |unit: &holometer_store::StoredUnit| unit.instance.input.text.contains("on 27");
    let found = store.browse(run, &Filter::default(), Some(&seven), walk(0, 25)).unwrap();
    assert_eq!((positions(&found), found.next), (vec![54, 55], None));
    let little = Walk { enough: &|looked| looked.texts == 10, ..walk(0, 25) };
    let found = store.browse(run, &Filter::default(), Some(&seven), little).unwrap();
    assert_eq!((positions(&found), found.next), (vec![], Some(10)));
}

#[test]
fn a_search_that_is_always_told_to_stop_still_comes_to_its_end() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let seven = |unit: &holometer_store::StoredUnit| unit.instance.input.text.contains("on 27");
    let (mut from, mut all, mut parts) = (0, Vec::new(), 0);
    loop {
        let impatient = Walk { enough: &|_| true, ..walk(from, 25) };
        let found = store.browse(run, &Filter::default(), Some(&seven), impatient).unwrap();
        all.extend(positions(&found));
        parts += 1;
        let Some(next) = found.next else { break };
        assert!(next > from, "a part gets on");
        from = next;
    }
    assert_eq!((all, parts), (vec![54, 55], 60));
}

#[test]
fn single_units_are_what_the_run_holds() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let all: Vec<_> = store.units(run).map(Result::unwrap).collect();
    assert_eq!(store.unit(run, all[33].id).unwrap().unwrap(), all[33]);
    assert_eq!(store.unit(run, UnitId { trial: 1, instance: 0 }).unwrap(), None);
    assert_eq!(store.instance(run, 60).unwrap(), None);
    assert_eq!(store.trials(run).unwrap(), 1);
}

#[test]
fn tallies_are_of_the_last_scoring() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let tally = store.tally(run).unwrap().unwrap();
    let expected = Progress { planned: 60, answered: 60, ..Progress::default() };
    assert_eq!((tally.progress, tally.seconds), (expected, 15.0));
    assert_eq!(store.count_tally(run).unwrap(), tally);
    let (_, more) = common::plain_run(&common::prompts(2));
    let (instances, _) = common::plain_run(&common::prompts(2));
    let other = begin(&mut store, "other", &instances, &more).run;
    let key = store.pending(other, 0, 1, Retry::Transient).unwrap()[0].key;
    let outcome = Outcome::Refused { reason: "no".into() };
    store.record(&[Recorded { key, outcome, seconds: None, retries: 0 }], UnixMillis(5)).unwrap();
    assert_eq!(store.tally(other).unwrap(), None, "it has not been scored");
    let counted = store.count_tally(other).unwrap().progress;
    assert_eq!((counted.refused, counted.not_run), (1, 1));
}

#[test]
fn ratings_are_kept_with_who_and_when() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let run = filled(&mut store);
    let unit = UnitId { trial: 0, instance: 3 };
    let rating = Rating { rater: "ada".into(), value: 4, note: "fine".into(), at: UnixMillis(7) };
    store.rate(run, unit, &rating).unwrap();
    assert_eq!(store.ratings(run, unit).unwrap(), std::slice::from_ref(&rating));
    assert!(store.rate(run, unit, &Rating { value: 6, ..rating.clone() }).is_err());
    assert!(store.rate(RunId(99), unit, &rating).is_err());
}
