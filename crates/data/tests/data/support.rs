//! A small HTTP server whose misbehaviour each test writes itself, and a progress that remembers.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holometer_data::{DataFile, Library, Location, Network, Progress};
use sha2::{Digest, Sha256};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The first and last byte of a range asked for; the last is open when absent.
    pub(crate) fn range(&self) -> Option<(usize, Option<usize>)> {
        let (start, end) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((start.parse().unwrap(), end.parse().ok()))
    }
}

/// What the server answers.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The connection breaks after so many bytes of the body.
    pub(crate) breaks_after: Option<usize>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &[u8]) -> Reply {
        Reply { status, headers: Vec::new(), body: body.to_vec(), breaks_after: None }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn breaking_after(mut self, bytes: usize) -> Reply {
        self.breaks_after = Some(bytes);
        self
    }

    /// An honest answer to a request for a whole file or a range of it, whichever was asked.
    pub(crate) fn file(asked: &Asked, body: &[u8], tag: &str) -> Reply {
        let same = asked.header("if-range").is_none_or(|given| given == tag);
        match asked.range().filter(|_| same) {
            Some((start, _)) if start >= body.len() => Reply::new(416, b""),
            Some((start, end)) => {
                let end = end.map_or(body.len(), |end| (end + 1).min(body.len()));
                let range = format!("bytes {start}-{}/{}", end - 1, body.len());
                Reply::new(206, &body[start..end]).header("Content-Range", &range)
            }
            None => Reply::new(200, body),
        }
        .header("ETag", tag)
    }
}

/// A server on loopback, and everything it was asked.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every request with what `answer` makes of the request and of the number of requests before it.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Server { address, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked, usize) -> Reply) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned())))
        .collect();
    let asked = Asked { method, path, headers };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(asked.clone());
        seen.len() - 1
    };
    let reply = answer(&asked, before);
    let mut head = format!("HTTP/1.1 {} Whatever\r\nConnection: close\r\n", reply.status);
    write!(head, "Content-Length: {}\r\n", reply.body.len()).unwrap();
    for (name, value) in &reply.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let mut sent = reply.breaks_after.unwrap_or(reply.body.len()).min(reply.body.len());
    if asked.method == "HEAD" {
        sent = 0;
    }
    // The client may hang up first, for instance when it refuses a size.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(b"\r\n");
    let _ = stream.write_all(&reply.body[..sent]);
    let _ = stream.flush();
}

/// What was told to a progress.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) events: Mutex<Vec<String>>,
}

impl Told {
    pub(crate) fn lines(&self, start: &str) -> Vec<String> {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event.starts_with(start)).cloned().collect()
    }
}

impl Progress for Told {
    fn started(&self, name: &str, total: Option<u64>) {
        self.events.lock().unwrap().push(format!("started {name} {total:?}"));
    }
    fn advanced(&self, _name: &str, bytes: u64) {
        self.events.lock().unwrap().push(format!("advanced {bytes}"));
    }
    fn finished(&self, name: &str) {
        self.events.lock().unwrap().push(format!("finished {name}"));
    }
    fn warned(&self, text: &str) {
        self.events.lock().unwrap().push(format!("warned {text}"));
    }
}

/// A library with its cache under `folder` that waits a millisecond where others wait seconds.
pub(crate) fn library(folder: &Path) -> Library {
    let mut library = Library::new(folder.join("cache"));
    library.network = Network {
        first_wait: Duration::from_millis(1),
        max_wait: Duration::from_millis(2),
        ..Network::default()
    };
    library
}

pub(crate) fn url_file(url: &str) -> DataFile {
    DataFile { locations: vec![Location::Url(url.to_owned())], ..DataFile::default() }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Bytes without a pattern that would survive a misplaced resume.
pub(crate) fn content(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Every file under a folder.
pub(crate) fn files_under(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let nested = listing.flatten().map(|item| item.path());
    nested.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}
