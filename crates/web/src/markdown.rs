//! The little Markdown that cards are written in, as HTML: headings, paragraphs, lists, tables, code. Anything else is text.

use std::fmt::Write as _;

use crate::text::{escape, escape_into};

/// Renders a card.
pub(crate) fn html(markdown: &str) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if text.starts_with("```") {
            let code: Vec<&str> =
                lines.by_ref().take_while(|line| !line.trim().starts_with("```")).collect();
            let _ = write!(out, "<pre class=\"text\">{}</pre>", escape(&code.join("\n")));
        } else if let Some(heading) = heading(text) {
            let _ = write!(out, "<h3>{}</h3>", inline(heading));
        } else if item(text).is_some() {
            out.push_str("<ul>");
            let mut current = item(text).unwrap_or_default().to_owned();
            while let Some(next) = lines.peek() {
                if let Some(another) = item(next.trim()) {
                    let _ = write!(out, "<li>{}</li>", inline(&current));
                    another.clone_into(&mut current);
                } else if next.trim().is_empty() || !next.starts_with(' ') {
                    break;
                } else {
                    current = format!("{current} {}", next.trim());
                }
                lines.next();
            }
            let _ = write!(out, "<li>{}</li></ul>", inline(&current));
        } else {
            let mut paragraph = text.to_owned();
            while let Some(next) = lines.peek().map(|line| line.trim()) {
                let ends = next.is_empty()
                    || next.starts_with("```")
                    || heading(next).is_some()
                    || item(next).is_some();
                if ends {
                    break;
                }
                paragraph = format!("{paragraph} {next}");
                lines.next();
            }
            let _ = write!(out, "<p>{}</p>", inline(&paragraph));
        }
    }
    out
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim())
}

fn item(line: &str) -> Option<&str> {
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
}

/// Code between backticks, emphasis between asterisks; everything else as it is.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(out, "<code>{}</code>", escape(part));
            continue;
        }
        let strong: Vec<&str> = part.split("**").collect();
        for (index, part) in strong.iter().enumerate() {
            let closed = index % 2 == 1 && index + 1 < strong.len();
            if closed {
                let _ = write!(out, "<strong>{}</strong>", escape(part));
            } else {
                escape_into(part, &mut out);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_become_html_and_nothing_slips_through() {
        let card = "# Formula\n\nThe `mean` of **all**\nunits <b>.\n\n- one\n  more\n- two\n\n```\na < b\n```\n";
        assert_eq!(
            html(card),
            "<h3>Formula</h3><p>The <code>mean</code> of <strong>all</strong> units &lt;b&gt;.</p>\
             <ul><li>one more</li><li>two</li></ul><pre class=\"text\">a &lt; b</pre>"
        );
    }
}
