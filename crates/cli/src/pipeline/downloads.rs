//! What has to be downloaded: each file once, with its source, its size and what is kept of it.

use std::collections::BTreeMap;

use holometer_data::{Availability, DataFile, Library};
use holometer_report::{Column, Table};
use serde::Serialize;

use crate::progress::Talk;
use crate::size;

/// One file that is not here yet.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Download {
    /// Its name.
    pub(crate) name: String,
    /// Where it comes from, in words.
    pub(crate) from: String,
    /// Bytes to download; `null` where nobody knows.
    pub(crate) bytes: Option<u64>,
    /// Whether `bytes` is an estimate.
    pub(crate) is_estimate: bool,
    /// Bytes that stay in the cache; `null` where nobody knows.
    pub(crate) kept_bytes: Option<u64>,
    /// Whether its content is pinned by a hash.
    pub(crate) is_pinned: bool,
    #[serde(skip)]
    file: DataFile,
}

impl Download {
    /// A file that a library would download; nothing for one that is here or can't be had.
    pub(crate) fn of(file: &DataFile, library: &Library) -> Option<Self> {
        let Availability::Download { from, bytes } = library.locate(file) else { return None };
        Some(Self {
            name: file.name(),
            from,
            bytes,
            is_estimate: file.bytes.is_none(),
            kept_bytes: match (file.kept_bytes(), bytes) {
                (Some(kept), Some(bytes)) => Some(kept.min(bytes)),
                (kept, _) => kept,
            },
            is_pinned: file.sha256.is_some(),
            file: file.clone(),
        })
    }

    fn size(&self) -> String {
        match self.bytes {
            Some(bytes) if self.is_estimate => format!("about {}", size::show(bytes)),
            Some(bytes) => size::show(bytes),
            None => "unknown".to_owned(),
        }
    }

    /// The file with size and source, for a list.
    pub(crate) fn line(&self) -> String {
        let kept = match (&self.file.reduction, self.kept_bytes) {
            (None, _) => String::new(),
            (Some(_), Some(bytes)) => format!(", of which about {} are kept", size::show(bytes)),
            (Some(_), None) => ", of which a part is kept".to_owned(),
        };
        let pinned = if self.is_pinned { ", pinned by its hash" } else { "" };
        format!("{}: {}{kept}{pinned}", self.from, self.size())
    }
}

/// Several downloads, each location once.
#[derive(Debug, Default)]
pub(crate) struct Downloads(BTreeMap<String, Download>);

impl Downloads {
    /// Adds a file that would be downloaded.
    pub(crate) fn add(&mut self, download: Download) {
        let reduction = download.file.reduction.as_ref().map(|reduction| reduction.name.clone());
        let key = format!("{:?} {reduction:?}", download.file.locations);
        self.0.entry(key).or_insert(download);
    }

    /// The files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Download> {
        self.0.values()
    }

    /// Asks the servers about the sizes that are not known exactly.
    pub(crate) fn ask(&mut self, library: &Library, talk: &Talk) {
        let failures = self.ask_where(library, |download| download.is_estimate);
        for failure in &failures {
            talk.warn(failure);
        }
    }

    /// Asks the servers about the sizes that are not known at all. What they don't tell stays unknown.
    pub(crate) fn ask_unknown(&mut self, library: &Library) {
        for failure in self.ask_where(library, |download| download.bytes.is_none()) {
            tracing::info!("{failure}");
        }
    }

    fn ask_where(&mut self, library: &Library, wanted: impl Fn(&Download) -> bool) -> Vec<String> {
        let unsure: Vec<&mut Download> =
            self.0.values_mut().filter(|download| wanted(download)).collect();
        let mut failures = Vec::new();
        let files: Vec<DataFile> = unsure.iter().map(|download| download.file.clone()).collect();
        for (download, answer) in unsure.into_iter().zip(library.ask_sizes(&files)) {
            match answer {
                Ok(Some(bytes)) => {
                    download.bytes = Some(bytes);
                    download.is_estimate = false;
                    if download.file.reduction.is_none() {
                        download.kept_bytes = Some(bytes);
                    }
                }
                Ok(None) => {}
                Err(error) => failures.push(format!("no size of {}: {error}", download.name)),
            }
        }
        failures
    }

    /// The size of the files' downloads, by where they come from.
    pub(crate) fn bytes_of(&self, download: &Download) -> Option<u64> {
        let same = self.0.values().find(|known| known.file.locations == download.file.locations);
        same.map_or(download.bytes, |known| known.bytes)
    }

    /// Bytes whose number is known.
    pub(crate) fn bytes(&self) -> u64 {
        self.files().filter_map(|download| download.bytes).sum()
    }

    /// Bytes that stay in the cache, as far as they are known.
    pub(crate) fn kept_bytes(&self) -> u64 {
        self.files().filter_map(|download| download.kept_bytes.or(download.bytes)).sum()
    }

    /// All of it in a sentence; nothing where there is nothing to download.
    pub(crate) fn summary(&self) -> Option<String> {
        let count = self.0.len();
        if count == 0 {
            return None;
        }
        let unknown = self.files().filter(|download| download.bytes.is_none()).count();
        let estimated =
            self.files().any(|download| download.is_estimate && download.bytes.is_some());
        let about = if estimated { "about " } else { "" };
        let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        if unknown == count {
            return Some(format!("To download: {files} of unknown size"));
        }
        let more = match unknown {
            0 => String::new(),
            _ => format!(", {unknown} of them of unknown size"),
        };
        Some(format!(
            "To download: {about}{} in {files}{more}; {about}{} stay in the cache",
            size::show(self.bytes()),
            size::show(self.kept_bytes())
        ))
    }

    /// One row a file, the largest first.
    pub(crate) fn table(&self) -> Table {
        let mut files: Vec<&Download> = self.files().collect();
        files.sort_by_key(|download| std::cmp::Reverse(download.bytes.unwrap_or(0)));
        let rows = files.into_iter().map(|download| {
            let kept = download.kept_bytes.or(download.bytes);
            vec![
                download.name.clone(),
                download.size(),
                kept.map_or_else(|| "unknown".to_owned(), size::show),
                if download.is_pinned { "yes" } else { "no" }.to_owned(),
                download.from.clone(),
            ]
        });
        Table {
            title: "Files to download".to_owned(),
            columns: vec![
                Column::text("file"),
                Column::number("download"),
                Column::number("kept"),
                Column::text("pinned"),
                Column::text("from"),
            ],
            rows: rows.collect(),
            notes: Vec::new(),
        }
    }
}
