//! Dialect: words of Standard American English become African-American Vernacular English.

use std::collections::HashMap;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::{Captures, Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use crate::case::match_case;
use crate::{
    Arguments, CountsAs, PerturbError, Perturbation, PerturbationCard, Plugin, Resource, Resources,
    describe,
};

const CARD: PerturbationCard = PerturbationCard {
    name: "dialect",
    summary: "words of Standard American English become African-American Vernacular English, as in HELM",
    docs: "## What it does\n\nEach word of the mapping becomes one of its forms in the other dialect with probability `prob`, in its case. \
        References change before the input.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1. `source_class`, `target_class`: `SAE` and `AAVE`, unless `mapping_file_path` names a JSON file of your own.\n\n\
        ## Source and licence\n\nHELM's `DialectPerturbation`; mapping of 1,050 entries from Ziems et al. 2022, *VALUE* (Apache-2.0).\n\n\
        ## Example\n\n` with you ` may become ` wit you `.\n\n\
        ## Caveats\n\nHELM's faults, kept for parity: the characters around a word are consumed, so words at the text's edges and the second of two \
        adjacent words never change; only words change, not grammar.",
};

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, resources| Ok(Box::new(Dialect::new(arguments, resources)?)),
    }
}

struct Dialect {
    prob: f64,
    source_class: String,
    target_class: String,
    mapping_file: Option<String>,
    mapping: HashMap<String, Vec<String>>,
    pattern: Regex,
}

impl Dialect {
    fn new(arguments: &Arguments<'_>, resources: Resources<'_>) -> Result<Self, PerturbError> {
        let source_class = arguments.needed_text("source_class")?.to_uppercase();
        let target_class = arguments.needed_text("target_class")?.to_uppercase();
        let mapping_file = arguments.text("mapping_file_path").map(str::to_owned);
        let resource = match &mapping_file {
            Some(path) => Resource::File(path.clone()),
            None if (source_class.as_str(), target_class.as_str()) == ("SAE", "AAVE") => {
                Resource::DialectMapping
            }
            None => {
                return Err(arguments.wrong(
                    "source_class",
                    "`SAE` with target `AAVE`, or give `mapping_file_path`",
                ));
            }
        };
        let text = arguments.resource(&resource, resources)?;
        let table: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
            arguments.unreadable(format!("the dialect mapping can't be read: {error}"))
        })?;
        let words: Vec<String> = table.keys().map(|word| regex::escape(word)).collect();
        let pattern = RegexBuilder::new(&format!(r"[^\w-]({})[^\w-]", words.join("|")))
            .case_insensitive(true)
            .build()
            .map_err(|error| {
                arguments.unreadable(format!("the dialect mapping makes no pattern: {error}"))
            })?;
        let forms = |list: Value| serde_json::from_value::<Vec<String>>(list).unwrap_or_default();
        let mapping = table.into_iter().map(|(word, list)| (word, forms(list))).collect();
        let prob = arguments.probability("prob", None)?;
        Ok(Self { prob, source_class, target_class, mapping_file, mapping, pattern })
    }
}

impl Perturbation for Dialect {
    fn description(&self) -> PerturbationDescription {
        let parameters = [
            ("prob", json!(self.prob)),
            ("source_class", json!(self.source_class)),
            ("target_class", json!(self.target_class)),
        ];
        let mut description = describe("dialect", CountsAs::Fairness, &parameters);
        if let Some(path) = &self.mapping_file {
            description.parameters.insert("mapping_file_path".into(), json!(path));
        }
        description
    }

    fn perturbs_references(&self) -> bool {
        true
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        let substitute = |found: &Captures<'_>| {
            let word = &found[1];
            if random.uniform(0.0, 1.0) >= self.prob {
                return found[0].to_owned();
            }
            let forms = self.mapping.get(&word.to_lowercase());
            match forms.and_then(|forms| random.choice(forms)) {
                Some(form) => found[0].replace(word, &match_case(word, form)),
                None => found[0].to_owned(),
            }
        };
        self.pattern.replace_all(text, substitute).into_owned()
    }
}
