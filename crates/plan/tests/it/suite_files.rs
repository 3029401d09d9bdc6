//! Suite files in TOML, HELM files in HOCON, and what is said about mistakes in them.

use holometer_plan::{PlanError, read_conf, read_file, read_suite};

const SUITE: &str = r#"suite = "who-does-it-fail"
models = ["path:./my-model", "openai:gpt-4.1-mini"]
max_instances = 200
trials = 3
perturbations = "canonical"

[[entries]]
scenario = "bbq"
subject = ["Age", "Religion"]
max_train_instances = [0, 5]

[[entries]]
scenario = "mmlu"
subject = "*"
temperature = 0.50

[[entries]]
entry = "gsm:eval_split=test"
priority = 2
groups = ["reasoning"]
only_contrast = true
"#;

#[test]
fn lists_multiply_in_the_order_in_which_they_are_written() {
    let file = read_suite("suite.toml", SUITE).unwrap();
    assert_eq!(file.suite.as_deref(), Some("who-does-it-fail"));
    assert_eq!(file.models, ["path:./my-model", "openai:gpt-4.1-mini"]);
    assert_eq!((file.max_instances, file.trials), (Some(200), Some(3)));
    assert_eq!(file.perturbations.as_deref(), Some("canonical"));
    let shown: Vec<String> = file
        .entries
        .iter()
        .map(|entry| format!("{} {} {:?}", entry.position, entry.entry, entry.priority))
        .collect();
    assert_eq!(
        shown,
        [
            "suite.toml:7:1 bbq:subject=Age,max_train_instances=0 None",
            "suite.toml:7:1 bbq:subject=Age,max_train_instances=5 None",
            "suite.toml:7:1 bbq:subject=Religion,max_train_instances=0 None",
            "suite.toml:7:1 bbq:subject=Religion,max_train_instances=5 None",
            "suite.toml:12:1 mmlu:subject=*,temperature=0.5 None",
            "suite.toml:18:10 gsm:eval_split=test,only_contrast=true Some(2)",
        ]
    );
    assert_eq!(file.entries[5].groups, ["reasoning"]);
    let place = |key| file.entries[5].argument_position(key).to_string();
    assert_eq!(place("eval_split"), "suite.toml:18:14");
    assert_eq!(place("only_contrast"), "suite.toml:21:1");
    assert_eq!(place("added_elsewhere"), "suite.toml:18:10");
}

#[test]
fn mistakes_in_suites_have_a_place_and_a_hint() {
    for (text, expected) in [
        ("modles = []", "s.toml:1:1: unknown key `modles`\nhint: did you mean `models`?"),
        (
            "zzz = 1",
            "s.toml:1:1: unknown key `zzz`\nhint: a suite file has the keys suite, models, servers, prices, max_instances, \
             trials, perturbations, lexicon, scorers, entries",
        ),
        (
            "suite = \"a\"\nmax_instances = 0",
            "s.toml:2:17: `max_instances` is the number `0`\nhint: it takes a whole number from 1",
        ),
        (
            "models = \"a\"",
            "s.toml:1:10: `models` is the text `a`\nhint: it takes a list of texts, as in `[\"a\", \"b\"]`",
        ),
        (
            "entries = [1]",
            "s.toml:1:12: `entries` is the number `1`\nhint: it takes tables, each headed `[[entries]]`",
        ),
        (
            "[[entries]]\nsubject = \"x\"",
            "s.toml:1:1: `scenario` is missing\n\
             hint: write `scenario = \"mmlu\"`, or `entry = \"mmlu:subject=anatomy\"`",
        ),
        (
            "[[entries]]\nscenario = \"a\"\nentry = \"b\"",
            "s.toml:3:1: `scenario` and `entry` are both given\nhint: keep one of them",
        ),
        (
            "[[entries]]\nscenario = \"a\"\nx = []",
            "s.toml:3:5: `x` is an empty list\nhint: it takes at least one value; remove the key for the default",
        ),
        (
            "[[entries]]\nscenario = \"a\"\nx = \"b,c\"",
            "s.toml:3:5: `x` is `b,c`\n\
             hint: it takes values without `,`; several values are a list: `[\"a\", \"b\"]`",
        ),
        (
            "[[entries]]\nentry = \"a:x\"",
            "s.toml:2:12: `x` is not of the form `key=value`\n\
             hint: a value can't hold `,`, which separates arguments",
        ),
        (
            "[[entries]]\nentry = \"a:x=1\"\nx = 2",
            "s.toml:3:1: `x` is given twice\nhint: `entry` has it already; keep one of them",
        ),
        (
            "[[entries]]\nscenario = \"a\"\nx = 1979-05-27",
            "s.toml:3:5: `x` is a date\nhint: it takes text, a number, a truth value, or a list of these",
        ),
    ] {
        assert_eq!(read_suite("s.toml", text).unwrap_err().to_string(), expected, "{text}");
    }
    let error = read_suite("s.toml", "suite = \"a\"\nmodels = [").unwrap_err().to_string();
    assert!(error.starts_with("s.toml:2:"), "{error}");
    assert!(error.contains("\nhint: suite files are TOML"), "{error}");
}

#[test]
fn lists_that_multiply_beyond_reason_are_refused() {
    let list: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let list = list.join(",");
    let text = format!("[[entries]]\nscenario=\"a\"\nx=[{list}]\ny=[{list}]\nz=[{list}]");
    let error = read_suite("s.toml", &text).unwrap_err().to_string();
    assert!(
        error.starts_with("s.toml:5:1: the lists multiply to more than 100000 entries"),
        "{error}"
    );
}

#[test]
fn mistakes_in_helm_files_have_a_place_and_a_hint() {
    for (text, expected) in [
        (
            "entries: [\n  {description: \"mmlu:subject=a,b\"}\n]",
            "c.conf:2:33: `b` is not of the form `key=value`\n\
             hint: a value can't hold `,`, which separates arguments",
        ),
        (
            "entries: [{priority: 1}]",
            "c.conf:1:11: `description` is missing\nhint: write `description: \"name:key=value\"`",
        ),
        (
            "entries: [{description: gsm, priority: high}]",
            "c.conf:1:40: `priority` is text\nhint: it takes a whole number from 1, the most important",
        ),
        (
            "entries: [{description: gsm, priority: 1.5}]",
            "c.conf:1:40: `priority` is the number `1.5`\n\
             hint: it takes a whole number from 1, the most important",
        ),
        (
            "entries: [{description: gsm, groups: robust}]",
            "c.conf:1:38: `groups` is text\nhint: it takes a list of names, as in `groups: [\"robustness\"]`",
        ),
        (
            "entries: gsm",
            "c.conf:1:10: `entries` is text\nhint: it takes a list, as in `entries: [ ... ]`",
        ),
        (
            "entries: [{description: gsm:k=1}]",
            "c.conf:1:28: `:` can't stand here\n\
             hint: separate values with a comma or a new line, and quote text that holds `:`, `=` or `,`",
        ),
        (
            "",
            "c.conf:1:1: `entries` is missing\n\
             hint: write `entries: [{description: \"mmlu:subject=anatomy\", priority: 1}]`",
        ),
    ] {
        assert_eq!(read_conf("c.conf", text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn what_helm_ignores_is_noted() {
    let text = "version: 1\nentries: [{description: gsm, priorty: 2}]";
    let file = read_conf("c.conf", text).unwrap();
    assert_eq!(
        file.notes,
        [
            "c.conf:1:1: `version` is ignored\nhint: HELM reads entries",
            "c.conf:2:30: `priorty` is ignored\nhint: did you mean `priority`?",
        ]
    );
    assert_eq!(file.entries[0].priority, None);
}

#[test]
fn the_name_says_the_format() {
    assert_eq!(read_file("a.toml", SUITE).unwrap().entries.len(), 6);
    assert_eq!(read_file("a.CONF", "entries: [{description: gsm}]").unwrap().entries.len(), 1);
    let error = read_file("a.yaml", "").unwrap_err();
    assert!(matches!(error, PlanError::UnknownFormat { .. }));
    assert!(error.to_string().contains("hint: "), "{error}");
}
