//! Walking through HOCON text: blanks, comments, quoted and unquoted text.

/// Why a text is not HOCON, where (a byte offset), and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

impl Problem {
    pub(crate) fn new(offset: usize, message: impl Into<String>, hint: &'static str) -> Self {
        Self { offset, message: message.into(), hint }
    }
}

/// Characters that unquoted text can't hold (HOCON.md, "Unquoted strings").
const FORBIDDEN: &str = "$\"{}[]:=,+#`^?!@*&\\";

#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) offset: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, offset }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix)
    }

    /// Steps over `prefix` if it comes next.
    pub(super) fn take(&mut self, prefix: &str) -> bool {
        let found = self.starts_with(prefix);
        if found {
            self.offset += prefix.len();
        }
        found
    }

    pub(super) fn at_comment(&self) -> bool {
        self.starts_with("#") || self.starts_with("//")
    }

    /// Steps over blanks within the line and returns them.
    pub(super) fn take_blanks(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest
            .find(|c: char| c == '\n' || !(c.is_whitespace() || c == '\u{feff}'))
            .unwrap_or(rest.len());
        self.offset += length;
        &rest[..length]
    }

    /// Steps over blanks, line ends and comments; says whether there was a line end.
    pub(super) fn skip_lines(&mut self) -> bool {
        let mut ended = false;
        loop {
            self.take_blanks();
            if self.at_comment() {
                let rest = self.rest();
                self.offset += rest.find('\n').unwrap_or(rest.len());
            } else if self.take("\n") {
                ended = true;
            } else {
                return ended;
            }
        }
    }

    /// Steps over unquoted text: up to a blank, a comment or a character that has a meaning.
    pub(super) fn take_unquoted(&mut self) -> &'a str {
        let rest = self.rest();
        let mut length = rest.len();
        for (at, c) in rest.char_indices() {
            let exponent = c == '+' && rest[..at].ends_with(['e', 'E']);
            if c.is_whitespace()
                || (FORBIDDEN.contains(c) && !exponent)
                || rest[at..].starts_with("//")
            {
                length = at;
                break;
            }
        }
        self.offset += length;
        &rest[..length]
    }

    /// Steps over text in one or three quotes. Says where its content begins if that stands in the file as it is.
    pub(super) fn take_quoted(&mut self) -> Result<(String, Option<usize>), Problem> {
        if self.starts_with("\"\"\"") { self.take_triple_quoted() } else { self.take_json_string() }
    }

    fn take_triple_quoted(&mut self) -> Result<(String, Option<usize>), Problem> {
        let start = self.offset;
        self.offset += 3;
        let rest = self.rest();
        let end = rest.find("\"\"\"").ok_or_else(|| {
            Problem::new(start, "a text in triple quotes doesn't end", "close it with \"\"\"")
        })?;
        // Further quotes right before the closing three belong to the text.
        let extra = rest[end + 3..].bytes().take_while(|byte| *byte == b'"').count();
        let content = rest[..end + extra].to_owned();
        let at = self.offset;
        self.offset += end + extra + 3;
        Ok((content, Some(at)))
    }

    fn take_json_string(&mut self) -> Result<(String, Option<usize>), Problem> {
        let start = self.offset;
        self.offset += 1;
        let mut content = String::new();
        let mut escaped = false;
        loop {
            let at = self.offset;
            let unended = || Problem::new(start, "a quoted text doesn't end", "close it with `\"`");
            let c = self.peek().ok_or_else(unended)?;
            self.offset += c.len_utf8();
            match c {
                '"' => return Ok((content, (!escaped).then_some(start + 1))),
                '\n' => return Err(unended()),
                '\\' => {
                    escaped = true;
                    content.push(self.take_escape(at)?);
                }
                _ => content.push(c),
            }
        }
    }

    fn take_escape(&mut self, at: usize) -> Result<char, Problem> {
        let unknown = || {
            Problem::new(
                at,
                "an unknown escape",
                "HOCON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
            )
        };
        let c = self.peek().ok_or_else(unknown)?;
        self.offset += c.len_utf8();
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.take_unicode_escape().ok_or_else(unknown)?,
            _ => return Err(unknown()),
        })
    }

    /// Four hexadecimal digits; characters beyond the basic plane are two such escapes in a row, as in JSON.
    fn take_unicode_escape(&mut self) -> Option<char> {
        let high = self.take_hex()?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high);
        }
        if !self.take("\\u") {
            return None;
        }
        let low = self.take_hex()?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
        char::from_u32(0x10000 + ((high - 0xD800) << 10) + low)
    }

    fn take_hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.offset += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}
