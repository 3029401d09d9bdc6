//! spaCy's tokenizer (`spacy/tokenizer.pyx`): stretches between spaces, from which prefixes, suffixes and infixes are split, with
//! exceptions. Rules and patterns are the model's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fancy_regex::{Regex, RegexBuilder};
use holometer_text::python::is_space;

use super::msgpack::{self, Value};

/// spaCy's numbers of the attributes that a rule gives.
const ORTH: u64 = 65;
const NORM: u64 = 67;

/// Stretches whose tokens are kept.
const MAX_CACHED: usize = 10_000;

/// A token, before anything is known of its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// The norm that a rule gives it.
    pub(super) norm: Option<String>,
    pub(super) is_spaced: bool,
}

/// Splits texts into tokens.
pub(super) struct Tokenizer {
    patterns: Patterns,
    rules: HashMap<String, Vec<Token>>,
    /// Rules that the patterns would split: the tokens they are split into, by the first.
    split_rules: HashMap<String, Vec<Vec<String>>>,
    cache: Mutex<HashMap<String, Arc<[Token]>>>,
}

struct Patterns {
    prefix: Regex,
    suffix: Regex,
    infix: Regex,
    /// What is a token as a whole: never split, and kept from infixes.
    token: Option<Regex>,
    url: Option<Regex>,
}

impl Tokenizer {
    /// Reads a model's `tokenizer`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let file = msgpack::read(bytes)?;
        let pattern = |name: &str| match file.need(name)? {
            Value::Nil => Ok(None),
            pattern => compile(name, pattern.text().unwrap_or_default()).map(Some),
        };
        let needed = |name: &str| pattern(name)?.ok_or_else(|| format!("it has no `{name}`"));
        let patterns = Patterns {
            prefix: needed("prefix_search")?,
            suffix: needed("suffix_search")?,
            infix: needed("infix_finditer")?,
            token: pattern("token_match")?,
            url: pattern("url_match")?,
        };
        let rules = file.need("exceptions")?.entries().iter().map(rule);
        let rules = rules.collect::<Option<_>>().ok_or("its `exceptions` are no rules")?;
        let mut tokenizer = Self {
            patterns,
            rules,
            split_rules: HashMap::new(),
            cache: Mutex::new(HashMap::new()),
        };
        tokenizer.split_rules = tokenizer.rules_that_are_split();
        Ok(tokenizer)
    }

    /// The tokens of a text. Together with the spaces after them they are the text.
    pub(super) fn tokens(&self, text: &str) -> Vec<Token> {
        self.joined_by_rules(split(text, |stretch, tokens| {
            tokens.extend(self.stretch(stretch).iter().cloned());
        }))
    }

    /// The tokens of a text without a space.
    fn stretch(&self, text: &str) -> Arc<[Token]> {
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().get(text) {
            return Arc::clone(known);
        }
        let tokens: Arc<[Token]> = match self.rules.get(text) {
            Some(tokens) => tokens.as_slice().into(),
            None => self.patterns.split(text, &self.rules).into(),
        };
        let mut cache = cache();
        if cache.len() < MAX_CACHED {
            cache.insert(text.to_owned(), Arc::clone(&tokens));
        }
        tokens
    }

    fn rules_that_are_split(&self) -> HashMap<String, Vec<Vec<String>>> {
        let none = HashMap::new();
        let mut found: HashMap<String, Vec<Vec<String>>> = HashMap::new();
        for text in self.rules.keys().filter(|text| self.patterns.apply_to(text)) {
            let tokens = split(text, |stretch, tokens| {
                tokens.extend(self.patterns.split(stretch, &none));
            });
            let texts: Vec<String> = tokens.into_iter().map(|token| token.text).collect();
            if let Some(first) = texts.first() {
                found.entry(first.clone()).or_default().push(texts);
            }
        }
        found
    }

    /// Tokens that together are the text of a rule become the rule's, the longest first.
    fn joined_by_rules(&self, tokens: Vec<Token>) -> Vec<Token> {
        let mut found = Vec::new();
        for (start, token) in tokens.iter().enumerate() {
            for texts in self.split_rules.get(&token.text).into_iter().flatten() {
                let here = tokens[start..].iter().map(|token| token.text.as_str());
                if here.take(texts.len()).eq(texts.iter().map(String::as_str)) {
                    found.push((texts.len(), start));
                }
            }
        }
        if found.is_empty() {
            return tokens;
        }
        found.sort_by_key(|(length, start)| (std::cmp::Reverse(*length), *start));
        let mut is_taken = vec![false; tokens.len()];
        let mut chosen = HashMap::new();
        for (length, start) in found {
            let end = start + length;
            if !is_taken[start] && !is_taken[end - 1] {
                chosen.insert(start, end);
            }
            is_taken[start..end].fill(true);
        }
        let mut joined = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while at < tokens.len() {
            let end = chosen.get(&at).copied().unwrap_or(at + 1);
            match self.rules.get(&text_of(&tokens[at..end])).filter(|_| chosen.contains_key(&at)) {
                Some(rule) => {
                    joined.extend(rule.iter().cloned());
                    mark_spaced(&mut joined, tokens[end - 1].is_spaced);
                }
                None => joined.extend_from_slice(&tokens[at..end]),
            }
            at = end;
        }
        joined
    }
}

/// The text of tokens, without the space after the last.
fn text_of(tokens: &[Token]) -> String {
    let mut text = String::new();
    for (at, token) in tokens.iter().enumerate() {
        text.push_str(&token.text);
        if token.is_spaced && at + 1 < tokens.len() {
            text.push(' ');
        }
    }
    text
}

fn rule((text, tokens): &(Value<'_>, Value<'_>)) -> Option<(String, Vec<Token>)> {
    let token = |token: &Value<'_>| {
        let of = |attribute: u64| {
            let mut entries = token.entries().iter();
            entries.find(|(key, _)| key.number() == Some(attribute))?.1.text().map(str::to_owned)
        };
        Some(Token { text: of(ORTH)?, norm: of(NORM), is_spaced: false })
    };
    let tokens = tokens.items().iter().map(token).collect::<Option<Vec<_>>>()?;
    Some((text.text()?.to_owned(), tokens))
}

fn compile(name: &str, pattern: &str) -> Result<Regex, String> {
    // Addresses of hundreds of characters take more steps than the default.
    RegexBuilder::new(pattern)
        .backtrack_limit(100_000_000)
        .build()
        .map_err(|error| format!("its `{name}` is no pattern: {error}"))
}

/// Cuts a text at its spaces and at every change between white space and other characters; a single space belongs to the token before
/// it. The stretches' tokens are what `add` makes of them.
fn split(text: &str, add: impl Fn(&str, &mut Vec<Token>)) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let Some(mut in_space) = text.chars().next().map(is_space) else { return tokens };
    for (at, character) in text.char_indices() {
        if is_space(character) == in_space {
            continue;
        }
        if start < at {
            add(&text[start..at], &mut tokens);
        }
        start = at;
        if character == ' ' {
            mark_spaced(&mut tokens, true);
            start += 1;
        }
        in_space = !in_space;
    }
    if start < text.len() {
        add(&text[start..], &mut tokens);
    }
    tokens
}

fn mark_spaced(tokens: &mut [Token], is_spaced: bool) {
    if let Some(last) = tokens.last_mut() {
        last.is_spaced = is_spaced;
    }
}

impl Patterns {
    /// Whether anything would be split from a text.
    fn apply_to(&self, text: &str) -> bool {
        let finds = |pattern: &Regex| pattern.is_match(text).unwrap_or(false);
        finds(&self.prefix) || finds(&self.infix) || finds(&self.suffix) || text.contains(' ')
    }

    /// The tokens of a stretch that is no rule itself.
    fn split(&self, stretch: &str, rules: &HashMap<String, Vec<Token>>) -> Vec<Token> {
        let plain = |text: &str| Token { text: text.to_owned(), norm: None, is_spaced: false };
        let affixes = self.affixes(stretch, rules);
        let mut tokens: Vec<Token> = affixes.prefixes.into_iter().map(plain).collect();
        match rules.get(affixes.middle) {
            Some(rule) => tokens.extend(rule.iter().cloned()),
            None => tokens.extend(self.infixes(affixes.middle).into_iter().map(plain)),
        }
        tokens.extend(affixes.suffixes.into_iter().rev().map(plain));
        tokens
    }

    fn affixes<'t>(&self, text: &'t str, rules: &HashMap<String, Vec<Token>>) -> Affixes<'t> {
        let is_rule = |text: &str| rules.contains_key(text);
        let mut found = Affixes { prefixes: Vec::new(), middle: text, suffixes: Vec::new() };
        loop {
            let text = found.middle;
            if text.is_empty() || is_rule(text) || matches(self.token.as_ref(), text) {
                return found;
            }
            let (prefix, after) = text.split_at(length(&self.prefix, text));
            if !prefix.is_empty() && is_rule(after) {
                found.prefixes.push(prefix);
                found.middle = after;
                return found;
            }
            let (before, suffix) = text.split_at(text.len() - length(&self.suffix, after));
            if !suffix.is_empty() && is_rule(before) {
                found.suffixes.push(suffix);
                found.middle = before;
                return found;
            }
            if prefix.is_empty() && suffix.is_empty() {
                return found;
            }
            found.middle = &text[prefix.len()..before.len()];
            found.prefixes.extend(Some(prefix).filter(|prefix| !prefix.is_empty()));
            found.suffixes.extend(Some(suffix).filter(|suffix| !suffix.is_empty()));
        }
    }

    fn infixes<'t>(&self, text: &'t str) -> Vec<&'t str> {
        if text.is_empty() {
            return Vec::new();
        }
        if matches(self.token.as_ref(), text) || matches(self.url.as_ref(), text) {
            return vec![text];
        }
        let mut parts = Vec::new();
        let mut start = 0;
        for infix in self.infix.find_iter(text).map_while(Result::ok) {
            // spaCy leaves an infix at the very start where it is.
            if infix.start() == 0 {
                continue;
            }
            parts.extend([&text[start..infix.start()], infix.as_str()]);
            start = infix.end();
        }
        parts.push(&text[start..]);
        parts.retain(|part| !part.is_empty());
        parts
    }
}

/// What was split from a stretch's ends; suffixes from the end inwards.
struct Affixes<'t> {
    prefixes: Vec<&'t str>,
    middle: &'t str,
    suffixes: Vec<&'t str>,
}

/// The bytes of the first match, 0 if there is none.
fn length(pattern: &Regex, text: &str) -> usize {
    let found = pattern.find(text).ok().flatten();
    found.map_or(0, |found| found.end() - found.start())
}

/// Python's `match`: from the start.
fn matches(pattern: Option<&Regex>, text: &str) -> bool {
    let found = pattern.and_then(|pattern| pattern.find(text).ok().flatten());
    found.is_some_and(|found| found.start() == 0)
}
