//! Synthetic reasoning over symbols, after LIME (Wu et al. 2021), generated as HELM generates it.

use std::collections::BTreeMap;

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::NumpyRandom;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "synthetic_reasoning", instances }
}

/// HELM's words, animals before fruits.
const WORDS: [&str; 22] = [
    "zebra",
    "cobra",
    "stork",
    "penguin",
    "shark",
    "lion",
    "buffalo",
    "whale",
    "seal",
    "eagle",
    "horse",
    "rat",
    "apple",
    "peach",
    "watermelon",
    "banana",
    "grape",
    "kiwi",
    "pear",
    "strawberry",
    "blueberry",
    "blackberry",
];
const RULE_SYMBOLS: [&str; 3] = ["X", "Y", "Z"];
const MATH_SYMBOLS: [&str; 4] = ["+", "-", "*", "="];
const SEED: u32 = 42;
const SIZES: [(Split, usize); 3] =
    [(Split::Train, 1000), (Split::Valid, 5000), (Split::Test, 5000)];

type Substitution = BTreeMap<&'static str, String>;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every scenario in Rust")]
fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mode = material.argument("mode");
    let mut random = NumpyRandom::new(SEED);
    let mut instances = Vec::new();
    for (split, size) in SIZES {
        for _ in 0..size {
            let (question, answer) = problem(&mut random, &mode);
            instances.push(Instance::new(question, vec![Reference::correct(answer)], split));
        }
    }
    Ok(instances)
}

/// One question and its answer. The order of the draws is HELM's, whatever the mode uses of them.
fn problem(random: &mut NumpyRandom, mode: &str) -> (String, String) {
    let rules = some_of(random, &RULE_SYMBOLS);
    let mut distinct = rules.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let maths = some_of(random, &MATH_SYMBOLS);
    let pattern = shuffled(random, &rules, &maths);
    let first = substitution(random, &distinct);
    let result = substituted(&pattern, &first);
    let second = substitution(random, &distinct);
    let pattern_text = pattern.join(" ");
    match mode {
        "induction" => {
            let other = substituted(&pattern, &second);
            (format!("Two results: {result} | {other}"), format!("Rule: {pattern_text}"))
        }
        "variable_substitution" => {
            let replaced: Vec<String> = distinct
                .iter()
                .map(|symbol| format!("{symbol} by \" {} \"", first[symbol]))
                .collect();
            let replaced = replaced.join(" , ");
            (format!("Rules: {pattern_text} | Substitutions: {replaced}"), result)
        }
        _ => {
            let mut patterns: Vec<String> =
                (0..3).map(|_| shuffled(random, &distinct, &maths).join(" ")).collect();
            patterns.push(pattern_text.clone());
            random.shuffle(&mut patterns);
            (format!("Rules: {} | Result: {result}", patterns.join(" | ")), pattern_text)
        }
    }
}

/// Two or three symbols, drawn with replacement.
fn some_of(random: &mut NumpyRandom, symbols: &[&'static str]) -> Vec<&'static str> {
    let count = random.randint(2, 4).unwrap_or(2) as usize;
    drawn(random, symbols, count)
}

fn drawn(random: &mut NumpyRandom, from: &[&'static str], count: usize) -> Vec<&'static str> {
    let indices = random.choice(from.len(), count).unwrap_or_default();
    indices.into_iter().map(|index| from[index]).collect()
}

fn shuffled(
    random: &mut NumpyRandom,
    rules: &[&'static str],
    maths: &[&'static str],
) -> Vec<&'static str> {
    let mut pattern = [rules, maths].concat();
    random.shuffle(&mut pattern);
    pattern
}

/// One or two words for each symbol.
fn substitution(random: &mut NumpyRandom, symbols: &[&'static str]) -> Substitution {
    symbols
        .iter()
        .map(|symbol| {
            let count = random.randint(1, 3).unwrap_or(1) as usize;
            (*symbol, drawn(random, &WORDS, count).join(" "))
        })
        .collect()
}

fn substituted(pattern: &[&'static str], substitution: &Substitution) -> String {
    let parts: Vec<&str> = pattern
        .iter()
        .map(|symbol| substitution.get(symbol).map_or(*symbol, String::as_str))
        .collect();
    parts.join(" ")
}
