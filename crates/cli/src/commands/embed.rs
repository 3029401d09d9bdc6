//! `embed`: texts from standard input to vectors, one JSON object a line.

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Mutex;

use holometer_core::Cancel;
use holometer_engine::{Embedding, LocalModel, Pooling};
use serde::Serialize;
use serde_json::Value;

use crate::args::{EmbedArgs, PoolingArg};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{Environment, Part, fetch_model, load_options, local_path};
use crate::progress::Talk;

/// Texts that are embedded together; their vectors are written in order.
const TOGETHER: usize = 512;

/// A line of output.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Vector { index: usize, tokens: usize, embedding: &'a [f32] },
    Failed { index: usize, error: &'a str },
}

/// Embeds each line. Texts that can't be embedded get a line with the reason, and the exit code says so.
pub(crate) fn embed(args: &EmbedArgs, talk: &Talk) -> Result<Exit, Failure> {
    let environment = Environment::new(&args.environment, &[])?;
    let path = model_path(args, &environment, talk)?;
    let options = load_options(&environment.local, None);
    let model = LocalModel::load(&path, &options).map_err(Failure::usage)?;
    let pooling = match args.pooling {
        PoolingArg::Mean => Pooling::Mean,
        PoolingArg::Last => Pooling::Last,
    };
    let mut lines = std::io::stdin().lock().lines().enumerate();
    let (mut first, mut failed) = (0, 0);
    loop {
        let mut texts = Vec::new();
        for (number, line) in lines.by_ref().take(TOGETHER) {
            let line = line.map_err(|error| {
                Failure::usage(format!("standard input can't be read: {error}"))
                    .hint("it must be UTF-8 text")
            })?;
            texts.push(text_of(line, number + 1, args.text.as_deref())?);
        }
        if texts.is_empty() {
            break;
        }
        failed += write(&model, &texts, pooling, first)?;
        first += texts.len();
    }
    if first == 0 {
        return Err(Failure::nothing("standard input holds no texts")
            .hint("one text a line: `holometer embed --model PATH < texts.txt`"));
    }
    if failed == 0 {
        return Ok(Exit::Done);
    }
    talk.say(&format!("{failed} of {first} texts could not be embedded; their lines say why"));
    Ok(Exit::Incomplete)
}

/// Writes the vectors of some texts, of which the first has the number `first`; says how many there are none of.
fn write(
    model: &LocalModel,
    texts: &[String],
    pooling: Pooling,
    first: usize,
) -> Result<usize, Failure> {
    let vectors: Mutex<Vec<Option<Result<Embedding, String>>>> =
        Mutex::new(texts.iter().map(|_| None).collect());
    model.embed(texts, pooling, &Cancel::new(), &|place, result| {
        let mut vectors = vectors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        vectors[place] = Some(result);
    });
    let mut failed = 0;
    let vectors = vectors.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (place, result) in vectors.iter().enumerate() {
        let index = first + place;
        let line = match result {
            Some(Ok(Embedding { vector, tokens })) => {
                Line::Vector { index, tokens: *tokens, embedding: vector }
            }
            Some(Err(error)) => Line::Failed { index, error },
            None => return Err(Failure::internal(format!("text {index} was not handed out"))),
        };
        failed += usize::from(matches!(line, Line::Failed { .. }));
        output::print(serde_json::to_string(&line).map_err(Failure::internal)?)?;
    }
    Ok(failed)
}

fn model_path(
    args: &EmbedArgs,
    environment: &Environment,
    talk: &Talk,
) -> Result<PathBuf, Failure> {
    if let Some(repository) = args.model.strip_prefix("hf:") {
        return fetch_model(&environment.library, repository, Part::Everything, talk)
            .map_err(Failure::usage);
    }
    local_path(&args.model).ok_or_else(|| {
        Failure::usage(format!("`{}` is no local model", args.model))
            .hint("name a folder, a .gguf file, or `hf:ORG/NAME`")
    })
}

/// The text of a line.
fn text_of(line: String, number: usize, field: Option<&str>) -> Result<String, Failure> {
    let Some(field) = field else { return Ok(line) };
    let json: Value = serde_json::from_str(&line).map_err(|error| {
        Failure::usage(format!("line {number} is not valid JSON ({error})"))
            .hint("without `--text` every line is a text")
    })?;
    let text = json.get(field).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| {
        Failure::usage(format!("line {number} has no text in `{field}`"))
            .hint("`--text` names the field that holds the text")
    })
}
