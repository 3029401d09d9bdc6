//! Models behind HTTP through the real binary: cost, keys, servers that are started.

use std::path::Path;

use holometer_testkit::fake_openai;
use holometer_testkit::fake_server::{FakeRequest, FakeServer, Reaction};
use serde_json::Value;

use crate::common;

/// What must appear nowhere.
const PLANTED: &str = "sk-planted-0123456789";

fn suite_file(home: &Path, server: &FakeServer) {
    let text = format!(
        "suite = \"priced\"\nmodels = [\"lab:{}\"]\nmax_instances = 60\n\n\
         [[servers]]\nname = \"lab\"\nbase_url = \"{}/v1\"\nkey_env = \"LAB_KEY\"\ninput_price = 1.0\noutput_price = 2.0\n\n\
         [[entries]]\nscenario = \"synthetic_reasoning\"\nmode = \"induction\"\n",
        fake_openai::MODEL,
        server.url()
    );
    std::fs::write(home.join("suite.toml"), text).unwrap();
}

fn report(home: &Path) -> Value {
    let output = common::run(home, &["report", "--suite", "priced", "--format", "json"]);
    assert!(output.status.success(), "{}", common::stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_run_stops_at_its_cost_and_goes_on_without_paying_twice() {
    let home = tempfile::tempdir().unwrap();
    let server = FakeServer::start(fake_openai::behave);
    suite_file(home.path(), &server);
    let run = |more: &[&str]| {
        let arguments = ["run", "-c", "suite.toml", "--max-concurrency", "2"];
        common::holometer(home.path())
            .args(arguments)
            .args(more)
            .env("LAB_KEY", PLANTED)
            .output()
            .unwrap()
    };
    let stopped = run(&["--max-cost", "0.0003"]);
    assert_eq!(stopped.status.code(), Some(3), "{}", common::stderr(&stopped));
    assert!(common::stderr(&stopped).contains("spent now: $0.00"), "{}", common::stderr(&stopped));
    let totals = &report(home.path())["runs"][0]["totals"];
    let asked = totals["answered"].as_u64().unwrap();
    assert!(asked > 0 && totals["not_run"].as_u64().unwrap() > 0, "{totals}");
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", common::stderr(&output));
    let totals = &report(home.path())["runs"][0]["totals"];
    assert_eq!((totals["not_run"].as_u64(), totals["failed"].as_u64()), (Some(0), Some(0)));
    // Every question went over the wire once; the rest is what the server was asked when it was opened.
    let prompts: Vec<String> = server
        .seen()
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| fake_openai::prompt_of(&request.json()))
        .filter(|prompt| prompt.len() > 100)
        .collect();
    let mut different = prompts.clone();
    different.sort();
    different.dedup();
    assert_eq!(prompts.len(), different.len());
    assert_eq!(Some(prompts.len() as u64), totals["planned"].as_u64());
    let tokens = |field: &str| totals[field].as_f64().unwrap();
    let cost = (tokens("prompt_tokens") + 2.0 * tokens("completion_tokens")) / 1e6;
    assert!((totals["cost_usd"].as_f64().unwrap() - cost).abs() < 1e-12, "{totals}");
}

#[test]
fn a_limit_needs_a_price() {
    let home = tempfile::tempdir().unwrap();
    let server = FakeServer::start(fake_openai::behave);
    let model = format!("{}/v1", server.url());
    let output = common::run(
        home.path(),
        &[
            "run",
            "-m",
            &model,
            "-e",
            "synthetic_reasoning:mode=induction",
            "-n",
            "2",
            "--max-cost",
            "1",
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(common::stderr(&output).contains("hint: "), "{}", common::stderr(&output));
}

/// A server that quotes the key in errors for every third question.
fn indiscreet(request: &FakeRequest) -> Reaction {
    let key = request.header("authorization").unwrap_or_default();
    if request.number % 3 == 2 && request.method == "POST" {
        let message = format!("Incorrect parameter for {key}, the key {PLANTED} may not do this");
        return Reaction::Reply(fake_openai::error(400, &message, "invalid_request_error"));
    }
    fake_openai::behave(request)
}

#[test]
fn keys_appear_in_no_output_log_database_or_export() {
    let home = tempfile::tempdir().unwrap();
    let server = FakeServer::start(indiscreet);
    suite_file(home.path(), &server);
    let mut said = Vec::new();
    let mut command = |arguments: &[&str]| {
        let output = common::holometer(home.path())
            .args(arguments)
            .env("LAB_KEY", PLANTED)
            .output()
            .unwrap();
        said.extend(output.stdout);
        said.extend(output.stderr);
    };
    command(&["run", "-c", "suite.toml", "-v", "-v"]);
    command(&["report", "--metrics", "all", "--format", "json"]);
    command(&["export", "jsonl", "answers.jsonl"]);
    command(&["export", "helm", "helm"]);
    assert!(!contains(&said, PLANTED), "a key was printed");
    let mut files = 0;
    visit(home.path(), &mut |path| {
        files += 1;
        assert!(
            !contains(&std::fs::read(path).unwrap(), PLANTED),
            "{} holds a key",
            path.display()
        );
    });
    assert!(files >= 5, "the run, its log and its exports were to be looked at, not {files} files");
    let answers = std::fs::read_to_string(home.path().join("answers.jsonl")).unwrap();
    assert!(answers.contains("may not do this"), "the server's errors are kept, without the key");
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn visit(folder: &Path, look: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { visit(&path, look) } else { look(&path) }
    }
}

#[cfg(unix)]
mod launched {
    use super::*;

    /// The variable that turns this test binary into the server that the test below starts.
    const SERVE_AT: &str = "HOLOMETER_TEST_SERVE_AT";

    /// Serves until it is ended, when the test below starts it so; nothing else looks at it.
    #[test]
    fn serve_when_started_as_a_server() {
        let Some(port) = std::env::var(SERVE_AT).ok().and_then(|port| port.parse().ok()) else {
            return;
        };
        let _server = FakeServer::start_at(port, fake_openai::behave);
        loop {
            std::thread::park();
        }
    }

    /// A program by the name of `llama-server` that serves with this test binary.
    fn install(folder: &Path) {
        use std::os::unix::fs::PermissionsExt;
        let this = std::env::current_exe().unwrap();
        let script = format!(
            "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = --port ] && port=$2; shift; done\n\
             echo $$ > server.pid\n{SERVE_AT}=$port exec '{}' --exact remote::launched::serve_when_started_as_a_server\n",
            this.display()
        );
        let path = folder.join("llama-server");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(home: &Path, program_folder: &Path) -> std::process::Output {
        let path = std::env::var("PATH").unwrap_or_default();
        common::holometer(home)
            .args([
                "run",
                "-m",
                "llama-server:model.gguf",
                "-e",
                "synthetic_reasoning:mode=induction",
                "-n",
                "5",
            ])
            .env("PATH", format!("{}:{path}", program_folder.display()))
            .output()
            .unwrap()
    }

    #[test]
    fn a_server_is_started_used_and_stopped() {
        let home = tempfile::tempdir().unwrap();
        let programs = tempfile::tempdir().unwrap();
        install(programs.path());
        std::fs::write(home.path().join("model.gguf"), b"GGUF").unwrap();
        let output = run(home.path(), programs.path());
        let said = common::stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("llama-server is ready"), "{said}");
        let pid = std::fs::read_to_string(home.path().join("server.pid")).unwrap();
        let process = Path::new("/proc").join(pid.trim());
        assert!(!process.exists(), "the server is still there");
        // Its answers are found again, although the server has another port now.
        let again = common::stderr(&run(home.path(), programs.path()));
        assert!(again.contains(" 0 are to be asked") || again.contains("(0 asked now"), "{again}");
    }

    #[test]
    fn a_server_that_is_not_installed_is_one_clear_message() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("model.gguf"), b"GGUF").unwrap();
        let output = common::holometer(home.path())
            .args([
                "run",
                "-m",
                "llama-server:model.gguf",
                "-e",
                "synthetic_reasoning:mode=induction",
            ])
            .env("PATH", home.path())
            .output()
            .unwrap();
        let said = common::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("`llama-server` can't be started") && said.contains("hint: "),
            "{said}"
        );
    }
}
