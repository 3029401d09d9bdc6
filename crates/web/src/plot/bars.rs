//! Lying bars with intervals: categories down, series beside one another.

use super::canvas::{CHARACTER, Canvas, LOOKS, Scale, legend, tick};
use super::{Plot, SeriesData};

/// A bar chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars(pub SeriesData);

impl Bars {
    /// Draws it.
    pub fn plot(&self) -> Plot {
        let data = &self.0;
        let series = data.series.len().max(1);
        let bar = if series > 4 { 8.0 } else { 13.0 };
        let band = bar * series as f64 + 12.0;
        let longest = data.categories.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let left = (longest.min(38) as f64 * CHARACTER + 18.0).max(90.0);
        let (width, top) = (760.0, 34.0);
        let names: Vec<&str> = data.series.iter().map(|(name, _)| name.as_str()).collect();
        let mut canvas = Canvas::new(width, 10.0);
        canvas.heading(&data.title);
        let legend_height = if series > 1 {
            legend(&mut canvas, &names, 8.0, top + 6.0, width - 16.0)
        } else {
            0.0
        };
        let top = top + legend_height;
        let bottom = top + band * data.categories.len() as f64;
        let values =
            data.series.iter().flat_map(|(_, points)| points.iter().flatten()).flat_map(|point| {
                let (low, high) = point.ends.unwrap_or((point.value, point.value));
                [point.value, low, high]
            });
        let scale = Scale::around(values, true, left, width - 60.0);
        for value in scale.ticks() {
            let x = scale.place(value);
            canvas.line((x, top), (x, bottom), "grid");
            canvas.text(x, bottom + 16.0, "middle", "soft", &tick(value));
        }
        for (at, category) in data.categories.iter().enumerate() {
            let y = top + band * at as f64 + 6.0;
            let middle = y + (band - 12.0) / 2.0 + 4.0;
            canvas.label((left - 8.0, middle), "end", "", left - 10.0, category);
            for (index, (name, points)) in data.series.iter().enumerate() {
                let y = y + bar * index as f64;
                let Some(point) = points.get(at).copied().flatten() else {
                    canvas.text(scale.place(0.0) + 4.0, y + bar - 2.0, "start", "soft", "\u{2013}");
                    continue;
                };
                let (from, to) = (scale.place(0.0), scale.place(point.value));
                let tip = format!("{name}, {category}: {}", point.shown());
                let size = ((to - from).abs(), bar - 2.0);
                canvas.rect((from.min(to), y), size, &format!("f{}", index % LOOKS), &tip);
                if let Some((low, high)) = point.ends {
                    let middle = y + bar / 2.0 - 1.0;
                    canvas.whisker((scale.place(low), middle), (scale.place(high), middle));
                }
            }
        }
        let zero = scale.place(0.0);
        canvas.line((zero, top), (zero, bottom), "axis");
        canvas.text((left + width - 60.0) / 2.0, bottom + 34.0, "middle", "soft", &data.unit);
        canvas.resize(bottom + 44.0);
        canvas.finish(&data.title, &data.description, data.table())
    }
}
