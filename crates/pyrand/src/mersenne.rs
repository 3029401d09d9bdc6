//! MT19937, the Mersenne Twister that CPython and NumPy's legacy generator share.
//!
//! Source: M. Matsumoto and T. Nishimura, *Mersenne Twister: a 623-dimensionally equidistributed uniform
//! pseudo-random number generator*, ACM TOMACS 8 (1998), with the initialisation of 2002-01-26.

/// Words of state.
pub(crate) const STATE_WORDS: usize = 624;
const SHIFT_WORDS: usize = 397;
const MATRIX: u32 = 0x9908_b0df;
const UPPER_BIT: u32 = 0x8000_0000;

/// The generator's state.
#[derive(Clone, Debug)]
pub(crate) struct Mersenne {
    state: [u32; STATE_WORDS],
    position: usize,
}

impl Mersenne {
    /// The reference code's `init_genrand`: one word of seed.
    pub(crate) fn from_word(seed: u32) -> Self {
        let mut state = [seed; STATE_WORDS];
        for index in 1..STATE_WORDS {
            let previous = state[index - 1];
            state[index] = 1_812_433_253_u32
                .wrapping_mul(previous ^ (previous >> 30))
                .wrapping_add(index as u32);
        }
        Self { state, position: STATE_WORDS }
    }

    /// The reference code's `init_by_array`: any number of words, least significant first. No words count as
    /// the one word 0, as for CPython's seed 0.
    pub(crate) fn from_words(words: &[u32]) -> Self {
        let words = if words.is_empty() { &[0] } else { words };
        let mut state = Self::from_word(19_650_218).state;
        let mut index = 1;
        for step in 0..STATE_WORDS.max(words.len()) {
            let key = step % words.len();
            let previous = state[index - 1];
            state[index] = (state[index] ^ (previous ^ (previous >> 30)).wrapping_mul(1_664_525))
                .wrapping_add(words[key])
                .wrapping_add(key as u32);
            index = next_index(&mut state, index);
        }
        for _ in 1..STATE_WORDS {
            let previous = state[index - 1];
            state[index] = (state[index]
                ^ (previous ^ (previous >> 30)).wrapping_mul(1_566_083_941))
            .wrapping_sub(index as u32);
            index = next_index(&mut state, index);
        }
        state[0] = UPPER_BIT;
        Self { state, position: STATE_WORDS }
    }

    /// A state taken from a running generator. A position beyond the state's end means a used-up state.
    pub(crate) fn from_state(state: &[u32; STATE_WORDS], position: usize) -> Self {
        Self { state: *state, position: position.min(STATE_WORDS) }
    }

    /// The next 32 bits.
    pub(crate) fn next_u32(&mut self) -> u32 {
        if self.position == STATE_WORDS {
            self.twist();
        }
        let mut word = self.state[self.position];
        self.position += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A multiple of 2^-53 in [0, 1), from two draws.
    pub(crate) fn next_f64(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    fn twist(&mut self) {
        for index in 0..STATE_WORDS {
            let next = self.state[(index + 1) % STATE_WORDS];
            let mixed = (self.state[index] & UPPER_BIT) | (next & !UPPER_BIT);
            let matrix = if next & 1 == 0 { 0 } else { MATRIX };
            self.state[index] =
                self.state[(index + SHIFT_WORDS) % STATE_WORDS] ^ (mixed >> 1) ^ matrix;
        }
        self.position = 0;
    }
}

/// The index after `index` in the initialisation's walk, which skips word 0 and carries the last word there.
fn next_index(state: &mut [u32; STATE_WORDS], index: usize) -> usize {
    if index + 1 < STATE_WORDS {
        return index + 1;
    }
    state[0] = state[STATE_WORDS - 1];
    1
}
