//! Parts of speech from tags, words and relations: the model's rules (spaCy's `AttributeRuler`).

use super::msgpack::{self, Value};
use super::tok2vec::is_space;
use super::tokenizer::Token;

/// What the rules look at: tokens with their tags and their relations to their heads.
#[derive(Clone, Copy)]
pub(super) struct Analysis<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) tags: &'a [&'a str],
    pub(super) relations: &'a [&'a str],
}

/// The rules that give a part of speech; a later one overrules an earlier one.
pub(super) struct Ruler(Vec<Rule>);

struct Rule {
    patterns: Vec<Vec<Conditions>>,
    /// Which of the matched tokens it is about.
    index: usize,
    part_of_speech: String,
}

type Conditions = Vec<(Attribute, Condition)>;

#[derive(Clone, Copy)]
enum Attribute {
    Tag,
    Lower,
    Relation,
    IsSpace,
}

enum Condition {
    In(Vec<String>),
    NotIn(Vec<String>),
    Is(bool),
}

impl Ruler {
    /// Reads `attribute_ruler/patterns`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let rules = msgpack::read(bytes)?;
        let rules = rules.items().iter().filter_map(|rule| {
            let part_of_speech = rule.get("attrs")?.get("POS")?.text()?.to_owned();
            Some(Rule::read(rule, part_of_speech))
        });
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        if rules.is_empty() { Err("it has no rules".to_owned()) } else { Ok(Self(rules)) }
    }

    /// Each token's part of speech; empty where no rule holds.
    pub(super) fn parts_of_speech(&self, analysis: Analysis<'_>) -> Vec<&str> {
        let texts = analysis.tokens.iter().map(|token| token.text.as_str());
        let seen: Vec<Seen<'_>> = texts
            .zip(analysis.tags)
            .zip(analysis.relations)
            .map(|((text, tag), relation)| Seen {
                tag,
                lower: text.to_lowercase(),
                relation,
                is_space: is_space(text),
            })
            .collect();
        let mut found = vec![""; seen.len()];
        for rule in &self.0 {
            for pattern in &rule.patterns {
                for (start, window) in seen.windows(pattern.len()).enumerate() {
                    let mut pairs = window.iter().zip(pattern);
                    if pairs.all(|(seen, conditions)| seen.meets(conditions)) {
                        found[start + rule.index] = &rule.part_of_speech;
                    }
                }
            }
        }
        found
    }
}

/// A token as conditions see it.
struct Seen<'a> {
    tag: &'a str,
    lower: String,
    relation: &'a str,
    is_space: bool,
}

impl Seen<'_> {
    fn meets(&self, conditions: &Conditions) -> bool {
        conditions.iter().all(|(attribute, condition)| {
            let value = match attribute {
                Attribute::Tag => self.tag,
                Attribute::Lower => &self.lower,
                Attribute::Relation => self.relation,
                Attribute::IsSpace => {
                    return matches!(condition, Condition::Is(wanted) if *wanted == self.is_space);
                }
            };
            match condition {
                Condition::In(list) => list.iter().any(|text| text == value),
                Condition::NotIn(list) => list.iter().all(|text| text != value),
                Condition::Is(_) => false,
            }
        })
    }
}

impl Rule {
    fn read(rule: &Value<'_>, part_of_speech: String) -> Result<Self, String> {
        let patterns = rule.need("patterns")?.items().iter().map(pattern);
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        let index = rule.need("index")?.number().and_then(|index| usize::try_from(index).ok());
        let index = index.filter(|index| patterns.iter().all(|pattern| *index < pattern.len()));
        let index = index.ok_or("a rule is about none of its tokens")?;
        Ok(Self { patterns, index, part_of_speech })
    }
}

fn pattern(pattern: &Value<'_>) -> Result<Vec<Conditions>, String> {
    pattern.items().iter().map(|token| token.entries().iter().map(condition).collect()).collect()
}

fn condition(
    (attribute, wanted): &(Value<'_>, Value<'_>),
) -> Result<(Attribute, Condition), String> {
    let attribute = match attribute.text() {
        Some("TAG") => Attribute::Tag,
        Some("LOWER") => Attribute::Lower,
        Some("DEP") => Attribute::Relation,
        Some("IS_SPACE") => Attribute::IsSpace,
        other => return Err(format!("a rule looks at {other:?}, which is not known here")),
    };
    let list = |name: &str| {
        let texts = wanted.get(name)?.items().iter();
        texts.map(|text| text.text().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    let condition = match (wanted, list("IN"), list("NOT_IN")) {
        (Value::Bool(is), ..) => Some(Condition::Is(*is)),
        (Value::Table(_), Some(list), None) => Some(Condition::In(list)),
        (Value::Table(_), None, Some(list)) => Some(Condition::NotIn(list)),
        (wanted, ..) => wanted.text().map(|text| Condition::In(vec![text.to_owned()])),
    };
    Ok((attribute, condition.ok_or("a rule has a condition that is not known here")?))
}
