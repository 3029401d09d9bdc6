//! Which vector instructions this processor has.

/// A set of instructions that this processor is known to have: the only way to get one is to ask the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Kind);

/// The instruction sets with kernels of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whatever the compiler makes of plain loops; on aarch64 that is NEON.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best one here.
    pub(crate) fn detect() -> Self {
        *Self::supported().last().expect("the portable one is always there")
    }

    /// All that work here, slowest first.
    pub(crate) fn supported() -> Vec<Self> {
        let mut found = vec![Self(Kind::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            if avx2 {
                found.push(Self(Kind::Avx2));
            }
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
            {
                found.push(Self(Kind::Avx512));
            }
        }
        found
    }

    pub(crate) fn kind(self) -> Kind {
        self.0
    }

    /// Whether there are dot products of bytes on 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_vnni(self) -> bool {
        self.0 == Kind::Avx512 && is_x86_feature_detected!("avx512vnni")
    }

    /// Whether products of whole numbers have kernels of their own, which are faster than those of floats.
    pub(crate) fn multiplies_whole_numbers(self) -> bool {
        self.0 != Kind::Portable
    }

    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable if cfg!(target_arch = "aarch64") => "NEON",
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
        }
    }

    /// The most rows that a tile of the matrix product may have.
    pub(crate) fn tile_rows(self) -> usize {
        match self.0 {
            Kind::Portable => 4,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => 6,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => 14,
        }
    }
}
