//! The methods paragraph: how a fairness report was computed, in words that a paper can quote. It says only what this report did.

use std::collections::BTreeSet;

use holometer_summary::fairness::{FairnessCell, Family};
use holometer_summary::{Finding, Verdict};

use crate::fairness::FairnessReport;
use crate::format::number;

/// How everything was computed.
pub fn methods(report: &FairnessReport) -> String {
    let sentences = [
        Some(what(report)),
        intervals(report),
        changes(report),
        distributions(report),
        groups(report),
        words(report),
        verdicts(report),
        Some(outcome(report)),
    ];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn cells(report: &FairnessReport) -> impl Iterator<Item = &FairnessCell> {
    report.rows.iter().flat_map(|row| &row.cells)
}

fn findings(report: &FairnessReport) -> impl Iterator<Item = &Finding> {
    cells(report).filter_map(|cell| cell.entry.finding())
}

/// Whether the report has a number of this kind.
fn has(report: &FairnessReport, is: impl Fn(&FairnessCell) -> bool) -> bool {
    cells(report).any(|cell| cell.entry.finding().is_some() && is(cell))
}

fn what(report: &FairnessReport) -> String {
    let models: BTreeSet<&str> = report.rows.iter().map(|row| row.model.as_str()).collect();
    let scenarios: BTreeSet<&str> = report.rows.iter().map(|row| row.label.as_str()).collect();
    // Not every scenario has right answers: the largest number of instances behind any number of the row is its size.
    let size = |cells: &[FairnessCell]| {
        cells.iter().filter_map(|cell| cell.entry.finding()).map(|finding| finding.n).max()
    };
    let sizes: Vec<usize> = report.rows.iter().filter_map(|row| size(&row.cells)).collect();
    let instances = match (sizes.iter().min(), sizes.iter().max()) {
        (Some(least), Some(most)) if least == most => format!("{least} instances each"),
        (Some(least), Some(most)) => format!("{least} to {most} instances each"),
        _ => "no scored instances".to_owned(),
    };
    let not_run = match report.not_run.len() {
        0 => String::new(),
        1 => "; 1 planned run could not be made and is listed with its reason".to_owned(),
        many => {
            format!("; {many} planned runs could not be made and are listed with their reasons")
        }
    };
    format!(
        "We evaluated {} on {} ({instances}) with Holometer {}{not_run}. All measures of a scenario were computed from the same \
         answers.",
        named(&models, "model"),
        named(&scenarios, "scenario"),
        report.version,
    )
}

fn intervals(report: &FairnessReport) -> Option<String> {
    let methods: BTreeSet<&str> = findings(report)
        .filter_map(|finding| finding.interval.as_ref())
        .map(|interval| interval.method.as_str())
        .collect();
    if methods.is_empty() {
        return None;
    }
    let any = |word: &str| methods.iter().any(|method| method.contains(word));
    let kinds: Vec<String> = [
        (any("wilson"), "Wilson's for shares, with the effective sample size of the clusters".to_owned()),
        (methods.iter().any(|method| method.starts_with('t')), "Student's t with cluster-robust standard errors for other means and for paired changes".to_owned()),
        (
            any("bootstrap") || any("bca") || any("percentile"),
            format!("the cluster bootstrap ({} draws) for statistics that are no means", report.judgement.draws),
        ),
    ]
    .into_iter()
    .filter_map(|(used, words)| used.then_some(words))
    .collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join("; ")) };
    Some(format!(
        "Units made from one template form a cluster and count as one independent unit; intervals are at the {}% level{kinds}.",
        number(report.judgement.level * 100.0)
    ))
}

fn changes(report: &FairnessReport) -> Option<String> {
    let is_change =
        |cell: &FairnessCell| matches!(cell.family, Family::AccuracyChange | Family::NetChange);
    if !has(report, is_change) {
        return None;
    }
    let names: BTreeSet<&str> = cells(report)
        .filter(|cell| cell.family == Family::AccuracyChange && cell.entry.finding().is_some())
        .filter_map(|cell| cell.measure.split(' ').next())
        .collect();
    let mut text = format!(
        "Paired changes compare each instance with its copy under a perturbation ({}) and were tested by flipping the signs of whole \
         clusters (all patterns with at most 16 clusters, 9,999 random ones otherwise); instances that a perturbation does not change \
         were left out and counted.",
        names.into_iter().collect::<Vec<_>>().join(", ")
    );
    if has(report, |cell| cell.family == Family::NetChange) {
        text.push_str(
            " Changes less placebo compare the counterfactual copy with a copy of the same instance in which as many neutral words were \
             changed, which takes the instability of answers away.",
        );
    }
    if has(report, |cell| cell.family == Family::WorstCase) {
        text.push_str(
            " The worst case counts an instance as right when it is right in all of its versions, as HELM does; it falls with any \
             instability.",
        );
    }
    Some(text)
}

fn distributions(report: &FairnessReport) -> Option<String> {
    let mut sentences = Vec::new();
    if has(report, |cell| cell.measure.contains("strict parity")) {
        sentences.push(
            "Strict parity is the Wasserstein distance of order 1 between the scores of the answers before and after a change, weak \
             parity the difference of the shares above 0.5 (Huang and others 2020, as LangFair defines them); the former was tested \
             by 999 exchanges of before and after for whole clusters.",
        );
    }
    if has(report, |cell| cell.measure.starts_with("FairPair")) {
        sentences.push(
            "FairPair's ratio is the mean distance of answers across the two questions over that of several answers to one question.",
        );
    }
    if has(report, |cell| cell.measure.contains("BiasScore")) {
        sentences.push(
            "ROBBIE's BiasScore is the share of groups for which the upper end of the 97.5% percentile interval of the rate of toxic \
             answers lies above the rate over all answers.",
        );
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn groups(report: &FairnessReport) -> Option<String> {
    has(report, |cell| cell.measure.contains("(annotated)") || cell.measure.contains("(mentioned)")).then(|| {
        format!(
            "Groups are those that the data names (annotated) or that a word list finds in the question (mentioned); gaps are the largest \
             less the smallest rate over groups with at least {} instances, after fairlearn's definitions, with intervals that hold for \
             all pairs of groups together.",
            report.judgement.least_instances
        )
    })
}

/// What judged texts by their words.
fn words(report: &FairnessReport) -> Option<String> {
    let scorers: BTreeSet<&str> =
        report.rows.iter().flat_map(|row| row.scorers.values()).map(String::as_str).collect();
    if scorers.is_empty() {
        return None;
    }
    Some(format!(
        "Texts were scored by {}; toxicity and sentiment by words are screening-grade: a change of theirs, or of a model's opinion, and a gap \
         between groups in them, is called a disparity only where two scorers agree.",
        scorers.into_iter().collect::<Vec<_>>().join(", ")
    ))
}

fn verdicts(report: &FairnessReport) -> Option<String> {
    let how = &report.judgement;
    findings(report).any(|finding| finding.p_value.is_some()).then(|| {
        format!(
            "P values were adjusted by Holm's method within a scenario and family, and by Benjamini and Hochberg's over scenarios and \
             models. A measure counts as a disparity when its adjusted p value is below {}, as equivalent when two one-sided tests place \
             it within a margin of {} of the measure's range, else as inconclusive; the minimum detectable effect is for a power of {}. \
             All resampling is seeded.",
            how.alpha, how.margin, how.power,
        )
    })
}

fn outcome(report: &FairnessReport) -> String {
    let counted = |verdict| findings(report).filter(|f| f.verdict == Some(verdict)).count();
    let tested = findings(report).filter(|finding| finding.p_value.is_some()).count();
    let (planned, found) = (cells(report).count(), findings(report).count());
    format!(
        "Of {planned} planned measures {found} have a number, the others a reason. Of {tested} tested measures, {} showed a disparity, {} \
         were equivalent and {} were inconclusive.",
        counted(Verdict::Disparity),
        counted(Verdict::Equivalent),
        counted(Verdict::Inconclusive),
    )
}

/// `the model a`, or `3 models`.
fn named(names: &BTreeSet<&str>, what: &str) -> String {
    match names.iter().next() {
        Some(only) if names.len() == 1 => format!("the {what} {only}"),
        _ => format!("{} {what}s", names.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use holometer_core::{CellStatus, Interval};
    use holometer_summary::Entry;
    use holometer_summary::fairness::{FairnessRow, Judgement};

    use super::*;

    fn report(cells: Vec<FairnessCell>) -> FairnessReport {
        FairnessReport {
            suite: "s".into(),
            rows: vec![FairnessRow {
                run: "r".into(),
                label: "bbq:subject=Age".into(),
                model: "a model".into(),
                scorers: BTreeMap::from([("refusal".to_owned(), "refusal@1234".to_owned())]),
                cells,
            }],
            panel: Vec::new(),
            not_run: vec![("civil_comments".into(), "no data".into())],
            judgement: Judgement::default(),
            version: "0.0".into(),
            methods: String::new(),
        }
    }

    fn found(family: Family, measure: &str, p: Option<f64>) -> FairnessCell {
        let method = "wilson".to_owned();
        let interval = Interval { low: 0.1, high: 0.4, level: 0.95, method };
        let mut finding = Finding::level(0.2, Some(interval), 40, 8);
        finding.p_value = p;
        finding.settle(0.05);
        FairnessCell { family, measure: measure.into(), entry: Entry::Found(finding) }
    }

    #[test]
    fn it_says_what_this_report_did_and_nothing_else() {
        let missing = Entry::Missing(CellStatus::NotApplicable { reason: "no".into() });
        let plain = methods(&report(vec![
            found(Family::Accuracy, "exact_match", None),
            FairnessCell { family: Family::NetChange, measure: "correct".into(), entry: missing },
        ]));
        assert!(plain.starts_with(
            "We evaluated the model a model on the scenario bbq:subject=Age (40 instances each) with Holometer 0.0; 1 planned run could"
        ));
        assert!(plain.contains("Wilson's for shares") && plain.contains("refusal@1234"));
        assert!(plain.contains("Of 2 planned measures 1 have a number"));
        for absent in ["placebo", "bootstrap", "Holm's", "Wasserstein", "fairlearn", "HELM"] {
            assert!(!plain.contains(absent), "`{absent}` in {plain}");
        }
        let rich = methods(&report(vec![
            found(Family::AccuracyChange, "swap_gender gender=male to gender=female", Some(0.01)),
            found(Family::NetChange, "swap_gender, less placebo", Some(0.4)),
            found(Family::SliceGap, "gender (mentioned): accuracy gap", Some(0.9)),
            found(Family::ToxicityDifference, "toxicity: x, strict parity", Some(0.5)),
        ]));
        for present in
            ["(swap_gender)", "as many neutral words", "fairlearn", "Wasserstein", "Holm's"]
        {
            assert!(rich.contains(present), "no `{present}` in {rich}");
        }
        assert!(rich.ends_with(
            "Of 4 tested measures, 1 showed a disparity, 0 were equivalent and 3 were inconclusive."
        ));
    }
}
