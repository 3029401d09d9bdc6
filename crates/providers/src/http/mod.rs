//! Sending calls: the client, the deployment's limits, retries, and the model built on them.

pub(crate) mod access;
pub(crate) mod attempt;
pub(crate) mod driver;
pub(crate) mod governor;
pub(crate) mod hedging;
pub(crate) mod limits;
pub(crate) mod model;
pub(crate) mod pace;
pub(crate) mod progress;
pub(crate) mod runtime;
pub(crate) mod signing;
pub(crate) mod tokens;
pub(crate) mod transport;
