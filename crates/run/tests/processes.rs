//! Executions in processes of their own: killed at any instant, on a full disk, with many requests.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;

use common::{Pretender, answer, begin, child, folder_of_child, job, numbered, outcomes, requests};
use holometer_core::Cancel;
use holometer_run::{Event, Options, RunError, execute};
use holometer_store::Store;

/// How many requests the killed process has to do.
const REQUESTS: usize = 4000;

/// Says something to the parent process at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).expect("the parent process listens");
}

/// Takes a byte from the parent process, or goes on at once when it has closed its end.
fn wait_for_leave() {
    let mut leave = [0];
    // An error here is the closed end.
    let _ = std::io::stdin().read_exact(&mut leave);
}

/// The lines that [`say`] wrote, among those of the test harness.
fn listen(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let out = child.stdout.take().unwrap();
    BufReader::new(out)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("say ").map(str::to_owned))
}

/// Begins and executes a run, telling the parent process all about it.
#[test]
fn child_that_answers() {
    let Some(folder) = folder_of_child() else {
        return;
    };
    say("say open");
    let mut store = Store::open(folder.join("results.db")).unwrap();
    let run = begin(&mut store, "r", "m", &numbered(REQUESTS));
    let options = Options { batch_outcomes: 16, slice_requests: 300, ..Options::default() };
    let model = Pretender::honest("m");
    let result =
        execute(&mut store, &[job(run, &model)], &options, &Cancel::new(), &|event| match event {
            Event::Flushed { outcomes } => say(&format!("say flushed {outcomes}")),
            Event::RequestFinished { .. } => {
                say("say finished");
                wait_for_leave();
            }
            _ => {}
        });
    match result {
        Ok(report) => say(&format!("say answered {}", report.total.answered)),
        Err(RunError::Store(error)) => say(&format!("say error {error:?}")),
        Err(error) => say(&format!("say other error {error}")),
    }
}

#[test]
fn a_run_killed_twenty_times_ends_like_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut kept = 0;
    let mut redone = 0;
    for round in 0..20 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // The first rounds are killed while the database is made and the run is written.
        let messages = if round < 3 { 1 } else { 1 + random as usize % 250 };
        let mut killed = child("child_that_answers", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It may run ahead of the kill, but not far, however slow this process is.
        let leave = vec![b'.'; messages + 50];
        let mut leaves = killed.stdin.take().unwrap();
        leaves.write_all(&leave).unwrap();
        let (mut flushed, mut finished) = (0, 0);
        let mut lines = listen(&mut killed);
        for line in lines.by_ref().take(messages) {
            assert!(!line.starts_with("answered"), "the process ended before it was killed");
            flushed += line.strip_prefix("flushed ").map_or(0, |count| count.parse().unwrap());
            finished += usize::from(line == "finished");
        }
        killed.kill().unwrap();
        killed.wait().unwrap();
        drop(leaves);
        // What it said after the last message that was waited for counts as well.
        for line in lines {
            flushed += line.strip_prefix("flushed ").map_or(0, |count| count.parse().unwrap());
            finished += usize::from(line == "finished");
        }
        let mut store = Store::open(&path).unwrap();
        store.check().unwrap();
        let run = begin(&mut store, "r", "m", &numbered(REQUESTS));
        let now = store.progress(run).unwrap().answered;
        assert!(now >= kept + flushed, "{now} kept, although {kept} + {flushed} were on disk");
        redone += (kept + finished).saturating_sub(now);
        kept = now;
    }
    assert!(kept > 0 && kept < REQUESTS, "{kept} answers after all kills");
    eprintln!("20 kills: {kept} answers kept, {redone} asked again");

    let mut last = child("child_that_answers", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines: Vec<String> = listen(&mut last).collect();
    assert!(last.wait().unwrap().success());
    assert_eq!(lines.last().unwrap(), &format!("answered {REQUESTS}"));
    let finished = lines.iter().filter(|line| *line == "finished").count();
    assert_eq!(finished, REQUESTS - kept, "nothing that was kept is asked again");

    let mut store = Store::open(&path).unwrap();
    let run = begin(&mut store, "r", "m", &numbered(REQUESTS));
    let expected: Vec<_> =
        numbered(REQUESTS).iter().map(|state| Some(answer(&state.request))).collect();
    assert_eq!(outcomes(&store, run), expected);
    store.check().unwrap();
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_cleanly_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let mut store = Store::open(&path).unwrap();
    let run = begin(&mut store, "r", "m", &numbered(REQUESTS));
    drop(store);
    // No file may grow beyond its size now plus some blocks of 512 bytes: writing fails as on a full disk.
    let blocks = std::fs::metadata(&path).unwrap().len() / 512 + 200;
    let inner = child("child_that_answers", folder.path());
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    limited.arg(inner.get_program()).args(inner.get_args());
    limited.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut limited =
        limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines: Vec<String> = listen(&mut limited).collect();
    limited.wait().unwrap();
    let flushed: usize =
        lines.iter().filter_map(|line| line.strip_prefix("flushed ")?.parse::<usize>().ok()).sum();
    assert!(lines.last().unwrap().starts_with("error Full"), "{:?}", lines.last());
    let store = Store::open(&path).unwrap();
    store.check().unwrap();
    let answered = store.progress(run).unwrap().answered;
    assert_eq!(answered, flushed, "what was reported as flushed is there");
    assert!(answered < REQUESTS);
    drop(store);

    let mut free = child("child_that_answers", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines: Vec<String> = listen(&mut free).collect();
    free.wait().unwrap();
    assert_eq!(lines.last().unwrap(), &format!("answered {REQUESTS}"));
}

/// Prompts of a kilobyte, most of which they share.
fn long_prompts(count: usize) -> impl Iterator<Item = String> {
    let examples = "An example that all prompts have in common.\n".repeat(22);
    (0..count).map(move |index| format!("{examples}Question {index}: what is it?"))
}

/// How many requests the memory test has.
const MANY: usize = 200_000;

/// Executes a run that is already begun and tells the most memory it ever used, in KiB.
#[test]
fn child_with_many_requests() {
    let Some(folder) = folder_of_child() else {
        return;
    };
    let mut store = Store::open(folder.join("results.db")).unwrap();
    let run = store.runs("suite").unwrap()[0].id;
    let model = Pretender::honest("m");
    let report =
        execute(&mut store, &[job(run, &model)], &Options::default(), &Cancel::new(), &|_| {})
            .unwrap();
    assert!(model.most.load(Ordering::SeqCst) <= Options::default().slice_requests);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    say(&format!("say peak {}", peak.trim().trim_end_matches(" kB")));
    say(&format!("say answered {}", report.total.answered));
}

#[test]
fn memory_does_not_grow_with_the_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let mut store = Store::open(&path).unwrap();
    begin(&mut store, "r", "m", &requests(long_prompts(MANY)));
    drop(store);
    let mut many =
        child("child_with_many_requests", folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<String> = listen(&mut many).collect();
    assert!(many.wait().unwrap().success());
    assert_eq!(lines[1], format!("answered {MANY}"));
    let size = std::fs::metadata(&path).unwrap().len() / 1024;
    eprintln!("{MANY} requests of 1 KB: {} KiB, file {size} KiB", &lines[0]);
    let Ok(peak) = lines[0].trim_start_matches("peak ").parse::<usize>() else {
        eprintln!("SKIPPED: this system does not tell how much memory was used");
        return;
    };
    // The texts alone are 200 MB; SQLite's page cache may have 64 MB.
    assert!(peak < 160 * 1024, "the execution needed {peak} KiB");
}
