//! Writing a first scenario file for a user's data.

use std::fmt::Write as _;
use std::path::Path;

use holometer_data::read::{self, CsvOptions};
use serde_json::Value;

use crate::error::ScenarioError;
use crate::files::json_rows;

/// What the data looks like.
struct Seen {
    format: &'static str,
    row: Value,
}

/// Names under which datasets keep the question, the choices and the answer, the likeliest first.
const QUESTIONS: &[&str] =
    &["question", "prompt", "input", "text", "sentence", "query", "instruction", "problem"];
const CHOICES: &[&str] = &["choices", "options", "endings", "answers", "candidates"];
const ANSWERS: &[&str] = &["answer", "label", "target", "output", "correct", "response", "gold"];
const LETTERED: &[&[&str]] = &[
    &["A", "B", "C", "D"],
    &["a", "b", "c", "d"],
    &["choice_a", "choice_b", "choice_c", "choice_d"],
    &["option_a", "option_b", "option_c", "option_d"],
    &["opa", "opb", "opc", "opd"],
];

/// A commented scenario file for a data file: JSON Lines, JSON, CSV, TSV or Parquet, told by its name. `path` is where
/// the scenario file will lie; the data file is named relative to its folder where it lies below it.
///
/// # Errors
/// The data file can't be read or has no rows.
pub fn scaffold(path: &Path, data_file: &Path) -> Result<String, ScenarioError> {
    let seen = look(data_file)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let relative = data_file.strip_prefix(folder).unwrap_or(data_file);
    let name: String = crate::catalogue::file_stem(path)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' })
        .collect();
    let mut text = head(&name, &seen);
    let _ = writeln!(
        text,
        "[data]\nformat = \"{}\"\n\n# One entry per file. `split = \"train\"` makes few-shot examples of its rows.\n[[data.files]]\nsplit = \"test\"\npath = {}\n",
        seen.format,
        quoted(&relative.to_string_lossy())
    );
    text.push_str(&instance(&seen.row));
    Ok(text)
}

fn look(data_file: &Path) -> Result<Seen, ScenarioError> {
    let name = data_file.to_string_lossy().to_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    let extension = name.rsplit('.').next().unwrap_or_default();
    let (format, rows) = match extension {
        "csv" => ("csv", read::csv_records(data_file, &CsvOptions::comma())?),
        "tsv" => ("tsv", read::csv_records(data_file, &CsvOptions::tab())?),
        "parquet" => ("parquet", read::parquet(data_file, &[])?),
        "json" => ("json", json_rows(read::json(data_file)?, None)),
        _ => ("jsonl", read::jsonl(data_file)?),
    };
    let row = rows.into_iter().next().ok_or_else(|| ScenarioError::Content {
        scenario: "new".into(),
        file: data_file.display().to_string(),
        message: "it has no rows".into(),
        hint: "give a file with at least one row".into(),
    })?;
    Ok(Seen { format, row })
}

fn head(name: &str, seen: &Seen) -> String {
    let mut columns = String::new();
    for (column, value) in seen.row.as_object().into_iter().flatten() {
        let shown: String = value.to_string().chars().take(60).collect();
        let shown = shown.replace('\n', " ");
        let _ = writeln!(columns, "#   {column} = {shown}");
    }
    format!(
        "# A scenario: what is asked, and how. `holometer check` validates this file.\n\
         # Texts with {{{{ }}}} are MiniJinja templates over a row's columns. The first row has:\n\
         {columns}\n\
         name = {}\n\
         summary = \"One line for lists\"\n\
         description = \"What this measures, and how.\"\n\
         languages = [\"en\"]\n\
         run_groups = [{}]\n\n\
         [licence]\nid = \"unknown\"\n\n",
        quoted(name),
        quoted(name)
    )
}

fn instance(row: &Value) -> String {
    let columns: Vec<&str> =
        row.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let find = |names: &[&str]| {
        names.iter().find_map(|name| columns.iter().find(|c| c.eq_ignore_ascii_case(name)).copied())
    };
    let question = find(QUESTIONS).or(columns.first().copied()).unwrap_or("text");
    let answer = find(ANSWERS).filter(|name| *name != question);
    let list = CHOICES.iter().find_map(|name| {
        columns.iter().find(|c| c.eq_ignore_ascii_case(name) && row[**c].is_array()).copied()
    });
    let lettered = LETTERED.iter().find(|names| names.iter().all(|name| columns.contains(name)));
    let choices = match (list, lettered) {
        (Some(list), _) => Some(access(list)),
        (None, Some(names)) => {
            Some(format!("[{}]", names.iter().map(|n| access(n)).collect::<Vec<_>>().join(", ")))
        }
        (None, None) => None,
    };
    let mut text =
        format!("[instance]\ninput = {}\n\n", quoted(&format!("{{{{ {} }}}}", access(question))));
    match (choices, answer) {
        (Some(choices), Some(answer)) => {
            let rule = correct_rule(&row[answer], answer);
            let _ = writeln!(
                text,
                "# One reference per choice; `correct` says which is right. It sees `choice`, `index` (from 0) and\n\
                 # `letter` (from A).\n[[instance.references]]\neach = {}\ncorrect = {}\n\n\
                 [[adapter]]\nlike = \"multiple_choice\"\ninstructions = \"The following are multiple choice questions (with answers).\"\n\
                 input_noun = \"Question\"\noutput_noun = \"Answer\"\n\n[[metrics]]\nset = \"exact_match\"\n\n\
                 [main_metric]\nmetric = \"exact_match\"\nsplit = \"test\"",
                quoted(&choices),
                quoted(&rule)
            );
        }
        (_, Some(answer)) => {
            let _ = writeln!(
                text,
                "[[instance.references]]\ntext = {}\n\n\
                 [[adapter]]\nlike = \"generation\"\ninput_noun = \"Question\"\noutput_noun = \"Answer\"\nmax_tokens = 100\n\n\
                 [[metrics]]\nset = \"f1\"\n\n[main_metric]\nmetric = \"f1_score\"\nsplit = \"test\"",
                quoted(&format!("{{{{ {} }}}}", access(answer)))
            );
        }
        (_, None) => text.push_str(
            "# No column looks like an answer: the model's text is kept, but not marked as right or wrong.\n\
             [[adapter]]\nlike = \"completion\"\nmax_tokens = 100\n\n[[metrics]]\nset = \"basic\"\n",
        ),
    }
    text
}

/// How the answer column picks a choice: as a number, as a letter, or by its text.
fn correct_rule(value: &Value, answer: &str) -> String {
    let answer = access(answer);
    match value {
        Value::Number(_) => format!("index == {answer}"),
        Value::String(text) if text.len() == 1 && text.as_bytes()[0].is_ascii_digit() => {
            format!("index == {answer} | int")
        }
        Value::String(text) if text.len() == 1 && text.as_bytes()[0].is_ascii_alphabetic() => {
            format!("letter == {answer}.upper()")
        }
        _ => format!("choice == {answer}"),
    }
}

/// A column in an expression: by its name where that is a name, else as an item of the row.
fn access(column: &str) -> String {
    let is_name = column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && column.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_name { column.to_owned() } else { format!("row[{}]", Value::from(column)) }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
