//! From text to HOCON as written.

use super::cursor::{Cursor, Problem};
use super::raw::{Raw, RawKind, RawObject};

/// Deeper nesting is refused, so that hostile files can't exhaust the stack.
const MAX_DEPTH: usize = 32;

/// Where an object stands: its absolute path, or inside a list, where nothing can refer to it.
type Place<'p> = Option<&'p [String]>;

/// Reads a whole file: an object (braces optional) or a list.
pub(super) fn document(text: &str) -> Result<Raw, Problem> {
    let mut cursor = Cursor::new(text);
    cursor.skip_lines();
    let offset = cursor.offset;
    let kind = match cursor.peek() {
        Some('{') => {
            cursor.take("{");
            RawKind::Object(object(&mut cursor, Some('}'), Some(&[]), 0)?)
        }
        Some('[') => {
            cursor.take("[");
            RawKind::Array(array(&mut cursor, 0)?)
        }
        _ => RawKind::Object(object(&mut cursor, None, Some(&[]), 0)?),
    };
    cursor.skip_lines();
    if cursor.rest().is_empty() {
        Ok(Raw { offset, kind })
    } else {
        Err(Problem::new(cursor.offset, "text after the end", "remove it, or a brace before it"))
    }
}

/// The fields up to `end` (or, at the root without braces, up to the end of the text).
fn object(
    cursor: &mut Cursor<'_>,
    end: Option<char>,
    place: Place<'_>,
    depth: usize,
) -> Result<RawObject, Problem> {
    let opened = cursor.offset.saturating_sub(1);
    let mut fields = RawObject::default();
    cursor.skip_lines();
    loop {
        match (cursor.peek(), end) {
            (None, None) => return Ok(fields),
            (None, Some(_)) => {
                return Err(Problem::new(opened, "an object doesn't end", "close it with `}`"));
            }
            (Some(c), Some(end)) if c == end => {
                cursor.offset += c.len_utf8();
                return Ok(fields);
            }
            _ => field(cursor, &mut fields, place, depth)?,
        }
        separator(cursor, end)?;
    }
}

/// What stands between two fields or elements: a line end, a comma, or both; or else what ends the list.
fn separator(cursor: &mut Cursor<'_>, end: Option<char>) -> Result<(), Problem> {
    let mut separated = cursor.skip_lines();
    if cursor.take(",") {
        separated = true;
        cursor.skip_lines();
    }
    if separated || cursor.peek().is_none() || cursor.peek() == end {
        return Ok(());
    }
    let found = cursor.peek().map(String::from).unwrap_or_default();
    Err(Problem::new(
        cursor.offset,
        format!("`{found}` can't stand here"),
        "separate values with a comma or a new line, and quote text that holds `:`, `=` or `,`",
    ))
}

fn field(
    cursor: &mut Cursor<'_>,
    fields: &mut RawObject,
    place: Place<'_>,
    depth: usize,
) -> Result<(), Problem> {
    let offset = cursor.offset;
    refuse_include(cursor)?;
    let path = key_path(cursor)?;
    let absolute: Option<Vec<String>> =
        place.map(|place| place.iter().chain(&path).cloned().collect());
    cursor.skip_lines();
    let appends = cursor.take("+=");
    if !appends && !cursor.take(":") && !cursor.take("=") && cursor.peek() != Some('{') {
        return Err(Problem::new(
            cursor.offset,
            format!("`{}` has no value", path.join(".")),
            "write `key: value`",
        ));
    }
    cursor.skip_lines();
    let value = value(cursor, absolute.as_deref(), depth)?;
    let value = if appends { appended(value, absolute, offset)? } else { value };
    define(fields, &path, offset, value);
    Ok(())
}

fn refuse_include(cursor: &Cursor<'_>) -> Result<(), Problem> {
    let Some(after) = cursor.rest().strip_prefix("include") else { return Ok(()) };
    let what = after.trim_start();
    let included = what.len() < after.len()
        && ["\"", "file(", "url(", "classpath(", "required("].iter().any(|s| what.starts_with(s));
    if !included {
        return Ok(());
    }
    Err(Problem::new(
        cursor.offset,
        "`include` is not followed",
        "name every file on the command line instead: `-c first.conf -c second.conf`",
    ))
}

/// `a += b` means `a = ${?a} [b]`.
fn appended(value: Raw, path: Option<Vec<String>>, offset: usize) -> Result<Raw, Problem> {
    let path = path.ok_or_else(|| {
        Problem::new(offset, "`+=` can't be used inside a list", "write the whole list after `=`")
    })?;
    let before = Raw { offset, kind: RawKind::Substitution { path, optional: true } };
    let added = Raw { offset: value.offset, kind: RawKind::Array(vec![value]) };
    let both = vec![(String::new(), before), (String::new(), added)];
    Ok(Raw { offset, kind: RawKind::Concatenation(both) })
}

/// Defines `a.b.c` as nested objects.
fn define(fields: &mut RawObject, path: &[String], offset: usize, value: Raw) {
    let Some((first, inner)) = path.split_first() else { return };
    if inner.is_empty() {
        fields.define(first, offset, value);
        return;
    }
    let mut nested = RawObject::default();
    define(&mut nested, inner, offset, value);
    fields.define(first, offset, Raw { offset, kind: RawKind::Object(nested) });
}

/// A key: parts separated by dots, where quoted dots don't separate.
fn key_path(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Problem> {
    let start = cursor.offset;
    let mut parts = vec![(String::new(), false)];
    let mut blanks = String::new();
    loop {
        match cursor.peek() {
            Some('"') => {
                let (text, _) = cursor.take_quoted()?;
                push_part(&mut parts, &mut blanks, &text, true);
            }
            Some(c) if c != '\n' && c.is_whitespace() => blanks.push_str(cursor.take_blanks()),
            _ => {
                let run = if cursor.at_comment() { "" } else { cursor.take_unquoted() };
                if run.is_empty() {
                    break;
                }
                for (index, part) in run.split('.').enumerate() {
                    if index > 0 {
                        parts.push((String::new(), false));
                        blanks.clear();
                    }
                    push_part(&mut parts, &mut blanks, part, false);
                }
            }
        }
    }
    if parts.iter().any(|(text, quoted)| text.is_empty() && !quoted) {
        return Err(Problem::new(start, "a key is missing", "write `key: value`"));
    }
    if parts.len() > MAX_DEPTH {
        return Err(Problem::new(start, "a key has too many parts", "nest less deeply"));
    }
    Ok(parts.into_iter().map(|(text, _)| text).collect())
}

/// Adds to the last part of a key; blanks count only between two pieces of text.
fn push_part(parts: &mut [(String, bool)], blanks: &mut String, text: &str, quoted: bool) {
    let Some((part, was_quoted)) = parts.last_mut() else { return };
    if !part.is_empty() && !text.is_empty() {
        part.push_str(blanks);
    }
    if !text.is_empty() || quoted {
        blanks.clear();
    }
    part.push_str(text);
    *was_quoted |= quoted;
}

/// One value: everything up to the next separator, joined if it is more than one piece.
fn value(cursor: &mut Cursor<'_>, place: Place<'_>, depth: usize) -> Result<Raw, Problem> {
    let start = cursor.offset;
    if depth >= MAX_DEPTH {
        return Err(Problem::new(start, "the nesting is too deep", "nest less deeply"));
    }
    let mut pieces: Vec<(String, Raw)> = Vec::new();
    loop {
        let blanks = cursor.take_blanks().to_owned();
        let Some(piece) = piece(cursor, place, depth)? else { break };
        pieces.push((blanks, piece));
    }
    match pieces.len() {
        0 => Err(Problem::new(start, "a value is missing", "write one, or remove the key")),
        1 => Ok(pieces.swap_remove(0).1),
        _ => Ok(Raw { offset: start, kind: RawKind::Concatenation(pieces) }),
    }
}

/// The next piece of a value; `None` where the value ends.
fn piece(cursor: &mut Cursor<'_>, place: Place<'_>, depth: usize) -> Result<Option<Raw>, Problem> {
    let offset = cursor.offset;
    if cursor.at_comment() {
        return Ok(None);
    }
    let kind = match cursor.peek() {
        Some('{') => {
            cursor.take("{");
            RawKind::Object(object(cursor, Some('}'), place, depth + 1)?)
        }
        Some('[') => {
            cursor.take("[");
            RawKind::Array(array(cursor, depth + 1)?)
        }
        Some('"') => {
            let (text, verbatim_at) = cursor.take_quoted()?;
            RawKind::Quoted { text, verbatim_at }
        }
        Some('$') if cursor.starts_with("${") => substitution(cursor)?,
        _ => {
            let run = cursor.take_unquoted();
            if run.is_empty() {
                return Ok(None);
            }
            RawKind::Unquoted(run.to_owned())
        }
    };
    Ok(Some(Raw { offset, kind }))
}

fn array(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Raw>, Problem> {
    let opened = cursor.offset.saturating_sub(1);
    let mut elements = Vec::new();
    cursor.skip_lines();
    loop {
        match cursor.peek() {
            None => return Err(Problem::new(opened, "a list doesn't end", "close it with `]`")),
            Some(']') => {
                cursor.take("]");
                return Ok(elements);
            }
            Some(_) => elements.push(value(cursor, None, depth)?),
        }
        separator(cursor, Some(']'))?;
    }
}

fn substitution(cursor: &mut Cursor<'_>) -> Result<RawKind, Problem> {
    let start = cursor.offset;
    cursor.take("${");
    let optional = cursor.take("?");
    let path = key_path(cursor)?;
    if !cursor.take("}") {
        return Err(Problem::new(start, "a substitution doesn't end", "close it with `}`"));
    }
    Ok(RawKind::Substitution { path, optional })
}
