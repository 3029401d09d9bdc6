//! The JSON Schema of scenario files, for editors: made from the definitions and kept in `docs/scenario.schema.json`.
//!
//! The domain's own types don't know of schemas, so their parts of the format are described here again; a test holds the
//! two together.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::definition::{Definition, Text};

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// A paper.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Citation {
    /// The title.
    title: String,
    /// Where to read it.
    url: String,
}

/// Where the data comes from, for people.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Source {
    /// A repository, hub dataset or page.
    location: String,
    /// The pinned revision, where there is one.
    revision: Option<String>,
    /// Bytes to download.
    bytes: Option<u64>,
    /// How to obtain it when it can't simply be downloaded.
    how_to_obtain: Option<String>,
}

/// A licence and what it asks.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Licence {
    /// SPDX identifier where there is one, else the licence's name.
    id: String,
    /// Conditions worth knowing.
    note: Option<String>,
}

/// The number a scenario is known for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct MainMetric {
    /// The metric.
    metric: String,
    /// The split it is read on; absent: valid and test pooled.
    split: Option<Split>,
}

/// What a run entry can set.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Parameter {
    /// Its name in a run entry.
    name: String,
    /// What it means.
    #[schemars(default)]
    description: String,
    /// The kind of its values.
    #[schemars(default)]
    kind: ValueKind,
    /// Every value of a choice.
    #[schemars(default)]
    values: Vec<String>,
    /// Other spellings that are accepted, as (spelling, value).
    #[schemars(default)]
    aliases: Vec<(String, String)>,
    /// The value when none is given; absent: it must be given.
    default: Option<String>,
}

/// What kind of value a parameter takes.
#[derive(Default, JsonSchema, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum ValueKind {
    /// One of the listed values.
    #[default]
    Choice,
    /// Any text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
}

/// Which part of a dataset an instance belongs to.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum Split {
    /// Few-shot examples.
    Train,
    /// Evaluated.
    Valid,
    /// Evaluated.
    Test,
}

/// How instances become requests.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) enum Method {
    /// The model writes an answer.
    Generation,
    /// The text itself is scored.
    LanguageModeling,
    /// All choices are shown with letters; the model writes a letter.
    MultipleChoiceJoint,
    /// As joint, with reasoning before the letter.
    MultipleChoiceJointChainOfThought,
    /// Every choice is scored as a continuation of the question.
    MultipleChoiceSeparateOriginal,
    /// As separate, divided by the choice's probability without the question.
    MultipleChoiceSeparateCalibrated,
    /// Each candidate passage is judged yes or no; the answers rank them.
    RankingBinary,
    /// The scenario's own messages are sent as they are.
    Chat,
}

mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use holometer_core::card;
    use serde_json::Value;

    use super::Definition;

    fn schema() -> Value {
        let mut schema = schemars::schema_for!(Definition).to_value();
        schema["title"] = "A scenario of Holometer".into();
        schema
    }

    /// The file that editors use is the one that the definitions give. `HOLOMETER_UPDATE=1` writes it.
    #[test]
    fn the_published_schema_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenario.schema.json");
        let text = serde_json::to_string_pretty(&schema()).expect("JSON") + "\n";
        if std::env::var_os("HOLOMETER_UPDATE").is_some() {
            std::fs::write(&path, &text).expect("the file can be written");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == text,
            "docs/scenario.schema.json is out of date: run this test with HOLOMETER_UPDATE=1"
        );
    }

    fn keys(value: &Value) -> BTreeSet<&str> {
        value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    /// What is described here again has the fields of the types themselves.
    #[test]
    fn the_domains_types_have_the_described_fields() {
        let schema = schema();
        let described = |name: &str| keys(&schema["$defs"][name]["properties"]);
        let of = |value: Value| value;
        let source = of(serde_json::to_value(card::SourceCard::default()).expect("JSON"));
        let licence = of(serde_json::to_value(card::Licence::default()).expect("JSON"));
        let paper = of(serde_json::to_value(card::Citation::default()).expect("JSON"));
        let metric = of(serde_json::to_value(card::MainMetric::default()).expect("JSON"));
        let parameter = of(serde_json::to_value(card::Parameter::default()).expect("JSON"));
        assert_eq!(described("Source"), keys(&source));
        assert_eq!(described("Licence"), keys(&licence));
        assert_eq!(described("Citation"), keys(&paper));
        assert_eq!(described("MainMetric"), keys(&metric));
        assert_eq!(described("Parameter"), keys(&parameter));
        let methods = schema["$defs"]["Method"]["oneOf"].as_array().map_or(0, Vec::len);
        assert_eq!(methods, holometer_core::Method::ALL.len());
    }

    /// Every table of the format takes exactly the keys that the schema lists: asked for a key that it can't know, the reader
    /// names all that it knows.
    #[test]
    fn the_reader_knows_the_keys_of_the_schema_and_no_others() {
        let schema = schema();
        let file = "[[data.files]]\n";
        let tables = [
            ("", String::new()),
            ("Data", "[data]\n".to_owned()),
            ("FileDef", file.to_owned()),
            ("HubFileDef", format!("{file}[data.files.hub]\n")),
            ("HubParquetDef", format!("{file}[data.files.hub_parquet]\n")),
            ("PackageDef", format!("{file}[data.files.package]\n")),
            ("Draw", format!("{file}[data.files.rows]\n")),
            ("Each", "[data.repeat]\n".to_owned()),
            ("InstanceDef", "[instance]\n".to_owned()),
            ("MessagesDef", "[instance.messages]\n".to_owned()),
            ("ReferenceDef", "[[instance.references]]\n".to_owned()),
            ("Arrange", "[[arrange]]\n".to_owned()),
            ("Shuffle", "[[arrange]]\n[arrange.shuffle]\n".to_owned()),
            ("SplitRange", "[[arrange]]\n[[arrange.splits]]\n".to_owned()),
            ("AdapterDef", "[[adapter]]\n".to_owned()),
            ("MetricDef", "[[metrics]]\n".to_owned()),
        ];
        for (name, table) in tables {
            let described = if name.is_empty() { &schema } else { &schema["$defs"][name] };
            assert_eq!(described["additionalProperties"], false, "{name}");
            let error = toml::from_str::<Definition>(&format!("{table}no_such_key = 1\n"));
            let message = error.expect_err("the key is unknown").message().to_owned();
            let (_, known) = message.split_once("expected ").expect("the known keys");
            let known: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
            assert_eq!(known, keys(&described["properties"]), "{name}: {message}");
        }
    }

    /// Every key that a built-in scenario uses is in the schema.
    #[test]
    fn the_schema_knows_the_keys_of_every_scenario() {
        let schema = schema();
        let mut unknown = Vec::new();
        for (name, text) in crate::defs::DEFS {
            let file: toml::Table = toml::from_str(text).expect("a scenario file is TOML");
            let file = serde_json::to_value(file).expect("JSON");
            check(&schema, &schema, &file, name, &mut unknown);
        }
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    /// Follows the properties, lists and references of a schema along a document.
    fn check(root: &Value, part: &Value, document: &Value, at: &str, unknown: &mut Vec<String>) {
        if let Some(reference) = part["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return check(root, &root["$defs"][name], document, at, unknown);
        }
        for option in part["anyOf"].as_array().into_iter().flatten() {
            if option["type"] != "null" {
                check(root, option, document, at, unknown);
            }
        }
        match document {
            Value::Array(entries) => {
                for entry in entries {
                    check(root, &part["items"], entry, at, unknown);
                }
            }
            Value::Object(object) if part["properties"].is_object() => {
                for (key, value) in object {
                    let inner = &part["properties"][key];
                    if inner.is_null() {
                        unknown.push(format!("{at}: {key}"));
                    }
                    check(root, inner, value, &format!("{at}.{key}"), unknown);
                }
            }
            _ => {}
        }
    }
}
