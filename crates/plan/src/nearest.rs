//! The nearest known names to one that is not known.

/// At most three candidates that resemble `name`, nearest first; letter case and `-` for `_` count for nothing.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let wanted = normalised(name);
    let mut found: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (likeness(&wanted, &normalised(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    found.dedup_by(|a, b| a.1 == b.1);
    found.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

fn normalised(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

/// Jaro-Winkler similarity in 0..=1, lifted to 0.85 where one name holds the other.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let similarity = strsim::jaro_winkler(wanted, candidate);
    let held = wanted.len() >= 3
        && candidate.len() >= 3
        && (candidate.contains(wanted) || wanted.contains(candidate));
    if held { similarity.max(0.85) } else { similarity }
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn either(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// A hint that names the nearest, or else says `otherwise`.
pub(crate) fn did_you_mean(names: &[String], otherwise: &str) -> String {
    if names.is_empty() { otherwise.to_owned() } else { format!("did you mean {}?", either(names)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_case_and_parts_are_found() {
        let names = ["mmlu", "mmlu_pro", "gsm", "bbq", "truthful_qa"];
        assert_eq!(nearest("mlmu", names), ["mmlu"]);
        assert_eq!(nearest("TruthfulQA", names), ["truthful_qa"]);
        assert_eq!(nearest("gsm8k", names), ["gsm"]);
        assert!(nearest("wikitext", names).is_empty());
        assert_eq!(either(&["a".into(), "b".into(), "c".into()]), "`a`, `b` or `c`");
    }
}
