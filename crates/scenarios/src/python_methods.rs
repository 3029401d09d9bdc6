//! Python's methods on texts, lists and dictionaries, as far as datasets' templates use them.

use minijinja::value::{Value, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State};

/// Called by the template engine for a method that it does not know itself.
pub(crate) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::String => on_text(value.as_str().unwrap_or_default(), method, args),
        ValueKind::Map => on_map(state, value, method, args),
        ValueKind::Seq | ValueKind::Iterable => on_list(value, method, args),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn on_text(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    let value = match method {
        "strip" => Value::from(stripped(text, args, true, true)?),
        "lstrip" => Value::from(stripped(text, args, true, false)?),
        "rstrip" => Value::from(stripped(text, args, false, true)?),
        "split" => Value::from(split(text, args)?),
        "splitlines" => Value::from(text.lines().map(str::to_owned).collect::<Vec<_>>()),
        "upper" => Value::from(text.to_uppercase()),
        "lower" => Value::from(text.to_lowercase()),
        "capitalize" => Value::from(capitalized(text)),
        "title" => Value::from(titled(text)),
        "isdigit" => Value::from(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit())),
        "replace" => {
            let (old, new): (&str, &str) = from_args(args)?;
            Value::from(text.replace(old, new))
        }
        "startswith" => {
            let (prefix,): (&str,) = from_args(args)?;
            Value::from(text.starts_with(prefix))
        }
        "endswith" => {
            let (suffix,): (&str,) = from_args(args)?;
            Value::from(text.ends_with(suffix))
        }
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(suffix).unwrap_or(text))
        }
        "index" => {
            let (part,): (&str,) = from_args(args)?;
            let bytes = text.find(part).ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, format!("`{part}` is not in `{text}`"))
            })?;
            Value::from(text[..bytes].chars().count())
        }
        "join" => {
            let (list,): (Vec<String>,) = from_args(args)?;
            Value::from(list.join(text))
        }
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    };
    Ok(value)
}

/// `str.strip` and its one-sided forms: of white space, or of the given characters.
fn stripped(text: &str, args: &[Value], left: bool, right: bool) -> Result<String, Error> {
    let (characters,): (Option<&str>,) = from_args(args)?;
    let strip = |c: char| characters.map_or_else(|| is_space(c), |set| set.contains(c));
    let mut text = text;
    if left {
        text = text.trim_start_matches(strip);
    }
    if right {
        text = text.trim_end_matches(strip);
    }
    Ok(text.to_owned())
}

/// What `str.isspace` holds for: Unicode white space and four separators that Rust does not count.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.split`: at white space, or at a separator at most so many times.
fn split(text: &str, args: &[Value]) -> Result<Vec<String>, Error> {
    let (separator, limit): (Option<&str>, Option<usize>) = from_args(args)?;
    Ok(match (separator, limit) {
        (None, _) => {
            text.split(is_space).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
        (Some(separator), None) => text.split(separator).map(str::to_owned).collect(),
        (Some(separator), Some(limit)) => {
            text.splitn(limit + 1, separator).map(str::to_owned).collect()
        }
    })
}

/// `str.capitalize`: the first character in upper case, all others in lower case.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| {
            first.to_uppercase().chain(characters.as_str().to_lowercase().chars()).collect()
        })
        .unwrap_or_default()
}

/// `str.title`: every letter after a character that is no letter in upper case, all others in lower case.
fn titled(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            result.extend(character.to_lowercase());
        } else {
            result.extend(character.to_uppercase());
        }
        inside = character.is_alphabetic();
    }
    result
}

fn on_map(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match method {
        "items" => state.apply_filter("items", std::slice::from_ref(value)),
        "keys" => Ok(value.try_iter()?.collect()),
        "values" => {
            let values: Result<Vec<Value>, Error> =
                value.try_iter()?.map(|key| value.get_item(&key)).collect();
            Ok(Value::from(values?))
        }
        "get" => {
            let (key, default): (&Value, Option<&Value>) = from_args(args)?;
            let found = value.get_item(key)?;
            if found.is_undefined() {
                return Ok(default.cloned().unwrap_or(Value::from(())));
            }
            Ok(found)
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn on_list(value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let (wanted,): (&Value,) = from_args(args)?;
    match method {
        "count" => Ok(Value::from(value.try_iter()?.filter(|entry| entry == wanted).count())),
        "index" => {
            value.try_iter()?.position(|entry| &entry == wanted).map(Value::from).ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, format!("`{wanted}` is not in the list"))
            })
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
