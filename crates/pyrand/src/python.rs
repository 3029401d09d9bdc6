//! CPython's `random.Random`, as of Python 3.11 (the algorithms of 3.9 to 3.12 are the same).

use std::collections::HashSet;
use std::f64::consts::TAU;

use num_bigint::BigUint;
use sha2::{Digest, Sha512};

use crate::mersenne::Mersenne;

/// `random.Random(seed)`.
#[derive(Clone, Debug)]
pub struct PyRandom {
    bits: Mersenne,
    /// The second of the two numbers that each step of `gauss` makes.
    spare_gauss: Option<f64>,
}

impl PyRandom {
    /// `Random(seed)` for an integer. The sign is ignored, as in CPython.
    pub fn from_int(seed: i64) -> Self {
        Self::from_big(&BigUint::from(seed.unsigned_abs()))
    }

    /// `Random(seed)` for an integer of any size.
    pub fn from_big(seed: &BigUint) -> Self {
        Self::from_words(&seed.to_u32_digits())
    }

    /// `Random(seed)` for a text, seeding version 2: the text's UTF-8 bytes followed by their SHA-512, read as one
    /// big-endian integer.
    #[expect(
        clippy::should_implement_trait,
        reason = "every text is a seed, so the Result of FromStr would be empty ceremony"
    )]
    pub fn from_str(seed: &str) -> Self {
        let mut bytes = seed.as_bytes().to_vec();
        bytes.extend_from_slice(&Sha512::digest(seed.as_bytes()));
        Self::from_big(&BigUint::from_bytes_be(&bytes))
    }

    fn from_words(words: &[u32]) -> Self {
        Self { bits: Mersenne::from_words(words), spare_gauss: None }
    }

    /// A number in [0, 1).
    pub fn random(&mut self) -> f64 {
        self.bits.next_f64()
    }

    /// An integer of `count` random bits; at most 64 of them (more are cut to 64).
    pub fn getrandbits(&mut self, count: u32) -> u64 {
        match count.min(64) {
            0 => 0,
            count @ 1..=32 => u64::from(self.bits.next_u32() >> (32 - count)),
            count => {
                let low = u64::from(self.bits.next_u32());
                let high = u64::from(self.bits.next_u32() >> (64 - count));
                (high << 32) | low
            }
        }
    }

    /// An integer in `0..limit`; 0 if `limit` is 0. CPython's `_randbelow`.
    pub fn randbelow(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        let count = 64 - limit.leading_zeros();
        loop {
            let value = self.getrandbits(count);
            if value < limit {
                return value;
            }
        }
    }

    /// `randrange(start, stop)`: an integer in `start..stop`; `None` if there is none.
    pub fn randrange(&mut self, start: i64, stop: i64) -> Option<i64> {
        if start >= stop {
            return None;
        }
        let width = stop.wrapping_sub(start).cast_unsigned();
        Some(start.wrapping_add_unsigned(self.randbelow(width)))
    }

    /// `randint(low, high)`: an integer in `low..=high`; `None` if there is none, or if `high` is the largest `i64`.
    pub fn randint(&mut self, low: i64, high: i64) -> Option<i64> {
        self.randrange(low, high.checked_add(1)?)
    }

    /// `choice(items)`; `None` if there are no items.
    pub fn choice<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            return None;
        }
        let index = self.index_below(items.len());
        items.get(index)
    }

    /// `choices(items, k=count)`: with replacement; `None` if there are no items to choose from.
    pub fn choices<T: Clone>(&mut self, items: &[T], count: usize) -> Option<Vec<T>> {
        if items.is_empty() && count > 0 {
            return None;
        }
        let length = items.len() as f64;
        Some((0..count).map(|_| items[(self.random() * length).floor() as usize].clone()).collect())
    }

    /// `choices(items, weights, k=count)`: with replacement. `None` unless there is one weight per item and they add
    /// up to a finite number above 0.
    pub fn choices_weighted<T: Clone>(
        &mut self,
        items: &[T],
        weights: &[f64],
        count: usize,
    ) -> Option<Vec<T>> {
        let mut total = 0.0;
        let cumulative: Vec<f64> = weights
            .iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        if items.len() != weights.len() || !total.is_finite() || total <= 0.0 {
            return None;
        }
        let below_last = &cumulative[..cumulative.len() - 1];
        let mut draw = || {
            let value = self.random() * total;
            items[below_last.partition_point(|bound| *bound <= value)].clone()
        };
        Some((0..count).map(|_| draw()).collect())
    }

    /// `shuffle(items)`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            let other = self.index_below(index + 1);
            items.swap(index, other);
        }
    }

    /// `sample(items, count)`: without replacement, in the order drawn; `None` if there are too few items.
    pub fn sample<T: Clone>(&mut self, items: &[T], count: usize) -> Option<Vec<T>> {
        let indices = self.sample_range(items.len(), count)?;
        Some(indices.into_iter().map(|index| items[index].clone()).collect())
    }

    /// `sample(range(length), count)`; `None` if the range is too short.
    pub fn sample_range(&mut self, length: usize, count: usize) -> Option<Vec<usize>> {
        if count > length {
            return None;
        }
        if length <= largest_pool(count) {
            return Some(self.sample_from_pool(length, count));
        }
        let mut taken = HashSet::with_capacity(count);
        let mut sample = Vec::with_capacity(count);
        while sample.len() < count {
            let index = self.index_below(length);
            if taken.insert(index) {
                sample.push(index);
            }
        }
        Some(sample)
    }

    fn sample_from_pool(&mut self, length: usize, count: usize) -> Vec<usize> {
        let mut pool: Vec<usize> = (0..length).collect();
        let mut sample = Vec::with_capacity(count);
        for drawn in 0..count {
            let remaining = length - drawn;
            let index = self.index_below(remaining);
            sample.push(pool[index]);
            pool[index] = pool[remaining - 1];
        }
        sample
    }

    /// `uniform(low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// `gauss(mean, deviation)`: normally distributed, by the Box-Muller transform; every second call uses the number
    /// left over from the one before.
    pub fn gauss(&mut self, mean: f64, deviation: f64) -> f64 {
        let standard = self.spare_gauss.take().unwrap_or_else(|| {
            let angle = self.random() * TAU;
            let radius = (-2.0 * (1.0 - self.random()).ln()).sqrt();
            self.spare_gauss = Some(angle.sin() * radius);
            angle.cos() * radius
        });
        mean + standard * deviation
    }

    fn index_below(&mut self, limit: usize) -> usize {
        self.randbelow(limit as u64) as usize
    }
}

/// The population size up to which CPython samples `count` items from a copied pool, and above which from a set of
/// taken indices: whichever it estimates to need less memory.
fn largest_pool(count: usize) -> usize {
    let set_size = if count > 5 {
        let levels = ((count * 3) as f64).ln() / 4_f64.ln();
        4_usize.saturating_pow(levels.ceil() as u32)
    } else {
        0
    };
    set_size.saturating_add(21)
}
