//! Comparisons of two sides, and leaderboards, as tables.

use holometer_summary::compare::{Adjustment, Better, Comparison, ScenarioComparison};
use holometer_summary::leaderboard::Leaderboard;
use holometer_summary::{Finding, Verdict};

use crate::fairness::p_value;
use crate::format::number;
use crate::table::{Column, Table};

/// One row per scenario and one for all together.
pub fn comparison_table(comparison: &Comparison) -> Table {
    let mut rows: Vec<Vec<String>> = comparison.scenarios.iter().map(row).collect();
    if let Some(overall) = &comparison.overall {
        let mean = |side: fn(&ScenarioComparison) -> f64| {
            let sum: f64 = comparison.scenarios.iter().map(side).sum();
            number(sum / comparison.scenarios.len().max(1) as f64)
        };
        let same_way = comparison.scenarios.iter().all(|one| !one.lower_is_better);
        let mut cells = vec!["all scenarios".to_owned(), "mean".to_owned()];
        cells.extend(if same_way {
            [mean(|one| one.first), mean(|one| one.second)]
        } else {
            ["-", "-"].map(str::to_owned)
        });
        cells.extend(finding(overall, overall.p_value));
        cells.extend(["-", "-", "-"].map(str::to_owned));
        let better = comparison.overall_better.unwrap_or(Better::Inconclusive);
        cells.push(word(better));
        cells.push("more is better".to_owned());
        rows.push(cells);
    }
    let text = ["scenario", "metric"].map(Column::text).into_iter();
    let numbers = [
        "first",
        "second",
        "difference",
        "95% CI",
        "adjusted p",
        "n",
        "clusters",
        "MDE",
        "only first right",
        "only second right",
        "McNemar p",
    ];
    let numbers = numbers.map(Column::number);
    let adjustment = match comparison.adjustment {
        Adjustment::Holm => "Holm",
        Adjustment::BenjaminiHochberg => "Benjamini and Hochberg",
    };
    Table {
        title: format!("First: {}\nSecond: {}", comparison.first, comparison.second),
        columns: text.chain(numbers).chain(["better", "note"].map(Column::text)).collect(),
        rows,
        notes: vec![format!(
            "Paired on the same instances. Intervals: t, cluster-robust (overall: over scenarios, each counting the same). p: sign flips of whole clusters, adjusted over scenarios by {adjustment}. Equivalent: within {} by two \
             one-sided tests. MDE: the smallest true difference found with power 0.8.",
            number(comparison.margin)
        )],
    }
}

fn row(one: &ScenarioComparison) -> Vec<String> {
    let counts = |get: fn(&holometer_summary::compare::Agreement) -> usize| {
        one.agreement.as_ref().map_or_else(|| "-".to_owned(), |counts| get(counts).to_string())
    };
    let mut cells =
        vec![one.label.clone(), one.metric.to_string(), number(one.first), number(one.second)];
    cells.extend(finding(&one.difference, one.difference.adjusted_p));
    cells.push(counts(|counts| counts.only_first));
    cells.push(counts(|counts| counts.only_second));
    cells.push(one.mcnemar_p.map_or_else(|| "-".to_owned(), p_value));
    cells.push(word(one.better));
    let mut notes = one.difference.notes.clone();
    if one.lower_is_better {
        notes.push("less is better".into());
    }
    if one.exact {
        notes.push("exact p".into());
    }
    if one.unmatched > 0 {
        notes.push(format!("{} instances are not shared", one.unmatched));
    }
    cells.push(if notes.is_empty() { "-".to_owned() } else { notes.join("; ") });
    cells
}

fn finding(finding: &Finding, p: Option<f64>) -> [String; 6] {
    [
        number(finding.value),
        finding.interval.as_ref().map_or_else(
            || "-".to_owned(),
            |interval| format!("{} to {}", number(interval.low), number(interval.high)),
        ),
        p.map_or_else(|| "-".to_owned(), p_value),
        finding.n.to_string(),
        finding.clusters.to_string(),
        finding.minimum_detectable_effect.map_or_else(|| "-".to_owned(), number),
    ]
}

fn word(better: Better) -> String {
    match better {
        Better::First => "first",
        Better::Second => "second",
        Better::Equivalent => Verdict::Equivalent.as_str(),
        Better::Inconclusive => Verdict::Inconclusive.as_str(),
    }
    .to_owned()
}

/// Scenarios that could not be compared, with the reason; `None` when all could.
pub fn left_out_table(left_out: &[(String, String)]) -> Option<Table> {
    (!left_out.is_empty()).then(|| Table {
        title: format!("Left out: {}", left_out.len()),
        columns: ["scenario", "reason"].map(Column::text).into(),
        rows: left_out.iter().map(|(one, why)| vec![one.clone(), why.clone()]).collect(),
        notes: Vec::new(),
    })
}

/// Models by mean win rate, ties grouped.
pub fn leaderboard_table(suite: &str, board: &Leaderboard) -> Table {
    let rows = board.standings.iter().map(|standing| {
        let ranks = if standing.best_rank == standing.worst_rank {
            standing.best_rank.to_string()
        } else {
            format!("{}-{}", standing.best_rank, standing.worst_rank)
        };
        let mut cells = vec![
            ranks,
            standing.model.clone(),
            standing.mean_win_rate.map_or_else(|| "-".to_owned(), number),
            standing.interval.as_ref().map_or_else(
                || "-".to_owned(),
                |interval| format!("{} to {}", number(interval.low), number(interval.high)),
            ),
            standing.ties.clone(),
            standing.scenarios.to_string(),
        ];
        for (label, _) in &board.scenarios {
            let value = standing.values.get(label);
            cells.push(value.map_or_else(|| "-".to_owned(), |value| number(*value)));
        }
        cells
    });
    let mut columns = vec![
        Column::number("rank"),
        Column::text("model"),
        Column::number("mean win rate"),
        Column::number("95% CI"),
        Column::text("tied"),
        Column::number("scenarios"),
    ];
    columns.extend(
        board
            .scenarios
            .iter()
            .map(|(label, metric)| Column::number(&format!("{label} ({metric})"))),
    );
    Table {
        title: format!("Suite `{suite}`: {} models", board.standings.len()),
        columns,
        rows: rows.collect(),
        notes: vec![
            "Mean win rate as HELM defines it: over scenarios, the share of the other models that a model beats, ties half. \
             Intervals resample the clusters of every scenario, the same for all models. Models that share a letter can't be told \
             apart (Holm over all pairs, 0.05); ranks are those that this leaves open."
                .to_owned(),
        ],
    }
}
