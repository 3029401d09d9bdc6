//! Datasets on a hub: raw files, Parquet splits in one or several shards, and single columns of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use holometer_data::{DataError, DataFile, Library, Location, Silent, Token, read};
use serde_json::{Value, json};

use crate::support::{Asked, Reply, Server, content, library, sha256};

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(path).unwrap()
}

fn expected_rows() -> Vec<Value> {
    read::jsonl_of(fixture("nested.jsonl"), Path::new("nested.jsonl")).unwrap()
}

const TREE: &str = "/api/datasets/org/set/tree/refs%2Fconvert%2Fparquet";
const RESOLVE: &str = "/datasets/org/set/resolve/refs%2Fconvert%2Fparquet";

pub(crate) fn listed(path: &str, content: &[u8]) -> Value {
    json!({
        "type": "file", "path": path, "size": content.len(), "oid": "0".repeat(40),
        "lfs": {"oid": sha256(content), "size": content.len(), "pointerSize": 131},
    })
}

/// A hub with one dataset whose split `train` has these shards, listed one per page.
pub(crate) fn hub(shards: Vec<(String, Vec<u8>)>) -> Server {
    let own_address = Arc::new(Mutex::new(String::new()));
    let address = Arc::clone(&own_address);
    let server = Server::start(move |asked, _| {
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        if path == format!("{TREE}/plain/train") {
            let page: usize = query.strip_prefix("page=").map_or(0, |page| page.parse().unwrap());
            let (name, content) = &shards[page];
            let reply = Reply::new(200, json!([listed(name, content)]).to_string().as_bytes());
            if page + 1 == shards.len() {
                return reply;
            }
            let next =
                format!("<{}{path}?page={}>; rel=\"next\"", address.lock().unwrap(), page + 1);
            return reply.header("Link", &next);
        }
        if path == format!("{TREE}/plain") {
            let folders = json!([
                {"type": "directory", "path": "plain/train"},
                {"type": "directory", "path": "plain/validation"},
            ]);
            return Reply::new(200, folders.to_string().as_bytes());
        }
        let shard = shards.iter().find(|(name, _)| path == format!("{RESOLVE}/{name}"));
        match shard {
            Some((_, content)) => Reply::file(asked, content, "\"shard\""),
            None => Reply::new(404, b"").header("X-Error-Message", "Entry not found"),
        }
    });
    own_address.lock().unwrap().clone_from(&server.address);
    server
}

pub(crate) fn at(server: &Server, folder: &Path) -> Library {
    let mut library = library(folder);
    library.hub.endpoint.clone_from(&server.address);
    library.network.request_cost_bytes = 2000;
    library
}

fn split(name: &str) -> DataFile {
    let locations = vec![Location::hub_parquet("org/set", "plain", name)];
    DataFile { locations, ..DataFile::default() }
}

#[test]
fn a_split_of_one_shard_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let content = fixture("nested-snappy.parquet");
    let server = hub(vec![("plain/train/0000.parquet".to_owned(), content.clone())]);
    let mut file = split("train");
    file.sha256 = Some(sha256(&content));
    let path = at(&server, folder.path()).fetch(&file, &Silent).unwrap();
    assert_eq!(path.file_name().unwrap(), "train.parquet");
    assert_eq!(read::parquet(&path, &[]).unwrap(), expected_rows());
}

#[test]
fn a_split_of_several_shards_is_a_folder_over_a_paged_listing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (fixture("nested-gzip.parquet"), fixture("nested-zstd.parquet"));
    let server = hub(vec![
        ("plain/train/0001.parquet".to_owned(), second.clone()),
        ("plain/train/0000.parquet".to_owned(), first.clone()),
    ]);
    let library = at(&server, folder.path());
    let mut file = split("train");
    file.sha256 = Some(sha256(format!("{}{}", sha256(&first), sha256(&second)).as_bytes()));
    let path = library.fetch(&file, &Silent).unwrap();
    let names: Vec<_> = crate::support::files_under(&path)
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(std::fs::read(path.join("0000.parquet")).unwrap(), first);
    assert_eq!(read::parquet(&path, &["id"]).unwrap().len(), 240);
    let before = server.requests().len();
    assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
    assert_eq!(server.requests().len(), before);
}

#[test]
fn a_missing_split_names_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let server = hub(vec![("plain/train/0000.parquet".to_owned(), Vec::new())]);
    let error = at(&server, folder.path()).fetch(&split("test"), &Silent).unwrap_err().to_string();
    assert!(error.contains("(`plain` has the splits `train`, `validation`)"), "{error}");
}

/// Datasets may hold Parquet themselves: then a commit of the dataset is pinned, not one of the conversion.
#[test]
fn a_pinned_commit_of_the_dataset_itself_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (fixture("nested-gzip.parquet"), fixture("nested-zstd.parquet"));
    let served = (first.clone(), second.clone());
    let server = Server::start(move |asked, _| match asked.path.as_str() {
        "/api/datasets/org/set/tree/abc123/plain" => {
            let items = json!([
                listed("plain/train-00001-of-00002.parquet", &served.1),
                listed("plain/train-00000-of-00002.parquet", &served.0),
                listed("plain/training-notes.parquet", &served.0),
                listed("plain/test-00000-of-00001.parquet", &served.0),
            ]);
            Reply::new(200, items.to_string().as_bytes())
        }
        "/datasets/org/set/resolve/abc123/plain/train-00000-of-00002.parquet" => {
            Reply::file(asked, &served.0, "\"0\"")
        }
        "/datasets/org/set/resolve/abc123/plain/train-00001-of-00002.parquet" => {
            Reply::file(asked, &served.1, "\"1\"")
        }
        _ => Reply::new(404, b""),
    });
    let mut file = split("train");
    let Location::HubParquet { revision, .. } = &mut file.locations[0] else { unreachable!() };
    "abc123".clone_into(revision);
    let path = at(&server, folder.path()).fetch(&file, &Silent).unwrap();
    assert_eq!(read::parquet(&path, &["id"]).unwrap().len(), 240);
    assert_eq!(std::fs::read(path.join("train-00000-of-00002.parquet")).unwrap(), first);
}

#[test]
fn a_shard_that_differs_from_the_listing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| {
        if asked.path.starts_with("/api") {
            let listing = json!([listed("plain/train/0000.parquet", b"as listed")]);
            Reply::new(200, listing.to_string().as_bytes())
        } else {
            Reply::file(asked, b"as served", "\"x\"")
        }
    });
    let error = at(&server, folder.path()).fetch(&split("train"), &Silent).unwrap_err();
    assert!(
        matches!(&error, DataError::WrongHash { expected, actual, .. }
            if *expected == sha256(b"as listed") && *actual == sha256(b"as served")),
        "{error}"
    );
}

/// The first and last bytes of every range asked for.
pub(crate) fn ranges_asked(server: &Server) -> Vec<(usize, usize)> {
    let requests = server.requests();
    let ranges = requests.iter().filter_map(Asked::range);
    ranges.map(|(start, end)| (start, end.unwrap())).collect()
}

#[test]
fn only_the_bytes_of_the_columns_wanted_are_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let content = fixture("wide.parquet");
    let server = hub(vec![("plain/train/0000.parquet".to_owned(), content.clone())]);
    let columns = ["answers", "id"];
    let location = Location::hub_parquet("org/set", "plain", "train").with_columns(&columns);
    let mut file = DataFile { locations: vec![location], ..DataFile::default() };
    file.sha256 = Some(sha256(&content));
    let path = at(&server, folder.path()).fetch(&file, &Silent).unwrap();

    let whole = folder.path().join("whole.parquet");
    std::fs::write(&whole, &content).unwrap();
    let rows = read::parquet(&path, &[]).unwrap();
    assert_eq!(rows, read::parquet(&whole, &columns).unwrap());
    assert_eq!(rows.len(), 300);
    let fetched: usize = ranges_asked(&server).iter().map(|(start, end)| end + 1 - start).sum();
    assert!(fetched < content.len() / 4, "{fetched} of {}", content.len());
    let size = std::fs::metadata(&path).unwrap().len() as usize;
    assert!(size < content.len() / 5, "{size} of {}", content.len());
    assert_eq!(crate::support::files_under(path.parent().unwrap()).len(), 2);

    // The pin is compared with what the hub states about the whole file.
    file.sha256 = Some(sha256(b"another version"));
    let other = tempfile::tempdir().unwrap();
    let error = at(&server, other.path()).fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::WrongHash { .. }), "{error}");
    let column = Location::hub_parquet("org/set", "plain", "train").with_columns(&["idd"]);
    let file = DataFile { locations: vec![column], ..DataFile::default() };
    let error = at(&server, other.path()).fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::NoColumn { .. }), "{error}");
}

#[test]
fn columns_from_a_server_without_ranges_come_with_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let content = fixture("wide.parquet");
    let served = content.clone();
    let server = Server::start(move |asked, _| {
        if asked.path.starts_with("/api") {
            let listing = json!([listed("plain/train/0000.parquet", &served)]);
            Reply::new(200, listing.to_string().as_bytes())
        } else {
            Reply::new(200, &served)
        }
    });
    let location = Location::hub_parquet("org/set", "plain", "train").with_columns(&["id"]);
    let file = DataFile { locations: vec![location], ..DataFile::default() };
    let path = at(&server, folder.path()).fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), content);
}

#[test]
fn a_footer_that_lies_is_an_error() {
    for (name, footer) in [
        ("not Parquet", content(40_000)),
        (
            "a footer longer than the file",
            [content(39_992), b"\xff\xff\xff\x00PAR1".to_vec()].concat(),
        ),
        ("a footer of noise", [content(39_992), b"\x00\x0f\x00\x00PAR1".to_vec()].concat()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = hub(vec![("plain/train/0000.parquet".to_owned(), footer)]);
        let location = Location::hub_parquet("org/set", "plain", "train").with_columns(&["id"]);
        let file = DataFile { locations: vec![location], ..DataFile::default() };
        let error = at(&server, folder.path()).fetch(&file, &Silent).unwrap_err();
        assert!(matches!(error, DataError::Damaged { .. }), "{name}: {error}");
    }
}

#[test]
fn the_token_goes_to_the_hub_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Server::start(|asked, _| Reply::file(asked, b"[1]\n", "\"1\""));
    // Another host name, so that the redirect leaves the hub.
    let target = elsewhere.url("stored").replace("127.0.0.1", "localhost");
    let server = Server::start(move |asked, _| match asked.header("authorization") {
        Some("Bearer hf_secret") => Reply::new(302, b"").header("Location", &target),
        _ => Reply::new(401, b"")
            .header("X-Error-Message", "Access to dataset org/set is restricted."),
    });
    let location = Location::HubFile {
        dataset: "org/set".to_owned(),
        revision: "main".to_owned(),
        path: "data/rows.jsonl".to_owned(),
    };
    let file = DataFile { locations: vec![location], ..DataFile::default() };
    let mut library = at(&server, folder.path());
    let error = library.fetch(&file, &Silent).unwrap_err().to_string();
    assert!(error.contains("HTTP 401) (Access to dataset org/set is restricted)"), "{error}");
    let page = server.url("datasets/org/set");
    assert!(
        error.contains(&format!("hint: ask for access at {page}, then set HF_TOKEN")),
        "{error}"
    );

    library.hub.token = Some(Token("hf_secret".to_owned()));
    assert!(!format!("{library:?}").contains("hf_secret"));
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"[1]\n");
    assert_eq!(server.requests()[1].path, "/datasets/org/set/resolve/main/data/rows.jsonl");
    assert_eq!(elsewhere.requests()[0].header("authorization"), None);

    let plain = crate::support::url_file(&elsewhere.url("plain"));
    library.fetch(&plain, &Silent).unwrap();
    assert_eq!(elsewhere.requests()[1].header("authorization"), None);
}
