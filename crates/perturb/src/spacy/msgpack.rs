//! MessagePack, as far as spaCy's models use it. The files are untrusted: lengths are held to what is there, and depth is limited.

/// Levels of lists and tables; spaCy's files have 6.
const MAX_DEPTH: usize = 32;

/// A value; texts and bytes are borrowed from the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bytes(&'a [u8]),
    List(Vec<Value<'a>>),
    Table(Vec<(Value<'a>, Value<'a>)>),
}

/// Reads the first value of a file.
///
/// # Errors
/// One clause: the file ends too early, nests too deeply, or has a type that no model uses.
pub(super) fn read(bytes: &[u8]) -> Result<Value<'_>, String> {
    Reader { left: bytes }.value(0)
}

impl<'a> Value<'a> {
    /// A table's entry by its name.
    pub(super) fn get(&self, name: &str) -> Option<&Value<'a>> {
        let Self::Table(entries) = self else { return None };
        entries.iter().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
    }

    /// As [`Value::get`], naming what is missing.
    pub(super) fn need(&self, name: &str) -> Result<&Value<'a>, String> {
        self.get(name).ok_or_else(|| format!("it has no `{name}`"))
    }

    /// A text, also where it is written as bytes.
    pub(super) fn text(&self) -> Option<&'a str> {
        let Self::Bytes(bytes) = self else { return None };
        std::str::from_utf8(bytes).ok()
    }

    /// Bytes or a text's bytes.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        let Self::Bytes(bytes) = self else { return None };
        Some(bytes)
    }

    /// A whole number of at least 0.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A list's items; none for anything else.
    pub(super) fn items(&self) -> &[Value<'a>] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// A table's entries; none for anything else.
    pub(super) fn entries(&self) -> &[(Value<'a>, Value<'a>)] {
        match self {
            Self::Table(entries) => entries,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, String> {
        if depth > MAX_DEPTH {
            return Err("it nests too deeply".to_owned());
        }
        let kind = self.take(1)?[0];
        Ok(match kind {
            0x00..=0x7f => Value::Unsigned(kind.into()),
            0x80..=0x8f => self.table((kind & 0x0f).into(), depth)?,
            0x90..=0x9f => self.list((kind & 0x0f).into(), depth)?,
            0xa0..=0xbf => Value::Bytes(self.take((kind & 0x1f).into())?),
            0xc0 => Value::Nil,
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            0xc4 | 0xd9 => self.sized_bytes(1)?,
            0xc5 | 0xda => self.sized_bytes(2)?,
            0xc6 | 0xdb => self.sized_bytes(4)?,
            0xca => Value::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Value::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Value::Unsigned(self.unsigned(1)?),
            0xcd => Value::Unsigned(self.unsigned(2)?),
            0xce => Value::Unsigned(self.unsigned(4)?),
            0xcf => Value::Unsigned(self.unsigned(8)?),
            0xd0 => Value::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Value::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Value::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Value::Signed(i64::from_be_bytes(self.array()?)),
            0xdc => self.sized(2, depth, Self::list)?,
            0xdd => self.sized(4, depth, Self::list)?,
            0xde => self.sized(2, depth, Self::table)?,
            0xdf => self.sized(4, depth, Self::table)?,
            0xe0..=0xff => Value::Signed(i8::from_be_bytes([kind]).into()),
            _ => return Err(format!("it has a value of the unknown type {kind:#04x}")),
        })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, left) = self.left.split_at_checked(count).ok_or("it ends too early")?;
        self.left = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(self.take(N)?.try_into().expect("as many bytes as were taken"))
    }

    fn unsigned(&mut self, width: usize) -> Result<u64, String> {
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, width: usize) -> Result<usize, String> {
        let length = self.unsigned(width)?;
        usize::try_from(length).map_err(|_| "it ends too early".to_owned())
    }

    fn sized_bytes(&mut self, width: usize) -> Result<Value<'a>, String> {
        let length = self.length(width)?;
        Ok(Value::Bytes(self.take(length)?))
    }

    fn sized(
        &mut self,
        width: usize,
        depth: usize,
        read: fn(&mut Self, usize, usize) -> Result<Value<'a>, String>,
    ) -> Result<Value<'a>, String> {
        let length = self.length(width)?;
        read(self, length, depth)
    }

    /// Nothing is reserved for the stated length: what isn't there ends the reading.
    fn list(&mut self, length: usize, depth: usize) -> Result<Value<'a>, String> {
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::List(items))
    }

    fn table(&mut self, length: usize, depth: usize) -> Result<Value<'a>, String> {
        let mut entries = Vec::new();
        for _ in 0..length {
            entries.push((self.value(depth + 1)?, self.value(depth + 1)?));
        }
        Ok(Value::Table(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, read};

    #[test]
    fn every_kind_of_the_specification_is_read() {
        // {"a": [nil, true, -1, 300, 1.5, b"\x01", 2**32]}, by the format's specification.
        let bytes = b"\x81\xa1a\x97\xc0\xc3\xff\xcd\x01\x2c\xcb\x3f\xf8\0\0\0\0\0\0\xc4\x01\x01\xcf\0\0\0\x01\0\0\0\0";
        let value = read(bytes).unwrap();
        assert_eq!(
            value.get("a").unwrap().items(),
            [
                Value::Nil,
                Value::Bool(true),
                Value::Signed(-1),
                Value::Unsigned(300),
                Value::Float(1.5),
                Value::Bytes(b"\x01"),
                Value::Unsigned(1 << 32),
            ]
        );
        assert_eq!(value.need("b"), Err("it has no `b`".to_owned()));
    }

    #[test]
    fn damage_is_an_error() {
        for (bytes, message) in [
            (&b""[..], "too early"),
            (b"\xdd\xff\xff\xff\xff", "too early"),
            (b"\xc6\xff\xff\xff\xff\x01", "too early"),
            (&[0x91; 100], "too deeply"),
            (b"\xc1", "unknown type 0xc1"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
