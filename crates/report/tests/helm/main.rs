//! HELM's files, in and out, against what real HELM wrote.

mod damaged;
mod golden;
mod support;
