//! Every stream against draws that the real libraries made (`parity/pyrand/make_vectors.py`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helper functions")]

use holometer_pyrand::{BigUint, NumpyGenerator, NumpyRandom, PyRandom, tables};
use serde_json::{Value, json};

fn vectors() -> Value {
    serde_json::from_str(include_str!("fixtures/streams.json")).unwrap()
}

fn rows<'a>(vectors: &'a Value, pointer: &str) -> &'a [Value] {
    vectors.pointer(pointer).and_then(Value::as_array).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Equal up to the last digits, which the platform's logarithm and sine may round differently.
fn assert_close(ours: &[f64], theirs: &Value, context: &Value) {
    let theirs = floats(theirs);
    assert_eq!(ours.len(), theirs.len());
    for (our, their) in ours.iter().zip(&theirs) {
        assert!((our - their).abs() <= 1e-14 * their.abs().max(1.0), "{our} {their} {context}");
    }
}

fn python(seed: &Value) -> PyRandom {
    if let Some(text) = seed.get("text") {
        return PyRandom::from_str(text.as_str().unwrap());
    }
    if let Some(big) = seed.get("big") {
        let digits = big.as_str().unwrap().as_bytes();
        return PyRandom::from_big(&BigUint::parse_bytes(digits, 10).unwrap());
    }
    PyRandom::from_int(seed["int"].as_str().unwrap().parse().unwrap())
}

#[test]
fn python_integers_and_floats() {
    let vectors = vectors();
    for row in rows(&vectors, "/python") {
        let seed = &row["seed"];
        let mut random = python(seed);
        let drawn: Vec<f64> = (0..6).map(|_| random.random()).collect();
        assert_eq!(drawn, floats(&row["random"]), "{seed}");

        let mut random = python(seed);
        for pair in rows(row, "/getrandbits") {
            let count = u32::try_from(pair[0].as_u64().unwrap()).unwrap();
            assert_eq!(random.getrandbits(count).to_string(), pair[1], "{seed}");
        }
        let mut random = python(seed);
        for pair in rows(row, "/randrange") {
            let limit = pair[0].as_i64().unwrap();
            assert_eq!(random.randrange(0, limit).unwrap().to_string(), pair[1], "{seed}");
        }
        let mut random = python(seed);
        let drawn: Vec<i64> = (0..8).map(|_| random.randint(-3, 12).unwrap()).collect();
        assert_eq!(json!(drawn), row["randint"], "{seed}");

        let mut random = python(seed);
        let drawn: Vec<f64> = (0..4).map(|_| random.uniform(-1.5, 4.0)).collect();
        assert_eq!(drawn, floats(&row["uniform"]), "{seed}");

        let mut random = python(seed);
        let drawn: Vec<f64> = (0..5).map(|_| random.gauss(1.0, 2.5)).collect();
        assert_close(&drawn, &row["gauss"], seed);
    }
}

#[test]
fn python_items() {
    let vectors = vectors();
    let letters: Vec<String> = "abcdefghijk".chars().map(String::from).collect();
    for row in rows(&vectors, "/python") {
        let seed = &row["seed"];
        let mut items: Vec<usize> = (0..40).collect();
        python(seed).shuffle(&mut items);
        assert_eq!(json!(items), row["shuffle"], "{seed}");

        let mut random = python(seed);
        let drawn: Vec<String> = (0..8).map(|_| random.choice(&letters).unwrap().clone()).collect();
        assert_eq!(json!(drawn), row["choice"], "{seed}");

        let drawn = python(seed).choices(&letters, 8).unwrap();
        assert_eq!(json!(drawn), row["choices"], "{seed}");

        let drawn =
            python(seed).choices_weighted(&letters[..4], &[0.5, 2.25, 0.0, 1.0], 10).unwrap();
        assert_eq!(json!(drawn), row["choices_weighted"], "{seed}");
    }
}

#[test]
fn python_sample_takes_both_branches() {
    let vectors = vectors();
    let mut of_ranges = PyRandom::from_int(11);
    let mut of_items = PyRandom::from_int(11);
    for row in rows(&vectors, "/python_samples") {
        let (length, count) =
            (row[0].as_u64().unwrap() as usize, row[1].as_u64().unwrap() as usize);
        assert_eq!(json!(of_ranges.sample_range(length, count).unwrap()), row[2]);
        let items: Vec<usize> = (0..length).collect();
        assert_eq!(json!(of_items.sample(&items, count).unwrap()), row[2]);
    }
}

#[test]
fn python_says_when_there_is_nothing_to_draw() {
    let mut random = PyRandom::from_int(0);
    assert_eq!(random.choice::<u8>(&[]), None);
    assert_eq!(random.choices::<u8>(&[], 1), None);
    assert_eq!(random.choices_weighted(&[1, 2], &[0.0, 0.0], 1), None);
    assert_eq!(random.choices_weighted(&[1, 2], &[1.0], 1), None);
    assert_eq!(random.choices_weighted::<u8>(&[], &[], 1), None);
    assert_eq!(random.sample(&[1, 2], 3), None);
    assert_eq!(random.randrange(4, 4), None);
    assert_eq!(random.randint(4, 3), None);
    assert_eq!(random.randbelow(0), 0);
    assert_eq!(random.random(), PyRandom::from_int(0).random(), "none of these drew a number");
}

#[test]
fn numpy_legacy() {
    let vectors = vectors();
    let weights = [0.1, 0.2, 0.0, 0.4, 0.25, 0.05];
    for row in rows(&vectors, "/numpy") {
        let seed = u32::try_from(row["seed"].as_u64().unwrap()).unwrap();
        let make = || NumpyRandom::new(seed);

        let mut random = make();
        let drawn: Vec<f64> = (0..6).map(|_| random.random_sample()).collect();
        assert_eq!(drawn, floats(&row["random_sample"]), "{seed}");
        let mut random = make();
        for pair in rows(row, "/randint") {
            let limit = pair[0].as_i64().unwrap();
            assert_eq!(random.randint(0, limit).unwrap().to_string(), pair[1], "{seed}");
        }
        let mut random = make();
        let drawn: Vec<i64> = (0..8).map(|_| random.randint(-4, 3).unwrap()).collect();
        assert_eq!(json!(drawn), row["randint_signed"], "{seed}");

        assert_eq!(json!(make().permutation(50)), row["permutation"], "{seed}");
        let mut items: Vec<usize> = (0..30).collect();
        make().shuffle(&mut items);
        assert_eq!(json!(items), row["shuffle"], "{seed}");

        assert_eq!(json!(make().choice(13, 9)), row["choice"], "{seed}");
        let drawn = make().choice_without_replacement(40, 7);
        assert_eq!(json!(drawn), row["choice_without_replacement"], "{seed}");
        assert_eq!(json!(make().choice_weighted(&weights, 9)), row["choice_weighted"], "{seed}");
        let drawn = make().choice_weighted_without_replacement(&weights, 5);
        assert_eq!(json!(drawn), row["choice_weighted_without_replacement"], "{seed}");

        let mut random = make();
        let drawn: Vec<f64> = (0..4).map(|_| random.uniform(-2.0, 3.0)).collect();
        assert_eq!(drawn, floats(&row["uniform"]), "{seed}");
        let mut random = make();
        let drawn: Vec<f64> = (0..5).map(|_| random.randn()).collect();
        assert_close(&drawn, &row["randn"], &row["seed"]);
        let mut random = make();
        let drawn: Vec<f64> = (0..3).map(|_| random.normal(1.0, 0.5)).collect();
        assert_close(&drawn, &row["normal"], &row["seed"]);
    }
}

#[test]
fn numpy_says_when_there_is_nothing_to_draw() {
    let mut random = NumpyRandom::new(0);
    assert_eq!(random.choice(0, 1), None);
    assert_eq!(random.choice(0, 0), Some(Vec::new()));
    assert_eq!(random.choice_without_replacement(2, 3), None);
    assert_eq!(random.choice_weighted(&[0.5, 0.4], 1), None);
    assert_eq!(random.choice_weighted(&[1.5, -0.5], 1), None);
    assert_eq!(random.choice_weighted(&[f64::NAN], 1), None);
    assert_eq!(random.choice_weighted_without_replacement(&[1.0, 0.0], 2), None);
    assert_eq!(random.randint(2, 2), None);
    assert!(NumpyRandom::from_state(&[1; 623], 0).is_none());
    assert!(NumpyRandom::from_state(&[1; 624], 625).is_none());
}

#[test]
fn numpy_goes_on_from_a_saved_state() {
    let vectors = vectors();
    let state = &vectors["numpy_state"];
    let key: Vec<u32> = serde_json::from_value(state["key"].clone()).unwrap();
    let position = state["position"].as_u64().unwrap() as usize;
    let mut random = NumpyRandom::from_state(&key, position).unwrap();
    assert_eq!(json!(random.permutation(20)), state["permutation"]);
}

#[test]
fn rows_of_tables() {
    let vectors = vectors();
    let whole = |value: &Value| value.as_u64().unwrap();
    for row in rows(&vectors, "/tables/pandas_sample") {
        let drawn = tables::pandas_sample(
            whole(&row[0]) as usize,
            whole(&row[1]) as usize,
            whole(&row[2]) as u32,
        );
        assert_eq!(json!(drawn), row[3]);
    }
    for row in rows(&vectors, "/tables/pandas_sample_fraction") {
        let fraction = row[1].as_f64().unwrap();
        let drawn = tables::pandas_sample_fraction(
            whole(&row[0]) as usize,
            fraction,
            whole(&row[2]) as u32,
        );
        assert_eq!(json!(drawn), row[3]);
    }
    for row in rows(&vectors, "/tables/dataset_shuffle") {
        let length = whole(&row[0]) as usize;
        assert_eq!(json!(tables::dataset_shuffle(length, whole(&row[1]))), row[2]);
        assert_eq!(json!(NumpyGenerator::new(whole(&row[1])).permutation(length)), row[2]);
    }
    for row in rows(&vectors, "/tables/dataset_train_test_split") {
        let fraction = row[1].as_f64().unwrap();
        let split =
            tables::dataset_train_test_split(whole(&row[0]) as usize, fraction, whole(&row[2]))
                .unwrap();
        assert_eq!(json!(split.train), row[3]);
        assert_eq!(json!(split.test), row[4]);
    }
}

#[test]
fn fractions_out_of_range_give_no_rows() {
    assert_eq!(tables::pandas_sample_fraction(10, 1.5, 0), None);
    assert_eq!(tables::pandas_sample_fraction(10, f64::NAN, 0), None);
    assert_eq!(tables::dataset_train_test_split(10, 1.0, 0), None);
    assert_eq!(tables::dataset_train_test_split(1, 0.5, 0), None);
}
