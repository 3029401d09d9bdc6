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
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 || !word.is_ascii() {
        return word.to_owned();
    }
    let mut stem = word.to_owned();
    for step in [step_1a, step_1b, step_1c, step_2, step_3, step_4, step_5a, step_5b] {
        stem = step(&stem);
    }
    stem
}

fn step_1a(word: &str) -> String {
    if let Some(base) = word.strip_suffix("ies") {
        return format!("{base}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if word.ends_with("ss") {
        return word.to_owned();
    }
    if let Some(base) = word.strip_suffix("sses") {
        return format!("{base}ss");
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

fn step_1b(word: &str) -> String {
    if let Some(base) = word.strip_suffix("ied") {
        return format!("{base}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(base) = word.strip_suffix("eed") {
        return if measure(base) > 0 { format!("{base}ee") } else { word.to_owned() };
    }
    let base = ["ed", "ing"]
        .iter()
        .find_map(|suffix| word.strip_suffix(suffix).filter(|base| contains_vowel(base)));
    let Some(base) = base else { return word.to_owned() };
    if ["at", "bl", "iz"].iter().any(|ending| base.ends_with(ending)) {
        return format!("{base}e");
    }
    if ends_double_consonant(base) {
        let keep = matches!(base.as_bytes().last(), Some(b'l' | b's' | b'z'));
        return base[..base.len() - usize::from(!keep)].to_owned();
    }
    if measure(base) == 1 && ends_cvc(base) { format!("{base}e") } else { base.to_owned() }
}

fn step_1c(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(base) if base.len() > 1 && is_consonant(base, base.len() - 1) => format!("{base}i"),
        _ => word.to_owned(),
    }
}

fn step_2(word: &str) -> String {
    if let Some(base) = word.strip_suffix("alli").filter(|base| measure(base) > 0) {
        return step_2(&format!("{base}al"));
    }
    for (suffix, replacement) in STEP_2 {
        if let Some(base) = word.strip_suffix(suffix) {
            return replace_if(word, base, replacement, measure(base) > 0);
        }
    }
    match word.strip_suffix("logi") {
        // The condition is on the word without `ogi`, so that `l` counts.
        Some(base) => replace_if(word, base, "log", measure(&word[..word.len() - 3]) > 0),
        None => word.to_owned(),
    }
}

fn step_3(word: &str) -> String {
    for (suffix, replacement) in STEP_3 {
        if let Some(base) = word.strip_suffix(suffix) {
            return replace_if(word, base, replacement, measure(base) > 0);
        }
    }
    word.to_owned()
}

fn step_4(word: &str) -> String {
    for suffix in STEP_4 {
        if let Some(base) = word.strip_suffix(suffix) {
            let fits = suffix != "ion" || base.ends_with(['s', 't']);
            return replace_if(word, base, "", measure(base) > 1 && fits);
        }
    }
    word.to_owned()
}

fn step_5a(word: &str) -> String {
    match word.strip_suffix('e') {
        Some(base) if measure(base) > 1 || (measure(base) == 1 && !ends_cvc(base)) => {
            base.to_owned()
        }
        _ => word.to_owned(),
    }
}

fn step_5b(word: &str) -> String {
    let shorter = &word[..word.len().saturating_sub(1)];
    if word.ends_with("ll") && measure(shorter) > 1 { shorter.to_owned() } else { word.to_owned() }
}

fn replace_if(word: &str, base: &str, replacement: &str, condition: bool) -> String {
    if condition { format!("{base}{replacement}") } else { word.to_owned() }
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
