//! Keeping less of a file than was downloaded: what a dataset's owners offer in one piece may hold a hundred times of what is
//! asked for.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::archive::{bomb_or, each_member};
use crate::cache::safe_name;
use crate::read::{matches_pattern, no_member, open_within};
use crate::{DataError, Limits};

/// What is kept of a file after its download.
#[derive(Clone)]
pub struct Reduction {
    /// Its name: the same one always keeps the same. It tells apart what is kept of one file for different purposes.
    pub name: String,
    /// About how many bytes are kept, for plans.
    pub kept_bytes: Option<u64>,
    /// How it is done.
    pub work: Work,
}

/// Makes the content to keep out of the (unpacked) content that arrived.
pub type Rewrite = dyn Fn(&mut dyn BufRead, &mut dyn Write) -> io::Result<()> + Send + Sync;

/// Which rows of a table with so many rows are kept, as positions from 0, in the order in which they are kept.
pub type ChooseRows = dyn Fn(u64) -> Vec<u64> + Send + Sync;

/// Goes over the rows of a Parquet split in order, and says what is kept of them.
pub trait Keeper: Send {
    /// Columns of which all rows are shown ([`Self::look`]) before the first is kept. None by default.
    fn ahead(&self) -> &[&'static str] {
        &[]
    }

    /// Takes note of rows with those columns alone.
    fn look(&mut self, _rows: &[Value]) {}

    /// What is kept of some rows of a split. The error says what is wrong with a row.
    ///
    /// # Errors
    /// A row is not what it should be.
    fn keep(&mut self, split: &str, rows: Vec<Value>) -> Result<Vec<Value>, String>;

    /// Takes note of what an earlier, interrupted attempt kept of rows that are not shown again.
    fn again(&mut self, _kept: &[Value]) {}
}

/// Makes a keeper that has seen nothing yet.
pub type NewKeeper = dyn Fn() -> Box<dyn Keeper> + Send + Sync;

/// How a file is made smaller.
#[derive(Clone)]
pub enum Work {
    /// The content is rewritten, and kept compressed (zstd).
    Rewrite(Arc<Rewrite>),
    /// Only members of an archive with these names (as [`crate::read::archive_members`] takes them) are kept, in a tar archive
    /// compressed with zstd.
    Members(Vec<String>),
    /// Only some rows of a Parquet split are kept, as JSON Lines. Row groups without any of them are not downloaded.
    Rows(Arc<ChooseRows>),
    /// What is kept of the rows of a Parquet split is decided row by row; it is kept as JSON Lines, compressed (zstd). Where
    /// the server gives parts of files, only one shard of the split lies on the disk at a time.
    Each(Arc<NewKeeper>),
}

impl Reduction {
    /// Keeps everything, compressed.
    pub fn compressed() -> Reduction {
        let copy = |from: &mut dyn BufRead, to: &mut dyn Write| io::copy(from, to).map(|_| ());
        Reduction {
            name: "compressed".to_owned(),
            kept_bytes: None,
            work: Work::Rewrite(Arc::new(copy)),
        }
    }
}

impl fmt::Debug for Reduction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reduction({}, {:?})", self.name, self.kept_bytes)
    }
}

impl PartialEq for Reduction {
    fn eq(&self, other: &Reduction) -> bool {
        (&self.name, self.kept_bytes) == (&other.name, other.kept_bytes)
    }
}

impl Eq for Reduction {}

/// Makes the file that arrived smaller and deletes it; gives the path of what is kept, in the same folder.
pub(crate) fn reduce(arrived: &Path, work: &Work, limits: &Limits) -> Result<PathBuf, DataError> {
    let kept = match work {
        Work::Rows(_) | Work::Each(_) => return Ok(arrived.to_owned()),
        Work::Rewrite(work) => {
            let kept = beside(arrived, &[".gz", ".zst"], ".kept.zst");
            rewrite(arrived, &**work, limits, &kept)?;
            kept
        }
        Work::Members(names) => {
            let kept = beside(arrived, &[".zip", ".tar.gz", ".tgz", ".tar"], ".kept.tar.zst");
            keep_members(arrived, names, limits, &kept)?;
            kept
        }
    };
    fs::remove_file(arrived).map_err(DataError::cache("delete", arrived))?;
    Ok(kept)
}

/// How hard kept files are compressed.
pub(crate) const LEVEL: i32 = 6;

fn beside(path: &Path, endings: &[&str], ending: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let plain = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    path.with_file_name(safe_name(&format!("{plain}{ending}")))
}

fn rewrite(arrived: &Path, work: &Rewrite, limits: &Limits, kept: &Path) -> Result<(), DataError> {
    let (reader, cap) = open_within(arrived, limits)?;
    let mut reader = Watched { inner: BufReader::with_capacity(1 << 18, reader), failed: None };
    let outcome = (|| {
        let mut encoder = zstd::Encoder::new(BufWriter::new(File::create(kept)?), LEVEL)?;
        work(&mut reader, &mut encoder)?;
        encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    })();
    if let Some(error) = reader.failed {
        return Err(bomb_or(arrived, cap, &error));
    }
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(DataError::damaged(arrived, error))
        }
        outcome => outcome.map_err(DataError::cache("write", kept)),
    }
}

fn keep_members(
    arrived: &Path,
    names: &[String],
    limits: &Limits,
    kept: &Path,
) -> Result<(), DataError> {
    let written = || DataError::cache("write", kept);
    let encoder =
        File::create(kept).and_then(|file| zstd::Encoder::new(BufWriter::new(file), LEVEL));
    let mut archive = tar::Builder::new(encoder.map_err(written())?);
    let wanted = |name: &str| names.iter().any(|pattern| matches_pattern(name, pattern));
    let mut count = 0;
    each_member(arrived, limits, &wanted, &mut |name, reader| {
        let mut content = Vec::new();
        reader
            .read_to_end(&mut content)
            .map_err(|error| bomb_or(arrived, limits.max_bytes, &error))?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, &content[..]).map_err(written())?;
        count += 1;
        Ok(())
    })?;
    if count == 0 {
        return Err(no_member(arrived, names.first().map_or("", String::as_str), limits)?);
    }
    let encoder = archive.into_inner().map_err(written())?;
    let file = encoder
        .finish()
        .and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error));
    file.and_then(|file| file.sync_all()).map_err(written())
}

/// A reader that remembers its own error, so that it isn't taken for one of writing.
struct Watched<R> {
    inner: R,
    failed: Option<io::Error>,
}

impl<R> Watched<R> {
    fn note(failed: &mut Option<io::Error>, error: io::Error) -> io::Error {
        let copy = io::Error::new(error.kind(), error.to_string());
        *failed = Some(error);
        copy
    }
}

impl<R: BufRead> io::Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let failed = &mut self.failed;
        self.inner.read(buffer).map_err(|error| Self::note(failed, error))
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let failed = &mut self.failed;
        self.inner.fill_buf().map_err(|error| Self::note(failed, error))
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
