//! Text from models and data sets, made safe to look at: escaped, with invisible and direction-changing characters shown.
//!
//! Knows nothing of pages; everything that reaches HTML or SVG goes through [`escape`].

use std::fmt::Write as _;

/// The longest text that a page shows whole, in characters; more is cut with a note of how much.
pub(crate) const SHOWN: usize = 20_000;

/// Escapes a text for HTML and SVG, in content and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    escape_into(text, &mut out);
    out
}

/// As [`escape`], at the end of `out`.
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => show_into(c, out),
        }
    }
}

/// A text without characters that nobody can see or that change how their neighbours are shown: they become symbols or their number.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| show_into(c, &mut out));
    out
}

fn show_into(c: char, out: &mut String) {
    match c {
        '\n' | '\t' => out.push(c),
        '\u{0}'..='\u{1f}' => {
            out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'));
        }
        '\u{7f}' => out.push('\u{2421}'),
        _ if hidden(c) => {
            let _ = write!(out, "\u{27e8}U+{:04X}\u{27e9}", u32::from(c));
        }
        _ => out.push(c),
    }
}

/// C1 controls, direction marks, overrides and isolates, zero-width and tag characters, and non-characters.
fn hidden(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A number as pages show it.
pub(crate) fn shown_number(value: f64) -> String {
    minus(&holometer_report::number(value))
}

/// A number with a minus sign that is as wide as a plus.
pub(crate) fn minus(number: &str) -> String {
    match number.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => number.to_owned(),
    }
}

/// The beginning of a text with how many characters were left out, if any.
pub(crate) fn cut(text: &str, most: usize) -> (&str, usize) {
    match text.char_indices().nth(most) {
        None => (text, 0),
        Some((at, _)) => (&text[..at], text[at..].chars().count()),
    }
}

/// One line for a list: white space collapsed, cut with an ellipsis.
pub(crate) fn line(text: &str, most: usize) -> String {
    let (head, _) = cut(text.trim(), most * 4);
    let collapsed = head.split_whitespace().collect::<Vec<_>>().join(" ");
    match cut(&collapsed, most) {
        (_, 0) if head.len() == text.trim().len() => collapsed,
        (head, _) => format!("{head}\u{2026}"),
    }
}

/// A part of a comparison of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// In both.
    Same(&'a str),
    /// Only in the first.
    Removed(&'a str),
    /// Only in the second.
    Added(&'a str),
}

/// The most words on either side that are compared word by word; longer middles are shown as removed and added.
const MOST_WORDS: usize = 1500;

/// Compares two texts word by word (longest common subsequence after the common beginning and end).
pub(crate) fn diff<'a>(one: &'a str, other: &'a str) -> Vec<Piece<'a>> {
    let (a, b) = (words(one), words(other));
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail =
        a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (middle_a, middle_b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let mut pieces: Vec<Piece<'a>> = a[..head].iter().map(|word| Piece::Same(word)).collect();
    if middle_a.len().max(middle_b.len()) > MOST_WORDS {
        pieces.extend(middle_a.iter().map(|word| Piece::Removed(word)));
        pieces.extend(middle_b.iter().map(|word| Piece::Added(word)));
    } else {
        pieces.extend(aligned(middle_a, middle_b));
    }
    pieces.extend(a[a.len() - tail..].iter().map(|word| Piece::Same(word)));
    pieces
}

/// Words and the white space between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before: Option<bool> = None;
    for (at, c) in text.char_indices() {
        let kind = c.is_alphanumeric();
        if before.is_some_and(|before| before != kind || !kind) {
            words.push(&text[start..at]);
            start = at;
        }
        before = Some(kind);
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

fn aligned<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<Piece<'a>> {
    let width = b.len() + 1;
    let mut lengths = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = if a[i] == b[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pieces = Vec::new();
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            pieces.push(Piece::Same(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])
        {
            pieces.push(Piece::Removed(a[i]));
            i += 1;
        } else {
            pieces.push(Piece::Added(b[j]));
            j += 1;
        }
    }
    pieces
}

/// A comparison as HTML: `del` and `ins` around what differs.
pub(crate) fn diff_html(one: &str, other: &str) -> String {
    let mut html = String::new();
    let mut open = "";
    for piece in diff(cut(one, SHOWN).0, cut(other, SHOWN).0) {
        let (tag, text) = match piece {
            Piece::Same(text) => ("", text),
            Piece::Removed(text) => ("del", text),
            Piece::Added(text) => ("ins", text),
        };
        if tag != open {
            if !open.is_empty() {
                let _ = write!(html, "</{open}>");
            }
            if !tag.is_empty() {
                let _ = write!(html, "<{tag}>");
            }
            open = tag;
        }
        escape_into(text, &mut html);
    }
    if !open.is_empty() {
        let _ = write!(html, "</{open}>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_survives_escaping() {
        assert_eq!(escape("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(escape("a\u{0}\u{1b}[31m\u{7f}"), "a\u{2400}\u{241b}[31m\u{2421}");
        assert_eq!(escape("x\u{202e}y\u{200b}"), "x\u{27e8}U+202E\u{27e9}y\u{27e8}U+200B\u{27e9}");
        assert_eq!(
            escape("\u{645}\u{631}\u{62d}\u{628}\u{627}"),
            "\u{645}\u{631}\u{62d}\u{628}\u{627}"
        );
    }

    #[test]
    fn differences_are_words() {
        let html = diff_html("The old man is here.", "The young man was here.");
        assert_eq!(
            html,
            "The <del>old</del><ins>young</ins> man <del>is</del><ins>was</ins> here."
        );
        assert_eq!(diff_html("", "<b>"), "<ins>&lt;b&gt;</ins>");
        assert_eq!(diff_html("same", "same"), "same");
        let long = "word ".repeat(3000);
        assert!(diff_html(&long, "other").contains("<ins>other</ins>"));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 2), ("äö", 1));
        assert_eq!(line("  a \n b  ", 10), "a b");
        assert_eq!(line(&"ab ".repeat(50), 5), "ab ab\u{2026}");
    }
}
