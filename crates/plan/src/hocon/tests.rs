//! The rules of the specification that a configuration file may rely on.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Kind, Value, parse};

/// Plain JSON, for comparison.
fn json(value: &Value) -> serde_json::Value {
    match &value.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(truth) => (*truth).into(),
        Kind::Number(number) => serde_json::from_str(number).unwrap(),
        Kind::Text(text) => text.text.clone().into(),
        Kind::Array(elements) => elements.iter().map(json).collect(),
        Kind::Object(fields) => {
            let pairs = fields.iter().map(|field| (field.key.clone(), json(&field.value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}

#[track_caller]
fn reads_as(text: &str, expected: &str) {
    let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
    match parse(text) {
        Ok(value) => assert_eq!(json(&value), expected, "{text}"),
        Err(problem) => panic!("{text}: {problem:?}"),
    }
}

#[track_caller]
fn fails(text: &str, offset: usize, message: &str) {
    let problem = parse(text).expect_err(text);
    assert_eq!(problem.offset, offset, "{text}: {problem:?}");
    assert!(problem.message.contains(message), "{text}: {problem:?}");
}

#[test]
fn json_is_hocon() {
    let text = r#"{"a": [1, -2.5e3, true, false, null, "x\n\u00e9\ud83d\ude00"], "b": {"c": {}}}"#;
    reads_as(text, text);
    reads_as("[1, 2]", "[1, 2]");
    reads_as("", "{}");
}

#[test]
fn braces_commas_and_quotes_are_optional() {
    reads_as(
        "# c\na: 1 // d\nb = two words  \nc { d: 3 }",
        r#"{"a":1,"b":"two words","c":{"d":3}}"#,
    );
    reads_as("a: [1\n2\n\n3,\n4,]\n", r#"{"a":[1,2,3,4]}"#);
    reads_as("{a: 1, b: 2,}", r#"{"a":1,"b":2}"#);
    reads_as("a\n:\n1", r#"{"a":1}"#);
    reads_as("a : 10.0foo, b: 1e+5", r#"{"a":"10.0foo","b":1e5}"#);
}

#[test]
fn triple_quotes_keep_everything() {
    reads_as("a: \"\"\"x\\n\"y\n\"\"z\"\"\"\"", r#"{"a":"x\\n\"y\n\"\"z\""}"#);
}

#[test]
fn keys_have_parts() {
    reads_as("a.b.c: 1\na.b.d: 2", r#"{"a":{"b":{"c":1,"d":2}}}"#);
    reads_as("\"a.b\".c: 1", r#"{"a.b":{"c":1}}"#);
    reads_as("a b . c: 1", r#"{"a b":{"c":1}}"#);
    reads_as("1.5: x", r#"{"1":{"5":"x"}}"#);
}

#[test]
fn later_definitions_win_and_objects_merge() {
    reads_as("a: 1\na: 2", r#"{"a":2}"#);
    reads_as("a: {x: 1}\na: {y: 2}", r#"{"a":{"x":1,"y":2}}"#);
    reads_as("a: {x: 1}\na: 3\na: {y: 2}", r#"{"a":{"y":2}}"#);
    reads_as("a: {x: 1} {y: 2}", r#"{"a":{"x":1,"y":2}}"#);
    reads_as("[{a: 1} {b: 2}]", r#"[{"a":1,"b":2}]"#);
    reads_as("a: [1] [2]\na += 3", r#"{"a":[1,2,3]}"#);
    reads_as("a += 1", r#"{"a":[1]}"#);
}

#[test]
fn substitutions_look_through_the_file() {
    reads_as("a: 1, b: ${a}, c: ${d.e}\nd: {e: [1]}", r#"{"a":1,"b":1,"c":[1],"d":{"e":[1]}}"#);
    reads_as("a: x, b: \"<\"${a} y${?z}\">\"", r#"{"a":"x","b":"<x y>"}"#);
    reads_as("a: ${?none}, b: [${?none}, 1]", r#"{"b":[1]}"#);
    reads_as("p: {x: 1}, q: ${p} {y: 2}", r#"{"p":{"x":1},"q":{"x":1,"y":2}}"#);
    reads_as("path: a\npath: ${path}\":b\"", r#"{"path":"a:b"}"#);
    reads_as("a: {x: 1, y: ${a.x}}", r#"{"a":{"x":1,"y":1}}"#);
    reads_as("a: {x: 1}, b: ${a}, a: {x: 2}", r#"{"a":{"x":2},"b":{"x":2}}"#);
    reads_as("a: ${b}, b: {c: 1}, a: {d: ${a.c}}", r#"{"a":{"c":1,"d":1},"b":{"c":1}}"#);
    reads_as("a: ${none}\na: 1", r#"{"a":1}"#);
}

#[test]
fn repeated_appending_takes_no_exponential_time() {
    let text = "a += 1\n".repeat(60);
    let value = json(&parse(&text).unwrap());
    assert_eq!(value["a"].as_array().unwrap().len(), 60);
}

#[test]
fn problems_have_places() {
    fails("a: ${b}", 3, "`b` is not defined");
    fails("a: ${b}\nb: ${a}", 11, "refers to itself");
    fails("a: [1, 2", 3, "doesn't end");
    fails("a: \"x\nb: 1", 3, "doesn't end");
    fails("a: {b: 1", 3, "doesn't end");
    fails("description: mmlu:subject=x", 17, "`:` can't stand here");
    fails("a: 1 2, , b: 3", 8, "a key is missing");
    fails("a: \"\\q\"", 4, "escape");
    fails("include \"other.conf\"", 0, "include");
    fails("a: [1] x", 3, "beside one of its kind");
    fails("a: 1 }", 5, "can't stand here");
    fails("{a: 1} b", 7, "after the end");
    fails("a", 1, "has no value");
    fails("a:", 2, "value is missing");
    fails(&"[".repeat(100_000), 33, "too deep");
}

#[test]
fn growth_is_bounded() {
    let mut text = String::from("a0: [1,2,3,4,5,6,7,8,9,10]\n");
    for index in 1..20 {
        let before = index - 1;
        let _ = writeln!(text, "a{index}: ${{a{before}}} ${{a{before}}} ${{a{before}}}");
    }
    assert!(parse(&text).unwrap_err().message.contains("too much"));
}

proptest! {
    /// Any text is read or refused; never a panic.
    #[test]
    fn never_panics(text in "[a-c{}\\[\\]:=,+\"#/$?. \\n\\\\u0é]{0,60}") {
        let _ = parse(&text);
    }

    /// Every JSON text means the same as in JSON.
    #[test]
    fn agrees_with_json(value in json_value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(json(&parse(&text).unwrap()), value);
    }
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::btree_map("[^\"\\\\]{1,6}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[a-z.$ ]{0,6}", tree, 0..4)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}
