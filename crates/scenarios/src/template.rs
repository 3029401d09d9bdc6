//! Templates and expressions: MiniJinja, with Python's string methods and a few filters that datasets need.
//!
//! Output is never escaped, a name that does not exist is an error, and a file's last newline is kept.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Expression, State, Template, UndefinedBehavior};

use crate::definition::Text;
use crate::{python_literal, python_methods};

/// The names that a template sees.
pub(crate) type Scope = BTreeMap<String, Value>;

/// The one environment, in which nothing can read files.
fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .keep_trailing_newline(true)
                .build()
                .expect("the usual delimiters are valid"),
        );
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_unknown_method_callback(python_methods::call);
        environment.add_filter("label", label);
        environment.add_filter("python", |value: Value| python_text(&value));
        environment.add_test("blank", |text: String| text.trim().is_empty());
        environment.add_filter("flatten", flatten);
        environment.add_filter("ord", |text: String| text.chars().next().map(u32::from));
        environment.add_filter("regex_replace", regex_replace);
        environment.add_filter("regex_find", regex_find);
        environment.add_filter("literal", literal);
        environment.add_filter("descendants", descendants);
        environment.add_filter("words", words);
        environment
    })
}

/// A template that failed, with its place in the scenario file.
#[derive(Clone, Debug)]
pub(crate) struct TemplateError {
    /// Byte offset of the template's text in the file.
    pub(crate) offset: usize,
    /// Lines below the text's first line.
    pub(crate) line: usize,
    /// What went wrong.
    pub(crate) message: String,
}

impl TemplateError {
    fn new(text: &Text, error: &Error) -> Self {
        let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        if error.kind() == ErrorKind::UndefinedError && error.detail().is_none() {
            "a name or key that does not exist is used".clone_into(&mut message);
        }
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        Self {
            offset: text.span().start,
            line: error.line().map_or(0, |line| line.saturating_sub(1)),
            message: format!("`{}`: {message}", shortened(text.as_ref())),
        }
    }

    /// A failure that is not the template engine's.
    pub(crate) fn say(text: &Text, message: impl Into<String>) -> Self {
        Self { offset: text.span().start, line: 0, message: message.into() }
    }
}

/// A compiled template.
pub(crate) struct CompiledTemplate<'a> {
    text: &'a Text,
    template: Template<'a, 'a>,
}

/// Compiles a template.
pub(crate) fn template(text: &Text) -> Result<CompiledTemplate<'_>, TemplateError> {
    let template = environment()
        .template_from_str(text.as_ref())
        .map_err(|error| TemplateError::new(text, &error))?;
    Ok(CompiledTemplate { text, template })
}

impl CompiledTemplate<'_> {
    /// The text it gives.
    pub(crate) fn render(&self, scope: &Value) -> Result<String, TemplateError> {
        self.template.render(scope.clone()).map_err(|error| TemplateError::new(self.text, &error))
    }
}

/// A compiled expression.
pub(crate) struct CompiledExpression<'a> {
    text: &'a Text,
    expression: Expression<'a, 'a>,
}

/// Compiles an expression.
pub(crate) fn expression(text: &Text) -> Result<CompiledExpression<'_>, TemplateError> {
    let expression = environment()
        .compile_expression(text.as_ref())
        .map_err(|error| TemplateError::new(text, &error))?;
    Ok(CompiledExpression { text, expression })
}

impl CompiledExpression<'_> {
    /// Its value.
    pub(crate) fn eval(&self, scope: &Value) -> Result<Value, TemplateError> {
        let value = self
            .expression
            .eval(scope.clone())
            .map_err(|error| TemplateError::new(self.text, &error))?;
        if value.is_undefined() {
            return Err(TemplateError::say(
                self.text,
                format!("`{}` does not exist", shortened(self.text.as_ref())),
            ));
        }
        Ok(value)
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, scope: &Value) -> Result<bool, TemplateError> {
        self.eval(scope).map(|value| value.is_true())
    }

    /// Its entries, when it is a list.
    pub(crate) fn list(&self, scope: &Value) -> Result<Vec<Value>, TemplateError> {
        let value = self.eval(scope)?;
        let iterable = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
        if !iterable {
            let found = value.kind();
            let text = shortened(self.text.as_ref());
            return Err(TemplateError::say(
                self.text,
                format!("`{text}` is no list but a {found}"),
            ));
        }
        Ok(value.try_iter().map_err(|error| TemplateError::new(self.text, &error))?.collect())
    }
}

/// Renders a template once.
pub(crate) fn render(text: &Text, scope: &Scope) -> Result<String, TemplateError> {
    template(text)?.render(&value_of(scope))
}

/// Renders a text without a place of its own.
pub(crate) fn render_text(text: &str, scope: &Scope) -> Result<String, String> {
    environment().render_str(text, value_of(scope)).map_err(|error| error.to_string())
}

/// Evaluates an optional condition; absent means true.
pub(crate) fn applies(condition: Option<&Text>, scope: &Scope) -> Result<bool, TemplateError> {
    condition.map_or(Ok(true), |text| expression(text)?.holds(&value_of(scope)))
}

/// A scope as one value.
pub(crate) fn value_of(scope: &Scope) -> Value {
    Value::from_pairs(scope.iter().map(|(name, value)| (name.clone(), value.clone())))
}

/// The text as Python's `str` prints the value.
pub(crate) fn python_text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.to_owned(),
        ValueKind::None => "None".to_owned(),
        _ => value.to_string(),
    }
}

/// The beginning of a template, for messages.
fn shortened(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.chars().count() > 60 {
        format!("{}...", line.chars().take(57).collect::<String>())
    } else {
        line.to_owned()
    }
}

fn label(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let key = python_text(value);
    let labels = state.lookup("labels").unwrap_or_default();
    let found = labels.get_item(&Value::from(key.as_str())).unwrap_or_default();
    if found.is_undefined() {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("no label is given for `{key}` in [instance.labels]"),
        ));
    }
    Ok(found)
}

/// A list whose entries that are lists are replaced by their entries, at every depth.
fn flatten(list: &Value) -> Result<Vec<Value>, Error> {
    let mut flat = Vec::new();
    for entry in list.try_iter()? {
        if matches!(entry.kind(), ValueKind::Seq | ValueKind::Iterable) {
            flat.extend(flatten(&entry)?);
        } else {
            flat.push(entry);
        }
    }
    Ok(flat)
}

fn compile(pattern: &str) -> Result<regex::Regex, Error> {
    regex::Regex::new(pattern)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

fn regex_replace(text: &str, pattern: &str, replacement: &str) -> Result<String, Error> {
    Ok(compile(pattern)?.replace_all(text, replacement).into_owned())
}

/// The first group (or the whole match, without groups) of the first match; empty when there is none.
fn regex_find(text: &str, pattern: &str) -> Result<String, Error> {
    let found = compile(pattern)?
        .captures(text)
        .and_then(|groups| groups.get(1).or_else(|| groups.get(0)).map(|group| group.as_str()))
        .unwrap_or_default()
        .to_owned();
    Ok(found)
}

/// What a Python literal says: `['a', 'b']` becomes a list.
fn literal(text: &str) -> Result<Value, Error> {
    python_literal::parse(text)
        .map(|value| Value::from(minijinja::value::Serde(&value)))
        .map_err(|problem| Error::new(ErrorKind::InvalidOperation, problem))
}

/// All elements of a tag below an XML element, in the document's order.
fn descendants(element: &Value, tag: &str) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for child in element.get_attr("children")?.try_iter()? {
        if child.get_attr("tag")?.as_str() == Some(tag) {
            found.push(child.clone());
        }
        found.extend(descendants(&child, tag)?);
    }
    Ok(found)
}

/// The text on one line with single spaces, cut after so many words: Python's `" ".join(text.split()[:count])`.
fn words(text: &str, count: Option<usize>) -> String {
    let words = text.split(python_methods::is_space).filter(|word| !word.is_empty());
    words.take(count.unwrap_or(usize::MAX)).collect::<Vec<_>>().join(" ")
}
