//! The weights in a file that thinc's `Model.to_bytes` wrote: a list of nodes, their settings and their arrays.

use super::msgpack::{self, Value};

/// A model file.
pub(super) struct Weights<'a> {
    file: Value<'a>,
}

/// A node of the network.
#[derive(Clone, Copy)]
pub(super) struct Node<'w, 'a> {
    settings: &'w Value<'a>,
    arrays: &'w Value<'a>,
}

/// An array with its shape, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl<'a> Weights<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        Ok(Self { file: msgpack::read(bytes)? })
    }

    /// The nodes with a name, in the order of the file.
    pub(super) fn nodes(&self, name: &str) -> Result<Vec<Node<'_, 'a>>, String> {
        let (nodes, settings, arrays) =
            (self.file.need("nodes")?, self.file.need("attrs")?, self.file.need("params")?);
        let rows = nodes.items().iter().zip(settings.items()).zip(arrays.items());
        let named = rows
            .filter(|((node, _), _)| node.get("name").and_then(Value::text) == Some(name))
            .map(|((_, settings), arrays)| Node { settings, arrays });
        Ok(named.collect())
    }

    /// The node with a role in the whole network.
    pub(super) fn role(&self, role: &str) -> Result<Node<'_, 'a>, String> {
        let at = self.file.need("nodes")?.items().first();
        let at = at.and_then(|root| root.get("refs")?.get(role)?.number());
        let at = at.and_then(|at| usize::try_from(at).ok());
        let of = |list: &str| self.file.get(list)?.items().get(at?);
        match (of("attrs"), of("params")) {
            (Some(settings), Some(arrays)) => Ok(Node { settings, arrays }),
            _ => Err(format!("it has no node for `{role}`")),
        }
    }
}

impl<'a> Node<'_, 'a> {
    /// A setting, which is a value of its own inside the file.
    pub(super) fn setting(&self, name: &str) -> Result<Value<'a>, String> {
        let bytes = self.settings.need(name)?.bytes();
        msgpack::read(bytes.ok_or_else(|| format!("its setting `{name}` is no value"))?)
    }

    /// A setting that is a whole number.
    pub(super) fn number(&self, name: &str) -> Result<usize, String> {
        let number = self.setting(name)?.number().and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| format!("its setting `{name}` is no whole number"))
    }

    /// An array of 32-bit numbers, as `msgpack-numpy` writes it.
    pub(super) fn array(&self, name: &str) -> Result<Array, String> {
        let wrong = || format!("its array `{name}` is none of 32-bit numbers");
        let array = self.arrays.need(name)?;
        let (kind, shape, data) =
            (array.need("type")?.text(), array.need("shape")?.items(), array.need("data")?.bytes());
        let size = |size: &Value<'_>| size.number().and_then(|size| usize::try_from(size).ok());
        let shape: Vec<usize> = shape.iter().map(size).collect::<Option<_>>().ok_or_else(wrong)?;
        let (words, rest) = data.ok_or_else(wrong)?.as_chunks::<4>();
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        if kind != Some("<f4") || !rest.is_empty() || count != Some(words.len()) {
            return Err(wrong());
        }
        Ok(Array { shape, values: words.iter().map(|word| f32::from_le_bytes(*word)).collect() })
    }
}
