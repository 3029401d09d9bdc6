//! Which language a text is in, for instructions such as *answer in Kannada*.
//!
//! The reference implementation asks `langdetect`, whose answers vary from call to call on short texts. Here `whatlang` is
//! asked, among the languages that `langdetect` knows. It does not know Swahili, Somali and Albanian: Swahili is found by its
//! commonest words; texts in the other two are taken for another language.

use holometer_text::python::word_runs;
use whatlang::{Detector, Lang};

/// `langdetect`'s codes with `whatlang`'s languages.
const LANGUAGES: [(&str, Lang); 50] = [
    ("af", Lang::Afr),
    ("ar", Lang::Ara),
    ("bg", Lang::Bul),
    ("bn", Lang::Ben),
    ("ca", Lang::Cat),
    ("cs", Lang::Ces),
    ("cy", Lang::Cym),
    ("da", Lang::Dan),
    ("de", Lang::Deu),
    ("el", Lang::Ell),
    ("en", Lang::Eng),
    ("es", Lang::Spa),
    ("et", Lang::Est),
    ("fa", Lang::Pes),
    ("fi", Lang::Fin),
    ("fr", Lang::Fra),
    ("gu", Lang::Guj),
    ("he", Lang::Heb),
    ("hi", Lang::Hin),
    ("hr", Lang::Hrv),
    ("hu", Lang::Hun),
    ("id", Lang::Ind),
    ("it", Lang::Ita),
    ("ja", Lang::Jpn),
    ("kn", Lang::Kan),
    ("ko", Lang::Kor),
    ("lt", Lang::Lit),
    ("lv", Lang::Lav),
    ("mk", Lang::Mkd),
    ("ml", Lang::Mal),
    ("mr", Lang::Mar),
    ("ne", Lang::Nep),
    ("nl", Lang::Nld),
    ("no", Lang::Nob),
    ("pa", Lang::Pan),
    ("pl", Lang::Pol),
    ("pt", Lang::Por),
    ("ro", Lang::Ron),
    ("ru", Lang::Rus),
    ("sk", Lang::Slk),
    ("sl", Lang::Slv),
    ("sv", Lang::Swe),
    ("ta", Lang::Tam),
    ("te", Lang::Tel),
    ("th", Lang::Tha),
    ("tl", Lang::Tgl),
    ("tr", Lang::Tur),
    ("uk", Lang::Ukr),
    ("ur", Lang::Urd),
    ("vi", Lang::Vie),
];

/// The commonest function words of Swahili.
const SWAHILI: [&str; 24] = [
    "na", "ya", "wa", "kwa", "ni", "katika", "za", "la", "cha", "kuwa", "hii", "hiyo", "yake",
    "kama", "lakini", "au", "watu", "mtu", "kila", "vya", "haki", "ili", "pia", "sana",
];

/// Whether a text is in a language. As in the reference implementation, a text without letters is in every language.
pub(super) fn is(text: &str, code: &str) -> bool {
    detect(text).is_none_or(|found| found == code || (found == "zh" && code.starts_with("zh")))
}

/// The ISO 639-1 code of the language; `None` for texts without letters.
pub(super) fn detect(text: &str) -> Option<&'static str> {
    let mut languages: Vec<Lang> = LANGUAGES.iter().map(|(_, language)| *language).collect();
    languages.push(Lang::Cmn);
    let found = Detector::with_allowlist(languages).detect_lang(text)?;
    if is_swahili(text) {
        return Some("sw");
    }
    let known = LANGUAGES.iter().find(|(_, language)| *language == found);
    Some(known.map_or("zh", |(code, _)| code))
}

/// Whether a sixth of the words are Swahili function words, of which there are several.
fn is_swahili(text: &str) -> bool {
    let lowered = text.to_lowercase();
    let words: Vec<&str> =
        word_runs(&lowered).into_iter().filter(|(word, _)| *word).map(|(_, run)| run).collect();
    let common: Vec<&&str> = words.iter().filter(|word| SWAHILI.contains(word)).collect();
    let kinds: std::collections::BTreeSet<&&&str> = common.iter().collect();
    common.len() * 6 >= words.len() && kinds.len() >= 3
}
