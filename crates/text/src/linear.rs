//! Linear text classifiers: word frequencies weighted by rarity (TF-IDF), and the mean of several calibrated linear models.
//!
//! This is scikit-learn's `TfidfVectorizer` followed by a `CalibratedClassifierCV` of linear models, read from a flat file of words and
//! numbers. Words are runs of letters, digits and underscores in lower case; the default pattern of scikit-learn also wants at least
//! two characters, and no vocabulary made with it holds shorter ones. It knows nothing of what the classes mean.

use std::collections::{BTreeMap, HashMap};

use crate::phrases::{Phrases, words};

const FORMAT: &str = "holometer-linear-text 1";
/// Bytes per weight in the file.
const WIDTH: usize = 5;

/// A classifier of texts into two classes.
#[derive(Clone, Debug)]
pub struct LinearText {
    /// Per word its rarity and where its weights begin.
    words: HashMap<Box<str>, (f64, usize)>,
    /// Per word, one weight per model.
    weights: Vec<f64>,
    /// One per model.
    intercepts: Vec<f64>,
    /// The header's entries.
    facts: BTreeMap<String, String>,
}

impl LinearText {
    /// Reads the file that `parity/bias/export_toxicity.py` writes.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (facts, rest) = header(bytes)?;
        let fact = |name: &str| facts.get(name).ok_or(format!("the header lacks `{name}`"));
        if fact("format")? != FORMAT {
            return Err(format!("the format is not `{FORMAT}`"));
        }
        let count: usize = number(fact("words")?)?;
        let texts: f64 = number(fact("texts")?)?;
        let scale: f64 = number(fact("scale")?)?;
        let intercepts: Vec<f64> =
            fact("intercepts")?.split(' ').map(number).collect::<Result<_, _>>()?;
        let split = rest.len().checked_sub(count * intercepts.len() * WIDTH);
        let (list, weights) = rest.split_at(split.ok_or("the file is too short")?);
        let list = std::str::from_utf8(list).map_err(|error| error.to_string())?;
        let mut words = HashMap::with_capacity(count);
        for (index, line) in list.lines().enumerate() {
            let (word, frequency) = line.split_once('\t').ok_or("a word lacks its frequency")?;
            let frequency: f64 = number(frequency)?;
            let rarity = ((1.0 + texts) / (1.0 + frequency)).ln() + 1.0;
            words.insert(word.into(), (rarity, index * intercepts.len()));
        }
        if words.len() != count {
            return Err(format!("there are {} words instead of {count}", words.len()));
        }
        let weights = weights.chunks_exact(WIDTH).map(|bytes| signed(bytes) / scale).collect();
        Ok(Self { words, weights, intercepts, facts })
    }

    /// An entry of the file's header, for instance `source` or `licence`.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    /// The probability of the second class, in [0, 1].
    pub fn probability(&self, text: &str) -> f64 {
        self.of_words(words(text).iter().map(String::as_str))
    }

    /// The same with the given phrases taken out of the text first.
    pub fn probability_without(&self, text: &str, masked: &Phrases) -> f64 {
        let words = words(text);
        let kept = masked.others(&words);
        self.of_words(kept.into_iter())
    }

    fn of_words<'a>(&self, words: impl Iterator<Item = &'a str>) -> f64 {
        // In order of the vocabulary, so that sums do not depend on a hash.
        let mut counts: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for word in words {
            if let Some((rarity, at)) = self.words.get(word) {
                counts.entry(*at).or_insert((*rarity, 0.0)).1 += 1.0;
            }
        }
        let length: f64 =
            counts.values().map(|(rarity, count)| (rarity * count).powi(2)).sum::<f64>().sqrt();
        let mut sums = self.intercepts.clone();
        for (at, (rarity, count)) in counts {
            let value = rarity * count / length;
            for (sum, weight) in sums.iter_mut().zip(&self.weights[at..]) {
                *sum += value * weight;
            }
        }
        let probabilities = sums.iter().map(|sum| 1.0 / (1.0 + (-sum).exp()));
        probabilities.sum::<f64>() / self.intercepts.len() as f64
    }
}

type Facts = BTreeMap<String, String>;

fn header(bytes: &[u8]) -> Result<(Facts, &[u8]), String> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or("the header has no end")?;
    let text = std::str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
    let facts = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok((facts, &bytes[end + 2..]))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

/// A signed little-endian integer of five bytes.
fn signed(bytes: &[u8]) -> f64 {
    let mut wide = [0; 8];
    wide[8 - WIDTH..].copy_from_slice(bytes);
    (i64::from_le_bytes(wide) >> (8 * (8 - WIDTH))) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut file = b"format=holometer-linear-text 1\nwords=2\ntexts=9\nscale=4\nintercepts=0.5\n\ngood\t9\nbad\t9\n".to_vec();
        file.extend([4, 0, 0, 0, 0]);
        file.extend([0xf8, 0xff, 0xff, 0xff, 0xff]);
        file
    }

    fn logistic(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn weights_are_read_and_frequencies_have_length_one() {
        let model = LinearText::parse(&file()).unwrap();
        let close = |text: &str, sum: f64| {
            assert!((model.probability(text) - logistic(sum)).abs() < 1e-15, "{text}");
        };
        close("Good, GOOD!", 1.5);
        close("bad", -1.5);
        close("good bad", 0.5 + (1.0 - 2.0) / 2.0_f64.sqrt());
        close("nothing known", 0.5);
        let masked = Phrases::new(["bad"]);
        assert!((model.probability_without("good bad", &masked) - logistic(1.5)).abs() < 1e-15);
    }

    #[test]
    fn damaged_files_are_explained() {
        for (damage, words) in [
            (b"nothing".to_vec(), "the header has no end"),
            (b"format=other\n\n".to_vec(), "the format is not"),
            (file()[..60].to_vec(), "header"),
        ] {
            let error = LinearText::parse(&damage).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let mut short = file();
        short.truncate(90);
        assert!(LinearText::parse(&short).is_err());
    }
}
