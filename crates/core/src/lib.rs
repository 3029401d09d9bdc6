//! The domain's types and the plug-in traits.
//!
//! Every stage of the pipeline speaks in these types:
//!
//! ```text
//! RunEntry -plan-> RunSpec -scenarios-> Instance -perturb-> Instance' -adapt-> RequestState
//!    -run-> Outcome -metrics-> Score -summary-> Summary -report | web-> pages
//! ```
//!
//! This crate performs no I/O, knows no clock, no environment and no async runtime, and depends on no other
//! crate of the workspace.

pub mod adapter;
pub mod card;
pub mod entry;
pub mod ids;
pub mod inquiry;
pub mod instance;
pub mod metric;
pub mod model;
pub mod outcome;
pub mod plugin;
pub mod price;
pub mod request;
pub mod run_spec;
pub mod score;
pub mod summary;

pub use adapter::{AdapterSpec, Decoding, FewShot, Method, PromptTemplate, Substitution};
pub use card::{
    Citation, Licence, MainMetric, MetricCard, Parameter, ScenarioCard, SourceCard, ValueKind,
};
pub use entry::{ArgValue, Args, RunEntry};
pub use ids::{InstanceId, MetricName, ModelName, PerturbationName, RunName, ScenarioName};
pub use inquiry::{
    Finding, Findings, Inquiry, NoFindings, RecordedFindings, Respondent, ScorerRole,
};
pub use instance::{Input, Instance, Output, PerturbationDescription, Reference, Split};
pub use metric::{Answer, Metric, MetricOptions, Totals, TotalsMetric, Unit};
pub use model::{
    Cancel, Capabilities, Finished, Model, ModelCard, ModelError, Sink, Token as TokenId,
    Tokenizer, Window,
};
pub use outcome::{
    Completion, FailureKind, FinishReason, Outcome, Response, ScoredToken, TopToken,
};
pub use plugin::ScenarioCatalogue;
pub use price::Price;
pub use request::{ChatMessage, Prompt, Request, RequestKey, RequestMode, RequestState, Role};
pub use run_spec::{
    AugmentationSpec, MetricSpec, ModelSpec, PerturbationSpec, RunSpec, ScenarioSpec,
};
pub use score::{CellStatus, Score, Value};
pub use summary::{Cell, Estimate, Interval, Slice};
