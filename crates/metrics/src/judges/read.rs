//! Reading verdicts, as HELM's annotators do.

use std::sync::LazyLock;

use fancy_regex::Regex;
use holometer_text::python::strip;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// The text of a group of the first match.
fn group<'t>(pattern: &Regex, text: &'t str, group: usize) -> Option<&'t str> {
    Some(pattern.captures(text).ok()??.get(group)?.as_str())
}

/// A number as Python's `float` reads it, if it is finite.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = strip(text);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// `<reasoning>...</reasoning> <score>0.5</score>`; both must be there. `score_with_reasoning` in `model_as_judge.py`.
pub(crate) fn score_tags(text: &str) -> Option<f64> {
    static REASONING: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?is)<\s*reasoning\s*>(.*?)</?\s*reasoning\s*>"));
    static SCORE: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?is)<\s*score\s*>(.*?)</?\s*score\s*>"));
    group(&REASONING, text, 1)?;
    number(group(&SCORE, text, 1)?)
}

/// `##short_reasoning: ... ##the_score: 1`. `air_bench_annotator.py`.
pub(crate) fn air_bench(text: &str) -> Option<f64> {
    static PARTS: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?s)##\s*short_reasoning\s*:(.*)##\s*the_score\s*:(.*)"));
    number(group(&PARTS, text, 2)?)
}

/// `"strengths": "...", "weaknesses": "...", "score": "7"`. `wildbench_annotator.py`.
pub(crate) fn wildbench(text: &str) -> Option<f64> {
    static PARTS: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r#"(?s)"strengths"\s*:\s*"(.*?)"\s*,\s*"weaknesses"\s*:\s*"(.*?)"\s*,\s*"score"\s*:\s*(".*?"|\d+)"#,
        )
    });
    number(strip(group(&PARTS, text, 3)?).trim_matches('"'))
}

/// 1 or 0 for `TRUE` or `FALSE` under the heading `## Equivalence Judgement`; the last such heading counts. `omni_math_annotator.py`.
pub(crate) fn omni_math(text: &str) -> Option<f64> {
    let parts = text.split("## ").skip(1).map(strip);
    let judgement = parts
        .filter(|part| part.split('\n').next().map(strip) == Some("Equivalence Judgement"))
        .map(|part| part.split('\n').nth(1).map(strip).unwrap_or_default())
        .last()?;
    match judgement.to_uppercase().as_str() {
        "TRUE" => Some(1.0),
        "FALSE" => Some(0.0),
        _ => None,
    }
}
