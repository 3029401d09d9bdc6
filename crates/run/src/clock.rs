//! The only place of this crate that looks at a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use holometer_store::UnixMillis;

/// Now; 0 on a machine whose clock stands before 1970.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// When something that has begun is due.
#[derive(Clone, Copy)]
pub(crate) struct Due(Instant);

impl Due {
    /// Due after a time from now.
    pub(crate) fn after(interval: Duration) -> Self {
        Self(Instant::now() + interval)
    }

    /// How long until then; zero when it is due.
    pub(crate) fn wait(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
