//! How a metric's values are distributed over instances.

use holometer_report::{Column, Table};

use super::Plot;
use super::canvas::{Canvas, Scale, tick};
use crate::text::shown_number as number;

/// A histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// What is shown, in one line.
    pub title: String,
    /// How to read it.
    pub description: String,
    /// What the values are.
    pub unit: String,
    /// The values.
    pub values: Vec<f64>,
}

impl Histogram {
    /// Draws it, small.
    pub fn plot(&self) -> Plot {
        let bins = self.bins();
        let most = bins.iter().map(|bin| bin.2).max().unwrap_or(0).max(1) as f64;
        let (width, height, left, bottom) = (360.0, 190.0, 44.0, 150.0);
        let mut canvas = Canvas::new(width, height);
        canvas.heading(&self.title);
        let low = bins.first().map_or(0.0, |bin| bin.0);
        let high = bins.last().map_or(1.0, |bin| bin.1);
        let x = Scale { low, high, from: left, to: width - 14.0 };
        let y = Scale { low: 0.0, high: most, from: bottom, to: 34.0 };
        for value in [0.0, most] {
            canvas.line((left, y.place(value)), (width - 14.0, y.place(value)), "grid");
            canvas.text(left - 6.0, y.place(value) + 4.0, "end", "soft", &tick(value));
        }
        for (from, to, count) in &bins {
            let top = y.place(*count as f64);
            let tip = format!("{} to {}: {count}", number(*from), number(*to));
            let wide = (x.place(*to) - x.place(*from) - 1.0).max(1.0);
            canvas.rect((x.place(*from), top), (wide, bottom - top), "f0", &tip);
        }
        for value in [low, f64::midpoint(low, high), high] {
            canvas.text(x.place(value), bottom + 16.0, "middle", "soft", &number(value));
        }
        canvas.text(f64::midpoint(left, width), bottom + 33.0, "middle", "soft", &self.unit);
        let rows = bins
            .iter()
            .map(|(from, to, count)| vec![number(*from), number(*to), count.to_string()]);
        let table = Table {
            title: self.title.clone(),
            columns: vec![
                Column::number("from"),
                Column::number("to"),
                Column::number("instances"),
            ],
            rows: rows.collect(),
            notes: Vec::new(),
        };
        canvas.finish(&self.title, &self.description, table)
    }

    /// Equal bins as (from, to, count); values of which there are few kinds have a bin each.
    fn bins(&self) -> Vec<(f64, f64, usize)> {
        let values: Vec<f64> =
            self.values.iter().copied().filter(|value| value.is_finite()).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if values.is_empty() {
            return Vec::new();
        }
        let (low, high) = if low >= 0.0 && high <= 1.0 { (0.0, 1.0) } else { (low, high) };
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        let count = 20usize.min(values.len().max(5));
        let wide = (high - low) / count as f64;
        let mut bins: Vec<(f64, f64, usize)> = (0..count)
            .map(|at| (low + wide * at as f64, low + wide * (at + 1) as f64, 0))
            .collect();
        for value in values {
            let at = (((value - low) / wide) as usize).min(count - 1);
            bins[at].2 += 1;
        }
        bins
    }
}
