//! The hub's addresses and listings.

use reqwest::{Client, Url};
use serde_json::Value;

use crate::DataError;
use crate::http::{Target, get_json};
use crate::settings::{Hub, Network};

/// One file of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shard {
    /// The split that it is a part of.
    pub split: String,
    /// Path inside the repository.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 as the hub states it, for files in its large-file storage.
    pub sha256: Option<String>,
}

/// A repository's raw file at a revision.
pub(crate) fn raw_file(
    hub: &Hub,
    dataset: &str,
    revision: &str,
    path: &str,
) -> Result<Target, DataError> {
    let url = address(hub, &["datasets"], dataset, &["resolve", revision], path)?;
    Ok(target(hub, dataset, url, format!("`{path}` of the hub dataset `{dataset}`")))
}

/// A file of a model's repository at a revision.
pub(crate) fn model_file(
    hub: &Hub,
    model: &str,
    revision: &str,
    path: &str,
) -> Result<Target, DataError> {
    let url = address(hub, &[], model, &["resolve", revision], path)?;
    let page = format!("{}/{model}", hub.endpoint);
    Ok(target_on(hub, &page, url, format!("`{path}` of the hub model `{model}`")))
}

/// The Parquet files of a split, in the order of their names; of several splits joined with `+`, one after the other.
pub(crate) async fn split_shards(
    client: &Client,
    network: &Network,
    hub: &Hub,
    place: &SplitPlace<'_>,
) -> Result<Vec<Shard>, DataError> {
    let mut shards = Vec::new();
    for split in place.split.split('+') {
        let place = SplitPlace { split, ..*place };
        shards.extend(shards_of_one(client, network, hub, &place).await?);
    }
    Ok(shards)
}

async fn shards_of_one(
    client: &Client,
    network: &Network,
    hub: &Hub,
    place: &SplitPlace<'_>,
) -> Result<Vec<Shard>, DataError> {
    let folder = format!("{}/{}", place.config, place.split);
    let mut shards: Vec<Shard> = match list(client, network, hub, place, &folder).await {
        Err(DataError::NotFound { what, status, .. }) => {
            let own = own_shards(client, network, hub, place).await;
            if own.is_empty() {
                let detail = alternatives(client, network, hub, place).await;
                return Err(DataError::NotFound { what, status, detail });
            }
            own
        }
        listing => listing?.iter().filter_map(|item| shard(item, place.split)).collect(),
    };
    shards.sort_by(|a, b| a.path.cmp(&b.path));
    if shards.is_empty() {
        return Err(DataError::NotFound {
            what: format!("a Parquet file in `{folder}` of the hub dataset `{}`", place.dataset),
            status: 200,
            detail: String::new(),
        });
    }
    Ok(shards)
}

/// A split's files where the dataset's own branch holds Parquet: `config/train-00000-of-00003.parquet`, or the same in `data` where
/// there is one configuration.
async fn own_shards(
    client: &Client,
    network: &Network,
    hub: &Hub,
    place: &SplitPlace<'_>,
) -> Vec<Shard> {
    if place.revision == crate::PARQUET_BRANCH {
        return Vec::new();
    }
    for folder in [place.config, "data"] {
        let Ok(items) = list(client, network, hub, place, folder).await else { continue };
        let is_of_split = |shard: &Shard| {
            let name = shard.path.rsplit('/').next().unwrap_or_default();
            let rest = name.strip_prefix(place.split);
            rest.is_some_and(|rest| rest == ".parquet" || rest.starts_with("-0"))
        };
        let found: Vec<Shard> =
            items.iter().filter_map(|item| shard(item, place.split)).filter(is_of_split).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Which split of which dataset, or which splits, joined with `+`.
#[derive(Clone, Copy)]
pub(crate) struct SplitPlace<'a> {
    pub dataset: &'a str,
    pub revision: &'a str,
    pub config: &'a str,
    pub split: &'a str,
}

async fn list(
    client: &Client,
    network: &Network,
    hub: &Hub,
    place: &SplitPlace<'_>,
    folder: &str,
) -> Result<Vec<Value>, DataError> {
    const MAX_PAGES: usize = 1000;
    let url = address(hub, &["api", "datasets"], place.dataset, &["tree", place.revision], folder)?;
    let what = format!("`{folder}` of the hub dataset `{}`", place.dataset);
    let mut next = target(hub, place.dataset, url, what);
    let mut items = Vec::new();
    for _ in 0..MAX_PAGES {
        let (page, following) = get_json(client, network, &next).await?;
        items.extend(page.as_array().into_iter().flatten().cloned());
        // A page elsewhere would carry the user's token there.
        match following.filter(|url| same_origin(url, &hub.endpoint)) {
            Some(url) => next.url = url,
            None => break,
        }
    }
    Ok(items)
}

fn same_origin(url: &str, endpoint: &str) -> bool {
    match (Url::parse(url), Url::parse(endpoint)) {
        (Ok(url), Ok(endpoint)) => url.origin() == endpoint.origin(),
        _ => false,
    }
}

/// The splits that the configuration has, else the configurations, as an addition to an error.
async fn alternatives(
    client: &Client,
    network: &Network,
    hub: &Hub,
    place: &SplitPlace<'_>,
) -> String {
    if let Ok(items) = list(client, network, hub, place, place.config).await {
        return format!(" (`{}` has the splits {})", place.config, folder_names(&items));
    }
    match list(client, network, hub, place, "").await {
        Ok(items) => format!(" (its configurations are {})", folder_names(&items)),
        Err(_) => " (it has no Parquet conversion)".to_owned(),
    }
}

fn folder_names(items: &[Value]) -> String {
    let folders = items.iter().filter(|item| item["type"] == "directory");
    let names: Vec<String> = folders
        .filter_map(|item| item["path"].as_str())
        .map(|path| format!("`{}`", path.rsplit('/').next().unwrap_or(path)))
        .collect();
    names.join(", ")
}

fn shard(item: &Value, split: &str) -> Option<Shard> {
    let path = item["path"].as_str().filter(|path| path.ends_with(".parquet"))?;
    (item["type"] == "file").then(|| Shard {
        split: split.to_owned(),
        path: path.to_owned(),
        bytes: item["size"].as_u64().unwrap_or(0),
        sha256: item["lfs"]["oid"].as_str().map(str::to_ascii_lowercase),
    })
}

fn target(hub: &Hub, dataset: &str, url: String, what: String) -> Target {
    target_on(hub, &format!("{}/datasets/{dataset}", hub.endpoint), url, what)
}

/// A target whose access is asked for at a page of the hub.
fn target_on(hub: &Hub, page: &str, url: String, what: String) -> Target {
    let denied_hint = match &hub.token {
        None => format!("ask for access at {page}, then set HF_TOKEN to a token of yours"),
        Some(_) => {
            format!("your token was not enough; ask for access at {page} with the same account")
        }
    };
    Target { url, what, token: hub.token.clone(), denied_hint }
}

/// An address on the hub, every part percent-encoded. The slashes of the dataset's name and of the path stay; that of a
/// revision (`refs/convert/parquet`) does not.
fn address(
    hub: &Hub,
    before: &[&str],
    dataset: &str,
    between: &[&str],
    path: &str,
) -> Result<String, DataError> {
    let bad = |reason: &str| DataError::BadLocation {
        text: format!("{}/{dataset}", hub.endpoint),
        reason: reason.to_owned(),
    };
    let mut url = Url::parse(&hub.endpoint).map_err(|error| bad(&error.to_string()))?;
    let parts = before.iter().copied().chain(dataset.split('/')).chain(between.iter().copied());
    let parts: Vec<&str> = parts.chain(path.split('/').filter(|part| !part.is_empty())).collect();
    if parts.iter().any(|part| part.is_empty() || *part == "." || *part == "..") {
        return Err(bad("a part of the repository's name or of the path is empty or climbs"));
    }
    url.path_segments_mut()
        .map_err(|()| bad("not an address of a server"))?
        .pop_if_empty()
        .extend(parts);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        Hub { endpoint: "https://hub.example/mirror".to_owned(), token: None }
    }

    #[test]
    fn addresses_keep_slashes_where_they_belong() {
        let file = raw_file(&hub(), "org/name", "refs/convert/parquet", "a b/0000.parquet");
        assert_eq!(
            file.unwrap().url,
            "https://hub.example/mirror/datasets/org/name/resolve/refs%2Fconvert%2Fparquet/a%20b/0000.parquet"
        );
        let file = model_file(&hub(), "org/name", "v1/a", "model.safetensors");
        assert_eq!(
            file.unwrap().url,
            "https://hub.example/mirror/org/name/resolve/v1%2Fa/model.safetensors"
        );
        let climbing = raw_file(&hub(), "org/../..", "main", "x");
        assert!(matches!(climbing, Err(DataError::BadLocation { .. })));
    }
}
