//! VADER (Hutto and Gilbert 2014): a text's sentiment from a list of rated words and rules about what stands around them.
//!
//! The rules, with their oddities, are those of the package vaderSentiment 3.3.2; the word list is given. It is English only.

use std::collections::HashMap;

use crate::python::split;

const BOOST: f64 = 0.293;
const CAPITALS: f64 = 0.733;
const NEGATION: f64 = -0.74;
const FORMAT: &str = "format=holometer-vader 1";

const BOOSTERS: &str = "absolutely amazingly awfully completely considerable considerably decidedly deeply effing enormous \
    enormously entirely especially exceptional exceptionally extreme extremely fabulously flipping flippin frackin fracking \
    fricking frickin frigging friggin fully fuckin fucking fuggin fugging greatly hella highly hugely incredible incredibly \
    intensely major majorly more most particularly purely quite really remarkably so substantially thoroughly total totally \
    tremendous tremendously uber unbelievably unusually utter utterly very";
const DAMPENERS: &str = "almost barely hardly kinda kindof kind-of less little marginal marginally occasional occasionally \
    partly scarce scarcely slight slightly somewhat sorta sortof sort-of";
/// Dampeners of two words; they are looked up apart.
const DAMPENING_PAIRS: [&str; 3] = ["just enough", "kind of", "sort of"];
const NEGATIONS: &str = "aint arent cannot cant couldnt darent didnt doesnt ain't aren't can't couldn't daren't didn't doesn't \
    dont hadnt hasnt havent isnt mightnt mustnt neither don't hadn't hasn't haven't isn't mightn't mustn't neednt needn't never \
    none nope nor not nothing nowhere oughtnt shant shouldnt uhuh wasnt werent oughtn't shan't shouldn't uh-uh wasn't weren't \
    without wont wouldnt won't wouldn't rarely seldom despite";
const IDIOMS: [(&str, f64); 9] = [
    ("the shit", 3.0),
    ("the bomb", 3.0),
    ("bad ass", 1.5),
    ("badass", 1.5),
    ("bus stop", 0.0),
    ("yeah right", -2.0),
    ("kiss of death", -1.5),
    ("to die for", 3.0),
    ("beating heart", 3.5),
];

/// The analyser with its word list.
#[derive(Clone, Debug)]
pub struct Vader {
    valences: HashMap<Box<str>, f64>,
    emojis: HashMap<char, Box<str>>,
    boosters: HashMap<&'static str, f64>,
    negations: Vec<&'static str>,
}

impl Vader {
    /// Reads the list that `parity/bias/vader_lexicon.py` writes.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut parts = list.splitn(3, "\n\n");
        let header = parts.next().unwrap_or_default();
        if header.lines().next() != Some(FORMAT) {
            return Err(format!("the list does not begin with `{FORMAT}`"));
        }
        let (Some(words), Some(emojis)) = (parts.next(), parts.next()) else {
            return Err("the list lacks its words or emojis".into());
        };
        let mut valences = HashMap::new();
        for line in words.lines() {
            let (word, valence) = line.split_once('\t').ok_or(format!("`{line}` has no value"))?;
            let valence = valence.parse().map_err(|_| format!("`{valence}` is no number"))?;
            valences.insert(word.into(), valence);
        }
        let emojis = emojis
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(emoji, words)| Some((emoji.chars().next()?, words.into())))
            .collect();
        let boosters = BOOSTERS.split_whitespace().map(|word| (word, BOOST));
        let dampeners = DAMPENERS.split_whitespace().map(|word| (word, -BOOST));
        Ok(Self {
            valences,
            emojis,
            boosters: boosters.chain(dampeners).collect(),
            negations: NEGATIONS.split_whitespace().collect(),
        })
    }

    /// The compound score in [-1, 1]: -1 is most negative, 0 neutral. Not rounded; the package rounds to four decimals.
    pub fn compound(&self, text: &str) -> f64 {
        let (sentiments, amplifier) = self.sentiments(text);
        let mut sum: f64 = sentiments.iter().sum();
        if sum > 0.0 {
            sum += amplifier;
        } else if sum < 0.0 {
            sum -= amplifier;
        }
        (sum / (sum * sum + 15.0).sqrt()).clamp(-1.0, 1.0)
    }

    /// The share of a text that is negative, in [0, 1]: the package's `neg`, not rounded; it rounds to three decimals. 0 without words.
    pub fn negative(&self, text: &str) -> f64 {
        let (sentiments, amplifier) = self.sentiments(text);
        // Each rated word counts for one more than its valence, as much as a neutral word counts.
        let mut positive: f64 = sentiments.iter().filter(|s| **s > 0.0).map(|s| s + 1.0).sum();
        let mut negative: f64 = sentiments.iter().filter(|s| **s < 0.0).map(|s| 1.0 - s).sum();
        let neutral = sentiments.iter().filter(|s| **s == 0.0).count() as f64;
        if positive > negative {
            positive += amplifier;
        } else if positive < negative {
            negative += amplifier;
        }
        let total = positive + negative + neutral;
        if total > 0.0 { negative / total } else { 0.0 }
    }

    /// Each word's valence in its place, and how much the punctuation amplifies them.
    fn sentiments(&self, text: &str) -> (Vec<f64>, f64) {
        let text = self.without_emojis(text);
        let words: Vec<Word> = split(&text).map(Word::new).collect();
        let capitals = words.iter().filter(|word| word.upper).count();
        let emphasis = capitals > 0 && capitals < words.len();
        let mut sentiments: Vec<f64> = (0..words.len())
            .map(|at| Place { vader: self, words: &words, at, emphasis }.valence())
            .collect();
        shift_around_but(&words, &mut sentiments);
        (sentiments, punctuation(&text))
    }

    /// The text with each emoji replaced by its description.
    fn without_emojis(&self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut after_space = true;
        for character in text.chars() {
            if let Some(description) = self.emojis.get(&character) {
                if !after_space {
                    plain.push(' ');
                }
                plain.push_str(description);
                after_space = false;
            } else {
                plain.push(character);
                after_space = character == ' ';
            }
        }
        plain
    }

    fn is_negation(&self, word: &str) -> bool {
        self.negations.contains(&word) || word.contains("n't")
    }
}

/// A word without the punctuation around it.
struct Word {
    lower: String,
    /// Whether it has capital letters only.
    upper: bool,
}

impl Word {
    fn new(token: &str) -> Self {
        let stripped = token.trim_matches(|c: char| c.is_ascii_punctuation());
        // What is left of an emoticon is too short to be a word.
        let text = if stripped.chars().count() <= 2 { token } else { stripped };
        let cased = |c: char| c.is_uppercase() || c.is_lowercase();
        let upper = text.chars().any(char::is_uppercase)
            && text.chars().filter(|c| cased(*c)).all(char::is_uppercase);
        Self { lower: text.to_lowercase(), upper }
    }
}

/// One word of a text, with what stands around it.
struct Place<'a> {
    vader: &'a Vader,
    words: &'a [Word],
    at: usize,
    /// Some words, not all, are in capitals, so that capitals mean something.
    emphasis: bool,
}

impl Place<'_> {
    /// The lower-case word `distance` places before this one; empty where there is none.
    fn before(&self, distance: usize) -> &str {
        self.at.checked_sub(distance).map_or("", |at| &self.words[at].lower)
    }

    fn after(&self, distance: usize) -> Option<&str> {
        self.words.get(self.at + distance).map(|word| word.lower.as_str())
    }

    fn rated(&self, word: &str) -> Option<f64> {
        self.vader.valences.get(word).copied()
    }

    fn valence(&self) -> f64 {
        let word = &self.words[self.at];
        let of_kind = word.lower == "kind" && self.after(1) == Some("of");
        if self.vader.boosters.contains_key(word.lower.as_str()) || of_kind {
            return 0.0;
        }
        let Some(rated) = self.rated(&word.lower) else { return self.unless_least(0.0) };
        let mut valence = self.around_no(rated);
        if word.upper && self.emphasis {
            valence += if valence > 0.0 { CAPITALS } else { -CAPITALS };
        }
        for distance in 1..=3 {
            if self.at >= distance && self.rated(self.before(distance)).is_none() {
                valence += self.boost(distance, valence);
                valence = self.negated(distance, valence);
                if distance == 3 {
                    valence = self.idioms(valence);
                }
            }
        }
        self.unless_least(valence)
    }

    /// "no" before a rated word turns it round instead of being rated itself.
    fn around_no(&self, rated: f64) -> f64 {
        let turned = self.before(1) == "no"
            || self.before(2) == "no"
            || (self.before(3) == "no" && matches!(self.before(1), "or" | "nor"));
        if turned {
            return rated * NEGATION;
        }
        let stands_before_rated = self.after(1).is_some_and(|next| self.rated(next).is_some());
        if self.words[self.at].lower == "no" && stands_before_rated { 0.0 } else { rated }
    }

    /// What a word some places before adds to the strength of a valence.
    fn boost(&self, distance: usize, valence: f64) -> f64 {
        let word = &self.words[self.at - distance];
        let Some(boost) = self.vader.boosters.get(word.lower.as_str()) else { return 0.0 };
        let mut boost = if valence < 0.0 { -boost } else { *boost };
        if word.upper && self.emphasis {
            boost += if valence > 0.0 { CAPITALS } else { -CAPITALS };
        }
        boost * [1.0, 0.95, 0.9][distance - 1]
    }

    fn negated(&self, distance: usize, valence: f64) -> f64 {
        let intensifying = |word: &str| matches!(word, "so" | "this");
        let (one, two, three) = (self.before(1), self.before(2), self.before(3));
        let (never, beyond_doubt) = match distance {
            1 => (false, false),
            2 => (two == "never" && intensifying(one), two == "without" && one == "doubt"),
            _ => (
                (three == "never" && intensifying(two)) || intensifying(one),
                three == "without" && (two == "doubt" || one == "doubt"),
            ),
        };
        if never {
            valence * 1.25
        } else if !beyond_doubt && self.vader.is_negation(self.before(distance)) {
            valence * NEGATION
        } else {
            valence
        }
    }

    fn idioms(&self, mut valence: f64) -> f64 {
        let (zero, one, two, three) =
            (&self.words[self.at].lower, self.before(1), self.before(2), self.before(3));
        let before = [
            format!("{one} {zero}"),
            format!("{two} {one} {zero}"),
            format!("{two} {one}"),
            format!("{three} {two} {one}"),
            format!("{three} {two}"),
        ];
        let known = |text: &str| {
            IDIOMS.iter().find(|(idiom, _)| *idiom == text).map(|(_, valence)| *valence)
        };
        if let Some(found) = before.iter().find_map(|text| known(text)) {
            valence = found;
        }
        if let Some(next) = self.after(1) {
            valence = known(&format!("{zero} {next}")).unwrap_or(valence);
            if let Some(last) = self.after(2) {
                valence = known(&format!("{zero} {next} {last}")).unwrap_or(valence);
            }
        }
        // No phrase of three words is a booster.
        for pair in [&before[4], &before[2]] {
            if DAMPENING_PAIRS.contains(&pair.as_str()) {
                valence -= BOOST;
            }
        }
        valence
    }

    /// "least" turns the next word round, but not in "at least" and "very least".
    fn unless_least(&self, valence: f64) -> f64 {
        let least = self.before(1) == "least" && self.rated("least").is_none();
        let harmless = self.at > 1 && matches!(self.before(2), "at" | "very");
        if least && !harmless { valence * NEGATION } else { valence }
    }
}

/// After "but" sentiments count more, before it less. As in the package, a value's place is that of the first equal value.
fn shift_around_but(words: &[Word], sentiments: &mut [f64]) {
    let Some(but) = words.iter().position(|word| word.lower == "but") else { return };
    for index in 0..sentiments.len() {
        let value = sentiments[index];
        let Some(first) = sentiments.iter().position(|other| *other == value) else { continue };
        match first.cmp(&but) {
            std::cmp::Ordering::Less => sentiments[first] = value * 0.5,
            std::cmp::Ordering::Greater => sentiments[first] = value * 1.5,
            std::cmp::Ordering::Equal => {}
        }
    }
}

/// What exclamation and question marks add to a text's strength.
fn punctuation(text: &str) -> f64 {
    let exclamations = text.matches('!').count().min(4) as f64 * 0.292;
    let questions = match text.matches('?').count() {
        0 | 1 => 0.0,
        few @ 2..=3 => few as f64 * 0.18,
        _ => 0.96,
    };
    exclamations + questions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(ours: f64, theirs: f64) {
        assert!((ours - theirs).abs() < 5.1e-5, "{ours} {theirs}");
    }

    #[test]
    fn the_packages_own_examples() {
        // Ratings and results as the package documents them.
        let list = "format=holometer-vader 1\n\nsmart\t1.7\nhandsome\t2.2\nfunny\t1.9\nhorrible\t-2.5\nbook\t0\ngood\t1.9\n\n😁\tgood\n";
        let vader = Vader::parse(list).unwrap();
        close(vader.compound("VADER is smart, handsome, and funny."), 0.8316);
        close(vader.compound("VADER is smart, handsome, and funny!"), 0.8439);
        close(vader.compound("VADER is very smart, handsome, and funny."), 0.8545);
        close(vader.compound("VADER is VERY SMART, handsome, and FUNNY!!!"), 0.9342);
        close(vader.compound("VADER is not smart, handsome, nor funny."), -0.7424);
        close(vader.compound("The book was only kind of good."), 0.3832);
        assert_eq!(vader.compound("😁"), vader.compound("good"));
        assert_eq!(vader.compound(""), 0.0);
    }

    #[test]
    fn other_lists_are_refused() {
        assert!(Vader::parse("word\t1").unwrap_err().contains("does not begin"));
        assert!(
            Vader::parse("format=holometer-vader 1\n\nword\tx\n\n").unwrap_err().contains("`x`")
        );
    }
}
