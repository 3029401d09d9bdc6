//! Keeping less than was downloaded: some rows of a split, or a smaller form of a file.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::write::GzEncoder;
use holometer_data::{DataError, DataFile, Keeper, Location, Reduction, Silent, Work, cache, read};
use serde_json::{Value, json};

use crate::hub::{at, fixture, hub, listed, ranges_asked};
use crate::support::{Reply, Server, content, files_under, library, sha256, url_file};

const ROWS: u64 = 1200;

/// Rows 1250, 3, 2399 and 1207 of 2400, in this order.
fn some_rows() -> Reduction {
    let choose = |count: u64| {
        assert_eq!(count, 2 * ROWS);
        vec![1250, 3, 2399, 1207]
    };
    Reduction { name: "some".into(), kept_bytes: None, work: Work::Rows(Arc::new(choose)) }
}

fn split_of_rows(columns: &[&str]) -> DataFile {
    let location = Location::hub_parquet("org/set", "plain", "train").with_columns(columns);
    DataFile { locations: vec![location], reduction: Some(some_rows()), ..DataFile::default() }
}

fn shards() -> Vec<(String, Vec<u8>)> {
    let content = fixture("groups.parquet");
    let name = |number: u32| format!("plain/train/000{number}.parquet");
    vec![(name(0), content.clone()), (name(1), content)]
}

/// The rows as they stand in the whole file.
fn expected(columns: &[&str]) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/groups.parquet");
    let rows = read::parquet(&path, columns).unwrap();
    [50, 3, 1199, 7].map(|position| rows[position].clone()).to_vec()
}

#[test]
fn only_row_groups_with_a_wanted_row_are_fetched() {
    for columns in [&[][..], &["translation"], &["id"]] {
        let folder = tempfile::tempdir().unwrap();
        let server = hub(shards());
        let library = at(&server, folder.path());
        let file = split_of_rows(columns);
        let path = library.fetch(&file, &Silent).unwrap();
        assert_eq!(path.file_name().unwrap(), "train.rows.jsonl");
        assert_eq!(read::jsonl(&path).unwrap(), expected(columns));
        let size = 2 * fixture("groups.parquet").len();
        let fetched: usize = ranges_asked(&server).iter().map(|(start, end)| end + 1 - start).sum();
        // Four of 24 row groups, and two footers.
        assert!(fetched < size / 3, "{fetched} of {size}");
        let left = files_under(path.parent().unwrap());
        assert_eq!(left.len(), 2, "the rows and their particulars: {left:?}");
        let before = server.requests().len();
        assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
        assert_eq!(server.requests().len(), before, "it is cached");
        // Another choice of the same split is another file.
        let other = DataFile {
            reduction: Some(Reduction { name: "others".into(), ..some_rows() }),
            ..file
        };
        library.fetch(&other, &Silent).unwrap();
        assert!(server.requests().len() > before);
    }
}

#[test]
fn a_server_without_ranges_gives_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| {
        if asked.path.starts_with("/api") {
            let items: Vec<Value> =
                shards().iter().map(|(name, content)| listed(name, content)).collect();
            return Reply::new(200, Value::from(items).to_string().as_bytes());
        }
        Reply::new(200, &fixture("groups.parquet"))
    });
    let path = at(&server, folder.path()).fetch(&split_of_rows(&[]), &Silent).unwrap();
    assert_eq!(read::jsonl(&path).unwrap(), expected(&[]));
    assert_eq!(files_under(path.parent().unwrap()).len(), 2);
}

#[test]
fn an_interrupted_choice_goes_on_with_the_next_shard() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let server = Server::start(move |asked, _| {
        if asked.path.starts_with("/api") {
            let items: Vec<Value> =
                shards().iter().map(|(name, content)| listed(name, content)).collect();
            return Reply::new(200, Value::from(items).to_string().as_bytes());
        }
        let whole = fixture("groups.parquet");
        let wants_rows = asked.range().is_some_and(|(start, _)| start < whole.len() / 2);
        if asked.path.ends_with("0001.parquet") && wants_rows && is_broken.load(Ordering::Relaxed) {
            return Reply::new(500, b"");
        }
        Reply::file(asked, &whole, "\"shard\"")
    });
    let library = at(&server, folder.path());
    let file = split_of_rows(&[]);
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::Status { status: 500, .. }), "{error}");
    assert!(cache::entries(&library.cache_dir).unwrap().is_empty());
    broken.store(false, Ordering::Relaxed);
    let whole_length = fixture("groups.parquet").len();
    let before = server.requests().len();
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(read::jsonl(&path).unwrap(), expected(&[]));
    let again = server.requests().split_off(before);
    let rows_of_first = again
        .iter()
        .filter(|asked| asked.path.ends_with("0000.parquet"))
        .filter(|asked| asked.range().is_some_and(|(start, _)| start < whole_length / 2));
    assert_eq!(rows_of_first.count(), 0, "the rows of the first shard are here already");
}

#[test]
fn a_choice_of_rows_that_are_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let server = hub(shards());
    let beyond = Work::Rows(Arc::new(|count| vec![count]));
    let mut file = split_of_rows(&[]);
    file.reduction = Some(Reduction { name: "beyond".into(), kept_bytes: None, work: beyond });
    let error = at(&server, folder.path()).fetch(&file, &Silent).unwrap_err();
    assert!(error.to_string().contains("row 2400 of 2400 can't be kept"), "{error}");
}

/// Keeps every third of all rows with the number of ids that it saw beforehand, and how many rows were kept before it.
#[derive(Default)]
struct Third {
    ids: usize,
    rows: usize,
    kept: usize,
}

impl Keeper for Third {
    fn ahead(&self) -> &[&'static str] {
        &["id"]
    }

    fn look(&mut self, rows: &[Value]) {
        assert!(rows.iter().all(|row| row.as_object().unwrap().keys().eq(["id"])));
        self.ids += rows.len();
    }

    fn keep(&mut self, split: &str, rows: Vec<Value>) -> Result<Vec<Value>, String> {
        let mut kept = Vec::new();
        for row in rows {
            if self.rows.is_multiple_of(3) {
                let note = format!("{split} {} {}", self.ids, self.kept);
                kept.push(json!({ "id": row["id"], "note": note }));
                self.kept += 1;
            }
            self.rows += 1;
        }
        Ok(kept)
    }

    fn again(&mut self, kept: &[Value]) {
        self.kept += kept.len();
        // A multiple of three rows a shard.
        self.rows += 3 * kept.len();
    }
}

fn thirds(columns: &[&str]) -> DataFile {
    let location = Location::hub_parquet("org/set", "plain", "train+test").with_columns(columns);
    let work = Work::Each(Arc::new(|| Box::<Third>::default()));
    let reduction = Reduction { name: "thirds".into(), kept_bytes: None, work };
    DataFile { locations: vec![location], reduction: Some(reduction), ..DataFile::default() }
}

/// A split of two shards and one of one.
fn two_splits(asked_path: &str) -> Reply {
    let content = fixture("groups.parquet");
    let split = if asked_path.ends_with("/train") { "train" } else { "test" };
    let count = if split == "train" { 2 } else { 1 };
    let name = |number: u32| format!("plain/{split}/000{number}.parquet");
    let items: Vec<Value> = (0..count).map(|number| listed(&name(number), &content)).collect();
    Reply::new(200, Value::from(items).to_string().as_bytes())
}

fn thirds_expected() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/groups.parquet");
    let ids = read::parquet(&path, &["id"]).unwrap();
    let all =
        ["train", "train", "test"].iter().flat_map(|split| ids.iter().map(move |id| (split, id)));
    let note = |(kept, (split, row)): (usize, (&&str, &Value))| json!({ "id": row["id"], "note": format!("{split} {} {kept}", 3 * ROWS) });
    all.step_by(3).enumerate().map(note).collect()
}

#[test]
fn a_keeper_decides_on_each_row_of_several_splits() {
    for columns in [&["id"][..], &["id", "translation"], &[]] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(|asked, _| {
            if asked.path.starts_with("/api") {
                return two_splits(&asked.path);
            }
            Reply::file(asked, &fixture("groups.parquet"), "\"shard\"")
        });
        let path = at(&server, folder.path()).fetch(&thirds(columns), &Silent).unwrap();
        assert_eq!(path.file_name().unwrap(), "train_test.kept.jsonl.zst");
        assert_eq!(read::jsonl(&path).unwrap(), thirds_expected());
        let left = files_under(path.parent().unwrap());
        assert_eq!(left.len(), 2, "what is kept and its particulars: {left:?}");
    }
}

#[test]
fn an_interrupted_keeper_goes_on_with_the_next_shard() {
    let folder = tempfile::tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let server = Server::start(move |asked, _| {
        if asked.path.starts_with("/api") {
            return two_splits(&asked.path);
        }
        if asked.path.contains("/test/") && is_broken.load(Ordering::Relaxed) {
            return Reply::new(500, b"");
        }
        Reply::file(asked, &fixture("groups.parquet"), "\"shard\"")
    });
    let library = at(&server, folder.path());
    // A look at all ids would fail before anything is kept.
    let mut file = thirds(&["id"]);
    if let Some(Reduction { work, .. }) = &mut file.reduction {
        *work = Work::Each(Arc::new(|| Box::new(Late(Third { ids: 3600, ..Third::default() }))));
    }
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::Status { status: 500, .. }), "{error}");
    assert!(cache::entries(&library.cache_dir).unwrap().is_empty());
    broken.store(false, Ordering::Relaxed);
    let before = server.requests().len();
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(read::jsonl(&path).unwrap(), thirds_expected());
    let again = server.requests().split_off(before);
    let of_first = again.iter().filter(|asked| asked.path.contains("/resolve/"));
    assert!(of_first.clone().count() > 0);
    assert_eq!(of_first.filter(|asked| asked.path.contains("/train/")).count(), 0);
}

/// The same without a look at all ids.
struct Late(Third);

impl Keeper for Late {
    fn keep(&mut self, split: &str, rows: Vec<Value>) -> Result<Vec<Value>, String> {
        self.0.keep(split, rows)
    }

    fn again(&mut self, kept: &[Value]) {
        self.0.again(kept);
    }
}

#[test]
fn a_row_that_a_keeper_refuses_is_an_error() {
    struct Refuses;
    impl Keeper for Refuses {
        fn keep(&mut self, _: &str, _: Vec<Value>) -> Result<Vec<Value>, String> {
            Err("a row's `label` is no class".into())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut file = split_of_rows(&[]);
    let work = Work::Each(Arc::new(|| Box::new(Refuses)));
    file.reduction = Some(Reduction { name: "refuses".into(), kept_bytes: None, work });
    let error = at(&hub(shards()), folder.path()).fetch(&file, &Silent).unwrap_err().to_string();
    assert!(error.contains("a row's `label` is no class") && error.contains(".parquet"), "{error}");
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Every second line.
fn half() -> Reduction {
    let work = |from: &mut dyn BufRead, to: &mut dyn Write| {
        for line in from.lines().step_by(2) {
            writeln!(to, "{}", line?)?;
        }
        Ok(())
    };
    Reduction { name: "half".into(), kept_bytes: None, work: Work::Rewrite(Arc::new(work)) }
}

#[test]
fn a_rewritten_file_is_kept_alone_and_the_pin_is_of_what_came() {
    let folder = tempfile::tempdir().unwrap();
    let whole = gzip(b"{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3}\n");
    let served = whole.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, &served, "\"1\""));
    let library = library(folder.path());
    let mut file = url_file(&server.url("rows.jsonl.gz"));
    file.sha256 = Some(sha256(&whole));
    file.bytes = Some(whole.len() as u64);
    let complete = library.fetch(&file, &Silent).unwrap();
    assert_eq!(read::jsonl(&complete).unwrap().len(), 3);
    file.reduction = Some(half());
    let path = library.fetch(&file, &Silent).unwrap();
    assert_ne!(path, complete);
    assert_eq!(path.file_name().unwrap(), "rows.jsonl.kept.zst");
    let kept: Vec<Value> = read::jsonl(&path).unwrap().iter().map(|row| row["a"].clone()).collect();
    assert_eq!(kept, [1, 3]);
    assert_eq!(files_under(path.parent().unwrap()).len(), 2);
    assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
    assert_eq!(server.requests().len(), 2);

    file.sha256 = Some(sha256(b"another"));
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::WrongHash { .. }), "{error}");
}

#[test]
fn a_file_kept_compressed_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let text = "a line that compresses well\n".repeat(2000);
    let served = text.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, served.as_bytes(), "\"1\""));
    let file = DataFile {
        reduction: Some(Reduction::compressed()),
        ..url_file(&server.url("documents.tsv"))
    };
    let path = library(folder.path()).fetch(&file, &Silent).unwrap();
    assert_eq!(read::text(&path).unwrap(), text);
    assert!(std::fs::metadata(&path).unwrap().len() < 1000);
}

#[test]
fn of_an_archive_only_members_in_use_are_kept() {
    let mut archive = tar::Builder::new(Vec::new());
    let large = content(200_000);
    for (name, body) in [
        ("data/test/a.csv", &b"a,b\n"[..]),
        ("data/auxiliary/large.csv", &large),
        ("data/dev/a.csv", b"c,d\n"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        archive.append_data(&mut header, name, body).unwrap();
    }
    let whole = archive.into_inner().unwrap();
    let served = whole.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, &served, "\"1\""));
    let keep = |names: &[&str]| Reduction {
        name: names.join(" "),
        kept_bytes: None,
        work: Work::Members(names.iter().map(|name| (*name).to_owned()).collect()),
    };
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let mut file = url_file(&server.url("data.tar"));
    file.bytes = Some(whole.len() as u64);
    file.reduction = Some(keep(&["data/test/*", "data/dev/*"]));
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(path.file_name().unwrap(), "data.kept.tar.zst");
    assert_eq!(read::archive_names(&path).unwrap(), ["data/test/a.csv", "data/dev/a.csv"]);
    assert_eq!(read::archive_member(&path, "data/dev/a.csv").unwrap(), b"c,d\n");
    assert!(std::fs::metadata(&path).unwrap().len() < 2000);
    file.reduction = Some(keep(&["data/tset/*"]));
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::NoMember { .. }), "{error}");
}

#[test]
fn content_that_is_not_as_expected_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut damaged = gzip(&content(5000));
    damaged.truncate(3000);
    let server = Server::start(move |asked, _| Reply::file(asked, &damaged, "\"1\""));
    let library = library(folder.path());
    let mut file = url_file(&server.url("rows.gz"));
    file.reduction = Some(Reduction::compressed());
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
    let refuses = |_: &mut dyn BufRead, _: &mut dyn Write| {
        Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a line is no question"))
    };
    let work = Work::Rewrite(Arc::new(refuses));
    file.reduction = Some(Reduction { name: "questions".into(), kept_bytes: None, work });
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(error.to_string().contains("a line is no question"), "{error}");
    assert!(cache::entries(&library.cache_dir).unwrap().is_empty());
}
