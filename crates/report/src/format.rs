//! Output formats, and how numbers are written.

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for the terminal.
    #[default]
    Table,
    /// GitHub-flavoured Markdown.
    Markdown,
    /// RFC 4180, full precision.
    Csv,
    /// Everything known, with full precision.
    Json,
    /// LaTeX tables with captions.
    Latex,
    /// An HTML page.
    Html,
}

/// A number for people: three decimals below 100, fewer above, never in exponent form for everyday sizes.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let text = if value == value.trunc() && size < 1e15 || size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 0.0005 {
        format!("{value:.3}")
    } else {
        format!("{value:.1e}")
    };
    if text == "-0" { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_never_lose_their_size() {
        let shown: Vec<String> =
            [0.0, 1.0, 0.5, 0.123_45, 12.345, 123.45, 12345.6, 0.000_01, -0.25, -0.0]
                .into_iter()
                .map(number)
                .collect();
        assert_eq!(
            shown,
            ["0", "1", "0.500", "0.123", "12.345", "123.5", "12346", "1.0e-5", "-0.250", "0"]
        );
    }
}
