//! HOCON, the format of HELM's configuration files.
//!
//! Follows the HOCON specification (lightbend/config, `HOCON.md`): comments, optional root braces and commas, `:`, `=`
//! and `+=`, dotted keys, unquoted and triple-quoted text, merging of objects, concatenation of values, and
//! substitutions within the file with look-back. Two things are left out on purpose, because a plan must depend
//! on its files alone: `include` is an error that says what to do, and a substitution never falls back to the
//! environment.

mod cursor;
mod parser;
mod raw;
mod resolve;

pub(crate) use cursor::Problem;

/// A value, with the byte offset where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) offset: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A JSON number, as written.
    Number(String),
    Text(Text),
    Array(Vec<Value>),
    Object(Vec<Field>),
}

/// A text, and where it begins in the file if it stands there letter by letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) verbatim_at: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) key: String,
    pub(crate) key_offset: usize,
    pub(crate) value: Value,
}

impl Value {
    /// What it is, for messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a truth value",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::Array(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }
}

/// Reads a whole file.
pub(crate) fn parse(text: &str) -> Result<Value, Problem> {
    let raw = parser::document(text)?;
    resolve::resolve(&raw)
}

#[cfg(test)]
mod tests;
