//! Following substitutions and joining values.

use super::cursor::Problem;
use super::raw::{Raw, RawKind, RawObject};
use super::{Field, Kind, Text, Value};

/// At most so many values, and bytes of joined text, come out of one file: a short file of nested substitutions could
/// otherwise fill the memory.
const MAX_SIZE: usize = 2 << 20;

/// Values within values and substitutions that lead to substitutions, together, at most: a bound on the stack.
const MAX_DEPTH: usize = 256;

/// The value that a file stands for.
pub(super) fn resolve(raw: &Raw) -> Result<Value, Problem> {
    let empty = RawObject::default();
    let root = if let RawKind::Object(object) = &raw.kind { object } else { &empty };
    let mut resolver = Resolver { root, active: Vec::new(), depth: 0, size: 0 };
    let place = matches!(raw.kind, RawKind::Object(_)).then_some(&[][..]);
    let resolved = resolver.value(raw, place)?;
    Ok(resolved.unwrap_or(Value { offset: raw.offset, kind: Kind::Null }))
}

/// A key being resolved, and what was said about it before the definition at hand: what a reference to itself means.
struct Active<'a> {
    path: Vec<String>,
    earlier: Vec<&'a Raw>,
}

struct Resolver<'a> {
    root: &'a RawObject,
    active: Vec<Active<'a>>,
    depth: usize,
    size: usize,
}

type Resolved = Result<Option<Value>, Problem>;

impl<'a> Resolver<'a> {
    fn value(&mut self, raw: &'a Raw, path: Option<&[String]>) -> Resolved {
        self.grow(1, raw.offset)?;
        if self.depth >= MAX_DEPTH {
            return Err(Problem::new(
                raw.offset,
                "too many substitutions lead to one another",
                "write the value itself",
            ));
        }
        self.depth += 1;
        let value = self.value_within_bounds(raw, path);
        self.depth -= 1;
        value
    }

    fn value_within_bounds(&mut self, raw: &'a Raw, path: Option<&[String]>) -> Resolved {
        let kind = match &raw.kind {
            RawKind::Quoted { text, verbatim_at } => {
                self.grow(text.len(), raw.offset)?;
                Kind::Text(Text { text: text.clone(), verbatim_at: *verbatim_at })
            }
            RawKind::Unquoted(text) => scalar(text, raw.offset),
            RawKind::Array(elements) => {
                let mut values = Vec::new();
                for element in elements {
                    values.extend(self.value(element, None)?);
                }
                Kind::Array(values)
            }
            RawKind::Object(object) => Kind::Object(self.object(object, path)?),
            RawKind::Substitution { path, optional } => {
                let found = self.look_up(path)?;
                if found.is_none() && !optional {
                    return Err(undefined(path, raw.offset));
                }
                return Ok(found);
            }
            RawKind::Concatenation(pieces) => return self.concatenation(pieces, raw.offset),
        };
        Ok(Some(Value { offset: raw.offset, kind }))
    }

    fn object(
        &mut self,
        object: &'a RawObject,
        path: Option<&[String]>,
    ) -> Result<Vec<Field>, Problem> {
        let mut fields = Vec::new();
        for field in &object.fields {
            let path = path.map(|path| [path, std::slice::from_ref(&field.key)].concat());
            let definitions: Vec<&Raw> = field.definitions.iter().collect();
            if let Some(value) = self.fold(&definitions, path.as_deref())? {
                fields.push(Field { key: field.key.clone(), key_offset: field.offset, value });
            }
        }
        Ok(fields)
    }

    /// What several definitions of a key come to: the last counts, but objects merge. From the last to the first, as
    /// what is hidden needn't be defined.
    fn fold(&mut self, definitions: &[&'a Raw], path: Option<&[String]>) -> Resolved {
        let mut result: Option<Value> = None;
        for (index, definition) in definitions.iter().enumerate().rev() {
            if let Some(path) = path {
                let earlier = definitions[..index].to_vec();
                self.active.push(Active { path: path.to_vec(), earlier });
            }
            let value = self.value(definition, path);
            if path.is_some() {
                self.active.pop();
            }
            let Some(value) = value? else { continue };
            let is_object = matches!(value.kind, Kind::Object(_));
            result = match result {
                Some(later) if is_object => Some(merged(value, later)),
                Some(later) => Some(later),
                None => Some(value),
            };
            if !is_object {
                break;
            }
        }
        Ok(result)
    }

    /// The value that `${path}` stands for, if there is one.
    fn look_up(&mut self, path: &[String]) -> Resolved {
        let mut objects = vec![self.root];
        for (depth, key) in path.iter().enumerate() {
            let prefix = &path[..=depth];
            let last = depth + 1 == path.len();
            let active = self.active.iter().rfind(|active| active.path == prefix);
            let earlier = active.map(|active| active.earlier.clone());
            let definitions: Vec<&Raw> =
                objects.iter().flat_map(|object| object.definitions(key)).collect();
            let inner: Vec<&RawObject> = definitions
                .iter()
                .filter_map(|raw| match &raw.kind {
                    RawKind::Object(object) => Some(object),
                    _ => None,
                })
                .collect();
            if last || inner.len() < definitions.len() {
                let definitions = earlier.unwrap_or(definitions);
                let value = self.fold(&definitions, Some(prefix))?;
                return Ok(value.and_then(|value| descend(value, &path[depth + 1..])));
            }
            objects = inner;
        }
        Ok(None)
    }

    fn concatenation(&mut self, pieces: &'a [(String, Raw)], offset: usize) -> Resolved {
        let mut values = Vec::new();
        for (blanks, piece) in pieces {
            values.push((blanks.as_str(), self.value(piece, None)?));
        }
        let present: Vec<&Value> = values.iter().filter_map(|(_, value)| value.as_ref()).collect();
        let count = |test: fn(&Kind) -> bool| present.iter().filter(|v| test(&v.kind)).count();
        let arrays = count(|kind| matches!(kind, Kind::Array(_)));
        let objects = count(|kind| matches!(kind, Kind::Object(_)));
        if present.is_empty() {
            return Ok(None);
        }
        if (arrays > 0 && arrays < present.len()) || (objects > 0 && objects < present.len()) {
            return Err(Problem::new(
                offset,
                "a list, an object or a text can only stand beside one of its kind",
                "separate the values with a comma or a new line",
            ));
        }
        let kind = if arrays > 0 {
            Kind::Array(
                values.into_iter().filter_map(|(_, value)| value).flat_map(elements).collect(),
            )
        } else if objects > 0 {
            let all = values.into_iter().filter_map(|(_, value)| value);
            return Ok(all.reduce(merged));
        } else {
            let text = joined(&values);
            self.grow(text.len(), offset)?;
            Kind::Text(Text { text, verbatim_at: None })
        };
        Ok(Some(Value { offset, kind }))
    }

    fn grow(&mut self, by: usize, offset: usize) -> Result<(), Problem> {
        self.size += by;
        if self.size > MAX_SIZE {
            return Err(Problem::new(
                offset,
                "the file's substitutions come to too much text",
                "write the values themselves",
            ));
        }
        Ok(())
    }
}

fn undefined(path: &[String], offset: usize) -> Problem {
    Problem::new(
        offset,
        format!("`{}` is not defined (or refers to itself)", path.join(".")),
        "define it in the same file; the environment is not consulted",
    )
}

fn descend(value: Value, path: &[String]) -> Option<Value> {
    let Some((key, inner)) = path.split_first() else { return Some(value) };
    let Kind::Object(fields) = value.kind else { return None };
    let field = fields.into_iter().find(|field| field.key == *key)?;
    descend(field.value, inner)
}

/// Objects merge, key by key; of anything else the later one counts.
fn merged(old: Value, new: Value) -> Value {
    match (old.kind, new.kind) {
        (Kind::Object(mut fields), Kind::Object(later)) => {
            for field in later {
                if let Some(at) = fields.iter().position(|known| known.key == field.key) {
                    let known = std::mem::replace(&mut fields[at].value, field.value.clone());
                    fields[at].value = merged(known, field.value);
                } else {
                    fields.push(field);
                }
            }
            Value { offset: new.offset, kind: Kind::Object(fields) }
        }
        (_, kind) => Value { offset: new.offset, kind },
    }
}

fn elements(value: Value) -> Vec<Value> {
    if let Kind::Array(elements) = value.kind { elements } else { Vec::new() }
}

/// Texts joined with the blanks between them; the value's outer blanks don't count.
fn joined(values: &[(&str, Option<Value>)]) -> String {
    let mut text = String::new();
    for (index, (blanks, value)) in values.iter().enumerate() {
        if index > 0 {
            text.push_str(blanks);
        }
        match value.as_ref().map(|value| &value.kind) {
            Some(Kind::Text(piece)) => text.push_str(&piece.text),
            Some(Kind::Number(number)) => text.push_str(number),
            Some(Kind::Bool(truth)) => text.push_str(if *truth { "true" } else { "false" }),
            Some(Kind::Null) => text.push_str("null"),
            Some(Kind::Array(_) | Kind::Object(_)) | None => {}
        }
    }
    text
}

/// What unquoted text means on its own.
fn scalar(text: &str, offset: usize) -> Kind {
    match text {
        "null" => Kind::Null,
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(Text { text: text.to_owned(), verbatim_at: Some(offset) }),
    }
}

/// JSON's number grammar.
fn is_number(text: &str) -> bool {
    matches!(serde_json::from_str::<serde_json::Value>(text), Ok(serde_json::Value::Number(_)))
}
