//! Counterfactual dialect, with whole words found wherever they stand.

use std::collections::HashMap;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::{Regex, RegexBuilder};
use serde_json::json;

use crate::counterfactual::words::in_case_of;
use crate::counterfactual::{Edit, Memory, Rewrite, Rewriting, describe_swap};
use crate::{Arguments, PerturbError, PerturbationCard, Plugin, Resource, Resources};

const CARD: PerturbationCard = PerturbationCard {
    name: "swap_dialect",
    summary: "counterfactual: words of Standard American English become African-American English, at every place",
    docs: "## What it does\n\nEach word or phrase of the mapping becomes one of its forms with probability `prob`, in its case. Unlike HELM's `dialect`, words at the \
        text's edges and neighbouring words change too, the longest entry that fits counts, and an entry that is its own form is no change. References \
        change before the input. Each copy records the number of changed words as `edits`.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1; 1 without it.\n\n\
        ## Source and licence\n\nThe mapping of 1,050 entries of Ziems et al. 2022, *VALUE* (Apache-2.0), as HELM has it: from a data folder \
        (`perturbations/dialect/SAE_to_AAVE_mapping.json`), or downloaded from where HELM keeps it.\n\n\
        ## Example\n\n`That is nothing` may become `Dat iz nuttin`.\n\n\
        ## Placebo\n\n`placebo:for=swap_dialect`.\n\n\
        ## Caveats\n\nOnly words change and no grammar, and spellings stand in for a dialect that is first of all spoken: differences show a reaction to such \
        spellings.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, resources| {
            Ok(Box::new(Rewriting(SwapDialect::new(arguments, resources)?)))
        },
    }
}

struct SwapDialect {
    prob: f64,
    mapping: HashMap<String, Vec<String>>,
    pattern: Regex,
}

impl SwapDialect {
    fn new(arguments: &Arguments<'_>, resources: Resources<'_>) -> Result<Self, PerturbError> {
        let prob = arguments.probability("prob", Some(1.0))?;
        let text = arguments.resource(&Resource::DialectMapping, resources)?;
        let table: HashMap<String, Vec<String>> = serde_json::from_str(&text).map_err(|error| {
            arguments.unreadable(format!("the dialect mapping can't be read: {error}"))
        })?;
        let mut mapping = HashMap::new();
        for (word, mut forms) in table {
            let word = word.to_lowercase();
            forms.retain(|form| *form != word);
            if !forms.is_empty() && !word.is_empty() {
                mapping.insert(word, forms);
            }
        }
        let mut words: Vec<&String> = mapping.keys().collect();
        words.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        let words: Vec<String> = words.into_iter().map(|word| regex::escape(word)).collect();
        let pattern = RegexBuilder::new(&format!(r"\b(?:{})\b", words.join("|")))
            .case_insensitive(true)
            .build()
            .map_err(|error| {
                arguments.unreadable(format!("the dialect mapping makes no pattern: {error}"))
            })?;
        Ok(Self { prob, mapping, pattern })
    }
}

impl Rewrite for SwapDialect {
    fn description(&self) -> PerturbationDescription {
        describe_swap("swap_dialect", "dialect", "sae", "aave", &[("prob", json!(self.prob))])
    }

    fn edits(&self, text: &str, random: &mut PyRandom, _memory: &mut Memory) -> Vec<Edit> {
        let mut edits = Vec::new();
        for found in self.pattern.find_iter(text) {
            let part_of_more = text[..found.start()].ends_with(['-', '\'', '\u{2019}'])
                || text[found.end()..].starts_with(['-', '\'', '\u{2019}']);
            let Some(forms) = self.mapping.get(&found.as_str().to_lowercase()) else { continue };
            if part_of_more || random.random() >= self.prob {
                continue;
            }
            if let Some(form) = random.choice(forms) {
                edits.push(Edit { range: found.range(), text: in_case_of(found.as_str(), form) });
            }
        }
        edits
    }
}
