//! The instructions of IFEval (Zhou and others, *Instruction-Following Evaluation for Large Language Models*, 2023) whose
//! fulfilment a program can check: 25 kinds, each a function of the response and of the instruction's own numbers and words.

mod checks;
mod json;
mod language;

use fancy_regex::Regex;
use serde_json::{Map, Value};

/// The kinds of instructions, in the order of the data's own registry.
pub(crate) const KINDS: [&str; 25] = [
    "keywords:existence",
    "keywords:frequency",
    "keywords:forbidden_words",
    "keywords:letter_frequency",
    "language:response_language",
    "length_constraints:number_sentences",
    "length_constraints:number_paragraphs",
    "length_constraints:number_words",
    "length_constraints:nth_paragraph_first_word",
    "detectable_content:number_placeholders",
    "detectable_content:postscript",
    "detectable_format:number_bullet_lists",
    "detectable_format:constrained_response",
    "detectable_format:number_highlighted_sections",
    "detectable_format:multiple_sections",
    "detectable_format:json_format",
    "detectable_format:title",
    "combination:two_responses",
    "combination:repeat_prompt",
    "startend:end_checker",
    "change_case:capital_word_frequency",
    "change_case:english_capital",
    "change_case:english_lowercase",
    "punctuation:no_comma",
    "startend:quotation",
];

/// Whether a number has to be below a threshold or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    LessThan,
    AtLeast,
}

impl Relation {
    fn holds(self, count: usize, threshold: usize) -> bool {
        (count < threshold) == (self == Self::LessThan)
    }
}

/// What an instruction asks for, as in the data.
#[derive(Clone, Copy)]
struct Wanted<'a>(&'a Map<String, Value>);

impl<'a> Wanted<'a> {
    fn get(self, name: &str) -> Result<&'a Value, String> {
        let value = self.0.get(name).filter(|value| !value.is_null());
        value.ok_or_else(|| format!("the instruction does not say its `{name}`"))
    }

    fn text(self, name: &str) -> Result<&'a str, String> {
        self.get(name)?.as_str().ok_or_else(|| format!("the instruction's `{name}` is no text"))
    }

    /// Whole numbers may be written as `3.0`.
    fn number(self, name: &str) -> Result<usize, String> {
        let number = self.get(name)?.as_f64().filter(|number| *number >= 0.0);
        number
            .map(|number| number.ceil() as usize)
            .ok_or_else(|| format!("the instruction's `{name}` is no number"))
    }

    fn texts(self, name: &str) -> Result<Vec<&'a str>, String> {
        let list = self.get(name)?.as_array();
        list.and_then(|list| list.iter().map(Value::as_str).collect())
            .ok_or_else(|| format!("the instruction's `{name}` is no list of texts"))
    }

    fn relation(self, name: &str) -> Result<Relation, String> {
        match self.text(name)? {
            "less than" => Ok(Relation::LessThan),
            "at least" => Ok(Relation::AtLeast),
            other => Err(format!("`{other}` is neither `less than` nor `at least`")),
        }
    }
}

/// Whether a response follows an instruction.
///
/// # Errors
/// Why it can't be told: an unknown kind, or an instruction without its numbers or words.
pub(crate) fn follows(
    kind: &str,
    wanted: &Map<String, Value>,
    response: &str,
) -> Result<bool, String> {
    let wanted = Wanted(wanted);
    if response.trim_matches(holometer_text::python::is_space).is_empty() {
        return Ok(false);
    }
    Ok(match kind {
        "keywords:existence" => {
            wanted.texts("keywords")?.iter().all(|word| matches(word, response) > 0)
        }
        "keywords:frequency" => {
            let word = holometer_text::python::strip(wanted.text("keyword")?);
            let (relation, times) = (wanted.relation("relation")?, wanted.number("frequency")?);
            // A word that is no valid pattern is never found, not even too seldom.
            pattern(word).is_some() && relation.holds(matches(word, response), times)
        }
        "keywords:forbidden_words" => {
            let words = wanted.texts("forbidden_words")?;
            words.iter().all(|word| {
                let whole = format!(r"\b{word}\b");
                pattern(&whole).is_some() && matches(&whole, response) == 0
            })
        }
        "keywords:letter_frequency" => {
            let letter = wanted.text("letter")?;
            let relation = wanted.relation("let_relation")?;
            relation.holds(checks::letter_count(response, letter), wanted.number("let_frequency")?)
        }
        "language:response_language" => language::is(response, wanted.text("language")?),
        "length_constraints:number_sentences" => wanted
            .relation("relation")?
            .holds(checks::sentences(response), wanted.number("num_sentences")?),
        "length_constraints:number_paragraphs" => {
            checks::paragraphs(response) == Some(wanted.number("num_paragraphs")?)
        }
        "length_constraints:number_words" => {
            wanted.relation("relation")?.holds(checks::words(response), wanted.number("num_words")?)
        }
        "length_constraints:nth_paragraph_first_word" => checks::paragraph_begins(
            response,
            wanted.number("num_paragraphs")?,
            wanted.number("nth_paragraph")?,
            wanted.text("first_word")?,
        ),
        "detectable_content:number_placeholders" => {
            checks::placeholders(response) >= wanted.number("num_placeholders")?
        }
        "detectable_content:postscript" => {
            checks::postscript(response, wanted.text("postscript_marker")?)
        }
        "detectable_format:number_bullet_lists" => {
            checks::bullets(response) == wanted.number("num_bullets")?
        }
        "detectable_format:number_highlighted_sections" => {
            checks::highlights(response) >= wanted.number("num_highlights")?
        }
        "detectable_format:multiple_sections" => {
            let splitter = holometer_text::python::strip(wanted.text("section_spliter")?);
            let splitter = format!(r"[\s\x1c-\x1f]?{splitter}[\s\x1c-\x1f]?\d+[\s\x1c-\x1f]?");
            let sections = exact_pattern(&splitter).map(|pattern| count(&pattern, response));
            sections.is_some_and(|found| wanted.number("num_sections").is_ok_and(|n| found >= n))
        }
        "combination:repeat_prompt" => {
            checks::begins_with(response, wanted.text("prompt_to_repeat")?)
        }
        "startend:end_checker" => checks::ends_with(response, wanted.text("end_phrase")?),
        "change_case:capital_word_frequency" => wanted
            .relation("capital_relation")?
            .holds(checks::capital_words(response), wanted.number("capital_frequency")?),
        "change_case:english_capital" => checks::is_upper(response) && language::is(response, "en"),
        "change_case:english_lowercase" => {
            checks::is_lower(response) && language::is(response, "en")
        }
        _ => return without_arguments(kind, response),
    })
}

/// The kinds that ask for nothing in particular.
fn without_arguments(kind: &str, response: &str) -> Result<bool, String> {
    Ok(match kind {
        "detectable_format:constrained_response" => {
            let options = ["My answer is yes.", "My answer is no.", "My answer is maybe."];
            options.iter().any(|option| response.contains(option))
        }
        "detectable_format:json_format" => json::is_json(checks::without_fence(response)),
        "detectable_format:title" => checks::has_title(response),
        "combination:two_responses" => checks::two_responses(response),
        "punctuation:no_comma" => !response.contains(','),
        "startend:quotation" => checks::is_quoted(response),
        _ => return Err(format!("there is no instruction `{kind}`")),
    })
}

/// The forms of a response of which, in loose mode, any may follow an instruction: without the first line, the last line or
/// both, and each of these without asterisks.
pub(crate) fn loose_forms(response: &str) -> Vec<String> {
    let strip = |text: &str| holometer_text::python::strip(text).to_owned();
    let lines: Vec<&str> = response.split('\n').collect();
    let without = |from: usize, to: usize| {
        strip(&lines.get(from..to.max(from)).map(|lines| lines.join("\n")).unwrap_or_default())
    };
    let end = lines.len();
    let mut forms = vec![
        response.to_owned(),
        without(1, end),
        without(0, end - 1),
        without(1, end.saturating_sub(1)),
    ];
    let bare: Vec<String> = forms.iter().map(|form| form.replace('*', "")).collect();
    forms.extend(bare);
    forms
}

/// How often a pattern occurs, in any case; 0 if it is no valid pattern.
fn matches(source: &str, text: &str) -> usize {
    pattern(source).map_or(0, |pattern| count(&pattern, text))
}

fn count(pattern: &Regex, text: &str) -> usize {
    pattern.find_iter(text).filter_map(Result::ok).count()
}

/// A pattern that ignores case.
fn pattern(source: &str) -> Option<Regex> {
    Regex::new(&format!("(?i){source}")).ok()
}

fn exact_pattern(source: &str) -> Option<Regex> {
    Regex::new(source).ok()
}
