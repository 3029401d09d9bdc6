//! What an execution does with models that answer, fail, panic, forget and are stopped.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use common::{Pretender, answer, answered, begin, finished, job, numbered, outcomes, requests};
use holometer_core::{Cancel, FailureKind, Outcome};
use holometer_run::{
    Event, Job, Options, OutcomeKind, Place, Report, RunError, WarningTally, execute,
};
use holometer_store::{Progress, Store};

struct Bench {
    store: Store,
    events: RefCell<Vec<Event>>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("results.db")).unwrap();
        Self { store, events: RefCell::default(), _folder: folder }
    }

    fn execute(&mut self, jobs: &[Job]) -> Report {
        self.execute_until(jobs, &Options::default(), &Cancel::new()).unwrap()
    }

    fn execute_until(
        &mut self,
        jobs: &[Job],
        options: &Options,
        cancel: &Cancel,
    ) -> Result<Report, RunError> {
        self.events.borrow_mut().clear();
        let report = execute(&mut self.store, jobs, options, cancel, &|event| {
            self.events.borrow_mut().push(event);
        })?;
        let Progress { planned, answered, refused, failed, not_run } = report.total;
        assert_eq!(planned, answered + refused + failed + not_run, "the counts do not add up");
        Ok(report)
    }

    fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.borrow().iter().filter(|event| wanted(event)).count()
    }

    fn warnings(&self) -> WarningTally {
        let mut tally = WarningTally::default();
        for event in &*self.events.borrow() {
            if let Event::Warning { code, text } = event {
                tally.add(code, text);
            }
        }
        tally
    }

    /// How many warnings of a kind there were.
    fn warned(&self, code: &str) -> usize {
        let tally = self.warnings();
        tally.kinds().iter().find(|kind| kind.code == code).map_or(0, |kind| kind.count)
    }
}

fn is_finished(event: &Event) -> bool {
    matches!(event, Event::RequestFinished { .. })
}

#[test]
fn everything_is_asked_once_and_never_again() {
    let mut bench = Bench::new();
    let model = Pretender::honest("m");
    let states = numbered(5000);
    let run = begin(&mut bench.store, "r", "m", &states);
    let report = bench.execute(&[job(run, &model)]);
    assert_eq!((report.asked, report.total.answered, model.asked()), (5000, 5000, 5000));
    assert!(!report.interrupted);
    let expected: Vec<_> = states.iter().map(|state| Some(answer(&state.request))).collect();
    assert_eq!(outcomes(&bench.store, run), expected);

    let first = bench.events.borrow()[..2].to_vec();
    assert_eq!(
        first,
        [Event::Planned { run, requests: 5000 }, Event::Resumed { run, cached: 0, pending: 5000 }]
    );
    assert_eq!(bench.count(is_finished), 5000);
    assert_eq!(bench.count(|event| matches!(event, Event::RunFinished { .. })), 1);
    assert_eq!(bench.count(|event| matches!(event, Event::ModelFinished { .. })), 1);
    let flushed: usize = bench
        .events
        .borrow()
        .iter()
        .map(|event| if let Event::Flushed { outcomes } = event { *outcomes } else { 0 })
        .sum();
    assert_eq!(flushed, 5000);

    let report = bench.execute(&[job(run, &model)]);
    assert_eq!((report.asked, report.total.answered, model.asked()), (0, 5000, 5000));
    let progress = report.runs[0].progress;
    assert_eq!(
        *bench.events.borrow(),
        [
            Event::Planned { run, requests: 5000 },
            Event::Resumed { run, cached: 5000, pending: 0 },
            Event::RunFinished { run, progress }
        ]
    );
}

#[test]
fn equal_requests_are_asked_once_whatever_run_they_are_in() {
    let mut bench = Bench::new();
    let model = Pretender::honest("m");
    let repeated = requests((0..300).map(|index| format!("prompt {}", index % 100)));
    let one = begin(&mut bench.store, "one", "m", &repeated);
    let two = begin(&mut bench.store, "two", "m", &numbered(150));
    let report = bench.execute(&[job(one, &model), job(two, &model)]);
    assert_eq!((report.asked, model.asked()), (150, 150));
    assert_eq!(report.total, Progress { planned: 450, answered: 450, ..Progress::default() });
    assert_eq!(bench.count(is_finished), 450, "each request of each run is reported");
    let of_two = |event: &Event| matches!(event, Event::RequestFinished { run, .. } if *run == two);
    assert_eq!(bench.count(of_two), 150);
    let tokens: usize = bench
        .events
        .borrow()
        .iter()
        .map(|event| match event {
            Event::RequestFinished { prompt_tokens, completion_tokens, .. } => {
                prompt_tokens + completion_tokens
            }
            _ => 0,
        })
        .sum();
    assert_eq!(tokens, 150 * 9, "repetitions cost no tokens");

    let three = begin(&mut bench.store, "three", "m", &numbered(200));
    let report = bench.execute(&[job(three, &model)]);
    assert_eq!((report.asked, report.total.answered), (50, 200), "the rest was known");
    let other = Pretender::honest("other");
    let four = begin(&mut bench.store, "three", "other", &numbered(200));
    let report = bench.execute(&[job(four, &other)]);
    assert_eq!(report.asked, 200, "another model's answers do not count");
}

#[test]
fn failures_that_may_pass_are_asked_again_by_the_next_execution_only() {
    let mut bench = Bench::new();
    let broken = Pretender::choosing("m", |prompt| match prompt {
        "prompt 1" => Outcome::failed(FailureKind::RateLimited, "slow down"),
        "prompt 2" => Outcome::failed(FailureKind::TooLong, "too long"),
        "prompt 3" => Outcome::Refused { reason: "rude".into() },
        other => answered(other),
    });
    let run = begin(&mut bench.store, "r", "m", &numbered(5));
    let again = begin(&mut bench.store, "again", "m", &numbered(2));
    let report = bench.execute(&[job(run, &broken), job(again, &broken)]);
    assert_eq!(broken.asked(), 5, "a failure is not asked again within an execution");
    let expected = Progress { planned: 7, answered: 3, refused: 1, failed: 3, not_run: 0 };
    assert_eq!(report.total, expected);
    assert_eq!(bench.warned("request_failed_rate_limited"), 1);
    assert_eq!(bench.warned("request_failed_too_long"), 1);
    let failed =
        |event: &Event| matches!(event, Event::RequestFinished { kind: OutcomeKind::Failed, .. });
    assert_eq!(bench.count(failed), 3);

    let mended = Pretender::honest("m");
    let report = bench.execute(&[job(run, &mended), job(again, &mended)]);
    assert_eq!(mended.asked(), 1);
    let expected = Progress { planned: 7, answered: 5, refused: 1, failed: 1, not_run: 0 };
    assert_eq!(report.total, expected);

    let all = Options { retry: holometer_store::Retry::Failures, ..Options::default() };
    let report = bench.execute_until(&[job(run, &mended)], &all, &Cancel::new()).unwrap();
    assert_eq!((mended.asked(), report.total.failed), (2, 0));
}

#[test]
fn a_cancelled_execution_keeps_what_it_has_and_goes_on_later() {
    let mut bench = Bench::new();
    let cancel = Cancel::new();
    let wish = cancel.clone();
    let stopped = Pretender::new(
        "m",
        Box::new(move |model, requests, cancel, sink| {
            for (key, request) in requests {
                if cancel.is_cancelled() {
                    // Some models hand the rest over as cancelled instead of keeping quiet.
                    sink(finished(*key, Outcome::failed(FailureKind::Cancelled, "stopped")));
                    continue;
                }
                sink(finished(*key, answer(request)));
                if key.0 == 700 {
                    wish.cancel();
                    while !cancel.is_cancelled() {
                        std::thread::yield_now();
                    }
                }
            }
            assert_eq!(model.most.load(Ordering::SeqCst), 500);
        }),
    );
    let run = begin(&mut bench.store, "r", "m", &numbered(3000));
    let options = Options { slice_requests: 500, ..Options::default() };
    let report = bench.execute_until(&[job(run, &stopped)], &options, &cancel).unwrap();
    assert!(report.interrupted);
    let expected = Progress { planned: 3000, answered: 701, not_run: 2299, ..Progress::default() };
    assert_eq!(report.total, expected);
    assert_eq!(bench.count(|event| matches!(event, Event::RunFinished { .. })), 0);

    let model = Pretender::honest("m");
    let report = bench.execute(&[job(run, &model)]);
    assert_eq!((model.asked(), report.total.answered, report.interrupted), (2299, 3000, false));
    let expected: Vec<_> =
        numbered(3000).iter().map(|state| Some(answer(&state.request))).collect();
    assert_eq!(outcomes(&bench.store, run), expected);
}

#[test]
fn a_wish_to_stop_from_before_the_start_asks_nothing() {
    let mut bench = Bench::new();
    let model = Pretender::honest("m");
    let run = begin(&mut bench.store, "r", "m", &numbered(10));
    let cancel = Cancel::new();
    cancel.cancel();
    let report = bench.execute_until(&[job(run, &model)], &Options::default(), &cancel).unwrap();
    assert_eq!((model.asked(), report.total.not_run, report.interrupted), (0, 10, true));
}

#[test]
fn a_panic_costs_one_request() {
    let mut bench = Bench::new();
    let fragile = Pretender::choosing("m", |prompt| {
        assert!(prompt != "prompt 77", "can't stand {prompt}");
        answered(prompt)
    });
    let run = begin(&mut bench.store, "r", "m", &numbered(400));
    let report = bench.execute(&[job(run, &fragile)]);
    assert_eq!((report.total.answered, report.total.failed), (399, 1));
    assert!(report.broken.is_empty());
    assert!(bench.warned("model_panicked") > 0);
    let Some(Outcome::Failed { kind, message }) = outcomes(&bench.store, run).swap_remove(77)
    else {
        panic!("the request did not fail");
    };
    assert_eq!(kind, FailureKind::Resources);
    assert_eq!(message, "the model broke down: can't stand prompt 77");
}

#[test]
fn a_model_that_always_panics_is_given_up_and_others_go_on() {
    let mut bench = Bench::new();
    let hopeless = Pretender::new("bad", Box::new(|_, _, _, _| panic!("no")));
    let good = Pretender::honest("good");
    let bad_run = begin(&mut bench.store, "r", "bad", &numbered(10_000));
    let good_run = begin(&mut bench.store, "r", "good", &numbered(10));
    let report = bench.execute(&[job(bad_run, &hopeless), job(good_run, &good)]);
    assert_eq!(report.runs[1].progress.answered, 10);
    let bad = report.runs[0].progress;
    assert_eq!((bad.answered, bad.failed + bad.not_run), (0, 10_000));
    assert_eq!(report.broken.len(), 1);
    assert_eq!(report.broken[0].model.as_str(), "bad");
    assert!(report.broken[0].reason.ends_with("the last time with `no`"), "{:?}", report.broken);
    assert_eq!(bench.warned("model_given_up"), 1);
    let report = bench.execute(&[job(bad_run, &Pretender::honest("bad"))]);
    assert_eq!(report.total.answered, 10_000);
}

#[test]
fn forgotten_repeated_and_invented_answers_are_dealt_with() {
    let mut bench = Bench::new();
    let careless = Pretender::new(
        "m",
        Box::new(|_, requests, _, sink| {
            for (key, request) in requests {
                match key.0 {
                    3 => {}
                    5 => {
                        sink(finished(*key, answer(request)));
                        sink(finished(*key, answered("second thoughts")));
                    }
                    _ => sink(finished(*key, answer(request))),
                }
            }
            sink(finished(holometer_core::RequestKey(1_000_000), answered("nobody asked")));
        }),
    );
    let states = numbered(10);
    let run = begin(&mut bench.store, "r", "m", &states);
    let report = bench.execute(&[job(run, &careless)]);
    assert_eq!((report.total.answered, report.total.failed, report.asked), (9, 1, 10));
    let found = outcomes(&bench.store, run);
    let silence = Outcome::failed(FailureKind::Malformed, "the model gave no answer");
    assert_eq!(found[3], Some(silence));
    assert_eq!(found[5], Some(answer(&states[5].request)));
    assert_eq!(bench.warned("unexpected_answer"), 2);
}

#[test]
fn local_models_take_turns_and_remote_ones_work_side_by_side() {
    let mut bench = Bench::new();
    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let barrier = Arc::new(Barrier::new(3));
    let mut jobs = Vec::new();
    for index in 0..6 {
        let name = format!("m{index}");
        let run = begin(&mut bench.store, "r", &name, &numbered(20));
        let local = index % 2 == 0;
        let (busy, most, barrier) = (Arc::clone(&busy), Arc::clone(&most), Arc::clone(&barrier));
        let model = Pretender::new(
            &name,
            Box::new(move |_, requests, _, sink| {
                if local {
                    most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                } else {
                    // Only models that are asked at the same time get past this.
                    barrier.wait();
                }
                for (key, request) in requests {
                    sink(finished(*key, answer(request)));
                }
                if local {
                    busy.fetch_sub(1, Ordering::SeqCst);
                }
            }),
        );
        let place = if local { Place::Local } else { Place::Remote };
        jobs.push(Job { place, ..job(run, &model) });
    }
    let report = bench.execute(&jobs);
    assert_eq!(report.total.answered, 120);
    assert_eq!(most.load(Ordering::SeqCst), 1, "two local models worked at the same time");
}

#[test]
fn a_run_of_another_model_is_refused() {
    let mut bench = Bench::new();
    let run = begin(&mut bench.store, "r", "m", &numbered(1));
    let other = Pretender::honest("other");
    let error =
        bench.execute_until(&[job(run, &other)], &Options::default(), &Cancel::new()).unwrap_err();
    assert!(matches!(error, RunError::WrongModel { .. }), "{error}");
    assert_eq!(other.asked(), 0);
}

#[test]
fn nothing_to_do_is_done_at_once() {
    let report = Bench::new().execute(&[]);
    assert_eq!(report, Report::default());
}

#[test]
fn warnings_are_counted_by_kind() {
    let mut tally = WarningTally::default();
    assert_eq!(tally.add("a", "first"), 1);
    assert_eq!(tally.add("b", "other"), 1);
    assert_eq!(tally.add("a", "second"), 2);
    let kinds: Vec<_> =
        tally.kinds().iter().map(|kind| (kind.code, kind.text.as_str(), kind.count)).collect();
    assert_eq!(kinds, [("a", "first", 2), ("b", "other", 1)]);
}
