//! Members of zip and tar archives, with guards against decompression bombs and names that leave their folder.
//!
//! Nothing here writes to disk under a name that an archive chose.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use crate::DataError;

/// How much an archive or compressed file may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that one file or member may unpack to.
    pub max_bytes: u64,
    /// Bytes that all members read together may unpack to.
    pub max_total_bytes: u64,
    /// Times the compressed size that a file or member may unpack to. Text reaches 30, rarely 100; deflate can't
    /// exceed 1032. Not applied below [`Limits::ratio_free_bytes`].
    pub max_ratio: u64,
    /// Bytes up to which the ratio doesn't matter.
    pub ratio_free_bytes: u64,
    /// Members an archive may have.
    pub max_members: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 8 << 30,
            max_total_bytes: 16 << 30,
            max_ratio: 250,
            ratio_free_bytes: 64 << 20,
            max_members: 1_000_000,
        }
    }
}

impl Limits {
    /// Bytes that something of this compressed size may unpack to.
    pub(crate) fn cap(&self, compressed: u64) -> u64 {
        let by_ratio = compressed.saturating_mul(self.max_ratio).max(self.ratio_free_bytes);
        by_ratio.min(self.max_bytes)
    }
}

/// A reader that fails, with an error that [`bomb_or`] recognises, once more than `left` bytes came out.
pub(crate) struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Capped<R> {
    pub(crate) fn new(inner: R, cap: u64) -> Capped<R> {
        Capped { inner, left: cap }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read as u64 > self.left {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "unpacks to too much"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// The error for a failed read of unpacked bytes: a bomb when the cap stopped it, else damage.
pub(crate) fn bomb_or(path: &Path, cap: u64, error: &io::Error) -> DataError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return DataError::Bomb { path: path.to_owned(), limit: format!("{cap} bytes") };
    }
    DataError::damaged(path, error)
}

/// Calls `found` with every file of a zip or tar archive (plain, gzip or zstd) whose name `wanted` accepts, in archive
/// order, and gives the number of members seen. The format is told from the content, not from the file's name.
///
/// Fails on a name that is absolute or climbs with `..`; links and devices inside the archive are skipped, never
/// followed.
pub(crate) fn each_member(
    path: &Path,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut magic = [0u8; 4];
    let mut file = File::open(path).map_err(DataError::read(path))?;
    let read = read_up_to(&mut file, &mut magic).map_err(DataError::read(path))?;
    if magic[..read].starts_with(b"PK") {
        return each_zip_member(path, limits, wanted, found);
    }
    each_tar_member(path, limits, wanted, found)
}

fn each_zip_member(
    path: &Path,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let file = File::open(path).map_err(DataError::read(path))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|error| DataError::damaged(path, error))?;
    check_member_count(path, limits, archive.len() as u64)?;
    let mut total = 0;
    for index in 0..archive.len() {
        let mut member =
            archive.by_index(index).map_err(|error| DataError::damaged(path, error))?;
        let name = member.name().map_err(|error| DataError::damaged(path, error))?.into_owned();
        check_name(path, &name)?;
        if !member.is_file() || !wanted(&name) {
            continue;
        }
        let cap = limits.cap(member.compressed_size()).min(limits.max_total_bytes - total);
        if member.size() > cap {
            return Err(DataError::Bomb { path: path.to_owned(), limit: format!("{cap} bytes") });
        }
        let mut capped = Capped::new(&mut member, cap);
        found(&name, &mut capped)?;
        total += cap - capped.left;
    }
    Ok(())
}

/// Times its compressed size that a tar archive of which some members are read may unpack to: what text reaches.
const PASSED_OVER_RATIO: u64 = 30;

fn each_tar_member(
    path: &Path,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    found: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), DataError>,
) -> Result<(), DataError> {
    // What is passed over costs time alone; of it there may be more.
    let length = path.metadata().map_err(DataError::read(path))?.len();
    let passed = limits.max_total_bytes.max(length.saturating_mul(PASSED_OVER_RATIO));
    let (stream, cap) = crate::read::open_within(path, &Limits { max_bytes: passed, ..*limits })?;
    let mut archive = tar::Archive::new(stream);
    let damaged = |error: io::Error| bomb_or(path, cap, &error);
    let mut total = 0;
    for (index, member) in archive.entries().map_err(damaged)?.enumerate() {
        check_member_count(path, limits, index as u64 + 1)?;
        let mut member = member.map_err(damaged)?;
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        check_name(path, &name)?;
        if member.header().entry_type().is_file() && wanted(&name) {
            let cap = limits.max_bytes.min(limits.max_total_bytes - total);
            let mut capped = Capped::new(&mut member, cap);
            found(&name, &mut capped)?;
            total += cap - capped.left;
        }
    }
    Ok(())
}

fn check_member_count(path: &Path, limits: &Limits, members: u64) -> Result<(), DataError> {
    if members > limits.max_members {
        let limit = format!("{} members", limits.max_members);
        return Err(DataError::Bomb { path: path.to_owned(), limit });
    }
    Ok(())
}

fn check_name(path: &Path, name: &str) -> Result<(), DataError> {
    if is_safe_relative(name) {
        return Ok(());
    }
    Err(DataError::UnsafeMember { path: path.to_owned(), member: name.to_owned() })
}

/// Whether a name stays below the folder it is joined to, on every operating system.
pub(crate) fn is_safe_relative(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    let climbs = name.split(['/', '\\']).any(|part| part == "..");
    let absolute = name.starts_with(['/', '\\']);
    let plain = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    !name.is_empty() && !name.contains('\0') && !drive && !climbs && !absolute && plain
}

/// Fills as much of the buffer as the reader has.
pub(crate) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
