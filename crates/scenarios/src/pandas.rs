//! Tables as pandas reads CSV files and as Python prints their cells: HELM builds some prompts from rows of tables, where
//! a column of whole numbers with a gap prints `1.0`, and a gap prints `nan`.

use holometer_core::ArgValue;

/// A table whose cells are the texts that Python's `str` gives for them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// The columns' names.
    pub(crate) columns: Vec<String>,
    /// The rows; `None` is a missing value, printed `nan`.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

/// What pandas takes for a missing value.
const MISSING: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan",
];

impl Table {
    /// A table from cells as written, the first row being the header.
    pub(crate) fn read(cells: Vec<Vec<String>>) -> Self {
        let mut rows = cells.into_iter();
        let columns = rows.next().unwrap_or_default();
        Self::with_columns(columns, rows.collect())
    }

    /// A table from cells as written, without a header.
    pub(crate) fn with_columns(columns: Vec<String>, cells: Vec<Vec<String>>) -> Self {
        let mut rows: Vec<Vec<Option<String>>> = cells
            .into_iter()
            .map(|row| {
                let mut cells: Vec<Option<String>> = row.into_iter().map(present).collect();
                cells.resize(columns.len(), None);
                cells
            })
            .collect();
        for column in 0..columns.len() {
            print_numbers(&mut rows, column);
        }
        Self { columns, rows }
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// A cell as Python prints it.
pub(crate) fn printed(cell: Option<&String>) -> &str {
    cell.map_or("nan", String::as_str)
}

fn present(cell: String) -> Option<String> {
    (!MISSING.contains(&cell.as_str())).then_some(cell)
}

/// Rewrites a column of numbers: whole numbers where all are whole and none is missing, else as floats.
fn print_numbers(rows: &mut [Vec<Option<String>>], column: usize) {
    let cells = || rows.iter().map(|row| row[column].as_deref());
    let whole: Option<Vec<i64>> = cells().map(|cell| cell?.trim().parse().ok()).collect();
    if let Some(numbers) = whole {
        for (row, number) in rows.iter_mut().zip(numbers) {
            row[column] = Some(number.to_string());
        }
        return;
    }
    let number = |cell: &str| {
        let text = cell.trim();
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        plain.then(|| text.parse::<f64>().ok()).flatten()
    };
    let floats: Option<Vec<Option<f64>>> =
        cells().map(|cell| cell.map_or(Some(None), |cell| number(cell).map(Some))).collect();
    if let Some(floats) = floats {
        for (row, float) in rows.iter_mut().zip(floats) {
            row[column] = float.map(|float| ArgValue::Float(float).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn cells_print_as_in_pandas() {
        // Printed by pandas 2.2 for the same file.
        let cells = [
            ["id", "price", "size", "name"],
            ["007", "1599", "3", "x"],
            ["1", "20.97", "", "NA"],
            ["2", "1e-05", "4", "None "],
        ];
        let table = Table::read(cells.map(|row| row.map(str::to_owned).to_vec()).to_vec());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(table.rows[0], [some("7"), some("1599.0"), some("3.0"), some("x")]);
        assert_eq!(table.rows[1], [some("1"), some("20.97"), None, None]);
        assert_eq!(table.rows[2], [some("2"), some("1e-05"), some("4.0"), some("None ")]);
    }
}
