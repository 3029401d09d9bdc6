//! What a user sees when data is downloaded, and when it can't be: each failure one clear message, nothing half-written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::common;

/// What a server does when it is asked for a path.
#[derive(Clone)]
enum Answer {
    File(Vec<u8>),
    /// The connection breaks after so many bytes of the file, and again whenever the rest is asked for.
    Breaks(Vec<u8>, usize),
    Status(u16),
    Moved(String),
}

/// A server on loopback whose answers can be changed.
struct Server {
    address: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, answers: Arc::default(), asked: Arc::default() };
        let (answers, asked) = (Arc::clone(&server.answers), Arc::clone(&server.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
                std::thread::spawn(move || serve(stream, &answers, &asked));
            }
        });
        server
    }

    fn answer(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &Mutex<BTreeMap<String, Answer>>,
    asked: &Mutex<Vec<String>>,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let headers: Vec<String> =
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let start = headers.iter().find_map(|line| {
        let line = line.to_ascii_lowercase();
        let range = line.strip_prefix("range: bytes=")?.split('-').next()?.to_owned();
        range.parse::<usize>().ok()
    });
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    asked.lock().unwrap().push(format!("{method} {path} {}", start.unwrap_or(0)));
    let answer = answers.lock().unwrap().get(path).cloned().unwrap_or(Answer::Status(404));
    let (mut status, mut body, mut extra) = (200, Vec::new(), String::new());
    let mut breaks_at = usize::MAX;
    match answer {
        Answer::File(content) => body = content,
        Answer::Breaks(content, at) => (body, breaks_at) = (content, at),
        Answer::Status(code) => status = code,
        Answer::Moved(to) => (status, extra) = (302, format!("Location: {to}\r\n")),
    }
    if status == 200 {
        extra.push_str("ETag: \"one\"\r\n");
    }
    if let (200, Some(start)) = (status, start.filter(|start| *start < body.len())) {
        status = 206;
        let _ = write!(extra, "Content-Range: bytes {start}-{}/{}\r\n", body.len() - 1, body.len());
        body.drain(..start);
        breaks_at = breaks_at.saturating_sub(start);
    }
    let head = format!(
        "HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {}\r\n{extra}\r\n",
        body.len()
    );
    let sent = if method == "HEAD" { 0 } else { breaks_at.min(body.len()) };
    // The client may have hung up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..sent]));
}

const ROWS: &str =
    "{\"question\": \"2+2?\", \"answer\": \"4\"}\n{\"question\": \"3+3?\", \"answer\": \"6\"}\n";

/// A scenario file over one file, which these lines say where to find.
fn scenario(home: &Path, source: &str) {
    let text = format!(
        "name = \"sums\"\n[data]\nformat = \"jsonl\"\n[[data.files]]\n{source}\n[instance]\ninput = \"{{{{ question }}}}\"\n\
         [[instance.references]]\ntext = \"{{{{ answer }}}}\"\n[[adapter]]\nlike = \"generation\"\nmax_tokens = 5\n\
         [[metrics]]\nset = \"exact_match\"\n"
    );
    std::fs::write(home.join("sums.toml"), text).unwrap();
}

const SELECTION: [&str; 4] = ["--scenario-file", "sums.toml", "-e", "sums"];

fn pull(home: &Path, more: &[&str]) -> Output {
    common::run(home, &[&["pull"], &SELECTION[..], more].concat())
}

/// Finished files in the cache.
fn cached(home: &Path) -> Vec<PathBuf> {
    let folder = home.join("cache/files");
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    listing.flatten().map(|item| item.path()).collect()
}

/// Pulling fails with one message that holds these words and a hint, and leaves no file behind.
fn fails(home: &Path, more: &[&str], words: &[&str]) -> String {
    let output = pull(home, more);
    let said = common::stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.matches("warning: ").count(), 1, "{said}");
    assert_eq!(said.matches("hint: ").count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing:\n{said}");
    }
    assert!(said.contains("0 of 1 files are here"), "{said}");
    assert!(cached(home).is_empty(), "{:?}", cached(home));
    said
}

#[test]
fn every_failure_of_a_server_is_one_clear_message() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let server = Server::start();
    let at = |path: &str| format!("url = \"{}\"", server.url(path));

    scenario(home, &at("/absent.jsonl"));
    fails(home, &[], &["was not found (HTTP 404)", "--data-dir"]);

    server.answer("/gone.jsonl", Answer::Status(410));
    scenario(home, &at("/gone.jsonl"));
    fails(home, &[], &["HTTP 410"]);

    for code in [401, 403] {
        server.answer("/gated.jsonl", Answer::Status(code));
        scenario(home, &at("/gated.jsonl"));
        fails(home, &[], &[&format!("HTTP {code}"), "licence agreement", "--data-dir"]);
    }

    let page = b"<!DOCTYPE html><html><body>Please log in</body></html>".to_vec();
    server.answer("/login.jsonl", Answer::File(page));
    scenario(home, &at("/login.jsonl"));
    fails(home, &[], &["is a web page, not data"]);

    server.answer("/circle.jsonl", Answer::Moved("/circle.jsonl".into()));
    scenario(home, &at("/circle.jsonl"));
    fails(home, &[], &["too many redirects"]);

    server.answer("/rows.jsonl", Answer::File(ROWS.into()));
    scenario(home, &format!("{}\nsha256 = \"{}\"", at("/rows.jsonl"), "ab".repeat(32)));
    fails(home, &[], &["has SHA-256", "was expected", "the download was deleted"]);
    scenario(home, &format!("{}\nbytes = 7", at("/rows.jsonl")));
    fails(home, &[], &["bytes, but 7 were expected"]);

    scenario(home, "url = \"http://127.0.0.1:9/rows.jsonl\"\nlocal = [\"sums/rows.jsonl\"]");
    let offline = pull(home, &["--offline"]);
    assert!(common::stderr(&offline).contains("--offline"), "{}", common::stderr(&offline));
    assert!(cached(home).is_empty());

    // What is moved is followed, and the very same command now runs.
    server.answer("/moved.jsonl", Answer::Moved("/rows.jsonl".into()));
    scenario(home, &at("/moved.jsonl"));
    let output = pull(home, &[]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(common::stderr(&output).contains("1 of 1 files are here; the cache has"));
    let run = common::run(home, &[&["run", "-m", "test:random"], &SELECTION[..]].concat());
    assert!(run.status.success(), "{}", common::stderr(&run));
}

/// The gate of a hub says where to ask and how to show the token; a token that is not enough is told apart.
#[test]
fn a_gated_dataset_says_how_to_get_in() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start();
    let path = "/datasets/org/set/resolve/abc/rows.jsonl";
    server.answer(path, Answer::Status(401));
    let hub = "hub = { dataset = \"org/set\", revision = \"abc\", path = \"rows.jsonl\" }";
    scenario(home.path(), hub);
    let ask = |token: Option<&str>| {
        let mut command = common::holometer(home.path());
        command.args(["pull"]).args(SELECTION).env("HF_ENDPOINT", &server.address);
        token.map(|token| command.env("HF_TOKEN", token));
        common::stderr(&command.output().unwrap())
    };
    let page = server.url("/datasets/org/set");
    let said = ask(None);
    assert!(said.contains(&format!("ask for access at {page}, then set HF_TOKEN")), "{said}");
    server.answer(path, Answer::Status(403));
    let said = ask(Some("hf_secret"));
    assert!(said.contains("your token was not enough"), "{said}");
    assert!(!said.contains("hf_secret"));
    assert!(cached(home.path()).is_empty());
}

/// A connection that breaks at 60% again and again: what came is kept, and the same command goes on from there.
#[test]
fn a_connection_that_breaks_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start();
    let content = ROWS.repeat(200).into_bytes();
    let at = content.len() * 6 / 10;
    server.answer("/rows.jsonl", Answer::Breaks(content.clone(), at));
    let source = format!("url = \"{}\"\nbytes = {}", server.url("/rows.jsonl"), content.len());
    scenario(home.path(), &source);
    fails(home.path(), &[], &["could not be fetched", "the same command goes on from there"]);
    let before = server.asked().len();
    server.answer("/rows.jsonl", Answer::File(content));
    let output = pull(home.path(), &[]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    let again = server.asked().split_off(before);
    assert_eq!(again, [format!("GET /rows.jsonl {at}")]);
    assert_eq!(cached(home.path()).len(), 1);
}

#[test]
fn a_lock_notices_what_changed_upstream() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start();
    server.answer("/rows.jsonl", Answer::File(ROWS.into()));
    scenario(home.path(), &format!("url = \"{}\"", server.url("/rows.jsonl")));
    let lock = ["--lock", "data.lock"];
    assert!(pull(home.path(), &lock).status.success());
    let text = std::fs::read_to_string(home.path().join("data.lock")).unwrap();
    assert!(text.contains(&server.url("/rows.jsonl")), "{text}");
    server.answer("/rows.jsonl", Answer::File(ROWS.repeat(2).into()));
    // The copy in the cache is still the one in the lock.
    assert!(pull(home.path(), &lock).status.success());
    std::fs::remove_dir_all(home.path().join("cache")).unwrap();
    fails(home.path(), &lock, &["`data.lock` says", "changed at its source since the lock"]);
    let run = [&["run", "-m", "test:random"], &SELECTION[..], &lock].concat();
    let run = common::run(home.path(), &run);
    assert!(!run.status.success());
    assert!(common::stderr(&run).contains("changed at its source"), "{}", common::stderr(&run));
    assert_eq!(std::fs::read_to_string(home.path().join("data.lock")).unwrap(), text);
    std::fs::write(home.path().join("data.lock"), "not a lock").unwrap();
    let said = common::stderr(&pull(home.path(), &lock));
    assert!(said.contains("can't be used as a lock of data files"), "{said}");
}

/// In name spaces of its own a process may mount small and read-only file systems. Nothing where the system forbids that.
fn in_mounted_cache(home: &Path, options: &str, before: &str) -> Option<Output> {
    let cache = home.join("mounted");
    std::fs::create_dir_all(&cache).unwrap();
    let binary = env!("CARGO_BIN_EXE_holometer");
    let script = format!(
        "mount -t tmpfs -o {options} tmpfs {cache} || exit 99; {before}; \
         {binary} pull --scenario-file sums.toml -e sums --cache-dir {cache}; code=$?; \
         find {cache} -path '*files/*' -type f; exit $code",
        cache = cache.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c", &script]).current_dir(home);
    let output = command.output().ok()?;
    let forbidden =
        output.status.code() == Some(99) || common::stderr(&output).starts_with("unshare:");
    if forbidden {
        println!("SKIPPED: no file systems can be mounted here");
        return None;
    }
    Some(output)
}

#[test]
fn a_full_disk_and_a_read_only_cache_are_named() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start();
    server.answer("/rows.jsonl", Answer::File(ROWS.repeat(20_000).into()));
    scenario(home.path(), &format!("url = \"{}\"", server.url("/rows.jsonl")));
    if let Some(full) = in_mounted_cache(home.path(), "size=256k", "true") {
        let said = common::stderr(&full);
        assert!(said.contains("hint: the disk is full; free some space"), "{said}");
        assert_eq!(said.matches("warning: ").count(), 1, "{said}");
        assert_eq!(common::stdout(&full), "", "nothing half-written");
    }
    let before = format!("mount -o remount,ro {}", home.path().join("mounted").display());
    if let Some(fixed) = in_mounted_cache(home.path(), "size=256k", &before) {
        let said = common::stderr(&fixed);
        assert!(said.contains("can't be written; choose another with --cache-dir"), "{said}");
        assert_eq!(said.matches("warning: ").count(), 1, "{said}");
    }
}

fn plan(home: &Path, more: &[&str]) -> Value {
    let arguments = [&["plan", "-m", "test:echo", "--no-counts", "--format", "json"], more];
    let output = common::run(home, &arguments.concat());
    serde_json::from_str(&common::stdout(&output))
        .unwrap_or_else(|error| panic!("{error}: {}", common::stderr(&output)))
}

/// With empty caches, `plan` says how much each suite downloads and keeps.
#[test]
fn suites_stay_within_their_sizes() {
    let home = tempfile::tempdir().unwrap();
    let lite = plan(home.path(), &["--suite", "lite"]);
    for file in lite["downloads"].as_array().unwrap() {
        assert!(!file["kept_bytes"].is_null(), "how much is kept is known: {file}");
    }
    let kept = lite["kept_bytes"].as_u64().unwrap();
    assert!((10_000_000..500_000_000).contains(&kept), "{kept}");
    let classic = plan(home.path(), &["--suite", "classic"]);
    let kept = classic["kept_bytes"].as_u64().unwrap();
    assert!((1_000_000_000..5_000_000_000).contains(&kept), "{kept}");
    // The subjects of MMLU come from one archive, which is counted once.
    let mmlu = plan(home.path(), &["--suite", "mmlu"]);
    assert_eq!(mmlu["downloads"].as_array().unwrap().len(), 1);
}

#[test]
fn sizes_are_shown_and_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start();
    server.answer("/rows.jsonl", Answer::File(ROWS.into()));
    scenario(home.path(), &format!("url = \"{}\"", server.url("/rows.jsonl")));
    let unknown = plan(home.path(), &SELECTION);
    assert_eq!(unknown["cells"][0]["download_bytes"], Value::Null);
    let asked = plan(home.path(), &[&SELECTION[..], &["--ask-sizes"]].concat());
    assert_eq!(asked["cells"][0]["download_bytes"], ROWS.len());
    assert_eq!(asked["downloads"][0]["from"], server.url("/rows.jsonl"));
    assert_eq!(server.asked(), ["HEAD /rows.jsonl 0"], "nothing was downloaded");
    let shown = common::run(
        home.path(),
        &["show", "scenario", "sums", "--scenario-file", "sums.toml", "--ask-sizes"],
    );
    let shown = common::stdout(&shown);
    assert!(shown.contains("## Data for `sums`"), "{shown}");
    assert!(shown.contains(&format!("{}: {} B", server.url("/rows.jsonl"), ROWS.len())), "{shown}");
    let shown = common::run(home.path(), &["show", "scenario", "natural_qa:mode=closedbook"]);
    let shown = common::stdout(&shown);
    assert!(
        shown.contains("219.6 MB, of which about 1.5 MB are kept, pinned by its hash"),
        "{shown}"
    );
    assert!(shown.contains("To download: 1.1 GB in 5 files; 7.5 MB stay in the cache"), "{shown}");
}

#[test]
fn the_schema_is_printed() {
    let home = tempfile::tempdir().unwrap();
    let printed = common::stdout(&common::run(home.path(), &["show", "schema", "scenario"]));
    let schema: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(schema["title"], "A scenario of Holometer");
    let wrong = common::run(home.path(), &["show", "schema", "suite"]);
    assert_eq!(wrong.status.code(), Some(2));
}
