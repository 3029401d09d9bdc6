//! Counterfactual names: people of a text get names of another group.

use std::collections::HashMap;
use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::counterfactual::words::{Word, in_case_of, is_capitalised, words};
use crate::counterfactual::{Edit, Memory, Rewrite, Rewriting, describe_swap};
use crate::{Arguments, PerturbError, PerturbationCard, Plugin};

const CARD: PerturbationCard = PerturbationCard {
    name: "swap_names",
    summary: "counterfactual: people's names become names of another group and the same sex",
    docs: "## What it does\n\nEach known first or last name becomes one of the target group, a first name one of the same sex: the same name throughout an \
        instance and its references, none that the text has already, and no name for two people. References change before the input. Each copy records \
        the number of changed words as `edits`.\n\n\
        ## Arguments\n\n`target`: `asian`, `black`, `hispanic`, `middle_eastern`, `white`, or `same` (another name of its own group). `source`: one of \
        the groups, `common` (of no group), or `any` (the default). `names`: `all` (the default), `first` or `last`.\n\n\
        ## Source and licence\n\nNames of groups after Tzioumis 2018 and the US census of 2010 as chosen for BBQ (Parrish et al. 2022, CC-BY-4.0), and first \
        names of which at least 90% of New York City's births of 2011 to 2019 were of one group (NYC Open Data, *Popular Baby Names*, public). \
        `parity/perturb/tables.py` makes the table.\n\n\
        ## Example\n\nWith `target=black`: `Kathleen met Carlos.` may become `Tanisha met Jamal.`\n\n\
        ## Placebo\n\n`placebo:for=swap_names` gives each person another name of their own group: as many changes, and nobody's group changes.\n\n\
        ## Caveats\n\nOnly names in the table are found, and only with a capital letter. Groups are those of US records. A name's group is a tendency and no \
        fact about a person. Names that are common words, or places, are left out.",
};

static NAMES: LazyLock<Names> =
    LazyLock::new(|| Names::read(include_str!("../tables/person_names.tsv")));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    text: &'static str,
    kind: &'static str,
    sex: &'static str,
    group: &'static str,
}

struct Names {
    all: Vec<Name>,
    places: HashMap<String, usize>,
}

impl Names {
    fn read(text: &'static str) -> Self {
        let lines = text.lines().skip(1).filter(|line| !line.starts_with('#'));
        let all: Vec<Name> = lines
            .filter_map(|line| {
                let mut fields = line.split('\t');
                let kind = fields.next()?;
                let (text, sex, group) = (fields.next()?, fields.next()?, fields.next()?);
                Some(Name { text, kind, sex, group })
            })
            .collect();
        let places = all.iter().enumerate().map(|(at, name)| (name.text.to_lowercase(), at));
        Self { places: places.collect(), all }
    }

    fn find(&self, word: &Word<'_>) -> Option<&Name> {
        let found = self.places.get(&word.lower).map(|at| &self.all[*at]);
        found.filter(|_| is_capitalised(word.text))
    }

    fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<&str> = self.all.iter().map(|name| name.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

pub(crate) fn plugin() -> Plugin {
    Plugin { card: CARD, build: |arguments, _| Ok(Box::new(Rewriting(SwapNames::new(arguments)?))) }
}

struct SwapNames {
    /// `None`: any.
    source: Option<String>,
    /// `None`: the name's own.
    target: Option<String>,
    kinds: String,
}

impl SwapNames {
    fn new(arguments: &Arguments<'_>) -> Result<Self, PerturbError> {
        let groups = NAMES.groups();
        let group = |key: &str, open: &str, least: usize| {
            let known = groups.iter().copied().filter(|group| least == 0 || *group != "common");
            let wanted = format!("`{open}`, or {}", known.clone().collect::<Vec<_>>().join(", "));
            match arguments.text(key) {
                Some(group) if group == open => Ok(None),
                Some(group) if known.clone().any(|known| known == group) => {
                    Ok(Some(group.to_owned()))
                }
                None if key == "source" => Ok(None),
                _ => Err(arguments.wrong(key, &wanted)),
            }
        };
        let (source, target) = (group("source", "any", 0)?, group("target", "same", 1)?);
        let kinds = arguments.text("names").unwrap_or("all").to_owned();
        if !matches!(kinds.as_str(), "all" | "first" | "last") {
            return Err(arguments.wrong("names", "`all`, `first` or `last`"));
        }
        Ok(Self { source, target, kinds })
    }

    fn is_swapped(&self, name: &Name) -> bool {
        let of_source = self.source.as_deref().is_none_or(|source| source == name.group);
        let of_kind = self.kinds == "all" || self.kinds == name.kind;
        of_source && of_kind && self.target.as_deref() != Some(name.group)
    }

    /// Another name for a person; `None` when the text has them all.
    fn replacement(
        &self,
        name: &Name,
        words: &[Word<'_>],
        random: &mut PyRandom,
        memory: &Memory,
    ) -> Option<&'static str> {
        let group = self.target.as_deref().unwrap_or(name.group);
        let taken = |option: &str| {
            let lower = option.to_lowercase();
            words.iter().any(|word| word.lower == lower)
                || memory.values().any(|used| used == option)
        };
        let options: Vec<&'static str> = NAMES
            .all
            .iter()
            .filter(|other| {
                other.kind == name.kind && other.sex == name.sex && other.group == group
            })
            .map(|other| other.text)
            .filter(|option| !taken(option))
            .collect();
        random.choice(&options).copied()
    }
}

impl Rewrite for SwapNames {
    fn description(&self) -> PerturbationDescription {
        let source = self.source.as_deref().unwrap_or("any");
        let target = self.target.as_deref().unwrap_or("same");
        describe_swap("swap_names", "race", source, target, &[("names", json!(self.kinds))])
    }

    fn edits(&self, text: &str, random: &mut PyRandom, memory: &mut Memory) -> Vec<Edit> {
        let words = words(text);
        let mut edits = Vec::new();
        for word in &words {
            let Some(name) = NAMES.find(word).filter(|name| self.is_swapped(name)) else {
                continue;
            };
            if !memory.contains_key(&word.lower) {
                let Some(other) = self.replacement(name, &words, random, memory) else { continue };
                memory.insert(word.lower.clone(), other.to_owned());
            }
            let text = in_case_of(word.text, &memory[&word.lower]);
            edits.push(Edit { range: word.start..word.end, text });
        }
        edits
    }
}
