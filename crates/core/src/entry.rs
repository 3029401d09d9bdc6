//! Run entries: HELM's `name:key=value,key=value`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A run entry's value. What parses as a number is a number, as in HELM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ArgValue {
    /// A whole number.
    Int(i64),
    /// A number with a fraction or exponent.
    Float(f64),
    /// Anything else.
    Text(String),
}

impl ArgValue {
    /// Reads a value as HELM does: whole number, else number, else text.
    pub fn parse(text: &str) -> Self {
        if let Ok(int) = text.parse::<i64>() {
            Self::Int(int)
        } else if let Some(float) = parse_float(text) {
            Self::Float(float)
        } else {
            Self::Text(text.to_owned())
        }
    }

    /// The value as a non-negative whole number.
    pub fn as_usize(&self) -> Option<usize> {
        match self {
            Self::Int(value) => usize::try_from(*value).ok(),
            Self::Float(_) | Self::Text(_) => None,
        }
    }

    /// The value as a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(_) => None,
        }
    }
}

/// Python's `float()` without its `nan`, `inf` and underscore forms, which no entry means.
fn parse_float(text: &str) -> Option<f64> {
    let numeric =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if !numeric || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Python's `repr` of a float: the shortest digits that read the same, with an exponent below 1e-4 and from 1e16 on.
fn python_float(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let shown = format!("{value:e}");
        let (digits, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
        let (sign, exponent) =
            exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    if value.fract() == 0.0 { format!("{value:.1}") } else { value.to_string() }
}

impl fmt::Display for ArgValue {
    /// As Python's `str` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&python_float(*value)),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// Named values in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Args(pub Vec<(String, ArgValue)>);

impl Args {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&ArgValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The value of a name, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(ToString::to_string)
    }

    /// Sets a value, in place if the name exists.
    pub fn set(&mut self, name: &str, value: ArgValue) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Removes a value and returns it.
    pub fn remove(&mut self, name: &str) -> Option<ArgValue> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }
}

impl fmt::Display for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// What a user asks for: a scenario (HELM's run spec name) with arguments, some of which are expanders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunEntry {
    /// The scenario's name.
    pub name: String,
    /// Its arguments and expanders.
    pub args: Args,
}

impl fmt::Display for RunEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.args.0.is_empty() {
            write!(f, ":{}", self.args)?;
        }
        Ok(())
    }
}
