//! Texts that are there in many languages, of which HELM asks one, drawn from the same stream as the wrong classes.

use std::collections::BTreeSet;

use holometer_core::Reference;
use holometer_data::Keeper;
use holometer_pyrand::PyRandom;
use serde_json::{Value, json};

use crate::label_references::{classes_seen, drawn_wrong, wrong_classes};
use crate::python_literal;

/// Of the one stream from which a run draws.
pub(crate) const SEED: i64 = 42;

/// What the random stream makes of a row: the references, and the text in one of its languages.
pub(crate) fn drawn(
    random: &mut PyRandom,
    row: &Value,
    classes: &[String],
) -> Result<(Vec<Reference>, DrawnText), String> {
    let right: Vec<String> = match &row["label"] {
        Value::Array(numbers) => numbers.iter().map(ToString::to_string).collect(),
        Value::String(name) => vec![name.clone()],
        _ => return Err("`label` is neither a class nor a list of classes".to_owned()),
    };
    let mut references = drawn_wrong(random, wrong_classes(classes, &right));
    references.extend(right.into_iter().map(Reference::correct));
    Ok((references, one_language(random, row)?))
}

/// A text with the number of languages it was drawn from, if it was.
pub(crate) struct DrawnText {
    pub(crate) text: String,
    languages: Option<usize>,
}

/// Of a text in several languages, written as a Python dictionary, one drawn at random; other texts as they are. Of a row that
/// [`OneLanguage`] kept, the text was drawn already.
fn one_language(random: &mut PyRandom, row: &Value) -> Result<DrawnText, String> {
    let input = row["input"].as_str().ok_or("`input` is no text")?;
    if let Some(count) = row["languages"].as_u64() {
        let count = usize::try_from(count).ok().filter(|count| *count < 1000);
        let count = count.ok_or("`languages` is no number of languages")?;
        random.choice(&vec![(); count]).ok_or("`languages` is 0")?;
        return Ok(DrawnText { text: input.to_owned(), languages: Some(count) });
    }
    let Some(Value::Object(languages)) =
        input.starts_with('{').then(|| python_literal::parse(input)).transpose().ok().flatten()
    else {
        return Ok(DrawnText { text: input.to_owned(), languages: None });
    };
    let texts: Vec<&str> = languages.values().filter_map(Value::as_str).collect();
    let drawn = random.choice(&texts).ok_or("`input` has a text in no language")?;
    Ok(DrawnText { text: (*drawn).to_owned(), languages: Some(texts.len()) })
}

/// Keeps of every text in many languages the one that is drawn. The rows are those of all splits, one after the other, since
/// all draws come from one stream; and the draws depend on how many classes all rows have.
pub(crate) struct OneLanguage {
    seen: BTreeSet<String>,
    classes: Vec<String>,
    random: PyRandom,
}

impl Default for OneLanguage {
    fn default() -> Self {
        Self { seen: BTreeSet::new(), classes: Vec::new(), random: PyRandom::from_int(SEED) }
    }
}

impl OneLanguage {
    /// The classes of all rows, once they are known.
    fn settle(&mut self) {
        if self.classes.is_empty() {
            self.classes = std::mem::take(&mut self.seen).into_iter().collect();
        }
    }
}

impl Keeper for OneLanguage {
    fn ahead(&self) -> &[&'static str] {
        &["label"]
    }

    fn look(&mut self, rows: &[Value]) {
        self.seen.extend(classes_seen(rows.iter(), "label"));
    }

    fn keep(&mut self, split: &str, rows: Vec<Value>) -> Result<Vec<Value>, String> {
        self.settle();
        let mut kept = Vec::new();
        for row in rows {
            let (_, drawn) = drawn(&mut self.random, &row, &self.classes)
                .map_err(|problem| format!("a row's {problem}"))?;
            let split = if split == "validation" { "valid" } else { split };
            kept.push(json!({
                "split": split,
                "input": drawn.text,
                "label": row["label"],
                "languages": drawn.languages,
            }));
        }
        Ok(kept)
    }

    fn again(&mut self, kept: &[Value]) {
        self.settle();
        for row in kept {
            // They were made by `keep`.
            let _ = drawn(&mut self.random, row, &self.classes);
        }
    }
}
