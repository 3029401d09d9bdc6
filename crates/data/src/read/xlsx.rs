//! The cells of a spreadsheet (Office Open XML), first sheet only.

use std::path::Path;

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

use super::text::text_of;
use super::{archive_member, archive_names};
use crate::DataError;

/// The rows of the first sheet as objects; the first row names the columns, and one without a name is left out. Empty
/// cells are null. Formulas count with the value that was stored.
pub fn xlsx(path: &Path) -> Result<Vec<Value>, DataError> {
    let names = archive_names(path)?;
    let shared = if names.iter().any(|name| name == "xl/sharedStrings.xml") {
        shared_texts(&member(path, "xl/sharedStrings.xml")?, path)?
    } else {
        Vec::new()
    };
    let mut rows = cells(&member(path, "xl/worksheets/sheet1.xml")?, &shared, path)?.into_iter();
    let header: Vec<String> = rows
        .next()
        .unwrap_or_default()
        .into_iter()
        .map(|cell| cell.as_str().unwrap_or_default().to_owned())
        .collect();
    Ok(rows.map(|row| record(&header, row)).collect())
}

fn member(path: &Path, name: &str) -> Result<String, DataError> {
    text_of(archive_member(path, name)?, path)
}

fn parsed<'t>(text: &'t str, path: &Path) -> Result<Document<'t>, DataError> {
    Document::parse(text).map_err(|error| DataError::damaged(path, error))
}

/// The table of texts that cells refer to.
fn shared_texts(text: &str, path: &Path) -> Result<Vec<String>, DataError> {
    let document = parsed(text, path)?;
    Ok(elements(document.root_element(), "si").map(joined_text).collect())
}

/// All text of the element's `t` elements, without the reading aids (`rPh`) that some languages add.
fn joined_text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(|inner| inner.tag_name().name() == "t")
        .filter(|inner| !inner.ancestors().any(|outer| outer.tag_name().name() == "rPh"))
        .filter_map(|inner| inner.text())
        .collect()
}

fn elements<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'i>> + 'a {
    node.children().filter(move |child| child.tag_name().name() == name)
}

fn cells(text: &str, shared: &[String], path: &Path) -> Result<Vec<Vec<Value>>, DataError> {
    let document = parsed(text, path)?;
    let Some(data) = elements(document.root_element(), "sheetData").next() else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for row in elements(data, "row") {
        let mut values: Vec<Value> = Vec::new();
        for cell in elements(row, "c") {
            let column = cell.attribute("r").map_or(values.len(), column_number);
            if column > MAX_COLUMNS {
                return Err(DataError::damaged(path, "a cell lies beyond the last column"));
            }
            values.resize(values.len().max(column + 1), Value::Null);
            values[column] = value(cell, shared);
        }
        rows.push(values);
    }
    Ok(rows)
}

/// Spreadsheets have no more columns.
const MAX_COLUMNS: usize = 16_384;

/// The column of a reference such as `AB12`, from 0.
fn column_number(reference: &str) -> usize {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters
        .take(4)
        .fold(0, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.saturating_sub(1)
}

fn value(cell: Node<'_, '_>, shared: &[String]) -> Value {
    let stored = elements(cell, "v").next().and_then(|inner| inner.text());
    match (cell.attribute("t"), stored) {
        (Some("inlineStr"), _) => elements(cell, "is").map(joined_text).collect::<String>().into(),
        // An error such as `#N/A` is a missing value.
        (_, None) | (Some("e"), _) => Value::Null,
        (Some("s"), Some(index)) => {
            index.parse::<usize>().ok().and_then(|index| shared.get(index)).cloned().into()
        }
        (Some("b"), Some(truth)) => (truth == "1").into(),
        (Some("str" | "d"), Some(text)) => text.into(),
        (_, Some(number)) => number
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| number.parse::<f64>().map(Value::from))
            .unwrap_or(Value::Null),
    }
}

fn record(header: &[String], row: Vec<Value>) -> Value {
    let mut cells = row.into_iter();
    let mut object = Map::new();
    for name in header {
        let cell = cells.next().unwrap_or_default();
        if !name.is_empty() {
            object.insert(name.clone(), cell);
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::column_number;

    #[test]
    fn columns_are_counted_in_letters() {
        assert_eq!([column_number("A1"), column_number("Z9"), column_number("AB12")], [0, 25, 27]);
    }
}
