//! WordNet's synonyms of a word in a part of speech, from its database files, in the order of NLTK (`nltk/corpus/reader/wordnet.py`).

use std::collections::{HashMap, HashSet};

/// A part of speech of WordNet's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// Of adjectives all, as of HELM's `s`: also those that are no satellites.
    Adjective,
    /// Adverbs.
    Adverb,
    /// Nouns.
    Noun,
    /// Verbs.
    Verb,
}

impl Part {
    const ALL: [Self; 4] = [Self::Adjective, Self::Adverb, Self::Noun, Self::Verb];

    /// The end of the names of its files.
    fn file(self) -> &'static str {
        match self {
            Self::Adjective => "adj",
            Self::Adverb => "adv",
            Self::Noun => "noun",
            Self::Verb => "verb",
        }
    }

    /// Endings with what stands in their place in a word's base form (morphy).
    fn endings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Adjective => &[("er", ""), ("est", ""), ("er", "e"), ("est", "e")],
            Self::Adverb => &[],
            Self::Noun => &[
                ("s", ""),
                ("ses", "s"),
                ("ves", "f"),
                ("xes", "x"),
                ("zes", "z"),
                ("ches", "ch"),
                ("shes", "sh"),
                ("men", "man"),
                ("ies", "y"),
            ],
            Self::Verb => &[
                ("s", ""),
                ("ies", "y"),
                ("es", "e"),
                ("es", ""),
                ("ed", "e"),
                ("ed", ""),
                ("ing", "e"),
                ("ing", ""),
            ],
        }
    }
}

/// The database.
pub(crate) struct WordNet(HashMap<Part, Words>);

/// The words of a part of speech.
struct Words {
    /// Each word's synsets by their places in the file, the most frequent first.
    synsets: HashMap<String, Vec<u64>>,
    /// The words of each synset, as they are written.
    members: HashMap<u64, Vec<String>>,
    /// Base forms of irregular words.
    exceptions: HashMap<String, Vec<String>>,
}

impl WordNet {
    /// Reads `index.noun`, `data.noun`, `noun.exc` and so on, which `file` gives by their names.
    ///
    /// # Errors
    /// What `file` says, or the file and the line that can't be read.
    pub(crate) fn read(file: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        let words = |part: Part| {
            let name = part.file();
            let of = |name: String| Ok::<_, String>((file(&name)?, name));
            let words = Words {
                synsets: each(of(format!("index.{name}"))?, indexed)?,
                members: each(of(format!("data.{name}"))?, synset)?,
                exceptions: each(of(format!("{name}.exc"))?, exception)?,
            };
            Ok((part, words))
        };
        Part::ALL.into_iter().map(words).collect::<Result<_, _>>().map(Self)
    }

    /// The words of all synsets of a word in lower case, each once, in WordNet's order, with spaces; without the word itself.
    pub(crate) fn synonyms(&self, word: &str, part: Part) -> Vec<&str> {
        let words = &self.0[&part];
        let mut seen = HashSet::new();
        let synsets = words.bases(word, part).into_iter().flat_map(|base| &words.synsets[base]);
        let members = synsets.filter_map(|synset| words.members.get(synset)).flatten();
        members.map(String::as_str).filter(|name| *name != word && seen.insert(*name)).collect()
    }
}

impl Words {
    /// The word and its base forms that WordNet has: by its exceptions, else by its endings, which are cut once.
    fn bases(&self, word: &str, part: Part) -> Vec<&String> {
        let mut forms = vec![word.to_owned()];
        match self.exceptions.get(word) {
            Some(bases) => forms.extend(bases.iter().cloned()),
            None => forms.extend(part.endings().iter().filter_map(|(ending, instead)| {
                Some(format!("{}{instead}", word.strip_suffix(ending)?))
            })),
        }
        let mut known = Vec::new();
        for (form, _) in forms.iter().filter_map(|form| self.synsets.get_key_value(form)) {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        known
    }
}

/// Reads a file's lines; those that begin with a space are the licence.
fn each<K: std::hash::Hash + Eq, V>(
    (text, name): (String, String),
    read: fn(&str) -> Option<(K, V)>,
) -> Result<HashMap<K, V>, String> {
    let mut entries = HashMap::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.starts_with(' ')) {
        let (key, value) =
            read(text).ok_or_else(|| format!("line {line} of WordNet's `{name}` can't be read"))?;
        entries.insert(key, value);
    }
    Ok(entries)
}

/// `word n 2 1 @ 2 1 00001740 00002137`: the word, its part of speech, how many synsets, how many kinds of pointers and which, how many
/// synsets, how many of them were marked in texts, and where they are.
fn indexed(line: &str) -> Option<(String, Vec<u64>)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let count: usize = fields.get(2)?.parse().ok()?;
    let offsets = &fields[fields.len().checked_sub(count)?..];
    let offsets = offsets.iter().map(|offset| offset.parse().ok()).collect::<Option<_>>()?;
    Some(((*fields.first()?).to_owned(), offsets))
}

/// `00001740 03 n 01 entity 0 003 ...`: where it is, its file, its kind, how many words (hexadecimal), and each with a number. An
/// adjective may have its position behind it, `(a)`.
fn synset(line: &str) -> Option<(u64, Vec<String>)> {
    let mut fields = line.split(' ');
    let offset = fields.next()?.parse().ok()?;
    let count = usize::from_str_radix(fields.nth(2)?, 16).ok()?;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let word = fields.next()?;
        fields.next()?;
        let word = match word.split_once('(') {
            Some((plain, marker)) if marker.ends_with(')') => plain,
            _ => word,
        };
        words.push(word.replace('_', " "));
    }
    Some((offset, words))
}

/// `mice mouse`: a word and its base forms.
fn exception(line: &str) -> Option<(String, Vec<String>)> {
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    Some((words.next()?, words.collect()))
}

#[cfg(test)]
mod tests {
    use super::{Part, WordNet};

    /// Lines as WordNet 3.0 has them, shortened.
    fn file(name: &str) -> &'static str {
        match name {
            "index.noun" => {
                "  1 licence\nmouse n 2 0 2 1 00000010 00000020  \nmice_trap n 1 0 1 0 00000030  \n"
            }
            "data.noun" => {
                "  1 licence\n00000010 05 n 02 mouse 0 house_mouse 0 000 | a rodent\n00000020 06 n 02 mouse 0 computer_mouse 0 000 | a device\n\
                 00000030 06 n 01 mice_trap 0 000 | a trap\n"
            }
            "noun.exc" => "mice mouse\nmousse mousse\n",
            "index.adj" => "alive a 1 0 1 1 00000040\n",
            "data.adj" => "00000040 00 a 02 alive(p) 0 Live(ip) 0 000 | living\n",
            _ => "",
        }
    }

    #[test]
    fn synonyms_are_those_of_all_senses() {
        let wordnet = WordNet::read(&|name| Ok(file(name).to_owned())).unwrap();
        for word in ["mouse", "mouses", "mice"] {
            let synonyms = wordnet.synonyms(word, Part::Noun);
            let expected = ["mouse", "house mouse", "computer mouse"];
            assert_eq!(synonyms, &expected[usize::from(word == "mouse")..], "{word}");
        }
        assert_eq!(wordnet.synonyms("alive", Part::Adjective), ["Live"]);
        assert!(wordnet.synonyms("mousse", Part::Noun).is_empty());
        assert!(wordnet.synonyms("mouse", Part::Verb).is_empty());
    }

    #[test]
    fn damage_names_the_line() {
        let damaged = |name: &str| Ok(file(name).replace("05 n 02", "05 n"));
        let error = WordNet::read(&damaged).err().unwrap();
        assert_eq!(error, "line 2 of WordNet's `data.noun` can't be read");
    }
}
