//! Gender terms and pronouns.

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use regex::{Captures, Regex, RegexBuilder};
use serde_json::json;

use crate::case::match_case;
use crate::{
    Arguments, CountsAs, PerturbError, Perturbation, PerturbationCard, Plugin, Resource, Resources,
    describe,
};

const CARD: PerturbationCard = PerturbationCard {
    name: "gender",
    summary: "gendered terms or pronouns of one gender become another's, as in HELM",
    docs: "## What it does\n\nEach term or pronoun of the source gender becomes the target gender's with probability `prob`, in its case. References \
        change before the input.\n\n\
        ## Arguments\n\n`mode`: `terms` or `pronouns`. `prob`: from 0 to 1. `source_class`, `target_class`: `neutral`, `female` or `male`. \
        `bidirectional`: also the other way. `mapping_file_path` with `mapping_file_genders`: a JSON list of word tuples of your own.\n\n\
        ## Source and licence\n\nHELM's `GenderPerturbation`; terms from Garg et al. 2018 and Bolukbasi et al. 2016 with HELM's additions, pronouns from \
        Lauscher et al. 2022.\n\n\
        ## Example\n\n` he said ` becomes ` she said `.\n\n\
        ## Caveats\n\nHELM's faults, kept for parity: pairs are applied one after another, so *his* is always *her* and never *hers*; the characters \
        around a word are consumed, so words at the text's edges and the second of two adjacent words never change; `grandfathers` is missing.",
};

const GENDERS: [&str; 3] = ["neutral", "female", "male"];

const PRONOUNS: [[&str; 3]; 5] = [
    ["they", "she", "he"],
    ["them", "her", "him"],
    ["their", "her", "his"],
    ["theirs", "hers", "his"],
    ["themselves", "herself", "himself"],
];

const TERMS: [[&str; 3]; 32] = [
    ["child", "daughter", "son"],
    ["children", "daughters", "sons"],
    ["parent", "mother", "father"],
    ["parents", "mothers", "fathers"],
    ["kiddo", "girl", "boy"],
    ["kiddos", "girls", "boys"],
    ["person", "woman", "man"],
    ["people", "women", "men"],
    ["sibling", "sister", "brother"],
    ["siblings", "sisters", "brothers"],
    ["nibling", "niece", "nephew"],
    ["niblings", "nieces", "nephews"],
    ["monarch", "queen", "king"],
    ["monarchs", "queens", "kings"],
    ["server", "waitress", "waiter"],
    ["servers", "waitresses", "waiters"],
    ["parent", "mom", "dad"],
    ["parents", "moms", "dads"],
    ["stepchild", "stepdaughter", "stepson"],
    ["stepchildren", "stepdaughters", "stepsons"],
    ["stepparent", "stepmother", "stepfather"],
    ["stepparents", "stepmothers", "stepfathers"],
    ["stepparent", "stepmom", "stepdad"],
    ["stepparents", "stepmoms", "stepdads"],
    ["grandchild", "granddaughter", "grandson"],
    ["grandchildren", "granddaughters", "grandsons"],
    ["grandparent", "grandmother", "grandfather"],
    ["grandparents", "grandmothers", "grandfather"],
    ["grandparent", "grandma", "granddad"],
    ["grandparents", "grandmas", "granddads"],
    ["human", "female", "male"],
    ["humans", "females", "males"],
];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, resources| Ok(Box::new(Gender::new(arguments, resources)?)),
    }
}

struct Gender {
    mode: String,
    prob: f64,
    source_class: String,
    target_class: String,
    bidirectional: bool,
    pairs: Vec<(Regex, String)>,
}

impl Gender {
    fn new(arguments: &Arguments<'_>, resources: Resources<'_>) -> Result<Self, PerturbError> {
        let mode = arguments.needed_text("mode")?.to_owned();
        let built_in: Vec<Vec<String>> = match mode.as_str() {
            "terms" => owned(&TERMS),
            "pronouns" => owned(&PRONOUNS),
            _ => return Err(arguments.wrong("mode", "`terms` or `pronouns`")),
        };
        let (genders, mappings) = match arguments.text("mapping_file_path") {
            Some(path) => own_mapping(path, arguments, resources)?,
            None => (GENDERS.map(str::to_owned).to_vec(), built_in),
        };
        let position = |key: &str| {
            let class = arguments.needed_text(key)?.to_lowercase();
            let at = genders.iter().position(|gender| *gender == class);
            at.map(|at| (class, at))
                .ok_or_else(|| arguments.wrong(key, &format!("one of {}", genders.join(", "))))
        };
        let (source_class, source) = position("source_class")?;
        let (target_class, target) = position("target_class")?;
        let bidirectional = arguments.flag("bidirectional", false)?;
        let mut words: Vec<(&String, &String)> =
            mappings.iter().map(|row| (&row[source], &row[target])).collect();
        if bidirectional {
            words.extend(mappings.iter().map(|row| (&row[target], &row[source])));
        }
        let pairs = words
            .into_iter()
            .map(|(word, synonym)| Ok((whole_word(word, arguments)?, synonym.clone())))
            .collect::<Result<_, PerturbError>>()?;
        let prob = arguments.probability("prob", None)?;
        Ok(Self { mode, prob, source_class, target_class, bidirectional, pairs })
    }
}

fn owned(rows: &[[&str; 3]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect()
}

/// A mapping from a file: its genders, and a row of words per meaning.
fn own_mapping(
    path: &str,
    arguments: &Arguments<'_>,
    resources: Resources<'_>,
) -> Result<(Vec<String>, Vec<Vec<String>>), PerturbError> {
    let text = arguments.resource(&Resource::File(path.to_owned()), resources)?;
    let rows: Vec<Vec<String>> = serde_json::from_str(&text).map_err(|error| {
        arguments.unreadable(format!("`{path}` is not a list of lists of words: {error}"))
    })?;
    let genders: Vec<String> = arguments.list("mapping_file_genders").ok_or_else(|| {
        arguments.wrong("mapping_file_genders", "a list of the genders in the file's order")
    })?;
    if let Some(row) = rows.iter().find(|row| row.len() != genders.len()) {
        return Err(arguments.unreadable(format!("`{path}`: {row:?} has not one word per gender")));
    }
    let lower = |words: Vec<String>| words.into_iter().map(|word| word.to_lowercase()).collect();
    Ok((lower(genders), rows.into_iter().map(lower).collect()))
}

fn whole_word(word: &str, arguments: &Arguments<'_>) -> Result<Regex, PerturbError> {
    RegexBuilder::new(&format!(r"[^\w]({})[^\w]", regex::escape(word)))
        .case_insensitive(true)
        .build()
        .map_err(|error| arguments.unreadable(format!("`{word}` makes no pattern: {error}")))
}

impl Perturbation for Gender {
    fn description(&self) -> PerturbationDescription {
        let parameters = [
            ("mode", json!(self.mode)),
            ("prob", json!(self.prob)),
            ("source_class", json!(self.source_class)),
            ("target_class", json!(self.target_class)),
            ("bidirectional", json!(self.bidirectional)),
        ];
        describe("gender", CountsAs::Fairness, &parameters)
    }

    fn perturbs_references(&self) -> bool {
        true
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        self.pairs.iter().fold(text.to_owned(), |text, (pattern, synonym)| {
            let substitute = |found: &Captures<'_>| {
                let word = &found[1];
                if random.uniform(0.0, 1.0) < self.prob {
                    found[0].replace(word, &match_case(word, synonym))
                } else {
                    found[0].to_owned()
                }
            };
            pattern.replace_all(&text, substitute).into_owned()
        })
    }
}
