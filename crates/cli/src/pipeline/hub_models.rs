//! Models on a hub: `hf:ORG/NAME`, with `@REVISION` if it is to be another than `main`, and `/FILE.gguf` for one GGUF file.
//!
//! Files come through the data library: cached, resumed, with the user's token, from wherever `HF_ENDPOINT` points. A folder
//! of links then shows them as the hub lays them out. Knows nothing of what the files mean but their names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use holometer_data::{DataError, DataFile, Library, Location, Progress};
use holometer_engine::gguf_parts;
use serde_json::Value;

/// What every model has, and what some have beside it.
const CONFIG: &str = "config.json";
const OPTIONAL: [&str; 6] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "special_tokens_map.json",
];
const INDEX: &str = "model.safetensors.index.json";
const WEIGHTS: &str = "model.safetensors";
/// Names the files of a folder that is complete, so that a later run needs no network.
const LISTING: &str = ".files.json";

/// How much of a model is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Configuration and tokenizer.
    Description,
    /// The weights as well.
    Everything,
}

/// A repository at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Repository {
    name: String,
    revision: String,
    /// The one GGUF file that is wanted.
    gguf: Option<String>,
}

/// Fetches what is missing and gives the path of the folder, or of the GGUF file. The error is for people.
pub(crate) fn fetch(
    library: &Library,
    spec: &str,
    part: Part,
    progress: &dyn Progress,
) -> Result<PathBuf, String> {
    let repository = parse(spec)?;
    let get = |path: &str| library.fetch(&repository.file(path), progress);
    let folder = library.cache_dir.join("models").join(repository.folder_name());
    if let Some(gguf) = &repository.gguf {
        let parts = gguf_parts(gguf);
        if parts.len() == 1 {
            return get(gguf).map_err(|error| error.to_string());
        }
        // They find one another by their names.
        for part in &parts {
            let path = get(part).map_err(|error| error.to_string())?;
            link(&path, &folder.join(part)).map_err(|error| unwritable(&folder, &error))?;
        }
        return Ok(folder.join(&parts[0]));
    }
    if let Some(names) = listed(&folder) {
        for name in &names {
            let path = get(name).map_err(|error| error.to_string())?;
            link(&path, &folder.join(name)).map_err(|error| unwritable(&folder, &error))?;
        }
        return Ok(folder);
    }
    let mut names = BTreeSet::new();
    let mut take = |name: &str| -> Result<PathBuf, DataError> {
        let path = get(name)?;
        names.insert(name.to_owned());
        Ok(path)
    };
    let mut files = vec![(CONFIG.to_owned(), take(CONFIG).map_err(|error| error.to_string())?)];
    for name in OPTIONAL {
        match take(name) {
            Ok(path) => files.push((name.to_owned(), path)),
            Err(error) if is_absent(&error, library.offline) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    if part == Part::Everything {
        for name in weights(&repository, library.offline, &mut take)? {
            let path = take(&name).map_err(|error| error.to_string())?;
            files.push((name, path));
        }
    }
    for (name, path) in &files {
        link(path, &folder.join(name)).map_err(|error| unwritable(&folder, &error))?;
    }
    if part == Part::Everything && !library.offline {
        let text = serde_json::to_string(&names).expect("names are text");
        std::fs::write(folder.join(LISTING), text).map_err(|error| unwritable(&folder, &error))?;
    }
    Ok(folder)
}

/// The names of the weight files: those that the index names, with the index, else the one file of a small model.
fn weights(
    repository: &Repository,
    offline: bool,
    take: &mut dyn FnMut(&str) -> Result<PathBuf, DataError>,
) -> Result<Vec<String>, String> {
    match take(INDEX) {
        Ok(path) => {
            let mut names = shards(&path)?;
            names.push(INDEX.to_owned());
            Ok(names)
        }
        Err(error) if is_absent(&error, offline) => match take(WEIGHTS) {
            Ok(_) => Ok(vec![WEIGHTS.to_owned()]),
            Err(DataError::NotFound { .. }) => Err(format!(
                "the hub model `{}` has no safetensors\nhint: if it has a GGUF file, name it, as in `hf:{}/FILE.gguf`; if it has `.bin` \
                 files only, convert them once with Python: `AutoModelForCausalLM.from_pretrained(...).save_pretrained('FOLDER')`, and use \
                 `path:FOLDER`",
                repository.name, repository.name
            )),
            Err(error) => Err(error.to_string()),
        },
        Err(error) => Err(error.to_string()),
    }
}

/// The files that an index names. Names that lead elsewhere are refused.
fn shards(index: &Path) -> Result<Vec<String>, String> {
    let bad = |reason: &str| format!("`{}` is damaged: {reason}", index.display());
    let text = std::fs::read(index).map_err(|error| bad(&error.to_string()))?;
    let json: Value = serde_json::from_slice(&text).map_err(|error| bad(&error.to_string()))?;
    let map = json["weight_map"].as_object().ok_or_else(|| bad("it has no `weight_map`"))?;
    let names: BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
    for name in &names {
        if !is_plain(name) || !name.ends_with(".safetensors") {
            return Err(bad(&format!("it names the file `{name}`")));
        }
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// Whether a file that not every model has is simply not there.
fn is_absent(error: &DataError, offline: bool) -> bool {
    matches!(error, DataError::NotFound { .. })
        || (offline && matches!(error, DataError::Unavailable { .. }))
}

fn listed(folder: &Path) -> Option<Vec<String>> {
    let names: Vec<String> =
        serde_json::from_slice(&std::fs::read(folder.join(LISTING)).ok()?).ok()?;
    names.iter().all(|name| is_plain(name)).then_some(names)
}

fn unwritable(folder: &Path, error: &std::io::Error) -> String {
    format!(
        "`{}` can't be written: {error}\nhint: choose another cache with --cache-dir",
        folder.display()
    )
}

/// Shows a cached file under its own name; what was there before is replaced.
fn link(file: &Path, at: &Path) -> std::io::Result<()> {
    let file = std::path::absolute(file)?;
    if std::fs::read_link(at).is_ok_and(|known| known == file) {
        return Ok(());
    }
    if let Some(folder) = at.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::remove_file(at) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    return std::os::unix::fs::symlink(file, at);
    #[cfg(not(unix))]
    return std::fs::hard_link(&file, at).or_else(|_| std::fs::copy(&file, at).map(|_| ()));
}

/// A name without folders.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':'])
}

impl Repository {
    fn file(&self, path: &str) -> DataFile {
        let location = Location::HubModel {
            model: self.name.clone(),
            revision: self.revision.clone(),
            path: path.to_owned(),
        };
        DataFile { locations: vec![location], ..DataFile::default() }
    }

    /// One folder name for owner, name and revision.
    fn folder_name(&self) -> String {
        format!("{}@{}", self.name, self.revision).replace('/', "--")
    }
}

/// Reads what follows `hf:`.
fn parse(spec: &str) -> Result<Repository, String> {
    let bad = || {
        format!(
            "`hf:{spec}` names no model on a hub\nhint: write `hf:ORG/NAME`, `hf:ORG/NAME@REVISION` or `hf:ORG/NAME/FILE.gguf`"
        )
    };
    let (path, revision) = spec.split_once('@').unwrap_or((spec, "main"));
    let fits = |text: &str| {
        !text.is_empty()
            && !text.starts_with('.')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let parts: Vec<&str> = path.split('/').collect();
    if !parts.iter().all(|part| fits(part)) || !revision.split('/').all(fits) {
        return Err(bad());
    }
    let (name, gguf) = match parts.as_slice() {
        [_] | [_, _] => (path.to_owned(), None),
        [org, name, file @ ..] if path.to_lowercase().ends_with(".gguf") => {
            (format!("{org}/{name}"), Some(file.join("/")))
        }
        _ => return Err(bad()),
    };
    Ok(Repository { name, revision: revision.to_owned(), gguf })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_revisions_and_files_are_told_apart() {
        let repository = |name: &str, revision: &str, gguf: Option<&str>| Repository {
            name: name.into(),
            revision: revision.into(),
            gguf: gguf.map(str::to_owned),
        };
        assert_eq!(parse("gpt2").unwrap(), repository("gpt2", "main", None));
        assert_eq!(parse("a/b-1.5@v2").unwrap(), repository("a/b-1.5", "v2", None));
        assert_eq!(
            parse("a/b/q/x.Q4_0.gguf@refs/pr/1").unwrap(),
            repository("a/b", "refs/pr/1", Some("q/x.Q4_0.gguf"))
        );
        for wrong in ["", "a/../b", "a/b/c", "a b/c", "a/b@", "/a", "a/b@x/../y"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_index_names_no_file_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join(INDEX);
        std::fs::write(&index, r#"{"weight_map": {"a": "x.safetensors", "b": "x.safetensors"}}"#)
            .unwrap();
        assert_eq!(shards(&index).unwrap(), ["x.safetensors"]);
        std::fs::write(&index, r#"{"weight_map": {"a": "../x.safetensors"}}"#).unwrap();
        assert!(shards(&index).unwrap_err().contains("../x.safetensors"));
    }
}
