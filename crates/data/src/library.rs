//! Finding a data file, or fetching it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::archive::is_safe_relative;
use crate::hash::{sha256_of_path, short_hash};
use crate::settings::{DEFAULT_HUB, DEFAULT_MAX_CACHE_BYTES, Hub, Network};
use crate::{Availability, DataError, DataFile, Limits, Location, Lock, Progress, cache, deliver};

/// Where data files lie and how missing ones are fetched. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct Library {
    /// Folders with local copies, looked through first, in order.
    pub data_dirs: Vec<PathBuf>,
    /// Where downloads are kept.
    pub cache_dir: PathBuf,
    /// The cap on the cache's size; also on any one download.
    pub max_cache_bytes: u64,
    /// Whether downloads are off.
    pub offline: bool,
    /// The dataset hub.
    pub hub: Hub,
    /// Python interpreters to try for packages, in order.
    pub pythons: Vec<PathBuf>,
    /// Timeouts, retries and the like.
    pub network: Network,
    /// How much archives may unpack to.
    pub limits: Limits,
    /// Whether a file whose download failed is asked for again when it is needed again; if not, the first failure
    /// stands for as long as this process goes on.
    pub ask_again: bool,
    /// Hashes that data files must have, and that those of new ones are added to.
    pub lock: Option<Arc<Lock>>,
    session: Arc<Session>,
}

/// What one process remembers.
#[derive(Debug, Default)]
struct Session {
    /// Local copies whose hash was compared.
    checked: Mutex<HashSet<PathBuf>>,
    /// Cache entries handed out, which pruning must spare.
    in_use: Mutex<HashSet<String>>,
    /// Downloads that failed, by their files' names and first locations, with what went wrong.
    failed: Mutex<HashMap<String, String>>,
}

impl Library {
    /// A library with this cache folder, no data folders, the public hub and the usual limits.
    pub fn new(cache_dir: PathBuf) -> Library {
        Library {
            data_dirs: Vec::new(),
            cache_dir,
            max_cache_bytes: DEFAULT_MAX_CACHE_BYTES,
            offline: false,
            hub: Hub { endpoint: DEFAULT_HUB.to_owned(), token: None },
            pythons: vec![PathBuf::from("python3"), PathBuf::from("python")],
            network: Network::default(),
            limits: Limits::default(),
            ask_again: true,
            lock: None,
            session: Arc::default(),
        }
    }

    /// Where the file would come from now. Uses no network and writes nothing.
    pub fn locate(&self, file: &DataFile) -> Availability {
        if let Some(path) = self.local(file) {
            return Availability::Local(path);
        }
        if let Some(entry) = self.cached(file) {
            return Availability::Cached(entry.path);
        }
        let download = file.locations.iter().find(|at| !matches!(at, Location::Path(_)));
        let Some(first) = download else {
            return Availability::Unavailable { reason: nowhere(file) };
        };
        if self.offline {
            let reason = format!(
                "it would be downloaded ({}), but downloads are off\nhint: run once without --offline, or name a folder \
                 that has it with --data-dir",
                first.describe()
            );
            return Availability::Unavailable { reason };
        }
        Availability::Download { from: first.describe(), bytes: file.bytes.or(file.about_bytes) }
    }

    /// The file's path, downloading it first where needed; blocks until it is there. Several processes and threads may
    /// ask for the same file at once: one fetches it, the others wait.
    ///
    /// # Errors
    /// The file is nowhere, can't be downloaded, or is not what was pinned. Nothing half-written is left visible; what
    /// arrived of a broken download is kept aside, and the next fetch goes on from there.
    pub fn fetch(&self, file: &DataFile, progress: &dyn Progress) -> Result<PathBuf, DataError> {
        match self.locate(file) {
            Availability::Local(path) => {
                self.check_local(file, &path, progress)?;
                Ok(path)
            }
            Availability::Cached(path) => {
                if let Some(entry) = self.cached(file) {
                    self.hold(&entry.location, source_hash(&entry, file))?;
                    self.note_use(&entry.key);
                }
                Ok(path)
            }
            Availability::Unavailable { reason } => {
                Err(DataError::Unavailable { name: file.name(), reason })
            }
            Availability::Download { from, .. } if !self.ask_again => {
                let failed = || self.session.failed.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(reason) = failed().get(&from).cloned() {
                    return Err(DataError::Unavailable { name: file.name(), reason });
                }
                self.download(file, progress)
                    .inspect_err(|error| drop(failed().insert(from, error.to_string())))
            }
            Availability::Download { .. } => self.download(file, progress),
        }
    }

    /// Fetches several files, a few at a time, and gives their outcomes in the order asked. One failure doesn't stop the
    /// others.
    pub fn fetch_all(
        &self,
        files: &[DataFile],
        progress: &dyn Progress,
    ) -> Vec<Result<PathBuf, DataError>> {
        self.in_parallel(files.len(), &|index| self.fetch(&files[index], progress))
    }

    /// Does something for each of so many things, a few at a time, and gives the outcomes in order.
    pub(crate) fn in_parallel<T: Send>(
        &self,
        count: usize,
        work: &(dyn Fn(usize) -> T + Sync),
    ) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let outcomes: Vec<Mutex<Option<T>>> = (0..count).map(|_| Mutex::new(None)).collect();
        let worker = || {
            while let Some(slot) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                outcomes.get(index).map(|slot| (index, slot))
            } {
                let outcome = work(slot.0);
                *slot.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.network.parallel.clamp(1, count.max(1)) {
                scope.spawn(worker);
            }
        });
        let outcome = |slot: Mutex<Option<T>>| {
            let slot = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            slot.expect("the workers leave nothing out")
        };
        outcomes.into_iter().map(outcome).collect()
    }

    fn local(&self, file: &DataFile) -> Option<PathBuf> {
        for folder in &self.data_dirs {
            for name in file.local.iter().filter(|name| is_safe_relative(name)) {
                let short = name.strip_prefix("scenarios/");
                for name in std::iter::once(name.as_str()).chain(short) {
                    let path = folder.join(name);
                    if path.exists() {
                        return Some(path);
                    }
                }
            }
        }
        file.locations.iter().find_map(|location| match location {
            Location::Path(path) if path.exists() => Some(path.clone()),
            _ => None,
        })
    }

    fn cached(&self, file: &DataFile) -> Option<cache::Entry> {
        if let Some(pin) = &file.sha256
            && let Some(entry) = cache::lookup(&self.cache_dir, &kept_key(pin_key(pin), file))
        {
            return Some(entry);
        }
        let mut keys = file.locations.iter().map(|location| location_key(location, file));
        keys.find_map(|key| cache::lookup(&self.cache_dir, &key))
    }

    /// Says once when a local copy is not what was pinned; one that is not what the lock says is an error.
    fn check_local(
        &self,
        file: &DataFile,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<(), DataError> {
        let pin = file.sha256.as_ref().filter(|_| path.is_file());
        if pin.is_none() && self.lock.is_none() {
            return Ok(());
        }
        let checked = || self.session.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked().contains(path) {
            return Ok(());
        }
        let (actual, _) = sha256_of_path(path).map_err(DataError::read(path))?;
        self.hold(&format!("the local copy `{}`", file.name()), Some(&actual))?;
        if let Some(pin) = pin.filter(|pin| !actual.eq_ignore_ascii_case(pin)) {
            progress.warned(&format!(
                "your copy `{}` differs from the published file (SHA-256 `{actual}`, published `{pin}`); it is used as it is",
                path.display()
            ));
        }
        checked().insert(path.to_owned());
        Ok(())
    }

    /// Holds a file's hash to the lock, where there is one and the hash is known.
    pub(crate) fn hold(&self, from: &str, sha256: Option<&str>) -> Result<(), DataError> {
        match (&self.lock, sha256) {
            (Some(lock), Some(sha256)) => lock.hold(from, sha256),
            _ => Ok(()),
        }
    }

    fn download(&self, file: &DataFile, progress: &dyn Progress) -> Result<PathBuf, DataError> {
        let mut attempts = Vec::new();
        for location in file.locations.iter().filter(|at| !matches!(at, Location::Path(_))) {
            match deliver::deliver(self, file, location, progress) {
                Ok(path) => return Ok(path),
                Err(error) if error.is_local() => return Err(error),
                Err(error) => {
                    tracing::info!("{}: {error}", location.describe());
                    attempts.push(error);
                }
            }
        }
        if attempts.len() == 1 {
            return Err(attempts.remove(0));
        }
        Err(DataError::Everywhere { name: file.name(), attempts })
    }

    /// Remembers that an entry is in use, in this process and in the cache.
    pub(crate) fn note_use(&self, key: &str) {
        cache::touch(&self.cache_dir, key);
        let mut in_use = self.session.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.insert(key.to_owned());
    }

    /// Brings the cache under its cap, sparing what this process uses.
    pub(crate) fn keep_under_cap(&self) {
        let spared = self.session.in_use.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let keep = cache::Keep::Bytes(self.max_cache_bytes);
        match cache::prune_except(&self.cache_dir, keep, &spared) {
            Ok(pruned) if pruned.freed_bytes > 0 => tracing::info!(
                "removed {} old cache entries ({} bytes)",
                pruned.removed.len(),
                pruned.freed_bytes
            ),
            Ok(_) => {}
            Err(error) => tracing::warn!("the cache could not be pruned: {error}"),
        }
    }
}

/// The cache key of a file from a location: its pinned hash where that describes the content, else the location itself; and
/// what is kept of it.
pub(crate) fn location_key(location: &Location, file: &DataFile) -> String {
    let key = match &file.sha256 {
        Some(pin) if !location.has_selected_columns() => pin_key(pin),
        _ => unpinned_key(location),
    };
    kept_key(key, file)
}

fn kept_key(key: String, file: &DataFile) -> String {
    match &file.reduction {
        Some(reduction) => short_hash(&format!("{key} {}", reduction.name)),
        None => key,
    }
}

/// The hash of a cached file as its source has it, where it is known.
fn source_hash<'a>(entry: &'a cache::Entry, file: &DataFile) -> Option<&'a str> {
    let is_whole =
        file.reduction.is_none() && !file.locations.iter().any(Location::has_selected_columns);
    entry.source_sha256.as_deref().or(is_whole.then_some(entry.sha256.as_str()))
}

fn pin_key(pin: &str) -> String {
    short_hash(&format!("sha256:{}", pin.to_ascii_lowercase()))
}

fn unpinned_key(location: &Location) -> String {
    short_hash(&serde_json::to_string(location).unwrap_or_else(|_| location.describe()))
}

fn nowhere(file: &DataFile) -> String {
    let paths: Vec<String> =
        file.locations.iter().map(|path| format!("`{}` does not exist", path.describe())).collect();
    let missing = if paths.is_empty() {
        "nobody offers it for download".to_owned()
    } else {
        paths.join("; ")
    };
    match file.local.first() {
        Some(local) => format!(
            "{missing}\nhint: get a copy from its owners and put it at `{local}` in a folder named with --data-dir"
        ),
        None => format!("{missing}\nhint: check the path"),
    }
}
