//! `numpy.random.default_rng(seed)`: PCG64 seeded through NumPy's `SeedSequence`.
//!
//! Sources: M. E. O'Neill, *PCG: a family of simple fast space-efficient statistically good algorithms for random
//! number generation* (2014), the XSL-RR 128/64 variant; the seeding is NumPy's `bit_generator.pyx`, after O'Neill's
//! `seed_seq_fe`.

const PCG_MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
const POOL_WORDS: usize = 4;

/// `numpy.random.default_rng(seed)`.
#[derive(Clone, Debug)]
pub struct NumpyGenerator {
    state: u128,
    increment: u128,
    /// The upper half of a 64-bit draw whose lower half has been used.
    spare_word: Option<u32>,
}

impl NumpyGenerator {
    /// `default_rng(seed)`.
    pub fn new(seed: u64) -> Self {
        let words = seed_words(seed);
        let number = |index: usize| {
            let high = (u128::from(words[index + 1]) << 32) | u128::from(words[index]);
            let low = (u128::from(words[index + 3]) << 32) | u128::from(words[index + 2]);
            (high << 64) | low
        };
        let mut generator = Self { state: 0, increment: (number(4) << 1) | 1, spare_word: None };
        generator.step();
        generator.state = generator.state.wrapping_add(number(0));
        generator.step();
        generator
    }

    /// `permutation(length)`.
    pub fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..length).collect();
        for index in (1..length).rev() {
            let other = self.at_most(index as u64) as usize;
            indices.swap(index, other);
        }
        indices
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(PCG_MULTIPLIER).wrapping_add(self.increment);
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        let folded = ((self.state >> 64) as u64) ^ (self.state as u64);
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(word) = self.spare_word.take() {
            return word;
        }
        let both = self.next_u64();
        self.spare_word = Some((both >> 32) as u32);
        both as u32
    }

    /// An integer in `0..=largest`, by drawing as many bits as `largest` has until they fit (NumPy's
    /// `random_interval`, which its shuffles kept when its other bounded integers moved on). Ranges of up to 32
    /// bits use 32-bit draws.
    fn at_most(&mut self, largest: u64) -> u64 {
        let mask = u64::MAX.checked_shr(largest.leading_zeros()).unwrap_or(0);
        let narrow = u32::try_from(largest).is_ok();
        loop {
            let bits = if narrow { u64::from(self.next_u32()) } else { self.next_u64() };
            if bits & mask <= largest {
                return bits & mask;
            }
        }
    }
}

/// `SeedSequence(seed).generate_state(8, uint32)`.
fn seed_words(seed: u64) -> [u32; 8] {
    let pool = mixed_pool(seed);
    let mut constant = 0x8b51_f9dd_u32;
    std::array::from_fn(|index| {
        let mut word = pool[index % POOL_WORDS] ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        word = word.wrapping_mul(constant);
        word ^ (word >> 16)
    })
}

/// The seed's two words spread over the pool. A word that is absent counts as 0, which is what NumPy fills in.
fn mixed_pool(seed: u64) -> [u32; POOL_WORDS] {
    let mut constant = 0x43b0_d7e5_u32;
    let mut hash = |value: u32| {
        let mut word = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        word = word.wrapping_mul(constant);
        word ^ (word >> 16)
    };
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(&mut hash);
    for source in 0..POOL_WORDS {
        for target in (0..POOL_WORDS).filter(|target| *target != source) {
            let left = 0xca01_f9dd_u32.wrapping_mul(pool[target]);
            let right = 0x4973_f715_u32.wrapping_mul(hash(pool[source]));
            let word = left.wrapping_sub(right);
            pool[target] = word ^ (word >> 16);
        }
    }
    pool
}
