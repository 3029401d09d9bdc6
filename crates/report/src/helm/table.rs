//! HELM's tables: cells with a value and a description.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::fields::object;
use super::stat::Stat;

/// A cell. Fields are those of HELM's pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    /// A text, a number, or null.
    pub(crate) value: Value,
    pub(crate) description: Option<String>,
    pub(crate) href: Option<String>,
    pub(crate) markdown: bool,
    pub(crate) style: Option<Value>,
    /// The runs that the value is made from.
    pub(crate) runs: Option<Vec<String>>,
    /// In headings: which direction is good.
    pub(crate) lower_is_better: Option<bool>,
    /// In headings: what the column is about.
    pub(crate) metadata: Option<BTreeMap<&'static str, String>>,
}

impl Cell {
    /// A cell with a value alone.
    pub(crate) fn of(value: impl Into<Value>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// A heading.
    pub(crate) fn heading(text: &str, description: Option<&str>) -> Self {
        Self {
            value: text.into(),
            description: description.map(str::to_owned),
            metadata: Some(BTreeMap::new()),
            ..Self::default()
        }
    }

    fn to_json(&self) -> Value {
        object(json!({
            "value": self.value,
            "description": self.description,
            "href": self.href,
            "style": self.style,
            "markdown": self.markdown,
            "run_spec_names": self.runs,
            "lower_is_better": self.lower_is_better,
            "metadata": self.metadata,
        }))
    }
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) name: Option<String>,
    pub(crate) header: Vec<Cell>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Text and address.
    pub(crate) links: Vec<(String, String)>,
}

impl Table {
    pub(crate) fn to_json(&self) -> Value {
        object(json!({
            "title": self.title,
            "header": self.header.iter().map(Cell::to_json).collect::<Vec<_>>(),
            "rows": self.rows.iter()
                .map(|row| row.iter().map(Cell::to_json).collect::<Vec<_>>())
                .collect::<Vec<_>>(),
            "links": self.links.iter().map(|(text, href)| json!({ "text": text, "href": href })).collect::<Vec<_>>(),
            "name": self.name,
        }))
    }

    /// Puts a column with each row's mean win rate behind the first one: over the columns whose direction is known and that
    /// have two values or more, the share of other rows that a row beats, ties counting half.
    pub(crate) fn add_win_rates(&mut self) {
        let mut rates: Vec<Vec<f64>> = vec![Vec::new(); self.rows.len()];
        for (column, heading) in self.header.iter().enumerate() {
            let Some(lower_is_better) = heading.lower_is_better else { continue };
            let values: Vec<Option<f64>> =
                self.rows.iter().map(|row| row[column].value.as_f64()).collect();
            let present: Vec<f64> = values.iter().flatten().copied().collect();
            if present.len() < 2 {
                continue;
            }
            for (rates, value) in rates.iter_mut().zip(&values) {
                let Some(value) = value else { continue };
                let beaten = present
                    .iter()
                    .filter(|other| if lower_is_better { *other > value } else { *other < value });
                let tied = present.iter().filter(|other| *other == value).count() - 1;
                let wins = beaten.count() as f64 + tied as f64 / 2.0;
                rates.push(wins / (present.len() - 1) as f64);
            }
        }
        let mut heading = Cell::heading(
            "Mean win rate",
            Some("How many models this model outperforms on average (over columns)."),
        );
        heading.lower_is_better = Some(false);
        self.header.insert(1, heading);
        for (row, rates) in self.rows.iter_mut().zip(rates) {
            let mean = (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64);
            row.insert(1, Cell::of(mean.map_or(Value::Null, Value::from)));
        }
    }

    /// Marks the best values of each column whose direction is known.
    pub(crate) fn mark_best(&mut self) {
        for (column, heading) in self.header.iter().enumerate() {
            let Some(lower_is_better) = heading.lower_is_better else { continue };
            let values = self.rows.iter().filter_map(|row| row[column].value.as_f64());
            let best =
                if lower_is_better { values.reduce(f64::min) } else { values.reduce(f64::max) };
            for cell in self.rows.iter_mut().map(|row| &mut row[column]) {
                if best.is_some() && cell.value.as_f64() == best {
                    cell.style = Some(json!({ "font-weight": "bold" }));
                }
            }
        }
    }
}

/// A statistic in words, as HELM's pages show it beside a value.
pub(crate) fn describe(stat: &Stat) -> String {
    let shown = |value: Option<f64>| value.map_or_else(|| "None".to_owned(), short);
    if stat.count == 0 {
        return "(0)".to_owned();
    }
    format!(
        "min={}, mean={}, max={}, sum={} ({})",
        shown(stat.min),
        shown(stat.mean()),
        shown(stat.max),
        short(stat.sum),
        stat.count
    )
}

/// A number with at most three digits after the point, as Python prints it.
fn short(value: f64) -> String {
    if value.fract() == 0.0 {
        return format!("{value:.0}");
    }
    let rounded: f64 = format!("{value:.3}").parse().unwrap_or(value);
    format!("{rounded:?}")
}

/// Keeps the order in which keys first came up.
pub(crate) struct Ordered<T> {
    pub(crate) entries: Vec<(String, T)>,
    places: HashMap<String, usize>,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Default> Ordered<T> {
    /// The entry of a key; a new one at the end if there is none.
    pub(crate) fn entry(&mut self, key: String) -> &mut T {
        let place = *self.places.entry(key.clone()).or_insert_with(|| {
            self.entries.push((key, T::default()));
            self.entries.len() - 1
        });
        &mut self.entries[place].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn win_rates_count_ties_half_and_skip_lone_values() {
        let heading = |lower| Cell { lower_is_better: lower, ..Cell::heading("x", None) };
        let row = |values: [Option<f64>; 3]| -> Vec<Cell> {
            std::iter::once(Cell::of("model"))
                .chain(values.map(|value| Cell::of(value.map_or(Value::Null, Value::from))))
                .collect()
        };
        let mut table = Table {
            header: vec![
                heading(None),
                heading(Some(false)),
                heading(Some(true)),
                heading(Some(false)),
            ],
            rows: vec![
                row([Some(0.5), Some(1.0), None]),
                row([Some(0.5), Some(2.0), Some(1.0)]),
                row([Some(0.1), None, None]),
            ],
            ..Table::default()
        };
        table.add_win_rates();
        let rates: Vec<Option<f64>> = table.rows.iter().map(|row| row[1].value.as_f64()).collect();
        assert_eq!(rates, [Some(f64::midpoint(0.75, 1.0)), Some(0.375), Some(0.0)]);
    }

    /// What Python prints for `Stat.bare_str`.
    #[test]
    fn statistics_are_described_as_by_python() {
        let stat = Stat::default().with(0.3, 1).with(2.0 / 3.0, 1);
        assert_eq!(describe(&stat), "min=0.3, mean=0.483, max=0.667, sum=0.967 (2)");
        assert_eq!(describe(&Stat::default().with(4.0, 2)), "min=4, mean=4, max=4, sum=8 (2)");
        assert_eq!(short(0.9999), "1.0");
        assert_eq!(describe(&Stat::default()), "(0)");
    }
}
