//! Porter's stemmer (1980) with the extensions that NLTK makes by default, which ROUGE's reference implementation uses.

/// Words with stems of their own.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// A suffix and what replaces it.
type Rule = (&'static str, &'static str);

const STEP_2: [Rule; 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: [Rule; 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a lower-case ASCII word. Other words come back as they are.
pub fn stem(word: &str) -> String {
    let mut stem = word.to_owned();
    reduce(&mut stem);
    stem
}

/// [`stem`] in place.
pub(crate) fn reduce(word: &mut String) {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word.as_str()) {
        return replace(word, 0, stem);
    }
    if word.len() <= 2 || !word.is_ascii() {
        return;
    }
    for step in [step_1a, step_1b, step_1c, step_2, step_3, step_4, step_5a, step_5b] {
        step(word);
    }
}

/// The length of what stands before a suffix, if the word has it.
fn before(word: &str, suffix: &str) -> Option<usize> {
    // Most suffixes already fail at their last letter.
    let fits = word.as_bytes().last() == suffix.as_bytes().last() && word.ends_with(suffix);
    fits.then(|| word.len() - suffix.len())
}

/// Puts an ending behind the first `base` letters.
fn replace(word: &mut String, base: usize, ending: &str) {
    word.truncate(base);
    word.push_str(ending);
}

fn step_1a(word: &mut String) {
    if let Some(base) = before(word, "ies") {
        let ending = if word.len() == 4 { "ie" } else { "i" };
        replace(word, base, ending);
    } else if let Some(base) = before(word, "sses") {
        word.truncate(base + 2);
    } else if let Some(base) = before(word, "s").filter(|_| !word.ends_with("ss")) {
        word.truncate(base);
    }
}

fn step_1b(word: &mut String) {
    if let Some(base) = before(word, "ied") {
        let ending = if word.len() == 4 { "ie" } else { "i" };
        return replace(word, base, ending);
    }
    if let Some(base) = before(word, "eed") {
        if measure(&word[..base]) > 0 {
            word.truncate(base + 2);
        }
        return;
    }
    let base = ["ed", "ing"]
        .iter()
        .find_map(|suffix| before(word, suffix).filter(|base| contains_vowel(&word[..*base])));
    let Some(base) = base else { return };
    word.truncate(base);
    if ["at", "bl", "iz"].iter().any(|ending| word.ends_with(ending)) {
        word.push('e');
    } else if ends_double_consonant(word) {
        if !word.ends_with(['l', 's', 'z']) {
            word.pop();
        }
    } else if measure(word) == 1 && ends_cvc(word) {
        word.push('e');
    }
}

fn step_1c(word: &mut String) {
    if let Some(base) = before(word, "y").filter(|base| *base > 1 && is_consonant(word, base - 1)) {
        replace(word, base, "i");
    }
}

fn step_2(word: &mut String) {
    if let Some(base) = before(word, "alli").filter(|base| measure(&word[..*base]) > 0) {
        replace(word, base, "al");
        return step_2(word);
    }
    for (suffix, replacement) in STEP_2 {
        if let Some(base) = before(word, suffix) {
            return replace_if(word, base, replacement, measure(&word[..base]) > 0);
        }
    }
    if let Some(base) = before(word, "logi") {
        // The condition is on the word without `ogi`, so that `l` counts.
        replace_if(word, base, "log", measure(&word[..=base]) > 0);
    }
}

fn step_3(word: &mut String) {
    for (suffix, replacement) in STEP_3 {
        if let Some(base) = before(word, suffix) {
            return replace_if(word, base, replacement, measure(&word[..base]) > 0);
        }
    }
}

fn step_4(word: &mut String) {
    for suffix in STEP_4 {
        if let Some(base) = before(word, suffix) {
            let fits = suffix != "ion" || word[..base].ends_with(['s', 't']);
            return replace_if(word, base, "", measure(&word[..base]) > 1 && fits);
        }
    }
}

fn step_5a(word: &mut String) {
    let Some(base) = before(word, "e") else { return };
    let measured = measure(&word[..base]);
    if measured > 1 || (measured == 1 && !ends_cvc(&word[..base])) {
        word.truncate(base);
    }
}

fn step_5b(word: &mut String) {
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

fn replace_if(word: &mut String, base: usize, replacement: &str, condition: bool) {
    if condition {
        replace(word, base, replacement);
    }
}

/// A letter is a consonant unless it is a, e, i, o, u, or y after a consonant.
fn is_consonant(word: &str, position: usize) -> bool {
    match word.as_bytes()[position] {
        b'a' | b'e' | b'i' | b'o' | b'u' => false,
        b'y' => position == 0 || !is_consonant(word, position - 1),
        _ => true,
    }
}

/// How often a consonant follows a vowel.
fn measure(stem: &str) -> usize {
    let mut after_vowel = false;
    let mut count = 0;
    let mut previous_consonant = false;
    for (position, letter) in stem.bytes().enumerate() {
        let consonant = match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => position == 0 || !previous_consonant,
            _ => true,
        };
        count += usize::from(consonant && after_vowel);
        after_vowel = !consonant;
        previous_consonant = consonant;
    }
    count
}

fn contains_vowel(stem: &str) -> bool {
    (0..stem.len()).any(|position| !is_consonant(stem, position))
}

fn ends_double_consonant(word: &str) -> bool {
    let bytes = word.as_bytes();
    let n = bytes.len();
    n >= 2 && bytes[n - 1] == bytes[n - 2] && is_consonant(word, n - 1)
}

/// Ends consonant, vowel, consonant other than w, x, y; or is a vowel and a consonant.
fn ends_cvc(word: &str) -> bool {
    let n = word.len();
    let pattern = n >= 3
        && is_consonant(word, n - 3)
        && !is_consonant(word, n - 2)
        && is_consonant(word, n - 1)
        && !word.ends_with(['w', 'x', 'y']);
    pattern || (n == 2 && !is_consonant(word, 0) && is_consonant(word, 1))
}
