//! Keys and values of all sequences, in pages of 64 positions that sequences may share.

use crate::kernels::AlignedBuffer;
use crate::kernels::attention::PAGE;

/// A page's number.
pub(crate) type PageId = u32;

/// All pages. A page holds, for each layer and key head, keys as `[dim][64]` and values as `[64][dim]`.
#[derive(Debug)]
pub(crate) struct KvCache {
    pages: Vec<AlignedBuffer>,
    owners: Vec<u32>,
    free: Vec<PageId>,
    limit: usize,
    kv_heads: usize,
    head_dim: usize,
    layers: usize,
}

impl KvCache {
    /// At most `limit` pages, made when they are first needed.
    pub(crate) fn new(layers: usize, kv_heads: usize, head_dim: usize, limit: usize) -> Self {
        Self {
            pages: Vec::new(),
            owners: Vec::new(),
            free: Vec::new(),
            limit,
            kv_heads,
            head_dim,
            layers,
        }
    }

    /// Bytes of one page.
    pub(crate) fn page_bytes(layers: usize, kv_heads: usize, head_dim: usize) -> usize {
        layers * kv_heads * 2 * PAGE * head_dim * 4
    }

    /// Pages that can still be taken.
    pub(crate) fn available(&self) -> usize {
        self.free.len() + self.limit - self.pages.len()
    }

    /// Takes a page, which then has one owner. The caller has checked that one is available.
    pub(crate) fn take(&mut self) -> PageId {
        if let Some(page) = self.free.pop() {
            self.owners[page as usize] = 1;
            return page;
        }
        let floats = self.layers * self.layer_floats();
        self.pages.push(AlignedBuffer::zeros(floats));
        self.owners.push(1);
        (self.pages.len() - 1) as PageId
    }

    /// Adds an owner.
    pub(crate) fn share(&mut self, page: PageId) {
        self.owners[page as usize] += 1;
    }

    /// Removes an owner; the last one frees the page.
    pub(crate) fn release(&mut self, page: PageId) {
        let owners = &mut self.owners[page as usize];
        *owners -= 1;
        if *owners == 0 {
            self.free.push(page);
        }
    }

    /// Takes a page that holds what another one holds.
    pub(crate) fn copy(&mut self, from: PageId) -> PageId {
        let to = self.take();
        let (low, high) = (from.min(to) as usize, from.max(to) as usize);
        let (head, tail) = self.pages.split_at_mut(high);
        let (source, target) =
            if from < to { (&head[low], &mut tail[0]) } else { (&tail[0], &mut head[low]) };
        target.as_mut_slice().copy_from_slice(source.as_slice());
        to
    }

    /// A layer's part of a page.
    pub(crate) fn layer(&self, page: PageId, layer: usize) -> *const f32 {
        let floats = self.layer_floats();
        self.pages[page as usize].as_slice()[layer * floats..(layer + 1) * floats].as_ptr()
    }

    /// Stores a token's keys and values (`kv_heads x head_dim` each) of one layer.
    pub(crate) fn store(
        &mut self,
        page: PageId,
        layer: usize,
        slot: usize,
        keys: &[f32],
        values: &[f32],
    ) {
        let (dim, floats) = (self.head_dim, self.layer_floats());
        let start = layer * floats;
        let part = &mut self.pages[page as usize].as_mut_slice()[start..start + floats];
        let heads = part.chunks_exact_mut(2 * PAGE * dim);
        for (head, (key, value)) in heads.zip(keys.chunks_exact(dim).zip(values.chunks_exact(dim)))
        {
            let (stored_keys, stored_values) = head.split_at_mut(PAGE * dim);
            for (line, number) in stored_keys.chunks_exact_mut(PAGE).zip(key) {
                line[slot] = *number;
            }
            stored_values[slot * dim..(slot + 1) * dim].copy_from_slice(value);
        }
    }

    fn layer_floats(&self) -> usize {
        self.kv_heads * 2 * PAGE * self.head_dim
    }
}
