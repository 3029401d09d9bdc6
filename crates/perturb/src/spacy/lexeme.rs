//! What spaCy knows of a word without its sentence: its norm, its ends, its shape.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::hash::string_id;
use super::msgpack::{self, Value};

/// Norms of signs (`spacy/lang/norm_exceptions.py`): each norm, then what it stands for.
const SIGNS: [(&str, &str); 12] = [
    ("'s", "'s 'S ’s ’S"),
    ("'", "’ ‘ ´ `"),
    ("\"", "” “ '' `` ´´ „ » « ‘‘ ’’"),
    ("?", "？"),
    ("!", "！"),
    (",", "，"),
    (";", "；"),
    (":", "："),
    (".", "。 ।"),
    ("...", "…"),
    ("-", "— – -- --- ——"),
    ("$", "€ £ ¥ ฿ US$ C$ A$ ₺ ₹ ৳ ₩ Mex$ ₣ E£"),
];

/// A model's norms of words.
pub(super) struct Norms(HashMap<u64, String>);

impl Norms {
    /// Reads `vocab/lookups.bin`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let tables = msgpack::read(bytes)?;
        let norms = tables.need("lexeme_norm")?.entries().iter();
        let entry =
            |(key, norm): &(Value<'_>, Value<'_>)| Some((key.number()?, norm.text()?.to_owned()));
        let norms = norms.map(entry).collect::<Option<_>>();
        norms.map(Self).ok_or_else(|| "its table `lexeme_norm` is no table of words".to_owned())
    }

    /// The number of a word's norm: the model's, else the sign's, else the word in lower case.
    pub(super) fn id(&self, word: &str) -> u64 {
        static OF_SIGNS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
            let signs = SIGNS.iter();
            signs.flat_map(|(norm, signs)| signs.split(' ').map(|sign| (sign, *norm))).collect()
        });
        match (self.0.get(&string_id(word)), OF_SIGNS.get(word)) {
            (Some(norm), _) => string_id(norm),
            (None, Some(norm)) => string_id(norm),
            (None, None) => string_id(&word.to_lowercase()),
        }
    }
}

/// A word's first character.
pub(super) fn prefix(word: &str) -> &str {
    let end = word.chars().next().map_or(0, char::len_utf8);
    &word[..end]
}

/// A word's last three characters.
pub(super) fn suffix(word: &str) -> &str {
    let start = word.char_indices().rev().nth(2).map_or(0, |(start, _)| start);
    &word[start..]
}

/// A word with its letters as `X` or `x` and its digits as `d`, runs cut after four.
pub(super) fn shape(word: &str) -> String {
    const LONG: usize = 100;
    if word.len() >= LONG && word.chars().count() >= LONG {
        return "LONG".to_owned();
    }
    let mut shape = String::with_capacity(word.len());
    let mut run = (None, 0);
    for character in word.chars() {
        let shown = shape_of(character);
        run = if run.0 == Some(shown) { (run.0, run.1 + 1) } else { (Some(shown), 0) };
        if run.1 < 4 {
            shape.push(shown);
        }
    }
    shape
}

fn shape_of(character: char) -> char {
    static LETTER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{L}$").expect("a valid pattern"));
    let is_letter = if character.is_ascii() {
        character.is_ascii_alphabetic()
    } else {
        LETTER.is_match(character.encode_utf8(&mut [0; 4]))
    };
    match character {
        _ if is_letter && character.is_uppercase() => 'X',
        _ if is_letter => 'x',
        _ if is_digit(character) => 'd',
        _ => character,
    }
}

/// Python's `str.isdigit`: decimal digits, and those that are raised, lowered, circled and the like (Unicode's numeric type `Digit`).
fn is_digit(character: char) -> bool {
    const NO_DECIMALS: [(u32, u32); 20] = [
        (0xb2, 0xb3),
        (0xb9, 0xb9),
        (0x1369, 0x1371),
        (0x19da, 0x19da),
        (0x2070, 0x2070),
        (0x2074, 0x2079),
        (0x2080, 0x2089),
        (0x2460, 0x2468),
        (0x2474, 0x247c),
        (0x2488, 0x2490),
        (0x24ea, 0x24ea),
        (0x24f5, 0x24fd),
        (0x24ff, 0x24ff),
        (0x2776, 0x277e),
        (0x2780, 0x2788),
        (0x278a, 0x2792),
        (0x10a40, 0x10a43),
        (0x10e60, 0x10e68),
        (0x11052, 0x1105a),
        (0x1f100, 0x1f10a),
    ];
    if character.is_ascii() {
        return character.is_ascii_digit();
    }
    let number = u32::from(character);
    holometer_text::python::digit(character).is_some()
        || NO_DECIMALS.iter().any(|(first, last)| (*first..=*last).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::{prefix, shape, suffix};

    /// As spaCy's `Lexeme.shape_`, `prefix_` and `suffix_`.
    #[test]
    fn words_have_spacys_shapes() {
        for (word, expected) in [
            ("Apple", "Xxxxx"),
            ("iPhone15", "xXxxxxdd"),
            ("éÉ²٣-", "xXdd-"),
            ("aaaaaaa......", "xxxx...."),
        ] {
            assert_eq!(shape(word), expected);
        }
        assert_eq!(shape(&"é".repeat(100)), "LONG");
        assert_eq!((prefix("était"), suffix("éta"), suffix("étais")), ("é", "éta", "ais"));
    }
}
