//! The notes on batches that were handed in.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::batch::Journal;

/// After so many seconds providers have deleted a batch's answers (29 days at Anthropic, 30 at OpenAI).
const KEPT_SECONDS: u64 = 28 * 86_400;

/// A batch that was handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// Whose it is: the deployment's address and model.
    pub(crate) deployment: String,
    /// Its name at the provider.
    pub(crate) name: String,
    /// When it was handed in, in seconds since 1970.
    pub(crate) at: u64,
    /// What its requests are known by. Those that failed are taken out, so that another try hands them in again.
    pub(crate) ids: Vec<String>,
}

/// All notes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tickets {
    pub(crate) batches: Vec<Ticket>,
}

impl Tickets {
    /// Reads the notes, without those whose answers are gone.
    pub(crate) fn read(journal: &dyn Journal) -> Result<Self, String> {
        let text = journal.read()?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut tickets: Self = serde_json::from_str(&text)
            .map_err(|error| format!("the notes on batches can't be read: {error}"))?;
        let oldest = seconds_now().saturating_sub(KEPT_SECONDS);
        tickets.batches.retain(|ticket| ticket.at >= oldest && !ticket.ids.is_empty());
        Ok(tickets)
    }

    /// Changes the notes as they are now: another process may have added to them.
    pub(crate) fn change(
        journal: &dyn Journal,
        change: impl FnOnce(&mut Self),
    ) -> Result<(), String> {
        let mut tickets = Self::read(journal)?;
        change(&mut tickets);
        let text = serde_json::to_string_pretty(&tickets).map_err(|error| error.to_string())?;
        journal.write(&text)
    }
}

/// Now, in seconds since 1970.
pub(crate) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
