//! Wire formats of APIs that write answers and can't score given text: what they all do alike.

use holometer_core::{Completion, Decoding, FailureKind, FinishReason, Outcome, Prompt, Request};
use serde_json::Value;

use crate::cutting::cut_completion;
use crate::deployment::{Deployment, Unsendable};
use crate::openai::fields;
use crate::refusal::ServerError;
use crate::wire_format::{Call, Verdict, WireFormat};

/// A format that writes.
pub(crate) trait WritingFormat: Send + Sync {
    /// Its name in vendor files.
    fn name(&self) -> &'static str;

    /// One of the calls for a prompt.
    ///
    /// # Errors
    /// The failure of a request that this format can't express.
    fn build(
        &self,
        deployment: &Deployment,
        prompt: &Prompt,
        decoding: &Decoding,
        call: usize,
    ) -> Result<Call, Unsendable>;

    /// What a successful reply says.
    ///
    /// # Errors
    /// What is wrong with a body that does not have the documented shape.
    fn parse(&self, body: &Value, decoding: &Decoding) -> Result<Outcome, String>;

    /// What an error reply means, where this format knows better than [`crate::refusal::verdict`].
    fn judge(&self, _error: &ServerError) -> Option<Verdict> {
        None
    }
}

/// A writing format as a wire format.
pub(crate) struct Writing<F>(pub(crate) F);

/// What is said of requests that ask for scores of given text.
const CANT_SCORE: &str = "the API can't score given text";

impl<F: WritingFormat> WireFormat for Writing<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn calls(&self, deployment: &Deployment, request: &Request) -> usize {
        match request {
            Request::Generate { decoding, .. } => fields::calls(decoding, &deployment.support),
            Request::ScoreContinuation { .. } => 1,
        }
    }

    fn build(
        &self,
        deployment: &Deployment,
        request: &Request,
        call: usize,
    ) -> Result<Call, Unsendable> {
        match request {
            Request::Generate { prompt, decoding } => {
                self.0.build(deployment, prompt, decoding, call)
            }
            Request::ScoreContinuation { .. } => Err((FailureKind::Unsupported, CANT_SCORE.into())),
        }
    }

    fn parse(
        &self,
        _deployment: &Deployment,
        request: &Request,
        body: &Value,
    ) -> Result<Outcome, String> {
        match request {
            Request::Generate { decoding, .. } => self.0.parse(body, decoding),
            Request::ScoreContinuation { .. } => Err(CANT_SCORE.into()),
        }
    }

    fn judge(&self, error: &ServerError) -> Option<Verdict> {
        self.0.judge(error)
    }
}

/// A count in a reply.
pub(crate) fn count(body: &Value, field: &str) -> Option<usize> {
    body.pointer(field).and_then(Value::as_f64).map(|count| count as usize)
}

/// A completion from a list of blocks, as Anthropic's API and Bedrock have it: its text and its thinking stand at these
/// places in a block, and both name the same reasons to stop.
pub(crate) fn block_completion(
    blocks: &[Value],
    text_at: &str,
    thinking_at: &str,
    reason: Option<&str>,
    decoding: &Decoding,
) -> Completion {
    let texts = |place: &str| -> String {
        blocks.iter().filter_map(|block| block.pointer(place).and_then(Value::as_str)).collect()
    };
    let finish_reason = reason.map(|reason| match reason {
        "end_turn" => FinishReason::EndOfText,
        "stop_sequence" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "model_context_window_exceeded" => FinishReason::Window,
        other => FinishReason::Other(other.to_owned()),
    });
    let mut completion = Completion {
        text: texts(text_at),
        thinking: Some(texts(thinking_at)).filter(|thinking| !thinking.is_empty()),
        finish_reason,
        ..Completion::default()
    };
    cut_completion(&mut completion, &decoding.stop_sequences);
    completion
}
