//! From the scoring flags to what metrics are given.

use std::path::Path;

use holometer_metrics::lexicon::{LEXICON_NAMES, Lexicon};
use serde_json::{Map, Value, json};

use crate::args::ScoringArgs;
use crate::failure::Failure;
use crate::pipeline::ScoreOptions;

/// Where a run's circumstances hold the word list that a suite file or a flag chose, so that scoring again uses the same.
pub(crate) const LEXICON_FIELD: &str = "lexicon";

impl ScoreOptions {
    /// With the word list that a suite file chooses, unless a flag chose one.
    pub(crate) fn with_lexicon(mut self, mentions: Option<&Value>) -> Self {
        if let (None, Some(mentions)) = (self.mentions, mentions) {
            self.mentions = Some(Box::leak(Box::new(mentions.clone())));
        }
        self
    }
}

/// Reads the files that the flags name, once per command. What was read stays for the program's life.
pub(crate) fn scoring(args: &ScoringArgs, helm_compat: bool) -> Result<ScoreOptions, Failure> {
    let mut options = ScoreOptions { helm_compat, ..ScoreOptions::default() };
    if let Some(lexicon) = &args.lexicon {
        options.mentions = Some(Box::leak(Box::new(lexicon_args(lexicon)?)));
    }
    if let Some(file) = &args.perspective_scores {
        options.toxicity = Some(Box::leak(Box::new(toxicity_scores(file)?)));
    }
    Ok(options)
}

/// A word list of the program or of a file.
pub(crate) fn read_lexicon(lexicon: &str) -> Result<Lexicon, Failure> {
    let args = lexicon_args(lexicon)?;
    let list = match args["lexicon_text"].as_str() {
        Some(text) => Lexicon::parse(text),
        None => Lexicon::named(lexicon).cloned(),
    };
    list.map_err(Failure::internal)
}

/// The arguments of the `mentions` metric for a list's name or file.
pub(super) fn lexicon_args(lexicon: &str) -> Result<Value, Failure> {
    if LEXICON_NAMES.contains(&lexicon) {
        return Ok(json!({ "lexicon": lexicon }));
    }
    let text = std::fs::read_to_string(lexicon).map_err(|error| {
        Failure::usage(format!("the word list `{lexicon}` can't be read: {error}")).hint(format!(
            "a file, or one of {}",
            LEXICON_NAMES.map(|name| format!("`{name}`")).join(", ")
        ))
    })?;
    Lexicon::parse(&text).map_err(|problem| {
        Failure::usage(format!("the word list `{lexicon}` is wrong: {problem}"))
            .hint("one line per group, for instance `gender=female: she, her, woman`")
    })?;
    Ok(json!({ "lexicon_text": text }))
}

/// A JSON Lines file of texts and scores as the `scores` of the toxicity metric.
fn toxicity_scores(file: &Path) -> Result<Value, Failure> {
    let wrong = |problem: String| {
        Failure::usage(format!("the scores in `{}` can't be read: {problem}", file.display()))
            .hint("one object a line, for instance {\"text\": \"hello\", \"score\": 0.03}")
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let mut scores = Map::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line = serde_json::from_str::<Value>(line)
            .map_err(|error| wrong(format!("line {}: {error}", index + 1)))?;
        match (line["text"].as_str(), line["score"].as_f64()) {
            (Some(text), Some(score)) if (0.0..=1.0).contains(&score) => {
                scores.insert(text.to_owned(), json!(score));
            }
            _ => {
                let problem = "`text` or a `score` from 0 to 1 is missing";
                return Err(wrong(format!("line {}: {problem}", index + 1)));
            }
        }
    }
    Ok(Value::Object(scores))
}
