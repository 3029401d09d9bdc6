//! What can go wrong between a dataset's home and the rows read from it.

use std::io;
use std::path::{Path, PathBuf};

/// A data file could not be fetched or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nowhere to get it from, or downloads are switched off.
    #[error("`{name}` is not available: {reason}")]
    Unavailable {
        /// The file.
        name: String,
        /// Why; ends with a hint.
        reason: String,
    },
    /// The server refused access: a gated or private dataset, or a bad token.
    #[error("access to {what} was denied (HTTP {status}){detail}\nhint: {hint}")]
    Denied {
        /// What was asked for.
        what: String,
        /// 401 or 403.
        status: u16,
        /// The server's own words in brackets, or nothing.
        detail: String,
        /// What to do.
        hint: String,
    },
    /// The server has no such file.
    #[error(
        "{what} was not found (HTTP {status}){detail}\nhint: it may have been moved or withdrawn; a copy of yours can \
         be used with --data-dir"
    )]
    NotFound {
        /// What was asked for.
        what: String,
        /// 404 or 410.
        status: u16,
        /// The server's own words in brackets, or nothing.
        detail: String,
    },
    /// The server answered with some other error, also after several attempts.
    #[error(
        "{what} could not be fetched: the server answered HTTP {status}{detail}\nhint: try again later"
    )]
    Status {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The server's own words in brackets, or nothing.
        detail: String,
    },
    /// No connection, or it broke too often.
    #[error(
        "{what} could not be fetched: {reason}\nhint: check the connection and the proxy settings; what has arrived is \
         kept, and the same command goes on from there"
    )]
    Network {
        /// What was asked for.
        what: String,
        /// What the network said.
        reason: String,
    },
    /// The HTTP client could not be set up: in most cases the system has no certificates.
    #[error(
        "downloads are not possible here: {reason}\nhint: install the system's certificates (the package \
         `ca-certificates`), or name a file with them in SSL_CERT_FILE"
    )]
    NoClient {
        /// What the client said.
        reason: String,
    },
    /// The user stopped it.
    #[error("fetching {what} was stopped\nhint: the same command goes on from there")]
    Cancelled {
        /// What was being fetched.
        what: String,
    },
    /// A web page came instead of data.
    #[error(
        "{what} is a web page, not data\nhint: the server may ask for a login or have moved the file; open the address \
         in a browser, and use a copy of yours with --data-dir"
    )]
    WebPage {
        /// What was asked for.
        what: String,
    },
    /// The content is not what was pinned.
    #[error(
        "{what} has SHA-256 `{actual}`, but `{expected}` was expected; the download was deleted\nhint: the file may \
         have changed at its source; a copy of yours with the expected content can be used with --data-dir"
    )]
    WrongHash {
        /// What was fetched.
        what: String,
        /// The pinned hash.
        expected: String,
        /// The hash of what came.
        actual: String,
    },
    /// The size is not what was pinned.
    #[error(
        "{what} has {actual} bytes, but {expected} were expected; the download was deleted\nhint: the file may have \
         changed at its source"
    )]
    WrongSize {
        /// What was fetched.
        what: String,
        /// The pinned size.
        expected: u64,
        /// The size of what came.
        actual: u64,
    },
    /// The content is not what a lock file says.
    #[error(
        "{what} has SHA-256 `{actual}`, but `{}` says `{expected}`\nhint: the file changed at its source since the lock was \
         written; give a copy of the older one with --data-dir, or delete its line from the lock to accept the new one",
        lock.display()
    )]
    Changed {
        /// What was fetched or found.
        what: String,
        /// The lock file.
        lock: PathBuf,
        /// The hash in the lock.
        expected: String,
        /// The hash of the content.
        actual: String,
    },
    /// A lock file that can't be used.
    #[error(
        "`{}` can't be used as a lock of data files: {reason}\nhint: name another file with --lock, or delete it to make a \
         new one", path.display()
    )]
    BadLock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A download that would not fit under the cache's cap.
    #[error(
        "{what} is larger than the whole cache may be ({limit} bytes)\nhint: raise the limit with --max-cache"
    )]
    LargerThanCache {
        /// What was to be fetched.
        what: String,
        /// The cap in bytes.
        limit: u64,
    },
    /// The location is malformed.
    #[error("`{text}` is not a valid location: {reason}\nhint: give an http or https address")]
    BadLocation {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The cache folder could not be written.
    #[error("could not {action} `{path}`: {source}\nhint: {}", cache_hint(source))]
    Cache {
        /// What was being done.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A Python package could not be fetched.
    #[error("the Python package `{package}` could not be fetched: {reason}\nhint: {hint}")]
    Package {
        /// Name and version.
        package: String,
        /// What the client said.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// Every location failed.
    #[error("`{name}` could not be had from any of its {} sources:\n{}", attempts.len(), list(attempts))]
    Everywhere {
        /// The file.
        name: String,
        /// One error per location, in order.
        attempts: Vec<DataError>,
    },
    /// A file could not be read.
    #[error("could not read `{path}`: {source}\nhint: check that the file exists and may be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file's content is not what its format demands.
    #[error("`{path}`, line {line}{}: {message}\nhint: the file may be damaged or of another format", at(*column))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column (in bytes, from 1), where the format tells.
        column: Option<u64>,
        /// What is wrong.
        message: String,
    },
    /// Text that is not UTF-8.
    #[error(
        "`{path}` is not UTF-8 text: invalid byte at offset {offset} (line {line})\nhint: convert it, for instance with \
         `iconv -f latin1 -t utf-8`"
    )]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Bytes before the offending one, after decompression.
        offset: u64,
        /// Line, from 1.
        line: u64,
    },
    /// A compressed file, archive or Parquet file is damaged.
    #[error(
        "`{path}` is damaged or not what it claims to be: {message}\nhint: delete it and fetch it again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        message: String,
    },
    /// An archive has no such member.
    #[error("`{path}` has no member `{member}`\nhint: {members}")]
    NoMember {
        /// The archive.
        path: PathBuf,
        /// What was looked for.
        member: String,
        /// The names most like it.
        members: String,
    },
    /// A Parquet file has no such column.
    #[error("`{path}` has no column `{column}`\nhint: {columns}")]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        column: String,
        /// The names most like it.
        columns: String,
    },
    /// An archive's member would leave its folder.
    #[error(
        "`{path}` holds the unsafe member name `{member}`\nhint: do not use this archive; it may be malicious"
    )]
    UnsafeMember {
        /// The archive.
        path: PathBuf,
        /// The name.
        member: String,
    },
    /// Decompression went over a limit.
    #[error(
        "`{path}` unpacks to more than {limit}; stopped\nhint: it may be a decompression bomb; raise the limits only if \
         you trust it"
    )]
    Bomb {
        /// The file.
        path: PathBuf,
        /// The limit, in words.
        limit: String,
    },
}

impl DataError {
    pub(crate) fn cache(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataError {
        let path = path.to_owned();
        move |source| DataError::Cache { action, path, source }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> DataError {
        let path = path.to_owned();
        move |source| DataError::Read { path, source }
    }

    pub(crate) fn damaged(path: &Path, error: impl std::fmt::Display) -> DataError {
        DataError::Damaged { path: path.to_owned(), message: error.to_string() }
    }

    /// Whether another location could not help: the trouble is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        matches!(
            self,
            DataError::Cache { .. }
                | DataError::Cancelled { .. }
                | DataError::LargerThanCache { .. }
        )
    }
}

/// The names most like the one that was looked for, in words.
pub(crate) fn nearest(wanted: &str, names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<&String> = names.iter().collect();
    // Stable, so that equally good names keep the file's order.
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(wanted, name);
    names.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "there are none at all".to_owned(),
        count if count > SHOWN => format!("the nearest of its {count} names: {}", shown.join(", ")),
        _ => format!("it has {}", shown.join(", ")),
    }
}

fn cache_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; free some space (`holometer cache prune`) or choose another folder with --cache-dir"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "the cache folder can't be written; choose another with --cache-dir"
        }
        _ => "check the cache folder, or choose another with --cache-dir",
    }
}

fn at(column: Option<u64>) -> String {
    column.map(|column| format!(", column {column}")).unwrap_or_default()
}

fn list(attempts: &[DataError]) -> String {
    let lines: Vec<String> = attempts.iter().map(|error| format!("- {error}")).collect();
    lines.join("\n")
}
