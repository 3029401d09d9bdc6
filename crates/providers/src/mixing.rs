//! A small hash-seeded random stream: for `test:random`, sampling seeds and retry jitter. Not for statistics.

/// FNV-1a, 64 bits (Fowler, Noll, Vo): offset basis and prime.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// SplitMix64 (Steele, Lea, Flood 2014), seeded by the FNV-1a hash of texts.
#[derive(Clone, Debug)]
pub(crate) struct Mixer(u64);

impl Mixer {
    /// A stream that depends on all of the texts and on where one ends and the next begins.
    pub(crate) fn of(texts: &[&str]) -> Self {
        let mut hash = FNV_OFFSET;
        for text in texts {
            for byte in text.as_bytes().iter().chain(&(text.len() as u64).to_le_bytes()) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
            }
        }
        Self(hash)
    }

    /// A stream from a number.
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is above 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number in the open interval (0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_stream() {
        // The first outputs of SplitMix64 with seed 1234567, as listed by Rosetta Code.
        let mut mixer = Mixer::from_seed(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| mixer.next()).collect();
        assert_eq!(
            drawn,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn texts_are_told_apart_by_their_borders() {
        assert_ne!(Mixer::of(&["ab", "c"]).next(), Mixer::of(&["a", "bc"]).next());
    }
}
