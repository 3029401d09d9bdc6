//! One resumable download: a `.part` file beside a note of what it is a part of.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LAST_MODIFIED, RANGE};
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::http::{Failure, Patience, Target, get, network_failure, send};
use crate::settings::Network;
use crate::{DataError, Progress};

/// What to download to where, and how large it may be.
pub(crate) struct Job<'a> {
    pub target: &'a Target,
    /// The name shown in progress displays.
    pub shown: &'a str,
    /// The complete file; the unfinished one lies beside it.
    pub to: &'a Path,
    /// Its size, where known beforehand.
    pub bytes: Option<u64>,
    /// The most bytes it may have.
    pub limit: u64,
}

/// What an unfinished file is a part of.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    url: String,
    /// The strong entity tag, else the date of the last change: proof that the rest is of the same file.
    validator: String,
    total: Option<u64>,
}

/// Downloads, going on from an earlier attempt where the server can, and trying again when the connection breaks.
pub(crate) async fn download(
    client: &Client,
    network: &Network,
    job: &Job<'_>,
    progress: &dyn Progress,
) -> Result<(), DataError> {
    let part = beside(job.to, "part");
    let mut patience = Patience::new(*network);
    let mut shown = false;
    loop {
        let before = length(&part);
        match attempt(client, job, &part, progress, &mut shown).await {
            Ok(()) => break,
            Err(failure) => {
                if length(&part) > before {
                    patience.renew();
                }
                patience.next(failure).await?;
            }
        }
    }
    File::open(&part).and_then(|file| file.sync_all()).map_err(DataError::cache("flush", &part))?;
    fs::rename(&part, job.to).map_err(DataError::cache("rename", &part))?;
    forget(&beside(job.to, "part.json"));
    Ok(())
}

async fn attempt(
    client: &Client,
    job: &Job<'_>,
    part: &Path,
    progress: &dyn Progress,
    shown: &mut bool,
) -> Result<(), Failure> {
    let note_path = beside(job.to, "part.json");
    let note = read_note(&note_path).filter(|note| note.url == job.target.url);
    let have = if note.is_some() { length(part) } else { 0 };
    if let Some(Note { total: Some(total), .. }) = &note
        && have == *total
    {
        return Ok(());
    }
    let mut request = get(client, job.target)?;
    if let Some(note) = &note
        && have > 0
    {
        request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, &note.validator);
    }
    let response = send(request, job.target).await?;
    let goes_on = match (&note, response.status()) {
        (Some(note), StatusCode::PARTIAL_CONTENT) if have > 0 => {
            if !continues(note, have, response.headers()) {
                return Err(start_anew(job, &note_path));
            }
            true
        }
        (_, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE) => {
            return Err(start_anew(job, &note_path));
        }
        _ => false,
    };
    let start = if goes_on { have } else { 0 };
    let total = response.content_length().map(|rest| start + rest);
    check_limit(job, total.or(job.bytes).unwrap_or(0))?;
    if !goes_on {
        write_note(&note_path, job, response.headers(), total)?;
    }
    if !*shown || (have > 0 && !goes_on) {
        progress.started(job.shown, total.or(job.bytes));
        progress.advanced(job.shown, start);
        *shown = true;
    }
    receive(response, job, part, start, progress).await?;
    match total {
        Some(total) if length(part) != total => {
            let reason = format!("the connection ended after {} of {total} bytes", length(part));
            Err(Failure::Transient(
                DataError::Network { what: job.target.what.clone(), reason },
                None,
            ))
        }
        _ => Ok(()),
    }
}

/// Appends what comes to the first `start` bytes of the part.
async fn receive(
    mut response: Response,
    job: &Job<'_>,
    part: &Path,
    start: u64,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let write_error = || DataError::cache("write", part);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(part)
        .map_err(DataError::cache("create", part))?;
    file.set_len(start).map_err(write_error())?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(write_error())?;
    let mut size = start;
    loop {
        if progress.is_cancelled() {
            return Err(DataError::Cancelled { what: job.target.what.clone() }.into());
        }
        let piece = response.chunk().await.map_err(|error| network_failure(job.target, &error))?;
        let Some(piece) = piece else { return Ok(()) };
        size += piece.len() as u64;
        check_limit(job, size)?;
        file.write_all(&piece).map_err(write_error())?;
        progress.advanced(job.shown, piece.len() as u64);
    }
}

fn check_limit(job: &Job<'_>, size: u64) -> Result<(), DataError> {
    if size > job.limit {
        let what = job.target.what.clone();
        return Err(DataError::LargerThanCache { what, limit: job.limit });
    }
    Ok(())
}

/// Whether a partial answer is the rest of what is here: it starts where the part ends, and is of the same file.
fn continues(note: &Note, have: u64, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let range = text(CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
    let starts = range.and_then(|range| range.split('-').next()?.trim().parse().ok()) == Some(have);
    let total: Option<u64> = range.and_then(|range| range.rsplit('/').next()?.trim().parse().ok());
    let same_total = note.total.is_none() || total.is_none() || note.total == total;
    let validator = validator(headers);
    starts && same_total && validator.is_none_or(|validator| validator == note.validator)
}

/// Forgets the part; the next attempt begins anew.
fn start_anew(job: &Job<'_>, note_path: &Path) -> Failure {
    forget(note_path);
    let reason = "the file changed at its source while it was being downloaded".to_owned();
    Failure::Transient(DataError::Network { what: job.target.what.clone(), reason }, None)
}

/// Notes what the part will be a part of. Without a strong validator there is no note, and no going on later.
fn write_note(
    path: &Path,
    job: &Job<'_>,
    headers: &HeaderMap,
    total: Option<u64>,
) -> Result<(), DataError> {
    let Some(validator) = validator(headers) else {
        forget(path);
        return Ok(());
    };
    let note = Note { url: job.target.url.clone(), validator, total };
    let text = serde_json::to_string(&note).expect("a note has only text and numbers");
    fs::write(path, text).map_err(DataError::cache("write", path))
}

fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match text(ETAG) {
        Some(tag) if tag.starts_with("W/") => None,
        Some(tag) => Some(tag),
        None => text(LAST_MODIFIED),
    }
}

fn read_note(path: &Path) -> Option<Note> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

fn forget(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::debug!("could not remove {}: {error}", path.display());
    }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
