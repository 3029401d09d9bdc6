//! BERTScore, layers and baselines against bert-score 0.3.13 with the same tiny encoders (`parity/engine/scorer_packages.py`).

use std::path::Path;

use holometer_core::Cancel;
use holometer_testkit::tiny::write_checkpoint;
use serde_json::Value;

use super::baselines::{BASELINE_FILE, KNOWN, Known};
use super::{BaselineSource, Encoder};

/// Largest difference of a score.
const TOLERANCE: f64 = 1e-5;

fn fixtures() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/scorers/packages.json")).unwrap()
}

fn load(folder: &Path, fixture: &Value) -> Encoder {
    write_checkpoint(folder, fixture);
    if let Some(table) = fixture["baseline_file"].as_str() {
        std::fs::write(folder.join(BASELINE_FILE), table).unwrap();
    }
    Encoder::load(folder, Some(2)).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn assert_near(ours: &[f64], expected: &[f64], what: &str) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (one, other) in ours.iter().zip(expected) {
        assert!((one - other).abs() < TOLERANCE, "{what}: {ours:?}, not {expected:?}");
    }
}

#[test]
fn bert_score_is_the_packages() {
    let fixtures = fixtures();
    let pairs: Vec<(String, Vec<String>)> =
        serde_json::from_value(fixtures["pairs"].clone()).unwrap();
    let home = tempfile::tempdir().unwrap();
    for (name, fixture) in fixtures["bert_score"].as_object().unwrap() {
        let encoder = load(&home.path().join(name), fixture);
        let chosen = (name == "own").then_some("1");
        let settings = encoder.bert_score_settings(chosen).unwrap();
        assert_eq!(settings.layer as u64, fixture["layer"].as_u64().unwrap(), "{name}");
        let baseline = settings.baseline.unwrap();
        assert_near(&baseline.values, &numbers(&fixture["baseline"]), name);
        assert_eq!(baseline.source == BaselineSource::File, name == "own", "{name}");
        for ((candidate, references), row) in pairs.iter().zip(fixture["raw"].as_array().unwrap()) {
            let both: Vec<(&str, &str)> =
                references.iter().map(|one| (candidate.as_str(), one.as_str())).collect();
            let scores = encoder.bert_score(&both, settings.layer, &Cancel::new()).unwrap();
            for (score, expected) in scores.iter().zip(row["each"].as_array().unwrap()) {
                let ours = [score.precision, score.recall, score.f1];
                assert_near(&ours, &numbers(expected), &format!("{name}, `{candidate}`"));
            }
        }
    }
}

#[test]
fn layers_and_baselines_are_the_packages() {
    let fixtures = fixtures();
    let (layers, baselines) = (&fixtures["layers"], &fixtures["baselines"]);
    for known in KNOWN {
        assert_eq!(layers[known.name].as_u64(), Some(known.layer as u64), "{}", known.name);
        let of_package = baselines.get(known.name);
        let Some(baseline) = known.baseline(known.layer) else {
            assert!(of_package.is_none(), "{}", known.name);
            continue;
        };
        let chosen = of_package.unwrap()["chosen"].as_array().unwrap();
        let chosen: Vec<f64> =
            chosen.iter().map(|cell| cell.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!((chosen[0], &chosen[1..]), (known.layer as f64, &baseline.values[..]));
        let rows = of_package.unwrap()["rows"].as_u64().unwrap() as usize;
        assert!(known.fits(rows - 1) && !known.fits(rows), "{}", known.name);
    }
    let missing = baselines.as_object().unwrap().keys();
    let missing: Vec<_> =
        missing.filter(|name| KNOWN.iter().all(|known| known.name != *name)).collect();
    assert_eq!(
        missing,
        ["xlm-mlm-100-1280", "xlm-mlm-en-2048", "xlnet-base-cased", "xlnet-large-cased"]
    );
}

#[test]
fn folders_tell_which_model_they_hold() {
    let of = |folder: &str| Known::of_folder(Path::new(folder)).map(|known| known.name);
    let mnli = Some("microsoft/deberta-large-mnli");
    assert_eq!(of("/models/deberta-large-mnli"), mnli);
    assert_eq!(of("models/microsoft--deberta-large-mnli"), mnli);
    assert_eq!(of("microsoft_deberta-large-mnli"), mnli);
    assert_eq!(of("/hub/models--microsoft--deberta-large-mnli/snapshots/0a1b2c"), mnli);
    assert_eq!(of("/hub/models--FacebookAI--roberta-large/snapshots/0a1b"), Some("roberta-large"));
    assert_eq!(of("/models/deberta-large-mnli-tuned"), None);
}

#[test]
fn models_without_a_baseline_have_none_and_wrong_names_are_refused() {
    let fixtures = fixtures();
    let home = tempfile::tempdir().unwrap();
    let own = &fixtures["bert_score"]["bert-base-uncased"];
    // Twelve layers, called after a model of twenty-four: a model of its own.
    let encoder = load(&home.path().join("bert-large-uncased"), own);
    let settings = encoder.bert_score_settings(None).unwrap();
    assert_eq!((settings.layer, settings.baseline), (9, None));
    let named = encoder.bert_score_settings(Some("google-bert/bert-base-uncased")).unwrap();
    assert_eq!(named.baseline.unwrap().source, BaselineSource::Package("bert-base-uncased"));
    // Baselines are known for the layer that the package takes.
    let other = load(&home.path().join("bert-base-uncased"), own);
    let settings = other.bert_score_settings(Some("8")).unwrap();
    assert_eq!((settings.layer, settings.baseline), (8, None));
    let problem = |chosen: &str| encoder.bert_score_settings(Some(chosen)).unwrap_err().to_string();
    assert!(problem("roberta-large").contains("can't be `roberta-large`"));
    assert!(problem("13").contains("12 layers, fewer than 13"));
    assert!(problem("no-such-model").contains("no model that bert-score knows"));
    for (table, reason) in [
        ("LAYER,P,R,F\n0,0.1,0.1,0.1\n", "no line for layer 9"),
        ("LAYER,P,R,F\n9,0.1,much,0.1\n", "no three numbers"),
        ("LAYER,P,R,F\n9,1.0,0.1,0.1\n", "no three numbers below 1"),
    ] {
        std::fs::write(home.path().join("bert-large-uncased").join(BASELINE_FILE), table).unwrap();
        let problem = encoder.bert_score_settings(None).unwrap_err().to_string();
        assert!(problem.contains(reason), "{problem}");
    }
}
