//! The file of predictions: one JSON object per line.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use holometer_core::{
    Completion, Decoding, FinishReason, Instance, InstanceId, Outcome, Prompt, Reference, Request,
    RequestState, Response, ScoredToken, Split,
};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// One prediction with what it is compared to.
pub(crate) struct Line {
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    /// The instance and request.
    pub(crate) state: RequestState,
    /// What the model wrote.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) seconds: Option<f64>,
    /// The groups that it belongs to, such as `gender: female`.
    pub(crate) groups: Vec<String>,
}

impl Line {
    /// The instance.
    pub(crate) fn instance(&self) -> &Instance {
        &self.state.instance
    }

    /// How many completions there are.
    pub(crate) fn completions(&self) -> usize {
        self.outcome.response().map_or(0, |response| response.completions.len())
    }
}

/// How many bad lines are named before the rest are counted.
const NAMED: usize = 10;

/// Reads all lines. Bad ones end the command, or are named and left out.
pub(crate) fn read(path: &Path, skip_bad: bool) -> Result<(Vec<Line>, Vec<String>), Failure> {
    let text = contents(path)?;
    let name = path.display();
    let numbered: Vec<(usize, &str)> =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    let read: Vec<Result<Line, String>> = numbered
        .into_par_iter()
        .map(|(at, line)| {
            parse(at + 1, line).map_err(|problem| format!("line {} of `{name}`: {problem}", at + 1))
        })
        .collect();
    let mut lines = Vec::with_capacity(read.len());
    let mut bad = Vec::new();
    for line in read {
        match line {
            Ok(line) => lines.push(line),
            Err(problem) => bad.push(problem),
        }
    }
    if !skip_bad && !bad.is_empty() {
        let mut message = bad[..bad.len().min(NAMED)].join("\n");
        if bad.len() > NAMED {
            let more = bad.len() - NAMED;
            message = format!("{message}\nand {more} more bad lines");
        }
        return Err(Failure::usage(message).hint(
            "mend them, or leave them out with `--skip-bad-lines`; `holometer score --help` lists the fields",
        ));
    }
    Ok((lines, bad))
}

/// The first bytes of compressed files, the format, and the command that unpacks it.
const PACKED: [(&[u8], &str, &str); 2] =
    [(&[0x1f, 0x8b], "gzip", "gzip -dc"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "zstd -dc")];

fn contents(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    let name = path.display();
    result.map_err(|error| Failure::usage(format!("can't read `{name}`: {error}")))?;
    if let Some((_, format, command)) = PACKED.iter().find(|(mark, ..)| bytes.starts_with(mark)) {
        return Err(Failure::usage(format!("`{name}` is compressed ({format})"))
            .hint(format!("unpack it on the way: `{command} FILE | holometer score ... -`")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let read = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let at = read.split(|byte| *byte == b'\n').count() - 1;
        Failure::usage(format!("line {} of `{name}` is not UTF-8", at + 1))
            .hint("convert the file to UTF-8")
    })
}

/// One text or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        }
    }
}

/// Log-probabilities of one prediction or of several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a list of numbers, or a list of such lists")]
enum Logprobs {
    One(Vec<f64>),
    Several(Vec<Vec<f64>>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, a list of texts, or an object of texts")]
enum Groups {
    One(String),
    Several(Vec<String>),
    Named(BTreeMap<String, Value>),
}

/// A line as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(alias = "predictions", alias = "completion", alias = "completions", alias = "output")]
    prediction: Texts,
    #[serde(default, alias = "reference", alias = "answer", alias = "answers")]
    references: Option<Texts>,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    input: String,
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    cluster: Option<String>,
    #[serde(default, alias = "groups")]
    group: Option<Groups>,
    #[serde(default)]
    logprobs: Option<Logprobs>,
    #[serde(default)]
    seconds: Option<f64>,
    #[serde(default)]
    prompt_tokens: Option<usize>,
    #[serde(default)]
    completion_tokens: Option<usize>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    extra: BTreeMap<String, Value>,
}

fn parse(number: usize, line: &str) -> Result<Line, String> {
    let raw: Raw = serde_json::from_str(line).map_err(|error| said(&error))?;
    let completions = completions(raw.prediction.list(), raw.logprobs, raw.finish_reason)?;
    let references = raw.references.map(Texts::list).unwrap_or_default();
    let (references, output_mapping) = answers(references, &raw.choices)?;
    let mut instance = Instance::new(raw.input, references, Split::Test);
    let id = match raw.id {
        None => format!("line{number}"),
        Some(Value::String(id)) => id,
        Some(other) => other.to_string(),
    };
    instance.id = InstanceId::from(id.as_str());
    instance.cluster = raw.cluster;
    instance.extra = raw.extra;
    let request = Request::Generate {
        prompt: Prompt::Text(instance.input.text.clone()),
        decoding: Decoding::default(),
    };
    let state = RequestState {
        instance: Arc::new(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: 0,
        output_mapping,
        request,
        num_train_instances: 0,
        prompt_truncated: false,
        num_conditioning_tokens: 0,
    };
    let response = Response {
        completions,
        prompt_tokens: raw.prompt_tokens,
        completion_tokens: raw.completion_tokens,
        ..Response::default()
    };
    let groups = raw.group.map(labels).unwrap_or_default();
    Ok(Line { number, state, outcome: Outcome::Answered(response), seconds: raw.seconds, groups })
}

/// The parser's words without its own line number, which is always 1.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (problem, place) = text.rsplit_once(" at line 1 column ").unwrap_or((text.as_str(), ""));
    let problem = match error.classify() {
        serde_json::error::Category::Data if problem.starts_with("a ") => {
            format!("expected {problem}")
        }
        serde_json::error::Category::Data => problem.to_owned(),
        _ => format!("not JSON: {problem}"),
    };
    if place.is_empty() { problem } else { format!("{problem} (column {place})") }
}

fn completions(
    texts: Vec<String>,
    logprobs: Option<Logprobs>,
    finish: Option<String>,
) -> Result<Vec<Completion>, String> {
    if texts.is_empty() {
        return Err("`prediction` is an empty list".into());
    }
    let logprobs = match logprobs {
        None => vec![Vec::new(); texts.len()],
        Some(Logprobs::One(one)) => vec![one],
        Some(Logprobs::Several(several)) => several,
    };
    if logprobs.len() != texts.len() {
        let (given, wanted) = (logprobs.len(), texts.len());
        return Err(format!("`logprobs` has {given} lists for {wanted} predictions"));
    }
    if logprobs.iter().flatten().any(|logprob| *logprob > 0.0) {
        return Err("`logprobs` holds a number above 0, which is no log-probability".into());
    }
    let reason = finish.map(|reason| match reason.as_str() {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "end_of_text" | "endoftext" | "eos" => FinishReason::EndOfText,
        _ => FinishReason::Other(reason),
    });
    let completion = |(text, logprobs): (String, Vec<f64>)| Completion {
        text,
        tokens: logprobs
            .into_iter()
            .map(|logprob| ScoredToken {
                text: String::new(),
                logprob: Some(logprob),
                top: Vec::new(),
            })
            .collect(),
        finish_reason: reason.clone(),
        ..Completion::default()
    };
    Ok(texts.into_iter().zip(logprobs).map(completion).collect())
}

type Mapping = Option<Vec<(String, String)>>;

/// The references, and the letters of the choices. A right answer among choices is named by its text or its letter.
fn answers(right: Vec<String>, choices: &[String]) -> Result<(Vec<Reference>, Mapping), String> {
    if choices.is_empty() {
        return Ok((right.into_iter().map(Reference::correct).collect(), None));
    }
    if choices.len() > 26 {
        return Err(format!("there are {} choices, but only 26 letters", choices.len()));
    }
    let lettered: Vec<(String, String)> =
        ('A'..='Z').map(String::from).zip(choices.iter().cloned()).collect();
    let is_right = |letter: &String, choice: &String| {
        right.contains(choice) || (right.contains(letter) && !choices.contains(letter))
    };
    let references: Vec<Reference> = lettered
        .iter()
        .map(|(letter, choice)| {
            if is_right(letter, choice) {
                Reference::correct(choice.clone())
            } else {
                Reference::wrong(choice.clone())
            }
        })
        .collect();
    if !references.iter().any(Reference::is_correct) {
        return Err(format!("none of the choices is the right answer `{}`", right.join("`, `")));
    }
    Ok((references, Some(lettered)))
}

fn labels(groups: Groups) -> Vec<String> {
    match groups {
        Groups::One(group) => vec![group],
        Groups::Several(groups) => groups,
        Groups::Named(groups) => groups
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(value) => format!("{name}: {value}"),
                other => format!("{name}: {other}"),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: &str) -> String {
        parse(1, line).err().unwrap_or_default()
    }

    #[test]
    fn choices_get_letters_and_the_right_one_is_named_by_text_or_letter() {
        for answer in ["blue", "B"] {
            let line = format!(
                r#"{{"prediction": "B", "choices": ["red", "blue"], "answer": "{answer}"}}"#
            );
            let line = parse(3, &line).unwrap_or_else(|problem| panic!("{problem}"));
            let right: Vec<&str> =
                line.instance().correct_references().map(|r| r.output.text.as_str()).collect();
            assert_eq!(right, ["blue"]);
            assert_eq!(line.state.output_mapping.as_ref().map(Vec::len), Some(2));
            assert_eq!(line.instance().id.as_str(), "line3");
        }
    }

    #[test]
    fn problems_are_named() {
        assert!(problem(r#"{"prediction": 3}"#).starts_with("expected a text or a list of texts"));
        assert!(problem(r#"{"references": "a"}"#).contains("missing field `prediction`"));
        assert!(problem(r#"{"prediction": "a", "refs": "a"}"#).contains("unknown field `refs`"));
        assert!(problem(r#"{"prediction": "a" "b"}"#).contains("column"));
        assert!(problem(r#"{"prediction": "a", "logprobs": [1.0]}"#).contains("above 0"));
        assert!(problem(r#"{"prediction": "a", "choices": ["x"], "answer": "y"}"#).contains("`y`"));
    }
}
