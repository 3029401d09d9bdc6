//! Third-person singular pronouns: which form a word is, and the same form of another gender.
//!
//! English writes two forms alike: *her* is *his* or *him*, and *his* is *her* or *hers*. The words around tell which. The
//! rules were checked on sentences whose male and female versions others wrote (Winogender, WinoBias); the tests count.

use super::words::{Word, following, preceding};

/// Whose pronoun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gender {
    Male,
    Female,
    /// Singular *they*.
    Neutral,
}

/// What a pronoun does in its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// *she* sings
    Subject,
    /// I saw *her*
    Object,
    /// *her* song
    Determiner,
    /// it is *hers*
    Possessive,
    /// *herself*
    Reflexive,
}

/// The gender and form of the word at `at`, if it is a pronoun of one gender.
pub(crate) fn read(text: &str, words: &[Word<'_>], at: usize) -> Option<(Gender, Form)> {
    let found = match words[at].lower.as_str() {
        "he" => (Gender::Male, Form::Subject),
        "him" => (Gender::Male, Form::Object),
        "his" if owns(text, words, at) => (Gender::Male, Form::Determiner),
        "his" => (Gender::Male, Form::Possessive),
        "himself" => (Gender::Male, Form::Reflexive),
        "she" => (Gender::Female, Form::Subject),
        "her" if owns(text, words, at) && !is_object(text, words, at) => {
            (Gender::Female, Form::Determiner)
        }
        "her" => (Gender::Female, Form::Object),
        "hers" => (Gender::Female, Form::Possessive),
        "herself" => (Gender::Female, Form::Reflexive),
        _ => return None,
    };
    Some(found)
}

/// The pronoun of a gender in a form.
pub(crate) fn write(gender: Gender, form: Form) -> &'static str {
    let forms = match gender {
        Gender::Male => ["he", "him", "his", "his", "himself"],
        Gender::Female => ["she", "her", "her", "hers", "herself"],
        Gender::Neutral => ["they", "them", "their", "theirs", "themselves"],
    };
    forms[form as usize]
}

/// Whether something follows that can be owned.
fn owns(text: &str, words: &[Word<'_>], at: usize) -> bool {
    let Some(next) = following(text, words, at) else { return false };
    // A clause begins with what it is about: `because her back ached`.
    let begins =
        preceding(text, words, at).is_some_and(|word| BEGINNING.contains(&word.lower.as_str()));
    if begins && !AUXILIARIES.contains(&next.lower.as_str()) {
        return true;
    }
    if matches!(next.lower.as_str(), "and" | "or") {
        let then = following(text, words, at + 1).map(|word| word.lower.as_str());
        return matches!(then, Some("her" | "his" | "their" | "my" | "your" | "our" | "its"));
    }
    if is_adverb(&next.lower) {
        return following(text, words, at + 1).is_some_and(|word| !is_function_word(&word.lower));
    }
    !is_function_word(&next.lower)
}

/// Whether *her* before a noun, a verb or an adverb is nevertheless the object of the verb before it: *saw her leaving*, *made
/// her cry*, *made her angry*, *took her home*, *gave her good advice*, *wished her well*.
fn is_object(text: &str, words: &[Word<'_>], at: usize) -> bool {
    let (Some(before), Some(next)) = (preceding(text, words, at), following(text, words, at))
    else {
        return false;
    };
    let (before, next) = (before.lower.as_str(), next.lower.as_str());
    let then = following(text, words, at + 1).map_or("", |word| word.lower.as_str());
    let ends = then.is_empty() || is_function_word(then);
    let is_verb = next.ends_with("ing") && !NOUNS_IN_ING.contains(&next);
    let complement = PERCEIVING.contains(&before) && is_verb
        || CAUSING.contains(&before) && BARE_VERBS.contains(&next)
        || MOVING.contains(&before) && next == "home"
        || GIVING.contains(&before) && (GIVEN.contains(&next) || GIVEN.contains(&then))
        || PAYING.contains(&before) && next.starts_with(|letter: char| letter.is_ascii_digit())
        || MAKING.contains(&before) && (STATES.contains(&next) && ends || next == "less")
        || matches!(before, "wish" | "wished" | "wishes");
    // `let her friend in` has an owner after all: a noun is no bare verb. `for her to` never has.
    complement || next.ends_with("n't")
}

fn is_adverb(word: &str) -> bool {
    word.ends_with("ly") && !NOUNS_IN_LY.contains(&word)
}

/// Words that never begin what is owned.
pub(crate) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.binary_search(&word).is_ok()
}

const NOUNS_IN_LY: [&str; 17] = [
    "ally",
    "anomaly",
    "assembly",
    "belly",
    "bully",
    "butterfly",
    "early",
    "elderly",
    "family",
    "fly",
    "jelly",
    "lily",
    "lovely",
    "monopoly",
    "only",
    "reply",
    "supply",
];

const NOUNS_IN_ING: [&str; 20] = [
    "being",
    "building",
    "ceiling",
    "clothing",
    "drawing",
    "earring",
    "evening",
    "feeling",
    "hearing",
    "meaning",
    "meeting",
    "morning",
    "offspring",
    "painting",
    "ring",
    "savings",
    "thing",
    "training",
    "wedding",
    "wing",
];

const PERCEIVING: [&str; 26] = [
    "catch", "caught", "feel", "felt", "find", "found", "hear", "heard", "hears", "imagine",
    "imagined", "keep", "kept", "leave", "left", "notice", "noticed", "saw", "see", "seeing",
    "sees", "spotted", "watch", "watched", "watching", "with",
];

const CAUSING: [&str; 21] = [
    "have", "had", "hear", "heard", "help", "helped", "helping", "helps", "let", "lets", "letting",
    "made", "make", "makes", "making", "saw", "see", "seen", "sees", "watch", "watched",
];

const BARE_VERBS: [&str; 50] = [
    "be",
    "become",
    "believe",
    "change",
    "choose",
    "come",
    "cook",
    "cry",
    "decide",
    "do",
    "feel",
    "enter",
    "find",
    "finish",
    "forget",
    "get",
    "give",
    "go",
    "happy",
    "have",
    "identify",
    "keep",
    "know",
    "laugh",
    "learn",
    "leave",
    "lose",
    "make",
    "move",
    "pass",
    "pay",
    "play",
    "quit",
    "read",
    "realize",
    "remember",
    "run",
    "settle",
    "sit",
    "sleep",
    "smile",
    "solve",
    "speak",
    "stay",
    "take",
    "think",
    "try",
    "understand",
    "wait",
    "win",
];

const MOVING: [&str; 14] = [
    "bring", "brought", "carried", "drive", "drives", "drove", "escorted", "followed", "send",
    "sent", "take", "took", "walk", "walked",
];

const GIVING: [&str; 33] = [
    "ask", "asked", "bring", "brought", "buy", "charged", "cost", "fed", "gave", "get", "give",
    "given", "gives", "giving", "handed", "lend", "lent", "offer", "offered", "owe", "owed",
    "paid", "pay", "provide", "provided", "provides", "send", "sent", "show", "showed", "taught",
    "teach", "tell",
];

/// Verbs before a person and a sum.
const PAYING: [&str; 8] = ["charge", "charged", "cost", "gave", "give", "owed", "paid", "pay"];

/// Verbs before a person and the state that the person is then in.
const MAKING: [&str; 16] = [
    "believed", "drive", "drove", "found", "kept", "keep", "leave", "left", "made", "make",
    "makes", "making", "prove", "proved", "treat", "treated",
];

/// States that seldom describe what a person has.
const STATES: [&str; 24] = [
    "afraid",
    "alone",
    "angry",
    "anxious",
    "bad",
    "badly",
    "crazy",
    "furious",
    "glad",
    "guilty",
    "happy",
    "hungry",
    "innocent",
    "jealous",
    "mad",
    "nervous",
    "proud",
    "right",
    "sad",
    "safe",
    "satisfied",
    "uncomfortable",
    "upset",
    "wrong",
];

/// Words that begin a clause.
const BEGINNING: [&str; 9] =
    ["although", "because", "if", "since", "though", "until", "when", "whether", "while"];

const AUXILIARIES: [&str; 10] =
    ["can", "did", "does", "had", "has", "is", "must", "was", "were", "will"];

const GIVEN: [&str; 29] = [
    "advice",
    "candy",
    "credit",
    "directions",
    "documents",
    "dollars",
    "feedback",
    "flowers",
    "food",
    "help",
    "information",
    "instructions",
    "lots",
    "luck",
    "medicine",
    "money",
    "more",
    "nothing",
    "orders",
    "permission",
    "questions",
    "something",
    "suggestions",
    "support",
    "thanks",
    "time",
    "tips",
    "treatment",
    "water",
];

/// Sorted.
const FUNCTION_WORDS: [&str; 187] = [
    "a",
    "about",
    "above",
    "across",
    "after",
    "afterward",
    "afterwards",
    "again",
    "against",
    "ago",
    "all",
    "almost",
    "alone",
    "along",
    "already",
    "also",
    "although",
    "always",
    "am",
    "among",
    "an",
    "and",
    "another",
    "any",
    "anything",
    "anyway",
    "anyways",
    "anywhere",
    "apart",
    "are",
    "around",
    "as",
    "aside",
    "at",
    "away",
    "back",
    "be",
    "because",
    "been",
    "before",
    "behind",
    "being",
    "below",
    "beneath",
    "beside",
    "besides",
    "between",
    "beyond",
    "both",
    "but",
    "by",
    "came",
    "can",
    "could",
    "despite",
    "did",
    "do",
    "does",
    "down",
    "during",
    "each",
    "either",
    "enough",
    "ever",
    "every",
    "everything",
    "except",
    "for",
    "forward",
    "from",
    "further",
    "had",
    "has",
    "have",
    "he",
    "her",
    "here",
    "him",
    "his",
    "how",
    "however",
    "i",
    "if",
    "in",
    "inside",
    "instead",
    "into",
    "is",
    "it",
    "its",
    "just",
    "later",
    "least",
    "like",
    "may",
    "me",
    "might",
    "more",
    "most",
    "much",
    "must",
    "my",
    "near",
    "neither",
    "never",
    "no",
    "nobody",
    "nor",
    "not",
    "nothing",
    "now",
    "nowhere",
    "of",
    "off",
    "often",
    "on",
    "once",
    "one",
    "onto",
    "or",
    "our",
    "out",
    "outside",
    "over",
    "past",
    "per",
    "perhaps",
    "quite",
    "rather",
    "seem",
    "shall",
    "she",
    "should",
    "since",
    "so",
    "some",
    "somebody",
    "someone",
    "something",
    "sometimes",
    "somewhere",
    "soon",
    "still",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "though",
    "through",
    "till",
    "to",
    "today",
    "together",
    "tomorrow",
    "tonight",
    "too",
    "toward",
    "towards",
    "twice",
    "under",
    "unless",
    "until",
    "up",
    "upon",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "without",
    "would",
];

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn forms(text: &str) -> Vec<Form> {
        let words = words(text);
        (0..words.len()).filter_map(|at| read(text, &words, at)).map(|(_, form)| form).collect()
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(FUNCTION_WORDS.is_sorted());
    }

    #[test]
    fn her_and_his_are_told_apart_by_what_follows() {
        for (text, form) in [
            ("her new car", Form::Determiner),
            ("I saw her.", Form::Object),
            ("told her that", Form::Object),
            ("saw her leaving", Form::Object),
            ("made her cry", Form::Object),
            ("took her home", Form::Object),
            ("in her home", Form::Determiner),
            ("her family", Form::Determiner),
            ("paid her fairly", Form::Object),
            ("made her angry.", Form::Object),
            ("made her angry letter public", Form::Determiner),
            ("gave her incorrect information", Form::Object),
            ("charged her 1000 dollars", Form::Object),
            ("read her 1000 letters", Form::Determiner),
            ("wished her well", Form::Object),
            ("told her which one", Form::Object),
            ("because her back ached", Form::Determiner),
            ("because his is better", Form::Possessive),
            ("her newly built house", Form::Determiner),
            ("the car is his.", Form::Possessive),
            ("his and her cars", Form::Determiner),
            ("a friend of his who", Form::Possessive),
        ] {
            assert_eq!(forms(text)[0], form, "{text}");
        }
    }
}
