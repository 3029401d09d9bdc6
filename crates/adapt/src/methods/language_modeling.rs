//! `language_modeling`: the text itself is scored, in windows that each begin with as much of what came before as the
//! context window holds beside the tokens to score.
//!
//! Windows are cut between tokens, which may fall inside a character; the incomplete character is left out of the
//! prompt. The first window is HELM's: the prefix token and a window's worth of text are put together, the tokens that
//! then don't fit are dropped, and yet count as scored. A [`crate::Note`] says how many they are.

use std::sync::Arc;

use holometer_core::{AdapterSpec, Instance, Method, Request, RequestState, TokenId};

use crate::Plugin;
use crate::adaptation::Make;
use crate::error::AdaptError;
use crate::fit::Fit;
use crate::score::common_prefix;
use crate::trial::{Draft, Drafts};

/// What stands for bytes that are not a character.
const BROKEN: char = char::REPLACEMENT_CHARACTER;

pub(crate) fn plugin() -> Plugin {
    Plugin { method: Method::LanguageModeling, make: Make::Once(requests) }
}

fn requests(spec: &AdapterSpec, fit: &Fit<'_>, instance: &Arc<Instance>) -> Drafts {
    let too_narrow = || AdaptError::NothingFits {
        instance: instance.id.to_string(),
        window: fit.window.max_request_length,
    };
    let limit = fit.units(fit.window.max_request_length);
    let tokens = fit.tokenizer.encode(&instance.input.text);
    let mut done = tokens.len().min(fit.units(fit.window.max_sequence_length));

    let prefix_token = fit.window.prefix_token.as_str();
    let prefix = fit.tokenizer.encode(prefix_token);
    let first = window(fit, &prefix, &tokens[..done], limit).ok_or_else(too_narrow)?;
    let context = common_prefix(prefix_token, &first.prompt);
    let conditioning = usize::from(!prefix_token.is_empty());
    let mut drafts = vec![draft(spec, instance, context, &first.prompt, conditioning)];
    drafts[0].skipped_tokens = fit.tokens(first.skipped);

    while done < tokens.len() {
        let length = (tokens.len() - done).min(limit.saturating_sub(1));
        let end = done + length;
        let before = &tokens[end.saturating_sub(limit)..done];
        let next = window(fit, before, &tokens[done..end], limit)
            .filter(|_| length > 0)
            .ok_or_else(too_narrow)?;
        let encoded = fit.tokenizer.encode(&next.prompt);
        let given = &encoded[..next.conditioning.min(encoded.len())];
        let given = fit.tokenizer.decode(given);
        let context = common_prefix(&given, &next.prompt);
        let conditioning = fit.tokens(next.conditioning);
        let mut draft = draft(spec, instance, context, &next.prompt, conditioning);
        draft.skipped_tokens = fit.tokens(next.skipped);
        drafts.push(draft);
        done = end;
    }
    Ok(drafts)
}

/// One window of a text.
struct TextWindow {
    prompt: String,
    /// How many leading tokens of the prompt are not scored.
    conditioning: usize,
    /// How many of the tokens to score did not fit.
    skipped: usize,
}

/// The prompt of the tokens before and the tokens to score. `None` if none of the latter fits.
fn window(
    fit: &Fit<'_>,
    before: &[TokenId],
    scored: &[TokenId],
    limit: usize,
) -> Option<TextWindow> {
    let (text, kept) = fitting_text(fit, before, scored, limit)?;
    let prompt = text.trim_matches(BROKEN);
    let conditioning = if prompt.len() == text.len() {
        before.len()
    } else {
        conditioning_tokens(fit, &text, before.len(), kept, limit)
    };
    Some(TextWindow { prompt: prompt.to_owned(), conditioning, skipped: scored.len() - kept })
}

/// How many leading tokens are context, once incomplete characters at the edges are gone. HELM's reckoning, which takes
/// every window to be full.
fn conditioning_tokens(
    fit: &Fit<'_>,
    text: &str,
    before: usize,
    scored: usize,
    limit: usize,
) -> usize {
    let missing = |text: &str| limit as i64 - fit.tokenizer.count(text) as i64;
    let leading = missing(text.trim_start_matches(BROKEN));
    let trailing = missing(text.trim_end_matches(BROKEN));
    if trailing >= scored as i64 {
        fit.tokenizer.count(text.trim_matches(BROKEN))
    } else if leading >= before as i64 {
        1
    } else {
        (before as i64 - leading).max(0) as usize
    }
}

/// The text of the tokens before and as many of the tokens to score as fit, and how many these are. Encoding a decoded
/// text may give more tokens than went in, so this is tried until it holds.
fn fitting_text(
    fit: &Fit<'_>,
    before: &[TokenId],
    scored: &[TokenId],
    limit: usize,
) -> Option<(String, usize)> {
    let mut kept = scored.len();
    loop {
        let text = fit.tokenizer.decode(&[before, &scored[..kept]].concat());
        let excess = fit.tokenizer.count(&text).saturating_sub(limit);
        if excess == 0 {
            return Some((text, kept));
        }
        kept = kept.saturating_sub(excess);
        if kept == 0 {
            return None;
        }
    }
}

fn draft(
    spec: &AdapterSpec,
    instance: &Arc<Instance>,
    context: &str,
    prompt: &str,
    conditioning: usize,
) -> Draft {
    let state = RequestState {
        instance: Arc::clone(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: 0,
        output_mapping: None,
        request: Request::ScoreContinuation {
            context: context.to_owned(),
            continuation: prompt[context.len()..].to_owned(),
        },
        num_train_instances: spec.few_shot.max_train_instances,
        prompt_truncated: false,
        num_conditioning_tokens: conditioning,
    };
    Draft { state, dropped_examples: 0, skipped_tokens: 0 }
}
