//! The grammar of run entries: `name:key=value,key=value`.
//!
//! As in HELM, the name ends at the first `:`, arguments are separated by `,` (so no value holds one), a key ends
//! at its first `=`, and what parses as a number is a number. Unlike HELM, blanks around names are ignored, and an
//! argument given twice with different values is an error instead of a silent replacement.

use holometer_core::{ArgValue, RunEntry};

/// What is wrong with a run entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// Nothing before the `:`.
    #[error("a run entry begins with a scenario's name\nhint: write `name:key=value,key=value`")]
    NoName,
    /// A run's name was given where an entry belongs.
    #[error(
        "`{name}` is not a scenario's name\nhint: the arguments follow the first `:`, as in `{name_alone}:key=value`"
    )]
    ArgumentsInName {
        /// What stands before the `:`.
        name: String,
        /// What is likely the name.
        name_alone: String,
    },
    /// Nothing between two commas, or after the `:`.
    #[error(
        "an argument is missing\nhint: write `key=value` here, or remove the separator before it"
    )]
    NoArgument,
    /// An argument without `=`.
    #[error(
        "`{argument}` is not of the form `key=value`\nhint: a value can't hold `,`, which separates arguments"
    )]
    NoEquals {
        /// The argument.
        argument: String,
    },
    /// Nothing before the `=`.
    #[error("`{argument}` has no key\nhint: write `key=value`")]
    NoKey {
        /// The argument.
        argument: String,
    },
    /// The same key a second time, with another value.
    #[error(
        "`{key}` is given twice with different values\nhint: keep one of them; in a TOML suite a list runs every value"
    )]
    Repeated {
        /// The key.
        key: String,
    },
}

/// A run entry that can't be read, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct EntryError {
    /// The byte offset within the entry.
    pub offset: usize,
    /// What is wrong.
    pub problem: EntryProblem,
}

/// A run entry with the byte offset of each argument in its text.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedEntry {
    /// The entry.
    pub entry: RunEntry,
    /// For each argument, in order, where its key begins.
    pub offsets: Vec<usize>,
}

/// Reads a run entry. Printing what was read gives an entry that reads the same.
///
/// ```
/// let parsed = holometer_plan::parse_entry("mmlu:subject=anatomy,max_train_instances=0")?;
/// assert_eq!(parsed.entry.name, "mmlu");
/// assert_eq!(parsed.entry.to_string(), "mmlu:subject=anatomy,max_train_instances=0");
/// # Ok::<(), holometer_plan::EntryError>(())
/// ```
///
/// # Errors
/// The first problem and its place.
pub fn parse_entry(text: &str) -> Result<ParsedEntry, EntryError> {
    let (name, arguments) = match text.split_once(':') {
        Some((name, arguments)) => (name, Some(arguments)),
        None => (text, None),
    };
    let fail = |offset, problem| Err(EntryError { offset, problem });
    let name_alone = name.trim();
    if name_alone.is_empty() {
        return fail(0, EntryProblem::NoName);
    }
    if let Some(at) = name.find([',', '=']) {
        let before = name_alone.split([',', '=']).next().unwrap_or_default().trim();
        return fail(
            at,
            EntryProblem::ArgumentsInName { name: name_alone.into(), name_alone: before.into() },
        );
    }
    let mut parsed = ParsedEntry {
        entry: RunEntry { name: name_alone.to_owned(), ..RunEntry::default() },
        offsets: Vec::new(),
    };
    let mut offset = name.len() + 1;
    for argument in arguments.into_iter().flat_map(|arguments| arguments.split(',')) {
        let (key, value) = parse_argument(argument)
            .map_err(|problem| EntryError { offset: offset + leading(argument), problem })?;
        let key_offset = offset + leading(argument);
        match parsed.entry.args.get(key) {
            Some(known) if *known == value => {}
            Some(_) => return fail(key_offset, EntryProblem::Repeated { key: key.into() }),
            None => {
                parsed.entry.args.0.push((key.to_owned(), value));
                parsed.offsets.push(key_offset);
            }
        }
        offset += argument.len() + 1;
    }
    Ok(parsed)
}

fn leading(argument: &str) -> usize {
    argument.len() - argument.trim_start().len()
}

fn parse_argument(argument: &str) -> Result<(&str, ArgValue), EntryProblem> {
    if argument.trim().is_empty() {
        return Err(EntryProblem::NoArgument);
    }
    let (key, value) = argument
        .split_once('=')
        .ok_or_else(|| EntryProblem::NoEquals { argument: argument.trim().into() })?;
    let key = key.trim();
    if key.is_empty() {
        return Err(EntryProblem::NoKey { argument: argument.trim().into() });
    }
    Ok((key, ArgValue::parse(value)))
}
