//! Buffers that begin on a cache line, on large memory pages where the system has them.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "advice on memory is a system call with a pointer")
)]

use bytemuck::{Pod, Zeroable};

/// One cache line of floats.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Floats that begin on a cache line. Grows, never shrinks.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlignedBuffer {
    lines: Vec<Line>,
    length: usize,
}

impl AlignedBuffer {
    pub(crate) fn zeros(length: usize) -> Self {
        let mut lines = vec![Line([0.0; 16]); length.div_ceil(16)];
        want_large_pages(&mut lines);
        Self { lines, length }
    }

    /// The first `length` floats, whatever they held before.
    pub(crate) fn at_least(&mut self, length: usize) -> &mut [f32] {
        if self.length < length {
            *self = Self::zeros(length);
        }
        &mut self.as_mut_slice()[..length]
    }

    /// Room for numbers of another size, all zero.
    pub(crate) fn zeros_of<T: Pod>(count: usize) -> Self {
        Self::zeros((count * size_of::<T>()).div_ceil(4))
    }

    /// As numbers of another type that has at most the size of a float.
    pub(crate) fn cast<T: Pod>(&self) -> &[T] {
        bytemuck::cast_slice(&self.lines)
    }

    /// As [`Self::cast`], to write.
    pub(crate) fn cast_mut<T: Pod>(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.lines.as_slice())
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.length]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.length]
    }
}

/// Asks for pages of two megabytes behind large buffers: a pass over all weights then needs a five-hundredth of the address
/// translations. A refusal changes nothing.
#[cfg(target_os = "linux")]
fn want_large_pages(lines: &mut [Line]) {
    const LARGE: usize = 2 << 20;
    const PAGE: usize = 4096;
    let bytes = size_of_val(lines);
    if bytes < LARGE {
        return;
    }
    let start = lines.as_mut_ptr() as usize;
    let first = start.next_multiple_of(PAGE);
    let length = (start + bytes - first) / PAGE * PAGE;
    // SAFETY: the range lies within the buffer, and this advice changes no content.
    unsafe { libc::madvise(first as *mut libc::c_void, length, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn want_large_pages(_lines: &mut [Line]) {}
