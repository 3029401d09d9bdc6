//! Servers are asked how large downloads are; nothing is downloaded for it.

use std::sync::Arc;

use holometer_data::{DataError, DataFile, Location, Reduction, Silent, Work};

use crate::hub::{at, fixture, hub, ranges_asked};
use crate::support::{Reply, Server, content, library, url_file};

#[test]
fn a_servers_word_or_its_answer_to_one_byte() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| match (asked.method.as_str(), asked.path.as_str()) {
        ("HEAD", "/plain") => Reply::new(200, &content(4321)),
        ("HEAD", "/no-head") => Reply::new(405, b""),
        ("GET", "/no-head") => Reply::file(asked, &content(999), "\"1\""),
        ("HEAD", "/moved") => Reply::new(302, b"").header("Location", "/plain"),
        ("HEAD", "/closed") => Reply::new(403, b""),
        _ => Reply::new(404, b""),
    });
    let library = library(folder.path());
    let names = ["plain", "no-head", "moved", "closed", "absent"];
    let files: Vec<DataFile> = names.iter().map(|name| url_file(&server.url(name))).collect();
    let mut answers = library.ask_sizes(&files).into_iter();
    assert_eq!(answers.next().unwrap().unwrap(), Some(4321));
    assert_eq!(answers.next().unwrap().unwrap(), Some(999));
    assert_eq!(answers.next().unwrap().unwrap(), Some(4321));
    assert!(matches!(answers.next().unwrap(), Err(DataError::Denied { .. })));
    assert!(matches!(answers.next().unwrap(), Err(DataError::NotFound { .. })));
    let got = server.requests().iter().filter(|asked| asked.method == "GET").count();
    assert_eq!(got, 1, "one byte of one file");
    assert!(!library.cache_dir.exists(), "nothing was written");
}

#[test]
fn what_is_here_needs_no_download() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, b"rows\n", "\"1\""));
    let library = library(folder.path());
    let file = url_file(&server.url("rows.txt"));
    library.fetch(&file, &Silent).unwrap();
    assert_eq!(library.ask_sizes(&[file])[0].as_ref().unwrap(), &Some(0));
    assert_eq!(server.requests().len(), 1);
}

/// What is said beforehand is what is fetched, beside the footers and the listing.
#[test]
fn the_size_of_some_columns_and_rows_is_that_of_their_bytes() {
    let content = fixture("groups.parquet");
    let choose: Reduction = Reduction {
        name: "some".into(),
        kept_bytes: None,
        work: Work::Rows(Arc::new(|_| vec![750, 20])),
    };
    for (columns, reduction) in
        [(&["id"][..], None), (&["translation"], Some(choose.clone())), (&[], Some(choose))]
    {
        let folder = tempfile::tempdir().unwrap();
        let server = hub(vec![("plain/train/0000.parquet".to_owned(), content.clone())]);
        let library = at(&server, folder.path());
        let location = Location::hub_parquet("org/set", "plain", "train").with_columns(columns);
        let file = DataFile { locations: vec![location], reduction, ..DataFile::default() };
        let said = library.ask_sizes(std::slice::from_ref(&file)).remove(0).unwrap().unwrap();
        let sum = |ranges: &[(usize, usize)]| -> usize {
            ranges.iter().map(|(start, end)| end + 1 - start).sum()
        };
        let footer = ranges_asked(&server);
        library.fetch(&file, &Silent).unwrap();
        let fetched = sum(&ranges_asked(&server)) - 2 * sum(&footer);
        assert_eq!(said as usize, fetched, "{columns:?}");
        assert!(fetched < content.len() / 2);
    }
}
