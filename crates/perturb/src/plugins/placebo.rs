//! A placebo: as many words change as in a counterfactual copy, and nothing about anybody's group.

use std::collections::HashMap;
use std::sync::LazyLock;

use holometer_core::{Instance, PerturbationDescription, PerturbationSpec};
use holometer_pyrand::PyRandom;
use serde_json::{Map, Value, json};

use crate::counterfactual::words::{in_case_of, words};
use crate::counterfactual::{EDITS, Edit, applied, copy};
use crate::{
    Arguments, CountsAs, PerturbError, Perturbation, PerturbationCard, Plugin, Resources, build,
    describe, random_for, table,
};

const CARD: PerturbationCard = PerturbationCard {
    name: "placebo",
    summary: "as many changes as a counterfactual makes, and none that says anything about a group",
    docs: "## What it does\n\nCounts how many words the named perturbation changes in an instance and changes as many that mean the same before and after: \
        *big* and *large*, *begin* and *start*. For `swap_names` it gives each person another name of their own group instead. What a model's \
        answers change under the placebo is what any rewriting changes: the gap of a counterfactual counts beyond it.\n\n\
        ## Arguments\n\n`for`: the perturbation it is matched to, for instance `swap_gender`. Further arguments are that perturbation's own.\n\n\
        ## Source and licence\n\nOur own list of word pairs. The idea is a sham treatment's; for language models see FairPair (Dwivedi-Yu et al. 2024).\n\n\
        ## Example\n\n`placebo:for=swap_gender` on `She began a large project.` may give `She started a large project.`: one word, as \
        `swap_gender` changes one.\n\n\
        ## Caveats\n\nA text without enough such words changes less: the copy records `edits` and `edits_wanted`. Where nothing changes, the copy is left out and \
        counted.",
};

static PAIRS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = table::rows(include_str!("../tables/neutral_pairs.tsv"));
    let mut pairs = HashMap::new();
    for (first, second) in rows {
        pairs.entry(first).or_insert(second);
        pairs.entry(second).or_insert(first);
    }
    pairs
});

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, resources| Ok(Box::new(Placebo::new(arguments, resources)?)),
    }
}

struct Placebo {
    matched: String,
    inner: Box<dyn Perturbation>,
    /// Whether the inner perturbation's own changes are the placebo.
    own_changes: bool,
}

impl Placebo {
    fn new(arguments: &Arguments<'_>, resources: Resources<'_>) -> Result<Self, PerturbError> {
        let matched = arguments.needed_text("for")?.to_owned();
        if matched == CARD.name {
            return Err(arguments.wrong("for", "another perturbation"));
        }
        let mut args: Map<String, Value> =
            arguments.values.as_object().cloned().unwrap_or_default();
        args.remove("for");
        let own_changes = matched == "swap_names";
        match matched.as_str() {
            "swap_names" => {
                args.insert("target".to_owned(), json!("same"));
            }
            "swap_religion" | "swap_nationality" => {
                args.entry("target").or_insert_with(|| json!("next"));
            }
            _ => {}
        }
        let spec = PerturbationSpec { name: matched.clone(), args: Value::Object(args) };
        Ok(Self { matched, inner: build(&spec, resources)?, own_changes })
    }
}

impl Perturbation for Placebo {
    fn description(&self) -> PerturbationDescription {
        let parameters = [("placebo", json!(true)), ("placebo_for", json!(self.matched))];
        describe(CARD.name, CountsAs::Neither, &parameters)
    }

    /// A text alone: as many changes as the matched perturbation makes in it.
    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let mut other = random.clone();
        let changed = self.inner.perturb(text, random);
        if self.own_changes {
            return changed;
        }
        let wanted = differing_words(text, &changed);
        applied(text, &neutral_edits(text, wanted, &mut other)).0
    }

    fn apply(&self, instance: &Instance, seed: Option<u64>) -> Instance {
        let changed = self.inner.apply(instance, seed);
        let inner = changed.perturbation.as_ref();
        let counted = inner.and_then(|inner| inner.parameters.get(EDITS)).and_then(Value::as_u64);
        let wanted = counted.map_or_else(
            || differing_words(&instance.input.text, &changed.input.text),
            |counted| counted as usize,
        );
        let mut description = PerturbationDescription { seed, ..self.description() };
        if self.own_changes {
            description.parameters.insert(EDITS.to_owned(), json!(wanted));
            return Instance { perturbation: Some(description), ..changed };
        }
        description.parameters.insert("edits_wanted".to_owned(), json!(wanted));
        let mut random = random_for(instance, seed);
        let mut left = wanted;
        let references = instance.references.clone();
        let mut rewrite = |text: &str| {
            let (text, edits) = applied(text, &neutral_edits(text, left, &mut random));
            left -= edits.min(left);
            (text, edits)
        };
        let without = Instance { references: Vec::new(), ..instance.clone() };
        Instance { references, ..copy(&without, &mut rewrite, description) }
    }
}

/// So many neutral changes, drawn from those that the text allows.
fn neutral_edits(text: &str, wanted: usize, random: &mut PyRandom) -> Vec<Edit> {
    let words = words(text);
    let possible: Vec<Edit> = words
        .iter()
        .filter_map(|word| {
            let other = PAIRS.get(word.lower.as_str())?;
            let text = in_case_of(word.text, other);
            Some(Edit { range: word.start..word.end, text })
        })
        .collect();
    let wanted = wanted.min(possible.len());
    let mut chosen = random.sample(&possible, wanted).unwrap_or_default();
    chosen.sort_by_key(|edit| edit.range.start);
    chosen
}

/// How many words of a text another version does not have at their place; of versions of different length, how many more or fewer
/// there are as well.
fn differing_words(before: &str, after: &str) -> usize {
    let (before, after) = (before.split_whitespace(), after.split_whitespace());
    let lengths = before.clone().count().abs_diff(after.clone().count());
    lengths + before.zip(after).filter(|(before, after)| before != after).count()
}
