//! What a wire format is: how a request becomes an HTTP call and how the reply becomes an outcome.
//!
//! A wire format is pure: it never talks to a server. Each is one file in `src/wire/`.

use std::time::Duration;

use holometer_core::{FailureKind, Outcome, Request};
use serde_json::Value;

use crate::deployment::{Deployment, Unsendable};
use crate::refusal::ServerError;

/// A wire format, as its file's `plugin()` gives it.
pub(crate) type Plugin = &'static dyn WireFormat;

/// One HTTP call: a POST of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Below which address.
    pub(crate) origin: Origin,
    /// The path, with leading slash.
    pub(crate) path: String,
    /// The body.
    pub(crate) body: Value,
}

/// What a call's path is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The deployment's base address.
    Base,
    /// The same without `/v1`.
    Root,
}

impl Call {
    /// A call below the base address.
    pub(crate) fn new(path: impl Into<String>, body: Value) -> Self {
        Self { origin: Origin::Base, path: path.into(), body }
    }
}

/// What follows a successful reply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// The outcome.
    Done(Outcome),
    /// Another call, which needs what the replies so far say.
    Call(Call),
}

/// What a reply means for the call that caused it and for those to come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The call is done.
    Done(Outcome),
    /// Another try may help.
    Again {
        /// What the call's failure will be if no try helps.
        kind: FailureKind,
        /// What happened.
        message: String,
        /// How long the server asks to wait.
        after: Option<Duration>,
        /// Whether the server asks for fewer calls.
        overloaded: bool,
    },
    /// No call to this deployment will succeed: a refused key, an unknown model, a spent quota.
    Stop {
        /// The failure of this call and of all that follow.
        kind: FailureKind,
        /// What happened, with a hint.
        message: String,
    },
}

/// A wire format.
pub(crate) trait WireFormat: Send + Sync {
    /// Its name in vendor files.
    fn name(&self) -> &'static str;

    /// How many calls a request takes: more than one where several completions can't be had from one call.
    fn calls(&self, _deployment: &Deployment, _request: &Request) -> usize {
        1
    }

    /// One of the calls for a request.
    ///
    /// # Errors
    /// The failure of a request that this format can't express.
    fn build(
        &self,
        deployment: &Deployment,
        request: &Request,
        call: usize,
    ) -> Result<Call, Unsendable>;

    /// What a successful reply says.
    ///
    /// # Errors
    /// What is wrong with a body that does not have the documented shape; the call may be tried again.
    fn parse(
        &self,
        deployment: &Deployment,
        request: &Request,
        body: &Value,
    ) -> Result<Outcome, String>;

    /// What follows the replies so far, of which there is at least one. Most formats need one reply only.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    fn advance(
        &self,
        deployment: &Deployment,
        request: &Request,
        replies: &[Value],
    ) -> Result<Next, String> {
        let last = replies.last().ok_or("there is no reply")?;
        self.parse(deployment, request, last).map(Next::Done)
    }

    /// How given text is scored, in words for people; `None` where this format can't.
    fn scores_by(&self) -> Option<&'static str> {
        None
    }

    /// What an error reply means, where this format knows better than [`crate::refusal::verdict`].
    fn judge(&self, _error: &ServerError) -> Option<Verdict> {
        None
    }
}

/// A wire format by its name in vendor files.
pub(crate) fn wire_format(name: &str) -> Option<Plugin> {
    crate::wire::all().into_iter().find(|format| format.name() == name)
}
