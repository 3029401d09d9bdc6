//! Judges: what is asked of a model that judges an answer, and how its verdict is read.
//!
//! The templates are HELM's (0.5.16, `benchmark/annotation`, Apache-2.0), word for word, and so are the ways of reading verdicts. What can't
//! be read is no verdict: it is left out of the mean, and a unit without any verdict is unscored.

mod jury;
pub mod pairwise;
mod read;
mod verdicts;

pub(crate) use jury::{jury, jury_of_helm};
pub(crate) use read::{air_bench, omni_math, score_tags, wildbench};
pub(crate) use verdicts::{Question, Verdicts};
