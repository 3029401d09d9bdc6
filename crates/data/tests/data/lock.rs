//! A lock file holds data files to what they were.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holometer_data::{DataError, Library, Location, Lock, Silent, cache};

use crate::hub::{at, fixture, hub};
use crate::support::{Reply, Server, library, sha256, url_file};

fn locked(library: &Library, folder: &std::path::Path) -> Library {
    let mut locked = library.clone();
    locked.lock = Some(Arc::new(Lock::open(&folder.join("data.lock")).unwrap()));
    locked
}

#[test]
fn a_file_that_changed_at_its_source_is_refused() {
    let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let version = Arc::new(AtomicUsize::new(1));
    let served = Arc::clone(&version);
    let server = Server::start(move |asked, _| {
        let text = format!("version {}\n", served.load(Ordering::Relaxed));
        Reply::file(asked, text.as_bytes(), "\"1\"")
    });
    let file = url_file(&server.url("rows.txt"));
    let first = locked(&library(here.path()), here.path());
    first.fetch(&file, &Silent).unwrap();
    let text = std::fs::read_to_string(here.path().join("data.lock")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["sha256"][server.url("rows.txt")], sha256(b"version 1\n"));

    // The same again, in another cache.
    let again = locked(&library(elsewhere.path()), here.path());
    again.fetch(&file, &Silent).unwrap();

    version.store(2, Ordering::Relaxed);
    let third = tempfile::tempdir().unwrap();
    let later = locked(&library(third.path()), here.path());
    let error = later.fetch(&file, &Silent).unwrap_err();
    assert!(
        matches!(&error, DataError::Changed { expected, actual, .. }
            if *expected == sha256(b"version 1\n") && *actual == sha256(b"version 2\n")),
        "{error}"
    );
    let message = error.to_string();
    assert!(message.contains("hint: the file changed at its source since the lock was written"));
    assert!(cache::entries(&later.cache_dir).unwrap().is_empty());
    assert_eq!(std::fs::read_to_string(here.path().join("data.lock")).unwrap(), text);

    // A newer version that lies in the cache is noticed as well.
    let newer = tempfile::tempdir().unwrap();
    let without = library(newer.path());
    without.fetch(&file, &Silent).unwrap();
    let error = locked(&without, here.path()).fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::Changed { .. }), "{error}");
}

#[test]
fn local_copies_are_held_to_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut library = library(folder.path());
    library.data_dirs = vec![folder.path().to_owned()];
    std::fs::write(folder.path().join("rows.txt"), "one\n").unwrap();
    let mut file = url_file("http://127.0.0.1:9/rows.txt");
    file.local = vec!["rows.txt".to_owned()];
    locked(&library, folder.path()).fetch(&file, &Silent).unwrap();
    locked(&library, folder.path()).fetch(&file, &Silent).unwrap();
    std::fs::write(folder.path().join("rows.txt"), "two\n").unwrap();
    // Another process: this one has compared the file before.
    let mut other = Library::new(folder.path().join("other"));
    other.data_dirs.clone_from(&library.data_dirs);
    let error = locked(&other, folder.path()).fetch(&file, &Silent).unwrap_err().to_string();
    assert!(error.starts_with("the local copy `rows.txt` has SHA-256"), "{error}");
}

/// What arrives of some columns is a file of our own making; the lock has the hash that the hub states for the whole.
#[test]
fn a_split_of_which_a_part_is_fetched_is_held_to_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let content = fixture("wide.parquet");
    let server = hub(vec![("plain/train/0000.parquet".to_owned(), content.clone())]);
    let location = Location::hub_parquet("org/set", "plain", "train").with_columns(&["id"]);
    let file = holometer_data::DataFile { locations: vec![location], ..Default::default() };
    locked(&at(&server, folder.path()), folder.path()).fetch(&file, &Silent).unwrap();
    let text = std::fs::read_to_string(folder.path().join("data.lock")).unwrap();
    assert!(text.contains(&sha256(&content)), "{text}");
}

#[test]
fn what_is_no_lock_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.lock");
    for text in ["", "[]", "{\"version\": 2, \"sha256\": {}}", "{\"version\": 1}"] {
        std::fs::write(&path, text).unwrap();
        let error = Lock::open(&path).unwrap_err().to_string();
        assert!(error.contains("can't be used as a lock of data files"), "{error}");
    }
}
