//! GGUF files, versions 2 and 3 (little-endian): metadata and tensor table.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::collections::HashMap;
use std::path::Path;

use super::{Checkpoint, DType, TensorEntry, not_a_model, parts};
use crate::error::EngineError;

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    pub(crate) fn as_usize(&self) -> Option<usize> {
        match self {
            Self::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }
}

/// A GGUF file: its metadata and its tensors.
#[derive(Debug)]
pub(crate) struct GgufFile {
    pub(crate) metadata: HashMap<String, Value>,
    pub(crate) checkpoint: Checkpoint,
}

const MAGIC: &[u8; 4] = b"GGUF";
const DEFAULT_ALIGNMENT: usize = 32;
const MAX_NESTING: usize = 4;

impl GgufFile {
    /// Opens a file, and the other parts of its model if it is one of several.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        parts::open(path)
    }

    pub(crate) fn path(&self) -> &Path {
        self.checkpoint.files[0].path()
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key)?.as_str()
    }

    pub(crate) fn number(&self, key: &str) -> Option<usize> {
        self.metadata.get(key)?.as_usize()
    }
}

pub(super) type Parsed = (HashMap<String, Value>, HashMap<String, TensorEntry>);

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Parsed, EngineError> {
    if bytes.get(..4) != Some(MAGIC) {
        return Err(not_a_model(
            path,
            "the file does not begin with `GGUF`",
            "name a GGUF file, or a Hugging Face folder with `config.json` and safetensors files",
        ));
    }
    let corrupt = |reason: String| EngineError::Corrupt { path: path.to_owned(), reason };
    let mut reader = Reader { bytes, at: 4 };
    parse_body(&mut reader).map_err(corrupt)
}

fn parse_body(reader: &mut Reader<'_>) -> Result<Parsed, String> {
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(format!("GGUF version {version} is not 2 or 3 (little-endian)"));
    }
    let tensor_count = reader.length(24)?;
    let metadata_count = reader.length(13)?;
    let mut metadata = HashMap::new();
    for _ in 0..metadata_count {
        let key = reader.string()?;
        let kind = reader.u32()?;
        let value = reader.value(kind, 0)?;
        metadata.insert(key, value);
    }
    let mut tensors = HashMap::new();
    for _ in 0..tensor_count {
        let (name, entry) = reader.tensor()?;
        tensors.insert(name, entry);
    }
    let alignment = metadata
        .get("general.alignment")
        .and_then(Value::as_usize)
        .filter(|value| value.is_power_of_two())
        .unwrap_or(DEFAULT_ALIGNMENT);
    let data = reader.at.next_multiple_of(alignment);
    place(&mut tensors, data, reader.bytes.len())?;
    Ok((metadata, tensors))
}

/// Turns offsets into the data part into offsets into the file and checks that they lie within it.
fn place(
    tensors: &mut HashMap<String, TensorEntry>,
    data: usize,
    total: usize,
) -> Result<(), String> {
    for (name, entry) in tensors {
        let placed = data.checked_add(entry.start).zip(data.checked_add(entry.end));
        let Some((start, end)) = placed.filter(|(_, end)| *end <= total) else {
            return Err(format!(
                "tensor `{name}` would end after the file's {total} bytes: the file is cut short"
            ));
        };
        entry.start = start;
        entry.end = end;
    }
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end =
            end.ok_or_else(|| format!("the header is cut short after {} bytes", self.bytes.len()))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A count of things of at least `smallest` bytes each, which therefore can't exceed what is left.
    fn length(&mut self, smallest: usize) -> Result<usize, String> {
        let count = self.u64()?;
        let left = (self.bytes.len() - self.at) / smallest.max(1);
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= left)
            .ok_or_else(|| format!("a count of {count} does not fit into the file"))
    }

    fn string(&mut self) -> Result<String, String> {
        let length = self.length(1)?;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value, String> {
        Ok(match kind {
            0 => Value::Integer(i64::from(u8::from_le_bytes(self.array()?))),
            1 => Value::Integer(i64::from(i8::from_le_bytes(self.array()?))),
            2 => Value::Integer(i64::from(u16::from_le_bytes(self.array()?))),
            3 => Value::Integer(i64::from(i16::from_le_bytes(self.array()?))),
            4 => Value::Integer(i64::from(self.u32()?)),
            5 => Value::Integer(i64::from(i32::from_le_bytes(self.array()?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.array()?))),
            7 => Value::Bool(self.array::<1>()?[0] != 0),
            8 => Value::Text(self.string()?),
            9 => self.list(depth)?,
            10 => Value::Integer(self.u64()?.cast_signed()),
            11 => Value::Integer(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            other => return Err(format!("metadata of unknown type {other}")),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        if depth >= MAX_NESTING {
            return Err("metadata lists are nested too deeply".into());
        }
        let kind = self.u32()?;
        let count = self.length(1)?;
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.value(kind, depth + 1)?);
        }
        Ok(Value::List(values))
    }

    fn tensor(&mut self) -> Result<(String, TensorEntry), String> {
        let name = self.string()?;
        let dimensions = self.u32()?;
        if !(1..=4).contains(&dimensions) {
            return Err(format!("tensor `{name}` has {dimensions} dimensions"));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let size = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
            shape.insert(0, size);
        }
        let number = self.u32()?;
        let dtype = DType::from_ggml(number).ok_or_else(|| {
            format!(
                "tensor `{name}` has storage type {number}, which is not supported (known: F32, F16, BF16, Q8_0, \
                 Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K)"
            )
        })?;
        let offset = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
        let count = shape.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
        let columns = shape.last().copied().unwrap_or(0);
        if columns == 0 || !columns.is_multiple_of(dtype.block()) {
            return Err(format!(
                "tensor `{name}` has rows of {columns} weights in {}",
                dtype.name()
            ));
        }
        let end = count
            .and_then(|count| (count / dtype.block()).checked_mul(dtype.block_bytes()))
            .and_then(|bytes| bytes.checked_add(offset))
            .ok_or_else(|| format!("tensor `{name}` is impossibly large"))?;
        Ok((name, TensorEntry { file: 0, start: offset, end, dtype, shape }))
    }
}
