//! Prompts from a grammar: every sentence that it derives, in HELM's order.

use std::collections::HashMap;

use holometer_core::{Instance, Split};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "grammar", instances }
}

/// A grammar may derive so many sentences.
const MOST_SENTENCES: usize = 1_000_000;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let wanted = material.argument("tags");
    let wanted: Vec<&str> = wanted.split(',').filter(|tag| !tag.is_empty()).collect();
    let mut instances = Vec::new();
    for file in material.files {
        let text = file.text()?;
        let derived = Grammar::read(&text)
            .and_then(|grammar| grammar.derive("Root", 0))
            .map_err(|problem| material.unexpected(file, problem))?;
        instances.extend(
            derived
                .into_iter()
                .filter(|sentence| wanted.iter().all(|tag| sentence.tags.iter().any(|t| t == tag)))
                .map(|sentence| Instance::new(sentence.text, Vec::new(), Split::Test)),
        );
    }
    Ok(instances)
}

/// A sentence, or a part of one, with the tags of all rules behind it.
#[derive(Clone, Debug, Default)]
struct Sentence {
    text: String,
    tags: Vec<String>,
}

/// The right-hand sides of each category, in order.
#[derive(Debug, Default)]
struct Grammar {
    rules: HashMap<String, Vec<Sentence>>,
}

impl Grammar {
    /// Reads HELM's grammar files: a list of rules, each with `category`, `tags` and `expansions`, whose entries have
    /// `text` and `tags`. Of YAML only what these files use is known.
    fn read(text: &str) -> Result<Self, String> {
        let mut grammar = Self::default();
        let (mut category, mut rule_tags) = (String::new(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let content = content.strip_prefix("- ").unwrap_or(content).trim();
            let Some((key, value)) = content.split_once(':') else {
                return Err(format!("line {} is no `key: value`", number + 1));
            };
            let value = value.trim();
            let rules = grammar.rules.entry(category.clone()).or_default();
            match key.trim() {
                "rules" | "expansions" => {}
                "category" => {
                    category = scalar(value);
                    rule_tags.clear();
                }
                "text" => rules.push(Sentence { text: scalar(value), tags: rule_tags.clone() }),
                // Tags belong to the expansion above them, else to the rule.
                "tags" => match rules.last_mut().filter(|_| line.starts_with("    ")) {
                    Some(expansion) => expansion.tags.extend(list(value)),
                    None => rule_tags = list(value),
                },
                other => return Err(format!("line {} has the unknown key `{other}`", number + 1)),
            }
        }
        Ok(grammar)
    }

    /// Everything that a category derives.
    fn derive(&self, category: &str, depth: usize) -> Result<Vec<Sentence>, String> {
        if depth > 32 {
            return Err(format!("`{category}` derives itself"));
        }
        let mut all = Vec::new();
        for expansion in self.rules.get(category).into_iter().flatten() {
            let mut results = vec![Sentence { text: String::new(), tags: expansion.tags.clone() }];
            for part in parts(&expansion.text) {
                let candidates = match part {
                    Part::Text(text) => {
                        vec![Sentence { text: text.to_owned(), tags: Vec::new() }]
                    }
                    Part::Category(name) => self.derive(name, depth + 1)?,
                };
                results = product(&results, &candidates)?;
            }
            all.extend(results);
        }
        Ok(all)
    }
}

fn product(left: &[Sentence], right: &[Sentence]) -> Result<Vec<Sentence>, String> {
    if left.len().saturating_mul(right.len()) > MOST_SENTENCES {
        return Err(format!("it derives more than {MOST_SENTENCES} sentences"));
    }
    let joined = |before: &Sentence, after: &Sentence| Sentence {
        text: format!("{}{}", before.text, after.text),
        tags: before.tags.iter().chain(&after.tags).cloned().collect(),
    };
    Ok(left.iter().flat_map(|before| right.iter().map(|after| joined(before, after))).collect())
}

enum Part<'a> {
    Text(&'a str),
    Category(&'a str),
}

/// The parts of an expansion: texts, and categories written `${Name}`.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        parts.push(Part::Text(&rest[..start]));
        parts.push(Part::Category(&rest[start + 2..start + length]));
        rest = &rest[start + length + 1..];
    }
    parts.push(Part::Text(rest));
    parts
}

/// A YAML scalar: plain, or in quotation marks.
fn scalar(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return inner.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
    }
    if let Some(inner) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.replace("''", "'");
    }
    value.split(" #").next().unwrap_or(value).trim_end().to_owned()
}

/// A list in brackets.
fn list(value: &str) -> Vec<String> {
    let inner = value.trim_start_matches('[').trim_end_matches(']');
    inner.split(',').map(|entry| scalar(entry.trim())).filter(|entry| !entry.is_empty()).collect()
}
