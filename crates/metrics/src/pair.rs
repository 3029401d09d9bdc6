//! A right answer beside a given one, with the forms that several scores need, each made once.

use std::cell::OnceCell;

use holometer_text::normalize::normalize_text;
use holometer_text::{intern, rouge, treebank};

/// Numbers for the words of both, equal words having equal numbers.
type Words = (Vec<u32>, Vec<u32>);

/// The two texts.
pub(crate) struct Pair<'a> {
    pub(crate) gold: &'a str,
    pub(crate) given: &'a str,
    normalized: OnceCell<(String, String)>,
    rouge: OnceCell<Words>,
    treebank: OnceCell<Words>,
}

impl<'a> Pair<'a> {
    pub(crate) fn new(gold: &'a str, given: &'a str) -> Self {
        let (normalized, rouge, treebank) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { gold, given, normalized, rouge, treebank }
    }

    /// Both without upper case, punctuation, articles and extra spaces.
    pub(crate) fn normalized(&self) -> &(String, String) {
        self.normalized.get_or_init(|| (normalize_text(self.gold), normalize_text(self.given)))
    }

    /// ROUGE's words.
    pub(crate) fn rouge(&self) -> &Words {
        self.rouge.get_or_init(|| {
            let (gold, given) = (rouge::Words::new(self.gold), rouge::Words::new(self.given));
            intern::words(gold.iter(), given.iter())
        })
    }

    /// Penn Treebank words, sentence by sentence.
    pub(crate) fn treebank(&self) -> &Words {
        self.treebank.get_or_init(|| {
            let (gold, given) = (treebank::words(self.gold), treebank::words(self.given));
            intern::words(gold.iter().map(AsRef::as_ref), given.iter().map(AsRef::as_ref))
        })
    }
}
