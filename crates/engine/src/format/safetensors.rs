//! Hugging Face folders: `config.json` and its companions, and sharded safetensors files.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::{Checkpoint, DType, MappedFile, TensorEntry, not_a_model};
use crate::error::EngineError;

/// The small files of a folder.
#[derive(Debug)]
pub(crate) struct FolderFiles {
    pub(crate) path: PathBuf,
    pub(crate) config: Value,
    pub(crate) generation: Option<Value>,
    pub(crate) tokenizer: Option<Value>,
    /// `chat_template.jinja`, or the template in `chat_template.json` or `tokenizer_config.json`.
    pub(crate) chat_template: Option<String>,
}

impl FolderFiles {
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let tokenizer = optional_json(&path.join("tokenizer_config.json"))?;
        let chat_template = chat_template(path, tokenizer.as_ref())?;
        Ok(Self {
            path: path.to_owned(),
            config: read_json(&path.join("config.json"))?,
            generation: optional_json(&path.join("generation_config.json"))?,
            tokenizer,
            chat_template,
        })
    }

    /// Maps the weights.
    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, EngineError> {
        let mut checkpoint = Checkpoint { files: Vec::new(), tensors: HashMap::new() };
        for shard in shards(&self.path)? {
            let file = MappedFile::open(&shard)?;
            add_shard(&mut checkpoint, file)?;
        }
        Ok(checkpoint)
    }
}

/// A JSON file.
pub(crate) fn read_json(path: &Path) -> Result<Value, EngineError> {
    let bytes = std::fs::read(path)
        .map_err(|source| EngineError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|error| EngineError::Corrupt {
        path: path.to_owned(),
        reason: format!("not valid JSON ({error})"),
    })
}

fn optional_json(path: &Path) -> Result<Option<Value>, EngineError> {
    if path.is_file() { read_json(path).map(Some) } else { Ok(None) }
}

fn chat_template(folder: &Path, tokenizer: Option<&Value>) -> Result<Option<String>, EngineError> {
    let file = folder.join("chat_template.jinja");
    if file.is_file() {
        let text = std::fs::read_to_string(&file)
            .map_err(|source| EngineError::Read { path: file.clone(), source })?;
        return Ok(Some(text));
    }
    let own = optional_json(&folder.join("chat_template.json"))?;
    let candidates = [own.as_ref(), tokenizer];
    Ok(candidates.into_iter().flatten().find_map(|json| template_of(json.get("chat_template")?)))
}

/// A template is a text, or a list of named ones of which `default` counts.
fn template_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(named) => named
            .iter()
            .find(|entry| entry["name"] == "default")
            .and_then(|entry| entry["template"].as_str())
            .map(str::to_owned),
        _ => None,
    }
}

/// The safetensors files, from the index if there is one.
fn shards(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let index = folder.join("model.safetensors.index.json");
    if index.is_file() {
        return indexed_shards(folder, &index);
    }
    let single = folder.join("model.safetensors");
    if single.is_file() {
        return Ok(vec![single]);
    }
    let entries = std::fs::read_dir(folder)
        .map_err(|source| EngineError::Read { path: folder.to_owned(), source })?;
    let names: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    let with = |extension: &str| {
        let mut found: Vec<PathBuf> = names
            .iter()
            .filter(|path| path.extension().is_some_and(|own| own == extension))
            .cloned()
            .collect();
        found.sort();
        found
    };
    let found = with("safetensors");
    if !found.is_empty() {
        return Ok(found);
    }
    let pickles = [with("bin"), with("pt"), with("pth")].concat();
    if let Some(pickle) = pickles.first() {
        return Err(not_a_model(
            folder,
            &format!(
                "its weights are pickles (`{}`), which can run code when they are loaded",
                pickle.file_name().unwrap_or_default().to_string_lossy()
            ),
            "convert them once: python -c \"from transformers import AutoModelForCausalLM as M; \
             M.from_pretrained('FOLDER').save_pretrained('FOLDER', safe_serialization=True)\"",
        ));
    }
    Err(not_a_model(
        folder,
        "it has `config.json` but no `.safetensors` file",
        "download the weights too (`model.safetensors`, or all shards and their index)",
    ))
}

fn indexed_shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let json = read_json(index)?;
    let corrupt = |reason: String| EngineError::Corrupt { path: index.to_owned(), reason };
    let map =
        json["weight_map"].as_object().ok_or_else(|| corrupt("it has no `weight_map`".into()))?;
    let names: BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
    let mut paths = Vec::new();
    for name in names {
        if Path::new(name).components().count() != 1 || name.starts_with('.') {
            return Err(corrupt(format!("`{name}` is not the name of a file in the folder")));
        }
        let path = folder.join(name);
        if !path.is_file() {
            return Err(not_a_model(
                folder,
                &format!("shard `{name}`, which the index lists, is missing"),
                "download the missing shard",
            ));
        }
        paths.push(path);
    }
    Ok(paths)
}

fn add_shard(checkpoint: &mut Checkpoint, file: MappedFile) -> Result<(), EngineError> {
    let corrupt = |reason: String| EngineError::Corrupt { path: file.path().to_owned(), reason };
    let (header, metadata) = SafeTensors::read_metadata(file.bytes())
        .map_err(|error| corrupt(format!("not a whole safetensors file ({error})")))?;
    let data = header + 8;
    for (name, info) in metadata.tensors() {
        let dtype = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::Bf16,
            // Masks and counters that some checkpoints carry; never weights.
            Dtype::BOOL | Dtype::U8 | Dtype::I32 | Dtype::I64 => continue,
            other => {
                return Err(corrupt(format!(
                    "tensor `{name}` has type {other:?}; f32, f16 and bf16 are supported"
                )));
            }
        };
        let end = data + info.data_offsets.1;
        if end > file.bytes().len() {
            return Err(corrupt(format!("tensor `{name}` is cut short")));
        }
        let entry = TensorEntry {
            file: checkpoint.files.len(),
            start: data + info.data_offsets.0,
            end,
            dtype,
            shape: info.shape.clone(),
        };
        checkpoint.tensors.insert(name, entry);
    }
    checkpoint.files.push(file);
    Ok(())
}
