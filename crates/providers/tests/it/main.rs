//! The crate against servers on loopback, through its public interface.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod clouds;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hedging;
#[cfg(test)]
mod llama_cpp;
mod next_token;
#[cfg(test)]
mod openai_server;
#[cfg(test)]
mod support;
#[cfg(test)]
mod vendors;
