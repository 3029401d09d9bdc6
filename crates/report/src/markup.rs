//! Tables as LaTeX and HTML.

use std::fmt::Write as _;

use crate::table::{Align, Table};

/// Tables with more rows do not fit a page and become a `longtable`.
const LONGEST_FLOAT: usize = 45;

impl Table {
    /// As a LaTeX `table` (`longtable` if it does not fit a page) with `booktabs` rules. The title and the notes, which say n and method, are the caption; `label` is what
    /// `\ref` refers to.
    pub fn to_latex(&self, label: &str) -> String {
        let align: String = self
            .columns
            .iter()
            .map(|column| match column.align {
                Align::Left => 'l',
                Align::Right => 'r',
            })
            .collect();
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| latex(cell)).collect();
            format!("    {} \\\\\n", cells.join(" & "))
        };
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let caption = self.caption();
        if self.rows.len() > LONGEST_FLOAT {
            let mut text = format!("\\begin{{longtable}}{{{align}}}\n");
            let _ = writeln!(text, "  \\caption{{{}}}\\label{{tab:{label}}}\\\\", latex(&caption));
            let _ = write!(text, "    \\toprule\n{}    \\midrule\n    \\endhead\n", line(&names));
            text.extend(self.rows.iter().map(|row| line(row)));
            text.push_str("    \\bottomrule\n\\end{longtable}\n");
            return text;
        }
        let mut text = String::from("\\begin{table}\n  \\centering\n  \\small\n");
        let _ = writeln!(text, "  \\caption{{{}}}\n  \\label{{tab:{label}}}", latex(&caption));
        let _ = writeln!(text, "  \\begin{{tabular}}{{{align}}}\n    \\toprule");
        text.push_str(&line(&names));
        text.push_str("    \\midrule\n");
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
        text
    }

    /// As an HTML `table` with its caption.
    pub fn to_html(&self) -> String {
        let mut text = String::from("<table>\n");
        let _ = writeln!(text, "<caption>{}</caption>", html(&self.caption()));
        text.push_str("<thead><tr>");
        for column in &self.columns {
            let _ = write!(text, "<th scope=\"col\">{}</th>", html(&column.name));
        }
        text.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            text.push_str("<tr>");
            for (cell, column) in row.iter().zip(&self.columns) {
                let class = if column.align == Align::Right { " class=\"n\"" } else { "" };
                let _ = write!(text, "<td{class}>{}</td>", html(cell));
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</tbody>\n</table>\n");
        text
    }

    fn caption(&self) -> String {
        let mut caption = self.title.clone();
        for note in &self.notes {
            if !caption.is_empty() && !caption.ends_with(['.', '!', '?']) {
                caption.push('.');
            }
            let _ = write!(caption, " {note}");
        }
        caption.trim().to_owned()
    }
}

/// A heading and a paragraph in LaTeX.
pub fn latex_paragraph(heading: &str, text: &str) -> String {
    format!("\\paragraph{{{}}} {}\n", latex(heading), latex(text))
}

/// A page that needs no other file: tables one below the other, then paragraphs with headings. It runs no script.
pub fn html_page(title: &str, tables: &[Table], paragraphs: &[(&str, &str)]) -> String {
    const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#222;background:#fff}\
        table{border-collapse:collapse;margin:2rem 0;font-variant-numeric:tabular-nums}\
        caption{caption-side:top;text-align:left;font-weight:600;padding:.4rem 0;max-width:60rem}\
        th,td{padding:.25rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}td.n{text-align:right}\
        @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}}";
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        html(title)
    );
    for table in tables {
        text.push_str(&table.to_html());
    }
    for (heading, paragraph) in paragraphs {
        let _ = writeln!(text, "<h2>{}</h2>\n<p>{}</p>", html(heading), html(paragraph));
    }
    text.push_str("</body>\n</html>\n");
    text
}

fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

fn latex(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '–' => escaped.push_str("--"),
            c if c.is_control() => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    fn table() -> Table {
        Table {
            title: "Suite `a_b`".into(),
            columns: vec![Column::text("model"), Column::number("50% & more")],
            rows: vec![vec!["<b>x_1</b>".into(), "0.5".into()]],
            notes: vec!["n counts instances.".into()],
        }
    }

    #[test]
    fn latex_escapes_what_it_would_run_and_captions_n() {
        let text = table().to_latex("scores");
        assert!(text.contains("\\caption{Suite `a\\_b`. n counts instances.}"), "{text}");
        assert!(text.contains("model & 50\\% \\& more \\\\"), "{text}");
        assert!(text.contains("\\textless{}b\\textgreater{}x\\_1"), "{text}");
        assert!(text.contains("\\begin{tabular}{lr}"), "{text}");
    }

    #[test]
    fn html_shows_tags_of_the_data_as_text() {
        let page = html_page("R&D", &[table()], &[("How", "n < 3")]);
        assert!(page.contains("<h1>R&amp;D</h1>"), "{page}");
        assert!(page.contains("<td>&lt;b&gt;x_1&lt;/b&gt;</td><td class=\"n\">0.5</td>"), "{page}");
        assert!(page.contains("<p>n &lt; 3</p>"), "{page}");
        assert!(page.ends_with("</html>\n"));
    }
}
