//! Person names.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use holometer_core::{Input, Instance, PerturbationDescription};
use holometer_pyrand::PyRandom;
use regex::Regex;
use serde_json::json;

use crate::case::match_case;
use crate::{
    Arguments, CountsAs, PerturbError, Perturbation, PerturbationCard, Plugin, Resource, Resources,
    describe, random_for,
};

const CARD: PerturbationCard = PerturbationCard {
    name: "person_name",
    summary: "names of one group become another's, as in HELM",
    docs: "## What it does\n\nEach name of the source group becomes a name of the target group with probability `prob`, the same one throughout an \
        instance and its references, in its case. References change before the input.\n\n\
        ## Arguments\n\n`prob`: from 0 to 1. `source_class`, `target_class`: tables such as `{\"race\": \"white_american\"}`. \
        `person_name_type`: `first_name` or `last_name`. `preserve_gender`: a first name keeps its gender. `name_file_path`: a list of your own, \
        `name,first_name,race,white_american,gender,male` a line.\n\n\
        ## Source and licence\n\nHELM's `PersonNamePerturbation`; first names from Greenwald et al. 1998 as in Caliskan et al. 2017, last names from \
        Chalabi and Flowers 2014 as in Garg et al. 2018.\n\n\
        ## Example\n\n`Emily paid.` may become `Latisha paid.`\n\n\
        ## Caveats\n\nHELM's faults, kept for parity: further seeds give the same text as the first; names that are also words (`Will`, `Drew`) \
        change too.",
};

static SEPARATOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[^\w]").expect("a valid pattern"));

const GENDERS: [&str; 3] = ["female", "male", "neutral"];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, resources| Ok(Box::new(PersonName::new(arguments, resources)?)),
    }
}

/// Category, then value, then names in the file's order.
type Names = HashMap<String, HashMap<String, Vec<String>>>;

struct PersonName {
    prob: f64,
    source_class: Vec<(String, String)>,
    target_class: Vec<(String, String)>,
    name_file: Option<String>,
    name_type: String,
    preserve_gender: bool,
    names: Names,
    source_names: HashSet<String>,
    target_names: Vec<String>,
}

impl PersonName {
    fn new(arguments: &Arguments<'_>, resources: Resources<'_>) -> Result<Self, PerturbError> {
        let name_type = arguments.text("person_name_type").unwrap_or("first_name").to_lowercase();
        let preserve_gender = arguments.flag("preserve_gender", true)?;
        if !matches!(name_type.as_str(), "first_name" | "last_name") {
            return Err(arguments.wrong("person_name_type", "`first_name` or `last_name`"));
        }
        if preserve_gender && name_type == "last_name" {
            return Err(
                arguments.wrong("preserve_gender", "false for last names, which have no gender")
            );
        }
        let name_file = arguments.text("name_file_path").map(str::to_owned);
        let resource = name_file.clone().map_or(Resource::PersonNames, Resource::File);
        let names = read(&arguments.resource(&resource, resources)?, &name_type);
        let source_class = arguments.classes("source_class")?;
        let target_class = arguments.classes("target_class")?;
        let source_names = select(&names, &source_class, arguments)?.into_iter().collect();
        let target_names = select(&names, &target_class, arguments)?;
        let prob = arguments.probability("prob", None)?;
        Ok(Self {
            prob,
            source_class,
            target_class,
            name_file,
            name_type,
            preserve_gender,
            names,
            source_names,
            target_names,
        })
    }

    /// A name of the target group for a name of the source group; `None` when none has its gender.
    fn substitute(&self, name: &str, random: &mut PyRandom) -> Option<String> {
        let gendered = if self.preserve_gender { self.names.get("gender") } else { None };
        let of_gender = gendered.and_then(|table| {
            GENDERS
                .iter()
                .filter_map(|gender| table.get(*gender))
                .find(|names| names.iter().any(|known| known == name))
        });
        let Some(of_gender) = of_gender else { return random.choice(&self.target_names).cloned() };
        let options: Vec<&String> =
            self.target_names.iter().filter(|name| of_gender.contains(name)).collect();
        random.choice(&options).map(|name| (*name).clone())
    }

    fn rewrite(&self, text: &str, random: &mut PyRandom, memory: &mut Memory) -> String {
        let mut rewritten = String::with_capacity(text.len());
        let mut from = 0;
        for separator in SEPARATOR.find_iter(text) {
            rewritten.push_str(&self.token(&text[from..separator.start()], random, memory));
            rewritten.push_str(separator.as_str());
            from = separator.end();
        }
        rewritten.push_str(&self.token(&text[from..], random, memory));
        rewritten
    }

    fn token(&self, token: &str, random: &mut PyRandom, memory: &mut Memory) -> String {
        let lower = token.to_lowercase();
        let known = memory.substitutions.contains_key(&lower) || memory.skipped.contains(&lower);
        if !known && self.source_names.contains(&lower) {
            if random.uniform(0.0, 1.0) < self.prob {
                if let Some(name) = self.substitute(&lower, random) {
                    memory.substitutions.insert(lower.clone(), name);
                }
            } else {
                memory.skipped.insert(lower.clone());
            }
        }
        memory
            .substitutions
            .get(&lower)
            .map_or_else(|| token.to_owned(), |name| match_case(token, name))
    }
}

/// What was decided for each name of an instance.
#[derive(Default)]
struct Memory {
    substitutions: HashMap<String, String>,
    skipped: HashSet<String>,
}

fn read(text: &str, name_type: &str) -> Names {
    let mut names = Names::new();
    for line in text.lines() {
        let mut fields = line.split(',');
        let (Some(name), Some(kind)) = (fields.next(), fields.next()) else { continue };
        if kind != name_type {
            continue;
        }
        while let (Some(category), Some(value)) = (fields.next(), fields.next()) {
            let list =
                names.entry(category.to_owned()).or_default().entry(value.to_owned()).or_default();
            list.push(name.trim().to_lowercase());
        }
    }
    names
}

/// The names that belong to every class, in the order of the first.
fn select(
    names: &Names,
    classes: &[(String, String)],
    arguments: &Arguments<'_>,
) -> Result<Vec<String>, PerturbError> {
    let mut lists = Vec::new();
    for (category, value) in classes {
        let list = names.get(category).and_then(|values| values.get(value));
        lists.push(list.ok_or_else(|| {
            arguments.unreadable(format!("the list of names has none with {category} `{value}`"))
        })?);
    }
    let Some((first, rest)) = lists.split_first() else { return Ok(Vec::new()) };
    Ok(first.iter().filter(|name| rest.iter().all(|list| list.contains(name))).cloned().collect())
}

impl Perturbation for PersonName {
    fn description(&self) -> PerturbationDescription {
        let classes = |classes: &[(String, String)]| {
            classes
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        let parameters = [
            ("prob", json!(self.prob)),
            ("source_class", json!(classes(&self.source_class))),
            ("target_class", json!(classes(&self.target_class))),
            ("person_name_type", json!(self.name_type)),
            ("preserve_gender", json!(self.preserve_gender)),
        ];
        let mut description = describe("person_name", CountsAs::Fairness, &parameters);
        if let Some(path) = &self.name_file {
            description.parameters.insert("name_file_path".into(), json!(path));
        }
        description
    }

    fn perturb(&self, text: &str, random: &mut PyRandom) -> String {
        self.rewrite(text, random, &mut Memory::default())
    }

    /// One memory for the references and the input. HELM ignores the seed, and keeps the scenario's contrast inputs.
    fn apply(&self, instance: &Instance, _seed: Option<u64>) -> Instance {
        let mut random = random_for(instance, None);
        let mut memory = Memory::default();
        let mut perturbed = instance.clone();
        for reference in &mut perturbed.references {
            reference.output.text = self.rewrite(&reference.output.text, &mut random, &mut memory);
        }
        perturbed.input = Input::text(self.rewrite(&instance.input.text, &mut random, &mut memory));
        perturbed.perturbation = Some(self.description());
        perturbed
    }
}
