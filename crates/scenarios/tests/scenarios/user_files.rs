//! A user's own scenario files: over JSON Lines and CSV, their faults, and the scaffold.

use std::path::Path;

use holometer_core::{Method, ScenarioCatalogue, ScenarioName, ScenarioSpec};
use holometer_data::Silent;
use holometer_scenarios::{Catalogue, ScenarioError, check, scaffold};

use crate::common::{args, library};

const QUESTIONS: &str = "{\"question\": \"2+2?\", \"choices\": [\"3\", \"4\"], \"label\": 1, \"about\": \"f\"}\n\
                         {\"question\": \"1+1?\", \"choices\": [\"2\", \"5\"], \"label\": 0, \"about\": \"m\"}\n";

const SCENARIO: &str = r#"
name = "sums"
summary = "Sums"
run_groups = ["sums"]

[[parameters]]
name = "style"
description = "How it is asked."
values = ["plain", "loud"]
default = "plain"

[data]
format = "jsonl"

[[data.files]]
split = "test"
path = "questions.jsonl"

[instance]
input = "{{ question.upper() if style == 'loud' else question }}"
groups = ["gender={{ about | label }}"]
labels = { f = "female", m = "male" }

[[instance.references]]
each = "choices"
correct = "index == label"

[[adapter]]
like = "multiple_choice"
input_noun = "Question"
output_noun = "Answer"

[[metrics]]
set = "exact_match"
"#;

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn problems(text: &str, path: &Path) -> Vec<(usize, usize, String, String)> {
    let found = check(text, path).problems;
    found.into_iter().map(|p| (p.line, p.column, p.message, p.hint)).collect()
}

#[test]
fn a_file_becomes_a_scenario() {
    let folder = folder_with(&[("questions.jsonl", QUESTIONS), ("sums.toml", SCENARIO)]);
    let mut catalogue = Catalogue::builtin();
    assert_eq!(catalogue.add_file(&folder.path().join("sums.toml")).unwrap(), "sums");
    assert!(catalogue.names().contains(&"sums".to_owned()));
    let spec = ScenarioSpec { name: ScenarioName::from("sums"), args: args(&[("style", "loud")]) };
    let made = catalogue.instances(&spec, &library(&[]), &Silent).unwrap();
    assert_eq!(made.len(), 2);
    assert_eq!(made[0].id.as_str(), "id0");
    assert_eq!(made[0].input.text, "2+2?");
    assert!(!made[0].references[0].is_correct() && made[0].references[1].is_correct());
    assert_eq!(made[1].groups, ["gender=male"]);
    let draft = catalogue.draft("sums", &args(&[])).unwrap();
    assert_eq!(draft.name.as_str(), "sums:style=plain");
    assert_eq!(draft.adapter.method, Method::MultipleChoiceJoint);
    let again = catalogue.add_file(&folder.path().join("sums.toml"));
    assert!(matches!(again, Err(ScenarioError::Taken { .. })));
}

#[test]
fn a_good_file_is_shown_with_an_example() {
    let folder = folder_with(&[("questions.jsonl", QUESTIONS)]);
    let checked = check(SCENARIO, &folder.path().join("sums.toml"));
    assert_eq!(checked.problems, []);
    assert_eq!(checked.examples[0].input.text, "2+2?");
    assert!(checked.draft.is_some());
}

#[test]
fn faults_have_places_and_hints() {
    let folder = folder_with(&[("questions.jsonl", QUESTIONS)]);
    let path = folder.path().join("sums.toml");
    let wrong_key = SCENARIO.replace("run_groups", "run_group");
    let found = problems(&wrong_key, &path);
    assert_eq!((found[0].0, found[0].1), (4, 1));
    assert!(found[0].3.contains("`run_groups`"), "{found:?}");

    let wrong_column = SCENARIO.replace("else question", "else quetsion");
    let found = problems(&wrong_column, &path);
    assert_eq!(found[0].0, 20);
    assert!(found[0].2.contains("quetsion"), "{found:?}");
    assert!(found[0].3.contains("question"), "the hint names the columns: {found:?}");

    let wrong_template = SCENARIO.replace("about | label }}", "about | labl }}");
    let found = problems(&wrong_template, &path);
    assert_eq!(found[0].0, 21, "{found:?}");

    let no_rule = SCENARIO.replace("correct = \"index == label\"\n", "");
    let found = problems(&no_rule, &path);
    assert_eq!(found[0].0, 25, "{found:?}");

    let no_file = SCENARIO.replace("questions.jsonl", "missing.jsonl");
    let found = problems(&no_file, &path);
    assert!(found[0].2.contains("missing.jsonl"), "{found:?}");

    let broken = SCENARIO.replace("[data]", "[data");
    assert_eq!(problems(&broken, &path)[0].0, 12);
}

#[test]
fn a_csv_row_that_fails_is_named() {
    let scenario = SCENARIO
        .replace("format = \"jsonl\"", "format = \"csv\"")
        .replace("questions.jsonl", "questions.csv")
        .replace("each = \"choices\"", "each = \"choices.split('|')\"")
        .replace("index == label", "index == label | int");
    let rows = "question,choices,label,about\n2+2?,3|4,1,f\n1+1?,2|5,0,x\n";
    let folder = folder_with(&[("questions.csv", rows), ("sums.toml", &scenario)]);
    let mut catalogue = Catalogue::builtin();
    catalogue.add_file(&folder.path().join("sums.toml")).unwrap();
    let spec = ScenarioSpec { name: ScenarioName::from("sums"), args: args(&[]) };
    let error = catalogue.instances(&spec, &library(&[]), &Silent).unwrap_err().to_string();
    assert!(error.contains("row 2") && error.contains("no label is given for `x`"), "{error}");
}

#[test]
fn scaffolds_pass_their_own_check() {
    let jsonl = folder_with(&[("data.jsonl", QUESTIONS)]);
    let csv = folder_with(&[("data.csv", "prompt,A,B,C,D,answer\nWhich?,w,x,y,z,B\n")]);
    let free = folder_with(&[("data.json", "[{\"text\": \"Say it.\", \"target\": \"It.\"}]")]);
    let bare = folder_with(&[("data.tsv", "sentence\tsource\nA thing.\tweb\n")]);
    for (folder, data, right) in [
        (&jsonl, "data.jsonl", Some("4")),
        (&csv, "data.csv", Some("x")),
        (&free, "data.json", Some("It.")),
        (&bare, "data.tsv", None),
    ] {
        let path = folder.path().join("mine.toml");
        let text = scaffold(&path, &folder.path().join(data)).unwrap();
        let checked = check(&text, &path);
        assert_eq!(checked.problems, [], "{text}");
        let first = &checked.examples[0];
        assert_eq!(
            first.first_correct_reference().map(|r| r.output.text.as_str()),
            right,
            "{text}"
        );
    }
}

#[test]
fn arguments_are_checked_with_hints() {
    let catalogue = Catalogue::builtin();
    let draft = |name: &str, pairs: &[(&str, &str)]| catalogue.draft(name, &args(pairs));
    let error = draft("mmlu", &[("subject", "not_a_subject")]).unwrap_err();
    assert!(error.contains("`not_a_subject`") && error.contains("hint:"), "{error}");
    let error = draft("mmlu", &[("subject", "anatmy")]).unwrap_err();
    assert!(error.contains("`anatomy`"), "{error}");
    let error = draft("mmlu", &[]).unwrap_err();
    assert!(error.contains("needs `subject`"), "{error}");
    let error = draft("mmlu", &[("subjct", "anatomy")]).unwrap_err();
    assert!(error.contains("did you mean `subject`"), "{error}");
    let error = draft("mlmu", &[]).unwrap_err();
    assert!(error.contains("did you mean `mmlu`"), "{error}");
    let error = draft("flores", &[]).unwrap_err();
    assert!(error.contains("HELM has it"), "{error}");
    let spec = draft("bbq", &[("subject", "age")]).unwrap();
    assert_eq!(spec.name.as_str(), "bbq:subject=Age,method=multiple_choice_joint");
}

#[test]
fn a_member_of_an_archive_can_be_named_by_its_end() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/upstream/archives/questions.tar.gz");
    let text = format!(
        "[data]\nformat = \"csv\"\n[[data.files]]\npath = {:?}\nmember = \"*train.csv\"\n[instance]\ninput = \"{{{{ question }}}}\"\n\
         [[instance.references]]\ntext = \"{{{{ answer }}}}\"\n",
        archive.display().to_string()
    );
    let checked = check(&text, &archive.with_file_name("mine.toml"));
    assert_eq!(checked.problems, []);
    assert_eq!(checked.examples[0].input.text, "Which?");
}

/// A scenario that would ask nothing is told so before it is run.
#[test]
fn a_file_without_questions_is_a_problem() {
    let scenario = |split: &str, data: &str| {
        format!(
            "name = \"x\"\n[data]\nformat = \"csv\"\n[[data.files]]\nsplit = \"{split}\"\npath = \"{data}\"\n[instance]\ninput = \"{{{{ q }}}}\"\n\
             [[adapter]]\nlike = \"generation\"\n"
        )
    };
    let folder = folder_with(&[
        ("empty.csv", ""),
        ("header.csv", "q,a\n"),
        ("bom.csv", "\u{feff}q,a\r\nWhat?,x\r\n"),
        ("other.parquet", "q,a\n"),
    ]);
    let path = folder.path().join("x.toml");
    for data in ["empty.csv", "header.csv"] {
        let found = problems(&scenario("test", data), &path);
        assert!(found[0].2.contains("no row becomes a question"), "{data}: {found:?}");
        assert_eq!(found[0].0, 2);
    }
    let found = problems(&scenario("train", "bom.csv"), &path);
    assert!(found[0].2.contains("none is asked"), "{found:?}");
    assert!(found[0].3.contains("split = \"test\""), "{found:?}");
    let checked = check(&scenario("test", "bom.csv"), &path);
    assert_eq!(checked.problems, []);
    assert_eq!(checked.examples[0].input.text, "What?");
    let text = scenario("test", "other.parquet").replace("\"csv\"", "\"parquet\"");
    let found = problems(&text, &path);
    assert!(found[0].2.contains("is damaged or not what it claims to be"), "{found:?}");
}
