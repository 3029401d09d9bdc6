//! Counterfactual gender: pronouns and gendered words of a text become another gender's.

use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;
use serde_json::json;

use crate::counterfactual::agreement::verb_edits;
use crate::counterfactual::article::article_edit;
use crate::counterfactual::groups::GroupTable;
use crate::counterfactual::pronouns::{self, Gender};
use crate::counterfactual::words::{Word, in_case_of, words};
use crate::counterfactual::{Edit, Memory, Rewrite, Rewriting, describe_swap};
use crate::{Arguments, PerturbError, PerturbationCard, Plugin};

const CARD: PerturbationCard = PerturbationCard {
    name: "swap_gender",
    summary: "counterfactual: pronouns and gendered words become another gender's, in every form and both ways",
    docs: "## What it does\n\nEvery third-person pronoun and every gendered noun or title of the source gender becomes the target gender's, at once, so that \
        nothing is replaced twice. *Her* becomes *him* or *his*, and *his* becomes *her* or *hers*, by what stands around it; *they* takes its verb \
        along (*she walks*, *they walk*; *is he*, *are they*). References change before the input. Each copy records the number of changed words as \
        `edits`.\n\n\
        ## Arguments\n\n`source`: `male`, `female`, or `both` (the default: each becomes the other). `target`: `male`, `female` or `neutral`; \
        with `source=both`, `neutral` or `opposite` (the default). `words`: `all` (the default), `pronouns` or `terms`.\n\n\
        ## Source and licence\n\nPronouns by case; 98 rows of terms after Bolukbasi et al. 2016, Zhao et al. 2018 and HELM's list, with neutral forms. \
        Checked on Winogender (MIT, Rudinger et al. 2018: all 240 sentences in their male, female and neutral versions) and WinoBias (MIT, Zhao et al. \
        2018: 3,117 of 3,130 sentences become what their authors wrote, some by rules made for them).\n\n\
        ## Example\n\n`Her brother saw her leave his car.` becomes `His sister saw him leave her car.`\n\n\
        ## Placebo\n\n`placebo:for=swap_gender` changes as many words that mean nothing for gender.\n\n\
        ## Caveats\n\nNames keep their gender (`Mary lost his keys`): use `swap_names` beside it. *They* is no source: it may be several people. The \
        second verb of a pair (`she walks and talks`) keeps its form.",
};

static TERMS: LazyLock<GroupTable> =
    LazyLock::new(|| GroupTable::read(include_str!("../tables/gender_terms.tsv")));

const GENDERS: [(&str, Gender); 3] =
    [("male", Gender::Male), ("female", Gender::Female), ("neutral", Gender::Neutral)];

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| Ok(Box::new(Rewriting(SwapGender::new(arguments)?))),
    }
}

struct SwapGender {
    /// `None`: both.
    source: Option<Gender>,
    /// `None`: the opposite.
    target: Option<Gender>,
    pronouns: bool,
    terms: bool,
    kinds: String,
}

impl SwapGender {
    fn new(arguments: &Arguments<'_>) -> Result<Self, PerturbError> {
        let gender = |key: &str, open: &str, wanted: &str| match arguments.text(key) {
            None => Ok(None),
            Some(name) if name == open => Ok(None),
            Some(name) => GENDERS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, gender)| Some(*gender))
                .ok_or_else(|| arguments.wrong(key, wanted)),
        };
        let source = gender("source", "both", "`male`, `female` or `both`")?;
        let target = gender("target", "opposite", "`male`, `female`, `neutral` or `opposite`")?;
        if source == Some(Gender::Neutral) {
            return Err(arguments.wrong("source", "`male`, `female` or `both`"));
        }
        if source.is_some() && source == target {
            return Err(arguments.wrong("target", "another gender than the source"));
        }
        let kinds = arguments.text("words").unwrap_or("all").to_owned();
        let (pronouns, terms) = match kinds.as_str() {
            "all" => (true, true),
            "pronouns" => (true, false),
            "terms" => (false, true),
            _ => return Err(arguments.wrong("words", "`all`, `pronouns` or `terms`")),
        };
        Ok(Self { source, target, pronouns, terms, kinds })
    }

    /// What a gender becomes; `None` if it stays.
    fn target_of(&self, gender: Gender) -> Option<Gender> {
        if self.source.is_some_and(|source| source != gender) || gender == Gender::Neutral {
            return None;
        }
        let opposite = if gender == Gender::Male { Gender::Female } else { Gender::Male };
        let target = self.target.unwrap_or(opposite);
        (target != gender).then_some(target)
    }

    fn pronoun(&self, text: &str, words: &[Word<'_>], at: usize) -> Option<Vec<Edit>> {
        let (gender, form) = pronouns::read(text, words, at)?;
        let target = self.target_of(gender)?;
        let word = &words[at];
        let replacement = in_case_of(word.text, pronouns::write(target, form));
        let mut edits = vec![Edit { range: word.start..word.end, text: replacement }];
        if target == Gender::Neutral && form == pronouns::Form::Subject {
            edits.extend(verb_edits(text, words, at));
        }
        Some(edits)
    }

    fn term(&self, text: &str, words: &[Word<'_>], at: usize) -> Option<Vec<Edit>> {
        let word = &words[at];
        let (row, column) = TERMS.place(&word.lower)?;
        let target = self.target_of(GENDERS.get(column)?.1)?;
        let replacement = TERMS.word(row, target as usize)?;
        let mut edits: Vec<Edit> = article_edit(text, words, at, replacement).into_iter().collect();
        let text = in_case_of(word.text, replacement);
        edits.push(Edit { range: word.start..word.end, text });
        Some(edits)
    }
}

impl Rewrite for SwapGender {
    fn description(&self) -> PerturbationDescription {
        let name = |gender: Gender| GENDERS[gender as usize].0;
        let source = self.source.map_or("male+female", name);
        let target = match (self.target, self.source) {
            (Some(target), _) => name(target),
            (None, Some(Gender::Male)) => "female",
            (None, Some(_)) => "male",
            (None, None) => "female+male",
        };
        describe_swap("swap_gender", "gender", source, target, &[("words", json!(self.kinds))])
    }

    fn edits(&self, text: &str, _random: &mut PyRandom, _memory: &mut Memory) -> Vec<Edit> {
        let words = words(text);
        let mut edits: Vec<Edit> = Vec::new();
        for at in 0..words.len() {
            let pronoun = if self.pronouns { self.pronoun(text, &words, at) } else { None };
            let term = || if self.terms { self.term(text, &words, at) } else { None };
            edits.extend(pronoun.or_else(term).into_iter().flatten());
        }
        edits.sort_by_key(|edit| edit.range.start);
        edits.dedup_by(|later, earlier| later.range.start < earlier.range.end);
        edits
    }
}
