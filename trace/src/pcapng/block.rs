//! A block and its options:
//!
//! ```text
//! | type 4 | length 4 | body, padded to 4 | length 4 |
//! option: | code 2 | length 2 | value, padded to 4 |
//! ```

/// Code of a comment, in every block (3.5).
pub(super) const COMMENT: u16 = 1;

/// A block while it is written.
pub(super) struct Block {
    kind: u32,
    body: Vec<u8>,
}

impl Block {
    pub(super) const fn new(kind: u32) -> Self {
        Self {
            kind,
            body: Vec::new(),
        }
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.body.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.body.extend_from_slice(&value.to_le_bytes());
    }

    /// All of `parts`, then zeros up to the next multiple of 4.
    pub(super) fn padded(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.body.extend_from_slice(part);
        }
        let length = self.body.len().next_multiple_of(4);
        self.body.resize(length, 0);
    }

    /// One option; what doesn't fit into its length is left out.
    pub(super) fn option(&mut self, code: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.u16(code);
        self.u16(length);
        self.padded(&[&value[..usize::from(length)]]);
    }

    pub(super) fn end_options(&mut self) {
        self.u32(0);
    }

    /// Puts the block behind what `file` has.
    pub(super) fn finish(self, file: &mut Vec<u8>) {
        let length = u32::try_from(self.body.len() + 12).unwrap_or(u32::MAX);
        file.extend_from_slice(&self.kind.to_le_bytes());
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(&self.body);
        file.extend_from_slice(&length.to_le_bytes());
    }
}
