//! JSON and JSON Lines.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::text::{not_utf8, open_within, text, text_of};
use crate::archive::bomb_or;
use crate::{DataError, Limits};

/// The longest line accepted, in bytes: a guard against files that are not lines at all.
const MAX_LINE_BYTES: u64 = 1 << 30;

/// A JSON document. The order of object keys is kept.
pub fn json(path: &Path) -> Result<Value, DataError> {
    parse_document(&text(path)?, path)
}

/// The JSON document in `content` (an archive's member, say). `path` is what errors name.
pub fn json_of(content: Vec<u8>, path: &Path) -> Result<Value, DataError> {
    parse_document(&text_of(content, path)?, path)
}

fn parse_document(text: &str, path: &Path) -> Result<Value, DataError> {
    serde_json::from_str(text).map_err(|error| syntax(path, error.line() as u64, &error))
}

/// All rows of a JSON Lines file; blank lines are skipped.
pub fn jsonl(path: &Path) -> Result<Vec<Value>, DataError> {
    jsonl_rows(path)?.collect()
}

/// All rows of the JSON Lines in `content` (an archive's member, say). `path` is what errors name.
pub fn jsonl_of(content: Vec<u8>, path: &Path) -> Result<Vec<Value>, DataError> {
    let reader: Box<dyn Read> = Box::new(std::io::Cursor::new(content));
    JsonLines::new(reader, path, u64::MAX).collect()
}

/// The rows of a JSON Lines file one by one, so that a large file need not fit in memory.
pub fn jsonl_rows(path: &Path) -> Result<JsonLines, DataError> {
    let (reader, cap) = open_within(path, &Limits::default())?;
    Ok(JsonLines::new(reader, path, cap))
}

/// An iterator over the rows of a JSON Lines file. Ends after the first error.
pub struct JsonLines {
    reader: BufReader<Box<dyn Read>>,
    path: PathBuf,
    cap: u64,
    line: u64,
    offset: u64,
    done: bool,
}

impl JsonLines {
    fn new(reader: Box<dyn Read>, path: &Path, cap: u64) -> JsonLines {
        let reader = BufReader::with_capacity(1 << 16, reader);
        JsonLines { reader, path: path.to_owned(), cap, line: 0, offset: 0, done: false }
    }

    fn next_row(&mut self) -> Result<Option<Value>, DataError> {
        loop {
            let mut line = Vec::new();
            let read = (&mut self.reader)
                .take(MAX_LINE_BYTES + 1)
                .read_until(b'\n', &mut line)
                .map_err(|error| bomb_or(&self.path, self.cap, &error))?
                as u64;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let start = self.offset;
            self.offset += read;
            if read > MAX_LINE_BYTES {
                let message = format!("the line is longer than {MAX_LINE_BYTES} bytes");
                let path = self.path.clone();
                return Err(DataError::Syntax { path, line: self.line, column: None, message });
            }
            let text = match std::str::from_utf8(&line) {
                Ok(text) => text,
                Err(error) => return Err(self.not_utf8(&line, start, error.valid_up_to())),
            };
            let text = if self.line == 1 { text.trim_start_matches('\u{feff}') } else { text };
            if text.trim().is_empty() {
                continue;
            }
            let row = serde_json::from_str(text);
            return row.map(Some).map_err(|error| syntax(&self.path, self.line, &error));
        }
    }

    fn not_utf8(&self, line: &[u8], start: u64, at: usize) -> DataError {
        match not_utf8(&self.path, line, at) {
            DataError::NotUtf8 { path, offset, .. } => {
                DataError::NotUtf8 { path, offset: start + offset, line: self.line }
            }
            other => other,
        }
    }
}

impl Iterator for JsonLines {
    type Item = Result<Value, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let row = self.next_row().transpose();
        self.done = !matches!(row, Some(Ok(_)));
        row
    }
}

fn syntax(path: &Path, line: u64, error: &serde_json::Error) -> DataError {
    let full = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = full.strip_suffix(&place).unwrap_or(&full).to_owned();
    DataError::Syntax { path: path.to_owned(), line, column: Some(error.column() as u64), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn rows_with_mark_blank_lines_and_no_last_line_end() {
        let (_folder, path) = write(b"\xef\xbb\xbf{\"b\":1,\"a\":2}\r\n\n  \n[3]");
        let rows = jsonl(&path).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].to_string(), r#"{"b":1,"a":2}"#);
        assert_eq!(rows[1].to_string(), "[3]");
    }

    #[test]
    fn an_error_names_line_and_column_and_ends_the_rows() {
        let (_folder, path) = write(b"{}\n{\"a\": oops}\n{}\n");
        let rows: Vec<_> = jsonl_rows(&path).unwrap().collect();
        assert_eq!(rows.len(), 2);
        let error = rows[1].as_ref().unwrap_err();
        assert!(matches!(error, DataError::Syntax { line: 2, column: Some(7), .. }), "{error:?}");
        assert!(error.to_string().contains("line 2, column 7: expected value\nhint:"), "{error}");
    }

    #[test]
    fn invalid_utf8_is_named_by_its_offset_in_the_file() {
        let (_folder, path) = write(b"{}\n\"ab\xff\"\n");
        let error = jsonl(&path).unwrap_err();
        assert!(matches!(error, DataError::NotUtf8 { offset: 6, line: 2, .. }), "{error:?}");
    }

    #[test]
    fn a_document_gives_its_own_line() {
        let (_folder, path) = write(b"{\n \"a\": [1,\n 2,,]}");
        let error = json(&path).unwrap_err();
        assert!(matches!(error, DataError::Syntax { line: 3, .. }), "{error:?}");
    }
}
