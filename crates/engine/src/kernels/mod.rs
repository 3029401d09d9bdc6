//! Arithmetic on plain slices: matrix products, attention, norms, activations.
//!
//! One rule holds everywhere: an output element is computed by a fixed sequence of operations that depends on nothing
//! but its own inputs. Matrix products add along K one fused multiply-add at a time; other sums use sixteen lanes that are joined in
//! a fixed order. So a row has the same bits alone and in any batch, with any number of threads, and on
//! every processor.

mod aligned;
pub(crate) mod attention;
#[cfg(target_arch = "x86_64")]
mod decode_x86;
#[cfg(target_arch = "x86_64")]
mod fused_x86;
pub(crate) mod gemm;
pub(crate) mod isa;
mod micro;
#[cfg(target_arch = "x86_64")]
mod micro_x86;
pub(crate) mod panels;
pub(crate) mod rounded;
pub(crate) mod rows;
#[cfg(target_arch = "x86_64")]
mod transpose_x86;
#[cfg(target_arch = "x86_64")]
mod unpack_x86;

pub(crate) use aligned::AlignedBuffer;
pub(crate) use isa::Isa;
pub(crate) use micro::fma_peak;

#[cfg(test)]
mod tests;
