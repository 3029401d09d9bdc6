//! The random streams of CPython, NumPy, pandas and Hugging Face `datasets`, bit for bit.
//!
//! HELM draws its few-shot examples, its evaluated instances and its generated questions from these streams, so
//! the same questions can only be asked by drawing the same numbers. Nothing here is meant for new randomness,
//! and nothing here reads entropy or a clock: every stream starts from a seed that the caller gives.
//!
//! | stream | type |
//! | --- | --- |
//! | `random.Random(seed)` | [`PyRandom`] |
//! | `numpy.random.RandomState(seed)` and `numpy.random.seed(seed)` | [`NumpyRandom`] |
//! | `numpy.random.default_rng(seed)` | [`NumpyGenerator`] |
//! | `DataFrame.sample`, `Dataset.shuffle`, `Dataset.train_test_split` | [`tables`] |
//!
//! Where the Python function raises for want of items (an empty list, a sample larger than its population), the
//! function here returns `None`.

mod generator;
mod mersenne;
mod numpy;
mod python;
pub mod tables;

pub use generator::NumpyGenerator;
pub use num_bigint::BigUint;
pub use numpy::NumpyRandom;
pub use python::PyRandom;
