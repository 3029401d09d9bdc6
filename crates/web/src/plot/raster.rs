//! A drawing as PNG: the shapes painted with antialiasing, the letters from a font that the program carries, so that the picture is the
//! same on every machine. Letters that the font lacks are boxes, and nothing is shaped; SVG has neither limit.

use tiny_skia::{
    Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::canvas::{COLOURS, Drawing, GRID, INK, LINE, SOFT, Shape};
use crate::text::shown;

/// The largest picture, in pixels along either side.
const LARGEST: f64 = 20_000.0;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// No drawing, or too large a one.
    #[error(
        "a picture of {width:.0} by {height:.0} pixels can't be made; hint: choose a smaller --scale"
    )]
    Size {
        /// Pixels across.
        width: f64,
        /// Pixels down.
        height: f64,
    },
    /// A fault of ours.
    #[error("the picture can't be made: {0}")]
    Fault(String),
}

/// The drawing on white; `scale` is how many pixels stand for one of the drawing's.
pub(crate) fn png(drawing: &Drawing, scale: f64) -> Result<Vec<u8>, PictureError> {
    let (width, height) = ((drawing.width * scale).round(), (drawing.height * scale).round());
    let size = || PictureError::Size { width, height };
    if !(width >= 1.0 && height >= 1.0 && width <= LARGEST && height <= LARGEST) {
        return Err(size());
    }
    let mut picture = Pixmap::new(width as u32, height as u32).ok_or_else(size)?;
    picture.fill(Color::WHITE);
    let fault = |error: ttf_parser::FaceParsingError| PictureError::Fault(error.to_string());
    let mut painter = Painter {
        picture,
        scale: scale as f32,
        plain: Face::parse(dejavu::sans_condensed::regular(), 0).map_err(fault)?,
        bold: Face::parse(dejavu::sans_condensed::bold(), 0).map_err(fault)?,
    };
    for shape in &drawing.shapes {
        painter.shape(shape);
    }
    painter.picture.encode_png().map_err(|error| PictureError::Fault(error.to_string()))
}

struct Painter {
    picture: Pixmap,
    scale: f32,
    plain: Face<'static>,
    bold: Face<'static>,
}

/// How a shape looks, from its classes; the same as the style sheet of SVG files.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Look {
    fill: Option<(&'static str, f32)>,
    stroke: Option<(&'static str, f32)>,
    dash: &'static [f32],
}

fn look(class: &str, filled: bool) -> Look {
    let mut look = Look::default();
    let mut opacity = 1.0;
    for word in class.split(' ') {
        match word {
            "axis" => look.stroke = Some((LINE, 1.0)),
            "grid" => look.stroke = Some((GRID, 1.0)),
            "whisker" => look.stroke = Some((INK, 1.0)),
            "zero" => {
                look.stroke = Some((SOFT, 1.0));
                look.dash = &[4.0, 3.0];
            }
            "area" => opacity = 0.1,
            "light" => opacity = 0.3,
            _ => {}
        }
        let series = |prefix: char| word.strip_prefix(prefix)?.parse::<usize>().ok();
        if let Some(colour) = series('s').and_then(|at| COLOURS.get(at)) {
            look.stroke = Some((colour, 2.0));
        }
        if let Some(colour) = series('f').and_then(|at| COLOURS.get(at)) {
            look.fill = Some((colour, 1.0));
        }
    }
    look.fill = look.fill.filter(|_| filled).map(|(colour, _)| (colour, opacity));
    look
}

impl Painter {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Text { at, anchor, class, text } => self.text(*at, anchor, class, &shown(text)),
            Shape::Line { from, to, class } => {
                let mut path = PathBuilder::new();
                path.move_to(from.0 as f32, from.1 as f32);
                path.line_to(to.0 as f32, to.1 as f32);
                self.paint(path.finish(), look(class, false), "");
            }
            Shape::Rect { at, size, class, .. } => {
                let rect = Rect::from_xywh(at.0 as f32, at.1 as f32, size.0 as f32, size.1 as f32);
                self.paint(rect.map(PathBuilder::from_rect), look(class, true), "");
            }
            Shape::Circle { middle, radius, class, .. } => {
                let path =
                    PathBuilder::from_circle(middle.0 as f32, middle.1 as f32, *radius as f32);
                self.paint(path, look(class, true), "");
            }
            Shape::Polygon { points, dash, class, .. } => {
                let mut path = PathBuilder::new();
                for (at, (x, y)) in points.iter().enumerate() {
                    if at == 0 {
                        path.move_to(*x as f32, *y as f32);
                    } else {
                        path.line_to(*x as f32, *y as f32);
                    }
                }
                path.close();
                self.paint(path.finish(), look(class, true), dash);
            }
        }
    }

    fn paint(&mut self, path: Option<Path>, look: Look, dash: &str) {
        let Some(path) = path else { return };
        let transform = Transform::from_scale(self.scale, self.scale);
        if let Some((colour, opacity)) = look.fill {
            let paint = paint(colour, opacity);
            self.picture.fill_path(&path, &paint, FillRule::Winding, transform, None);
        }
        if let Some((colour, width)) = look.stroke {
            let own: Vec<f32> = dash.split(' ').filter_map(|part| part.parse().ok()).collect();
            let lengths = if own.is_empty() { look.dash.to_vec() } else { own };
            let stroke = Stroke {
                width,
                line_cap: LineCap::Butt,
                dash: StrokeDash::new(lengths, 0.0),
                ..Stroke::default()
            };
            self.picture.stroke_path(&path, &paint(colour, 1.0), &stroke, transform, None);
        }
    }

    fn text(&mut self, at: (f64, f64), anchor: &str, class: &str, text: &str) {
        let (face, size) =
            if is(class, "heading") { (&self.bold, 14.0) } else { (&self.plain, 12.0) };
        let ratio = size / f32::from(face.units_per_em());
        let glyphs = glyphs(face, ratio, text);
        let width: f32 = glyphs.iter().map(|(_, advance)| advance).sum();
        let start = match anchor {
            "middle" => at.0 as f32 - width / 2.0,
            "end" => at.0 as f32 - width,
            _ => at.0 as f32,
        };
        let mut outline = Outline { path: PathBuilder::new(), x: start, y: at.1 as f32, ratio };
        for (glyph, advance) in glyphs {
            face.outline_glyph(glyph, &mut outline);
            outline.x += advance;
        }
        let colour = if is(class, "soft") { SOFT } else { INK };
        let look = Look { fill: Some((colour, 1.0)), ..Look::default() };
        self.paint(outline.path.finish(), look, "");
    }
}

/// Whether a list of classes has one.
fn is(classes: &str, class: &str) -> bool {
    classes.split(' ').any(|word| word == class)
}

/// The letters of a line of text, each with the way to the next, in the drawing's pixels.
fn glyphs(face: &Face<'_>, ratio: f32, text: &str) -> Vec<(GlyphId, f32)> {
    text.chars()
        .map(|c| {
            let glyph = face.glyph_index(c).unwrap_or(GlyphId(0));
            (glyph, f32::from(face.glyph_hor_advance(glyph).unwrap_or_default()) * ratio)
        })
        .collect()
}

/// Letters' outlines, moved to their places; a font's y goes up.
struct Outline {
    path: PathBuilder,
    x: f32,
    y: f32,
    ratio: f32,
}

impl Outline {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.ratio, self.y - y * self.ratio)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) =
            (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

fn paint(colour: &str, opacity: f32) -> Paint<'static> {
    let part = |at: usize| {
        colour.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or_default()
    };
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(part(1), part(3), part(5), (opacity * 255.0).round() as u8);
    paint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{
        Bars, Calibration, Dot, Forest, ForestRow, Histogram, Point, Radar, Scatter, SeriesData,
    };

    fn bars() -> crate::plot::Plot {
        let point = Point { value: 0.5, ends: Some((0.25, 0.75)) };
        Bars(SeriesData {
            title: "Title".into(),
            categories: vec!["one".into(), "two \u{202e}\u{0}".into()],
            series: vec![("model".into(), vec![Some(point), Some(point)])],
            ..SeriesData::default()
        })
        .plot()
    }

    #[test]
    fn pictures_have_bars_letters_and_the_scale() {
        let plot = bars();
        let picture = Pixmap::decode_png(&plot.png(2.0).unwrap()).unwrap();
        let (width, height) = (plot.drawing.width as u32 * 2, plot.drawing.height as u32 * 2);
        assert_eq!((picture.width(), picture.height()), (width, height));
        let Some(Shape::Rect { at, size, .. }) =
            plot.drawing.shapes.iter().find(|shape| matches!(shape, Shape::Rect { .. }))
        else {
            panic!("bars are rectangles")
        };
        let inside = ((at.0 + 3.0) * 2.0, (at.1 + size.1 - 1.0) * 2.0);
        let pixel = picture.pixel(inside.0 as u32, inside.1 as u32).unwrap();
        assert_eq!((pixel.red(), pixel.green(), pixel.blue()), (0x1f, 0x6f, 0x8b));
        let dark = |x: u32, y: u32| picture.pixel(x, y).is_some_and(|pixel| pixel.red() < 90);
        let title = (16..90).flat_map(|x| (12..40).map(move |y| (x, y)));
        let letters = title.filter(|(x, y)| dark(*x, *y)).count();
        assert!((100..800).contains(&letters), "{letters} dark pixels where the title is");
    }

    #[test]
    fn pictures_are_not_too_large() {
        let plot = bars();
        assert!(matches!(plot.png(1000.0), Err(PictureError::Size { .. })));
        assert!(matches!(plot.png(f64::NAN), Err(PictureError::Size { .. })));
    }

    /// From where to where a text goes across, in DejaVu Sans: the condensed face that the program carries has 90% of its widths.
    fn ends(x: f64, anchor: &str, class: &str, text: &str) -> (f64, f64) {
        let (data, size) = if is(class, "heading") {
            (dejavu::sans_condensed::bold(), 14.0)
        } else {
            (dejavu::sans_condensed::regular(), 12.0)
        };
        let face = Face::parse(data, 0).unwrap();
        let ratio = size / f32::from(face.units_per_em());
        let advances = glyphs(&face, ratio, text).into_iter().map(|(_, advance)| advance);
        let width = f64::from(advances.sum::<f32>()) / 0.9;
        match anchor {
            "middle" => (x - width / 2.0, x + width / 2.0),
            "end" => (x - width, x),
            _ => (x, x + width),
        }
    }

    #[test]
    fn long_names_stay_within_every_drawing() {
        let long = |what: &str| format!("{what} {}", "data_augmentation=counterfactual ".repeat(4));
        let point = Point { value: 0.4, ends: Some((0.3, 0.5)) };
        let data = SeriesData {
            title: long("title"),
            description: long("description"),
            unit: "share".to_owned(),
            categories: (0..7).map(|at| long(&at.to_string())).collect(),
            series: (0..3).map(|at| (long(&format!("model {at}")), vec![Some(point); 7])).collect(),
        };
        let rows = vec![ForestRow { label: long("row"), point, note: long("note") }; 3];
        let dots = vec![Dot { label: long("dot"), series: 0, x: 0.2, y: point }];
        let values = vec![0.1, 0.2, 0.9];
        let (title, description, unit) = (data.title.clone(), long("d"), "share".to_owned());
        let names: Vec<String> = data.series.iter().map(|(name, _)| name.clone()).collect();
        let plots = [
            ("radar", Radar(data.clone()).plot()),
            ("bars", Bars(data).plot()),
            ("calibration", Calibration::of(title.clone(), String::new(), &[(0.9, 1.0)]).plot()),
            (
                "forest",
                Forest {
                    title: title.clone(),
                    description: description.clone(),
                    unit: unit.clone(),
                    rows,
                }
                .plot(),
            ),
            (
                "histogram",
                Histogram {
                    title: title.clone(),
                    description: description.clone(),
                    unit: unit.clone(),
                    values,
                }
                .plot(),
            ),
            (
                "scatter",
                Scatter { title, description, x: unit.clone(), y: unit, series: names, dots }
                    .plot(),
            ),
        ];
        for (name, plot) in plots {
            let mut texts = 0;
            for shape in &plot.drawing.shapes {
                let Shape::Text { at, anchor, class, text } = shape else { continue };
                let (from, to) = ends(at.0, anchor, class, text);
                assert!(
                    from >= -1.0 && to <= plot.drawing.width + 1.0,
                    "{name}: {text:?} goes from {from:.0} to {to:.0}"
                );
                texts += 1;
            }
            assert!(texts > 3, "{name} has {texts} texts");
        }
    }
}
