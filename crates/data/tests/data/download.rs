//! Downloads from servers that behave and servers that don't: whatever happens, a whole file or a clear error.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Asked, Reply, Server, Told, content, files_under, library, sha256, url_file};
use holometer_data::{Availability, DataError, DataFile, Location, Progress, Silent, cache};

const TAG: &str = "\"version-1\"";

/// Nothing of a failed download may be visible, and no part of it may be taken up later.
fn assert_nothing_left(folder: &std::path::Path) {
    let left: Vec<_> = files_under(&folder.join("cache"))
        .into_iter()
        .filter(|path| path.extension().is_none_or(|extension| extension != "lock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_file_is_fetched_once_and_then_cached() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(50_000);
    let served = body.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, &served, TAG));
    let library = library(folder.path());
    let mut file = url_file(&server.url("data/Rows%20of%20it.bin?x=1"));
    file.sha256 = Some(sha256(&body));
    file.bytes = Some(50_000);

    let expected = Availability::Download {
        from: server.url("data/Rows%20of%20it.bin?x=1"),
        bytes: Some(50_000),
    };
    assert_eq!(library.locate(&file), expected);
    let told = Told::default();
    let path = library.fetch(&file, &told).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), body);
    assert_eq!(path.file_name().unwrap(), "Rows_20of_20it.bin");
    assert_eq!(told.lines("started"), ["started Rows%20of%20it.bin Some(50000)"]);
    assert_eq!(told.lines("finished").len(), 1);
    assert_eq!(library.locate(&file), Availability::Cached(path.clone()));
    assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
    assert_eq!(server.requests().len(), 1);

    let entries = cache::entries(&library.cache_dir).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].bytes, entries[0].sha256.as_str()), (50_000, &*sha256(&body)));
    assert!(entries[0].fetched > 1_700_000_000 && entries[0].last_used >= entries[0].fetched);
}

#[test]
fn redirects_are_followed_up_to_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/start" => Reply::new(302, b"").header("Location", "/middle"),
        "/middle" => Reply::new(307, b"").header("Location", "/end"),
        "/round" => Reply::new(302, b"").header("Location", "/round"),
        _ => Reply::file(asked, b"arrived", TAG),
    });
    let library = library(folder.path());
    let path = library.fetch(&url_file(&server.url("start")), &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"arrived");
    let error = library.fetch(&url_file(&server.url("round")), &Silent).unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
}

#[test]
fn a_connection_that_breaks_is_resumed_within_one_fetch() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(100_000);
    let served = body.clone();
    let server = Server::start(move |asked, before| {
        let reply = Reply::file(asked, &served, TAG);
        if before == 0 { reply.breaking_after(60_000) } else { reply }
    });
    let library = library(folder.path());
    let told = Told::default();
    let path = library.fetch(&url_file(&server.url("big.bin")), &told).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), body);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("range"), None);
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
    assert_eq!(requests[1].range(), Some((60_000, None)));
    assert_eq!(requests[1].header("if-range"), Some(TAG));
    let arrived: u64 =
        told.lines("advanced").iter().map(|line| line[9..].parse::<u64>().unwrap()).sum();
    assert_eq!(arrived, 100_000);
}

/// A server whose first connections all break after 600 bytes, until it is told to behave.
fn broken_then(
    good: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    body: Vec<u8>,
    tag: &'static str,
) -> Server {
    let attempts = library(std::path::Path::new("")).network.attempts as usize;
    Server::start(move |asked, before| {
        if before == 0 {
            return Reply::file(asked, &body, tag).breaking_after(600);
        }
        if before < attempts { Reply::new(500, b"") } else { good(asked) }
    })
}

#[test]
fn what_arrived_before_a_failure_is_kept_for_the_next_fetch() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(1000);
    let served = body.clone();
    let server = broken_then(move |asked| Reply::file(asked, &served, TAG), body.clone(), TAG);
    let library = library(folder.path());
    let file = url_file(&server.url("rows.bin"));
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::Status { status: 500, .. }), "{error}");
    assert!(cache::entries(&library.cache_dir).unwrap().is_empty());
    assert!(matches!(library.locate(&file), Availability::Download { .. }));

    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), body);
    assert_eq!(server.requests().last().unwrap().range(), Some((600, None)));
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(1000);
    let served = body.clone();
    let whole = move |_: &Asked| Reply::new(200, &served).header("ETag", TAG);
    let server = broken_then(whole, body.clone(), TAG);
    let library = library(folder.path());
    let file = url_file(&server.url("rows.bin"));
    library.fetch(&file, &Silent).unwrap_err();
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), body);
}

#[test]
fn a_file_that_changed_since_is_not_mixed_with_its_older_part() {
    let (older, newer) = (content(1000), vec![b'x'; 1000]);
    // An honest server answers with the whole new file; a careless one sends the new file's range all the same.
    for careless in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let served = newer.clone();
        let server = broken_then(
            move |asked| {
                let mut asked = asked.clone();
                if careless {
                    asked.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("if-range"));
                }
                Reply::file(&asked, &served, "\"version-2\"")
            },
            older.clone(),
            TAG,
        );
        let library = library(folder.path());
        let file = url_file(&server.url("rows.bin"));
        library.fetch(&file, &Silent).unwrap_err();
        let path = library.fetch(&file, &Silent).unwrap();
        assert_eq!(std::fs::read(path).unwrap(), newer, "careless: {careless}");
    }
}

#[test]
fn without_proof_that_it_is_the_same_file_nothing_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(1000);
    let served = body.clone();
    let whole = move |asked: &Asked| Reply::file(asked, &served, "W/\"weak\"");
    let server = broken_then(whole, body.clone(), "W/\"weak\"");
    let library = library(folder.path());
    let file = url_file(&server.url("rows.bin"));
    library.fetch(&file, &Silent).unwrap_err();
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), body);
    assert!(server.requests().iter().all(|asked| asked.range().is_none()));
}

#[test]
fn a_wrong_hash_or_size_names_both_and_deletes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, b"other content", TAG));
    let library = library(folder.path());
    let mut file = url_file(&server.url("rows.jsonl"));
    file.sha256 = Some(sha256(b"the content"));
    let error = library.fetch(&file, &Silent).unwrap_err().to_string();
    assert!(error.contains(&sha256(b"the content")), "{error}");
    assert!(error.contains(&sha256(b"other content")), "{error}");
    assert!(error.contains("\nhint: "), "{error}");
    assert_nothing_left(folder.path());

    let file = DataFile { bytes: Some(11), sha256: None, ..file };
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(error, DataError::WrongSize { expected: 11, actual: 13, .. }), "{error}");
    assert_nothing_left(folder.path());
}

#[test]
fn each_status_has_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/private" => Reply::new(401, b""),
        "/licensed" => Reply::new(403, b"").header("X-Error-Message", "Accept the terms first."),
        "/gone" => Reply::new(404, b""),
        "/odd" => Reply::new(418, b""),
        _ => Reply::new(503, b"").header("Retry-After", "3600"),
    });
    let library = library(folder.path());
    let fetch = |path: &str| library.fetch(&url_file(&server.url(path)), &Silent).unwrap_err();
    let private = fetch("private");
    assert!(matches!(private, DataError::Denied { status: 401, .. }), "{private}");
    let licensed = fetch("licensed").to_string();
    assert!(licensed.contains("HTTP 403) (Accept the terms first)\nhint: "), "{licensed}");
    let gone = fetch("gone");
    assert!(matches!(gone, DataError::NotFound { status: 404, .. }), "{gone}");
    let odd = fetch("odd");
    assert!(matches!(odd, DataError::Status { status: 418, .. }), "{odd}");
    assert_eq!(server.requests().len(), 4, "none of these is worth another attempt");
    let busy = fetch("busy");
    assert!(matches!(busy, DataError::Status { status: 503, .. }), "{busy}");
    assert_eq!(server.requests().len(), 4 + library.network.attempts as usize);
    assert_nothing_left(folder.path());
}

#[test]
fn a_server_error_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, before| match before {
        0 => Reply::new(500, b""),
        1 => Reply::new(429, b""),
        _ => Reply::file(asked, b"[1]\n", TAG),
    });
    let path = library(folder.path()).fetch(&url_file(&server.url("a.jsonl")), &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"[1]\n");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_download_that_failed_is_not_asked_for_again_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Reply::new(404, b"not here"));
    let file = url_file(&server.url("a.jsonl"));
    let mut once = library(folder.path());
    once.ask_again = false;
    let first = once.fetch(&file, &Silent).unwrap_err().to_string();
    let asked = server.requests().len();
    let second = once.fetch(&file, &Silent).unwrap_err().to_string();
    assert_eq!(server.requests().len(), asked);
    assert!(second.contains(&first), "{second}");
    library(folder.path()).fetch(&file, &Silent).unwrap_err();
    assert!(server.requests().len() > asked);
}

#[test]
fn a_web_page_is_not_data() {
    let folder = tempfile::tempdir().unwrap();
    let page = b"\n<!DOCTYPE html><html><body>Please log in</body></html>";
    let server = Server::start(move |asked, _| Reply::file(asked, page, TAG));
    let library = library(folder.path());
    let error = library.fetch(&url_file(&server.url("rows.jsonl")), &Silent).unwrap_err();
    assert!(matches!(error, DataError::WebPage { .. }), "{error}");
    assert_nothing_left(folder.path());
    let path = library.fetch(&url_file(&server.url("page.html")), &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), page);
}

#[test]
fn an_unreachable_server_and_a_bad_address() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}/a.csv", listener.local_addr().unwrap());
    drop(listener);
    let error = library.fetch(&url_file(&closed), &Silent).unwrap_err();
    assert!(matches!(error, DataError::Network { .. }), "{error}");
    assert!(error.to_string().contains("hint: check the connection"), "{error}");
    for bad in ["ftp://a.example/x", "not an address"] {
        let error = library.fetch(&url_file(bad), &Silent).unwrap_err();
        assert!(matches!(error, DataError::BadLocation { .. }), "{error}");
    }
}

#[test]
fn offline_says_what_would_be_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, b"[1]", TAG));
    let mut library = library(folder.path());
    let file = url_file(&server.url("rows.json"));
    library.offline = true;
    let error = library.fetch(&file, &Silent).unwrap_err().to_string();
    assert!(error.contains(&server.url("rows.json")), "{error}");
    assert!(error.contains("hint: run once without --offline"), "{error}");
    assert!(server.requests().is_empty());

    library.offline = false;
    let path = library.fetch(&file, &Silent).unwrap();
    library.offline = true;
    assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
}

#[test]
fn local_copies_come_first_and_only_warn_when_they_differ() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mine");
    std::fs::create_dir_all(data.join("bbq/data")).unwrap();
    std::fs::write(data.join("bbq/data/Age.jsonl"), "[1]\n").unwrap();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    let mut library = library(folder.path());
    library.data_dirs = vec![folder.path().join("absent"), data.clone()];
    let file = |local: &str| DataFile { local: vec![local.to_owned()], ..DataFile::default() };

    let mut age = file("scenarios/bbq/data/Age.jsonl");
    let path = data.join("bbq/data/Age.jsonl");
    assert_eq!(library.locate(&age), Availability::Local(path.clone()));
    age.sha256 = Some(sha256(b"published"));
    let told = Told::default();
    for _ in 0..2 {
        assert_eq!(library.fetch(&age, &told).unwrap(), path);
    }
    assert_eq!(told.lines("warned").len(), 1, "{:?}", told.lines(""));
    assert!(told.lines("warned")[0].contains(&sha256(b"[1]\n")));

    let outside = library.fetch(&file("../secret"), &Silent).unwrap_err().to_string();
    assert!(outside.contains("hint: get a copy from its owners and put it at"), "{outside}");
}

#[test]
fn a_path_of_the_users_own_is_used_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.csv");
    let file = DataFile { locations: vec![Location::Path(path.clone())], ..DataFile::default() };
    let library = library(folder.path());
    let error = library.fetch(&file, &Silent).unwrap_err().to_string();
    assert!(error.contains("does not exist\nhint: check the path"), "{error}");
    std::fs::write(&path, "a,b\n").unwrap();
    assert_eq!(library.fetch(&file, &Silent).unwrap(), path);
}

#[test]
fn the_next_location_is_tried_when_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/first" => Reply::new(404, b""),
        "/second" => Reply::file(asked, b"wrong", TAG),
        _ => Reply::file(asked, b"right", TAG),
    });
    let at = |path: &str| Location::Url(server.url(path));
    let mut file = DataFile {
        locations: vec![at("first"), at("second"), at("third")],
        sha256: Some(sha256(b"right")),
        ..DataFile::default()
    };
    let library = library(folder.path());
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"right");

    file.sha256 = Some(sha256(b"neither"));
    let error = library.fetch(&file, &Silent).unwrap_err();
    assert!(matches!(&error, DataError::Everywhere { attempts, .. } if attempts.len() == 3));
    assert!(error.to_string().contains("from any of its 3 sources"), "{error}");
}

#[test]
fn a_download_larger_than_the_cache_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, &content(5000), TAG));
    let mut library = library(folder.path());
    library.max_cache_bytes = 4000;
    let error = library.fetch(&url_file(&server.url("big.bin")), &Silent).unwrap_err();
    assert!(matches!(error, DataError::LargerThanCache { limit: 4000, .. }), "{error}");
    assert!(cache::entries(&library.cache_dir).unwrap().is_empty());
}

#[test]
fn a_cache_folder_that_cannot_be_made_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cache"), "a file where the folder should be").unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, b"x", TAG));
    let error = library(folder.path()).fetch(&url_file(&server.url("a.bin")), &Silent).unwrap_err();
    assert!(matches!(error, DataError::Cache { .. }), "{error}");
    assert!(error.to_string().contains("--cache-dir"), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_full_disk_is_named() {
    let error = DataError::Cache {
        action: "write",
        path: "cache".into(),
        source: std::io::Error::from(std::io::ErrorKind::StorageFull),
    };
    assert!(error.to_string().contains("the disk is full"), "{error}");
}

/// Wants to stop once the first bytes are here.
#[derive(Default)]
struct Impatient {
    pieces: AtomicUsize,
}

impl Progress for Impatient {
    fn started(&self, _name: &str, _total: Option<u64>) {}
    fn advanced(&self, _name: &str, bytes: u64) {
        self.pieces.fetch_add(bytes as usize, Ordering::Relaxed);
    }
    fn finished(&self, _name: &str) {}
    fn warned(&self, _text: &str) {}
    fn is_cancelled(&self) -> bool {
        self.pieces.load(Ordering::Relaxed) > 0
    }
}

#[test]
fn a_cancelled_download_stops_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(3_000_000);
    let served = body.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, &served, TAG));
    let library = library(folder.path());
    let file = url_file(&server.url("big.bin"));
    let error = library.fetch(&file, &Impatient::default()).unwrap_err();
    assert!(matches!(error, DataError::Cancelled { .. }), "{error}");
    let path = library.fetch(&file, &Silent).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), body);
    assert!(server.requests()[1].range().is_some_and(|(start, _)| start > 0));
}

#[test]
fn threads_that_want_the_same_file_download_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(200_000);
    let served = body.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, &served, TAG));
    let library = library(folder.path());
    let file = url_file(&server.url("big.bin"));
    std::thread::scope(|scope| {
        let fetches: Vec<_> =
            (0..8).map(|_| scope.spawn(|| library.fetch(&file, &Silent).unwrap())).collect();
        for fetch in fetches {
            assert_eq!(std::fs::read(fetch.join().unwrap()).unwrap(), body);
        }
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn many_files_arrive_in_the_order_asked_and_failures_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/3" => Reply::new(404, b""),
        path => Reply::file(asked, path.as_bytes(), TAG),
    });
    let files: Vec<_> = (0..12).map(|index| url_file(&server.url(&index.to_string()))).collect();
    let outcomes = library(folder.path()).fetch_all(&files, &Silent);
    assert_eq!(outcomes.len(), 12);
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(path) => assert_eq!(std::fs::read_to_string(path).unwrap(), format!("/{index}")),
            Err(error) => assert!(index == 3 && matches!(error, DataError::NotFound { .. })),
        }
    }
}

#[test]
fn fetching_works_inside_an_asynchronous_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|asked, _| Reply::file(asked, b"[]", TAG));
    let library = library(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let path = runtime.block_on(async { library.fetch(&url_file(&server.url("a.json")), &Silent) });
    assert_eq!(std::fs::read(path.unwrap()).unwrap(), b"[]");
}
