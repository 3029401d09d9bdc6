//! Model files: tensors by name, memory-mapped, from GGUF files and Hugging Face folders.
//!
//! Files are outside input: every offset and length is checked before use. Nothing here knows what a tensor is for.

mod dequant;
mod dtype;
mod gguf;
mod map;
mod parts;
mod safetensors;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) use dequant::{GroupShape, dequantise, group_shape, groups};
pub(crate) use dtype::DType;
pub(crate) use gguf::{GgufFile, Value as GgufValue};
pub(crate) use map::MappedFile;
pub use parts::gguf_parts;
pub(crate) use safetensors::{FolderFiles, read_json};

use crate::error::EngineError;

/// Where a tensor's bytes lie.
#[derive(Clone, Debug)]
pub(crate) struct TensorEntry {
    pub(crate) file: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) dtype: DType,
    /// Outermost dimension first.
    pub(crate) shape: Vec<usize>,
}

/// A tensor's bytes with their meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TensorView<'a> {
    pub(crate) dtype: DType,
    pub(crate) shape: &'a [usize],
    pub(crate) bytes: &'a [u8],
}

impl TensorView<'_> {
    /// The length of the innermost dimension.
    pub(crate) fn columns(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// How many rows of `columns` elements there are, all outer dimensions together.
    pub(crate) fn rows(&self) -> usize {
        self.shape.iter().rev().skip(1).product()
    }

    /// The stored bytes of one row.
    pub(crate) fn row_bytes(&self, row: usize) -> &[u8] {
        let length = self.dtype.bytes_for(self.columns());
        &self.bytes[row * length..(row + 1) * length]
    }

    /// One row as f32.
    pub(crate) fn read_row(&self, row: usize, out: &mut [f32]) {
        dequantise(self.dtype, self.row_bytes(row), out);
    }

    /// Everything as f32, row by row.
    pub(crate) fn to_f32(self) -> Vec<f32> {
        let mut out = vec![0.0; self.rows() * self.columns()];
        let columns = self.columns().max(1);
        for (row, chunk) in out.chunks_exact_mut(columns).enumerate() {
            self.read_row(row, chunk);
        }
        out
    }
}

/// All tensors of a model.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) files: Vec<MappedFile>,
    pub(crate) tensors: HashMap<String, TensorEntry>,
}

impl Checkpoint {
    /// A tensor by name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<TensorView<'_>> {
        let entry = self.tensors.get(name)?;
        let bytes = &self.files[entry.file].bytes()[entry.start..entry.end];
        Some(TensorView { dtype: entry.dtype, shape: &entry.shape, bytes })
    }
}

/// What lies at a path.
#[derive(Debug)]
pub(crate) enum Source {
    Gguf(Box<GgufFile>),
    Folder(Box<FolderFiles>),
}

impl Source {
    /// Looks at a path without reading weights. A folder that holds one GGUF file, or the parts of one model, and no `config.json`
    /// counts as that file.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        if path.is_dir() {
            if path.join("config.json").is_file() {
                return Ok(Self::Folder(Box::new(FolderFiles::open(path)?)));
            }
            return Ok(Self::Gguf(Box::new(GgufFile::open(&single_gguf(path)?)?)));
        }
        if !path.exists() {
            return Err(not_a_model(path, "there is no such file or folder", "check the path"));
        }
        Ok(Self::Gguf(Box::new(GgufFile::open(path)?)))
    }
}

fn single_gguf(folder: &Path) -> Result<PathBuf, EngineError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|source| EngineError::Read { path: folder.to_owned(), source })?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gguf"))
        .collect();
    found.sort();
    match found.as_slice() {
        [] => Err(not_a_model(
            folder,
            "the folder has neither `config.json` nor a `.gguf` file",
            "name a folder as the Hugging Face hub lays it out, or a GGUF file",
        )),
        [one] => Ok(one.clone()),
        // The parts of one model.
        [first, ..] if is_one_model(&found) => Ok(first.clone()),
        [first, ..] => Err(not_a_model(
            folder,
            &format!("the folder has {} GGUF files", found.len()),
            &format!("name one of them, for instance `{}`", first.display()),
        )),
    }
}

fn is_one_model(files: &[PathBuf]) -> bool {
    let names: Vec<String> = files
        .iter()
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    let parts = gguf_parts(&names[0]);
    parts.len() > 1 && names.iter().all(|name| parts.contains(name))
}

pub(crate) fn not_a_model(path: &Path, reason: &str, hint: &str) -> EngineError {
    EngineError::NotAModel { path: path.to_owned(), reason: reason.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests;
