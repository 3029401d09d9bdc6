//! CSV, TSV and their relatives.

use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Terminator};
use serde_json::{Map, Value};

use super::text::{open_within, text_of};
use crate::archive::bomb_or;
use crate::{DataError, Limits};

/// How a delimited file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// The byte between cells: `,`, a tab, `;`, `|`.
    pub delimiter: u8,
    /// Whether the first row names the columns.
    pub header: Header,
    /// How cells that hold delimiters or line ends are written.
    pub quoting: Quoting,
    /// Lines that start with this byte are skipped.
    pub comment: Option<u8>,
}

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions {
            delimiter: b',',
            header: Header::FirstRow,
            quoting: Quoting::Doubled,
            comment: None,
        }
    }
}

impl CsvOptions {
    /// Comma-separated, the first row being the header.
    pub fn comma() -> CsvOptions {
        CsvOptions::default()
    }

    /// Tab-separated, the first row being the header, with quotes as in CSV (as pandas and `csv.reader` read it).
    pub fn tab() -> CsvOptions {
        CsvOptions { delimiter: b'\t', ..CsvOptions::default() }
    }

    /// The same without a header: the first row is data.
    pub fn headless(self) -> CsvOptions {
        CsvOptions { header: Header::Absent, ..self }
    }
}

/// Where column names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The first row.
    FirstRow,
    /// There are none; columns have the names `0`, `1`, ...
    Absent,
}

/// How cells are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// `"a ""quoted"" cell"`, as in RFC 4180 and Python's `csv` module.
    Doubled,
    /// `"a \"quoted\" cell"`.
    Escaped,
    /// A quotation mark is a character like any other (Python's `QUOTE_NONE`).
    Literal,
}

/// The rows of a delimited file, without the header row if there is one. Rows may differ in length; blank lines are
/// skipped.
pub fn csv(path: &Path, options: &CsvOptions) -> Result<Vec<Vec<String>>, DataError> {
    csv_rows_of(super::bytes(path)?, path, options)
}

/// As [`csv()`], over `content` (an archive's member, say). `path` is what errors name.
pub fn csv_rows_of(
    content: Vec<u8>,
    path: &Path,
    options: &CsvOptions,
) -> Result<Vec<Vec<String>>, DataError> {
    let (_, rows) = table(content, path, options)?;
    Ok(rows.into_iter().map(|(_, row)| cells(&row)).collect())
}

/// Hands over the rows of a delimited file one by one, so that a large file need not fit in memory. The header, if there
/// is one, is left out.
///
/// # Errors
/// The file can't be read, or `row` fails.
pub fn csv_each<E: From<DataError>>(
    path: &Path,
    options: &CsvOptions,
    row: &mut dyn FnMut(&StringRow) -> Result<(), E>,
) -> Result<(), E> {
    let (stream, cap) = open_within(path, &Limits::default())?;
    let mut reader = reader_of(stream, options);
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => row(&StringRow(&record))?,
            Err(error) => {
                return Err(match error.into_kind() {
                    csv::ErrorKind::Io(error) => bomb_or(path, cap, &error),
                    kind => DataError::damaged(path, format!("{kind:?}")),
                }
                .into());
            }
        }
    }
}

/// A row that is handed over.
#[derive(Debug)]
pub struct StringRow<'a>(&'a StringRecord);

impl StringRow<'_> {
    /// A cell; nothing past the row's end.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.0.get(index)
    }
}

/// The rows of a delimited file as objects from column name to text. A name that occurs again gets `.1`, `.2`, ... as in
/// pandas. Cells missing at a row's end are null; a row with more cells than the header is an error.
pub fn csv_records(path: &Path, options: &CsvOptions) -> Result<Vec<Value>, DataError> {
    let (header, rows) = table(super::bytes(path)?, path, options)?;
    let names = header.as_ref().map_or_else(|| numbered_columns(&rows), column_names);
    rows.iter().map(|(line, row)| record(&names, *line, row, path)).collect()
}

type Table = (Option<StringRecord>, Vec<(u64, StringRecord)>);

fn table(content: Vec<u8>, path: &Path, options: &CsvOptions) -> Result<Table, DataError> {
    let text = text_of(content, path)?;
    let mut reader = reader_of(text.as_bytes(), options);
    let header = match options.header {
        Header::FirstRow => Some(reader.headers().map_err(|error| failed(path, &error))?.clone()),
        Header::Absent => None,
    };
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| failed(path, &error))?;
        rows.push((row.position().map_or(0, csv::Position::line), row));
    }
    Ok((header, rows))
}

fn reader_of<R: Read>(source: R, options: &CsvOptions) -> csv::Reader<R> {
    ReaderBuilder::new()
        .delimiter(options.delimiter)
        .has_headers(options.header == Header::FirstRow)
        .quoting(options.quoting != Quoting::Literal)
        .double_quote(options.quoting != Quoting::Escaped)
        .escape((options.quoting == Quoting::Escaped).then_some(b'\\'))
        .comment(options.comment)
        .terminator(Terminator::CRLF)
        .flexible(true)
        .from_reader(source)
}

fn cells(row: &StringRecord) -> Vec<String> {
    row.iter().map(str::to_owned).collect()
}

fn numbered_columns(rows: &[(u64, StringRecord)]) -> Vec<String> {
    let widest = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
    (0..widest).map(|column| column.to_string()).collect()
}

fn column_names(header: &StringRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in header {
        let mut unique = name.to_owned();
        let mut again = 0;
        while names.contains(&unique) {
            again += 1;
            unique = format!("{name}.{again}");
        }
        names.push(unique);
    }
    names
}

fn record(
    names: &[String],
    line: u64,
    row: &StringRecord,
    path: &Path,
) -> Result<Value, DataError> {
    if row.len() > names.len() {
        let message = format!("{} cells, but the header has {}", row.len(), names.len());
        return Err(DataError::Syntax { path: path.to_owned(), line, column: None, message });
    }
    let cell = |index: usize| row.get(index).map_or(Value::Null, Value::from);
    let object: Map<String, Value> =
        names.iter().enumerate().map(|(index, name)| (name.clone(), cell(index))).collect();
    Ok(Value::Object(object))
}

fn failed(path: &Path, error: &csv::Error) -> DataError {
    let line = error.position().map_or(0, csv::Position::line);
    DataError::Syntax { path: path.to_owned(), line, column: None, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn records_with_mark_quotes_short_rows_and_repeated_names() {
        let (_folder, path) = write("\u{feff}a,b,a\r\n\"x \"\"y\"\"\nz\",2,3\r\n\r\n4\r\n");
        let rows = csv_records(&path, &CsvOptions::comma()).unwrap();
        assert_eq!(
            rows,
            [
                json!({"a": "x \"y\"\nz", "b": "2", "a.1": "3"}),
                json!({"a": "4", "b": null, "a.1": null}),
            ]
        );
    }

    #[test]
    fn a_row_too_long_names_its_line() {
        let (_folder, path) = write("a,b\n\"1\n1\",2\n1,2,3\n");
        let error = csv_records(&path, &CsvOptions::comma()).unwrap_err();
        assert!(matches!(error, DataError::Syntax { line: 4, .. }), "{error:?}");
        assert!(error.to_string().contains("3 cells, but the header has 2"), "{error}");
    }

    #[test]
    fn rows_one_by_one_are_the_same_rows() {
        let (_folder, path) = write("1\t\"a \"\"b\"\"\"\n2\tc \"d\"\n");
        let mut seen = Vec::new();
        csv_each::<DataError>(&path, &CsvOptions::tab().headless(), &mut |row| {
            seen.push((row.get(0).unwrap().to_owned(), row.get(1).unwrap().to_owned()));
            assert_eq!(row.get(2), None);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [("1".into(), "a \"b\"".into()), ("2".into(), "c \"d\"".into())]);
    }

    #[test]
    fn quoting_comments_and_headless_rows() {
        let (_folder, path) = write("# note\n\"a\tb\n5\" tall\tc\td\n");
        let literal = CsvOptions {
            quoting: Quoting::Literal,
            comment: Some(b'#'),
            ..CsvOptions::tab().headless()
        };
        let rows = csv(&path, &literal).unwrap();
        assert_eq!(rows, [vec!["\"a", "b"], vec!["5\" tall", "c", "d"]]);
        let records = csv_records(&path, &literal).unwrap();
        assert_eq!(records[0], json!({"0": "\"a", "1": "b", "2": null}));

        let (_folder, path) = write("a\n\"say \\\"hi\\\", now\"\n");
        let escaped = CsvOptions { quoting: Quoting::Escaped, ..CsvOptions::comma() };
        assert_eq!(csv(&path, &escaped).unwrap(), [vec!["say \"hi\", now"]]);
    }
}
