//! Radar charts: the profile of each series over the categories, from the worst in the middle to the best at the rim.

use super::canvas::{Canvas, LOOKS, legend, tick};
use super::{Plot, SeriesData};

/// A radar chart; values are shares from 0 (middle) to 1 (rim).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Radar(pub SeriesData);

impl Radar {
    /// Draws it. Fewer than three categories have no area: bars show them better.
    pub fn plot(&self) -> Plot {
        let data = &self.0;
        let (width, radius) = (760.0, 170.0);
        let mut canvas = Canvas::new(width, 520.0);
        canvas.heading(&data.title);
        let names: Vec<&str> = data.series.iter().map(|(name, _)| name.as_str()).collect();
        let top = 40.0 + legend(&mut canvas, &names, 8.0, 40.0, width - 16.0);
        let middle = (width / 2.0, top + radius + 30.0);
        let count = data.categories.len().max(1);
        let spoke = |at: usize, share: f64| {
            let angle = std::f64::consts::TAU * at as f64 / count as f64;
            (middle.0 + radius * share * angle.sin(), middle.1 - radius * share * angle.cos())
        };
        for ring in [0.25, 0.5, 0.75, 1.0] {
            let points: Vec<(f64, f64)> = (0..count).map(|at| spoke(at, ring)).collect();
            canvas.polygon(&points, "grid", 0);
            canvas.text(
                middle.0 + 3.0,
                middle.1 - radius * ring - 2.0,
                "start",
                "soft",
                &tick(ring),
            );
        }
        for (at, category) in data.categories.iter().enumerate() {
            canvas.line(middle, spoke(at, 1.0), "grid");
            let (x, y) = spoke(at, 1.09);
            let (anchor, room) = match x - middle.0 {
                offset if offset > 8.0 => ("start", width - 8.0 - x),
                offset if offset < -8.0 => ("end", x - 8.0),
                _ => ("middle", width / 2.0),
            };
            // Above the scale's last number, below the lowest corner.
            let baseline = y + 4.0 - 8.0 * (middle.1 - y) / radius;
            canvas.label((x, baseline), anchor, "", room, category);
        }
        for (index, (name, points)) in data.series.iter().enumerate() {
            let look = index % LOOKS;
            let shares: Vec<f64> = (0..count)
                .map(|at| {
                    points
                        .get(at)
                        .copied()
                        .flatten()
                        .map_or(0.0, |point| point.value.clamp(0.0, 1.0))
                })
                .collect();
            let outline: Vec<(f64, f64)> =
                shares.iter().enumerate().map(|(at, share)| spoke(at, *share)).collect();
            canvas.polygon(&outline, &format!("line s{look} f{look} area"), index);
            for (at, point) in points.iter().enumerate() {
                if let Some(point) = point {
                    let tip = format!("{name}, {}: {}", data.categories[at], point.shown());
                    canvas.mark(outline[at], index, &tip);
                }
            }
        }
        canvas.resize(middle.1 + radius + 44.0);
        canvas.finish(&data.title, &data.description, data.table())
    }
}
