//! spaCy's numbers for texts, and the rows of its hashed embeddings.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The number of a text in spaCy's string store: the place of a reserved name among its symbols, else a hash.
pub(super) fn string_id(text: &str) -> u64 {
    if text.is_empty() {
        return 0;
    }
    symbol(text).unwrap_or_else(|| murmur64(text.as_bytes(), 1))
}

/// spaCy's reserved names (`spacy/symbols.pyx`) with their numbers, which count on within each run. Ordinary words are among them: a
/// *mark*, an *agent*, a *root*.
const SYMBOLS: [(u64, &str); 4] = [
    (
        1,
        "IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM LIKE_EMAIL IS_STOP \
         IS_OOV_DEPRECATED IS_BRACKET IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT IS_CURRENCY",
    ),
    (
        64,
        "ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD SENT_START SPACY PROB \
         LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X EOL SPACE",
    ),
    (
        380,
        "PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY QUANTITY ORDINAL \
         CARDINAL acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm conj cop csubj csubjpass dep det dobj \
         expl hmod hyph infmod intj iobj mark meta neg nmod nn npadvmod nsubj nsubjpass num number oprd obj obl parataxis \
         partmod pcomp pobj poss possessive preconj prep prt punct quantmod relcl rcmod root xcomp acl ENT_KB_ID MORPH ENT_ID \
         IDX",
    ),
    (456, "_"),
];

fn symbol(text: &str) -> Option<u64> {
    static NUMBERS: LazyLock<HashMap<&str, u64>> = LazyLock::new(|| {
        let runs = SYMBOLS.iter();
        runs.flat_map(|(first, names)| names.split_ascii_whitespace().zip(*first..)).collect()
    });
    NUMBERS.get(text).copied().or_else(|| numbered(text))
}

/// The names that are made of a number: `FLAG19` to `FLAG63` and `DEPRECATED001` to `DEPRECATED276`.
fn numbered(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("FLAG").or_else(|| text.strip_prefix("DEPRECATED"))?;
    let number: u64 = digits.parse().ok()?;
    let is_flag = (19..=63).contains(&number) && text == format!("FLAG{number}");
    let is_deprecated = (1..=276).contains(&number) && text == format!("DEPRECATED{number:03}");
    match (is_flag, is_deprecated) {
        (true, _) => Some(number),
        (_, true) => Some(103 + number),
        _ => None,
    }
}

/// MurmurHash64A (Appleby, public domain).
fn murmur64(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut word = u64::from_le_bytes(*word).wrapping_mul(M);
        word ^= word >> 47;
        hash = (hash ^ word.wrapping_mul(M)).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u64::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash ^= hash >> 47;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 47
}

/// The four hashes of a number in an embedding table: MurmurHash3's 128 bits over 8 bytes, as thinc has it (`numpy_ops.pyx`).
pub(super) fn embedding_keys(number: u64, seed: u32) -> [u32; 4] {
    let seed = u64::from(seed);
    let mut first = number.wrapping_mul(0x87c3_7b91_1142_53d5).rotate_left(31);
    first = first.wrapping_mul(0x4cf5_ad43_2745_937f) ^ seed ^ 8;
    let mut second = seed ^ 8;
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    first = finish(first);
    second = finish(second);
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    [low(first), low(first >> 32), low(second), low(second >> 32)]
}

fn finish(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn low(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::{embedding_keys, string_id};

    /// Numbers of spaCy 3.8's `get_string_id` and thinc 8.3's `NumpyOps.hash`.
    #[test]
    fn numbers_are_spacys() {
        for (text, number) in [
            ("", 0),
            ("mark", 423),
            ("_", 456),
            ("FLAG20", 20),
            ("DEPRECATED276", 379),
            ("case", 8_110_129_090_154_140_942),
            ("Holometer", 6_660_474_530_197_326_211),
            ("a", 11_901_859_001_352_538_922),
            ("café", 32_833_993_555_699_147),
        ] {
            assert_eq!(string_id(text), number, "{text}");
        }
        assert_eq!(
            embedding_keys(423, 8),
            [1_871_752_220, 1_335_300_221, 660_144_682, 2_002_950_332]
        );
        assert_eq!(
            embedding_keys(12_345_678_901_234_567_890, 8),
            [825_681_028, 3_746_740_173, 3_386_005_190, 3_472_626_611]
        );
    }
}
