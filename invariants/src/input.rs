//! Bytes as decisions: settings first, then what is checked. Where they end,
//! every further decision is 0.

/// What is left of the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`, which is at most 256 and at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// One of `items`, of which there are at most 256.
    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// A number, most significant byte first: small ones in one byte, behind
    /// 0xfe two bytes, behind 0xff eight.
    pub(crate) fn number(&mut self) -> u64 {
        let more = match self.byte() {
            0xfe => 2,
            0xff => 8,
            small => return small.into(),
        };
        let bytes = self.take(more).iter();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// The same, cut off at what 32 bits hold.
    pub(crate) fn small(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }

    /// The next `count` bytes, or as many as there are.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes with their count, at most 255, in front.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let count = self.byte().into();
        self.take(count)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// `bytes` in chunks of at least one byte: each of `sizes` is one less than a
/// chunk's size, and what remains is the last chunk.
pub(crate) fn chunks<'a>(bytes: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = Input::new(bytes);
    let mut chunks: Vec<_> = sizes
        .iter()
        .map(|&size| rest.take(usize::from(size) + 1))
        .collect();
    chunks.push(rest.rest());
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}
