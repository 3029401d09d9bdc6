//! Whether a text is JSON as Python's `json.loads` reads it: the standard, and also `NaN`, `Infinity` and `-Infinity`.

/// Deeper than this, Python gives up, too.
const DEEPEST: usize = 990;

/// Whether the whole text is one JSON value.
pub(super) fn is_json(text: &str) -> bool {
    let mut reader = Reader { rest: text.as_bytes() };
    reader.space();
    if reader.value(0).is_none() {
        return false;
    }
    reader.space();
    reader.rest.is_empty()
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn space(&mut self) {
        let blanks = self.rest.iter().take_while(|byte| b" \t\n\r".contains(byte)).count();
        self.rest = &self.rest[blanks..];
    }

    fn eat(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(word.as_bytes())?;
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.rest.first()? {
            b'"' => self.string(),
            b'{' => self.list('}', depth, true),
            b'[' => self.list(']', depth, false),
            _ => {
                let words = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
                words.into_iter().find_map(|word| self.eat(word)).or_else(|| self.number())
            }
        }
    }

    /// An object or an array.
    fn list(&mut self, end: char, depth: usize, keys: bool) -> Option<()> {
        self.rest = &self.rest[1..];
        self.space();
        let end = end.to_string();
        if self.eat(&end).is_some() {
            return Some(());
        }
        loop {
            if keys {
                self.string()?;
                self.space();
                self.eat(":")?;
                self.space();
            }
            self.value(depth + 1)?;
            self.space();
            if self.eat(&end).is_some() {
                return Some(());
            }
            self.eat(",")?;
            self.space();
        }
    }

    fn string(&mut self) -> Option<()> {
        self.eat("\"")?;
        loop {
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            match first {
                b'"' => return Some(()),
                b'\\' => {
                    let (escaped, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    if *escaped == b'u' {
                        let digits = self.rest.get(..4)?;
                        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                        self.rest = &self.rest[4..];
                    } else if !b"\"\\/bfnrt".contains(escaped) {
                        return None;
                    }
                }
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat("-");
        if self.eat("0").is_none() {
            self.digits()?;
        }
        // A fraction or exponent that is not complete is not part of the number, and so fails later.
        let before = self.rest;
        if self.eat(".").is_some() && self.digits().is_none() {
            self.rest = before;
            return Some(());
        }
        let before = self.rest;
        if self.eat("e").or_else(|| self.eat("E")).is_some() {
            let _ = self.eat("+").or_else(|| self.eat("-"));
            if self.digits().is_none() {
                self.rest = before;
            }
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[digits..];
        (digits > 0).then_some(())
    }
}
