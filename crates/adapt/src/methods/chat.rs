//! `chat`: the scenario's own messages are sent as they are, without examples and whatever their length.

use std::sync::Arc;

use holometer_core::{AdapterSpec, Instance, Method, Prompt, Request, RequestState};

use crate::Plugin;
use crate::adaptation::Make;
use crate::error::AdaptError;
use crate::trial::{Draft, Drafts, completions_decoding};

pub(crate) fn plugin() -> Plugin {
    Plugin { method: Method::Chat, make: Make::EachTrial(requests) }
}

fn requests(spec: &AdapterSpec, trial: usize, instance: &Arc<Instance>) -> Drafts {
    if instance.input.messages.is_empty() {
        return Err(AdaptError::NoMessages { instance: instance.id.to_string() });
    }
    let state = RequestState {
        instance: Arc::clone(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: trial,
        output_mapping: None,
        request: Request::Generate {
            prompt: Prompt::Chat(instance.input.messages.clone()),
            decoding: completions_decoding(spec),
        },
        num_train_instances: 0,
        prompt_truncated: false,
        num_conditioning_tokens: 0,
    };
    Ok(vec![Draft { state, dropped_examples: 0, skipped_tokens: 0 }])
}
