//! The tests of the metrics, in one program because they share the model's tokenizer and small made-up runs.

#![expect(clippy::unwrap_used, reason = "a test that can't go on may panic")]

mod bias_suite;
mod catalogue;
mod classification;
mod common;
mod contract;
mod decodingtrust;
mod families;
mod golden;
mod helm;
mod helm_populations;
mod ifeval;
mod judges;
mod jury;
mod langfair;
mod linked;
mod opinions;
mod pair_likelihood;
mod programs;
mod published;
mod scorers;
