//! The bytes of a direction by their offsets, as far as they are known. What is not known
//! takes no memory, however much it is.

use std::ops::Range;

use protocol::Offset;

/// Bytes from offset 0 on, with gaps where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// By offset; none is empty, and none begins where another one ends.
    pieces: Vec<Piece>,
    end: Offset,
}

/// Known bytes that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    start: Offset,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> Offset {
        self.start + self.bytes.len()
    }
}

impl Content {
    /// Offset behind the last byte, known or not.
    pub const fn end(&self) -> Offset {
        self.end
    }

    /// Whether there is no byte, known or not.
    pub const fn is_empty(&self) -> bool {
        self.end.0 == 0
    }

    /// The byte at an offset, if it is known.
    pub fn get(&self, offset: Offset) -> Option<u8> {
        self.slice(offset..offset + 1).first().copied()
    }

    /// The bytes from the start of `range` on, as far as they are known: to its end or to
    /// the first byte that is not.
    pub fn slice(&self, range: Range<Offset>) -> &[u8] {
        let at = self.pieces.partition_point(|p| p.end() <= range.start);
        let Some(piece) = self.pieces.get(at).filter(|p| p.start <= range.start) else {
            return &[];
        };
        let index = |offset: Offset| {
            let index = usize::try_from(offset.0.saturating_sub(piece.start.0));
            index.map_or(piece.bytes.len(), |index| index.min(piece.bytes.len()))
        };
        piece
            .bytes
            .get(index(range.start)..index(range.end))
            .unwrap_or_default()
    }

    /// The known bytes in front of the first gap.
    pub fn front(&self) -> &[u8] {
        self.slice(Offset(0)..self.end)
    }

    /// The first offset from `offset` on whose byte is known.
    pub fn next_known(&self, offset: Offset) -> Option<Offset> {
        let at = self.pieces.partition_point(|p| p.end() <= offset);
        self.pieces.get(at).map(|piece| piece.start.max(offset))
    }

    /// Where bytes are not known, by offset.
    pub fn gaps(&self) -> impl Iterator<Item = Range<Offset>> + '_ {
        let starts = std::iter::once(Offset(0)).chain(self.pieces.iter().map(Piece::end));
        let ends = self.pieces.iter().map(|piece| piece.start);
        let gaps = starts.zip(ends.chain([self.end]));
        gaps.filter(|(start, end)| start < end)
            .map(|(start, end)| start..end)
    }

    /// How many bytes are not known.
    pub fn unknown(&self) -> u64 {
        let known: u64 = self.pieces.iter().map(|p| p.bytes.len() as u64).sum();
        self.end.0 - known
    }

    /// How many bytes in `range` are not known; behind the end there are none.
    pub fn unknown_in(&self, range: &Range<Offset>) -> u64 {
        let end = range.end.min(self.end);
        if range.start >= end {
            return 0;
        }
        let from = self.pieces.partition_point(|p| p.end() <= range.start);
        let pieces = self.pieces[from..].iter().take_while(|p| p.start < end);
        let known = pieces.map(|p| p.end().min(end).0 - p.start.max(range.start).0);
        end.0 - range.start.0 - known.sum::<u64>()
    }

    /// Known bytes behind the end.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if last.end() == self.end => last.bytes.extend_from_slice(bytes),
            _ => self.pieces.push(Piece {
                start: self.end,
                bytes: bytes.to_vec(),
            }),
        }
        self.end += bytes.len();
    }

    /// So many bytes behind the end that are not known.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.end = Offset(self.end.0.saturating_add(bytes));
    }

    /// What is behind `end` is gone.
    pub(crate) fn truncate(&mut self, end: Offset) {
        let kept = self.pieces.partition_point(|piece| piece.start < end);
        self.pieces.truncate(kept);
        if let Some(last) = self.pieces.last_mut() {
            let length = usize::try_from(end.0 - last.start.0).unwrap_or(usize::MAX);
            last.bytes.truncate(length);
        }
        self.end = self.end.min(end);
    }

    /// `bytes` stand from `start` on: those that were not known are now. The others stay,
    /// and so does the end.
    pub(crate) fn fill(&mut self, start: Offset, bytes: &[u8]) {
        let end = (start + bytes.len()).min(self.end);
        let mut at = start;
        while at < end {
            let next = self.pieces.partition_point(|piece| piece.end() <= at);
            let piece = self.pieces.get(next);
            if let Some(piece) = piece.filter(|piece| piece.start <= at) {
                at = piece.end();
                continue;
            }
            let stop = piece.map_or(end, |piece| piece.start.min(end));
            let index = |offset: Offset| usize::try_from(offset.0 - start.0).unwrap_or(usize::MAX);
            let new = bytes.get(index(at)..index(stop)).unwrap_or_default();
            self.insert(next, at, new);
            at = stop;
        }
    }

    /// Puts bytes in front of the piece with this index, and joins those that touch.
    fn insert(&mut self, index: usize, start: Offset, bytes: &[u8]) {
        let before = index.checked_sub(1).and_then(|at| self.pieces.get_mut(at));
        let at = if let Some(before) = before.filter(|before| before.end() == start) {
            before.bytes.extend_from_slice(bytes);
            index - 1
        } else {
            let bytes = bytes.to_vec();
            self.pieces.insert(index, Piece { start, bytes });
            index
        };
        let end = self.pieces[at].end();
        if self
            .pieces
            .get(at + 1)
            .is_some_and(|next| next.start == end)
        {
            let next = self.pieces.remove(at + 1);
            self.pieces[at].bytes.extend(next.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u64, to: u64) -> Range<Offset> {
        Offset(from)..Offset(to)
    }

    fn gaps(content: &Content) -> Vec<(u64, u64)> {
        let gaps = content.gaps();
        gaps.map(|gap| (gap.start.0, gap.end.0)).collect()
    }

    #[test]
    fn what_is_not_known_has_an_end_and_no_bytes() {
        let mut content = Content::default();
        assert!(content.is_empty() && content.front().is_empty());
        content.push(b"abc");
        content.push(b"de");
        content.skip(1 << 40);
        content.push(b"xyz");
        let behind = (1 << 40) + 5;
        assert_eq!(content.end(), Offset(behind + 3));
        assert_eq!(content.front(), b"abcde");
        assert_eq!(content.slice(range(2, 100)), b"cde");
        assert_eq!(content.slice(range(2, 4)), b"cd");
        assert_eq!(content.slice(range(5, u64::MAX)), b"");
        assert_eq!(content.slice(range(4, 2)), b"");
        assert_eq!(content.slice(range(behind + 1, u64::MAX)), b"yz");
        assert_eq!(content.get(Offset(4)), Some(b'e'));
        assert_eq!(content.get(Offset(5)), None);
        assert_eq!(content.get(Offset(u64::MAX)), None);
        assert_eq!(content.next_known(Offset(1)), Some(Offset(1)));
        assert_eq!(content.next_known(Offset(9)), Some(Offset(behind)));
        assert_eq!(content.next_known(Offset(behind + 3)), None);
        assert_eq!(gaps(&content), [(5, behind)]);
        assert_eq!(content.unknown(), 1 << 40);
        assert_eq!(content.unknown_in(&range(3, 9)), 4);
        assert_eq!(content.unknown_in(&range(behind - 1, u64::MAX)), 1);
        assert_eq!(content.unknown_in(&range(behind, behind + 9)), 0);
        content.truncate(Offset(4));
        assert_eq!((content.front(), content.end()), (&b"abcd"[..], Offset(4)));
        content.skip(3);
        content.truncate(Offset(6));
        assert_eq!(gaps(&content), [(4, 6)]);
        content.truncate(Offset(99));
        assert_eq!(content.end(), Offset(6));
    }

    /// Every stretch of ten bytes, filled into every set of gaps.
    #[test]
    fn filling_adds_what_was_not_known_and_nothing_else() {
        const BYTES: &[u8] = b"0123456789";
        for known in 0_u32..1 << 10 {
            let is_known = |at: usize| known & (1 << at) != 0;
            let mut content = Content::default();
            for at in 0..10 {
                if is_known(at) {
                    content.push(&BYTES[at..=at]);
                } else {
                    content.skip(1);
                }
            }
            for start in 0..10 {
                for end in start..=12 {
                    let mut filled = content.clone();
                    let mut more = BYTES.to_vec();
                    more.extend(b"..");
                    filled.fill(Offset(start as u64), &more[start..end]);
                    assert_eq!(filled.end(), Offset(10));
                    for (at, byte) in BYTES.iter().enumerate() {
                        let is_known = is_known(at) || (start..end).contains(&at);
                        let expected = is_known.then_some(*byte);
                        assert_eq!(filled.get(Offset(at as u64)), expected);
                    }
                    let pieces = &filled.pieces;
                    assert!(pieces.windows(2).all(|two| two[0].end() < two[1].start));
                    assert!(pieces.iter().all(|piece| !piece.bytes.is_empty()));
                }
            }
        }
    }
}
