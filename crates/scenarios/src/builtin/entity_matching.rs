//! Entity matching: pairs of rows from two tables.

use std::collections::HashMap;

use holometer_core::{Instance, Reference, Split};
use holometer_data::read::{self, CsvOptions};
use holometer_pyrand::NumpyRandom;
use serde_json::Value;

use crate::Builtin;
use crate::error::ScenarioError;
use crate::files::OpenFile;
use crate::material::Material;
use crate::pandas::{Table, printed};

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "entity_matching", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let left = Side::read(material, "table_a")?;
    let right = Side::read(material, "table_b")?;
    let mut random = random(material)?;
    let mut instances = Vec::new();
    for file in material.role("pairs") {
        let mut pairs = pairs(material, file)?;
        if file.split == Split::Train {
            pairs = balanced(&mut random, &pairs).ok_or_else(|| {
                material.unexpected(file, "it has no fewer matches than other pairs")
            })?;
        }
        for pair in pairs {
            let (Some(a), Some(b)) = (left.row(&pair.left), right.row(&pair.right)) else {
                continue;
            };
            let input = format!("Product A is {a}. Product B is {b}. Are A and B the same?");
            let answer = if pair.matches { "Yes" } else { "No" };
            instances.push(Instance::new(input, vec![Reference::correct(answer)], file.split));
        }
    }
    Ok(instances)
}

/// One of the two tables, with the place of every row's id.
struct Side {
    table: Table,
    places: HashMap<String, usize>,
    id: usize,
}

impl Side {
    fn read(material: &Material<'_>, role: &str) -> Result<Self, ScenarioError> {
        let Some(file) = material.role(role).next() else {
            return Ok(Self { table: Table::read(Vec::new()), places: HashMap::new(), id: 0 });
        };
        let table = table(file)?;
        let id = table.column("id").ok_or_else(|| material.unexpected(file, "it has no `id`"))?;
        let places = table
            .rows
            .iter()
            .enumerate()
            .map(|(place, row)| (printed(row[id].as_ref()).to_owned(), place))
            .collect();
        Ok(Self { table, places, id })
    }

    /// A row in words, without its id.
    fn row(&self, id: &str) -> Option<String> {
        let row = &self.table.rows[*self.places.get(id)?];
        let cells = self.table.columns.iter().zip(row).enumerate();
        let parts: Vec<String> = cells
            .filter(|(column, _)| *column != self.id)
            .map(|(_, (name, cell))| {
                format!("{name}: {}", printed(cell.as_ref())).trim().to_owned()
            })
            .collect();
        Some(parts.join(". "))
    }
}

fn table(file: &OpenFile) -> Result<Table, ScenarioError> {
    let options = CsvOptions::comma().headless();
    Ok(Table::read(read::csv_rows_of(file.text()?.into_bytes(), &file.path, &options)?))
}

#[derive(Clone)]
struct Pair {
    left: String,
    right: String,
    matches: bool,
}

fn pairs(material: &Material<'_>, file: &OpenFile) -> Result<Vec<Pair>, ScenarioError> {
    let table = table(file)?;
    let column = |name: &str| {
        table.column(name).ok_or_else(|| material.unexpected(file, format!("it has no `{name}`")))
    };
    let (left, right, label) = (column("ltable_id")?, column("rtable_id")?, column("label")?);
    let cell = |row: &[Option<String>], at: usize| printed(row[at].as_ref()).to_owned();
    Ok(table
        .rows
        .iter()
        .map(|row| Pair {
            left: cell(row, left),
            right: cell(row, right),
            matches: cell(row, label) == "1",
        })
        .collect())
}

/// NumPy's global stream in the state in which HELM's published runs left it, where that is at hand; else from seed 0.
fn random(material: &Material<'_>) -> Result<NumpyRandom, ScenarioError> {
    let Some(file) = material.role("random_state").next() else { return Ok(NumpyRandom::new(0)) };
    let states: Value = serde_json::from_slice(&file.content()?)
        .map_err(|error| material.unexpected(file, error.to_string()))?;
    let Some(state) = states.get(material.argument("dataset")) else {
        return Ok(NumpyRandom::new(0));
    };
    let key: Option<Vec<u32>> = state[1]
        .as_array()
        .into_iter()
        .flatten()
        .map(|word| word.as_u64().and_then(|word| u32::try_from(word).ok()))
        .collect();
    let position = state[2].as_u64().and_then(|position| usize::try_from(position).ok());
    key.zip(position)
        .and_then(|(key, position)| NumpyRandom::from_state(&key, position))
        .ok_or_else(|| material.unexpected(file, "it holds no state of NumPy's generator"))
}

/// As many other pairs as there are matches, then the matches, both in random order (pandas: `groupby("label")`, then
/// `sample` of each group).
fn balanced(random: &mut NumpyRandom, pairs: &[Pair]) -> Option<Vec<Pair>> {
    let (matches, others): (Vec<&Pair>, Vec<&Pair>) = pairs.iter().partition(|pair| pair.matches);
    if matches.len() >= others.len() {
        return None;
    }
    let count = matches.len();
    let mut chosen = Vec::new();
    for group in [others, matches] {
        let drawn = random.choice_without_replacement(group.len(), count)?;
        chosen.extend(drawn.into_iter().map(|place| group[place].clone()));
    }
    Some(chosen)
}
