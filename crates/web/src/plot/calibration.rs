//! Calibration curves: how often the model is right beside how sure it is.

use holometer_report::{Column, Table};

use super::Plot;
use super::canvas::{Canvas, Scale, tick};
use crate::text::shown_number as number;

/// The answers with similar confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Their mean confidence, in [0, 1].
    pub confidence: f64,
    /// The share that is right.
    pub accuracy: f64,
    /// Wilson's 95% interval of that share.
    pub ends: (f64, f64),
    /// How many.
    pub n: usize,
}

/// A calibration curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// What is shown, in one line.
    pub title: String,
    /// How to read it.
    pub description: String,
    /// The bins, by confidence.
    pub bins: Vec<Bin>,
    /// Mean distance of confidence and accuracy, weighted by n (ECE).
    pub error: f64,
}

impl Calibration {
    /// Ten equal bins over pairs of confidence and correctness, both in [0, 1]. Naeini et al. 2015.
    pub fn of(title: String, description: String, pairs: &[(f64, f64)]) -> Self {
        let mut sums = [(0.0, 0.0, 0usize); 10];
        for (confidence, right) in pairs {
            let at = ((confidence * 10.0) as usize).min(9);
            sums[at].0 += confidence;
            sums[at].1 += right;
            sums[at].2 += 1;
        }
        let bins: Vec<Bin> = sums
            .iter()
            .filter(|(_, _, n)| *n > 0)
            .map(|(confidence, right, n)| {
                let ends = holometer_stats::wilson(right.round() as usize, *n, 0.95);
                Bin {
                    confidence: confidence / *n as f64,
                    accuracy: right / *n as f64,
                    ends: (ends.low, ends.high),
                    n: *n,
                }
            })
            .collect();
        let total = pairs.len().max(1) as f64;
        let error = bins
            .iter()
            .map(|bin| (bin.confidence - bin.accuracy).abs() * bin.n as f64 / total)
            .sum();
        Self { title, description, bins, error }
    }

    /// Draws it.
    pub fn plot(&self) -> Plot {
        let (size, left, top) = (300.0, 52.0, 46.0);
        let (right, bottom) = (left + size, top + size);
        let mut canvas = Canvas::new(right + 24.0, bottom + 84.0);
        canvas.heading(&self.title);
        let x = Scale { low: 0.0, high: 1.0, from: left, to: right };
        let y = Scale { low: 0.0, high: 1.0, from: bottom, to: top };
        for value in [0.0, 0.25, 0.5, 0.75, 1.0] {
            canvas.line((x.place(value), top), (x.place(value), bottom), "grid");
            canvas.line((left, y.place(value)), (right, y.place(value)), "grid");
            canvas.text(left - 6.0, y.place(value) + 4.0, "end", "soft", &tick(value));
            canvas.text(x.place(value), bottom + 16.0, "middle", "soft", &tick(value));
        }
        canvas.line((left, bottom), (right, top), "zero");
        let mut before: Option<(f64, f64)> = None;
        let most = self.bins.iter().map(|bin| bin.n).max().unwrap_or(1) as f64;
        for bin in &self.bins {
            let at = (x.place(bin.confidence), y.place(bin.accuracy));
            if let Some(before) = before {
                canvas.line(before, at, "line s0");
            }
            before = Some(at);
            canvas.whisker((at.0, y.place(bin.ends.0)), (at.0, y.place(bin.ends.1)));
            let tall = 24.0 * bin.n as f64 / most;
            canvas.rect(
                (at.0 - 6.0, bottom + 46.0 - tall),
                (12.0, tall),
                "f5 light",
                &format!("{} answers", bin.n),
            );
        }
        for bin in &self.bins {
            let tip = format!(
                "confidence {}, right {} of {}",
                number(bin.confidence),
                number(bin.accuracy),
                bin.n
            );
            canvas.mark((x.place(bin.confidence), y.place(bin.accuracy)), 0, &tip);
        }
        let caption = format!("confidence; expected calibration error {}", number(self.error));
        canvas.text(f64::midpoint(left, right), bottom + 66.0, "middle", "soft", &caption);
        canvas.text(left, top - 6.0, "start", "soft", "share right");
        let rows = self.bins.iter().map(|bin| {
            let ends = format!("{} to {}", number(bin.ends.0), number(bin.ends.1));
            vec![number(bin.confidence), number(bin.accuracy), ends, bin.n.to_string()]
        });
        let table = Table {
            title: self.title.clone(),
            columns: ["confidence", "share right", "95% CI", "n"].map(Column::number).into(),
            rows: rows.collect(),
            notes: Vec::new(),
        };
        canvas.finish(&self.title, &self.description, table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_weighted_gap() {
        let pairs = [(0.95, 1.0), (0.95, 0.0), (0.15, 0.0), (0.15, 0.0)];
        let curve = Calibration::of("t".into(), "d".into(), &pairs);
        assert_eq!(curve.bins.len(), 2);
        assert!((curve.error - (0.15 * 0.5 + 0.45 * 0.5)).abs() < 1e-12, "{}", curve.error);
    }
}
