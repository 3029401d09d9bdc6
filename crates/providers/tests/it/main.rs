//! The crate against servers on loopback, through its public interface.

mod faults;
mod openai_server;
mod support;
mod vendors;
