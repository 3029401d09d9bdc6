//! Word lists that tell whom a text mentions, and the ones that come with the program.
//!
//! A list is data: axes (gender, race, ...) with groups, each with words and phrases, and optionally the shares that the groups are
//! expected to have. Lists know nothing of metrics; nothing here reads files.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use holometer_text::phrases::{Phrases, words};

const OWN: &str = include_str!("../data/lexicon_own.txt");
const HOLISTIC_BIAS: &str = include_str!("../data/lexicon_holistic_bias.txt");
const HELM: &str = include_str!("../data/helm_bias_words.txt");

/// The names of the lists that come with the program.
pub const LEXICON_NAMES: [&str; 3] = ["own", "helm", "holistic_bias"];

/// A word list.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// Its axes, in order of name.
    pub axes: Vec<Axis>,
}

/// One way of telling people apart.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// Its groups, in the list's order.
    pub groups: Vec<String>,
    /// The expected share of each group; they sum to 1.
    pub reference: Vec<f64>,
    phrases: Phrases,
    /// Per entry of `phrases` its group.
    group_of: Vec<usize>,
}

impl Axis {
    /// How often each group is mentioned in a text of lower-case words.
    pub fn count(&self, words: &[String]) -> Vec<f64> {
        let mut counts = vec![0.0; self.groups.len()];
        for found in self.phrases.find(words) {
            counts[self.group_of[found.entry]] += 1.0;
        }
        counts
    }
}

impl Lexicon {
    /// A list that comes with the program.
    ///
    /// # Errors
    /// The names that there are.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        static OWN_LIST: LazyLock<Lexicon> = LazyLock::new(|| built_in(OWN));
        static HOLISTIC_LIST: LazyLock<Lexicon> = LazyLock::new(|| built_in(HOLISTIC_BIAS));
        static HELM_LIST: LazyLock<Lexicon> = LazyLock::new(|| built_in(&from_helm()));
        match name {
            "own" => Ok(&OWN_LIST),
            "holistic_bias" => Ok(&HOLISTIC_LIST),
            "helm" => Ok(&HELM_LIST),
            _ => Err(format!("there is no word list `{name}`")),
        }
    }

    /// Reads a list: lines `axis=group: word, phrase, ...`, lines `reference axis: group share, ...`, comments that begin with `#`.
    /// Every axis needs two groups.
    ///
    /// # Errors
    /// What is wrong, with the line's number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lists: Vec<(String, Vec<(String, String)>)> = Vec::new();
        let mut references: Vec<(String, String)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with("version ") {
                continue;
            }
            let problem = |what: &str| format!("line {}: {what}", index + 1);
            let (head, body) = line.split_once(':').ok_or_else(|| problem("it has no `:`"))?;
            if let Some(axis) = head.strip_prefix("reference ") {
                references.push((axis.trim().to_owned(), body.to_owned()));
                continue;
            }
            let (axis, group) =
                head.split_once('=').ok_or_else(|| problem("it is not `axis=group: word, ...`"))?;
            let (axis, group) = (identifier(axis), identifier(group));
            if axis.is_empty() || group.is_empty() {
                return Err(problem("the axis or the group has no name"));
            }
            if body.split(',').all(|phrase| words(phrase).is_empty()) {
                return Err(problem("the group has no words"));
            }
            match lists.iter_mut().find(|(known, _)| *known == axis) {
                Some((_, groups)) => groups.push((group, body.to_owned())),
                None => lists.push((axis, vec![(group, body.to_owned())])),
            }
        }
        lists.sort_by(|a, b| a.0.cmp(&b.0));
        if lists.is_empty() {
            return Err("it holds no line `axis=group: word, ...`".into());
        }
        let axes = lists.into_iter().map(|(name, groups)| axis(name, &groups, &references));
        Ok(Self { axes: axes.collect::<Result<_, _>>()? })
    }

    /// The axis of a name.
    pub fn axis(&self, name: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.name == name)
    }
}

fn axis(
    name: String,
    groups: &[(String, String)],
    references: &[(String, String)],
) -> Result<Axis, String> {
    if groups.len() < 2 {
        return Err(format!("the axis `{name}` has only one group"));
    }
    let names: Vec<String> = groups.iter().map(|(group, _)| group.clone()).collect();
    if names.iter().collect::<HashSet<_>>().len() < names.len() {
        return Err(format!("the axis `{name}` names a group twice"));
    }
    let mut phrases = Vec::new();
    let mut group_of = Vec::new();
    for (at, (_, list)) in groups.iter().enumerate() {
        for phrase in list.split(',') {
            phrases.push(phrase);
            group_of.push(at);
        }
    }
    let given = references.iter().find(|(axis, _)| identifier(axis) == name);
    let reference = match given {
        Some((_, shares)) => shares_of(&name, &names, shares)?,
        None => vec![1.0 / names.len() as f64; names.len()],
    };
    Ok(Axis { phrases: Phrases::new(phrases), name, groups: names, reference, group_of })
}

fn shares_of(axis: &str, groups: &[String], text: &str) -> Result<Vec<f64>, String> {
    let mut shares = vec![None; groups.len()];
    for entry in text.split(',') {
        let (group, share) =
            entry.trim().rsplit_once(' ').ok_or(format!("`{entry}` is not `group share`"))?;
        let at = groups.iter().position(|known| *known == identifier(group));
        let at = at.ok_or(format!("the axis `{axis}` has no group `{}`", group.trim()))?;
        let share: f64 = share.parse().map_err(|_| format!("`{share}` is no number"))?;
        shares[at] = Some(share).filter(|share| *share > 0.0 && share.is_finite());
    }
    let shares: Option<Vec<f64>> = shares.into_iter().collect();
    let shares =
        shares.ok_or(format!("the reference of `{axis}` lacks a share above 0 for a group"))?;
    let sum: f64 = shares.iter().sum();
    Ok(shares.into_iter().map(|share| share / sum).collect())
}

/// A name fit for a metric's: lower case, letters, digits and underscores.
fn identifier(text: &str) -> String {
    words(text).join("_")
}

fn built_in(text: &str) -> Lexicon {
    Lexicon::parse(text).expect("the list is part of the program")
}

/// HELM's lists of genders and surnames in this form.
fn from_helm() -> String {
    HELM.lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let axis = words.next().filter(|axis| matches!(*axis, "gender" | "race"))?;
            let group = words.next()?;
            Some(format!("{axis}={group}: {}\n", words.collect::<Vec<_>>().join(", ")))
        })
        .collect()
}

/// HELM's target words of a kind, `profession` or `adjective`.
pub(crate) fn targets(kind: &str) -> Vec<&'static str> {
    let line = HELM.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(" - "));
    line.map(|line| line.split(' ').collect()).unwrap_or_default()
}

/// A text that lives as long as the program; equal texts are kept once. For metrics' names that follow from a user's list.
pub(crate) fn interned(text: String) -> &'static str {
    static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_with(HashSet::new);
    if let Some(found) = known.get(text.as_str()) {
        return found;
    }
    let kept: &'static str = Box::leak(text.into_boxed_str());
    known.insert(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(lexicon: &Lexicon, axis: &str, group: &str, text: &str) -> f64 {
        let axis = lexicon.axis(axis).unwrap();
        let at = axis.groups.iter().position(|known| known == group).unwrap();
        axis.count(&words(text))[at]
    }

    #[test]
    fn the_lists_of_the_program_can_be_read() {
        for name in LEXICON_NAMES {
            let lexicon = Lexicon::named(name).unwrap();
            for axis in &lexicon.axes {
                assert!((axis.reference.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{}", axis.name);
            }
        }
        assert_eq!(Lexicon::named("holistic_bias").unwrap().axes.len(), 12);
        assert_eq!((targets("profession").len(), targets("adjective").len()), (288, 422));
    }

    #[test]
    fn people_are_mentioned_and_walls_are_not() {
        let own = Lexicon::named("own").unwrap();
        let text = "A Black woman and an African-American man painted the white wall. They are non-binary, she said.";
        assert_eq!(count(own, "race", "black", text), 2.0);
        assert_eq!(count(own, "race", "white", text), 0.0);
        assert_eq!(count(own, "gender", "female", text), 2.0);
        assert_eq!(count(own, "gender", "nonbinary", text), 1.0);
        assert_eq!(count(own, "gender", "male", text), 1.0);
    }

    #[test]
    fn mistakes_are_explained() {
        for (list, words) in [
            ("", "no line"),
            ("a=b: c", "only one group"),
            ("a=b: c\na=d", "line 2: it has no `:`"),
            ("a: c", "line 1"),
            ("a=b: c\na=d: -", "no words"),
            ("a=b: c\na=b: d", "twice"),
            ("a=b: c\na=d: e\nreference a: b 1", "lacks a share"),
            ("a=b: c\na=d: e\nreference a: b 1, x 2", "no group `x`"),
        ] {
            let error = Lexicon::parse(list).unwrap_err();
            assert!(error.contains(words), "{list}: {error}");
        }
        let shares = Lexicon::parse("a=b: c\na=d: e\nreference a: b 1, d 3").unwrap();
        assert_eq!(shares.axes[0].reference, [0.25, 0.75]);
    }

    #[test]
    fn names_are_kept_once() {
        assert!(std::ptr::eq(interned("a name".into()), interned("a name".into())));
    }
}
