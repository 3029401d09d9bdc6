//! The cache: what it lists, what pruning keeps, and that damage is noticed.

use std::fs::{self, OpenOptions};
use std::time::{Duration, SystemTime};

use crate::support::{Reply, Server, content, library, url_file};
use holometer_data::cache::{self, Keep};
use holometer_data::{Availability, Library, Silent};

/// Three files of 1000 bytes, last used one, two and three days ago.
fn three_files(folder: &std::path::Path) -> (Library, Server) {
    let server = Server::start(|asked, _| Reply::file(asked, &content(1000), "\"1\""));
    for (days, name) in [(1, "newest.bin"), (2, "middle.bin"), (3, "oldest.bin")] {
        let path = library(folder).fetch(&url_file(&server.url(name)), &Silent).unwrap();
        let used = SystemTime::now() - Duration::from_secs(days * 86_400);
        let particulars = path.parent().unwrap().join(".entry.json");
        let file = OpenOptions::new().append(true).open(particulars).unwrap();
        file.set_modified(used).unwrap();
    }
    (library(folder), server)
}

fn names(entries: &[cache::Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn an_absent_cache_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("nowhere");
    assert!(cache::entries(&absent).unwrap().is_empty());
    assert_eq!(cache::total_bytes(&absent).unwrap(), 0);
    assert!(cache::prune(&absent, Keep::Bytes(0)).unwrap().removed.is_empty());
    assert!(!absent.exists());
}

#[test]
fn pruning_to_a_size_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let (library, _server) = three_files(folder.path());
    let listed = cache::entries(&library.cache_dir).unwrap();
    assert_eq!(names(&listed), ["newest.bin", "middle.bin", "oldest.bin"]);
    let total = cache::total_bytes(&library.cache_dir).unwrap();
    assert!((3000..6000).contains(&total), "{total}");

    let pruned = cache::prune(&library.cache_dir, Keep::Bytes(total - 1)).unwrap();
    assert_eq!(names(&pruned.removed), ["oldest.bin"]);
    assert!(pruned.freed_bytes >= 1000);
    assert!(cache::total_bytes(&library.cache_dir).unwrap() < total);
    let pruned = cache::prune(&library.cache_dir, Keep::Bytes(0)).unwrap();
    assert_eq!(names(&pruned.removed), ["middle.bin", "newest.bin"]);
    assert_eq!(cache::total_bytes(&library.cache_dir).unwrap(), 0);
}

#[test]
fn pruning_to_an_age_keeps_what_was_used_since() {
    let folder = tempfile::tempdir().unwrap();
    let (library, server) = three_files(folder.path());
    // Using a file makes it new again.
    library.fetch(&url_file(&server.url("oldest.bin")), &Silent).unwrap();
    let day_and_a_half = Keep::UsedWithin(Duration::from_secs(129_600));
    let pruned = cache::prune(&library.cache_dir, day_and_a_half).unwrap();
    assert_eq!(names(&pruned.removed), ["middle.bin"]);
    let left = cache::entries(&library.cache_dir).unwrap();
    assert_eq!(names(&left), ["oldest.bin", "newest.bin"]);
}

#[test]
fn a_new_download_pushes_out_the_oldest_but_nothing_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (mut library, server) = three_files(folder.path());
    let oldest = library.fetch(&url_file(&server.url("oldest.bin")), &Silent).unwrap();
    library.max_cache_bytes = cache::total_bytes(&library.cache_dir).unwrap() + 500;
    library.fetch(&url_file(&server.url("another.bin")), &Silent).unwrap();
    let left = cache::entries(&library.cache_dir).unwrap();
    assert_eq!(left.len(), 3);
    assert!(!names(&left).contains(&"middle.bin"));
    assert!(oldest.exists());
}

#[test]
fn unfinished_downloads_count_and_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let (library, _server) = three_files(folder.path());
    let before = cache::total_bytes(&library.cache_dir).unwrap();
    let broken = Server::start(|asked, before| {
        let reply = Reply::file(asked, &content(1000), "\"1\"");
        if before == 0 { reply.breaking_after(600) } else { Reply::new(404, b"") }
    });
    library.fetch(&url_file(&broken.url("part.bin")), &Silent).unwrap_err();
    let with_part = cache::total_bytes(&library.cache_dir).unwrap();
    assert!(with_part >= before + 600, "{before} {with_part}");
    let pruned = cache::prune(&library.cache_dir, Keep::Bytes(before)).unwrap();
    assert!(pruned.removed.is_empty());
    assert_eq!(cache::total_bytes(&library.cache_dir).unwrap(), before);
}

#[test]
fn a_damaged_entry_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let (library, server) = three_files(folder.path());
    let file = url_file(&server.url("newest.bin"));
    let path = library.fetch(&file, &Silent).unwrap();
    fs::write(&path, "short").unwrap();
    assert!(matches!(library.locate(&file), Availability::Download { .. }));
    assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
    assert_eq!(fs::read(&path).unwrap(), content(1000));

    let particulars = path.parent().unwrap().join(".entry.json");
    let text = fs::read_to_string(&particulars).unwrap();
    fs::write(&particulars, text.replace("newest.bin", "../../../etc/passwd")).unwrap();
    assert!(matches!(library.locate(&file), Availability::Download { .. }));
}

#[test]
fn names_in_the_cache_are_valid_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, b"[]", "\"1\""));
    for (address, expected) in [
        ("a/con.json", "_con.json"),
        ("a/LPT1.csv", "_LPT1.csv"),
        ("a/..%2F..%2Fx:y*z?.json", "_2F.._2Fx_y_z"),
        ("a/.hidden", "hidden"),
        ("a/%C3%BC.json#part", "_C3_BC.json"),
    ] {
        let path = library(folder.path()).fetch(&url_file(&server.url(address)), &Silent).unwrap();
        assert_eq!(path.file_name().unwrap(), expected, "{address}");
    }
    let long = format!("a/{}.jsonl", "x".repeat(300));
    let path = library(folder.path()).fetch(&url_file(&server.url(&long)), &Silent).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.len() <= 80 && name.ends_with("x.jsonl"), "{name}");
}
