//! NumPy's legacy generator, `numpy.random.RandomState`, whose streams are frozen (NEP 19).

use std::collections::HashSet;

use crate::mersenne::{Mersenne, STATE_WORDS};

/// `numpy.random.RandomState(seed)`, or the global state after `numpy.random.seed(seed)`.
#[derive(Clone, Debug)]
pub struct NumpyRandom {
    bits: Mersenne,
    /// The second of the two numbers that each step of the normal distribution makes.
    spare_normal: Option<f64>,
}

impl NumpyRandom {
    /// `RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        Self { bits: Mersenne::from_word(seed), spare_normal: None }
    }

    /// `set_state(("MT19937", key, position, ...))` without a left-over normal number. `None` if `key` does not have
    /// 624 words or `position` lies beyond them.
    pub fn from_state(key: &[u32], position: usize) -> Option<Self> {
        let key: &[u32; STATE_WORDS] = key.try_into().ok()?;
        let in_range = position <= STATE_WORDS;
        in_range.then(|| Self { bits: Mersenne::from_state(key, position), spare_normal: None })
    }

    /// `random_sample()`, also known as `rand()`: a number in [0, 1).
    pub fn random_sample(&mut self) -> f64 {
        self.bits.next_f64()
    }

    /// `uniform(low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random_sample()
    }

    /// `randn()`: the standard normal distribution, by Marsaglia's polar method; every second call uses the number
    /// left over from the one before.
    pub fn randn(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let first = 2.0 * self.random_sample() - 1.0;
            let second = 2.0 * self.random_sample() - 1.0;
            let square = first * first + second * second;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare_normal = Some(factor * first);
                return factor * second;
            }
        }
    }

    /// `normal(mean, deviation)`.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + deviation * self.randn()
    }

    /// `randint(low, high)` with the default type of 64 bits: an integer in `low..high`; `None` if there is none.
    pub fn randint(&mut self, low: i64, high: i64) -> Option<i64> {
        if low >= high {
            return None;
        }
        let largest = high.wrapping_sub(low).cast_unsigned() - 1;
        Some(low.wrapping_add_unsigned(self.at_most(largest)))
    }

    /// `shuffle(items)`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            let other = self.at_most(index as u64) as usize;
            items.swap(index, other);
        }
    }

    /// `permutation(length)`.
    pub fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..length).collect();
        self.shuffle(&mut indices);
        indices
    }

    /// `choice(length, count)`: indices drawn with replacement; `None` if there is nothing to draw from.
    pub fn choice(&mut self, length: usize, count: usize) -> Option<Vec<usize>> {
        let largest = match (length as u64).checked_sub(1) {
            Some(largest) => largest,
            None if count == 0 => return Some(Vec::new()),
            None => return None,
        };
        Some((0..count).map(|_| self.at_most(largest) as usize).collect())
    }

    /// `choice(length, count, replace=False)`: distinct indices; `None` if there are too few.
    pub fn choice_without_replacement(
        &mut self,
        length: usize,
        count: usize,
    ) -> Option<Vec<usize>> {
        if count > length {
            return None;
        }
        let mut indices = self.permutation(length);
        indices.truncate(count);
        Some(indices)
    }

    /// `choice(len(weights), count, p=weights)`: indices drawn with replacement. `None` unless the weights are not
    /// negative and add up to 1 (to the square root of the machine epsilon, as in NumPy).
    pub fn choice_weighted(&mut self, weights: &[f64], count: usize) -> Option<Vec<usize>> {
        check_probabilities(weights)?;
        let cumulative = normalised_cumulative(weights);
        let samples: Vec<f64> = (0..count).map(|_| self.random_sample()).collect();
        Some(samples.iter().map(|sample| position_right(&cumulative, *sample)).collect())
    }

    /// `choice(len(weights), count, replace=False, p=weights)`: distinct indices. `None` under the conditions of
    /// [`Self::choice_weighted`], or if fewer than `count` weights are above 0.
    pub fn choice_weighted_without_replacement(
        &mut self,
        weights: &[f64],
        count: usize,
    ) -> Option<Vec<usize>> {
        check_probabilities(weights)?;
        if weights.iter().filter(|weight| **weight > 0.0).count() < count {
            return None;
        }
        let mut weights = weights.to_vec();
        let mut found: Vec<usize> = Vec::with_capacity(count);
        while found.len() < count {
            let samples: Vec<f64> = (found.len()..count).map(|_| self.random_sample()).collect();
            for index in &found {
                weights[*index] = 0.0;
            }
            let cumulative = normalised_cumulative(&weights);
            let mut fresh = HashSet::new();
            let drawn = samples.iter().map(|sample| position_right(&cumulative, *sample));
            found.extend(drawn.filter(|index| fresh.insert(*index)));
        }
        Some(found)
    }

    /// An integer in `0..=largest`, by drawing as many bits as `largest` has until they fit.
    fn at_most(&mut self, largest: u64) -> u64 {
        if largest == 0 {
            return 0;
        }
        let mask = u64::MAX >> largest.leading_zeros();
        let narrow = u32::try_from(largest).is_ok();
        loop {
            let high = if narrow { 0 } else { u64::from(self.bits.next_u32()) };
            let value = ((high << 32) | u64::from(self.bits.next_u32())) & mask;
            if value <= largest {
                return value;
            }
        }
    }
}

/// NumPy's conditions on `p`.
fn check_probabilities(weights: &[f64]) -> Option<()> {
    let sum: f64 = weights.iter().sum();
    let valid =
        weights.iter().all(|weight| *weight >= 0.0) && (sum - 1.0).abs() <= f64::EPSILON.sqrt();
    valid.then_some(())
}

fn normalised_cumulative(weights: &[f64]) -> Vec<f64> {
    let mut total = 0.0;
    let mut cumulative: Vec<f64> = weights
        .iter()
        .map(|weight| {
            total += weight;
            total
        })
        .collect();
    for bound in &mut cumulative {
        *bound /= total;
    }
    cumulative
}

/// `searchsorted(value, side="right")`.
fn position_right(cumulative: &[f64], value: f64) -> usize {
    cumulative.partition_point(|bound| *bound <= value)
}
