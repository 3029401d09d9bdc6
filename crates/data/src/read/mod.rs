//! Readers: text, JSON, JSON Lines, CSV, Parquet, XML, spreadsheets and archive members.
//!
//! Files compressed with gzip or zstd are unpacked on the fly, told by their first bytes, whatever they are called. A
//! byte order mark at the start of text is dropped. Text must be UTF-8. Every error names the file and, where there is
//! one, the line.

mod csv;
mod folder;
mod json;
mod parquet;
mod text;
mod xlsx;
mod xml;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

pub use self::csv::{
    CsvOptions, Header, Quoting, StringRow, csv, csv_each, csv_records, csv_rows_of,
};
pub use self::folder::{folder_files, folder_folders};
pub use self::json::{JsonLines, json, json_of, jsonl, jsonl_of, jsonl_rows};
pub use self::parquet::{parquet, parquet_class_names};
pub(crate) use self::parquet::{parquet_at, parquet_each, parquet_len, project};
pub(crate) use self::text::open_within;
pub use self::text::{bytes, lines, text, text_of};
pub use self::xlsx::xlsx;
pub use self::xml::{xml, xml_of};

use crate::archive::{bomb_or, each_member};
use crate::error::nearest;
use crate::{DataError, Limits};

/// One member of a zip archive or of a tar archive (plain, gzip or zstd), unpacked.
///
/// # Errors
/// The archive can't be read, has no such member (the names most like it are listed), or unpacks to more than the limits.
pub fn archive_member(path: &Path, member: &str) -> Result<Vec<u8>, DataError> {
    archive_member_within(path, member, &Limits::default())
}

/// As [`archive_member`], within limits of the caller's.
pub fn archive_member_within(
    path: &Path,
    member: &str,
    limits: &Limits,
) -> Result<Vec<u8>, DataError> {
    let mut content = None;
    each_member(path, limits, &|name| name == member, &mut |_, reader| {
        content = Some(read_member(path, reader, limits)?);
        Ok(())
    })?;
    match content {
        Some(content) => Ok(content),
        None => Err(no_member(path, member, limits)?),
    }
}

/// All files of an archive whose names match, as (name, content) in archive order. `pattern` is a prefix, or a pattern
/// in which every `*` stands for any run of characters (also over `/`), as in `data/*.jsonl`.
pub fn archive_members(path: &Path, pattern: &str) -> Result<Vec<(String, Vec<u8>)>, DataError> {
    let limits = Limits::default();
    let mut members = Vec::new();
    each_member(path, &limits, &|name| matches_pattern(name, pattern), &mut |name, reader| {
        members.push((name.to_owned(), read_member(path, reader, &limits)?));
        Ok(())
    })?;
    Ok(members)
}

/// The names of all files of an archive, in archive order.
pub fn archive_names(path: &Path) -> Result<Vec<String>, DataError> {
    names_within(path, &Limits::default())
}

fn names_within(path: &Path, limits: &Limits) -> Result<Vec<String>, DataError> {
    let names = RefCell::new(Vec::new());
    let note = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        false
    };
    each_member(path, limits, &note, &mut |_, _| Ok(()))?;
    Ok(names.into_inner())
}

fn read_member(
    path: &Path,
    reader: &mut dyn std::io::Read,
    limits: &Limits,
) -> Result<Vec<u8>, DataError> {
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|error| bomb_or(path, limits.max_bytes, &error))?;
    Ok(content)
}

/// The error for a missing member, naming those most like it.
pub(crate) fn no_member(
    path: &Path,
    member: &str,
    limits: &Limits,
) -> Result<DataError, DataError> {
    let names = names_within(path, limits)?;
    let members = nearest(member, &names);
    Ok(DataError::NoMember { path: PathBuf::from(path), member: member.to_owned(), members })
}

pub(crate) fn matches_pattern(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return true;
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn a_pattern_is_a_prefix_or_has_stars() {
        assert!(matches_pattern("data/a.jsonl", "data/"));
        assert!(matches_pattern("data/a.jsonl", ""));
        assert!(matches_pattern("data/x/a.jsonl", "data/*.jsonl"));
        assert!(matches_pattern("data/a.jsonl", "*a*"));
        assert!(!matches_pattern("data/a.json", "data/*.jsonl"));
        assert!(!matches_pattern("other/a.jsonl", "data/*.jsonl"));
        assert!(!matches_pattern("ab", "ab*b"));
    }
}
