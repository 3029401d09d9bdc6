//! The fields of a request body that say how to write.

use holometer_core::{Decoding, FailureKind};
use serde_json::{Map, Value, json};

use crate::deployment::Unsendable;
use crate::mixing::Mixer;
use crate::vendor::Support;

/// Adds the fields that chat and completions share. Values that equal the API's defaults are left out, because many
/// servers refuse fields they don't know.
pub(crate) fn add_decoding(body: &mut Map<String, Value>, decoding: &Decoding, support: &Support) {
    let limit = decoding.max_tokens + support.thinking_tokens;
    body.insert(support.max_tokens_field.clone(), json!(limit));
    body.extend(support.neutral.clone());
    if support.sampling {
        body.insert("temperature".into(), json!(decoding.temperature));
        if decoding.top_p != 1.0 {
            body.insert("top_p".into(), json!(decoding.top_p));
        }
    }
    if support.penalties {
        let penalties = [
            ("presence_penalty", decoding.presence_penalty),
            ("frequency_penalty", decoding.frequency_penalty),
        ];
        for (name, penalty) in penalties.into_iter().filter(|(_, penalty)| *penalty != 0.0) {
            body.insert(name.into(), json!(penalty));
        }
    }
    let stops = sent_stops(decoding, support.stop_sequences);
    if !stops.is_empty() {
        body.insert("stop".into(), json!(stops));
    }
    if support.several_completions && decoding.num_completions > 1 {
        body.insert("n".into(), json!(decoding.num_completions));
    }
}

/// Adds how many of the likeliest tokens to sample from, where it matters.
///
/// # Errors
/// Where the server has no field for it.
pub(crate) fn add_top_k(
    body: &mut Map<String, Value>,
    decoding: &Decoding,
    support: &Support,
) -> Result<(), Unsendable> {
    let Some(most) = decoding.top_k.filter(|_| decoding.temperature > 0.0) else { return Ok(()) };
    let Some(field) = support.top_k() else {
        let message = "the model can't be told to sample from the likeliest tokens only (`top_k`)";
        return Err((FailureKind::Unsupported, message.into()));
    };
    body.insert(field.into(), json!(most));
    Ok(())
}

/// Adds the sampling seed, where the server takes one and it matters.
pub(crate) fn add_seed(
    body: &mut Map<String, Value>,
    decoding: &Decoding,
    support: &Support,
    call: usize,
) {
    if decoding.temperature > 0.0 && support.sampling && !support.seed_field.is_empty() {
        body.insert(support.seed_field.clone(), json!(seed(decoding, call)));
    }
}

/// A seed in 0..2^31 from the text that distinguishes repetitions and the number of the call.
pub(crate) fn seed(decoding: &Decoding, call: usize) -> u64 {
    let random = decoding.random.as_deref().unwrap_or_default();
    Mixer::of(&[random, &call.to_string()]).next() >> 33
}

/// The stop sequences that are sent: the first ones the server takes. All are applied here once more.
pub(crate) fn sent_stops(decoding: &Decoding, most: usize) -> Vec<&str> {
    decoding
        .stop_sequences
        .iter()
        .map(String::as_str)
        .filter(|stop| !stop.is_empty())
        .take(most)
        .collect()
}

/// How many calls give `num_completions` completions.
pub(crate) fn calls(decoding: &Decoding, support: &Support) -> usize {
    if support.several_completions { 1 } else { decoding.num_completions.max(1) }
}
