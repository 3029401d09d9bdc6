//! Pure string algorithms: normalisation, matching, overlap, edit distance, stemming, tokenising, mathematics.
//!
//! Where HELM (Python) has the same function, this crate gives the same result for the same strings; [`python`] holds
//! the ways in which Python's strings differ from Rust's. Nothing here knows of scenarios, models or metrics.

pub mod answer;
pub mod bleu;
pub mod chrf;
pub mod edit;
pub mod extractive;
pub mod intern;
pub mod linear;
pub mod matching;
pub mod math;
pub mod normalize;
pub mod phrases;
pub mod porter;
pub mod punkt;
pub mod python;
mod quick;
pub mod ranking;
pub mod refusal;
pub mod rouge;
pub mod sacrebleu;
pub mod sets;
pub mod similarity;
pub mod treebank;
pub mod vader;
