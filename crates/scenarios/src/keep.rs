//! What is kept of large downloads: a draw of rows, the rows in use, or the parts of a page that are asked for.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use holometer_core::Split;
use holometer_data::{Keeper, Reduction, Work};
use serde_json::{Value, json};

use crate::arrange::order;
use crate::build::Builder;
use crate::definition::{Definition, Draw, FileDef, InstanceDef, Kept, Shuffle};
use crate::languages::OneLanguage;
use crate::template::Scope;

/// The reduction that a file's definition asks for; the rows see the scope.
pub(crate) fn reduction(
    definition: &Definition,
    def: &FileDef,
    scope: &Scope,
) -> Option<Reduction> {
    let kept_bytes = def.about_kept_bytes;
    if let Some(draw) = def.rows {
        return Some(Reduction {
            name: format!("{:?} {} {}", draw.stream, draw.seed, draw.take),
            kept_bytes,
            work: Work::Rows(Arc::new(move |count| drawn(draw, count))),
        });
    }
    if !def.keep_members.is_empty() {
        return Some(Reduction {
            name: format!("members {}", def.keep_members.join(" ")),
            kept_bytes,
            work: Work::Members(def.keep_members.clone()),
        });
    }
    match def.kept? {
        Kept::Compressed => Some(Reduction { kept_bytes, ..Reduction::compressed() }),
        Kept::Used => used(definition, def, scope),
        Kept::OneLanguage => Some(Reduction {
            name: "one language".to_owned(),
            kept_bytes,
            work: Work::Each(Arc::new(|| Box::<OneLanguage>::default())),
        }),
        Kept::NaturalQuestions => Some(Reduction {
            name: "answers of Natural Questions".to_owned(),
            kept_bytes,
            work: Work::Rewrite(Arc::new(answers)),
        }),
    }
}

/// Keeps the rows of which an instance is made.
fn used(definition: &Definition, def: &FileDef, scope: &Scope) -> Option<Reduction> {
    let keeper = InUse {
        instance: definition.instance.clone()?,
        scope: scope.clone(),
        split: def.split.unwrap_or(Split::Test),
    };
    // What decides on a row: whatever changes it changes what is kept.
    let InstanceDef { each, define, when, .. } = &keeper.instance;
    let mut texts: Vec<&str> = when.iter().map(|text| text.get_ref().as_str()).collect();
    texts.extend(each.iter().flat_map(|each| [each.name.as_str(), each.list.get_ref()]));
    texts.extend(define.iter().flat_map(|(name, text)| [name.as_str(), text.get_ref()]));
    Some(Reduction {
        name: format!("used {texts:?} {scope:?}"),
        kept_bytes: def.about_kept_bytes,
        work: Work::Each(Arc::new(move || Box::new(keeper.clone()))),
    })
}

#[derive(Clone)]
struct InUse {
    instance: InstanceDef,
    scope: Scope,
    split: Split,
}

impl Keeper for InUse {
    fn keep(&mut self, _: &str, rows: Vec<Value>) -> Result<Vec<Value>, String> {
        let builder = Builder::new(&self.instance).map_err(|error| error.message)?;
        let mut kept = Vec::new();
        for row in rows {
            let made = builder.build(&row, &self.scope, self.split);
            if !made.map_err(|error| error.message)?.is_empty() {
                kept.push(row);
            }
        }
        Ok(kept)
    }
}

/// The positions of the rows drawn from so many, in the order drawn.
pub(crate) fn drawn(draw: Draw, count: u64) -> Vec<u64> {
    let shuffle = Shuffle { stream: draw.stream, seed: draw.seed };
    let order = order(shuffle, usize::try_from(count).unwrap_or(usize::MAX));
    let take = usize::try_from(draw.take).unwrap_or(usize::MAX);
    order.into_iter().take(take).map(|position| position as u64).collect()
}

/// Rewrites Natural Questions: questions without a short answer go, and of each page only the answers stay, with their places
/// in what is left of it.
fn answers(from: &mut dyn BufRead, to: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            continue;
        }
        let row: Value = serde_json::from_str(&line)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let row = answers_of(&row).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a line is no question of Natural Questions")
        })?;
        if !row.is_null() {
            serde_json::to_writer(&mut *to, &row)?;
            to.write_all(b"\n")?;
        }
    }
}

/// A question with what is left of its page; null where it has no short answer.
fn answers_of(row: &Value) -> Option<Value> {
    let mut annotations = Vec::new();
    let mut page = Vec::new();
    let whole = row["document_html"].as_str().unwrap_or_default().as_bytes();
    for annotation in row["annotations"].as_array()? {
        let short = annotation["short_answers"].as_array()?;
        if short.is_empty() {
            continue;
        }
        let long = moved(&annotation["long_answer"], whole, &mut page)?;
        let short: Option<Vec<Value>> =
            short.iter().map(|answer| moved(answer, whole, &mut page)).collect();
        annotations.push(json!({ "long_answer": long, "short_answers": short? }));
    }
    if annotations.is_empty() {
        return Some(Value::Null);
    }
    Some(json!({
        "question_text": row["question_text"],
        "document_title": row["document_title"],
        "document_html": String::from_utf8(page).ok()?,
        "annotations": annotations,
    }))
}

/// Puts a byte range of the whole page into what is left of it, and gives its place there. Where there is no answer, both ends
/// are -1 and stay so.
fn moved(range: &Value, whole: &[u8], page: &mut Vec<u8>) -> Option<Value> {
    let (start, end) = (range["start_byte"].as_i64()?, range["end_byte"].as_i64()?);
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return Some(json!({ "start_byte": start, "end_byte": end }));
    };
    let place = page.len();
    page.extend_from_slice(whole.get(from..to)?);
    Some(json!({ "start_byte": place, "end_byte": page.len() }))
}
