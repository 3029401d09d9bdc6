//! The word tokenizer that NLTK 3.9.4 (the version in HELM's lock file) calls by default: the Penn Treebank rules with NLTK's
//! improvements.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::punkt::Punkt;
use crate::python::{is_word, split};

/// Words and punctuation of a text: sentences first (Punkt, English), then [`tokenize`] on each. NLTK's `word_tokenize`.
pub fn word_tokenize(text: &str) -> Vec<String> {
    words(text).into_iter().map(Cow::into_owned).collect()
}

/// What [`word_tokenize`] gives, without copying words that stand in the text as they are.
pub fn words(text: &str) -> Vec<Cow<'_, str>> {
    let mut words = Vec::with_capacity(text.len() / 4);
    for sentence in Punkt::english().sentences(text) {
        match simple(sentence) {
            Some(tokens) => words.extend(tokens.into_iter().map(Cow::Borrowed)),
            None => words.extend(by_rules(sentence).into_iter().map(Cow::Owned)),
        }
    }
    words
}

/// A replacement made everywhere in the sentence.
struct Rule {
    pattern: Regex,
    replacement: &'static str,
    /// Without any of these characters there is nothing to replace.
    needs: Present,
}

/// A pattern, what replaces it, and characters of which a text must have one. `é` stands for any beyond ASCII.
type Written = (&'static str, &'static str, &'static str);

fn rules(list: &[Written]) -> Vec<Rule> {
    list.iter()
        .map(|(pattern, replacement, needs)| Rule {
            pattern: Regex::new(pattern).expect("the pattern is valid"),
            replacement,
            needs: Present::in_text(needs),
        })
        .collect()
}

/// Which ASCII characters a text has, and (the last bit) whether it has others.
#[derive(Clone, Copy)]
struct Present(u128);

impl Present {
    fn in_text(text: &str) -> Self {
        Self(text.bytes().fold(0, |bits, byte| bits | 1 << byte.min(127)))
    }

    fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

static OPENING_QUOTES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    rules(&[
        ("([«“‘„]|`+)", " $1 ", "`é"),
        ("^\"", "``", "\""),
        ("(``)", " $1 ", "`\""),
        ("([ (\\[{<])(?:\"|'{2})", "$1 `` ", "'\""),
    ])
});

static PUNCTUATION: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    rules(&[
        (r#"(?s)([^.])(\.)([\])}>"'»”’ ]*)[\s\x1c-\x1f]*$"#, "$1 $2 $3 ", "."),
        (r"(?s)([:,])([^\d])", " $1 $2", ":,"),
        (r"([:,])\n?$", " $1 ", ":,"),
        (r"\.{2,}", " $0 ", "."),
        ("[;@#$%&]", " $0 ", ";@#$%&"),
        (r"[\x{2012}-\x{2015}]", " $0 ", "é"),
        (r#"(?s)([^.])(\.)([\])}>"']*)[\s\x1c-\x1f]*$"#, "$1 $2$3 ", "."),
        ("[?!]", " $0 ", "?!"),
        ("(?s)([^'])' ", "$1 ' ", "'"),
        ("[*]", " $0 ", "*"),
        (r"[\]\[(){}<>]", " $0 ", "[](){}<>"),
        ("--", " -- ", "-"),
    ])
});

static CLOSING_MARKS: LazyLock<Vec<Rule>> =
    LazyLock::new(|| rules(&[("([»”’])", " $1 ", "é"), ("''", " '' ", "'"), ("\"", " '' ", "\"")]));

static CLITICS: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    rules(&[
        ("([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 ", "'"),
        ("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 ", "'"),
    ])
});

/// Words written together that are two, and where they are cut.
const CONTRACTIONS: [(&str, usize); 8] = [
    ("cannot", 3),
    ("d'ye", 1),
    ("gimme", 3),
    ("gonna", 3),
    ("gotta", 3),
    ("lemme", 3),
    ("more'n", 4),
    ("wanna", 3),
];

/// As [`CONTRACTIONS`], for words that begin with an apostrophe and follow a space.
const ELISIONS: [(&str, usize); 2] = [(" 'tis", 2), (" 'twas", 2)];

/// Words and punctuation by the plain Penn Treebank rules, without splitting into sentences first: NLTK's
/// `TreebankWordTokenizer`, which HELM's copyright metrics use.
pub fn tokenize_plain(text: &str) -> Vec<String> {
    static OPENING: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        rules(&[
            ("^\"", "``", "\""),
            ("(``)", " $1 ", "`\""),
            ("([ (\\[{<])(?:\"|'{2})", "$1 `` ", "'\""),
        ])
    });
    static MARKS: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        rules(&[
            (r"(?s)([:,])([^\d])", " $1 $2", ":,"),
            (r"([:,])\n?$", " $1 ", ":,"),
            (r"\.\.\.", " ... ", "."),
            ("[;@#$%&]", " $0 ", ";@#$%&"),
            (r#"(?s)([^.])(\.)([\])}>"']*)[\s\x1c-\x1f]*$"#, "$1 $2$3 ", "."),
            ("[?!]", " $0 ", "?!"),
            ("(?s)([^'])' ", "$1 ' ", "'"),
            (r"[\]\[(){}<>]", " $0 ", "[](){}<>"),
            ("--", " -- ", "-"),
        ])
    });
    static CLOSING: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        rules(&[
            ("''", " '' ", "'"),
            ("\"", " '' ", "\""),
            ("([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 ", "'"),
            ("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 ", "'"),
        ])
    });
    let text = apply(&apply(text, &OPENING), &MARKS);
    let text = apply(&format!(" {text} "), &CLOSING);
    split(&cut_contractions(&text)).map(str::to_owned).collect()
}

/// Words and punctuation of one sentence.
pub fn tokenize(sentence: &str) -> Vec<String> {
    simple(sentence).map_or_else(
        || by_rules(sentence),
        |tokens| tokens.into_iter().map(str::to_owned).collect(),
    )
}

/// All rules, one after another.
fn by_rules(sentence: &str) -> Vec<String> {
    let text = apply(sentence, &OPENING_QUOTES);
    let text = detach_opening_apostrophes(&text);
    let text = apply(&text, &PUNCTUATION);
    let text = apply(&format!(" {text} "), &CLOSING_MARKS);
    // Clitics are found before a plain space.
    let text = apply(&single_spaces(&text), &CLITICS);
    let text = cut_contractions(&text);
    split(&text).map(str::to_owned).collect()
}

/// What [`by_rules`] gives, in one pass: for sentences without quotation marks, apostrophes, words that are cut in two, and
/// characters beyond ASCII. `None` for others.
fn simple(sentence: &str) -> Option<Vec<&str>> {
    let bytes = sentence.as_bytes();
    let hard = |byte: &u8| !byte.is_ascii() || matches!(byte, b'"' | b'\'' | b'`');
    if bytes.iter().any(hard) || holds_contraction(bytes) {
        return None;
    }
    let final_stop = final_stop(bytes);
    let mut tokens = Vec::with_capacity(bytes.len() / 4);
    let mut start = 0;
    // Where a comma or colon belongs to the match of one before it, and so is not looked at.
    let mut taken = usize::MAX;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest[0] {
            byte if crate::python::is_space(char::from(byte)) => 0,
            b'.' if Some(at) == final_stop => 1,
            b'.' => match rest.iter().take_while(|byte| **byte == b'.').count() {
                1 => {
                    at += 1;
                    continue;
                }
                stops => stops,
            },
            b':' | b',' => {
                let ends = rest.len() == 1 || rest[1..] == *b"\n";
                let parts = at != taken && rest.len() > 1 && !rest[1].is_ascii_digit();
                if parts && matches!(rest[1], b':' | b',') {
                    taken = at + 1;
                }
                if !(ends || parts) {
                    at += 1;
                    continue;
                }
                1
            }
            b';' | b'@' | b'#' | b'$' | b'%' | b'&' | b'?' | b'!' | b'*' | b'[' | b']' | b'('
            | b')' | b'{' | b'}' | b'<' | b'>' => 1,
            b'-' if rest.get(1) == Some(&b'-') => 2,
            _ => {
                at += 1;
                continue;
            }
        };
        if start < at {
            tokens.push(&sentence[start..at]);
        }
        if length > 0 {
            tokens.push(&sentence[at..at + length]);
        }
        at += length.max(1);
        start = at;
    }
    if start < bytes.len() {
        tokens.push(&sentence[start..]);
    }
    Some(tokens)
}

/// The full stop that ends the sentence: the last, if only closing brackets and white space follow and no stop stands before it.
fn final_stop(bytes: &[u8]) -> Option<usize> {
    let last = bytes.iter().rposition(|byte| *byte == b'.')?;
    let before = last.checked_sub(1)?;
    let after = &bytes[last + 1..];
    let closing = after.iter().take_while(|byte| b"])}> ".contains(byte)).count();
    let blank = after[closing..].iter().all(|byte| crate::python::is_space(char::from(*byte)));
    (bytes[before] != b'.' && blank).then_some(last)
}

/// Whether any of [`CONTRACTIONS`] without an apostrophe occurs, in any case, be it within a word.
fn holds_contraction(bytes: &[u8]) -> bool {
    let begins = |at: usize| {
        let rest = &bytes[at..];
        CONTRACTIONS.iter().any(|(word, _)| {
            rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    let first = |byte: u8| matches!(byte | 0x20, b'c' | b'g' | b'l' | b'w');
    (0..bytes.len()).any(|at| first(bytes[at]) && begins(at))
}

/// Every run of white space as one space.
fn single_spaces(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for character in text.chars() {
        if !crate::python::is_space(character) {
            spaced.push(character);
        } else if !spaced.ends_with(' ') {
            spaced.push(' ');
        }
    }
    spaced
}

fn apply(text: &str, rules: &[Rule]) -> String {
    // Rules add spaces and quotation marks; the latter are in what later rules need.
    let present = Present::in_text(text);
    let mut text = Cow::Borrowed(text);
    for rule in rules.iter().filter(|rule| rule.needs.meets(present)) {
        if let Cow::Owned(changed) = rule.pattern.replace_all(&text, rule.replacement) {
            text = Cow::Owned(changed);
        }
    }
    text.into_owned()
}

/// A space between an apostrophe and a single letter behind it, unless the letter begins a clitic (`'s`, `'t`, ...).
fn detach_opening_apostrophes(text: &str) -> String {
    if !text.contains('\'') {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    for (position, character) in text.char_indices() {
        result.push(character);
        let mut after = text[position + character.len_utf8()..].chars();
        let letter = after.next().filter(|letter| is_word(*letter));
        if character == '\''
            && !after.next().is_some_and(is_word)
            && letter.is_some_and(|letter| !"mtsdnMTSDN".contains(letter))
        {
            result.push(' ');
        }
    }
    result
}

fn cut_contractions(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for (word, cut) in CONTRACTIONS {
        if let Some(changed) = cut_word(&text, word, cut) {
            text = Cow::Owned(changed);
        }
    }
    for (word, cut) in ELISIONS {
        if let Some(changed) = cut_word(&text, word, cut) {
            text = Cow::Owned(changed);
        }
    }
    text.into_owned()
}

/// Cuts every occurrence of a word (any case) that is not part of a longer one, putting spaces around and between; `None`
/// without any. A space that the word begins with must be there and is dropped.
fn cut_word(text: &str, pattern: &str, cut: usize) -> Option<String> {
    let word = pattern.trim_start();
    let before = pattern.len() - word.len();
    let first = pattern.as_bytes()[0];
    let bytes = text.as_bytes();
    let mut result = String::new();
    let mut done = 0;
    let mut position = 0;
    while let Some(ahead) = bytes
        .get(position..)
        .and_then(|rest| rest.iter().position(|byte| byte.eq_ignore_ascii_case(&first)))
    {
        position += ahead;
        let end = position + pattern.len();
        let found = bytes.get(position..end);
        let found = found.is_some_and(|found| found.eq_ignore_ascii_case(pattern.as_bytes()));
        let start = position + before;
        if !(found && stands_alone(text, start, end, word)) {
            position += 1;
            continue;
        }
        let (first, second) = text[start..end].split_at(cut);
        result.extend([&text[done..position], " ", first, " ", second, " "]);
        done = end;
        position = end;
    }
    (done > 0).then(|| result + &text[done..])
}

fn stands_alone(text: &str, start: usize, end: usize, word: &str) -> bool {
    let after = text[end..].chars().next();
    if word == "wanna" && !after.is_some_and(crate::python::is_space) {
        return false;
    }
    let before = text[..start].chars().next_back();
    let begins = word.starts_with('\'') || !before.is_some_and(is_word);
    begins && !after.is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_gives_what_the_rules_give() {
        let parts = [
            "a", "bc", "7", "42", ".", ".", "..", ",", ",", ":", ";", "-", "--", "---", " ", " ",
            "  ", "\n", "\t", "\u{1c}", "(", ")", "]", ">", "?", "!", "%", "$", "*", "can", "not",
            "U.S.", "e.g", "x=1",
        ];
        let mut state = 1_u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let mut compared = 0;
        for _ in 0..20_000 {
            let length = next(12);
            let text: String = (0..length).map(|_| parts[next(parts.len())]).collect();
            if let Some(tokens) = simple(&text) {
                assert_eq!(tokens, by_rules(&text), "{text:?}");
                compared += 1;
            }
        }
        assert!(compared > 15_000, "{compared}");
    }
}
