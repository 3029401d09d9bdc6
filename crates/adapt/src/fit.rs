//! Measuring texts against the model's context window, and cutting them, as HELM's local window service does.

use holometer_core::{TokenId, Tokenizer, Window};

use crate::error::AdaptError;

/// Characters that are taken for one token where the tokenizer is unknown.
const CHARACTERS_PER_TOKEN: usize = 4;

/// A character outside ASCII takes at most this many tokens: compatibility normalisation makes up to 18 characters of
/// one, and each of them has at most a few bytes.
const LARGEST_CHARACTER: usize = 40;

/// What a tokenizer may put before or after a text, at most.
const LARGEST_FRAME: usize = 16;

/// A model's window, measured in the units of a tokenizer: tokens, or characters where the model's tokenizer is
/// unknown and [`CHARACTERS_PER_TOKEN`] of them stand for a token.
pub(crate) struct Fit<'a> {
    pub(crate) tokenizer: &'a dyn Tokenizer,
    pub(crate) window: &'a Window,
    units_per_token: usize,
}

/// How much of a prompt the window holds beside the answer, in units.
#[derive(Clone, Copy)]
pub(crate) struct Budget(usize);

impl<'a> Fit<'a> {
    pub(crate) fn new(tokenizer: Option<&'a dyn Tokenizer>, window: &'a Window) -> Self {
        match tokenizer {
            Some(tokenizer) => Self { tokenizer, window, units_per_token: 1 },
            None => Self { tokenizer: &Characters, window, units_per_token: CHARACTERS_PER_TOKEN },
        }
    }

    /// Whether lengths are estimates.
    pub(crate) fn is_estimated(&self) -> bool {
        self.units_per_token > 1
    }

    /// A number of tokens in units.
    pub(crate) fn units(&self, tokens: usize) -> usize {
        tokens.saturating_mul(self.units_per_token)
    }

    /// A number of units in tokens, rounded up.
    pub(crate) fn tokens(&self, units: usize) -> usize {
        units.div_ceil(self.units_per_token)
    }

    /// What the window leaves for a prompt.
    ///
    /// # Errors
    /// When it leaves nothing. Where lengths are estimates the window is one too, and the server has the last word.
    pub(crate) fn budget(&self, max_tokens: usize) -> Result<Budget, AdaptError> {
        let window = self.window.max_request_length;
        match window.checked_sub(max_tokens) {
            Some(tokens) if tokens > 0 => Ok(Budget(self.units(tokens))),
            _ if self.is_estimated() => Ok(Budget(usize::MAX)),
            _ => Err(AdaptError::NoRoom { max_tokens, window }),
        }
    }

    /// Whether a text fits.
    pub(crate) fn fits(&self, text: &str, budget: Budget) -> bool {
        largest_length(text) <= budget.0 || self.tokenizer.count(text) <= budget.0
    }

    /// Cuts a text from the right: its first tokens, decoded, then without as many last characters as it takes.
    ///
    /// A text that fits is decoded from its tokens as well, since HELM does so; a tokenizer that loses characters may
    /// return another text.
    pub(crate) fn truncate(&self, text: &str, budget: Budget) -> String {
        let mut tokens = self.tokenizer.encode(text);
        tokens.truncate(budget.0);
        let mut cut = self.tokenizer.decode(&tokens);
        while !cut.is_empty() && !self.fits(&cut, budget) {
            cut.pop();
        }
        cut
    }
}

/// A length in tokens that no text exceeds, so that texts far below the window need not be tokenised.
fn largest_length(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let others = text.chars().count() - ascii;
    ascii + others * LARGEST_CHARACTER + LARGEST_FRAME
}

/// The stand-in for an unknown tokenizer: every character is a unit.
struct Characters;

impl Tokenizer for Characters {
    fn encode(&self, text: &str) -> Vec<TokenId> {
        text.chars().map(u32::from).collect()
    }

    fn decode(&self, tokens: &[TokenId]) -> String {
        let character =
            |token: &TokenId| char::from_u32(*token).unwrap_or(char::REPLACEMENT_CHARACTER);
        tokens.iter().map(character).collect()
    }

    fn count(&self, text: &str) -> usize {
        text.chars().count()
    }
}
