//! Servers that a suite file describes, so that its models need no registry.
//!
//! ```toml
//! models = ["lab:llama-3-8b"]
//!
//! [[servers]]
//! name = "lab"
//! base_url = "http://gpu-7:8000/v1"
//! key_env = "LAB_KEY"        # the variable that holds the key, if the server wants one
//! window = 8192              # if the server doesn't say
//! input_price = 0.2          # US dollars per million tokens, both or neither
//! output_price = 0.6
//!
//! [[prices]]                 # for a vendor's model that its list lacks, or has at another price
//! model = "openai:gpt-4.1"
//! input_price = 2.0
//! output_price = 8.0
//! ```

use serde::Serialize;
use toml::Spanned;
use toml::de::DeValue;

use super::toml_suite::{count, in_order, text_of, wrong_kind};
use crate::error::PlanError;
use crate::nearest::{did_you_mean, nearest};
use crate::position::Source;

const KEYS: [&str; 7] =
    ["name", "base_url", "key_env", "window", "begin_text", "input_price", "output_price"];

/// A server that speaks OpenAI's format.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServerEntry {
    /// What stands before the colon in its models' specs.
    pub name: String,
    /// Where its calls go.
    pub base_url: String,
    /// The variable that holds its key.
    pub key_env: Option<String>,
    /// Its models' context window, in tokens.
    pub window: Option<usize>,
    /// The text of the token that begins every text.
    pub begin_text: Option<String>,
    /// US dollars per million prompt tokens and per million tokens written.
    pub price: Option<(f64, f64)>,
}

/// A model's price, where the user knows better than the vendor's list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PriceEntry {
    /// The model's spec.
    pub model: String,
    /// US dollars per million prompt tokens and per million tokens written.
    pub price: (f64, f64),
}

/// The prices of a suite file.
pub(super) fn prices(
    source: &Source<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<PriceEntry>, PlanError> {
    const EXPECTED: &str = "tables, each headed `[[prices]]`";
    const PRICE_KEYS: [&str; 3] = ["model", "input_price", "output_price"];
    let DeValue::Array(tables) = value.get_ref() else {
        return Err(wrong_kind(source, "prices", value, EXPECTED));
    };
    let mut entries = Vec::new();
    for table in tables {
        let DeValue::Table(pairs) = table.get_ref() else {
            return Err(wrong_kind(source, "prices", table, EXPECTED));
        };
        let (mut model, mut input, mut output) = (None, None, None);
        for (key, at, value) in in_order(pairs) {
            match key {
                "model" => model = Some(text_of(source, key, value)?),
                "input_price" => input = Some(price(source, key, value)?),
                "output_price" => output = Some(price(source, key, value)?),
                _ => {
                    let otherwise = format!("a price has the keys {}", PRICE_KEYS.join(", "));
                    return Err(PlanError::UnknownKey {
                        position: source.position(at.start),
                        key: key.to_owned(),
                        hint: did_you_mean(&nearest(key, PRICE_KEYS), &otherwise),
                    });
                }
            }
        }
        let (Some(model), Some(input), Some(output)) = (model, input, output) else {
            return Err(PlanError::Missing {
                position: source.position(table.span().start),
                key: "model",
                hint: "a price needs `model`, `input_price` and `output_price`".to_owned(),
            });
        };
        entries.push(PriceEntry { model, price: (input, output) });
    }
    Ok(entries)
}

/// The servers of a suite file.
pub(super) fn servers(
    source: &Source<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<ServerEntry>, PlanError> {
    let expected = "tables, each headed `[[servers]]`";
    let DeValue::Array(tables) = value.get_ref() else {
        return Err(wrong_kind(source, "servers", value, expected));
    };
    tables.iter().map(|table| server(source, table, expected)).collect()
}

fn server(
    source: &Source<'_>,
    table: &Spanned<DeValue<'_>>,
    expected: &'static str,
) -> Result<ServerEntry, PlanError> {
    let DeValue::Table(pairs) = table.get_ref() else {
        return Err(wrong_kind(source, "servers", table, expected));
    };
    let position = source.position(table.span().start);
    let mut server = ServerEntry::default();
    let (mut input, mut output) = (None, None);
    for (key, at, value) in in_order(pairs) {
        match key {
            "name" => server.name = text_of(source, key, value)?,
            "base_url" => server.base_url = text_of(source, key, value)?,
            "key_env" => server.key_env = Some(text_of(source, key, value)?),
            "window" => server.window = Some(count(source, key, value)?),
            "begin_text" => server.begin_text = Some(text_of(source, key, value)?),
            "input_price" => input = Some(price(source, key, value)?),
            "output_price" => output = Some(price(source, key, value)?),
            _ => {
                let otherwise = format!("a server has the keys {}", KEYS.join(", "));
                return Err(PlanError::UnknownKey {
                    position: source.position(at.start),
                    key: key.to_owned(),
                    hint: did_you_mean(&nearest(key, KEYS), &otherwise),
                });
            }
        }
    }
    for (key, given) in [("name", &server.name), ("base_url", &server.base_url)] {
        if given.is_empty() {
            let hint = "a server needs a `name` and a `base_url`".to_owned();
            return Err(PlanError::Missing { position, key, hint });
        }
    }
    let is_name = |name: &str| {
        name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    if !is_name(&server.name) {
        return Err(PlanError::Syntax {
            position,
            message: format!("`{}` is no name for a server", server.name),
            hint: "use at least two letters, digits, `_` or `-`".to_owned(),
        });
    }
    server.price = match (input, output) {
        (Some(input), Some(output)) => Some((input, output)),
        (None, None) => None,
        _ => {
            return Err(PlanError::Syntax {
                position,
                message: "`input_price` and `output_price` go together".to_owned(),
                hint: "give both, in US dollars per million tokens, or neither".to_owned(),
            });
        }
    };
    Ok(server)
}

/// A number of US dollars, 0 or more.
fn price(source: &Source<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Result<f64, PlanError> {
    let number = match value.get_ref() {
        DeValue::Integer(number) => number.as_str().parse::<f64>().ok(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    number
        .filter(|number| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| wrong_kind(source, key, value, "a number of US dollars, 0 or more"))
}

#[cfg(test)]
mod tests {
    use crate::suite::read_suite;

    fn read(servers: &str) -> Result<super::ServerEntry, String> {
        let text = format!("suite = \"s\"\n\n[[servers]]\n{servers}\n");
        let file = read_suite("s.toml", &text).map_err(|error| error.to_string())?;
        Ok(file.servers[0].clone())
    }

    #[test]
    fn a_server_is_read_with_its_price() {
        let server = read(
            "name = \"lab\"\nbase_url = \"http://gpu-7:8000/v1\"\nkey_env = \"LAB_KEY\"\nwindow = 8192\ninput_price = 0\noutput_price = 0.6",
        )
        .unwrap();
        assert_eq!(server.name, "lab");
        assert_eq!(server.key_env.as_deref(), Some("LAB_KEY"));
        assert_eq!((server.window, server.price), (Some(8192), Some((0.0, 0.6))));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, said) in [
            ("name = \"lab\"", "base_url"),
            ("name = \"a b\"\nbase_url = \"http://h/v1\"", "`a b`"),
            ("name = \"lab\"\nbase_url = \"http://h/v1\"\ninput_price = 1", "output_price"),
            ("name = \"lab\"\nbase_url = \"http://h/v1\"\nkey = \"sk\"", "key_env"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said) && error.contains("s.toml:"), "{error}");
        }
    }
}
