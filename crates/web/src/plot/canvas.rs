//! Drawing primitives: escaped text, axes with round ticks, series that differ in colour, shape and dash.

use std::fmt::Write as _;

use crate::text::escape;

/// How a drawing looks as a file; in the pages `style.css` says the same.
pub(crate) const STYLE: &str = "\
svg.plot{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;background:#fff}\
.plot text{fill:#2b3038}.plot .soft{fill:#5c6570}.plot .axis{stroke:#8a929c;fill:none}.plot .grid{stroke:#e3e6ea;fill:none}\
.plot .zero{stroke:#5c6570;stroke-dasharray:4 3;fill:none}.plot .heading{font-weight:600;font-size:14px}\
.plot .whisker{stroke:#2b3038;fill:none}.plot .line{fill:none;stroke-width:2}\
.plot .f0{fill:#1f6f8b}.plot .f1{fill:#c8641b}.plot .f2{fill:#5b8c2a}.plot .f3{fill:#8a4f9e}.plot .f4{fill:#b8912b}.plot .f5{fill:#4a5568}\
.plot .s0{stroke:#1f6f8b}.plot .s1{stroke:#c8641b}.plot .s2{stroke:#5b8c2a}.plot .s3{stroke:#8a4f9e}.plot .s4{stroke:#b8912b}.plot .s5{stroke:#4a5568}\
.plot .area{fill-opacity:.1}.plot .light{fill-opacity:.3}";

/// How many series look different; the next begin again.
pub(crate) const LOOKS: usize = 6;

/// A drawing in progress.
pub(crate) struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    /// Sets the height, once it is known.
    pub(crate) fn resize(&mut self, height: f64) {
        self.height = height;
    }

    /// The finished drawing.
    pub(crate) fn finish(self, title: &str, description: &str) -> String {
        let (width, height) = (self.width.round(), self.height.round());
        format!(
            "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
             <title>{}</title><desc>{}</desc>{}</svg>",
            escape(title),
            escape(description),
            self.body
        )
    }

    pub(crate) fn text(&mut self, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
        let _ = write!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
            escape(text)
        );
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let _ = write!(
            self.body,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"{class}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub(crate) fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str, tip: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"{class}\">{}</rect>",
            at.0,
            at.1,
            size.0.max(0.0),
            size.1.max(0.0),
            tip_of(tip)
        );
    }

    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], class: &str, dash: usize) {
        let list: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = ["", "6 3", "2 3", "8 3 2 3", "4 2", "1 2"][dash % LOOKS];
        let _ = write!(
            self.body,
            "<polygon points=\"{}\" class=\"{class}\" stroke-dasharray=\"{dash}\"/>",
            list.join(" ")
        );
    }

    /// A mark whose shape tells its series.
    pub(crate) fn mark(&mut self, at: (f64, f64), series: usize, tip: &str) {
        let (x, y) = at;
        let look = series % LOOKS;
        let shape = |points: &str| format!("<polygon points=\"{points}\" class=\"f{look}\">");
        let (open, close) = match look {
            0 => (format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" class=\"f0\">"), "circle"),
            1 => (
                format!(
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" class=\"f1\">",
                    x - 4.0,
                    y - 4.0
                ),
                "rect",
            ),
            2 => (shape(&corners(at, &[(0.0, -5.5), (5.0, 4.0), (-5.0, 4.0)])), "polygon"),
            3 => (
                shape(&corners(at, &[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)])),
                "polygon",
            ),
            4 => (shape(&corners(at, &[(0.0, 5.5), (5.0, -4.0), (-5.0, -4.0)])), "polygon"),
            _ => (
                shape(&corners(at, &[(-5.0, -2.0), (5.0, -2.0), (5.0, 2.0), (-5.0, 2.0)])),
                "polygon",
            ),
        };
        let _ = write!(self.body, "{open}{}</{close}>", tip_of(tip));
    }

    /// An interval, lying or standing, with short ends.
    pub(crate) fn whisker(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line(from, to, "whisker");
        let (dx, dy) = if (from.1 - to.1).abs() < 0.01 { (0.0, 3.0) } else { (3.0, 0.0) };
        for (x, y) in [from, to] {
            self.line((x - dx, y - dy), (x + dx, y + dy), "whisker");
        }
    }
}

fn corners((x, y): (f64, f64), offsets: &[(f64, f64)]) -> String {
    let list: Vec<String> =
        offsets.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
    list.join(" ")
}

fn tip_of(tip: &str) -> String {
    if tip.is_empty() { String::new() } else { format!("<title>{}</title>", escape(tip)) }
}

/// A linear scale from numbers to places on the canvas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Scale {
    /// A scale over round ends that hold all values.
    pub(crate) fn around(
        values: impl Iterator<Item = f64>,
        zero: bool,
        from: f64,
        to: f64,
    ) -> Self {
        let start = if zero { 0.0 } else { f64::INFINITY };
        let end = if zero { 0.0 } else { f64::NEG_INFINITY };
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((start, end), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        let step = step(high - low);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, from, to }
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.from + share.clamp(-0.05, 1.05) * (self.to - self.from)
    }

    /// Round numbers along the scale.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        let step = step(self.high - self.low);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).take(20).map(|index| index as f64 * step).collect()
    }
}

/// A round distance that divides a range into four to ten parts.
fn step(range: f64) -> f64 {
    let power = 10f64.powf((range / 5.0).log10().floor());
    let ratio = range / 5.0 / power;
    power
        * if ratio < 1.5 {
            1.0
        } else if ratio < 3.5 {
            2.0
        } else if ratio < 7.5 {
            5.0
        } else {
            10.0
        }
}

/// A tick's number, without a tail.
pub(crate) fn tick(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = if value.abs() >= 1e6 { format!("{value:.1e}") } else { text };
    match text.split_once('.') {
        Some(_) if !text.contains('e') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => text,
    }
}

/// The names of series with their looks, left to right, wrapped. Gives the height it took.
pub(crate) fn legend(canvas: &mut Canvas, names: &[&str], x: f64, y: f64, width: f64) -> f64 {
    let (mut at, mut line) = (x, y);
    for (series, name) in names.iter().enumerate() {
        let shown = crate::text::line(name, 34);
        let needed = 26.0 + shown.chars().count() as f64 * 6.6;
        if at > x && at + needed > x + width {
            (at, line) = (x, line + 18.0);
        }
        canvas.mark((at + 6.0, line - 4.0), series, "");
        canvas.text(at + 16.0, line, "start", "", &shown);
        at += needed;
    }
    line - y + 18.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_round_ends_and_ticks() {
        let inner = Scale::around([0.13, 0.87].into_iter(), false, 0.0, 100.0);
        assert_eq!((inner.low, inner.high), (0.1, 0.9));
        let scale = Scale::around([0.03, 0.97].into_iter(), false, 0.0, 100.0);
        assert_eq!((scale.low, scale.high), (0.0, 1.0));
        assert_eq!(
            scale.ticks().iter().map(|value| tick(*value)).collect::<Vec<_>>(),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        let same = Scale::around([3.0, 3.0].into_iter(), false, 0.0, 1.0);
        assert!(same.low < 3.0 && same.high > 3.0);
        let none = Scale::around([f64::NAN].into_iter(), false, 0.0, 1.0);
        assert_eq!((none.low, none.high), (0.0, 1.0));
    }

    #[test]
    fn text_is_escaped() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text(0.0, 0.0, "start", "", "<script>");
        let svg = canvas.finish("<t>", "&");
        assert!(
            !svg.contains("<script>") && svg.contains("<title>&lt;t&gt;</title><desc>&amp;</desc>")
        );
    }
}
