//! Files that are missing, foreign, newer, damaged or hostile: one clear error each, never a panic.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, answer_all, begin, plain_run, prompts};
use holometer_store::{Recorded, Retry, Store, StoreError, UnixMillis};

fn error_of(result: Result<Store, StoreError>) -> StoreError {
    let error = result.err().expect("the file was opened all the same");
    let text = error.to_string();
    assert!(text.contains("\nhint: "), "no hint in: {text}");
    error
}

/// A database with two runs, answered and scored.
fn filled(scratch: &Scratch) -> Vec<u8> {
    let mut store = scratch.open();
    let long: Vec<String> = prompts(60)
        .iter()
        .map(|question| format!("{}{question}", "An example of some length.\n".repeat(9)))
        .collect();
    for name in ["one", "two"] {
        let (instances, requests) = plain_run(&long);
        let run = begin(&mut store, name, &instances, &requests).run;
        answer_all(&mut store, run);
    }
    drop(store);
    fs::read(scratch.path()).unwrap()
}

/// Does everything that can be done with a file; errors are fine.
fn use_everything(path: &Path) -> Result<(), StoreError> {
    let mut first = Ok(());
    match Store::open_read_only(path) {
        Ok(store) => first = read_everything(&store).and(store.check()),
        Err(error) => first = first.and(Err(error)),
    }
    let mut store = Store::open(path)?;
    let (instances, requests) = plain_run(&prompts(3));
    let data = std::collections::BTreeMap::new();
    let inputs = holometer_store::RunInputs {
        fingerprint: "model 1",
        data_hashes: &data,
        instances: &instances,
        requests: &requests,
    };
    let run = store.begin_run("suite", &common::spec("new"), &inputs, &common::context())?.run;
    let pending = store.pending(run, 0, 10, Retry::Failures)?;
    let recorded: Vec<Recorded> = pending
        .iter()
        .map(|pending| Recorded {
            key: pending.key,
            outcome: common::answered("x"),
            seconds: None,
            retries: 0,
        })
        .collect();
    store.record(&recorded, UnixMillis(1))?;
    first
}

fn read_everything(store: &Store) -> Result<(), StoreError> {
    for run in store.all_runs()? {
        store.progress(run.id)?;
        store.cells(run.id)?;
        store.pending(run.id, 0, 1000, Retry::Failures)?;
        store.instances(run.id).try_for_each(|item| item.map(drop))?;
        store.answers(run.id).try_for_each(|item| item.map(drop))?;
        store.units(run.id).try_for_each(|item| item.map(drop))?;
        store.scores(run.id).try_for_each(|item| item.map(drop))?;
    }
    Ok(())
}

#[test]
fn a_missing_file_is_made_for_writing_only() {
    let scratch = Scratch::new();
    let error = error_of(Store::open_read_only(scratch.path()));
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    let path = scratch.folder().join("not/yet/there/results.db");
    drop(Store::open(&path).unwrap());
    assert!(Store::open_read_only(&path).unwrap().all_runs().unwrap().is_empty());
}

#[test]
fn a_folder_that_can_not_be_made_is_an_error() {
    let scratch = Scratch::new();
    fs::write(scratch.folder().join("file"), "x").unwrap();
    let error = error_of(Store::open(scratch.folder().join("file/results.db")));
    assert!(matches!(error, StoreError::Open { .. }), "{error}");
    let error = error_of(Store::open(scratch.folder()));
    assert!(matches!(error, StoreError::Open { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_an_error_for_writers_and_fine_for_readers() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    filled(&scratch);
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(scratch.folder(), fs::Permissions::from_mode(0o555)).unwrap();
    let may_write_anything = fs::write(scratch.folder().join("probe"), "x").is_ok();
    if may_write_anything {
        eprintln!("SKIPPED: this user may write to read-only folders");
    } else {
        let error = error_of(Store::open(scratch.path()));
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        let error = error_of(Store::open(scratch.folder().join("new.db")));
        assert!(matches!(error, StoreError::Open { .. }), "{error}");
    }
    let store = Store::open_read_only(scratch.path()).unwrap();
    read_everything(&store).unwrap();
    fs::set_permissions(scratch.folder(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn other_files_are_left_alone() {
    let scratch = Scratch::new();
    let json = vec![b'{'; 5000];
    fs::write(scratch.path(), &json).unwrap();
    for result in [Store::open(scratch.path()), Store::open_read_only(scratch.path())] {
        let error = error_of(result);
        assert!(matches!(error, StoreError::NotResults { .. }), "{error}");
    }
    assert_eq!(fs::read(scratch.path()).unwrap(), json);

    let other = scratch.folder().join("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE notes (note TEXT)").unwrap();
    drop(connection);
    let before = fs::read(&other).unwrap();
    for result in [Store::open(&other), Store::open_read_only(&other)] {
        let error = error_of(result);
        assert!(matches!(error, StoreError::NotResults { .. }), "{error}");
    }
    assert_eq!(fs::read(&other).unwrap(), before);

    let empty = scratch.folder().join("empty.db");
    fs::write(&empty, "").unwrap();
    let error = error_of(Store::open_read_only(&empty));
    assert!(matches!(error, StoreError::NotResults { .. }), "{error}");
    drop(Store::open(&empty).unwrap());
    drop(Store::open_read_only(&empty).unwrap());
}

#[test]
fn a_newer_format_is_refused_and_named() {
    let scratch = Scratch::new();
    filled(&scratch);
    let connection = rusqlite::Connection::open(scratch.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    for result in [Store::open(scratch.path()), Store::open_read_only(scratch.path())] {
        let error = error_of(result);
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
}

#[test]
fn missing_tables_and_impossible_values_are_damage() {
    let changes = [
        "DROP TABLE contents",
        "DELETE FROM contents",
        "DELETE FROM texts WHERE id % 2 = 0",
        "DELETE FROM instances",
        "UPDATE texts SET size = size + 1",
        "UPDATE texts SET size = 9000000000000000000",
        "UPDATE contents SET size = 1073741824",
        "UPDATE texts SET base = id, codec = 1",
        "UPDATE texts SET base = 1 + (id % 3), codec = 1",
        "UPDATE texts SET body = zeroblob(50)",
        "UPDATE contents SET body = x'00'",
        "UPDATE bodies SET parts = '[]' WHERE id = 1",
        "UPDATE bodies SET parts = '[-1]' WHERE id = 1",
        "UPDATE bodies SET parts = '[1e99' WHERE id = 1",
        "UPDATE bodies SET shape = 2 WHERE id = 1",
        "UPDATE requests SET instance = -1",
        "UPDATE requests SET trial = -5",
        "UPDATE requests SET mode = 'other'",
        "UPDATE requests SET mapping = '[[\"A\",77]]'",
        "UPDATE runs SET spec = '{}'",
        "UPDATE runs SET host = ''",
        "UPDATE runs SET instances = -3",
        "UPDATE outcomes SET retries = -1",
        "UPDATE text_hashes SET text = 1",
        "DELETE FROM models",
    ];
    for change in changes {
        let scratch = Scratch::new();
        filled(&scratch);
        let connection = rusqlite::Connection::open(scratch.path()).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        if let Err(error) = connection.execute_batch(change) {
            panic!("{change}: {error}");
        }
        drop(connection);
        let store = Store::open_read_only(scratch.path()).unwrap();
        let error = read_everything(&store).and(store.check()).expect_err(change);
        assert!(matches!(error, StoreError::Damaged { .. }), "{change}: {error}");
    }
}

#[test]
fn truncated_files_give_errors() {
    let scratch = Scratch::new();
    let whole = filled(&scratch);
    let step = whole.len() / 40;
    for cut in (0..whole.len()).step_by(step).chain([1, 16, 99, 100, 101, 4096]) {
        let torn = Scratch::new();
        fs::write(torn.path(), &whole[..cut]).unwrap();
        let result = use_everything(&torn.path());
        assert!(result.is_err(), "a file cut to {cut} bytes passed every check");
    }
}

#[test]
fn flipped_bytes_never_panic_and_never_change_a_text() {
    let scratch = Scratch::new();
    let whole = filled(&scratch);
    let expected = all_texts(&Store::open_read_only(scratch.path()).unwrap()).unwrap();
    let mut random = 0x1234_5678_9abc_def1_u64;
    for _ in 0..250 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = random as usize % bytes.len();
            bytes[at] ^= 1 << (random >> 60 & 7);
        }
        let torn = Scratch::new();
        fs::write(torn.path(), &bytes).unwrap();
        if let Ok(store) = Store::open_read_only(torn.path())
            && store.check().is_ok()
            && let Ok(texts) = all_texts(&store)
        {
            assert_eq!(texts, expected, "a flip passed the check and changed a prompt");
        }
        let _ = use_everything(&torn.path());
    }
}

fn all_texts(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut texts = Vec::new();
    for run in store.all_runs()? {
        for answer in store.answers(run.id) {
            texts.push(answer?.state.request.text().unwrap_or_default());
        }
    }
    texts.sort();
    Ok(texts)
}

#[test]
fn readers_see_whole_commits_while_a_writer_writes() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let (instances, requests) = plain_run(&prompts(300));
    let run = begin(&mut store, "r", &instances, &requests).run;
    let pending = store.pending(run, 0, 1000, Retry::Transient).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = Store::open_read_only(scratch.path()).unwrap();
            let (mut last, mut looks) = (0, 0);
            while last < 300 {
                let answered = store.progress(run).unwrap().answered;
                assert!(answered >= last && answered.is_multiple_of(10), "{last} then {answered}");
                let replies =
                    store.answers(run).filter(|answer| answer.as_ref().unwrap().reply.is_some());
                assert!(replies.count() >= answered);
                (last, looks) = (answered, looks + 1);
            }
            looks
        });
        for ten in pending.chunks(10) {
            let recorded: Vec<Recorded> = ten
                .iter()
                .map(|pending| Recorded {
                    key: pending.key,
                    outcome: common::answered("x"),
                    seconds: None,
                    retries: 0,
                })
                .collect();
            store.record(&recorded, UnixMillis(1)).unwrap();
        }
        assert!(reader.join().unwrap() > 0);
    });
}

/// Takes away what the formats after `format` added.
fn as_of_format(path: &Path, format: i64) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let undo = [
        "DROP INDEX instances_by_id; DROP INDEX cells_by_metric; DROP TABLE tallies; DROP TABLE ratings;",
        "DROP TABLE not_run;",
    ];
    for sql in undo.iter().skip(format as usize - 1) {
        connection.execute_batch(sql).unwrap();
    }
    connection.pragma_update(None, "user_version", format).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

#[test]
fn files_of_older_formats_are_read_from_a_copy_and_stay_as_they_are() {
    for format in [1, 2] {
        let scratch = Scratch::new();
        filled(&scratch);
        let texts = all_texts(&Store::open_read_only(scratch.path()).unwrap()).unwrap();
        as_of_format(&scratch.path(), format);
        let before = fs::read(scratch.path()).unwrap();
        let error = error_of(Store::open_read_only(scratch.path()));
        assert!(matches!(error, StoreError::Older { .. }), "{error}");

        let mut store = Store::open_for_reading(scratch.path()).unwrap();
        assert_eq!(all_texts(&store).unwrap(), texts);
        read_everything(&store).unwrap();
        store.check().unwrap();
        assert!(store.not_run("suite").unwrap().is_empty());
        assert_eq!(store.path(), scratch.path());
        // Nothing can be written to a copy that is thrown away.
        let written = store.record_not_run("suite", &[], &[("cell".into(), "why".into())]);
        assert!(written.is_err());
        drop(store);
        assert_eq!(fs::read(scratch.path()).unwrap(), before);

        // A writer still brings the file itself up to date, and can take over from an older one.
        let other = Scratch::new();
        let mut joined = other.open();
        let old = Store::open_for_reading(scratch.path()).unwrap();
        for run in old.all_runs().unwrap() {
            assert!(joined.absorb_run(&old, &run).unwrap().is_new);
        }
        assert_eq!(all_texts(&joined).unwrap(), texts);
        drop(Store::open(scratch.path()).unwrap());
        drop(Store::open_read_only(scratch.path()).unwrap());
    }
}
