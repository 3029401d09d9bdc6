//! The grammar of run entries: HELM's reading, round trips, and messages with places.

use holometer_core::{ArgValue, Args, RunEntry};
use holometer_plan::{EntryProblem, SourcedEntry, parse_entry};
use proptest::prelude::*;

fn args(text: &str) -> Vec<(String, ArgValue)> {
    parse_entry(text).unwrap().entry.args.0
}

#[test]
fn values_are_read_as_helm_reads_them() {
    let expected = [
        ("a", ArgValue::Int(5)),
        ("b", ArgValue::Float(0.5)),
        ("c", ArgValue::Text("x=y:z".into())),
        ("d", ArgValue::Text(String::new())),
        ("e", ArgValue::Float(1e-5)),
        ("f", ArgValue::Int(-7)),
        ("g", ArgValue::Text("5x".into())),
    ];
    let read = args("n:a=5,b=0.5,c=x=y:z,d=,e=1e-5,f=-7,g=5x");
    assert_eq!(read, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(args("gsm"), []);
    assert_eq!(args("mmlu: subject =anatomy, k=5")[1].0, "k");
    assert_eq!(args("gsm:stop=none,stop=none").len(), 1);
}

/// What CPython 3.11 prints for the same numbers.
#[test]
fn numbers_print_as_python_prints_them() {
    for (text, python) in [
        ("1e16", "1e+16"),
        ("1e-5", "1e-05"),
        ("0.00010", "0.0001"),
        ("123456789012345680.0", "1.2345678901234568e+17"),
        ("5e-324", "5e-324"),
        ("100.", "100.0"),
        ("-0.0", "-0.0"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("-0.00000025", "-2.5e-07"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("1e999", "1e999"),
        ("+5", "5"),
    ] {
        assert_eq!(ArgValue::parse(text).to_string(), python, "{text}");
    }
}

#[test]
fn problems_are_told_with_their_place() {
    let shown = |text| SourcedEntry::from_flag(text).unwrap_err().to_string();
    for (text, expected) in [
        (
            "",
            "--entry:1:1: a run entry begins with a scenario's name\nhint: write `name:key=value,key=value`",
        ),
        (
            "gsm,data_augmentation=lower:model=x",
            "--entry:1:4: `gsm,data_augmentation=lower` is not a scenario's name\n\
             hint: the arguments follow the first `:`, as in `gsm:key=value`",
        ),
        (
            "mmlu:",
            "--entry:1:6: an argument is missing\n\
             hint: write `key=value` here, or remove the separator before it",
        ),
        (
            "mmlü:a=1, b",
            "--entry:1:11: `b` is not of the form `key=value`\n\
             hint: a value can't hold `,`, which separates arguments",
        ),
        ("mmlu:=1", "--entry:1:6: `=1` has no key\nhint: write `key=value`"),
        (
            "mmlu:a=1,a=2",
            "--entry:1:10: `a` is given twice with different values\n\
             hint: keep one of them; in a TOML suite a list runs every value",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    assert_eq!(parse_entry(":a=1").unwrap_err().problem, EntryProblem::NoName);
}

fn entry() -> impl Strategy<Value = RunEntry> {
    let value = prop_oneof![
        any::<i64>().prop_map(ArgValue::Int),
        proptest::num::f64::NORMAL.prop_map(ArgValue::Float),
        "[^,]{0,12}".prop_map(|text| ArgValue::parse(&text)),
    ];
    let args = proptest::collection::btree_map("[a-z_][a-z_.0-9-]{0,8}", value, 0..5);
    ("[a-z_][a-z0-9_.]{0,10}", args)
        .prop_map(|(name, args)| RunEntry { name, args: Args(args.into_iter().collect()) })
}

proptest! {
    /// What was printed reads the same.
    #[test]
    fn round_trip(entry in entry()) {
        let shown = entry.to_string();
        let read = parse_entry(&shown).unwrap();
        prop_assert_eq!(&read.entry, &entry, "{}", shown);
        for (offset, (key, _)) in read.offsets.iter().zip(&entry.args.0) {
            prop_assert!(shown[*offset..].starts_with(key.as_str()));
        }
    }

    /// Any text is read or refused, at a place within it, and what is read prints and reads the same.
    #[test]
    fn never_panics(text in "[a-c:=, 0-9.e+\\-é\"]{0,30}") {
        match parse_entry(&text) {
            Ok(read) => {
                let again = parse_entry(&read.entry.to_string()).unwrap();
                prop_assert_eq!(again.entry, read.entry);
            }
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.offset));
                prop_assert!(SourcedEntry::from_flag(&text).is_err());
            }
        }
    }
}
