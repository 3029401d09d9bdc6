//! Room for running untrusted generated code: a separate process without network, with limits on memory, time, processes and
//! output.
//!
//! Nothing lives here yet. Until it does, metrics that need to run code report *unscored* with that reason, and no
//! generated code is ever run.
