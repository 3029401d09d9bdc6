//! Requests against HELM's: its recorded runs on real data, and its adapters' answers on small instances of our own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helper functions")]

mod adapters;
mod golden;
mod published;
mod scenarios;
mod support;
