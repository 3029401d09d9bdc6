//! Standard output: data only, and a reader that goes away early (`holometer report | head`) is no error.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

use holometer_report::{Report, Table, html_page, latex_paragraph};

use crate::args::TableFormat;
use crate::failure::Failure;

/// Prints a text and a line end.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    tolerate(writeln!(io::stdout().lock(), "{}", text.to_string().trim_end_matches('\n')))
}

/// Prints tables; as JSON, `json` instead.
pub(crate) fn print_tables(
    tables: &[Table],
    json: &impl serde::Serialize,
    format: TableFormat,
) -> Result<(), Failure> {
    match format {
        TableFormat::Json => print(serde_json::to_string_pretty(json).map_err(Failure::internal)?),
        TableFormat::Csv => {
            let texts: Vec<String> = tables.iter().map(Table::to_csv).collect();
            print(texts.join("\n"))
        }
        TableFormat::Markdown => {
            let texts: Vec<String> = tables.iter().map(Table::to_markdown).collect();
            print(texts.join("\n"))
        }
        TableFormat::Latex | TableFormat::Html => print_document(tables, &[], json, format),
        TableFormat::Table => {
            let width = terminal_width();
            let texts: Vec<String> = tables.iter().map(|table| table.to_terminal(width)).collect();
            print(texts.join("\n"))
        }
    }
}

/// Prints tables and paragraphs with headings; as JSON, `json` instead.
pub(crate) fn print_document(
    tables: &[Table],
    paragraphs: &[(&str, &str)],
    json: &impl serde::Serialize,
    format: TableFormat,
) -> Result<(), Failure> {
    match format {
        TableFormat::Latex => {
            let mut texts = vec![String::from("% needs \\usepackage{booktabs,longtable}\n")];
            let label = |at: usize| format!("holometer-{}", at + 1);
            texts.extend(tables.iter().enumerate().map(|(at, table)| table.to_latex(&label(at))));
            texts.extend(paragraphs.iter().map(|(heading, text)| latex_paragraph(heading, text)));
            print(texts.join("\n"))
        }
        TableFormat::Html => print(html_page("Holometer", tables, paragraphs)),
        TableFormat::Json | TableFormat::Csv => print_tables(tables, json, format),
        TableFormat::Markdown | TableFormat::Table => {
            print_tables(tables, json, format)?;
            let emphasis = if format == TableFormat::Markdown { "**" } else { "" };
            for (heading, text) in paragraphs {
                print(format!("\n{emphasis}{heading}{emphasis}\n\n{text}"))?;
            }
            Ok(())
        }
    }
}

/// Prints a report's tables: metrics, requests and speed, and what was not run.
pub(crate) fn print_report(
    report: &Report,
    detail: &holometer_report::Detail,
    format: TableFormat,
) -> Result<(), Failure> {
    let mut tables = vec![holometer_report::metrics_table(report, detail)];
    // Two tables make one CSV file unreadable: it holds the metrics alone.
    if format != TableFormat::Csv {
        tables.push(holometer_report::speed_table(report));
        if !report.not_run.is_empty() {
            tables.push(holometer_report::coverage(report));
        }
    }
    print_tables(&tables, report, format)
}

/// The width of the terminal; `None` when output goes elsewhere, so that nothing is cut or wrapped.
fn terminal_width() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

/// Runs `write` with a writer to a file, or to standard output for `-`. A file appears whole or not at all.
pub(crate) fn write_to(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if path == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out)?;
        return tolerate(out.flush());
    }
    let unwritable = |error: io::Error| {
        Failure::usage(format!("can't write `{}`: {error}", path.display()))
            .hint("name a file in a folder that you may write to")
    };
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let file = File::create(&partial).map_err(unwritable)?;
    let mut out = BufWriter::new(file);
    let written = write(&mut out).and_then(|()| out.flush().map_err(unwritable));
    drop(out);
    if let Err(failure) = written {
        // What is left of it helps nobody; that it can't be removed changes nothing.
        let _ = std::fs::remove_file(&partial);
        return Err(failure);
    }
    std::fs::rename(&partial, path).map_err(unwritable)
}

/// A line of output to a writer made by [`write_to`].
pub(crate) fn line(out: &mut dyn Write, text: impl Display) -> Result<(), Failure> {
    tolerate(writeln!(out, "{text}"))
}

fn tolerate(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::usage(format!("can't write the output: {error}"))),
        Ok(()) => Ok(()),
    }
}
