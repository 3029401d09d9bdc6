//! The decoder: one forward pass over a ragged batch, driven by a configuration.

mod embed;
mod experts;
mod forward;
mod kv;
mod load;
mod names;
mod weights;

pub(crate) use forward::{Decoder, Run, Workspace};
pub(crate) use kv::{KvCache, PageId};
pub(crate) use load::Keep;

#[cfg(test)]
mod tests;
