//! The cache folder: what lies in it, putting something in whole or not at all, and keeping it under its cap.
//!
//! Layout, with names valid on every operating system:
//! `files/<key>/<name>` is the content and `files/<key>/.entry.json` its particulars; `partial/<key>/` an unfinished
//! download; `locks/<key>.lock` keeps two processes from fetching the same thing at once. A finished download becomes
//! visible by one rename of its folder.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::DataError;

const PARTICULARS: &str = ".entry.json";

/// One thing in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it came from, in words.
    pub location: String,
    /// Its own name: of a file, or of a folder of shards.
    pub name: String,
    /// SHA-256 in lower-case hex; for a folder of shards, of their SHA-256s in hex one after the other.
    pub sha256: String,
    /// SHA-256 of the file as its source has it, where it is known: it differs when only a part is kept.
    #[serde(default)]
    pub source_sha256: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was fetched, in seconds since 1970.
    pub fetched: u64,
    /// The folder's name in the cache.
    #[serde(skip)]
    pub key: String,
    /// The file or folder itself.
    #[serde(skip)]
    pub path: PathBuf,
    /// When it was last handed out, in seconds since 1970.
    #[serde(skip)]
    pub last_used: u64,
}

/// What a pruning keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The most recently used entries, up to so many bytes.
    Bytes(u64),
    /// What was used within this time.
    UsedWithin(Duration),
}

/// What a pruning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The entries removed, least recently used first.
    pub removed: Vec<Entry>,
    /// Bytes freed, unfinished downloads included.
    pub freed_bytes: u64,
}

/// Everything in the cache, most recently used first. An absent folder is an empty cache.
pub fn entries(cache_dir: &Path) -> Result<Vec<Entry>, DataError> {
    let mut entries: Vec<Entry> = folders(&cache_dir.join("files"))?
        .into_iter()
        .filter_map(|(key, _)| lookup(cache_dir, &key))
        .collect();
    entries.sort_by(|a, b| b.last_used.cmp(&a.last_used).then_with(|| a.key.cmp(&b.key)));
    Ok(entries)
}

/// Bytes that the cache takes, unfinished downloads included.
pub fn total_bytes(cache_dir: &Path) -> Result<u64, DataError> {
    let mut total = 0;
    for part in ["files", "partial"] {
        for (_, folder) in folders(&cache_dir.join(part))? {
            total += size_of(&folder);
        }
    }
    Ok(total)
}

/// Removes what `keep` does not keep: unfinished downloads that no process is working on first, then the entries least
/// recently used.
pub fn prune(cache_dir: &Path, keep: Keep) -> Result<Pruned, DataError> {
    prune_except(cache_dir, keep, &HashSet::new())
}

/// As [`prune`], sparing the entries with these keys.
pub(crate) fn prune_except(
    cache_dir: &Path,
    keep: Keep,
    spared: &HashSet<String>,
) -> Result<Pruned, DataError> {
    let mut total = total_bytes(cache_dir)?;
    let now = seconds(SystemTime::now());
    let goes = |last_used: u64, total: u64| match keep {
        Keep::Bytes(cap) => total > cap,
        Keep::UsedWithin(age) => now.saturating_sub(last_used) > age.as_secs(),
    };
    let mut pruned = Pruned::default();
    let mut remove = |folder: &Path, total: &mut u64| {
        let size = size_of(folder);
        match discard(cache_dir, folder) {
            Ok(()) => {
                *total = total.saturating_sub(size);
                pruned.freed_bytes += size;
                true
            }
            Err(error) => {
                tracing::warn!("could not remove {}: {error}", folder.display());
                false
            }
        }
    };
    for (key, folder) in folders(&cache_dir.join("partial"))? {
        let used = modified(&folder);
        if goes(used, total) && !spared.contains(&key) && !is_locked(cache_dir, &key) {
            remove(&folder, &mut total);
        }
    }
    let mut removed = Vec::new();
    for entry in entries(cache_dir)?.into_iter().rev() {
        let folder = entry_folder(cache_dir, &entry.key);
        if goes(entry.last_used, total)
            && !spared.contains(&entry.key)
            && remove(&folder, &mut total)
        {
            removed.push(entry);
        }
    }
    pruned.removed = removed;
    Ok(pruned)
}

/// The entry with this key, if it is there and whole.
pub(crate) fn lookup(cache_dir: &Path, key: &str) -> Option<Entry> {
    let folder = entry_folder(cache_dir, key);
    let text = fs::read_to_string(folder.join(PARTICULARS)).ok()?;
    let entry: Entry = serde_json::from_str(&text).ok()?;
    if entry.name != safe_name(&entry.name) {
        return None;
    }
    let path = folder.join(&entry.name);
    if !path.exists() || size_of(&path) != entry.bytes {
        return None;
    }
    let last_used = modified(&folder.join(PARTICULARS));
    Some(Entry { key: key.to_owned(), path, last_used, ..entry })
}

/// Notes that an entry was used now. In a cache that can't be written nothing is noted.
pub(crate) fn touch(cache_dir: &Path, key: &str) {
    let path = entry_folder(cache_dir, key).join(PARTICULARS);
    if let Ok(file) = OpenOptions::new().append(true).open(path)
        && let Err(error) = file.set_modified(SystemTime::now())
    {
        tracing::debug!("could not note the use of cache entry {key}: {error}");
    }
}

/// The exclusive right to fetch one key, held until dropped.
pub(crate) struct Lock {
    /// Where the unfinished download lies; other processes leave it alone.
    pub partial: PathBuf,
    _file: Option<File>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Succeeds only when nothing was left in it.
        let _ = fs::remove_dir(&self.partial);
    }
}

/// Waits until no other process or thread is fetching this key. On a file system without locks everyone works in a folder
/// of their own instead.
pub(crate) fn lock(cache_dir: &Path, key: &str) -> Result<Lock, DataError> {
    static UNLOCKED: AtomicU64 = AtomicU64::new(0);
    let folder = cache_dir.join("locks");
    fs::create_dir_all(&folder).map_err(DataError::cache("create the cache folder", &folder))?;
    let path = lock_path(cache_dir, key);
    let file = open_lock(&path).map_err(DataError::cache("open the lock file", &path))?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            tracing::info!("waiting for another process that fetches the same file");
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    let partial = cache_dir.join("partial");
    let (partial, file) = match locked {
        Ok(()) => (partial.join(key), Some(file)),
        Err(error) => {
            tracing::debug!("no file locks in {}: {error}", folder.display());
            let number = UNLOCKED.fetch_add(1, Ordering::Relaxed);
            (partial.join(format!("{key}-{}-{number}", std::process::id())), None)
        }
    };
    fs::create_dir_all(&partial).map_err(DataError::cache("create", &partial))?;
    Ok(Lock { partial, _file: file })
}

/// Makes the finished download `entry.name` in the lock's folder visible under `key`, and gives its path.
pub(crate) fn store(
    cache_dir: &Path,
    key: &str,
    lock: &Lock,
    entry: &Entry,
) -> Result<PathBuf, DataError> {
    let particulars = lock.partial.join(PARTICULARS);
    let text = serde_json::to_string_pretty(entry).expect("an entry has only text and numbers");
    fs::write(&particulars, text).map_err(DataError::cache("write", &particulars))?;
    let folder = entry_folder(cache_dir, key);
    let parent = cache_dir.join("files");
    fs::create_dir_all(&parent).map_err(DataError::cache("create", &parent))?;
    if folder.exists() {
        // Only a damaged entry gets here: a whole one is used as it is.
        discard(cache_dir, &folder).map_err(DataError::cache("replace", &folder))?;
    }
    fs::rename(&lock.partial, &folder).map_err(DataError::cache("move into place", &folder))?;
    Ok(folder.join(&entry.name))
}

/// Seconds since 1970 now, for [`Entry::fetched`].
pub(crate) fn now() -> u64 {
    seconds(SystemTime::now())
}

/// A file name valid on every operating system and recognisable by people.
pub(crate) fn safe_name(name: &str) -> String {
    const MAX_CHARS: usize = 80;
    const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let kept = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    let name: String = name.chars().map(|c| if kept(c) { c } else { '_' }).collect();
    let name = name.trim_matches('.');
    let stem = name.split('.').next().unwrap_or("").to_ascii_lowercase();
    let bare = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = if name.is_empty() || RESERVED.contains(&bare) {
        format!("_{name}")
    } else {
        name.to_owned()
    };
    // The end is kept, because it holds the extension. Only ASCII is left, so every byte is a character.
    name[name.len().saturating_sub(MAX_CHARS)..].trim_start_matches('.').to_owned()
}

fn entry_folder(cache_dir: &Path, key: &str) -> PathBuf {
    cache_dir.join("files").join(key)
}

fn lock_path(cache_dir: &Path, key: &str) -> PathBuf {
    cache_dir.join("locks").join(format!("{key}.lock"))
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn is_locked(cache_dir: &Path, key: &str) -> bool {
    let Ok(file) = File::open(lock_path(cache_dir, key)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Removes a folder of the cache; nobody sees it half gone.
fn discard(cache_dir: &Path, folder: &Path) -> io::Result<()> {
    static DISCARDED: AtomicU64 = AtomicU64::new(0);
    let number = DISCARDED.fetch_add(1, Ordering::Relaxed);
    let trash = cache_dir.join("partial").join(format!("trash-{}-{number}", std::process::id()));
    fs::create_dir_all(cache_dir.join("partial"))?;
    fs::rename(folder, &trash)?;
    fs::remove_dir_all(&trash)
}

fn folders(parent: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let listing = match fs::read_dir(parent) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DataError::read(parent)(error)),
    };
    let mut folders = Vec::new();
    for item in listing {
        let item = item.map_err(DataError::read(parent))?;
        folders.push((item.file_name().to_string_lossy().into_owned(), item.path()));
    }
    folders.sort();
    Ok(folders)
}

/// Bytes of a file or of everything in a folder. What vanishes meanwhile counts nothing.
fn size_of(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let Ok(listing) = fs::read_dir(path) else { return 0 };
    listing.flatten().map(|item| size_of(&item.path())).sum()
}

fn modified(path: &Path) -> u64 {
    fs::metadata(path).and_then(|metadata| metadata.modified()).map_or(0, seconds)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
