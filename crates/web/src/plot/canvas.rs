//! Drawing primitives: escaped text, axes with round ticks, series that differ in colour, shape and dash.

use std::fmt::Write as _;

use holometer_report::Table;

use super::Plot;
use crate::text::{escape, minus};

/// The colours of series; also apart for eyes that see few colours, and in grey.
pub(crate) const COLOURS: [&str; LOOKS] =
    ["#1f6f8b", "#c8641b", "#5b8c2a", "#8a4f9e", "#b8912b", "#4a5568"];

/// The colours of text, quiet text, axes and grids.
pub(crate) const INK: &str = "#2b3038";
pub(crate) const SOFT: &str = "#5c6570";
pub(crate) const LINE: &str = "#8a929c";
pub(crate) const GRID: &str = "#e3e6ea";

/// How a drawing looks as a file; in the pages `style.css` says the same.
pub(crate) fn style() -> String {
    let mut style = format!(
        "svg.plot{{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;background:#fff}}\
         .plot text{{fill:{INK}}}.plot .soft{{fill:{SOFT}}}.plot .axis{{stroke:{LINE};fill:none}}.plot .grid{{stroke:{GRID};fill:none}}\
         .plot .zero{{stroke:{SOFT};stroke-dasharray:4 3;fill:none}}.plot .heading{{font-weight:600;font-size:14px}}\
         .plot .whisker{{stroke:{INK};fill:none}}.plot .line{{fill:none;stroke-width:2}}"
    );
    for (at, colour) in COLOURS.iter().enumerate() {
        let _ = write!(style, ".plot .f{at}{{fill:{colour}}}.plot .s{at}{{stroke:{colour}}}");
    }
    style.push_str(".plot .area{fill-opacity:.1}.plot .light{fill-opacity:.3}");
    style
}

/// How many series look different; the next begin again.
pub(crate) const LOOKS: usize = 6;

/// How wide a character is at most in the mean of a label, in pixels: browsers choose the face, so this is DejaVu Sans's, a wide one.
pub(crate) const CHARACTER: f64 = 7.0;

/// The same for a heading.
const HEADING_CHARACTER: f64 = 9.4;

/// A text in one line, cut where `room` pixels end.
fn fitting(text: &str, room: f64, character: f64) -> String {
    crate::text::line(text, ((room / character) as usize).saturating_sub(1).max(1))
}

/// What a drawing is made of; places are in pixels from the upper left. `class` says how it looks, `tip` what it tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A line of text on its baseline.
    Text { at: (f64, f64), anchor: &'static str, class: String, text: String },
    /// A line.
    Line { from: (f64, f64), to: (f64, f64), class: String },
    /// A rectangle by its upper left corner.
    Rect { at: (f64, f64), size: (f64, f64), class: String, tip: String },
    /// A circle.
    Circle { middle: (f64, f64), radius: f64, class: String, tip: String },
    /// An area with corners; `dash` is empty or lengths of strokes and gaps.
    Polygon { points: Vec<(f64, f64)>, dash: &'static str, class: String, tip: String },
}

/// A finished drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

impl Drawing {
    /// As SVG, without a style of its own.
    pub(crate) fn svg(&self, title: &str, description: &str) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
             <title>{}</title><desc>{}</desc>",
            escape(title),
            escape(description),
        );
        for shape in &self.shapes {
            write_shape(shape, &mut svg);
        }
        svg.push_str("</svg>");
        svg
    }
}

fn write_shape(shape: &Shape, svg: &mut String) {
    let _ = match shape {
        Shape::Text { at: (x, y), anchor, class, text } => write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
            escape(text)
        ),
        Shape::Line { from, to, class } => write!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" class=\"{class}\"/>",
            from.0, from.1, to.0, to.1
        ),
        Shape::Rect { at: (x, y), size: (width, height), class, tip } => write!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" class=\"{class}\">{}</rect>",
            tip_of(tip)
        ),
        Shape::Circle { middle: (x, y), radius, class, tip } => write!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" class=\"{class}\">{}</circle>",
            tip_of(tip)
        ),
        Shape::Polygon { points, dash, class, tip } => {
            let list: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            write!(
                svg,
                "<polygon points=\"{}\" class=\"{class}\" stroke-dasharray=\"{dash}\">{}</polygon>",
                list.join(" "),
                tip_of(tip)
            )
        }
    };
}

/// A drawing in progress.
pub(crate) struct Canvas {
    drawing: Drawing,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { drawing: Drawing { width, height, shapes: Vec::new() } }
    }

    /// Sets the height, once it is known.
    pub(crate) fn resize(&mut self, height: f64) {
        self.drawing.height = height;
    }

    /// The finished drawing with the numbers behind it.
    pub(crate) fn finish(mut self, title: &str, description: &str, table: Table) -> Plot {
        self.drawing.width = self.drawing.width.round();
        self.drawing.height = self.drawing.height.round();
        Plot { svg: self.drawing.svg(title, description), drawing: self.drawing, table }
    }

    pub(crate) fn text(&mut self, x: f64, y: f64, anchor: &'static str, class: &str, text: &str) {
        let (class, text) = (class.to_owned(), text.to_owned());
        self.drawing.shapes.push(Shape::Text { at: (x, y), anchor, class, text });
    }

    /// The title at the upper left, cut to the drawing's width; the whole of it is the drawing's own title.
    pub(crate) fn heading(&mut self, title: &str) {
        let shown = fitting(title, self.drawing.width - 16.0, HEADING_CHARACTER);
        self.text(8.0, 18.0, "start", "heading", &shown);
    }

    /// A line of plain text, cut to `room` pixels.
    pub(crate) fn label(
        &mut self,
        at: (f64, f64),
        anchor: &'static str,
        class: &str,
        room: f64,
        text: &str,
    ) {
        self.text(at.0, at.1, anchor, class, &fitting(text, room, CHARACTER));
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.drawing.shapes.push(Shape::Line { from, to, class: class.to_owned() });
    }

    pub(crate) fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str, tip: &str) {
        let size = (size.0.max(0.0), size.1.max(0.0));
        let (class, tip) = (class.to_owned(), tip.to_owned());
        self.drawing.shapes.push(Shape::Rect { at, size, class, tip });
    }

    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], class: &str, dash: usize) {
        let dash = ["", "6 3", "2 3", "8 3 2 3", "4 2", "1 2"][dash % LOOKS];
        let (points, class) = (points.to_vec(), class.to_owned());
        self.drawing.shapes.push(Shape::Polygon { points, dash, class, tip: String::new() });
    }

    /// A mark whose shape tells its series.
    pub(crate) fn mark(&mut self, at: (f64, f64), series: usize, tip: &str) {
        let look = series % LOOKS;
        let corners: &[(f64, f64)] = match look {
            0 => &[],
            1 => &[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)],
            2 => &[(0.0, -5.5), (5.0, 4.0), (-5.0, 4.0)],
            3 => &[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)],
            4 => &[(0.0, 5.5), (5.0, -4.0), (-5.0, -4.0)],
            _ => &[(-5.0, -2.0), (5.0, -2.0), (5.0, 2.0), (-5.0, 2.0)],
        };
        let (class, tip) = (format!("f{look}"), tip.to_owned());
        self.drawing.shapes.push(if corners.is_empty() {
            Shape::Circle { middle: at, radius: 4.5, class, tip }
        } else {
            let points = corners.iter().map(|(dx, dy)| (at.0 + dx, at.1 + dy)).collect();
            Shape::Polygon { points, dash: "", class, tip }
        });
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
        Some(_) if !text.contains('e') => minus(text.trim_end_matches('0').trim_end_matches('.')),
        _ => minus(&text),
    }
}

/// About how wide a text of the usual size is, in pixels, in the widest of the fonts that a browser may choose.
pub(crate) fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * 7.0
}

/// The names of series with their looks, left to right, wrapped. Gives the height it took.
pub(crate) fn legend(canvas: &mut Canvas, names: &[&str], x: f64, y: f64, width: f64) -> f64 {
    let (mut at, mut line) = (x, y);
    for (series, name) in names.iter().enumerate() {
        let shown = crate::text::line(name, 34);
        let needed = 34.0 + width_of(&shown);
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
        let svg = canvas.finish("<t>", "&", Table::default()).svg;
        assert!(
            !svg.contains("<script>") && svg.contains("<title>&lt;t&gt;</title><desc>&amp;</desc>")
        );
    }
}
