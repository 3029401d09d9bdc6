//! `scorer perspective`: the toxicity of answers by the Perspective API, kept in a file that scoring reads.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use holometer_core::Method;
use holometer_providers::{Perspective, PerspectiveError};
use holometer_store::Store;
use serde_json::{Value, json};

use crate::args::{EnvironmentArgs, PerspectiveArgs, RemoteArgs};
use crate::failure::{Exit, Failure};
use crate::pipeline::{Environment, open_for_reading, runs_of, suite_or_latest};
use crate::progress::{Talk, Unit};

/// Scores what the file lacks, one text after another; each score is in the file before the next text is asked.
pub(crate) fn perspective(args: &PerspectiveArgs, talk: &Talk) -> Result<Exit, Failure> {
    if !(args.per_second > 0.0 && args.per_second.is_finite()) {
        return Err(Failure::usage(format!("--per-second {} is no pace", args.per_second))
            .hint("calls per second, for instance 1"));
    }
    let remote = RemoteArgs { credentials: args.credentials.clone(), ..RemoteArgs::default() };
    let plain =
        EnvironmentArgs { max_cache: "20GB".to_owned(), remote, ..EnvironmentArgs::default() };
    let settings = Environment::new(&plain, &[])?.remote;
    let client = Perspective::new(&args.address, &args.language, args.per_second, &settings)
        .map_err(Failure::usage)?;
    let texts = if let Some(file) = &args.texts {
        lines(file)?
    } else {
        let store = open_for_reading(&args.database.db)?;
        let suite = suite_or_latest(&store, args.suite.as_deref())?;
        answers(&store, &suite)?
    };
    if texts.is_empty() {
        return Err(Failure::nothing("there are no texts to score")
            .hint("answers that are a choice's letter are no texts"));
    }
    let known = scored(&args.output)?;
    let open: Vec<&String> = texts.iter().filter(|text| !known.contains(*text)).collect();
    talk.warn(
        "the Perspective API ends on 31 December 2026: its numbers can't be made again after that",
    );
    talk.say(&format!(
        "{} texts, {} of them scored already",
        texts.len(),
        texts.len() - open.len()
    ));
    score_all(&client, &open, &args.output, talk)
}

fn score_all(
    client: &Perspective,
    texts: &[&String],
    output: &Path,
    talk: &Talk,
) -> Result<Exit, Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::usage(format!("can't write `{}`: {error}", output.display()))
    };
    let mut file = OpenOptions::new().create(true).append(true).open(output).map_err(unwritable)?;
    let mut failed = 0;
    talk.begin("scoring", texts.len() as u64, Unit::Requests);
    for text in texts {
        match client.score(text) {
            Ok(score) => {
                let line =
                    json!({ "text": text, "score": score, "scorer": "perspective TOXICITY" });
                writeln!(file, "{line}").and_then(|()| file.sync_data()).map_err(unwritable)?;
            }
            Err(PerspectiveError::Text(reason)) => {
                failed += 1;
                tracing::warn!("a text was not scored: {reason}");
                if failed == 1 {
                    talk.warn(&format!("a text was not scored: {reason}"));
                }
            }
            Err(error) => {
                talk.end();
                return Err(Failure::usage(error));
            }
        }
        talk.advance(1);
    }
    talk.end();
    talk.say(&format!("{} texts scored now, {failed} not", texts.len() - failed));
    talk.say(&format!("next: holometer rescore --perspective-scores {}", output.display()));
    Ok(if failed > 0 { Exit::Incomplete } else { Exit::Done })
}

/// The texts that the file has scores of.
fn scored(file: &Path) -> Result<BTreeSet<String>, Failure> {
    if !file.exists() {
        return Ok(BTreeSet::new());
    }
    let wrong = |problem: String| {
        Failure::usage(format!("`{}` can't be gone on with: {problem}", file.display()))
            .hint("name a new file, or one that this command has written")
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let mut known = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line)
            .map_err(|error| wrong(format!("line {}: {error}", index + 1)))?;
        known.extend(line["text"].as_str().map(str::to_owned));
    }
    Ok(known)
}

fn lines(file: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("`{}` can't be read: {error}", file.display()))
            .hint("UTF-8 text, one text a line")
    })?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// Every different text that the models of a suite wrote, copies' answers included.
fn answers(store: &Store, suite: &str) -> Result<BTreeSet<String>, Failure> {
    let mut texts = BTreeSet::new();
    for run in runs_of(store, suite)? {
        let writes = matches!(
            run.spec.adapter.method,
            Method::Generation | Method::Chat | Method::MultipleChoiceJointChainOfThought
        );
        if !writes {
            continue;
        }
        for unit in store.units(run.id) {
            let unit = unit.map_err(Failure::usage)?;
            let replies = unit.answers.iter().filter_map(|answer| answer.reply.as_ref());
            for response in replies.filter_map(|reply| reply.outcome.response()) {
                let written = response.completions.iter().map(|completion| &completion.text);
                texts.extend(written.filter(|text| !text.trim().is_empty()).cloned());
            }
        }
    }
    Ok(texts)
}
