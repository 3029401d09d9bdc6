//! What a scenario's files are when they are downloaded, and what is kept of them.

use std::io::{BufReader, Write};
use std::path::Path;

use holometer_core::{Instance, ScenarioName, ScenarioSpec};
use holometer_data::{DataFile, Work, read};
use holometer_scenarios::Catalogue;

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
