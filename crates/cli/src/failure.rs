//! What ends a command early: a sentence, a hint, and an exit code.

use std::fmt;
use std::process::ExitCode;

/// How a command ended. The numbers are documented in `holometer --help`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    #[default]
    Done,
    /// 1: a fault of ours.
    Internal,
    /// 2: usage or configuration.
    Usage,
    /// 3: some requests failed, or planned cells were not run.
    Incomplete,
    /// 4: nothing was selected.
    Nothing,
    /// 5: a threshold or regression gate failed.
    Gate,
    /// 130: stopped by the user; the same command goes on.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Internal => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Nothing => 4,
            Exit::Gate => 5,
            Exit::Interrupted => 130,
        })
    }
}

/// A failure that the user meets: one clear message, with a hint where one helps.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    /// Something in the arguments, the configuration or the files they name.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// A fault of ours.
    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        let message =
            format!("{message}\nhint: this is a fault in holometer; the log file has the details");
        Self { exit: Exit::Internal, message }
    }

    /// Nothing to do.
    pub(crate) fn nothing(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Nothing, message: message.to_string() }
    }

    /// Adds a hint, unless the message has one.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        if !self.message.contains("hint: ") {
            self.message = format!("{}\nhint: {hint}", self.message);
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&on_own_line(&self.message))
    }
}

/// Puts a hint that follows its sentence on a line of its own.
fn on_own_line(message: &str) -> String {
    let Some(at) = message.find("hint: ") else { return message.to_owned() };
    let before = message[..at].trim_end_matches([' ', '\n', ';', ',', '(']);
    let hint = message[at..].trim_end();
    let hint =
        if message[..at].trim_end().ends_with('(') { hint.trim_end_matches(')') } else { hint };
    format!("{before}\n{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_stand_on_their_own_line() {
        assert_eq!(
            Failure::usage("it broke; hint: mend it").to_string(),
            "it broke\nhint: mend it"
        );
        assert_eq!(
            Failure::usage("it broke (hint: mend it)").to_string(),
            "it broke\nhint: mend it"
        );
        assert_eq!(
            Failure::usage("it broke").hint("mend it").to_string(),
            "it broke\nhint: mend it"
        );
        assert_eq!(Failure::usage("no hint").to_string(), "no hint");
    }
}
