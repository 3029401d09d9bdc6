//! What changes around *he* or *she* when it becomes *they*: the verb.

use super::Edit;
use super::pronouns::is_function_word;
use super::words::{Word, following, in_case_of, preceding};

/// The verb edits for the subject at `at` when it becomes singular *they*.
pub(crate) fn verb_edits(text: &str, words: &[Word<'_>], at: usize) -> Vec<Edit> {
    let subject = &words[at];
    match subject.clitic.as_deref() {
        Some("s") => return vec![contraction(text, words, at)],
        Some(_) => return Vec::new(),
        None => {}
    }
    if let Some(edit) = inverted(text, words, at) {
        return vec![edit];
    }
    let mut verb = at;
    while let Some(next) = following(text, words, verb) {
        verb += 1;
        if !is_adverb(&next.lower) {
            break;
        }
    }
    let found = (verb > at).then(|| &words[verb]);
    found.and_then(|word| replaced(word, &plural(&word.lower)?)).into_iter().collect()
}

/// `she's gone` becomes `they've gone`, `she's here` becomes `they're here`.
fn contraction(text: &str, words: &[Word<'_>], at: usize) -> Edit {
    let next = following(text, words, at).map(|word| word.lower.as_str());
    let has = next.is_some_and(|next| PARTICIPLES.contains(&next));
    let word = &words[at];
    let mark: String = text[word.end..word.clitic_end].chars().take(1).collect();
    Edit { range: word.end..word.clitic_end, text: mark + if has { "ve" } else { "re" } }
}

/// In a question the verb stands before: `Is she`, `Why does he`.
fn inverted(text: &str, words: &[Word<'_>], at: usize) -> Option<Edit> {
    let verb = preceding(text, words, at)?;
    let plural = auxiliary(&verb.lower)?;
    let asked = match preceding(text, words, at - 1) {
        None => true,
        Some(before) => ASKING.contains(&before.lower.as_str()),
    };
    asked.then(|| replaced(verb, plural)).flatten()
}

fn replaced(word: &Word<'_>, target: &str) -> Option<Edit> {
    (word.lower != target)
        .then(|| Edit { range: word.start..word.end, text: in_case_of(word.text, target) })
}

fn is_adverb(word: &str) -> bool {
    word.ends_with("ly") || ADVERBS.contains(&word)
}

fn auxiliary(verb: &str) -> Option<&'static str> {
    AUXILIARIES.iter().find(|(singular, _)| *singular == verb).map(|(_, plural)| *plural)
}

/// The verb of `they` for the verb of `she`; `None` where they are alike or the word is no such verb.
fn plural(verb: &str) -> Option<String> {
    if let Some(plural) = auxiliary(verb) {
        return Some(plural.to_owned());
    }
    if is_function_word(verb) || NO_VERBS.contains(&verb) || verb.len() < 3 || verb.ends_with("ss")
    {
        return None;
    }
    if let Some(stem) = verb.strip_suffix("ies") {
        return Some(if stem.len() < 2 { format!("{stem}ie") } else { format!("{stem}y") });
    }
    let sibilant = ["sses", "shes", "ches", "xes", "zzes", "oes"];
    if sibilant.iter().any(|ending| verb.ends_with(ending)) && !ACHE.contains(&verb) {
        return Some(verb[..verb.len() - 2].to_owned());
    }
    verb.strip_suffix('s').map(str::to_owned)
}

const AUXILIARIES: [(&str, &str); 8] = [
    ("is", "are"),
    ("was", "were"),
    ("has", "have"),
    ("does", "do"),
    ("isn't", "aren't"),
    ("wasn't", "weren't"),
    ("hasn't", "haven't"),
    ("doesn't", "don't"),
];

const ASKING: [&str; 10] =
    ["how", "much", "many", "what", "when", "where", "who", "whom", "why", "which"];

const ADVERBS: [&str; 20] = [
    "also",
    "always",
    "alone",
    "already",
    "both",
    "either",
    "even",
    "ever",
    "first",
    "just",
    "never",
    "not",
    "now",
    "often",
    "soon",
    "sometimes",
    "still",
    "then",
    "therefore",
    "thus",
];

const PARTICIPLES: [&str; 16] = [
    "been",
    "become",
    "begun",
    "come",
    "done",
    "forgotten",
    "given",
    "gone",
    "got",
    "gotten",
    "had",
    "known",
    "made",
    "seen",
    "taken",
    "written",
];

/// Words in -s that can follow a subject and are no verbs of it.
const NO_VERBS: [&str; 7] = ["is", "perhaps", "nowadays", "yes", "us", "besides", "thus"];

const ACHE: [&str; 2] = ["aches", "caches"];

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn verbs_lose_their_ending() {
        for (verb, expected) in [
            ("walks", "walk"),
            ("tries", "try"),
            ("dies", "die"),
            ("goes", "go"),
            ("watches", "watch"),
            ("uses", "use"),
            ("passes", "pass"),
            ("has", "have"),
            ("doesn't", "don't"),
        ] {
            assert_eq!(plural(verb).as_deref(), Some(expected), "{verb}");
        }
        for same in ["walked", "could", "this", "his", "pass"] {
            assert_eq!(plural(same), None, "{same}");
        }
    }
}
