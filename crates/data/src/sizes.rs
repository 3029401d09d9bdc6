//! Asking servers how large downloads would be, without downloading anything.

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use reqwest::{Client, Method, StatusCode};

use crate::deliver::plain_target;
use crate::http::{self, Target};
use crate::hub::{self, SplitPlace};
use crate::reduce::Work;
use crate::split::{SplitJob, split_bytes};
use crate::{Availability, DataError, DataFile, Library, Location, Reduction, Silent};

impl Library {
    /// Bytes that fetching each file would download now: 0 for what is here, nothing where its server doesn't say. Asks the
    /// servers a few questions at a time and downloads no data.
    pub fn ask_sizes(&self, files: &[DataFile]) -> Vec<Result<Option<u64>, DataError>> {
        self.in_parallel(files.len(), &|index| self.ask_size(&files[index]))
    }

    fn ask_size(&self, file: &DataFile) -> Result<Option<u64>, DataError> {
        match self.locate(file) {
            Availability::Local(_) | Availability::Cached(_) => return Ok(Some(0)),
            Availability::Unavailable { reason } => {
                return Err(DataError::Unavailable { name: file.name(), reason });
            }
            Availability::Download { .. } => {}
        }
        let mut failed = None;
        for location in file.locations.iter().filter(|at| !matches!(at, Location::Path(_))) {
            match self.ask_location(file, location) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(file.bytes), Err)
    }

    fn ask_location(&self, file: &DataFile, location: &Location) -> Result<Option<u64>, DataError> {
        let hub = &self.hub;
        let target = match location {
            Location::Path(_) | Location::Package { .. } => return Ok(file.bytes),
            Location::Url(url) => plain_target(url),
            Location::HubFile { dataset, revision, path } => {
                hub::raw_file(hub, dataset, revision, path)?
            }
            Location::HubModel { model, revision, path } => {
                hub::model_file(hub, model, revision, path)?
            }
            Location::HubParquet { dataset, revision, config, split, columns } => {
                let rows = match &file.reduction {
                    Some(Reduction { work: Work::Rows(rows), .. }) => Some(&**rows),
                    _ => None,
                };
                let job = SplitJob {
                    library: self,
                    file,
                    place: SplitPlace { dataset, revision, config, split },
                    columns,
                    rows,
                    each: None,
                    what: location.describe(),
                    shown: "",
                    progress: &Silent,
                };
                return http::block_on(|| async { split_bytes(&job).await }).map(Some);
            }
        };
        http::block_on(|| async {
            let client = http::client(&self.network)?;
            content_length(&client, &target).await
        })
    }
}

/// The size of what lies at an address, by HEAD, else by asking for its first byte.
async fn content_length(client: &Client, target: &Target) -> Result<Option<u64>, DataError> {
    let head = http::request(client, Method::HEAD, target)?;
    match http::send(head, target).await {
        Ok(response) => {
            let length = response.headers().get(CONTENT_LENGTH);
            let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
            if length.is_some() {
                return Ok(length);
            }
        }
        Err(failure) => {
            if let error @ (DataError::Denied { .. }
            | DataError::NotFound { .. }
            | DataError::Network { .. }) = failure.into_error()
            {
                return Err(error);
            }
        }
    }
    let first = http::request(client, Method::GET, target)?.header(RANGE, "bytes=0-0");
    let response = http::send(first, target).await.map_err(http::Failure::into_error)?;
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return Ok(response.content_length());
    }
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    Ok(range.and_then(|range| range.rsplit('/').next()?.trim().parse().ok()))
}
