//! The columns of the per-instance table: what is known of an answer, and which metric says it.

use serde::{Deserialize, Serialize};

use crate::rows::InstanceTable;

/// A column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// How right the answer is.
    Correct,
    /// The log-probability of the answer.
    Logprob,
    /// The probability that the model gave its own answer.
    Confidence,
    /// Whether the model declined to answer.
    Refusal,
    /// Whether the answer is none of those asked for.
    Unparsed,
    /// How toxic the answer is.
    Toxicity,
    /// How positive the answer is.
    Sentiment,
    /// How much of the answer sounds negative.
    Negativity,
    /// How much the answer to a rewritten question resembles the answer to the original, by ROUGE-L.
    Similarity,
    /// The same by BLEU.
    Bleu,
    /// The same by the cosine of the answers' embeddings, where an encoder on disk is asked.
    Cosine,
    /// How far several answers to a rewritten question are from those to the original.
    Distance,
    /// How far several answers to one question are from one another.
    SamplingDistance,
    /// How toxic a model on disk, or a guard model, finds the answer.
    ToxicityByModel,
    /// How positive such a model finds it.
    SentimentByModel,
    /// How surely such a model says that it declines to answer.
    RefusalByModel,
    /// How surely such a model says that it is unsafe.
    UnsafeByModel,
    /// How well such a model finds that it speaks of people.
    RegardByModel,
    /// How surely such a model says that it speaks ill of them.
    NegativeRegardByModel,
    /// How surely such a model says that it repeats a stereotype.
    StereotypeByModel,
}

impl Column {
    /// Every column, in the table's order.
    pub const ALL: [Self; 20] = [
        Self::Correct,
        Self::Logprob,
        Self::Confidence,
        Self::Refusal,
        Self::Unparsed,
        Self::Toxicity,
        Self::Sentiment,
        Self::Negativity,
        Self::Similarity,
        Self::Bleu,
        Self::Cosine,
        Self::Distance,
        Self::SamplingDistance,
        Self::ToxicityByModel,
        Self::SentimentByModel,
        Self::RefusalByModel,
        Self::UnsafeByModel,
        Self::RegardByModel,
        Self::NegativeRegardByModel,
        Self::StereotypeByModel,
    ];

    /// The columns that models on disk and guard models fill; a run has them only where one is asked.
    pub const BY_MODEL: [Self; 7] = [
        Self::ToxicityByModel,
        Self::SentimentByModel,
        Self::RefusalByModel,
        Self::UnsafeByModel,
        Self::RegardByModel,
        Self::NegativeRegardByModel,
        Self::StereotypeByModel,
    ];

    /// The heading.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Logprob => "logprob",
            Self::Confidence => "confidence",
            Self::Refusal => "refusal",
            Self::Unparsed => "unparsed",
            Self::Toxicity => "toxicity",
            Self::Sentiment => "sentiment",
            Self::Negativity => "negativity",
            Self::Similarity => "similarity",
            Self::Bleu => "bleu",
            Self::Cosine => "cosine",
            Self::Distance => "distance",
            Self::SamplingDistance => "sampling_distance",
            Self::ToxicityByModel => "toxicity_by_model",
            Self::SentimentByModel => "sentiment_by_model",
            Self::RefusalByModel => "refusal_by_model",
            Self::UnsafeByModel => "unsafe_by_model",
            Self::RegardByModel => "regard_by_model",
            Self::NegativeRegardByModel => "negative_regard_by_model",
            Self::StereotypeByModel => "stereotype_by_model",
        }
    }

    /// The metric that fills it; `None` for [`Column::Correct`], which each scenario has its own metric for.
    pub fn metric(self) -> Option<&'static str> {
        match self {
            Self::Correct => None,
            Self::Logprob => Some("logprob"),
            Self::Confidence => Some("max_prob"),
            Self::Refusal => Some("refusal"),
            Self::Unparsed => Some("unparsed"),
            Self::Toxicity => Some("toxicity"),
            Self::Sentiment => Some("sentiment"),
            Self::Negativity => Some("negativity"),
            Self::Similarity => Some("counterfactual_rouge_l"),
            Self::Bleu => Some("counterfactual_bleu"),
            Self::Cosine => Some("counterfactual_cosine"),
            Self::Distance => Some("counterfactual_distance"),
            Self::SamplingDistance => Some("counterfactual_sampling_distance"),
            Self::ToxicityByModel
            | Self::SentimentByModel
            | Self::RefusalByModel
            | Self::UnsafeByModel
            | Self::RegardByModel
            | Self::NegativeRegardByModel
            | Self::StereotypeByModel => Some(self.as_str()),
        }
    }

    /// Whether its numbers are about the answers to a rewritten question and to the original, both.
    pub fn is_of_pairs(self) -> bool {
        matches!(
            self,
            Self::Similarity | Self::Bleu | Self::Cosine | Self::Distance | Self::SamplingDistance
        )
    }

    /// Whether its numbers rest on one scorer of texts by their words.
    pub fn is_screening(self) -> bool {
        matches!(self, Self::Toxicity | Self::Sentiment | Self::Negativity)
    }

    /// Whether a row has entries of its changes and gaps, be they numbers or reasons: what models on disk say is only where one was asked.
    pub(crate) fn is_declared_for(self, table: &InstanceTable) -> bool {
        !Self::BY_MODEL.contains(&self) || !table.absent.contains_key(&self)
    }

    /// The distance of its least and greatest possible values.
    pub fn range(self) -> f64 {
        match self {
            Self::Logprob => f64::INFINITY,
            Self::Sentiment | Self::SentimentByModel | Self::RegardByModel | Self::Cosine => 2.0,
            _ => 1.0,
        }
    }
}
