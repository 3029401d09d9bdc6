//! Chat templates: a conversation as the text that the model was trained on.
//!
//! Templates are Jinja programs that come with the model, which is outside input: MiniJinja runs them without any
//! access to files, and a fuel limit stops endless ones.

use holometer_core::{ChatMessage, Role};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, context};

use crate::error::EngineError;

const NAME: &str = "chat";
const FUEL: u64 = 10_000_000;

/// A compiled template with the texts of the special tokens that it may use.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    /// Compiles a template.
    pub(crate) fn new(source: &str, bos: &str, eos: &str) -> Result<Self, EngineError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| EngineError::Template(message_of(&error)))?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(python_method);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        // A date would make today's prompt differ from tomorrow's. Templates that can do without get none; for the
        // others the day is fixed: the one that Llama 3's template falls back to.
        if !source.contains("strftime_now is defined") {
            environment.add_function("strftime_now", |format: String| fixed_date(&format));
        }
        let source = without_generation_marks(source);
        environment
            .add_template_owned(NAME, source)
            .map_err(|error| EngineError::Template(message_of(&error)))?;
        Ok(Self { environment, bos: bos.to_owned(), eos: eos.to_owned() })
    }

    /// The text of a conversation, ready for the model's answer. A conversation that ends with the model's own words is
    /// left open after them.
    pub(crate) fn render(&self, messages: &[ChatMessage]) -> Result<String, EngineError> {
        let open = messages.last().is_some_and(|message| message.role == Role::Assistant);
        let list: Vec<Value> = messages
            .iter()
            .map(|message| {
                let role = match message.role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                context! { role => role, content => message.content.as_str() }
            })
            .collect();
        let template = self
            .environment
            .get_template(NAME)
            .map_err(|error| EngineError::Template(message_of(&error)))?;
        let text = template
            .render(context! {
                messages => list,
                add_generation_prompt => !open,
                bos_token => self.bos.as_str(),
                eos_token => self.eos.as_str(),
                tools => (),
                documents => (),
            })
            .map_err(|error| EngineError::Template(message_of(&error)))?;
        Ok(if open { cut_after_last_message(text, messages) } else { text })
    }
}

/// Removes what the template writes after the last message's content.
fn cut_after_last_message(mut text: String, messages: &[ChatMessage]) -> String {
    let content = messages.last().map_or("", |message| message.content.trim_end());
    if let Some(at) = text.rfind(content) {
        text.truncate(at + content.len());
    }
    text
}

fn message_of(error: &Error) -> String {
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    match error.detail() {
        Some(detail) => format!("{detail}{line}"),
        None => format!("{}{line}", error.kind()),
    }
}

/// `{% generation %}` marks what counts in training; it writes nothing.
fn without_generation_marks(source: &str) -> String {
    let mut text = source.to_owned();
    for word in ["generation", "endgeneration"] {
        for (open, close) in [("{%", "%}"), ("{%-", "%}"), ("{%", "-%}"), ("{%-", "-%}")] {
            text = text.replace(&format!("{open} {word} {close}"), "");
        }
    }
    text
}

/// 26 July 2024 in a `strftime` format.
fn fixed_date(format: &str) -> String {
    let parts = [
        ("%d", "26"),
        ("%b", "Jul"),
        ("%B", "July"),
        ("%Y", "2024"),
        ("%m", "07"),
        ("%y", "24"),
        ("%A", "Friday"),
        ("%a", "Fri"),
        ("%H", "00"),
        ("%M", "00"),
        ("%S", "00"),
    ];
    parts.iter().fold(format.to_owned(), |text, (mark, value)| text.replace(mark, value))
}

/// The methods of Python's strings and dictionaries that templates call.
fn python_method(
    _: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return string_method(text, method, arguments);
    }
    if value.kind() == ValueKind::Map {
        return map_method(value, method, arguments);
    }
    Err(Error::from(ErrorKind::UnknownMethod))
}

fn string_method(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let argument = |index: usize| arguments.get(index).and_then(|value| value.as_str());
    let needed = || {
        argument(0).ok_or_else(|| {
            Error::new(ErrorKind::MissingArgument, format!("`{method}` needs a text"))
        })
    };
    let set = argument(0).map(|set| set.chars().collect::<Vec<_>>());
    let strips = |c: char| set.as_ref().map_or_else(|| c.is_whitespace(), |set| set.contains(&c));
    Ok(match method {
        "strip" => text.trim_matches(strips).into(),
        "lstrip" => text.trim_start_matches(strips).into(),
        "rstrip" => text.trim_end_matches(strips).into(),
        "upper" => text.to_uppercase().into(),
        "lower" => text.to_lowercase().into(),
        "title" | "capitalize" => capitalised(text, method == "title").into(),
        "startswith" => text.starts_with(needed()?).into(),
        "endswith" => text.ends_with(needed()?).into(),
        "find" => text.find(needed()?).map_or(-1, |at| text[..at].chars().count() as i64).into(),
        "count" => text.matches(needed()?).count().into(),
        "replace" => text.replace(needed()?, argument(1).unwrap_or("")).into(),
        "split" => {
            let most = arguments.get(1).and_then(|value| usize::try_from(value.clone()).ok());
            match (argument(0), most) {
                (None, _) => text.split_whitespace().map(Value::from).collect(),
                (Some(mark), None) => text.split(mark).map(Value::from).collect(),
                (Some(mark), Some(most)) => text.splitn(most + 1, mark).map(Value::from).collect(),
            }
        }
        "rsplit" => {
            let mark = needed()?;
            let mut parts: Vec<&str> = text.rsplit(mark).collect();
            parts.reverse();
            parts.into_iter().map(Value::from).collect()
        }
        "splitlines" => text.lines().map(Value::from).collect(),
        "isdigit" => (!text.is_empty() && text.chars().all(char::is_numeric)).into(),
        "join" => {
            let items = arguments.first().ok_or_else(|| Error::from(ErrorKind::MissingArgument))?;
            let texts: Vec<String> = items.try_iter()?.map(|item| item.to_string()).collect();
            texts.join(text).into()
        }
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

fn capitalised(text: &str, every_word: bool) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let own = if start { c.to_uppercase().next() } else { c.to_lowercase().next() };
            start = every_word && !c.is_alphanumeric();
            own.unwrap_or(c)
        })
        .collect()
}

fn map_method(value: &Value, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let keys: Vec<Value> = value.try_iter()?.collect();
    Ok(match method {
        "get" => {
            let key = arguments.first().ok_or_else(|| Error::from(ErrorKind::MissingArgument))?;
            let found = value.get_item(key)?;
            let default = || arguments.get(1).cloned().unwrap_or_else(|| Value::from(()));
            if found.is_undefined() { default() } else { found }
        }
        "keys" => keys.into_iter().collect(),
        "values" => keys.iter().map(|key| value.get_item(key)).collect::<Result<Value, _>>()?,
        "items" => {
            let pair = |key: &Value| Ok(Value::from(vec![key.clone(), value.get_item(key)?]));
            keys.iter().map(pair).collect::<Result<Value, Error>>()?
        }
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn conversations_read_as_transformers_renders_them() {
        let json: Value =
            serde_json::from_str(include_str!("../tests/fixtures/texts.json")).unwrap();
        let chats = json["chats"].as_array().unwrap();
        assert_eq!(chats.len(), 10);
        for chat in chats {
            let source = chat["template"].as_str().unwrap();
            let template = ChatTemplate::new(source, "<s>", "</s>").unwrap();
            let messages: Vec<ChatMessage> =
                serde_json::from_value(chat["messages"].clone()).unwrap();
            let text = template.render(&messages).unwrap();
            assert_eq!(text, chat["text"].as_str().unwrap(), "{}", chat["name"]);
        }
    }

    #[test]
    fn a_conversation_that_ends_with_the_models_words_stays_open() {
        let source = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
        let template = ChatTemplate::new(source, "", "").unwrap();
        let message = |role, content: &str| ChatMessage { role, content: content.to_owned() };
        let messages = [message(Role::User, "2+2?"), message(Role::Assistant, "It is")];
        assert_eq!(template.render(&messages).unwrap(), "<user>2+2?</s><assistant>It is");
    }

    #[test]
    fn templates_can_refuse_and_never_run_for_ever() {
        let message = [ChatMessage { role: Role::System, content: "x".into() }];
        let refusing =
            ChatTemplate::new("{{ raise_exception('no system role') }}", "", "").unwrap();
        let error = refusing.render(&message).unwrap_err().to_string();
        assert!(error.contains("no system role") && error.contains("hint: "), "{error}");
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}";
        assert!(ChatTemplate::new(endless, "", "").unwrap().render(&message).is_err());
        assert!(ChatTemplate::new("{% if %}", "", "").is_err());
    }
}
