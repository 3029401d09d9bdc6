//! Python's literals as datasets print them: texts, numbers, truth values, `None`, lists, tuples and dictionaries. What
//! `ast.literal_eval` accepts, without sets, bytes and complex numbers; nothing is ever evaluated.

use serde_json::{Map, Number, Value};

/// Reads one literal.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut cursor = Cursor { rest: text.trim(), depth: 0 };
    let value = cursor.value()?;
    cursor.skip_space();
    if cursor.rest.is_empty() { Ok(value) } else { Err(cursor.unexpected()) }
}

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 64;

struct Cursor<'a> {
    rest: &'a str,
    depth: usize,
}

impl Cursor<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn unexpected(&self) -> String {
        let shown: String = self.rest.chars().take(20).collect();
        format!("no Python literal at `{shown}`")
    }

    fn takes(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn value(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the literal is nested too deeply".to_owned());
        }
        self.skip_space();
        let value = match self.rest.chars().next() {
            Some('[') => self.list('[', ']')?,
            Some('(') => self.list('(', ')')?,
            Some('{') => self.dictionary()?,
            Some('\'' | '"' | 'r' | 'u') => self.texts()?,
            Some(_) => self.word()?,
            None => return Err(self.unexpected()),
        };
        self.depth -= 1;
        Ok(value)
    }

    /// A list or tuple. Brackets around one value without a comma only group it.
    fn list(&mut self, open: char, close: char) -> Result<Value, String> {
        self.rest = &self.rest[open.len_utf8()..];
        let mut entries = Vec::new();
        let mut comma = false;
        loop {
            if self.takes(close.encode_utf8(&mut [0; 4])) {
                if open == '(' && entries.len() == 1 && !comma {
                    return Ok(entries.remove(0));
                }
                return Ok(Value::Array(entries));
            }
            if !entries.is_empty() && !comma {
                return Err(self.unexpected());
            }
            entries.push(self.value()?);
            comma = self.takes(",");
        }
    }

    fn dictionary(&mut self) -> Result<Value, String> {
        self.rest = &self.rest[1..];
        let mut object = Map::new();
        let mut comma = true;
        loop {
            if self.takes("}") {
                return Ok(Value::Object(object));
            }
            if !comma {
                return Err(self.unexpected());
            }
            let key = match self.value()? {
                Value::String(key) => key,
                other => other.to_string(),
            };
            if !self.takes(":") {
                return Err(self.unexpected());
            }
            let value = self.value()?;
            object.insert(key, value);
            comma = self.takes(",");
        }
    }

    /// One text, or several that stand beside each other and count as one.
    fn texts(&mut self) -> Result<Value, String> {
        let mut whole = String::new();
        loop {
            whole.push_str(&self.text()?);
            self.skip_space();
            if !self.rest.starts_with(['\'', '"']) {
                return Ok(Value::String(whole));
            }
        }
    }

    fn text(&mut self) -> Result<String, String> {
        let raw = self.rest.starts_with(['r', 'R']);
        if let Some(rest) = self.rest.strip_prefix(['r', 'u']) {
            self.rest = rest;
        }
        let Some(quote @ ('\'' | '"')) = self.rest.chars().next() else {
            return Err(self.unexpected());
        };
        let triple = String::from(quote).repeat(3);
        let end = if self.rest.starts_with(&triple) { triple } else { String::from(quote) };
        self.rest = &self.rest[end.len()..];
        let mut text = String::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix(end.as_str()) {
                self.rest = rest;
                return Ok(text);
            }
            match self.next_character()? {
                '\\' if !raw => self.escape(&mut text)?,
                '\\' => {
                    text.push('\\');
                    text.push(self.next_character()?);
                }
                character => text.push(character),
            }
        }
    }

    fn next_character(&mut self) -> Result<char, String> {
        let character = self.rest.chars().next().ok_or("a text does not end")?;
        self.rest = &self.rest[character.len_utf8()..];
        Ok(character)
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let simple = match self.next_character()? {
            '\n' => return Ok(()),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            same @ ('\\' | '\'' | '"') => same,
            other => {
                text.push('\\');
                other
            }
        };
        text.push(simple);
        Ok(())
    }

    fn code(&mut self, digits: usize) -> Result<char, String> {
        let hexadecimal = self.rest.get(..digits).ok_or_else(|| self.unexpected())?;
        let code = u32::from_str_radix(hexadecimal, 16).map_err(|error| error.to_string())?;
        self.rest = &self.rest[digits..];
        char::from_u32(code).ok_or_else(|| format!("`{code:#x}` is no character"))
    }

    /// A name or number.
    fn word(&mut self) -> Result<Value, String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_');
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let word = &self.rest[..length];
        let value = match word {
            "None" => Value::Null,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "nan" => return Err("`nan` is no Python literal".to_owned()),
            _ => number(word).ok_or_else(|| self.unexpected())?,
        };
        self.rest = &self.rest[length..];
        Ok(value)
    }
}

fn number(word: &str) -> Option<Value> {
    if let Ok(number) = word.parse::<i64>() {
        return Some(number.into());
    }
    word.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn literals_are_read_as_in_python() {
        // Results of Python's `ast.literal_eval`.
        assert_eq!(
            parse("['a', \"it's\", 'x\\'y', 'é\\n']").unwrap(),
            json!(["a", "it's", "x'y", "é\n"])
        );
        assert_eq!(
            parse("{'en': 'Text', 'bg': None, 3: (1, 2.5)}").unwrap(),
            json!({"en": "Text", "bg": null, "3": [1, 2.5]})
        );
        assert_eq!(parse("('a' 'b')").unwrap(), json!("ab"));
        assert_eq!(parse("(1,)").unwrap(), json!([1]));
        assert_eq!(parse("'\\x41\\u00e9\\q'").unwrap(), json!("Aé\\q"));
        assert_eq!(parse("-3").unwrap(), json!(-3));
        assert_eq!(parse("[True, False, None]").unwrap(), json!([true, false, null]));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "[1 2]", "print()", "'open", "{1}", "[", "nan", "1 2", "__import__('os')"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(10_000)).is_err());
    }
}
