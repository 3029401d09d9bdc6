//! Keeping less of a file than was downloaded: what a dataset's owners offer in one piece may hold a hundred times of what is
//! asked for.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::archive::bomb_or;
use crate::cache::safe_name;
use crate::read::open_within;
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

/// How a file is made smaller.
#[derive(Clone)]
pub enum Work {
    /// The content is rewritten, and kept compressed (zstd).
    Rewrite(Arc<Rewrite>),
    /// Only some rows of a Parquet split are kept, as JSON Lines. Row groups without any of them are not downloaded.
    Rows(Arc<ChooseRows>),
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

/// Rewrites the file that arrived and deletes it; gives the path of what is kept, in the same folder.
pub(crate) fn rewrite(
    arrived: &Path,
    work: &Rewrite,
    limits: &Limits,
) -> Result<PathBuf, DataError> {
    const LEVEL: i32 = 6;
    let name = arrived.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    let kept = arrived.with_file_name(safe_name(&format!("{plain}.kept.zst")));
    let (reader, cap) = open_within(arrived, limits)?;
    let mut reader = Watched { inner: BufReader::with_capacity(1 << 18, reader), failed: None };
    let file = File::create(&kept).map_err(DataError::cache("create", &kept))?;
    let outcome = (|| {
        let mut encoder = zstd::Encoder::new(BufWriter::new(file), LEVEL)?;
        work(&mut reader, &mut encoder)?;
        let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    })();
    if let Some(error) = reader.failed {
        return Err(bomb_or(arrived, cap, &error));
    }
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(DataError::damaged(arrived, error));
        }
        outcome => outcome.map_err(DataError::cache("write", &kept))?,
    }
    fs::remove_file(arrived).map_err(DataError::cache("delete", arrived))?;
    Ok(kept)
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
