//! Keeping of each row of a split what a keeper says, one shard at a time.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::{Split, SplitJob, remove_others, shard_path, write_lines};
use crate::DataError;
use crate::columns::Fetched;
use crate::hash::short_hash;
use crate::hub::Shard;
use crate::read::{jsonl, parquet_each};
use crate::reduce::{Keeper, LEVEL, NewKeeper};

impl Split<'_> {
    /// Fetches one shard after the other, lets a keeper decide on its rows, and puts what is kept together. What is kept of a
    /// shard stays for a later attempt when this one is interrupted.
    pub(super) async fn fetch_each(&self, new: &NewKeeper, to: &Path) -> Result<(), DataError> {
        let mut keeper = new();
        self.look_ahead(&mut *keeper, to).await?;
        let mut parts = Vec::new();
        for (index, shard) in self.shards.iter().enumerate() {
            let path = shard_path(to, index);
            let part = self.kept_path(shard, &path);
            if part.exists() {
                keeper.again(&jsonl(&part)?);
            } else {
                self.fetch_shard(shard, None, &path).await?;
                let kept = self.kept_of(&mut *keeper, shard, &path)?;
                write_lines(&part, &kept)?;
                fs::remove_file(&path).map_err(DataError::cache("delete", &path))?;
            }
            parts.push(part);
        }
        join(&parts, to).map_err(DataError::cache("write", to))?;
        remove_others(to)
    }

    /// Shows the keeper the columns that it wants to see of all rows first.
    async fn look_ahead(&self, keeper: &mut dyn Keeper, to: &Path) -> Result<(), DataError> {
        let names = keeper.ahead().to_vec();
        if names.is_empty() {
            return Ok(());
        }
        let columns: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let job = SplitJob { columns: &columns, what: self.job.what.clone(), ..*self.job };
        let split = Split { job: &job, client: self.client.clone(), shards: Vec::new() };
        for (index, shard) in self.shards.iter().enumerate() {
            let path = shard_path(to, index);
            let fetched = split.fetch_shard(shard, None, &path).await?;
            parquet_each(&path, &names, &mut |rows| {
                keeper.look(&rows);
                Ok(())
            })?;
            // A whole shard is used again.
            if fetched == Fetched::Columns {
                fs::remove_file(&path).map_err(DataError::cache("delete", &path))?;
            }
        }
        Ok(())
    }

    fn kept_of(
        &self,
        keeper: &mut dyn Keeper,
        shard: &Shard,
        path: &Path,
    ) -> Result<Vec<serde_json::Value>, DataError> {
        let columns: Vec<&str> = self.job.columns.iter().map(String::as_str).collect();
        let mut kept = Vec::new();
        parquet_each(path, &columns, &mut |rows| {
            let rows = keeper.keep(&shard.split, rows);
            kept.extend(rows.map_err(|reason| DataError::damaged(path, reason))?);
            Ok(())
        })?;
        Ok(kept)
    }

    /// Where what is kept of a shard is set aside. Another version of the shard, or another keeper, has another place.
    fn kept_path(&self, shard: &Shard, path: &Path) -> PathBuf {
        let version = shard.sha256.clone().unwrap_or_else(|| shard.bytes.to_string());
        let keeper = self.job.file.reduction.as_ref().map_or("", |reduction| &reduction.name);
        path.with_extension(format!("{}.jsonl", short_hash(&format!("{version} {keeper}"))))
    }
}

/// Puts files together, compressed.
fn join(parts: &[PathBuf], to: &Path) -> io::Result<()> {
    let aside = to.with_extension("unfinished");
    let mut encoder = zstd::Encoder::new(BufWriter::new(File::create(&aside)?), LEVEL)?;
    for part in parts {
        io::copy(&mut File::open(part)?, &mut encoder)?;
    }
    encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(aside, to)
}
