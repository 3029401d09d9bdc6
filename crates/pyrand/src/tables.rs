//! How pandas and Hugging Face `datasets` pick rows of a table, as row numbers.

use crate::generator::NumpyGenerator;
use crate::numpy::NumpyRandom;

/// pandas: `frame.sample(n=count, random_state=seed)` of a table of `rows` rows; `None` if it has too few.
pub fn pandas_sample(rows: usize, count: usize, seed: u32) -> Option<Vec<usize>> {
    NumpyRandom::new(seed).choice_without_replacement(rows, count)
}

/// pandas: `frame.sample(frac=fraction, random_state=seed)` of a table of `rows` rows, with `fraction` in [0, 1]. The
/// number of rows is rounded half to even, as by Python's `round`. `None` if the fraction is out of range.
pub fn pandas_sample_fraction(rows: usize, fraction: f64, seed: u32) -> Option<Vec<usize>> {
    if !(0.0..=1.0).contains(&fraction) {
        return None;
    }
    pandas_sample(rows, (fraction * rows as f64).round_ties_even() as usize, seed)
}

/// Hugging Face: `dataset.shuffle(seed=seed)` of `rows` rows.
pub fn dataset_shuffle(rows: usize, seed: u64) -> Vec<usize> {
    NumpyGenerator::new(seed).permutation(rows)
}

/// Rows of the two parts of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainTest {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to test on.
    pub test: Vec<usize>,
}

/// Hugging Face: `dataset.train_test_split(test_size=test_fraction, seed=seed)` of `rows` rows, with `test_fraction` in
/// (0, 1). The number of test rows is rounded up. `None` if the fraction is out of range or a part would be empty.
pub fn dataset_train_test_split(rows: usize, test_fraction: f64, seed: u64) -> Option<TrainTest> {
    if test_fraction <= 0.0 || test_fraction >= 1.0 {
        return None;
    }
    let test_rows = (test_fraction * rows as f64).ceil() as usize;
    if test_rows == 0 || test_rows >= rows {
        return None;
    }
    let mut test = dataset_shuffle(rows, seed);
    let train = test.split_off(test_rows);
    Some(TrainTest { train, test })
}
