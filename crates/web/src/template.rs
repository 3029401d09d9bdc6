//! The templates. Whatever they print is escaped, except what [`safe`] marked as made here.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

use crate::text::escape_into;

/// A value with named parts, each made from a reference to something that can be serialised.
macro_rules! view {
    ($($key:ident => $value:expr),* $(, .. $rest:expr)? $(,)?) => {
        minijinja::context! {
            $($key => minijinja::value::Value::from(minijinja::value::Serde(&$value))),* $(, .. $rest)?
        }
    };
}
pub(crate) use view;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../templates/", $name)))),*];
    };
}

templates!(
    "base.html",
    "macros.html",
    "leaderboard.html",
    "fairness.html",
    "run.html",
    "instances.html",
    "unit.html",
    "compare.html",
    "live.html",
    "cards.html",
    "card.html",
    "models.html",
    "model.html",
    "coverage.html",
    "plots.html",
    "message.html",
);

/// All templates, ready to be rendered.
pub(crate) fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(format);
    environment.add_filter("breaks", |text: &str| safe(breaks(text)));
    environment.add_global("plot_style", crate::plot::style());
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// HTML that was made here, from escaped parts.
pub(crate) fn safe(html: String) -> Value {
    Value::from_safe_string(html)
}

/// A name that may be broken after its separators rather than anywhere; long words with underscores after these too.
fn breaks(name: &str) -> String {
    const LONG: usize = 22;
    let mut out = String::with_capacity(name.len() + 32);
    for part in name.split_inclusive([',', ':', '=', '/']) {
        if part.chars().count() > LONG {
            for word in part.split_inclusive('_') {
                escape_into(word, &mut out);
                out.push_str("<wbr>");
            }
        } else {
            escape_into(part, &mut out);
            out.push_str("<wbr>");
        }
    }
    out.truncate(out.trim_end_matches("<wbr>").len());
    out
}

/// Prints a value; none prints nothing.
fn format(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = match value.as_str() {
        _ if value.is_none() => return Ok(()),
        _ if value.is_undefined() => {
            return Err(Error::new(
                minijinja::ErrorKind::UndefinedError,
                "a template prints a value that is not there",
            ));
        }
        Some(text) if value.is_safe() => text.to_owned(),
        Some(text) => escaped(text),
        None if value.is_safe() => value.to_string(),
        None => escaped(&value.to_string()),
    };
    out.write_str(&text).map_err(Error::from)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    escape_into(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn templates_parse_and_escape() {
        let environment = environment().unwrap();
        let hostile = "<script>\u{202e}";
        let html = environment.render_str(
            "{{ a }}{{ b }}{{ c }}",
            context! { a => hostile, b => safe("<i>".into()), c => 1 },
        );
        assert_eq!(html.unwrap(), "&lt;script&gt;\u{27e8}U+202E\u{27e9}<i>1");
        let named = environment.render_str("{{ a|breaks }}", context! { a => "a=<b_c>,d" });
        assert_eq!(named.unwrap(), "a=<wbr>&lt;b_c&gt;,<wbr>d");
        assert!(environment.render_str("{{ missing }}", ()).is_err());
    }
}
