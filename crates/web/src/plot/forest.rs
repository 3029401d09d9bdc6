//! Forest plots: differences with their intervals beside a line of no difference.

use holometer_report::{Column, Table};

use super::canvas::{CHARACTER, Canvas, Scale, tick};
use super::{Plot, Point};
use crate::text::shown_number as number;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestRow {
    /// What is compared.
    pub label: String,
    /// The difference.
    pub point: Point,
    /// A short note behind it, for instance a verdict.
    pub note: String,
}

/// A forest plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    /// What is shown, in one line.
    pub title: String,
    /// How to read it.
    pub description: String,
    /// What the numbers are.
    pub unit: String,
    /// The rows.
    pub rows: Vec<ForestRow>,
}

impl Forest {
    /// Draws it.
    pub fn plot(&self) -> Plot {
        let longest = self.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let left = (longest.min(40) as f64 * CHARACTER + 18.0).max(90.0);
        let (width, top, band) = (760.0, 38.0, 24.0);
        let right = width - 190.0;
        let bottom = top + band * self.rows.len() as f64;
        let mut canvas = Canvas::new(width, bottom + 46.0);
        canvas.heading(&self.title);
        let values = self.rows.iter().flat_map(|row| {
            let (low, high) = row.point.ends.unwrap_or((row.point.value, row.point.value));
            [row.point.value, low, high]
        });
        let scale = Scale::around(values, true, left, right);
        for value in scale.ticks() {
            let x = scale.place(value);
            canvas.line((x, top), (x, bottom), "grid");
            canvas.text(x, bottom + 16.0, "middle", "soft", &tick(value));
        }
        let zero = scale.place(0.0);
        canvas.line((zero, top - 4.0), (zero, bottom), "zero");
        for (at, row) in self.rows.iter().enumerate() {
            let y = top + band * at as f64 + band / 2.0;
            canvas.label((left - 8.0, y + 4.0), "end", "", left - 10.0, &row.label);
            if let Some((low, high)) = row.point.ends {
                canvas.whisker((scale.place(low), y), (scale.place(high), y));
            }
            let tip = format!("{}: {} {}", row.label, row.point.shown(), row.note);
            canvas.mark((scale.place(row.point.value), y), 0, &tip);
            let shown = format!("{} {}", number(row.point.value), row.note);
            canvas.label((right + 14.0, y + 4.0), "start", "soft", width - right - 16.0, &shown);
        }
        canvas.text(f64::midpoint(left, right), bottom + 34.0, "middle", "soft", &self.unit);
        let table = Table {
            title: self.title.clone(),
            columns: vec![Column::text(""), Column::number("value"), Column::text("note")],
            rows: self
                .rows
                .iter()
                .map(|row| vec![row.label.clone(), row.point.shown(), row.note.clone()])
                .collect(),
            notes: Vec::new(),
        };
        canvas.finish(&self.title, &self.description, table)
    }
}
