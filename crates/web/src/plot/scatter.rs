//! One number against another: accuracy against time, cost or a fairness gap.

use holometer_report::{Column, Table};

use super::canvas::{Canvas, Scale, tick};
use super::{Plot, Point};
use crate::text::shown_number as number;

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// What it is.
    pub label: String,
    /// Which series it belongs to.
    pub series: usize,
    /// To the right.
    pub x: f64,
    /// Upwards, with its interval.
    pub y: Point,
}

/// A scatter plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    /// What is shown, in one line.
    pub title: String,
    /// How to read it.
    pub description: String,
    /// What is to the right.
    pub x: String,
    /// What is upwards.
    pub y: String,
    /// The series.
    pub series: Vec<String>,
    /// The points.
    pub dots: Vec<Dot>,
}

impl Scatter {
    /// Draws it.
    pub fn plot(&self) -> Plot {
        let (width, left, right) = (760.0, 64.0, 740.0);
        let mut canvas = Canvas::new(width, 480.0);
        canvas.heading(&self.title);
        let names: Vec<&str> = self.series.iter().map(String::as_str).collect();
        let top = 48.0 + super::canvas::legend(&mut canvas, &names, 8.0, 40.0, width - 16.0);
        let bottom = top + 300.0;
        let x = Scale::around(self.dots.iter().map(|dot| dot.x), true, left, right - 20.0);
        let ends = self.dots.iter().flat_map(|dot| {
            let (low, high) = dot.y.ends.unwrap_or((dot.y.value, dot.y.value));
            [low, high]
        });
        let y = Scale::around(ends, true, bottom, top);
        for value in x.ticks() {
            canvas.line((x.place(value), top), (x.place(value), bottom), "grid");
            canvas.text(x.place(value), bottom + 16.0, "middle", "soft", &tick(value));
        }
        for value in y.ticks() {
            canvas.line((left, y.place(value)), (right - 20.0, y.place(value)), "grid");
            canvas.text(left - 6.0, y.place(value) + 4.0, "end", "soft", &tick(value));
        }
        for dot in &self.dots {
            let at = (x.place(dot.x), y.place(dot.y.value));
            if let Some((low, high)) = dot.y.ends {
                canvas.whisker((at.0, y.place(low)), (at.0, y.place(high)));
            }
            let tip = format!(
                "{}: {} {}, {} {}",
                dot.label,
                self.x,
                number(dot.x),
                self.y,
                dot.y.shown()
            );
            canvas.mark(at, dot.series, &tip);
        }
        canvas.text(f64::midpoint(left, right), bottom + 34.0, "middle", "soft", &self.x);
        canvas.text(8.0, top - 8.0, "start", "soft", &self.y);
        canvas.resize(bottom + 44.0);
        let rows =
            self.dots.iter().map(|dot| vec![dot.label.clone(), number(dot.x), dot.y.shown()]);
        let table = Table {
            title: self.title.clone(),
            columns: vec![Column::text(""), Column::number(&self.x), Column::number(&self.y)],
            rows: rows.collect(),
            notes: Vec::new(),
        };
        canvas.finish(&self.title, &self.description, table)
    }
}
