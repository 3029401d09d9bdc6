//! Plots as SVG: accessible (title, description, and the same numbers as a table), readable without colour, and the same in
//! the pages and as files. They know nothing of runs.

mod bars;
mod calibration;
mod canvas;
mod forest;
mod histogram;
mod radar;
mod raster;
mod scatter;

pub use bars::Bars;
pub use calibration::{Bin, Calibration};
pub use forest::{Forest, ForestRow};
pub use histogram::Histogram;
pub use radar::Radar;
pub use raster::PictureError;
pub use scatter::{Dot, Scatter};

pub(crate) use canvas::style;

use holometer_report::{Column, Table};

use crate::text::shown_number as number;

/// A number with the ends of its interval, where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The number.
    pub value: f64,
    /// The ends of its interval.
    pub ends: Option<(f64, f64)>,
}

impl Point {
    /// Number and interval as text.
    fn shown(&self) -> String {
        match self.ends {
            None => number(self.value),
            Some((low, high)) => {
                format!("{} ({} to {})", number(self.value), number(low), number(high))
            }
        }
    }
}

/// Several series over the same categories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesData {
    /// What is shown, in one line.
    pub title: String,
    /// How to read it.
    pub description: String,
    /// What the numbers are.
    pub unit: String,
    /// The categories.
    pub categories: Vec<String>,
    /// The series, each with one point for every category.
    pub series: Vec<(String, Vec<Option<Point>>)>,
}

impl SeriesData {
    /// The numbers as a table.
    pub fn table(&self) -> Table {
        let mut columns = vec![Column::text("")];
        columns.extend(self.series.iter().map(|(name, _)| Column::number(name)));
        let rows = self.categories.iter().enumerate().map(|(at, category)| {
            let points = self.series.iter().map(|(_, points)| {
                points
                    .get(at)
                    .copied()
                    .flatten()
                    .map_or_else(|| "\u{2013}".to_owned(), |point| point.shown())
            });
            std::iter::once(category.clone()).chain(points).collect()
        });
        Table { title: self.title.clone(), columns, rows: rows.collect(), notes: Vec::new() }
    }
}

/// A drawing with the numbers behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// The drawing, without a style of its own.
    pub svg: String,
    drawing: canvas::Drawing,
    /// The numbers.
    pub table: Table,
}

impl Plot {
    /// The drawing as an SVG file, with its style.
    pub fn file(&self) -> String {
        let style = canvas::style();
        match self.svg.split_once('>') {
            Some((head, rest)) => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head} xmlns=\"http://www.w3.org/2000/svg\"><style>{style}</style>{rest}\n"
            ),
            None => String::new(),
        }
    }

    /// The drawing as a PNG file on white; `scale` is the number of pixels for each of the drawing's, usually 1 to 4.
    ///
    /// # Errors
    /// When the picture would be too large.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>, PictureError> {
        raster::png(&self.drawing, scale)
    }
}
