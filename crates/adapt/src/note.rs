//! What was done to the prompts that a reader of the results should know.

use std::fmt;

/// Something that changed the prompts, with its count. Printed as one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The scenario has fewer train instances than examples were asked for.
    FewTrainInstances {
        /// Examples asked for.
        wanted: usize,
        /// Train instances there are.
        found: usize,
    },
    /// Examples were left out of prompts that did not fit into the window.
    ExamplesDropped {
        /// How many prompts lost examples.
        prompts: usize,
        /// How many examples they lost in all.
        examples: usize,
        /// Out of how many prompts.
        of: usize,
    },
    /// Prompts were cut at their end because they did not fit even without examples.
    PromptsCut {
        /// How many.
        prompts: usize,
        /// Out of how many.
        of: usize,
    },
    /// In language modelling, tokens at the end of a text's first window that HELM counts as scored although the
    /// prefix token pushed them out.
    TokensSkipped {
        /// How many tokens.
        tokens: usize,
        /// In how many texts.
        texts: usize,
    },
    /// The model's tokenizer is unknown: lengths were estimated at four characters a token.
    LengthsEstimated,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewTrainInstances { wanted, found } => write!(
                f,
                "{wanted} examples were asked for, but the scenario has {found} train instances"
            ),
            Self::ExamplesDropped { prompts, examples, of } => write!(
                f,
                "{prompts} of {of} prompts lost examples to fit into the context window ({examples} examples in all)"
            ),
            Self::PromptsCut { prompts, of } => write!(
                f,
                "{prompts} of {of} prompts were cut at the end to fit into the context window"
            ),
            Self::TokensSkipped { tokens, texts } => write!(
                f,
                "{tokens} tokens of {texts} texts are not scored: as in HELM, the prefix token pushes them out of the \
                 first window and no later window covers them"
            ),
            Self::LengthsEstimated => f.write_str(
                "the model's tokenizer is not known here: lengths were estimated at four characters a token",
            ),
        }
    }
}
