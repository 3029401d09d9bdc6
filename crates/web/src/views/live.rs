//! Evaluations that are going on: the page, and the numbers that its script asks for.

use std::time::Duration;

use holometer_store::{Store, UnixMillis};
use serde_json::{Value, json};

use super::common::label;
use crate::paths;
use crate::site::{Frame, PageError, Request};
use crate::template::view;

/// Over how many milliseconds the present rate is taken.
const RECENT: i64 = 30_000;

/// Runs whose last answer is older than this are not shown as going on.
const FORGOTTEN: i64 = 24 * 3600 * 1000;

/// The page; without a script it shows nothing but how to reload.
pub(crate) fn page(request: &Request<'_>) -> Result<String, PageError> {
    let frame = Frame { title: "Live".to_owned(), current: "live", ..Frame::default() };
    request.render("live.html", &frame, view! {})
}

/// What is said while the runs' requests are counted for the first time.
pub(crate) fn counting(taken: Duration) -> Value {
    json!({ "counting": taken.as_secs(), "runs": [] })
}

/// How all unfinished runs are going, as JSON.
pub(crate) fn state(store: &Store, now: UnixMillis) -> Result<Value, PageError> {
    let mut runs = Vec::new();
    for suite in store.suites()? {
        for run in store.runs(&suite)? {
            if run.finished.is_some_and(|at| at.0 < now.0 - 60_000) {
                continue;
            }
            let pulse = store.pulse(run.id, UnixMillis(now.0 - RECENT))?;
            let latest = pulse.latest.unwrap_or(run.created);
            if now.0 - latest.0 > FORGOTTEN {
                continue;
            }
            let progress = pulse.tally.progress;
            let rate = pulse.recent as f64 * 1000.0 / RECENT as f64;
            let left = (rate > 0.0).then(|| progress.not_run as f64 / rate);
            let cost = crate::cards::price(&run.host).is_some();
            runs.push(json!({
                "run": run.id.0, "href": paths::run(run.id.0), "label": label(&run), "model": run.spec.model.name,
                "suite": run.suite, "planned": progress.planned, "answered": progress.answered, "refused": progress.refused,
                "failed": progress.failed, "not_run": progress.not_run, "rate": rate, "seconds_left": left,
                "seconds": pulse.tally.seconds, "failures": pulse.failures, "latest": latest.0, "finished": run.finished.map(|at| at.0),
                "priced": cost,
            }));
        }
    }
    Ok(json!({ "now": now.0, "runs": runs }))
}
