//! What can keep instances from becoming requests.

use thiserror::Error;

/// Why a run's requests can't be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdaptError {
    /// The answer alone fills the window.
    #[error(
        "a window of `{window}` tokens has no room for a prompt beside `{max_tokens}` new tokens\nhint: lower \
         max_tokens, or choose a model with a longer context window"
    )]
    NoRoom {
        /// New tokens that are asked for.
        max_tokens: usize,
        /// The longest request, in tokens.
        window: usize,
    },
    /// Choices are to be lettered, but the prefix has nothing to count up.
    #[error(
        "the reference prefix `{prefix}` has no letter or digit to tell choices apart\nhint: write one, for \
         instance `A. `"
    )]
    NoLetter {
        /// The prefix.
        prefix: String,
    },
    /// More choices than labels.
    #[error(
        "instance `{instance}` has `{choices}` choices, but there are only `{labels}` labels\nhint: give \
         reference_prefix_characters a label for every choice"
    )]
    TooFewLabels {
        /// The instance's id.
        instance: String,
        /// How many references it has.
        choices: usize,
        /// How many labels there are.
        labels: usize,
    },
    /// The chat method needs conversations.
    #[error(
        "instance `{instance}` has no messages, which the method `chat` sends\nhint: use the method `generation` \
         for a scenario whose input is text"
    )]
    NoMessages {
        /// The instance's id.
        instance: String,
    },
    /// Not even one token of a text fits beside its context, because decoding and encoding it makes it longer.
    #[error(
        "no token of instance `{instance}` fits into the window of `{window}` tokens\nhint: choose a model with a \
         longer context window"
    )]
    NothingFits {
        /// The instance's id.
        instance: String,
        /// The longest request, in tokens.
        window: usize,
    },
}
