//! Typed reading of `config.json` with errors that name field and value.

use std::path::Path;

use serde_json::Value;

use crate::error::EngineError;

/// A configuration with the path to name in errors.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) path: &'a Path,
    pub(crate) json: &'a Value,
}

impl<'a> Fields<'a> {
    pub(crate) fn error(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Config {
            path: self.path.to_owned(),
            reason: reason.into(),
            hint: "this needs a newer Holometer, or a repaired `config.json`".into(),
        }
    }

    /// A field that is there and not null, under any of its names.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.json.get(*name)).filter(|value| !value.is_null())
    }

    /// A positive whole number.
    pub(crate) fn size(&self, names: &[&str]) -> Result<usize, EngineError> {
        self.optional_size(names)?
            .ok_or_else(|| self.error(format!("field `{}` is missing", names[0])))
    }

    pub(crate) fn size_or(&self, names: &[&str], default: usize) -> Result<usize, EngineError> {
        Ok(self.optional_size(names)?.unwrap_or(default))
    }

    pub(crate) fn optional_size(&self, names: &[&str]) -> Result<Option<usize>, EngineError> {
        let Some(value) = self.get(names) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        match number.filter(|number| (1..=1 << 31).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.bad(names, value)),
        }
    }

    pub(crate) fn float_or(&self, names: &[&str], default: f64) -> Result<f64, EngineError> {
        Ok(self.optional_float(names)?.unwrap_or(default))
    }

    pub(crate) fn optional_float(&self, names: &[&str]) -> Result<Option<f64>, EngineError> {
        let Some(value) = self.get(names) else { return Ok(None) };
        value.as_f64().map(Some).ok_or_else(|| self.bad(names, value))
    }

    pub(crate) fn bool_or(&self, names: &[&str], default: bool) -> Result<bool, EngineError> {
        let Some(value) = self.get(names) else { return Ok(default) };
        value.as_bool().ok_or_else(|| self.bad(names, value))
    }

    pub(crate) fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.get(names)?.as_str()
    }

    /// Refuses a switch whose other position the engine does not compute.
    pub(crate) fn expect_bool(&self, name: &str, wanted: bool) -> Result<(), EngineError> {
        match self.bool_or(&[name], wanted)? {
            value if value == wanted => Ok(()),
            value => Err(self.error(format!("`{name} = {value}` is not supported"))),
        }
    }

    fn bad(&self, names: &[&str], value: &Value) -> EngineError {
        self.error(format!("field `{}` has the value `{value}`", names[0]))
    }
}
