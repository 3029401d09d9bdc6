//! Data imputation: rows of a table with one cell missing.

use holometer_core::{Instance, Reference, Split};
use holometer_data::read::{self, CsvOptions};
use holometer_pyrand::tables::pandas_sample_fraction;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;
use crate::pandas::{Table, printed};

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "entity_data_imputation", instances }
}

/// The seed of both draws.
const SEED: u32 = 1234;

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let mut instances = Vec::new();
    for file in material.files {
        let (table, missing) = match file.role.as_str() {
            "restaurant" => (restaurants(file)?, "city"),
            _ => (products(file)?, "manufacturer"),
        };
        let column = table
            .column(missing)
            .ok_or_else(|| material.unexpected(file, format!("it has no `{missing}`")))?;
        let parts = parts(table.rows.len())
            .ok_or_else(|| material.unexpected(file, "it has too few rows"))?;
        for (rows, split) in parts.into_iter().zip([Split::Train, Split::Valid, Split::Test]) {
            for row in rows {
                instances.push(instance(&table, row, column, split));
            }
        }
    }
    Ok(instances)
}

/// Rows for examples (in their order), for validation and for testing (in the order drawn).
fn parts(rows: usize) -> Option<[Vec<usize>; 3]> {
    let test = pandas_sample_fraction(rows, 0.1, SEED)?;
    let mut remaining: Vec<usize> = (0..rows).filter(|row| !test.contains(row)).collect();
    let drawn = pandas_sample_fraction(remaining.len(), 0.2, SEED)?;
    let valid: Vec<usize> = drawn.into_iter().map(|place| remaining[place]).collect();
    remaining.retain(|row| !valid.contains(row));
    Some([remaining, valid, test])
}

fn instance(table: &Table, row: usize, missing: usize, split: Split) -> Instance {
    let cells = table.columns.iter().zip(&table.rows[row]).enumerate();
    let known: Vec<String> = cells
        .filter(|(column, _)| *column != missing)
        .map(|(_, (name, cell))| format!("{name}: {}", printed(cell.as_ref())).trim().to_owned())
        .collect();
    let input = format!("{}. {}?", known.join(". "), table.columns[missing]);
    let answer = printed(table.rows[row][missing].as_ref());
    Instance::new(input, vec![Reference::correct(answer)], split)
}

/// Products without their id; those without a description are left out.
fn products(file: &OpenFile) -> Result<Table, ScenarioError> {
    let options = CsvOptions::comma().headless();
    let mut table =
        Table::read(read::csv_rows_of(file.text()?.into_bytes(), &file.path, &options)?);
    without(&mut table, "id");
    if let Some(description) = table.column("description") {
        table.rows.retain(|row| row[description].is_some());
    }
    Ok(table)
}

/// Restaurants from an ARFF file, without their class and without quotation marks; rows with gaps are left out.
fn restaurants(file: &OpenFile) -> Result<Table, ScenarioError> {
    let text = file.text()?;
    let mut columns = Vec::new();
    let mut data = String::new();
    let mut in_data = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if in_data {
            data.push_str(line);
            data.push('\n');
        }
        if line.starts_with("@attribute") {
            columns.extend(line.split_whitespace().nth(1).map(str::to_owned));
        }
        in_data |= line.starts_with("@data");
    }
    let options = CsvOptions::comma().headless();
    let rows = read::csv_rows_of(data.into_bytes(), &file.path, &options)?;
    let mut table = Table::with_columns(columns, rows);
    without(&mut table, "class");
    for cell in table.rows.iter_mut().flatten().flatten() {
        cell.replace('"', "").trim().clone_into(cell);
    }
    table.rows.retain(|row| row.iter().all(Option::is_some));
    Ok(table)
}

fn without(table: &mut Table, name: &str) {
    if let Some(column) = table.column(name) {
        table.columns.remove(column);
        for row in &mut table.rows {
            row.remove(column);
        }
    }
}
