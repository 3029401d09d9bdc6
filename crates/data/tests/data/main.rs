//! Tests of getting and reading data, over loopback servers, fixtures and the reference data.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected should stop there")]

mod archives;
mod cache;
mod download;
mod garbled;
mod hub;
mod lock;
mod package;
mod parquet;
mod reduction;
mod reference_data;
mod sizes;
mod support;
