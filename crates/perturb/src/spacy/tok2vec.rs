//! spaCy's `Tok2Vec`: a vector per token from hashed embeddings of its features and from the tokens around it.

use super::hash::{embedding_keys, string_id};
use super::lexeme::{Norms, prefix, shape, suffix};
use super::network::{Maxout, add};
use super::tokenizer::Token;
use super::weights::{Node, Weights};

/// What is embedded of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    Norm,
    Prefix,
    Suffix,
    Shape,
    IsSpaced,
    IsSpace,
}

impl Feature {
    fn from_name(name: &str) -> Result<Self, String> {
        Ok(match name {
            "NORM" => Self::Norm,
            "PREFIX" => Self::Prefix,
            "SUFFIX" => Self::Suffix,
            "SHAPE" => Self::Shape,
            "SPACY" => Self::IsSpaced,
            "IS_SPACE" => Self::IsSpace,
            _ => return Err(format!("it embeds `{name}`, which is not known here")),
        })
    }

    fn of(self, token: &Token, norms: &Norms) -> u64 {
        let text = &token.text;
        match self {
            Self::Norm => match token.norm.as_deref() {
                Some(norm) if !norm.is_empty() => string_id(norm),
                _ => norms.id(text),
            },
            Self::Prefix => string_id(prefix(text)),
            Self::Suffix => string_id(suffix(text)),
            Self::Shape => string_id(&shape(text)),
            Self::IsSpaced => token.is_spaced.into(),
            Self::IsSpace => is_space(text).into(),
        }
    }
}

/// Whether a token is white space.
pub(super) fn is_space(text: &str) -> bool {
    text.chars().all(holometer_text::python::is_space)
}

struct Embedding {
    feature: Feature,
    seed: u32,
    width: usize,
    table: Vec<f32>,
}

impl Embedding {
    fn read(node: Node<'_, '_>, features: &[Feature]) -> Result<Self, String> {
        let table = node.array("E")?;
        let seed =
            u32::try_from(node.number("seed")?).ok().ok_or("an embedding's seed is too large")?;
        match (features.get(node.number("column")?), table.shape.as_slice()) {
            (Some(feature), [rows, width]) if *rows > 0 && *width > 0 => {
                Ok(Self { feature: *feature, seed, width: *width, table: table.values })
            }
            _ => Err("an embedding has no rows or no feature".to_owned()),
        }
    }

    /// Adds the four rows that a number is hashed to.
    fn add(&self, number: u64, vector: &mut [f32]) {
        let rows = self.table.len() / self.width;
        for key in embedding_keys(number, self.seed) {
            let start = key as usize % rows * self.width;
            add(vector, &self.table[start..start + self.width]);
        }
    }
}

/// The network.
pub(super) struct Tok2Vec {
    norms: Norms,
    embeddings: Vec<Embedding>,
    mix: Maxout,
    layers: Vec<Maxout>,
    /// Empty rows before and after a text.
    padding: usize,
}

impl Tok2Vec {
    /// Reads `tok2vec/model`.
    pub(super) fn read(bytes: &[u8], norms: Norms) -> Result<Self, String> {
        let weights = Weights::read(bytes)?;
        let [extract] = weights.nodes("extract_features")?[..] else {
            return Err("it has not one list of features".to_owned());
        };
        let columns = extract.setting("columns")?;
        let columns = columns.items().iter().map(|column| column.text().unwrap_or_default());
        let features = columns.map(Feature::from_name).collect::<Result<Vec<_>, _>>()?;
        let embeddings = weights.nodes("hashembed")?.into_iter();
        let embeddings = embeddings
            .map(|node| Embedding::read(node, &features))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = weights.nodes("maxout")?.into_iter().zip(weights.nodes("layernorm")?);
        let mut layers = pairs
            .map(|(maxout, norm)| Maxout::read(maxout, norm))
            .collect::<Result<Vec<_>, _>>()?;
        if layers.is_empty() {
            return Err("it has no layers".to_owned());
        }
        let mix = layers.remove(0);
        let padding = weights.role("encode")?.number("pad")?;
        let width = mix.outputs();
        let is_window = |layer: &Maxout| (layer.inputs(), layer.outputs()) == (3 * width, width);
        if embeddings.iter().map(|embedding| embedding.width).sum::<usize>() != mix.inputs()
            || !layers.iter().all(is_window)
        {
            return Err("its layers don't fit one another".to_owned());
        }
        Ok(Self { norms, embeddings, mix, layers, padding })
    }

    /// Numbers per token.
    pub(super) fn width(&self) -> usize {
        self.mix.outputs()
    }

    /// A row per token.
    pub(super) fn vectors(&self, tokens: &[Token]) -> Vec<f32> {
        let mut embedded = vec![0.0; tokens.len() * self.mix.inputs()];
        for (token, row) in tokens.iter().zip(embedded.chunks_exact_mut(self.mix.inputs())) {
            let mut rest = row;
            for embedding in &self.embeddings {
                let (part, after) = rest.split_at_mut(embedding.width);
                embedding.add(embedding.feature.of(token, &self.norms), part);
                rest = after;
            }
        }
        let empty = vec![0.0; self.padding * self.width()];
        let mut rows = [empty.as_slice(), &self.mix.apply(&embedded), &empty].concat();
        for layer in &self.layers {
            let around = self.windows(&rows);
            add(&mut rows, &layer.apply(&around));
        }
        rows[empty.len()..rows.len() - empty.len()].to_vec()
    }

    /// Each row between the one before and the one after it; nothing at the ends.
    fn windows(&self, rows: &[f32]) -> Vec<f32> {
        let width = self.width();
        let mut windows = vec![0.0; 3 * rows.len()];
        let count = rows.len() / width;
        for (at, window) in windows.chunks_exact_mut(3 * width).enumerate() {
            let first = at.saturating_sub(1);
            let last = (at + 1).min(count - 1);
            let shift = if at == 0 { width } else { 0 };
            let part = &rows[first * width..(last + 1) * width];
            window[shift..shift + part.len()].copy_from_slice(part);
        }
        windows
    }
}
