//! What several pages show: numbers with intervals, reasons, times, names of runs.

use std::collections::BTreeMap;

use holometer_core::{Cell, CellStatus, MetricName, Split};
use holometer_store::{RunInfo, UnixMillis};
use minijinja::value::Value;

use crate::cards::Cards;
use crate::paths;
use crate::site::{PageError, Request};
use crate::template::view;
use crate::text::shown_number as number;

/// A run's name without its model: the scenario with its arguments.
pub(crate) fn label(run: &RunInfo) -> String {
    let name = run.spec.name.as_str();
    let model = format!("model={}", run.spec.model.name.as_str().replace('/', "_"));
    let without = name.replace(&format!(",{model}"), "").replace(&model, "");
    without.trim_end_matches(':').replace(":,", ":")
}

/// Changes whenever one of these runs is scored, and when runs are added.
pub(crate) fn state_of(runs: &[RunInfo]) -> u64 {
    let states: Vec<String> =
        runs.iter().map(|run| format!("{}:{:?}", run.id.0, run.finished)).collect();
    paths::fnv(&states.join(","))
}

/// An interval as text: `0.42 to 0.58`.
pub(crate) fn interval(low: f64, high: f64) -> String {
    format!("{} to {}", number(low), number(high))
}

/// Why a cell has no number, in few words and in full; empty when it has one.
pub(crate) fn reason(status: &CellStatus) -> (&'static str, String) {
    match status {
        CellStatus::Ok => ("", String::new()),
        CellStatus::InsufficientSupport { n, needed } => {
            ("too few", format!("too few instances: {n} of {needed}"))
        }
        CellStatus::NotApplicable { reason } => ("n/a", format!("not applicable: {reason}")),
        CellStatus::NotRequested { enable_with } => {
            ("not asked", format!("not requested; {enable_with} enables it"))
        }
        CellStatus::ScorerUnavailable { fix } => {
            ("no scorer", format!("scorer unavailable: {fix}"))
        }
        CellStatus::Failed { error } => ("failed", format!("failed: {error}")),
    }
}

/// A cell for a template: value, interval, n, or the reason.
pub(crate) fn cell(cell: &Cell) -> Value {
    let (short, long) = reason(&cell.status);
    let estimate = cell.estimate.as_ref();
    let ends = estimate.and_then(|estimate| estimate.interval.as_ref());
    view! {
        value => estimate.map(|estimate| number(estimate.value)),
        exact => estimate.map(|estimate| estimate.value),
        interval => ends.map(|ends| interval(ends.low, ends.high)),
        method => ends.map(|ends| format!("{:.0}% interval, {}", ends.level * 100.0, ends.method)),
        n => estimate.map(|estimate| estimate.n),
        clusters => estimate.map(|estimate| estimate.clusters),
        unscored => estimate.map_or(0, |estimate| estimate.unscored),
        reasons => cell.unscored_reasons.iter().map(|(why, n)| format!("{n} unscored: {why}")).collect::<Vec<_>>(),
        short => short, reason => long,
    }
}

/// What a slice is, in words.
pub(crate) fn slice_words(slice: &holometer_core::Slice) -> String {
    let mut words = vec![slice.split.map_or("valid+test", Split::as_str).to_owned()];
    words.extend(slice.sub_split.clone());
    words.extend(slice.perturbation.as_ref().map(ToString::to_string));
    words.extend(slice.computed_on.clone());
    words.join(" \u{b7} ")
}

/// The run's main number: the first of its main metrics that has a cell over the original instances, on the split that
/// the scenario is read on.
pub(crate) fn main_cell(request: &Request<'_>, run: &RunInfo) -> Result<Option<Cell>, PageError> {
    for metric in request.site.cards.main_metrics(&run.spec) {
        let cells = request.store.cells_of(run.id, &metric)?;
        if let Some(cell) = on_main_split(request, run, cells, None) {
            return Ok(Some(cell));
        }
    }
    Ok(None)
}

/// Of one metric's cells that over the whole original set (`perturbed`: over the worst case of one pooled kind).
pub(crate) fn on_main_split(
    request: &Request<'_>,
    run: &RunInfo,
    cells: Vec<Cell>,
    perturbed: Option<&str>,
) -> Option<Cell> {
    let split = request
        .site
        .cards
        .scenario(run.spec.scenario.name.as_str())
        .and_then(|card| card.main_metric.split);
    let mut cells: Vec<Cell> = cells
        .into_iter()
        .filter(|cell| {
            let slice = &cell.slice;
            let of_kind = match perturbed {
                None => slice.perturbation.is_none(),
                Some(kind) => {
                    slice.perturbation.as_ref().is_some_and(|name| name.as_str() == kind)
                        && slice.computed_on.as_deref() == Some("worst")
                }
            };
            slice.sub_split.is_none() && of_kind
        })
        .collect();
    let rank = |cell: &Cell| match (cell.slice.split, split) {
        (found, Some(wanted)) if found == Some(wanted) => 0,
        (None, _) => 1,
        (Some(Split::Test), _) => 2,
        _ => 3,
    };
    cells.sort_by_key(rank);
    cells.into_iter().next()
}

/// The metric by which a run's units are called right or wrong: the first of its main metrics that units have a value in
/// [0, 1] of, more being better.
pub(crate) fn verdict_metric(
    cards: &Cards,
    run: &RunInfo,
    of_units: &[MetricName],
) -> Option<MetricName> {
    let judges = |metric: &MetricName| {
        of_units.contains(metric)
            && cards.metric(metric.as_str()).is_none_or(|card| {
                card.higher_is_better == Some(true) && card.range.0 >= 0.0 && card.range.1 <= 1.0
            })
    };
    cards.main_metrics(&run.spec).into_iter().find(judges)
}

/// Links of a run: its page, its model, its scenario.
pub(crate) fn run_links(run: &RunInfo) -> Value {
    view! {
        run => paths::run(run.id.0), instances => paths::instances(run.id.0),
        model => paths::card("models", run.spec.model.name.as_str()),
        scenario => paths::card("scenarios", run.spec.scenario.name.as_str()),
    }
}

/// A time in UTC for people: `2026-11-25 20:39:01`.
pub(crate) fn time(at: UnixMillis) -> String {
    let seconds = at.0.div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date of a number of days since 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A duration: `42.1 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 100.0 {
        let places = if seconds < 1.0 { 2 } else { 1 };
        return format!("{seconds:.places$} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3600, whole / 60 % 60)
    }
}

/// How good values are within their column, from 0 (worst) to 6 (best): classes for colouring. `None`: neither direction
/// is good, or there is nothing to compare with.
pub(crate) fn grades(
    values: &[Option<f64>],
    higher: Option<bool>,
    range: Option<(f64, f64)>,
) -> Vec<Option<u8>> {
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    let least = present.iter().copied().fold(f64::INFINITY, f64::min);
    let most = present.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = match range {
        Some((low, high)) if low.is_finite() && high.is_finite() => (low, high),
        _ => (least, most),
    };
    let grade = |value: f64| {
        let higher = higher?;
        if high <= low {
            return None;
        }
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        let good = if higher { share } else { 1.0 - share };
        Some((good * 6.0).round() as u8)
    };
    values.iter().map(|value| value.and_then(grade)).collect()
}

/// Counts of a text's occurrences, the most frequent first.
pub(crate) fn tally<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_read_well() {
        assert_eq!(time(UnixMillis(0)), "1970-01-01 00:00:00 UTC");
        assert_eq!(time(UnixMillis(951_827_696_000)), "2000-02-29 12:34:56 UTC");
        assert_eq!(time(UnixMillis(1_795_639_101_504)), "2026-11-25 20:38:21 UTC");
        assert_eq!(duration(3.26), "3.3 s");
        assert_eq!(duration(0.046), "0.05 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 5 min");
    }

    #[test]
    fn grades_follow_the_direction() {
        let values = [Some(0.0), Some(0.5), Some(1.0), None];
        assert_eq!(grades(&values, Some(true), None), [Some(0), Some(3), Some(6), None]);
        assert_eq!(grades(&values, Some(false), None), [Some(6), Some(3), Some(0), None]);
        assert_eq!(grades(&values, None, None), [None, None, None, None]);
        assert_eq!(grades(&[Some(2.0)], Some(true), None), [None]);
    }
}
