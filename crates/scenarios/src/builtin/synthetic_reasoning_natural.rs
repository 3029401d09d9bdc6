//! Synthetic reasoning in simple English, after Clark et al. 2020, generated as HELM generates it.

use holometer_core::{Instance, Reference, Split};
use holometer_pyrand::PyRandom;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "synthetic_reasoning_natural", instances }
}

/// HELM's subjects by category.
const SUBJECTS: [(&str, &[&str]); 3] = [
    ("person", &["Alice", "Bob", "Carol", "Dan", "Erin", "Frank"]),
    (
        "animal",
        &[
            "dog", "cat", "rabbit", "mouse", "tiger", "lion", "bear", "squirrel", "cow", "panda",
            "hedgehog", "elephant", "giraffe", "hippo",
        ],
    ),
    ("plant", &["poppy", "dandelion", "tree", "rose", "sunflower"]),
];

/// HELM's attributes, each with the words that mean it.
const ATTRIBUTES: [(&str, &[&str]); 25] = [
    ("young", &["young"]),
    ("soft", &["soft"]),
    ("sad", &["sad"]),
    ("scary", &["scary"]),
    ("cold", &["cold", "chill", "cool"]),
    ("hot", &["hot", "warm"]),
    ("smart", &["smart", "clever", "wise", "intelligent"]),
    ("clean", &["clean", "tidy"]),
    ("small", &["small", "little", "tiny"]),
    ("big", &["big", "enormous", "giant", "huge"]),
    ("good", &["good", "kind", "nice"]),
    ("beautiful", &["beautiful", "pretty"]),
    ("red", &["red", "crimson"]),
    ("blue", &["blue", "cobalt"]),
    ("green", &["green", "viridian"]),
    ("purple", &["purple", "violet"]),
    ("boring", &["boring", "dull"]),
    ("old", &["old", "ancient", "antique"]),
    ("strong", &["strong", "powerful", "muscular"]),
    ("weak", &["weak", "frail", "fragile"]),
    ("fast", &["fast", "quick"]),
    ("slow", &["slow", "sluggish"]),
    ("bad", &["bad", "evil", "wicked", "mean"]),
    ("happy", &["happy", "elated", "glad", "cheerful"]),
    ("round", &["round", "circular", "spherical"]),
];

const SEED: i64 = 42;
const SIZES: [(Split, usize); 3] =
    [(Split::Train, 1000), (Split::Valid, 5000), (Split::Test, 5000)];
const MOST_RULES: usize = 5;
/// How often a fact from which nothing follows is kept.
const KEEP_CONSEQUENCELESS: f64 = 0.1;

/// *If a SUBJECT is A and B, then the SUBJECT is C.*
struct Rule {
    subject: &'static str,
    category: &'static str,
    conditions: Vec<&'static str>,
    conjunction: &'static str,
    consequent: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every scenario in Rust")]
fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let difficulty = material.argument("difficulty");
    let mut random = PyRandom::from_int(SEED);
    let mut instances = Vec::new();
    for (split, size) in SIZES {
        for _ in 0..size {
            let (question, answer) = problem(&mut random, &difficulty);
            instances.push(Instance::new(question, vec![Reference::correct(answer)], split));
        }
    }
    Ok(instances)
}

fn problem(random: &mut PyRandom, difficulty: &str) -> (String, String) {
    let (category, subjects) = pick(random, &SUBJECTS);
    let subject = pick(random, subjects);
    let rules = rules(random, subject, category, difficulty == "easy");
    let (attributes, words, consequents) = fact(random, &rules);
    let shown = if difficulty == "hard" { words } else { attributes };
    let rule_lines: Vec<String> = rules.iter().map(rule_text).collect();
    let question = format!(
        "{}\nFact:\n{}\nThe following can be determined about {}:",
        rule_lines.join("\n"),
        fact_text(subject, category, &shown),
        with_article(subject, category, "the"),
    );
    (question, fact_text(subject, category, &consequents))
}

fn pick<T: Copy>(random: &mut PyRandom, from: &[T]) -> T {
    *random.choice(from).expect("HELM's lists are not empty")
}

/// Rules that share no attributes, so that one step of reasoning is enough.
fn rules(
    random: &mut PyRandom,
    subject: &'static str,
    category: &'static str,
    about_subject_only: bool,
) -> Vec<Rule> {
    let mut attributes: Vec<&'static str> = ATTRIBUTES.iter().map(|(name, _)| *name).collect();
    random.shuffle(&mut attributes);
    let mut rules = Vec::new();
    while attributes.len() > 2 && rules.len() < MOST_RULES {
        let rule_subject =
            if about_subject_only { subject } else { pick(random, &[category, subject]) };
        let count = random.randint(2, 3).unwrap_or(2) as usize;
        let mut conditions: Vec<&'static str> = attributes.drain(..count).collect();
        let consequent = conditions.pop().unwrap_or_default();
        let conjunction = pick(random, &["and", "or"]);
        rules.push(Rule { subject: rule_subject, category, conditions, conjunction, consequent });
    }
    rules
}

type Words = Vec<&'static str>;

/// Two attributes, words that mean them, and what follows from them.
fn fact(random: &mut PyRandom, rules: &[Rule]) -> (Words, Words, Words) {
    loop {
        let indices: Vec<usize> = (0..ATTRIBUTES.len()).collect();
        let chosen = random.sample(&indices, 2).unwrap_or_default();
        let attributes: Words = chosen.iter().map(|index| ATTRIBUTES[*index].0).collect();
        let words: Words = chosen.iter().map(|index| pick(random, ATTRIBUTES[*index].1)).collect();
        let consequents: Words = rules
            .iter()
            .filter(|rule| !attributes.contains(&rule.consequent) && applies(rule, &attributes))
            .map(|rule| rule.consequent)
            .collect();
        if !consequents.is_empty() || random.random() <= KEEP_CONSEQUENCELESS {
            return (attributes, words, consequents);
        }
    }
}

fn applies(rule: &Rule, attributes: &[&str]) -> bool {
    let mut conditions = rule.conditions.iter();
    match rule.conjunction {
        "and" => conditions.all(|condition| attributes.contains(condition)),
        _ => conditions.any(|condition| attributes.contains(condition)),
    }
}

fn rule_text(rule: &Rule) -> String {
    format!(
        "If {} is {}, then {} is {}.",
        with_article(rule.subject, rule.category, "a"),
        rule.conditions.join(&format!(" {} ", rule.conjunction)),
        with_article(rule.subject, rule.category, "the"),
        rule.consequent
    )
}

fn fact_text(subject: &str, category: &str, attributes: &[&str]) -> String {
    if attributes.is_empty() {
        return "Nothing.".to_owned();
    }
    let subject = with_article(subject, category, "the");
    let subject =
        subject.strip_prefix("the ").map_or(subject.clone(), |rest| format!("The {rest}"));
    format!("{subject} is {}.", attributes.join(" and "))
}

/// People go by their names; the word *person* itself, too, stands alone in HELM's texts when its category is person.
fn with_article(subject: &str, category: &str, article: &str) -> String {
    if category == "person" || subject == "person" {
        return subject.to_owned();
    }
    let vowel = subject.starts_with(['a', 'e', 'i', 'o', 'u']);
    let article = if article == "a" && vowel { "an" } else { article };
    format!("{article} {subject}")
}
