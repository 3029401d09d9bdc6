//! Keys, which must never reach a log, an error, a database or a terminal.

use std::fmt;

/// What stands in place of a key.
const HIDDEN: &str = "[key]";

/// A key. It has no `Display` and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key, without the white space that copying tends to leave around it.
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    /// The key itself, for the header that carries it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// A text without the key, in case a server quotes it.
    pub(crate) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, HIDDEN) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = Secret::new(" sk-planted \n");
        assert_eq!(format!("{key:?} {:#?}", Some(&key)), "[key] Some(\n    [key],\n)");
        assert_eq!(key.redact("bad key sk-planted given"), "bad key [key] given");
        assert_eq!(Secret::new("").redact("text"), "text");
    }
}
