//! A table and its renderings.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

/// A line below the headings and one at the end.
const LINES: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// How a column's cells are aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Text.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading, and the key in JSON and CSV.
    pub name: String,
    /// How its cells are aligned.
    pub align: Align,
}

impl Column {
    /// A column of text.
    pub fn text(name: &str) -> Self {
        Self { name: name.to_owned(), align: Align::Left }
    }

    /// A column of numbers.
    pub fn number(name: &str) -> Self {
        Self { name: name.to_owned(), align: Align::Right }
    }
}

/// A table of text cells. Every row has as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows; printed above it.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// How to read it; printed below it.
    pub notes: Vec<String>,
}

impl Table {
    /// For a terminal of the given width in columns; `None`: as wide as it needs.
    pub fn to_terminal(&self, width: Option<u16>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(LINES);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if let Some(width) = width {
            table.set_width(width);
        }
        table.set_header(self.columns.iter().map(|column| column.name.clone()));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| printable(cell)));
        }
        for (at, column) in self.columns.iter().enumerate() {
            if let (Align::Right, Some(column)) = (column.align, table.column_mut(at)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text = String::new();
        if !self.title.is_empty() {
            text.push_str(&self.title);
            text.push('\n');
        }
        text.push_str(&table.trim_fmt());
        text.push('\n');
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    /// As a GitHub-flavoured Markdown table.
    pub fn to_markdown(&self) -> String {
        let escape = |cell: &str| {
            printable(cell).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
        };
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = String::new();
        if !self.title.is_empty() {
            let _ = write!(text, "**{}**\n\n", self.title);
        }
        text.push_str(&line(self.columns.iter().map(|column| escape(&column.name)).collect()));
        let rule = self.columns.iter().map(|column| match column.align {
            Align::Left => "---".to_owned(),
            Align::Right => "---:".to_owned(),
        });
        text.push_str(&line(rule.collect()));
        for row in &self.rows {
            text.push_str(&line(row.iter().map(|cell| escape(cell)).collect()));
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }

    /// As CSV with a heading row (RFC 4180). A cell that a spreadsheet would run as a formula is prefixed with `'`.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let write = |writer: &mut csv::Writer<Vec<u8>>, row: Vec<String>| {
            writer
                .write_record(row)
                .expect("writing to memory does not fail and rows have equal lengths");
        };
        write(&mut writer, self.columns.iter().map(|column| column.name.clone()).collect());
        for row in &self.rows {
            write(&mut writer, row.iter().map(|cell| inert(cell)).collect());
        }
        let bytes = writer.into_inner().expect("flushing to memory does not fail");
        String::from_utf8(bytes).expect("the cells are UTF-8")
    }
}

/// One record of a CSV file, without its line end (RFC 4180). A cell that a spreadsheet would run as a formula is prefixed with `'`.
///
/// # Errors
/// When the record can't be written; memory is all that it needs.
pub fn csv_line(cells: &[String]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells.iter().map(|cell| inert(cell)))?;
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

/// Control characters made visible, so that a model's or a data set's text can't command the terminal.
fn printable(cell: &str) -> String {
    cell.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

fn inert(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    if !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            title: "Scores".into(),
            columns: vec![Column::text("run"), Column::number("value")],
            rows: vec![
                vec!["a|b\u{1b}[31m".into(), "0.5".into()],
                vec!["=1+1".into(), "-3".into()],
            ],
            notes: vec!["n is small".into()],
        }
    }

    #[test]
    fn terminal_shows_no_escape_codes_of_the_data() {
        let text = table().to_terminal(Some(60));
        assert!(text.starts_with("Scores\n"), "{text}");
        assert!(text.contains("a|b\\u{1b}[31m"), "{text}");
        assert!(text.ends_with("n is small\n"), "{text}");
    }

    #[test]
    fn markdown_escapes_the_separator() {
        assert!(
            table().to_markdown().contains("| a\\|b\\\\u{1b}[31m | 0.5 |"),
            "{}",
            table().to_markdown()
        );
    }

    #[test]
    fn csv_can_be_read_back_and_runs_no_formula() {
        let text = table().to_csv();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(&rows[0][0], "a|b\u{1b}[31m");
        assert_eq!((&rows[1][0], &rows[1][1]), ("'=1+1", "-3"));
    }
}
