//! What the requests of one draw of examples share, and how one of them is made.

use std::sync::Arc;

use holometer_core::{
    AdapterSpec, Decoding, Instance, Prompt as RequestPrompt, Request, RequestState,
};

use crate::error::AdaptError;
use crate::fit::{Budget, Fit};
use crate::prompt::{Prompt, fitted_prompt};

pub(crate) type Drafts = Result<Vec<Draft>, AdaptError>;

/// A draw of examples, and what else the requests of one train trial share.
pub(crate) struct Trial<'a> {
    pub(crate) spec: &'a AdapterSpec,
    pub(crate) fit: &'a Fit<'a>,
    pub(crate) budget: Budget,
    /// Which draw.
    pub(crate) index: usize,
    /// The examples' blocks, answers included.
    pub(crate) examples: Vec<String>,
}

/// A request, and what was lost in making it.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) state: RequestState,
    /// Examples left out.
    pub(crate) dropped_examples: usize,
    /// Tokens that no window covers.
    pub(crate) skipped_tokens: usize,
}

impl Trial<'_> {
    /// The fitted prompt of a question after this trial's examples.
    pub(crate) fn prompt(&self, question: &str) -> Prompt {
        fitted_prompt(&self.spec.template, self.fit, self.budget, &self.examples, question)
    }

    /// The fitted prompt of a question without examples.
    pub(crate) fn bare_prompt(&self, question: &str) -> Prompt {
        fitted_prompt(&self.spec.template, self.fit, self.budget, &[], question)
    }

    /// A request whose prompt was meant to hold `wanted` of this trial's examples.
    pub(crate) fn draft(
        &self,
        instance: &Arc<Instance>,
        prompt: &Prompt,
        wanted: usize,
        request: Request,
    ) -> Draft {
        let state = RequestState {
            instance: Arc::clone(instance),
            reference_index: None,
            request_mode: None,
            train_trial_index: self.index,
            output_mapping: None,
            request,
            num_train_instances: prompt.examples,
            prompt_truncated: prompt.cut,
            num_conditioning_tokens: 0,
        };
        let dropped_examples = wanted.saturating_sub(prompt.examples);
        Draft { state, dropped_examples, skipped_tokens: 0 }
    }

    /// A request to write on after a question, meant to follow all of this trial's examples.
    pub(crate) fn writing(
        &self,
        instance: &Arc<Instance>,
        question: &str,
        decoding: Decoding,
    ) -> Draft {
        let prompt = self.prompt(question);
        let text = RequestPrompt::Text(prompt.text.clone());
        self.draft(
            instance,
            &prompt,
            self.examples.len(),
            Request::Generate { prompt: text, decoding },
        )
    }
}

/// The decoding of a method that asks for `num_outputs` completions.
pub(crate) fn completions_decoding(spec: &AdapterSpec) -> Decoding {
    Decoding { num_completions: spec.num_outputs, top_k_per_token: 1, ..spec.decoding.clone() }
}
