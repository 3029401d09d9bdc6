//! What a scenario's files are when they are downloaded, and what is kept of them.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::path::Path;

use holometer_core::{Instance, ScenarioName, ScenarioSpec, Split};
use holometer_data::{DataFile, Library, Silent, Work, cache, read};
use holometer_scenarios::Catalogue;
use holometer_testkit::fake_server::{FakeReply, FakeServer, Reaction};
use serde_json::json;

use crate::common::{args, instances};

fn files(name: &str, pairs: &[(&str, &str)]) -> Vec<DataFile> {
    let spec = ScenarioSpec { name: ScenarioName::from(name), args: args(pairs) };
    Catalogue::builtin().files(&spec).unwrap()
}

fn texts(made: &[Instance]) -> Vec<(String, Vec<String>)> {
    let references = |instance: &Instance| {
        instance.references.iter().map(|reference| reference.output.text.clone()).collect()
    };
    made.iter().map(|instance| (instance.input.text.clone(), references(instance))).collect()
}

/// Without the pages, Natural Questions asks the same and knows the same answers.
#[test]
fn natural_questions_without_its_pages_asks_the_same() {
    let upstream = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upstream");
    let slim = tempfile::tempdir().unwrap();
    let folder = slim.path().join("scenarios/natural_qa/data");
    std::fs::create_dir_all(&folder).unwrap();
    for file in files("natural_qa", &[("mode", "closedbook")]) {
        let Some(Work::Rewrite(rewrite)) = file.reduction.as_ref().map(|kept| kept.work.clone())
        else {
            panic!("{} is kept whole", file.name());
        };
        let whole = read::bytes(&upstream.join(&file.local[0])).unwrap();
        let mut kept = Vec::new();
        rewrite(&mut BufReader::new(&whole[..]), &mut kept).unwrap();
        assert!(kept.len() < whole.len());
        let mut out = std::fs::File::create(slim.path().join(&file.local[0])).unwrap();
        out.write_all(&kept).unwrap();
    }
    for mode in ["closedbook", "openbook_longans"] {
        let whole = instances("natural_qa", &args(&[("mode", mode)]), &upstream).unwrap();
        let kept = instances("natural_qa", &args(&[("mode", mode)]), slim.path()).unwrap();
        assert!(!whole.is_empty());
        assert_eq!(texts(&kept), texts(&whole), "{mode}");
    }
    // Where the whole page is shown, all of it is kept.
    let whole = files("natural_qa", &[("mode", "openbook_wiki")]);
    assert!(whole.iter().all(|file| file.reduction.is_none()));
    let lines = b"{\"annotations\": 1}\n";
    let file = files("natural_qa", &[("mode", "closedbook")]).remove(0);
    let Some(Work::Rewrite(rewrite)) = file.reduction.map(|kept| kept.work) else { unreachable!() };
    let error = rewrite(&mut BufReader::new(&lines[..]), &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}

/// Twenty thousand of the sentence pairs are examples, in the order in which NumPy's permutation draws them; the rest of
/// the 40 million is not kept.
#[test]
fn of_translations_only_the_pairs_in_use_are_kept() {
    let train = &files("wmt_14", &[("language_pair", "fr-en")])[0];
    let Some(Work::Rows(choose)) = train.reduction.as_ref().map(|kept| kept.work.clone()) else {
        panic!("all rows are kept");
    };
    let rows = choose(45_000);
    let distinct: std::collections::BTreeSet<u64> = rows.iter().copied().collect();
    assert_eq!((rows.len(), distinct.len()), (20_000, 20_000));
    assert!(distinct.last().is_some_and(|last| *last < 45_000));
    assert_eq!(choose(3).len(), 3, "all of a small split");
    assert_eq!(train.kept_bytes(), Some(7_000_000));
    assert!(train.about_bytes.is_some_and(|bytes| bytes > 5_000_000_000));
}

/// A hub that offers the Parquet files of a folder, each as the one shard of the split of its name.
fn hub(folder: &Path) -> FakeServer {
    let splits: BTreeMap<String, Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let split = path.file_stem().unwrap().to_string_lossy().into_owned();
            (split, std::fs::read(path).unwrap())
        })
        .collect();
    FakeServer::start(move |request| {
        let missing = FakeReply::json(404, &json!({ "error": "Entry not found" }));
        let split = splits.iter().find(|(split, _)| {
            request.path.ends_with(&format!("/{split}"))
                || request.path.ends_with(&format!("/{split}/0000.parquet"))
        });
        Reaction::Reply(match split {
            None => missing,
            Some((_, content)) if request.path.contains("/resolve/") => {
                FakeReply::text(200, "application/octet-stream", content.clone())
            }
            Some((split, content)) => {
                let path = format!("config/{split}/0000.parquet");
                FakeReply::json(
                    200,
                    &json!([{ "type": "file", "path": path, "size": content.len() }]),
                )
            }
        })
    })
}

/// The instances when everything comes from a hub, and the files that are then in the cache.
fn from_hub(name: &str, pairs: &[(&str, &str)], folder: &Path) -> (Vec<Instance>, Vec<String>) {
    let server = hub(folder);
    let home = tempfile::tempdir().unwrap();
    let mut library = Library::new(home.path().to_owned());
    library.hub.endpoint = server.url();
    let spec = ScenarioSpec { name: ScenarioName::from(name), args: args(pairs) };
    let made = Catalogue::builtin().instances(&spec, &library, &Silent).unwrap();
    let entries = cache::entries(&library.cache_dir).unwrap();
    (made, entries.into_iter().map(|entry| entry.name).collect())
}

/// Of texts in many languages only the drawn one is kept; the same instances are made of it.
#[test]
fn of_texts_in_many_languages_the_drawn_one_is_kept() {
    let upstream = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upstream");
    let pairs = [("subset", "multi_eurlex_level_1")];
    let whole = instances("lextreme", &args(&pairs), &upstream).unwrap();
    let folder = upstream.join("lextreme/multi_eurlex_level_1");
    let (kept, files) = from_hub("lextreme", &pairs, &folder);
    assert!(whole.len() > 3);
    assert_eq!(kept, whole);
    assert_eq!(files, ["train_validation_test.kept.jsonl.zst"]);
    let locations = files_of("lextreme", &pairs);
    assert_eq!(
        locations,
        [
            "columns input, label of split `train+validation+test` of the hub dataset `joelniklaus/lextreme` (`multi_eurlex_level_1`, Parquet)"
        ]
    );
}

fn files_of(name: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let located = files(name, pairs).into_iter().flat_map(|file| file.locations);
    located.map(|location| location.describe()).collect()
}

/// Rows of which no instance is made are not kept.
#[test]
fn of_articles_those_in_use_are_kept() {
    let upstream = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upstream");
    let used = |name: &str, pairs: &[(&str, &str)], rows: &Path| {
        let file = files(name, pairs).remove(0);
        let Some(Work::Each(keeper)) = file.reduction.map(|kept| kept.work) else {
            panic!("all rows of {name} are kept");
        };
        let rows = read::jsonl(rows).unwrap();
        let kept = keeper().keep("train", rows.clone()).unwrap();
        assert!(kept.iter().all(|row| rows.contains(row)));
        (rows.len(), kept.len())
    };
    for (name, pairs, rows) in [
        ("billsum_legal_summarization", &[][..], "billsum_legal_summarization/train.jsonl"),
        ("summarization_cnndm", &[][..], "summarization/cnndm/train.jsonl"),
        ("summarization_xsum", &[][..], "summarization/xsum/train.jsonl"),
    ] {
        let whole = instances(name, &args(pairs), &upstream).unwrap();
        let examples = whole.iter().filter(|one| one.split == Split::Train).count();
        let (all, kept) = used(name, pairs, &upstream.join(rows));
        assert_eq!(kept, examples, "{name}");
        assert!(kept < all, "{name}: {kept} of {all}");
    }
}

/// A size or hash of one file says nothing about another.
#[test]
fn sizes_and_hashes_follow_the_parameters() {
    let five = files("natural_qa", &[("mode", "closedbook")]);
    let sizes: Vec<u64> = five.iter().filter_map(|file| file.bytes).collect();
    assert_eq!(sizes, [219_593_373, 200_209_706, 210_446_574, 216_859_801, 220_929_521]);
    let hashes: std::collections::BTreeSet<_> = five.iter().map(|file| &file.sha256).collect();
    assert_eq!(hashes.len(), 5);
    let subset = |name: &str| {
        let files = files("lex_glue", &[("subset", name)]);
        files.iter().filter_map(|file| file.about_bytes).sum::<u64>()
    };
    assert!(subset("scotus") > 10 * subset("unfair_tos"));
}
