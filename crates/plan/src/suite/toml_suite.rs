//! Suite files in TOML.
//!
//! ```toml
//! suite = "who-does-it-fail"
//! models = ["path:./my-model", "openai:gpt-4.1-mini"]
//! max_instances = 200
//! perturbations = "canonical"
//! scorers = ["toxicity=models/unbiased-toxic-roberta"]   # models that score answers, as with `--scorer`
//! lexicon = "our-groups.txt"            # whom texts mention: `own`, `helm`, `holistic_bias`, or a file beside this one
//!
//! [[entries]]
//! scenario = "bbq"
//! subject = ["Age", "Religion"]        # lists multiply
//!
//! [[entries]]
//! scenario = "mmlu"
//! subject = "*"                        # every documented value
//! max_train_instances = [0, 5]         # expanders are keys, too
//!
//! [[entries]]
//! entry = "gsm:eval_split=test"        # HELM's own form
//! priority = 2
//! groups = ["reasoning"]
//! ```

use std::ops::Range;

use holometer_core::{ArgValue, Args, RunEntry};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::PlanError;
use crate::nearest::{did_you_mean, nearest};
use crate::position::{Position, Source};
use crate::suite::servers::{prices, servers};
use crate::suite::{SourcedEntry, SuiteFile};

const KEYS: [&str; 10] = [
    "suite",
    "models",
    "servers",
    "prices",
    "max_instances",
    "trials",
    "perturbations",
    "lexicon",
    "scorers",
    "entries",
];

/// One file's lists can't multiply to more entries than this.
const MAX_ENTRIES: usize = 100_000;

/// A key with its value, and where both stand.
pub(super) type Pair<'a> = (&'a str, Range<usize>, &'a Spanned<DeValue<'a>>);

/// Reads a suite file.
///
/// # Errors
/// The first problem, with its place and a hint: bad TOML, an unknown key, a value of the wrong kind, an entry that
/// doesn't follow the grammar.
pub fn read_suite(name: &str, text: &str) -> Result<SuiteFile, PlanError> {
    let source = Source::new(name, text);
    let table = DeTable::parse(text).map_err(|error| PlanError::Syntax {
        position: source.position(error.span().map_or(0, |span| span.start)),
        message: error.message().trim().replace('\n', "; "),
        hint: "suite files are TOML: `key = \"text\"`, `key = 5`, `key = [\"a\", \"b\"]`"
            .to_owned(),
    })?;
    let mut file = SuiteFile::default();
    for (key, at, value) in in_order(table.get_ref()) {
        match key {
            "suite" => file.suite = Some(text_of(&source, key, value)?),
            "models" => file.models = texts(&source, key, value)?,
            "servers" => file.servers = servers(&source, value)?,
            "prices" => file.prices = prices(&source, value)?,
            "max_instances" => file.max_instances = Some(count(&source, key, value)?),
            "trials" => file.trials = Some(count(&source, key, value)?),
            "perturbations" => file.perturbations = Some(text_of(&source, key, value)?),
            "lexicon" => file.lexicon = Some(text_of(&source, key, value)?),
            "scorers" => file.scorers = scorers(&source, key, value)?,
            "entries" => file.entries = entries(&source, value)?,
            _ => {
                let otherwise = format!("a suite file has the keys {}", KEYS.join(", "));
                return Err(PlanError::UnknownKey {
                    position: source.position(at.start),
                    key: key.to_owned(),
                    hint: did_you_mean(&nearest(key, KEYS), &otherwise),
                });
            }
        }
    }
    Ok(file)
}

/// A table's pairs in the order in which they were written, which is the order in which expanders apply.
pub(super) fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair<'a>> =
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
    pairs.sort_by_key(|(_, at, _)| at.start);
    pairs
}

fn entries(
    source: &Source<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<SourcedEntry>, PlanError> {
    let expected = "tables, each headed `[[entries]]`";
    let DeValue::Array(tables) = value.get_ref() else {
        return Err(wrong_kind(source, "entries", value, expected));
    };
    let mut all = Vec::new();
    for table in tables {
        let DeValue::Table(pairs) = table.get_ref() else {
            return Err(wrong_kind(source, "entries", table, expected));
        };
        let position = source.position(table.span().start);
        all.extend(entry(source, &position, &in_order(pairs))?);
        if all.len() > MAX_ENTRIES {
            return Err(PlanError::Syntax {
                position,
                message: format!("the lists multiply to more than {MAX_ENTRIES} entries"),
                hint: "split the suite into several files".to_owned(),
            });
        }
    }
    Ok(all)
}

/// One `[[entries]]` table: as many entries as its lists multiply to, the last list running fastest.
fn entry(
    source: &Source<'_>,
    position: &Position,
    pairs: &[Pair<'_>],
) -> Result<Vec<SourcedEntry>, PlanError> {
    let mut start = None;
    let mut priority = None;
    let mut groups = Vec::new();
    let mut arguments: Vec<(&str, Position, Vec<ArgValue>)> = Vec::new();
    for (key, at, value) in pairs {
        match *key {
            "scenario" | "entry" if start.is_some() => {
                return Err(both_given(source.position(at.start)));
            }
            "scenario" => start = Some(named(&text_of(source, key, value)?, position)),
            "entry" => start = Some(written(source, key, value)?),
            "priority" => priority = Some(count(source, key, value)?),
            "groups" => groups = texts(source, key, value)?,
            _ => {
                let values = argument_values(source, key, value)?;
                arguments.push((*key, source.position(at.start), values));
            }
        }
    }
    let start = start.ok_or_else(|| without_scenario(position, &arguments))?;
    let priority = priority.map(|priority| u32::try_from(priority).unwrap_or(u32::MAX));
    let start = SourcedEntry { priority, groups, ..start };
    arguments.into_iter().try_fold(vec![start], |entries, (key, position, values)| {
        multiplied(&entries, key, &position, &values)
    })
}

fn both_given(position: Position) -> PlanError {
    PlanError::Syntax {
        position,
        message: "`scenario` and `entry` are both given".to_owned(),
        hint: "keep one of them".to_owned(),
    }
}

fn named(scenario: &str, position: &Position) -> SourcedEntry {
    SourcedEntry {
        entry: RunEntry { name: scenario.to_owned(), args: Args::default() },
        priority: None,
        groups: Vec::new(),
        position: position.clone(),
        argument_positions: Vec::new(),
    }
}

/// `entry = "name:key=value"`, with places inside the text where it has no escapes.
fn written(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<SourcedEntry, PlanError> {
    let text = text_of(source, key, value)?;
    let raw = &source.text[value.span()];
    let inside = raw.find(text.as_str()).unwrap_or(0);
    SourcedEntry::from_text(&text, &source.position(value.span().start + inside))
}

fn multiplied(
    entries: &[SourcedEntry],
    key: &str,
    position: &Position,
    values: &[ArgValue],
) -> Result<Vec<SourcedEntry>, PlanError> {
    if entries.iter().any(|entry| entry.entry.args.get(key).is_some()) {
        return Err(PlanError::Syntax {
            position: position.clone(),
            message: format!("`{key}` is given twice"),
            hint: "`entry` has it already; keep one of them".to_owned(),
        });
    }
    if entries.len().saturating_mul(values.len()) > MAX_ENTRIES {
        return Err(PlanError::Syntax {
            position: position.clone(),
            message: format!("the lists multiply to more than {MAX_ENTRIES} entries"),
            hint: "split them over several `[[entries]]`".to_owned(),
        });
    }
    let pairs = entries.iter().flat_map(|entry| values.iter().map(move |value| (entry, value)));
    let with = pairs.map(|(entry, value)| {
        let mut entry = entry.clone();
        entry.entry.args.set(key, value.clone());
        entry.argument_positions.push(position.clone());
        entry
    });
    Ok(with.collect())
}

/// The values of an argument: one, or those of a list.
fn argument_values(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<ArgValue>, PlanError> {
    match value.get_ref() {
        DeValue::Array(elements) if elements.is_empty() => Err(PlanError::WrongKind {
            position: source.position(value.span().start),
            key: key.to_owned(),
            expected: "at least one value; remove the key for the default",
            found: "an empty list".to_owned(),
        }),
        DeValue::Array(elements) => {
            elements.iter().map(|element| argument_value(source, key, element)).collect()
        }
        _ => Ok(vec![argument_value(source, key, value)?]),
    }
}

fn argument_value(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<ArgValue, PlanError> {
    let expected = "text, a number, a truth value, or a list of these";
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            return number.map(ArgValue::Int).map_err(|_| wrong_kind(source, key, value, expected));
        }
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => return Ok(ArgValue::Float(number)),
            _ => return Err(wrong_kind(source, key, value, expected)),
        },
        _ => return Err(wrong_kind(source, key, value, expected)),
    };
    if text.contains(',') {
        return Err(PlanError::WrongKind {
            position: source.position(value.span().start),
            key: key.to_owned(),
            expected: "values without `,`; several values are a list: `[\"a\", \"b\"]`",
            found: format!("`{text}`"),
        });
    }
    Ok(ArgValue::parse(&text))
}

pub(super) fn text_of(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<String, PlanError> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        _ => Err(wrong_kind(source, key, value, "text in quotes")),
    }
}

fn texts(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<String>, PlanError> {
    match value.get_ref() {
        DeValue::Array(elements) => {
            elements.iter().map(|element| text_of(source, key, element)).collect()
        }
        _ => Err(wrong_kind(source, key, value, "a list of texts, as in `[\"a\", \"b\"]`")),
    }
}

/// A list of `ROLE=PLACE`.
fn scorers(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<String>, PlanError> {
    let all = texts(source, key, value)?;
    match all.iter().find(|text| text.split_once('=').is_none_or(|(_, place)| place.is_empty())) {
        Some(wrong) => Err(PlanError::WrongKind {
            position: source.position(value.span().start),
            key: key.to_owned(),
            expected: "texts of the form `ROLE=FOLDER`, as `--scorer` takes them",
            found: format!("`{wrong}`"),
        }),
        None => Ok(all),
    }
}

/// A whole number from 1.
pub(super) fn count(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<usize, PlanError> {
    let number = match value.get_ref() {
        DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| wrong_kind(source, key, value, "a whole number from 1"))
}

pub(super) fn wrong_kind(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    expected: &'static str,
) -> PlanError {
    let found = match value.get_ref() {
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("the number `{}`", number.as_str()),
        DeValue::Float(number) => format!("the number `{}`", number.as_str()),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    PlanError::WrongKind {
        position: source.position(value.span().start),
        key: key.to_owned(),
        expected,
        found,
    }
}

/// An entry names no scenario; perhaps because the key is misspelt.
fn without_scenario(
    position: &Position,
    arguments: &[(&str, Position, Vec<ArgValue>)],
) -> PlanError {
    let misspelt =
        arguments.iter().find(|(key, ..)| !nearest(key, ["scenario", "entry"]).is_empty());
    match misspelt {
        Some((key, at, _)) => PlanError::Missing {
            position: at.clone(),
            key: "scenario",
            hint: format!("did you mean `{}` for `{key}`?", nearest(key, ["scenario", "entry"])[0]),
        },
        None => PlanError::Missing {
            position: position.clone(),
            key: "scenario",
            hint: "write `scenario = \"mmlu\"`, or `entry = \"mmlu:subject=anatomy\"`".to_owned(),
        },
    }
}
