//! spaCy's English model `en_core_web_sm`, read from its own files: tokens, tags, relations and parts of speech as spaCy gives them.
//!
//! The model is the user's: this module has no table of its words. What spaCy has in its code and not in the model is here: reserved
//! names and the norms of signs. Named entities and lemmas are not computed.

mod hash;
mod lexeme;
mod msgpack;
mod network;
#[cfg(test)]
mod parity;
mod parser;
mod ruler;
mod tok2vec;
mod tokenizer;
mod weights;

use self::lexeme::Norms;
use self::network::Linear;
use self::parser::Parser;
use self::ruler::{Analysis, Ruler};
use self::tok2vec::Tok2Vec;
use self::tokenizer::{Token, Tokenizer};
use self::weights::Weights;

/// A token of a text, with what the model says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tagged<'m> {
    /// Its characters.
    pub(crate) text: String,
    /// Whether a space follows.
    pub(crate) is_spaced: bool,
    /// The universal part of speech, `NOUN`; empty where the model has no rule.
    pub(crate) part_of_speech: &'m str,
}

/// The model.
pub(crate) struct Tagger {
    tokenizer: Tokenizer,
    tok2vec: Tok2Vec,
    scores: Linear,
    tags: Vec<String>,
    parser: Parser,
    ruler: Ruler,
}

impl Tagger {
    /// Reads a model whose files `file` gives by their paths inside it.
    ///
    /// # Errors
    /// What `file` says, or that one of the files is not as spaCy 3's English model has it.
    pub(crate) fn read(file: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Result<Self, String> {
        let of = |name: &'static str| {
            move |error: String| format!("the model's `{name}` can't be used: {error}")
        };
        let norms = Norms::read(&file("vocab/lookups.bin")?).map_err(of("vocab/lookups.bin"))?;
        let (scores, tags) =
            read_tags(&file("tagger/model")?, &file("tagger/cfg")?).map_err(of("tagger/model"))?;
        let tagger = Self {
            tokenizer: Tokenizer::read(&file("tokenizer")?).map_err(of("tokenizer"))?,
            tok2vec: Tok2Vec::read(&file("tok2vec/model")?, norms).map_err(of("tok2vec/model"))?,
            scores,
            tags,
            parser: Parser::read(&file("parser/model")?, &file("parser/moves")?)
                .map_err(of("parser/model"))?,
            ruler: Ruler::read(&file("attribute_ruler/patterns")?)
                .map_err(of("attribute_ruler/patterns"))?,
        };
        let width = tagger.tok2vec.width();
        if tagger.scores.inputs() != width || tagger.parser.width() != width {
            return Err("the model's tagger and parser don't fit its vectors".to_owned());
        }
        Ok(tagger)
    }

    /// A text's tokens. Together with the spaces after them they are the text.
    pub(crate) fn tag(&self, text: &str) -> Vec<Tagged<'_>> {
        let tokens = self.tokenizer.tokens(text);
        let (tags, relations) = self.tags_and_relations(&tokens);
        let analysis = Analysis { tokens: &tokens, tags: &tags, relations: &relations };
        let parts = self.ruler.parts_of_speech(analysis);
        let tagged = tokens.into_iter().zip(parts).map(|(token, part_of_speech)| Tagged {
            text: token.text,
            is_spaced: token.is_spaced,
            part_of_speech,
        });
        tagged.collect()
    }

    /// Each token's tag of the Penn Treebank (`NN`) and its relation to its head (`nsubj`).
    fn tags_and_relations(&self, tokens: &[Token]) -> (Vec<&str>, Vec<&str>) {
        let vectors = self.tok2vec.vectors(tokens);
        let scores = self.scores.apply(&vectors);
        let tags = scores.chunks_exact(self.tags.len()).map(|row| self.tags[best(row)].as_str());
        (tags.collect(), self.parser.labels(&vectors))
    }
}

fn read_tags(model: &[u8], settings: &[u8]) -> Result<(Linear, Vec<String>), String> {
    #[derive(serde::Deserialize)]
    struct Settings {
        labels: Vec<String>,
    }
    let weights = Weights::read(model)?;
    let scores = Linear::read(weights.role("softmax")?)?;
    let settings: Settings =
        serde_json::from_slice(settings).map_err(|error| format!("its tags: {error}"))?;
    if settings.labels.len() != scores.outputs() {
        return Err("it has not one score per tag".to_owned());
    }
    Ok((scores, settings.labels))
}

/// The place of the largest number, the first of several.
fn best(row: &[f32]) -> usize {
    let mut best = 0;
    for (at, score) in row.iter().enumerate() {
        if *score > row[best] {
            best = at;
        }
    }
    best
}
