//! A scripted HTTP server on loopback that can misbehave in every way that real ones do.
//!
//! A script is a function from a request to a [`Reaction`]. The server speaks HTTP/1.1 with keep-alive and knows
//! nothing of models; [`crate::fake_openai`] has scripts that answer as OpenAI-compatible servers do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct FakeRequest {
    /// How many requests came before it, over all connections.
    pub number: usize,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl FakeRequest {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A reply in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeReply {
    /// HTTP's status.
    pub status: u16,
    /// Further headers; `content-type` and `content-length` are added where they are missing.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl FakeReply {
    /// A reply of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    /// A reply of a given content type.
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// The same with a further header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Replies.
    Reply(FakeReply),
    /// Waits, then does something else.
    After(Duration, Box<Reaction>),
    /// Breaks the connection off without a word.
    Reset,
    /// Promises a whole reply, sends this many bytes of its body and breaks the connection off.
    ResetAfter(FakeReply, usize),
    /// Sends the head, then a byte of the body in each interval (the slow loris), for as long as the client listens.
    Drip(FakeReply, Duration),
    /// Never replies, with the connection open.
    Silence,
}

/// A running server; dropping it ends it.
pub struct FakeServer {
    address: SocketAddr,
    counts: Arc<Counts>,
    seen: Arc<Mutex<Vec<FakeRequest>>>,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

type Script = Arc<dyn Fn(&FakeRequest) -> Reaction + Send + Sync>;

/// How many requests are kept for [`FakeServer::seen`].
const KEPT: usize = 2000;

impl FakeServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When the machine gives no port or no threads.
    pub fn start(script: impl Fn(&FakeRequest) -> Reaction + Send + Sync + 'static) -> Self {
        Self::start_at(0, script)
    }

    /// Starts a server on a port of 127.0.0.1; 0 is any free one.
    ///
    /// # Panics
    /// When the machine gives no such port or no threads.
    pub fn start_at(
        port: u16,
        script: impl Fn(&FakeRequest) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .enable_time()
            .build()
            .expect("a thread for the fake server");
        let listener =
            runtime.block_on(TcpListener::bind(("127.0.0.1", port))).expect("a port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let counts = Arc::new(Counts::default());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = (Arc::new(script) as Script, Arc::clone(&counts), Arc::clone(&seen));
        runtime.spawn(accept(listener, shared));
        Self { address, counts, seen, runtime: Some(runtime) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests have arrived.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }

    /// The first 2,000 requests that arrived, in order.
    ///
    /// # Panics
    /// When a script has panicked while it was recorded.
    pub fn seen(&self) -> Vec<FakeRequest> {
        self.seen.lock().expect("recording does not panic").clone()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An address on loopback where nothing listens.
///
/// # Panics
/// When the machine gives no port.
pub fn dead_address() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    format!("http://{}", listener.local_addr().expect("a bound socket has an address"))
}

type Shared = (Script, Arc<Counts>, Arc<Mutex<Vec<FakeRequest>>>);

async fn accept(listener: TcpListener, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, shared.clone()));
    }
}

async fn serve(mut stream: TcpStream, (script, counts, seen): Shared) {
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut stream, &mut buffer).await {
        request.number = counts.requests.fetch_add(1, Ordering::SeqCst);
        let at_once = counts.now.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(at_once, Ordering::SeqCst);
        if let Ok(mut seen) = seen.lock()
            && seen.len() < KEPT
        {
            seen.push(request.clone());
        }
        let going_on = react(&mut stream, script(&request)).await;
        counts.now.fetch_sub(1, Ordering::SeqCst);
        if !going_on {
            return;
        }
    }
}

/// Does what the script says; false when the connection is over.
async fn react(stream: &mut TcpStream, mut reaction: Reaction) -> bool {
    while let Reaction::After(delay, next) = reaction {
        tokio::time::sleep(delay).await;
        reaction = *next;
    }
    match reaction {
        Reaction::Reply(reply) => {
            let mut bytes = head(&reply).into_bytes();
            bytes.extend_from_slice(&reply.body);
            stream.write_all(&bytes).await.is_ok()
        }
        Reaction::Reset => {
            let _ = stream.set_zero_linger();
            false
        }
        Reaction::ResetAfter(reply, count) => {
            let mut bytes = head(&reply).into_bytes();
            bytes.extend_from_slice(&reply.body[..count.min(reply.body.len())]);
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            false
        }
        Reaction::Drip(reply, interval) => {
            let _ = stream.write_all(head(&reply).as_bytes()).await;
            for byte in &reply.body {
                tokio::time::sleep(interval).await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return false;
                }
            }
            true
        }
        Reaction::Silence => {
            // Until the client gives up.
            let _ = stream.read(&mut [0; 1]).await;
            false
        }
        Reaction::After(..) => false,
    }
}

fn head(reply: &FakeReply) -> String {
    let has = |name: &str| reply.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut head = format!("HTTP/1.1 {} Fake\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if !has("content-type") {
        head += "content-type: application/json\r\n";
    }
    if !has("content-length") {
        head.extend(["content-length: ", &reply.body.len().to_string(), "\r\n"]);
    }
    head + "\r\n"
}

/// Reads one request; `None` at the connection's end or at anything that is not HTTP.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<FakeRequest> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let whole = end + 4 + length;
    while buffer.len() < whole {
        fill(stream, buffer).await?;
    }
    let body = buffer[end + 4..whole].to_vec();
    buffer.drain(..whole);
    Some(FakeRequest { number: 0, method, path, headers, body })
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(buffer).await.ok()?;
    (count > 0).then_some(())
}
