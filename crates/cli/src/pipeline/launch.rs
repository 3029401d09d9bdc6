//! Model servers that are started for a run and stopped after it: `vllm:org/name`, `llama-server:file.gguf`, ...

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use holometer_core::{
    Cancel, Model, ModelCard, ModelName, Price, Request, RequestKey, Sink, Tokenizer, Window,
};

use crate::progress::Talk;

/// How long a server may take to load its model.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// How often a server that loads is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// How long a server may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// How much of a server's last words is shown when it ends early.
const LAST_WORDS: u64 = 400;

/// A kind of server that can be started.
pub(crate) struct Launcher {
    /// What stands before the colon in a spec.
    pub(crate) prefix: &'static str,
    /// What it is, with how to install it.
    pub(crate) about: &'static str,
    /// The program, looked for in `PATH`.
    program: &'static str,
    /// Its arguments; `{model}` and `{port}` stand for what they say.
    arguments: &'static [&'static str],
    /// Whether the model is a file or folder on this machine.
    pub(crate) takes_path: bool,
}

/// Every server that can be started.
pub(crate) const LAUNCHERS: [Launcher; 4] = [
    Launcher {
        prefix: "vllm",
        about: "vLLM (`pip install vllm`)",
        program: "vllm",
        arguments: &["serve", "{model}", "--host", "127.0.0.1", "--port", "{port}"],
        takes_path: false,
    },
    Launcher {
        prefix: "sglang",
        about: "SGLang (`pip install sglang`)",
        program: "python3",
        arguments: &[
            "-m",
            "sglang.launch_server",
            "--model-path",
            "{model}",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        ],
        takes_path: false,
    },
    Launcher {
        prefix: "llama-server",
        about: "llama.cpp's server, built from its repository or taken from its releases",
        program: "llama-server",
        arguments: &["-m", "{model}", "--host", "127.0.0.1", "--port", "{port}"],
        takes_path: true,
    },
    Launcher {
        prefix: "llama-cpp-python",
        about: "llama-cpp-python's server (`pip install 'llama-cpp-python[server]'`)",
        program: "python3",
        arguments: &[
            "-m",
            "llama_cpp.server",
            "--model",
            "{model}",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        ],
        takes_path: true,
    },
];

/// The launcher and the model that a spec names.
pub(crate) fn launcher(spec: &str) -> Option<(&'static Launcher, &str)> {
    let (prefix, model) = spec.split_once(':')?;
    LAUNCHERS.iter().find(|launcher| launcher.prefix == prefix).map(|launcher| (launcher, model))
}

/// A server that was started; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Arc<Mutex<Child>>,
    /// The address of its API.
    pub(crate) base_url: String,
}

/// Every server under way, for ending them when the program ends early.
static UNDER_WAY: LazyLock<Mutex<Vec<Arc<Mutex<Child>>>>> = LazyLock::new(Mutex::default);

/// Ends every server at once.
pub(crate) fn stop_all() {
    let servers = std::mem::take(&mut *lock(&UNDER_WAY));
    for child in servers {
        end(&mut lock(&child), Duration::ZERO);
    }
}

/// Starts a server and waits until it answers. Its words go to a file in `folder`.
///
/// # Errors
/// One sentence: the program is not there, it ended early (with its last words), or it did not become ready.
pub(crate) fn start(
    launcher: &Launcher,
    model: &str,
    folder: &Path,
    talk: &Talk,
) -> Result<Running, String> {
    if launcher.takes_path && !Path::new(model).exists() {
        return Err(format!(
            "`{model}` is no file or folder; hint: `{}:PATH` takes the model's path",
            launcher.prefix
        ));
    }
    let port = free_port()?;
    let log = folder.join(format!("{}-{port}.log", launcher.prefix));
    let child = spawn(launcher, model, port, &log)?;
    let child = Arc::new(Mutex::new(child));
    lock(&UNDER_WAY).push(Arc::clone(&child));
    let running = Running { child, base_url: format!("http://127.0.0.1:{port}/v1") };
    talk.say(&format!("starting {} for `{model}` (its log: {})", launcher.prefix, log.display()));
    let since = Instant::now();
    while !answers(port) {
        let ended = lock(&running.child).try_wait().map_err(|error| error.to_string())?;
        if let Some(status) = ended {
            return Err(format!(
                "{} ended before it was ready ({status}): {}; hint: its log is `{}`",
                launcher.program,
                last_words(&log),
                log.display()
            ));
        }
        if since.elapsed() > PATIENCE {
            return Err(format!(
                "{} was not ready after {} minutes; hint: its log is `{}`",
                launcher.program,
                PATIENCE.as_secs() / 60,
                log.display()
            ));
        }
        std::thread::sleep(ASK_EVERY);
    }
    talk.say(&format!("{} is ready after {:.1} s", launcher.prefix, since.elapsed().as_secs_f64()));
    Ok(running)
}

fn spawn(launcher: &Launcher, model: &str, port: u16, log: &Path) -> Result<Child, String> {
    let cant = |error: std::io::Error| format!("can't write `{}`: {error}", log.display());
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(cant)?;
    }
    let out = File::create(log).map_err(cant)?;
    let errors = out.try_clone().map_err(cant)?;
    let arguments = launcher.arguments.iter().map(|argument| match *argument {
        "{model}" => model.to_owned(),
        "{port}" => port.to_string(),
        other => other.to_owned(),
    });
    let mut command = Command::new(launcher.program);
    command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(errors);
    // Ctrl-C in the terminal is for us: the server must go on until what is in flight is done.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| {
        format!(
            "`{}` can't be started ({error}); hint: `{}:` needs {}",
            launcher.program, launcher.prefix, launcher.about
        )
    })
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port for a server: {error}"))
}

/// Whether the server lists its models: it may listen long before its model is loaded.
fn answers(port: u16) -> bool {
    use std::io::Write;
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let wait = Some(Duration::from_secs(2));
    let request = "GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n";
    let mut start = [0; 16];
    let talked = stream
        .set_read_timeout(wait)
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read(&mut start));
    talked.is_ok_and(|length| {
        String::from_utf8_lossy(&start[..length]).split_whitespace().nth(1) == Some("200")
    })
}

/// The end of a server's log on one line.
fn last_words(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS)))?;
        let mut words = Vec::new();
        file.read_to_end(&mut words)?;
        Ok(words)
    };
    let words = read().unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    // The end of a traceback says what it is about.
    let mut last: Vec<&str> =
        words.lines().map(str::trim).filter(|line| !line.is_empty()).rev().take(2).collect();
    last.reverse();
    if last.is_empty() { "it said nothing".to_owned() } else { last.join(" ") }
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&UNDER_WAY).retain(|child| !Arc::ptr_eq(child, &self.child));
        end(&mut lock(&self.child), GRACE);
    }
}

/// Asks a server to end, with everything it started, and ends it when it does not.
fn end(child: &mut Child, grace: Duration) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let group = Pid::from_child(child);
        let since = Instant::now();
        // Fails when it has just ended.
        let _ = kill_process_group(group, Signal::TERM);
        while since.elapsed() < grace {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = kill_process_group(group, Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = grace;
    let _ = child.kill();
    let _ = child.wait();
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A model behind a server of ours. Its fingerprint names the model, not the port, so that a later start finds its answers.
pub(crate) struct LaunchedModel {
    model: Arc<dyn Model>,
    card: ModelCard,
    tokenizer: Option<Arc<dyn Tokenizer>>,
    _server: Running,
}

impl LaunchedModel {
    /// A model with the server that answers for it. `identity` is what identifies the model's file.
    pub(crate) fn new(
        model: Arc<dyn Model>,
        name: &ModelName,
        identity: &str,
        tokenizer: Option<Arc<dyn Tokenizer>>,
        server: Running,
    ) -> Self {
        let card = ModelCard {
            name: name.clone(),
            fingerprint: identity.to_owned(),
            ..model.card().clone()
        };
        Self { model, card, tokenizer, _server: server }
    }
}

impl Model for LaunchedModel {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn tokenizer(&self) -> Option<Arc<dyn Tokenizer>> {
        self.tokenizer.clone().or_else(|| self.model.tokenizer())
    }

    fn window(&self) -> Window {
        self.model.window()
    }

    fn price(&self) -> Option<Price> {
        None
    }

    fn answer(&self, requests: &[(RequestKey, Request)], cancel: &Cancel, sink: Sink<'_>) {
        self.model.answer(requests, cancel, sink);
    }
}

/// Where servers' logs go.
pub(crate) fn log_folder() -> PathBuf {
    std::env::temp_dir().join("holometer-servers")
}

/// What identifies a model for a server: its file's or folder's size and time of change, or its name.
pub(crate) fn identity(launcher: &Launcher, model: &str) -> String {
    let found = std::fs::metadata(model).ok().filter(|_| launcher.takes_path);
    let changed = found.as_ref().and_then(|found| found.modified().ok()).and_then(|time| {
        time.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs())
    });
    match found {
        Some(found) => format!(
            "{} {} {} bytes, changed {}",
            launcher.prefix,
            Path::new(model)
                .file_name()
                .map_or_else(|| model.into(), |name| name.to_string_lossy()),
            found.len(),
            changed.unwrap_or_default()
        ),
        None => format!("{} {model}", launcher.prefix),
    }
}
