//! Fetching a split of a hub dataset's Parquet conversion: all of it, some columns, or some rows.

mod each;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use reqwest::Client;
use serde_json::Value;

use crate::columns::{ColumnsJob, Fetched, Outline, download_columns};
use crate::download::{Job, download};
use crate::hash::{combine, sha256_of_path, short_hash};
use crate::http::{self, Target};
use crate::hub::{self, Shard, SplitPlace};
use crate::read::{jsonl, parquet_at, parquet_len};
use crate::reduce::{ChooseRows, NewKeeper};
use crate::{DataError, DataFile, Library, Progress, cache};

/// Which split is wanted, for whom.
pub(crate) struct SplitJob<'a> {
    pub library: &'a Library,
    pub file: &'a DataFile,
    pub place: SplitPlace<'a>,
    /// Top-level columns; empty for all.
    pub columns: &'a [String],
    /// The rows wanted; all where absent.
    pub rows: Option<&'a ChooseRows>,
    /// Who decides what is kept of each row; all of them as they are where nobody does.
    pub each: Option<&'a NewKeeper>,
    /// The split, in words.
    pub what: String,
    /// The name in progress displays.
    pub shown: &'a str,
    pub progress: &'a dyn Progress,
}

/// Fetches a split to a file, or a folder of shards. Gives the hash that the hub states for the whole split, where it does.
pub(crate) fn fetch_split(job: &SplitJob<'_>, to: &Path) -> Result<Option<String>, DataError> {
    http::block_on(|| async {
        let library = job.library;
        let client = http::client(&library.network)?;
        let shards = hub::split_shards(&client, &library.network, &library.hub, &job.place).await?;
        let stated: Option<Vec<String>> = shards.iter().map(|shard| shard.sha256.clone()).collect();
        let stated = stated.map(combine);
        if !job.columns.is_empty() || job.rows.is_some() || job.each.is_some() {
            check_stated_hash(job, stated.as_deref())?;
        }
        let split = Split { job, client, shards };
        split.fetch(to).await.map(|()| stated)
    })
}

/// Compares the pinned hash with what the hub states, where the bytes that arrive will not be the whole file's.
fn check_stated_hash(job: &SplitJob<'_>, stated: Option<&str>) -> Result<(), DataError> {
    match (&job.file.sha256, stated) {
        (Some(pin), Some(actual)) if !pin.eq_ignore_ascii_case(actual) => {
            let (expected, actual) = (pin.clone(), actual.to_owned());
            Err(DataError::WrongHash { what: job.what.clone(), expected, actual })
        }
        _ => Ok(()),
    }
}

/// Bytes that fetching a split would download.
pub(crate) async fn split_bytes(job: &SplitJob<'_>) -> Result<u64, DataError> {
    let library = job.library;
    let client = http::client(&library.network)?;
    let shards = hub::split_shards(&client, &library.network, &library.hub, &job.place).await?;
    let split = Split { job, client, shards };
    let mut total = 0;
    let outlines = split.outlines().await?;
    let rows = split.chosen(&outlines)?;
    for (index, shard) in split.shards.iter().enumerate() {
        let target = split.target(shard)?;
        let positions = rows.as_ref().map(|rows| rows.positions(index));
        let wanted = match &outlines[index] {
            _ if positions.as_ref().is_some_and(Vec::is_empty) => Some(0),
            Some(outline) => outline.wanted_bytes(&split.part(
                &target,
                shard,
                positions.as_deref(),
                Path::new(""),
            ))?,
            None => None,
        };
        total += wanted.unwrap_or(shard.bytes);
    }
    Ok(total)
}

/// A split whose shards are known.
struct Split<'a> {
    job: &'a SplitJob<'a>,
    client: Client,
    shards: Vec<Shard>,
}

impl Split<'_> {
    async fn fetch(&self, to: &Path) -> Result<(), DataError> {
        let (job, library) = (self.job, self.job.library);
        if job.rows.is_some() {
            return self.fetch_rows(to).await;
        }
        if let Some(new) = job.each {
            return self.fetch_each(new, to).await;
        }
        let total: u64 = self.shards.iter().map(|shard| shard.bytes).sum();
        if total > library.max_cache_bytes && job.columns.is_empty() {
            let what = job.what.clone();
            return Err(DataError::LargerThanCache { what, limit: library.max_cache_bytes });
        }
        if let [shard] = &self.shards[..] {
            return self.fetch_shard(shard, None, to).await.map(|_| ());
        }
        fs::create_dir_all(to).map_err(DataError::cache("create", to))?;
        for shard in &self.shards {
            let name = shard.path.rsplit('/').next().unwrap_or(&shard.path);
            self.fetch_shard(shard, None, &to.join(cache::safe_name(name))).await?;
        }
        Ok(())
    }

    fn target(&self, shard: &Shard) -> Result<Target, DataError> {
        let place = &self.job.place;
        hub::raw_file(&self.job.library.hub, place.dataset, place.revision, &shard.path)
    }

    fn part<'a>(
        &'a self,
        target: &'a Target,
        shard: &Shard,
        rows: Option<&'a [u64]>,
        to: &'a Path,
    ) -> ColumnsJob<'a> {
        let (network, shown, columns) =
            (&self.job.library.network, self.job.shown, self.job.columns);
        ColumnsJob {
            client: &self.client,
            network,
            target,
            bytes: shard.bytes,
            columns,
            rows,
            to,
            shown,
        }
    }

    /// What the shards' footers say, where only parts are wanted and the server gives them.
    async fn outlines(&self) -> Result<Vec<Option<Outline>>, DataError> {
        let mut outlines = Vec::new();
        for shard in &self.shards {
            let wanted = !self.job.columns.is_empty() || self.job.rows.is_some();
            let target = self.target(shard)?;
            let part = self.part(&target, shard, None, Path::new(""));
            outlines.push(if wanted { Outline::read(&part).await? } else { None });
        }
        Ok(outlines)
    }

    /// Fetches a shard, or those parts of it that are wanted. Says what came.
    async fn fetch_shard(
        &self,
        shard: &Shard,
        rows: Option<(&Outline, &[u64])>,
        to: &Path,
    ) -> Result<Fetched, DataError> {
        let (library, job) = (self.job.library, self.job);
        let target = self.target(shard)?;
        if !job.columns.is_empty() || rows.is_some() {
            let part = self.part(&target, shard, rows.map(|(_, rows)| rows), to);
            let own;
            let outline = if let Some((outline, _)) = rows {
                Some(outline)
            } else {
                own = Outline::read(&part).await?;
                own.as_ref()
            };
            if let Some(outline) = outline
                && download_columns(&part, outline, job.progress).await? == Fetched::Columns
            {
                return Ok(Fetched::Columns);
            }
        }
        if !is_whole(to, shard) {
            let job = Job {
                target: &target,
                shown: job.shown,
                to,
                bytes: Some(shard.bytes),
                limit: library.max_cache_bytes,
            };
            download(&self.client, &library.network, &job, self.job.progress).await?;
        }
        if is_whole(to, shard) {
            return Ok(Fetched::Nothing);
        }
        let (actual, _) = sha256_of_path(to).map_err(DataError::read(to))?;
        fs::remove_file(to).map_err(DataError::cache("delete", to))?;
        let expected = shard.sha256.clone().unwrap_or_else(|| format!("{} bytes", shard.bytes));
        Err(DataError::WrongHash { what: target.what, expected, actual })
    }

    /// The rows wanted, where the footers tell how many there are.
    fn chosen(&self, outlines: &[Option<Outline>]) -> Result<Option<Rows>, DataError> {
        let Some(choose) = self.job.rows else { return Ok(None) };
        let counts: Option<Vec<u64>> =
            outlines.iter().map(|outline| Some(outline.as_ref()?.num_rows())).collect();
        counts.map(|counts| Rows::new(choose, &counts, &self.job.what)).transpose()
    }

    /// Keeps the wanted rows alone, as JSON Lines in the order wanted. One shard is here at a time.
    async fn fetch_rows(&self, to: &Path) -> Result<(), DataError> {
        let Some(choose) = self.job.rows else { return Ok(()) };
        let mut outlines = self.outlines().await?;
        // A server that gives no parts: what a shard holds is known once it is here.
        let mut counts = Vec::new();
        for (index, shard) in self.shards.iter().enumerate() {
            counts.push(if let Some(outline) = &outlines[index] {
                outline.num_rows()
            } else {
                let path = shard_path(to, index);
                self.fetch_shard(shard, None, &path).await?;
                parquet_len(&path)?
            });
        }
        let rows = Rows::new(choose, &counts, &self.job.what)?;
        let mut values: Vec<Value> = vec![Value::Null; rows.count];
        for (index, shard) in self.shards.iter().enumerate() {
            let positions = rows.positions(index);
            let outline = outlines[index].take();
            let path = shard_path(to, index);
            let kept = self.shard_rows(shard, outline.as_ref(), &positions, &path).await?;
            for (place, value) in rows.places(index).zip(kept) {
                values[place] = value;
            }
        }
        write_lines(to, &values)?;
        remove_others(to)
    }

    /// The rows of one shard at these positions; what was taken out of it in an earlier attempt is used again.
    async fn shard_rows(
        &self,
        shard: &Shard,
        outline: Option<&Outline>,
        positions: &[u64],
        path: &Path,
    ) -> Result<Vec<Value>, DataError> {
        let version = shard.sha256.clone().unwrap_or_else(|| shard.bytes.to_string());
        let kept = path
            .with_extension(format!("{}.jsonl", short_hash(&format!("{version} {positions:?}"))));
        if kept.exists() {
            return jsonl(&kept);
        }
        let columns: Vec<&str> = self.job.columns.iter().map(String::as_str).collect();
        let values = match outline {
            _ if positions.is_empty() => Vec::new(),
            None => parquet_at(path, &columns, positions)?,
            Some(outline) => match self.fetch_shard(shard, Some((outline, positions)), path).await?
            {
                Fetched::Columns => parquet_at(path, &columns, &outline.shifted(positions))?,
                Fetched::Nothing => parquet_at(path, &columns, positions)?,
            },
        };
        write_lines(&kept, &values)?;
        if path.exists() {
            fs::remove_file(path).map_err(DataError::cache("delete", path))?;
        }
        Ok(values)
    }
}

/// Removes what was set aside for a later attempt.
fn remove_others(to: &Path) -> Result<(), DataError> {
    let folder = to.parent().unwrap_or(Path::new(""));
    for item in fs::read_dir(folder).map_err(DataError::cache("list", folder))?.flatten() {
        if item.path() != to {
            fs::remove_file(item.path()).map_err(DataError::cache("delete", &item.path()))?;
        }
    }
    Ok(())
}

/// Where a shard lies while its rows are taken out.
fn shard_path(to: &Path, index: usize) -> PathBuf {
    to.with_file_name(format!("shard-{index}.parquet"))
}

/// Rows of a split by shard: their positions there, ascending, with their places in the result.
struct Rows {
    shards: Vec<BTreeMap<u64, usize>>,
    count: usize,
}

impl Rows {
    fn new(choose: &ChooseRows, counts: &[u64], what: &str) -> Result<Rows, DataError> {
        let total: u64 = counts.iter().sum();
        let mut shards = vec![BTreeMap::new(); counts.len()];
        let chosen = choose(total);
        for (place, row) in chosen.iter().enumerate() {
            let mut position = *row;
            let mut shard = 0;
            while counts.get(shard).is_some_and(|count| position >= *count) {
                position -= counts[shard];
                shard += 1;
            }
            let is_new = shards.get_mut(shard).is_some_and(|rows: &mut BTreeMap<u64, usize>| {
                rows.insert(position, place).is_none()
            });
            if !is_new {
                let reason = format!("row {row} of {total} can't be kept");
                return Err(DataError::Network { what: what.to_owned(), reason });
            }
        }
        Ok(Rows { shards, count: chosen.len() })
    }

    fn positions(&self, shard: usize) -> Vec<u64> {
        self.shards[shard].keys().copied().collect()
    }

    fn places(&self, shard: usize) -> impl Iterator<Item = usize> {
        self.shards[shard].values().copied()
    }
}

/// Writes JSON Lines aside and puts them in place.
fn write_lines(to: &Path, values: &[Value]) -> Result<(), DataError> {
    let aside = to.with_extension("unfinished");
    let write = || {
        let mut file = BufWriter::new(File::create(&aside)?);
        for value in values {
            serde_json::to_writer(&mut file, value)?;
            file.write_all(b"\n")?;
        }
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(DataError::cache("write", &aside))?;
    fs::rename(&aside, to).map_err(DataError::cache("rename", &aside))
}

/// Whether a shard is here already, from an earlier attempt at the split.
fn is_whole(path: &Path, shard: &Shard) -> bool {
    match (sha256_of_path(path), &shard.sha256) {
        (Ok((actual, _)), Some(expected)) => actual == *expected,
        (Ok((_, bytes)), None) => bytes == shard.bytes,
        (Err(_), _) => false,
    }
}
