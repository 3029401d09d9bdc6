//! Counterfactual copies: the same question about somebody else, with a record of how many words changed.
//!
//! A rewriting says which places of a text it replaces. Everything else is common: references and inputs change
//! together, the number of changed words is kept with each copy, and a placebo can ask for as many changes that mean
//! nothing. This module knows no word lists; those are the plug-ins'.

pub(crate) mod agreement;
pub(crate) mod article;
pub(crate) mod groups;
pub(crate) mod pronouns;
pub(crate) mod table_swap;
pub(crate) mod words;

use std::collections::HashMap;
use std::ops::Range;

use holometer_core::{Instance, PerturbationDescription};
use holometer_pyrand::PyRandom;
use serde_json::{Value, json};

use crate::{CountsAs, Perturbation, describe, random_for};

/// The parameter that holds how many words of a copy differ from the original.
pub const EDITS: &str = "edits";

/// A place of a text and what stands there afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// What was decided for each word of an instance, so that a person keeps one name throughout.
pub(crate) type Memory = HashMap<String, String>;

/// A way of replacing words.
pub(crate) trait Rewrite: Send + Sync {
    /// What is recorded with each copy, without the number of edits.
    fn description(&self) -> PerturbationDescription;

    /// The replacements, in the order of the text and without overlaps.
    fn edits(&self, text: &str, random: &mut PyRandom, memory: &mut Memory) -> Vec<Edit>;
}

/// A rewriting as a perturbation.
pub(crate) struct Rewriting<R>(pub(crate) R);

impl<R: Rewrite> Perturbation for Rewriting<R> {
    fn description(&self) -> PerturbationDescription {
        self.0.description()
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        applied(text, &self.0.edits(text, random, &mut Memory::new())).0
    }

    fn apply(&self, instance: &Instance, seed: Option<u64>) -> Instance {
        let mut random = random_for(instance, seed);
        let mut memory = Memory::new();
        let mut rewrite = |text: &str| applied(text, &self.0.edits(text, &mut random, &mut memory));
        copy(instance, &mut rewrite, PerturbationDescription { seed, ..self.0.description() })
    }
}

/// A copy of an instance with every text rewritten, references first. The description gets the number of words that
/// changed in the question.
pub(crate) fn copy(
    instance: &Instance,
    rewrite: &mut dyn FnMut(&str) -> (String, usize),
    mut description: PerturbationDescription,
) -> Instance {
    let mut copy = instance.clone();
    for reference in &mut copy.references {
        reference.output.text = rewrite(&reference.output.text).0;
    }
    let (text, mut edits) = rewrite(&instance.input.text);
    copy.input.text = text;
    for message in &mut copy.input.messages {
        let (content, more) = rewrite(&message.content);
        message.content = content;
        edits += more;
    }
    description.parameters.insert(EDITS.to_owned(), json!(edits));
    copy.perturbation = Some(description);
    copy.contrast_inputs = vec![instance.input.clone()];
    copy
}

/// The text with its edits, and how many of them change something.
pub(crate) fn applied(text: &str, edits: &[Edit]) -> (String, usize) {
    let mut rewritten = String::with_capacity(text.len());
    let (mut from, mut changed) = (0, 0);
    for edit in edits.iter().filter(|edit| text[edit.range.clone()] != *edit.text) {
        rewritten.push_str(&text[from..edit.range.start]);
        rewritten.push_str(&edit.text);
        from = edit.range.end;
        changed += 1;
    }
    rewritten.push_str(&text[from..]);
    (rewritten, changed)
}

/// The description of a counterfactual: its groups are written `axis=group`.
pub(crate) fn describe_swap(
    name: &str,
    axis: &str,
    source: &str,
    target: &str,
    parameters: &[(&str, Value)],
) -> PerturbationDescription {
    let mut description = describe(name, CountsAs::Fairness, parameters);
    let group = |group: &str| json!(format!("{axis}={group}"));
    description.parameters.insert("source".to_owned(), group(source));
    description.parameters.insert("target".to_owned(), group(target));
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_that_change_nothing_are_not_counted() {
        let edit = |range, text: &str| Edit { range, text: text.to_owned() };
        let edits = [edit(0..3, "one"), edit(4..7, "2")];
        assert_eq!(applied("one two three", &edits), ("one 2 three".to_owned(), 1));
    }
}
