//! GGUF models in several files, as llama.cpp's tools split them: `NAME-00001-of-00003.gguf` and so on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::gguf::{GgufFile, Parsed, Value, parse};
use super::{Checkpoint, MappedFile, not_a_model};
use crate::error::EngineError;

/// The names of all parts of the model to which a file of this name belongs, in order; the name itself if it is not a part's.
pub fn gguf_parts(name: &str) -> Vec<String> {
    split_name(name).map_or_else(
        || vec![name.to_owned()],
        |(stem, _, count)| (1..=count).map(|part| part_name(stem, part, count)).collect(),
    )
}

fn part_name(stem: &str, part: usize, count: usize) -> String {
    format!("{stem}-{part:05}-of-{count:05}.gguf")
}

/// What comes before the numbers, which part this is, from 1 on, and of how many.
fn split_name(name: &str) -> Option<(&str, usize, usize)> {
    let (rest, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (stem, part) = rest.rsplit_once('-')?;
    let number = |digits: &str| {
        let plain = digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    };
    let (part, count) = (number(part)?, number(count)?);
    (part >= 1 && part <= count).then_some((stem, part, count))
}

/// Opens the model of which `path` is the only file or one of the parts.
pub(super) fn open(path: &Path) -> Result<GgufFile, EngineError> {
    let (file, parsed) = read(path)?;
    let count = number(&parsed, "split.count").unwrap_or(1);
    if count <= 1 {
        let (metadata, tensors) = parsed;
        return Ok(GgufFile { metadata, checkpoint: Checkpoint { files: vec![file], tensors } });
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let paths: Vec<PathBuf> =
        gguf_parts(name).iter().map(|name| path.with_file_name(name)).collect();
    if paths.len() != count {
        return Err(not_a_model(
            path,
            &format!("it is one of {count} parts of a model, but not named as one"),
            &format!("name the parts `{}` and so on", part_name("MODEL", 1, count)),
        ));
    }
    join(&paths)
}

fn join(paths: &[PathBuf]) -> Result<GgufFile, EngineError> {
    let count = paths.len();
    let mut whole: Option<GgufFile> = None;
    for (index, path) in paths.iter().enumerate() {
        if !path.exists() {
            return Err(not_a_model(
                path,
                &format!("part {} of {count} of the model is missing", index + 1),
                "download all parts into one folder",
            ));
        }
        let corrupt = |reason: String| EngineError::Corrupt { path: path.clone(), reason };
        let (file, parsed) = read(path)?;
        if (number(&parsed, "split.no"), number(&parsed, "split.count"))
            != (Some(index), Some(count))
        {
            return Err(corrupt(format!(
                "it does not say that it is part {} of {count}",
                index + 1
            )));
        }
        let (metadata, tensors) = parsed;
        let whole = whole.get_or_insert_with(|| GgufFile {
            metadata,
            checkpoint: Checkpoint { files: Vec::new(), tensors: HashMap::new() },
        });
        whole.checkpoint.files.push(file);
        for (name, mut entry) in tensors {
            entry.file = index;
            if whole.checkpoint.tensors.insert(name.clone(), entry).is_some() {
                return Err(corrupt(format!("tensor `{name}` is in an earlier part too")));
            }
        }
    }
    let whole = whole.expect("there are at least two parts");
    let (found, wanted) = (whole.checkpoint.tensors.len(), whole.number("split.tensors.count"));
    match wanted {
        Some(wanted) if wanted != found => Err(EngineError::Corrupt {
            path: paths[0].clone(),
            reason: format!("its {count} parts have {found} tensors, but {wanted} are promised"),
        }),
        _ => Ok(whole),
    }
}

fn read(path: &Path) -> Result<(MappedFile, Parsed), EngineError> {
    let file = MappedFile::open(path)?;
    let parsed = parse(path, file.bytes())?;
    Ok((file, parsed))
}

fn number(parsed: &Parsed, key: &str) -> Option<usize> {
    parsed.0.get(key).and_then(Value::as_usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts_name_all_parts() {
        assert_eq!(
            gguf_parts("q/x-00002-of-00003.gguf"),
            ["q/x-00001-of-00003.gguf", "q/x-00002-of-00003.gguf", "q/x-00003-of-00003.gguf"]
        );
        for whole in ["x.gguf", "x-2-of-3.gguf", "x-00004-of-00003.gguf", "x-00001-of-00002.bin"] {
            assert_eq!(gguf_parts(whole), [whole]);
        }
    }
}
