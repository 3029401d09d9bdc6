//! Sentence splitting with Punkt (Kiss and Strunk, *Unsupervised Multilingual Sentence Boundary Detection*, Computational
//! Linguistics 32, 2006) and the English parameters that NLTK ships. Splits where `sent_tokenize` of NLTK 3.9.4 (the version in HELM's lock file) does.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::python::{digit, is_space, is_word, rstrip, strip};

/// How a word that occurs in lower case otherwise occurred in the training text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LowerWord {
    /// Never in upper case, and at the beginning of a sentence in lower case.
    Only,
    /// Never in upper case within a sentence.
    Mostly,
    /// Also in upper case within a sentence.
    AlsoUpperInside,
}

/// A sentence splitter with its parameters.
#[derive(Debug)]
pub struct Punkt {
    abbreviations: HashSet<String>,
    starters: HashSet<&'static str>,
    collocations: HashSet<(&'static str, &'static str)>,
    lower_words: HashMap<&'static str, LowerWord>,
}

/// A token of the text around a possible sentence end.
struct Token<'a> {
    text: &'a str,
    /// Lower case; numbers are all one type.
    kind: Cow<'a, str>,
    sentence_break: bool,
    abbreviation: bool,
    ellipsis: bool,
}

/// Whether a word looks like the first of a sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Starts {
    Yes,
    No,
    Unknown,
}

const NUMBER: &str = "##number##";

impl Punkt {
    /// The English splitter.
    pub fn english() -> &'static Self {
        static ENGLISH: LazyLock<Punkt> =
            LazyLock::new(|| Punkt::read(include_str!("../data/punkt_english.txt")));
        &ENGLISH
    }

    fn read(table: &'static str) -> Self {
        let mut punkt = Self {
            abbreviations: HashSet::new(),
            starters: HashSet::new(),
            collocations: HashSet::new(),
            lower_words: HashMap::new(),
        };
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let Some((section, entries)) = line.split_once(' ') else { continue };
            let entries = entries.split(' ');
            let lower = match section {
                "abbreviations" => {
                    punkt.abbreviations = entries.map(|entry| entry.replace('␣', " ")).collect();
                    continue;
                }
                "starters" => {
                    punkt.starters = entries.collect();
                    continue;
                }
                "collocations" => {
                    punkt.collocations = entries.filter_map(|pair| pair.split_once('|')).collect();
                    continue;
                }
                "lower" => LowerWord::Mostly,
                "lower_and_upper_inside" => LowerWord::AlsoUpperInside,
                _ => LowerWord::Only,
            };
            punkt.lower_words.extend(entries.map(|word| (word, lower)));
        }
        punkt
    }

    /// The sentences of a text, without the white space between them. Closing quotes and brackets stay with the sentence that they
    /// close.
    pub fn sentences<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let cuts = self.cuts(text);
        let mut sentences = Vec::new();
        let mut moved = 0;
        for (index, &(start, end)) in cuts.iter().enumerate() {
            let start = start + moved;
            moved = 0;
            let mut end = end;
            if let Some(&(next_start, next_end)) = cuts.get(index + 1)
                && let Some(length) = closing(text.get(next_start..next_end).unwrap_or(""))
            {
                moved = length;
                end = next_start + rstrip(&text[next_start..next_start + length]).len();
            }
            if let Some(sentence) = text.get(start..end).filter(|sentence| !sentence.is_empty()) {
                sentences.push(sentence);
            }
        }
        sentences
    }

    /// Where sentences begin and end, in bytes, before closing punctuation is moved.
    fn cuts(&self, text: &str) -> Vec<(usize, usize)> {
        let mut cuts = Vec::new();
        let mut begin = 0;
        for candidate in candidates(text) {
            if self.contains_break(&text[candidate.context.0..candidate.context.1]) {
                cuts.push((begin, candidate.end));
                begin = candidate.next;
            }
        }
        cuts.push((begin, rstrip(text).len()));
        cuts
    }

    /// Whether a token other than the last ends a sentence.
    fn contains_break(&self, context: &str) -> bool {
        let mut tokens: Vec<Token<'_>> = context
            .split('\n')
            .filter(|line| !strip(line).is_empty())
            .flat_map(words)
            .map(|word| self.first_pass(word))
            .collect();
        for index in 1..tokens.len() {
            let (before, after) = tokens.split_at_mut(index);
            let (Some(token), Some(next)) = (before.last_mut(), after.first()) else { continue };
            self.second_pass(token, next);
            if token.sentence_break {
                return true;
            }
        }
        false
    }

    /// Decides by the token alone.
    fn first_pass<'a>(&self, text: &'a str) -> Token<'a> {
        let lower = lower_case(text);
        let kind = if is_number(&lower) { Cow::Borrowed(NUMBER) } else { lower };
        let mut token =
            Token { kind, text, sentence_break: false, abbreviation: false, ellipsis: false };
        if matches!(token.text, "." | "?" | "!") {
            token.sentence_break = true;
        } else if token.text.len() >= 2 && token.text.bytes().all(|byte| byte == b'.') {
            token.ellipsis = true;
        } else if let Some(stem) = token.text.strip_suffix('.').filter(|stem| !stem.ends_with('.'))
        {
            let stem = lower_case(stem);
            let last = stem.rsplit('-').next().unwrap_or(&stem);
            if self.abbreviations.contains(stem.as_ref()) || self.abbreviations.contains(last) {
                token.abbreviation = true;
            } else {
                token.sentence_break = true;
            }
        }
        token
    }

    /// Reconsiders a token that ends in a period in the light of the next one (section 4 of the paper).
    fn second_pass(&self, token: &mut Token<'_>, next: &Token<'_>) {
        if !token.text.ends_with('.') {
            return;
        }
        let kind = without_period(&token.kind);
        let next_kind = if next.sentence_break { without_period(&next.kind) } else { &*next.kind };
        let initial = is_initial(token.text);
        let no_break = if self.collocations.contains(&(kind, next_kind)) {
            true
        } else {
            let starts = self.starts_sentence(next, next_kind);
            if (token.abbreviation || token.ellipsis) && !initial {
                let starter = is_upper(next.text) && self.starters.contains(next_kind);
                if starts == Starts::Yes || starter {
                    token.sentence_break = true;
                    return;
                }
            }
            let always_upper = is_upper(next.text) && !self.lower_words.contains_key(next_kind);
            (initial || kind == NUMBER)
                && (starts == Starts::No || (starts == Starts::Unknown && initial && always_upper))
        };
        if no_break {
            token.sentence_break = false;
            token.abbreviation = true;
        }
    }

    /// The orthographic heuristic.
    fn starts_sentence(&self, token: &Token<'_>, kind: &str) -> Starts {
        if matches!(token.text, ";" | ":" | "," | "." | "!" | "?") {
            return Starts::No;
        }
        let seen = self.lower_words.get(kind);
        let first = token.text.chars().next();
        if is_upper(token.text) && matches!(seen, Some(LowerWord::Only | LowerWord::Mostly)) {
            Starts::Yes
        } else if first.is_some_and(char::is_lowercase) && seen != Some(&LowerWord::Only) {
            Starts::No
        } else {
            Starts::Unknown
        }
    }
}

/// A place where a sentence may end.
struct Candidate {
    /// The byte after the period, question or exclamation mark.
    end: usize,
    /// Where the next sentence would begin.
    next: usize,
    /// The word before, the mark, and what follows it.
    context: (usize, usize),
}

/// Every mark that is followed by punctuation or by white space and another word. Of several marks after one word only the last
/// counts.
fn candidates(text: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut word_end = 0;
    let mut word_start = 0;
    for (mark, _) in text.match_indices(['.', '?', '!']) {
        let after = &text[mark + 1..];
        let Some((next, context_end)) = following(after) else { continue };
        // As NLTK: a space at the very first place counts as none.
        let space = text[word_end..mark]
            .bytes()
            .rposition(|byte| byte.is_ascii_whitespace() || byte == 0x0b)
            .filter(|position| *position > 0);
        let start = space.map_or(word_start, |position| word_end + position + 1);
        if !found.is_empty() && word_end > start {
            found.pop();
        }
        let candidate = Candidate {
            end: mark + 1,
            next: mark + 1 + next,
            context: (start, mark + 1 + context_end),
        };
        found.push(candidate);
        (word_start, word_end) = (start, mark);
    }
    found
}

/// After a mark: where the next sentence would begin, and the end of what is looked at, both counted from the mark's end.
fn following(after: &str) -> Option<(usize, usize)> {
    let first = after.chars().next()?;
    if ends_word(first) {
        return Some((0, first.len_utf8()));
    }
    let word = after.trim_start_matches(is_space);
    let spaces = after.len() - word.len();
    if spaces == 0 || word.is_empty() {
        return None;
    }
    let length = word.find(is_space).unwrap_or(word.len());
    Some((spaces, spaces + length))
}

/// The length of closing quotes and brackets with the white space behind them at the beginning of what would be the next
/// sentence; `None` if it does not begin with any.
fn closing(text: &str) -> Option<usize> {
    let bare = text.trim_start_matches(['"', '\'', ')', ']', '}']);
    let length = text.len() - bare.len();
    if length == 0 {
        return None;
    }
    let spaces = bare.len() - bare.trim_start_matches(is_space).len();
    (bare.is_empty() || spaces > 0 || bare.starts_with("--")).then_some(length + spaces)
}

/// Words of a line for Punkt: punctuation is split off, periods are not.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(is_space);
    while let Some(first) = rest.chars().next() {
        let length = match repeated_punctuation(rest) {
            Some(length) => length,
            None if begins_word(first) => word_length(rest),
            None => first.len_utf8(),
        };
        words.push(&rest[..length]);
        rest = rest[length..].trim_start_matches(is_space);
    }
    words
}

fn word_length(text: &str) -> usize {
    text.char_indices()
        .skip(1)
        .find(|(position, character)| {
            let here = &text[*position..];
            let comma_at_end = || {
                here.strip_prefix(',').is_some_and(|after| {
                    after.chars().next().is_none_or(|next| is_space(next) || ends_word(next))
                        || repeated_punctuation(after).is_some()
                })
            };
            is_space(*character)
                || ends_word(*character)
                || repeated_punctuation(here).is_some()
                || comma_at_end()
        })
        .map_or(text.len(), |(position, _)| position)
}

/// The length of hyphens, of periods, or of three or more periods with spaces between, at the beginning.
fn repeated_punctuation(text: &str) -> Option<usize> {
    for mark in ['-', '.'] {
        let length = text.len() - text.trim_start_matches(mark).len();
        if length >= 2 {
            return Some(length);
        }
    }
    let mut length = 0;
    let mut spaced = 0;
    loop {
        let after = text[length..].strip_prefix('.')?;
        match after.chars().next().filter(|next| is_space(*next)) {
            Some(space) if after[space.len_utf8()..].starts_with('.') => {
                length += 1 + space.len_utf8();
                spaced += 1;
            }
            _ => return (spaced >= 2).then_some(length + 1),
        }
    }
}

fn begins_word(character: char) -> bool {
    !matches!(
        character,
        '(' | '"'
            | '`'
            | '{'
            | '['
            | ':'
            | ';'
            | '&'
            | '#'
            | '*'
            | '@'
            | ')'
            | '}'
            | ']'
            | '-'
            | ','
    )
}

fn ends_word(character: char) -> bool {
    matches!(
        character,
        ')' | '"' | ';' | '}' | ']' | '*' | ':' | '@' | '\'' | '(' | '{' | '[' | '?' | '!'
    )
}

/// An optional minus and mark, a digit, then digits and marks.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let text = text.strip_prefix(['.', ',']).unwrap_or(text);
    text.starts_with(is_digit) && text.chars().all(|c| is_digit(c) || matches!(c, ',' | '.' | '-'))
}

fn is_digit(character: char) -> bool {
    digit(character).is_some()
}

/// One letter and a period.
fn is_initial(text: &str) -> bool {
    let mut characters = text.chars();
    let letter = characters.next().is_some_and(|c| is_word(c) && !is_digit(c));
    letter && characters.as_str() == "."
}

fn is_upper(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_uppercase)
}

/// The text in lower case.
fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

fn without_period(kind: &str) -> &str {
    kind.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(kind)
}
