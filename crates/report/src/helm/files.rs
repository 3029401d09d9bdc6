//! Reading HELM's JSON files as far as they can be read: plain or gzipped, with Python's `NaN` and `Infinity`, cut off in the
//! middle.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

/// The largest file that is read, in bytes after unpacking. HELM's largest published files are below 2 GB.
const LARGEST: u64 = 8 << 30;

/// A file's bytes, and a note when not all of them could be read. `None` when there is no such file.
pub(crate) fn read(folder: &Path, name: &str) -> Option<(Vec<u8>, Option<String>)> {
    let mut bytes = Vec::new();
    let read = match File::open(folder.join(name)) {
        Ok(file) => file.take(LARGEST).read_to_end(&mut bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = File::open(folder.join(format!("{name}.gz"))).ok()?;
            flate2::read::MultiGzDecoder::new(file).take(LARGEST).read_to_end(&mut bytes)
        }
        Err(error) => Err(error),
    };
    let mut note = read.err().map(|error| format!("{name} can't be read to its end: {error}"));
    if bytes.len() as u64 == LARGEST {
        note = Some(format!("{name} is larger than 8 GiB; the rest was left out"));
    }
    Some((plain_numbers(bytes), note))
}

/// Whether a file is there, plain or gzipped.
pub(crate) fn exists(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file() || folder.join(format!("{name}.gz")).is_file()
}

/// A file as one JSON value; with a note, and null, when it is missing or broken.
pub(crate) fn value(folder: &Path, name: &str, notes: &mut Vec<String>) -> Value {
    let Some((bytes, note)) = read(folder, name) else {
        notes.push(format!("{name} is missing"));
        return Value::Null;
    };
    notes.extend(note);
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        notes.push(format!("{name} is not valid JSON: {error}"));
        Value::Null
    })
}

/// Replaces the numbers that Python writes and JSON does not have by null.
fn plain_numbers(bytes: Vec<u8>) -> Vec<u8> {
    const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut plain: Vec<u8> = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_text = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'-' | b'I' | b'N' if !in_text => {
                if let Some(word) = WORDS.into_iter().find(|word| bytes[at..].starts_with(word)) {
                    plain.extend_from_slice(&bytes[copied..at]);
                    plain.extend_from_slice(b"null");
                    copied = at + word.len();
                    at = copied - 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return bytes;
    }
    plain.extend_from_slice(&bytes[copied..]);
    plain
}

/// What was found in a JSON object's text.
#[derive(Debug, Default)]
pub(crate) struct Salvaged {
    /// The entries of the list that was looked for, as far as they are complete.
    pub(crate) entries: Vec<Value>,
    /// The object's other members, as far as they are complete.
    pub(crate) members: Vec<(String, Value)>,
    /// Why it ends early.
    pub(crate) broken: Option<String>,
}

/// Reads an object's members one by one, and the entries of its list `list` one by one, up to the first fault.
pub(crate) fn salvage(bytes: &[u8], list: &str) -> Salvaged {
    let mut found = Salvaged::default();
    if let Err(fault) = (Scan { bytes, at: 0 }).object(list, &mut found) {
        found.broken = Some(fault);
    }
    found
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn object(&mut self, list: &str, found: &mut Salvaged) -> Result<(), String> {
        self.expect(b'{')?;
        if self.peek() == Some(b'}') {
            return Ok(());
        }
        loop {
            let Value::String(key) = self.value()? else {
                return Err(self.fault("a name was expected"));
            };
            self.expect(b':')?;
            if key == list && self.peek() == Some(b'[') {
                self.list(&mut found.entries)?;
            } else {
                let value = self.value()?;
                found.members.push((key, value));
            }
            if self.peek() == Some(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self, entries: &mut Vec<Value>) -> Result<(), String> {
        self.expect(b'[')?;
        if self.peek() == Some(b']') {
            return self.expect(b']');
        }
        loop {
            entries.push(self.value()?);
            if self.peek() == Some(b']') {
                return self.expect(b']');
            }
            self.expect(b',')?;
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let mut stream = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                self.at += stream.byte_offset();
                Ok(value)
            }
            Some(Err(error)) if !error.is_eof() => Err(self.fault(&error.to_string())),
            _ => Err(self.fault("the file ends")),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        match self.peek() {
            Some(next) if next == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.fault(&format!("`{}` was expected", char::from(byte)))),
            None => Err(self.fault("the file ends")),
        }
    }

    fn fault(&self, what: &str) -> String {
        format!("{what} (at byte {})", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_entries_are_kept_wherever_a_file_ends() {
        let text = br#"{"adapter_spec": {"method": "x"}, "request_states": [{"a": 1}, {"a": [2]}, {"a": "]"}]}"#;
        let whole = salvage(text, "request_states");
        assert_eq!(whole.entries.len(), 3);
        assert_eq!(whole.broken, None);
        let mut most = 0;
        for end in 0..text.len() - 1 {
            let part = salvage(&text[..end], "request_states");
            assert!(part.broken.is_some(), "{end}");
            assert!(part.entries.len() >= most, "{end}");
            assert_eq!(part.entries, whole.entries[..part.entries.len()], "{end}");
            most = part.entries.len();
        }
        assert_eq!(most, 3);
    }

    #[test]
    fn numbers_that_json_lacks_are_replaced_outside_texts() {
        let text = br#"{"a": NaN, "b": -Infinity, "c": "NaN \" Infinity", "d": -1}"#.to_vec();
        let value: Value = serde_json::from_slice(&plain_numbers(text)).unwrap();
        assert_eq!(value["b"], Value::Null);
        assert_eq!(value["c"], "NaN \" Infinity");
        assert_eq!(value["d"], -1);
        assert_eq!(value["a"], Value::Null);
    }
}
