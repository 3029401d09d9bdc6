//! Downloading only some columns of a Parquet file: its footer says where each column lies, and the wanted pieces are
//! put together as a smaller Parquet file without decoding them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use reqwest::header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use reqwest::{Client, StatusCode};

use crate::http::{Failure, Patience, Target, get, network_failure, send};
use crate::read::project;
use crate::settings::Network;
use crate::{DataError, Progress};

/// What to fetch, from where, to where.
pub(crate) struct ColumnsJob<'a> {
    pub client: &'a Client,
    pub network: &'a Network,
    pub target: &'a Target,
    /// The whole file's size in bytes.
    pub bytes: u64,
    /// The top-level columns wanted; empty for all.
    pub columns: &'a [String],
    /// Only row groups that hold one of these rows (positions in the file, ascending) are wanted; all where absent.
    pub rows: Option<&'a [u64]>,
    pub to: &'a Path,
    pub shown: &'a str,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// The columns are in place.
    Columns,
    /// The whole file should be downloaded instead: it is small, the columns are most of it, or the server gives no
    /// parts.
    Nothing,
}

/// The largest footer accepted.
const MAX_FOOTER_BYTES: u64 = 256 << 20;
/// The largest piece asked for at once: what is in memory at a time, and what is lost when a connection breaks.
const MAX_PIECE_BYTES: u64 = 16 << 20;

/// What a file's footer says, and proof of which version of the file it is.
pub(crate) struct Outline {
    metadata: ParquetMetaData,
    validator: Option<String>,
}

impl Outline {
    /// Reads the footer; nothing from a server that gives no parts, and for files so small that parts are not worth while.
    pub(crate) async fn read(job: &ColumnsJob<'_>) -> Result<Option<Outline>, DataError> {
        if job.bytes < 4 * job.network.request_cost_bytes {
            return Ok(None);
        }
        let mut parts = Parts { job, validator: None };
        let Some(footer) = parts.footer().await? else { return Ok(None) };
        Ok(Some(Outline { metadata: decode(job, &footer)?, validator: parts.validator }))
    }

    /// How many rows the file has.
    pub(crate) fn num_rows(&self) -> u64 {
        let groups = self.metadata.row_groups().iter();
        groups.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    /// Bytes that the wanted parts have; nothing where the whole file would be downloaded instead.
    pub(crate) fn wanted_bytes(&self, job: &ColumnsJob<'_>) -> Result<Option<u64>, DataError> {
        let (names, _) = self.names(job)?;
        let ranges = ranges(job, &self.metadata, &self.groups(job.rows), &names)?;
        let wanted: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        Ok((wanted <= job.bytes / 5 * 4).then_some(wanted))
    }

    /// Positions of the wanted rows in a file that has only the row groups in use.
    pub(crate) fn shifted(&self, rows: &[u64]) -> Vec<u64> {
        let used = self.groups(Some(rows));
        let mut shifted = Vec::with_capacity(rows.len());
        let (mut start, mut start_in_new, mut rows) = (0, 0, rows.iter().peekable());
        for (index, group) in self.metadata.row_groups().iter().enumerate() {
            let end = start + u64::try_from(group.num_rows()).unwrap_or(0);
            while let Some(row) = rows.next_if(|row| **row < end) {
                shifted.push(row - start + start_in_new);
            }
            if used.contains(&index) {
                start_in_new += end - start;
            }
            start = end;
        }
        shifted
    }

    /// The row groups in use, ascending.
    fn groups(&self, rows: Option<&[u64]>) -> BTreeSet<usize> {
        let groups = self.metadata.row_groups();
        let Some(rows) = rows else { return (0..groups.len()).collect() };
        let mut used = BTreeSet::new();
        let (mut start, mut rows) = (0, rows.iter().peekable());
        for (index, group) in groups.iter().enumerate() {
            let end = start + u64::try_from(group.num_rows()).unwrap_or(0);
            while rows.next_if(|row| **row < end).is_some() {
                used.insert(index);
            }
            start = end;
        }
        used
    }

    /// The names of the wanted columns, and the schema with them alone.
    fn names(&self, job: &ColumnsJob<'_>) -> Result<(Vec<String>, Type), DataError> {
        let schema = self.metadata.file_metadata().schema();
        let mut names = job.columns.to_vec();
        if names.is_empty() {
            names = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
        }
        let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let schema = project(job.target.url.as_ref(), schema, &wanted)?;
        Ok((names, schema))
    }
}

/// Downloads the wanted columns of the row groups in use, if that is worth while.
pub(crate) async fn download_columns(
    job: &ColumnsJob<'_>,
    outline: &Outline,
    progress: &dyn Progress,
) -> Result<Fetched, DataError> {
    let Some(wanted) = outline.wanted_bytes(job)? else { return Ok(Fetched::Nothing) };
    let (names, schema) = outline.names(job)?;
    let groups = outline.groups(job.rows);
    let mut parts = Parts { job, validator: outline.validator.clone() };
    progress.started(job.shown, Some(wanted));
    let sparse = Sparse::create(job.to, job.bytes)?;
    for range in ranges(job, &outline.metadata, &groups, &names)? {
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + MAX_PIECE_BYTES);
            let Some(bytes) = parts.get(start..end, progress).await? else {
                return Ok(Fetched::Nothing);
            };
            sparse.write_at(start, &bytes)?;
            start = end;
        }
    }
    let assembled = catch_unwind(AssertUnwindSafe(|| {
        assemble(&sparse.path, &outline.metadata, Arc::new(schema), (&groups, &names), job.to)
    }));
    let assembled =
        assembled.unwrap_or_else(|_| Err("its Parquet structure is invalid".to_owned()));
    assembled.map_err(|message| malformed(job, &message))?;
    Ok(Fetched::Columns)
}

/// A file as large as the original, holding only the wanted pieces, each in its place. Gone when dropped.
struct Sparse {
    file: File,
    path: PathBuf,
}

impl Sparse {
    fn create(to: &Path, bytes: u64) -> Result<Sparse, DataError> {
        let mut path = to.as_os_str().to_owned();
        path.push(".sparse");
        let path = PathBuf::from(path);
        let file = File::create(&path)
            .and_then(|file| file.set_len(bytes).map(|()| file))
            .map_err(DataError::cache("create", &path))?;
        Ok(Sparse { file, path })
    }

    fn write_at(&self, start: u64, bytes: &[u8]) -> Result<(), DataError> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.write_all(bytes))
            .map_err(DataError::cache("write", &self.path))
    }
}

impl Drop for Sparse {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!("could not remove {}: {error}", self.path.display());
        }
    }
}

/// Pieces of one file, all of the same version of it.
struct Parts<'a> {
    job: &'a ColumnsJob<'a>,
    validator: Option<String>,
}

impl Parts<'_> {
    /// The footer's metadata; nothing from a server that gives no parts or no proof that they are of one file.
    async fn footer(&mut self) -> Result<Option<Vec<u8>>, DataError> {
        const TRAILER_BYTES: u64 = 8;
        let size = self.job.bytes;
        let silent = &crate::Silent;
        let tail_start =
            size.saturating_sub(self.job.network.request_cost_bytes.max(TRAILER_BYTES));
        let Some(tail) = self.get(tail_start..size, silent).await? else { return Ok(None) };
        let Some((rest, trailer)) = tail.split_last_chunk::<8>() else {
            return Err(malformed(self.job, "it is too short"));
        };
        let [a, b, c, d, magic @ ..] = *trailer;
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        if magic != *b"PAR1" || length > MAX_FOOTER_BYTES || length + TRAILER_BYTES > size {
            return Err(malformed(self.job, "its footer is invalid"));
        }
        if length <= rest.len() as u64 {
            return Ok(Some(rest[rest.len() - length as usize..].to_vec()));
        }
        let end = size - TRAILER_BYTES;
        self.get(end - length..end, silent).await
    }

    /// The bytes of a range; nothing from a server that gives no parts.
    async fn get(
        &mut self,
        range: Range<u64>,
        progress: &dyn Progress,
    ) -> Result<Option<Vec<u8>>, DataError> {
        let mut patience = Patience::new(*self.job.network);
        loop {
            if progress.is_cancelled() {
                return Err(DataError::Cancelled { what: self.job.target.what.clone() });
            }
            match self.attempt(&range).await {
                Ok(bytes) => {
                    let arrived = bytes.as_ref().map_or(0, Vec::len) as u64;
                    progress.advanced(self.job.shown, arrived);
                    return Ok(bytes);
                }
                Err(failure) => patience.next(failure).await?,
            }
        }
    }

    async fn attempt(&mut self, range: &Range<u64>) -> Result<Option<Vec<u8>>, Failure> {
        let target = self.job.target;
        let mut request = get(self.job.client, target)?
            .header(RANGE, format!("bytes={}-{}", range.start, range.end - 1));
        if let Some(validator) = &self.validator {
            request = request.header(IF_RANGE, validator);
        }
        let mut response = send(request, target).await?;
        let header = |name| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let validator = header(ETAG).filter(|tag| !tag.starts_with("W/"));
        let expected = format!("bytes {}-{}/", range.start, range.end - 1);
        let is_range = header(CONTENT_RANGE).is_some_and(|given| given.starts_with(&expected));
        if validator.is_none() && self.validator.is_none() {
            return Ok(None);
        }
        let changed = self.validator.is_some() && validator != self.validator;
        if response.status() != StatusCode::PARTIAL_CONTENT || !is_range || changed {
            return if self.validator.is_some() {
                let reason =
                    "the file changed at its source while it was being downloaded".to_owned();
                let what = target.what.clone();
                Err(DataError::Network { what, reason }.into())
            } else {
                Ok(None)
            };
        }
        let length = range.end - range.start;
        let mut bytes = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| network_failure(target, &error))?
        {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > length {
                break;
            }
        }
        if bytes.len() as u64 != length {
            let reason = format!("{} bytes came instead of {length}", bytes.len());
            return Err(Failure::Transient(
                DataError::Network { what: target.what.clone(), reason },
                None,
            ));
        }
        self.validator = validator;
        Ok(Some(bytes))
    }
}

fn decode(job: &ColumnsJob<'_>, footer: &[u8]) -> Result<ParquetMetaData, DataError> {
    let decoded = catch_unwind(|| ParquetMetaDataReader::decode_metadata(footer));
    match decoded {
        Ok(Ok(metadata)) => Ok(metadata),
        Ok(Err(error)) => Err(malformed(job, &error.to_string())),
        Err(_) => Err(malformed(job, "its footer is invalid")),
    }
}

/// Where the wanted columns of the wanted row groups lie, in order, neighbours merged.
fn ranges(
    job: &ColumnsJob<'_>,
    metadata: &ParquetMetaData,
    groups: &BTreeSet<usize>,
    columns: &[String],
) -> Result<Vec<Range<u64>>, DataError> {
    let mut chunks = Vec::new();
    for group in groups.iter().map(|index| metadata.row_group(*index)) {
        for column in
            group.columns().iter().filter(|column| is_wanted(column.column_path().parts(), columns))
        {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let end = start.checked_add(column.compressed_size()).unwrap_or(-1);
            match (u64::try_from(start), u64::try_from(end)) {
                (Ok(start), Ok(end)) if start <= end && end <= job.bytes => chunks.push(start..end),
                _ => return Err(malformed(job, "a column lies outside the file")),
            }
        }
    }
    chunks.sort_by_key(|chunk| chunk.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for chunk in chunks.into_iter().filter(|chunk| !chunk.is_empty()) {
        match merged.last_mut() {
            Some(last) if chunk.start <= last.end + job.network.request_cost_bytes => {
                last.end = last.end.max(chunk.end);
            }
            _ => merged.push(chunk),
        }
    }
    Ok(merged)
}

fn is_wanted(path: &[String], columns: &[String]) -> bool {
    path.first().is_some_and(|root| columns.contains(root))
}

/// Copies the wanted column chunks from the sparse file to a Parquet file of their own.
fn assemble(
    sparse: &Path,
    metadata: &ParquetMetaData,
    schema: Arc<Type>,
    (groups, columns): (&BTreeSet<usize>, &[String]),
    to: &Path,
) -> Result<(), String> {
    let text = |error: parquet::errors::ParquetError| error.to_string();
    let source = File::open(sparse).map_err(|error| error.to_string())?;
    let unfinished = sparse.with_extension("assembled");
    let file = File::create(&unfinished).map_err(|error| error.to_string())?;
    // What `datasets` says about the columns (the names of classes) stays with them.
    let stated = metadata.file_metadata().key_value_metadata().cloned();
    let properties = Arc::new(WriterProperties::builder().set_key_value_metadata(stated).build());
    let mut writer = SerializedFileWriter::new(file, schema, properties).map_err(text)?;
    for group in groups.iter().map(|index| metadata.row_group(*index)) {
        let mut new_group = writer.next_row_group().map_err(text)?;
        for column in group.columns() {
            if !is_wanted(column.column_path().parts(), columns) {
                continue;
            }
            let chunk = ColumnCloseResult {
                bytes_written: column.compressed_size().max(0) as u64,
                rows_written: group.num_rows().max(0) as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            new_group.append_column(&source, chunk).map_err(text)?;
        }
        new_group.close().map_err(text)?;
    }
    writer.close().map_err(text)?;
    fs::rename(&unfinished, to).map_err(|error| error.to_string())
}

fn malformed(job: &ColumnsJob<'_>, message: &str) -> DataError {
    DataError::Damaged { path: PathBuf::from(&job.target.url), message: message.to_owned() }
}
