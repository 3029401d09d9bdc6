//! Python packages, with a stand-in for Python that delivers a wheel as pip would. Unix only, because it is a script.

#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use holometer_data::{DataError, DataFile, Library, Location, Silent, cache};

use crate::support::{Told, library, sha256};

fn wheel() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [("pack/a.jsonl", "[1]\n"), ("pack/b.jsonl", "[2]\n")] {
        writer.start_file(name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A library whose Python notes its arguments and then runs `script`, in which `$dest` is where pip should deliver.
fn with_python(folder: &Path, script: &str) -> Library {
    let python = folder.join("python");
    let log = folder.join("calls");
    let text = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\nwhile [ \"$1\" != --dest ]; do shift; done\ndest=$2\n{script}\n",
        log.display()
    );
    fs::write(&python, text).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("wheel"), wheel()).unwrap();
    let mut library = library(folder);
    library.pythons = vec![PathBuf::from("/nonexistent/python"), python];
    library
}

fn delivering(folder: &Path) -> Library {
    let wheel = folder.join("wheel");
    with_python(folder, &format!("cp '{}' \"$dest/pack-1.0-py3-none-any.whl\"", wheel.display()))
}

fn member(name: &str) -> DataFile {
    let location = Location::Package {
        name: "pack".to_owned(),
        version: "1.0".to_owned(),
        sha256: sha256(&wheel()),
        member: name.to_owned(),
    };
    DataFile { locations: vec![location], ..DataFile::default() }
}

fn calls(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn one_download_serves_every_member() {
    let folder = tempfile::tempdir().unwrap();
    let library = delivering(folder.path());
    let files = [member("pack/a.jsonl"), member("pack/b.jsonl")];
    let told = Told::default();
    let outcomes = library.fetch_all(&files, &told);
    let texts: Vec<_> =
        outcomes.into_iter().map(|path| fs::read_to_string(path.unwrap()).unwrap()).collect();
    assert_eq!(texts, ["[1]\n", "[2]\n"]);
    let calls = calls(folder.path());
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].starts_with("-m pip download --no-deps --only-binary=:all: "), "{calls:?}");
    assert!(calls[0].ends_with(" pack==1.0"), "{calls:?}");
    let entries = cache::entries(&library.cache_dir).unwrap();
    assert_eq!(entries.len(), 3, "the wheel and two members");
    assert_eq!(told.lines("finished").len(), 3);
}

#[test]
fn a_wheel_that_is_not_the_pinned_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let library = with_python(folder.path(), "echo other > \"$dest/pack-1.0-py3-none-any.whl\"");
    let error = library.fetch(&member("pack/a.jsonl"), &Silent).unwrap_err();
    assert!(
        matches!(&error, DataError::WrongHash { expected, actual, .. }
            if *expected == sha256(&wheel()) && *actual == sha256(b"other\n")),
        "{error}"
    );
    assert!(cache::entries(&library.cache_dir).unwrap().is_empty());
}

#[test]
fn a_missing_member_names_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let error = delivering(folder.path()).fetch(&member("pack/c.jsonl"), &Silent).unwrap_err();
    assert!(error.to_string().contains("`pack/a.jsonl`, `pack/b.jsonl`"), "{error}");
}

#[test]
fn failures_of_the_client_are_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let library = with_python(folder.path(), "echo 'ERROR: No matching distribution' >&2; exit 1");
    let error = library.fetch(&member("pack/a.jsonl"), &Silent).unwrap_err().to_string();
    assert!(error.contains("`pack==1.0` could not be fetched: ERROR: No matching"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let library = with_python(folder.path(), "echo \"$0: No module named pip\" >&2; exit 1");
    let error = library.fetch(&member("pack/a.jsonl"), &Silent).unwrap_err().to_string();
    assert!(error.contains("`/nonexistent/python` does not start"), "{error}");
    assert!(error.contains("has no pip\nhint: install Python 3 with pip"), "{error}");
}

#[test]
fn a_name_cannot_smuggle_in_an_option() {
    let folder = tempfile::tempdir().unwrap();
    let library = delivering(folder.path());
    for (name, version) in [("--index-url=http://a.example", "1"), ("pack", "1 -r x"), ("", "1")] {
        let mut file = member("pack/a.jsonl");
        if let Location::Package { name: n, version: v, .. } = &mut file.locations[0] {
            (*n, *v) = (name.to_owned(), version.to_owned());
        }
        let error = library.fetch(&file, &Silent).unwrap_err();
        assert!(matches!(error, DataError::Package { .. }), "{error}");
    }
    assert!(calls(folder.path()).is_empty());
}
