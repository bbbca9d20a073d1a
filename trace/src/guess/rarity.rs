//! How likely lengths are among bytes that are none.

#![expect(
    clippy::cast_precision_loss,
    reason = "lengths of settings and fields are exact"
)]

use super::streams::Stream;

/// How unlikely it is that bytes of the streams are a length that leads to a place in them.
/// What is mostly zeros and small numbers has them where a length could be, too.
pub(super) struct Rarity {
    /// The share of bytes that are at most so large.
    at_most: [f64; 256],
}

impl Rarity {
    pub(super) fn of(streams: &[&Stream<'_>]) -> Self {
        // Each value once more than it is there: a few bytes do not tell which are rare.
        let mut counts = [1_u32; 256];
        for byte in streams.iter().flat_map(|stream| stream.bytes) {
            counts[usize::from(*byte)] += 1;
        }
        let all: u32 = counts.iter().sum();
        let mut sum = 0;
        let at_most = counts.map(|count| {
            sum += count;
            f64::from(sum) / f64::from(all)
        });
        Self { at_most }
    }

    /// A number of `width` bytes that is at most `remaining`, in bits: the high bytes are
    /// zero, and the next one small enough.
    pub(super) fn of_number(&self, width: u8, remaining: usize) -> f64 {
        let mut low = 1;
        while low < width && remaining >> (8 * low) > 0 {
            low += 1;
        }
        let zeros = f64::from(width - low) * self.bits(0);
        zeros + self.bits(remaining >> (8 * (low - 1)))
    }

    /// A varint of `length` bytes that is at most `remaining`, in bits: all but the last one
    /// say that another follows.
    pub(super) fn of_varint(&self, length: usize, remaining: usize) -> f64 {
        let others = length.saturating_sub(1);
        let follows = -(1.0 - self.at_most[127]).max(1.0 / 256.0).log2();
        let last = remaining.checked_shr(7 * u32::try_from(others).unwrap_or(u32::MAX));
        others as f64 * follows + self.bits(last.unwrap_or(0).min(127))
    }

    /// A byte that is at most `most`.
    fn bits(&self, most: usize) -> f64 {
        (-self.at_most[most.min(255)].log2()).clamp(0.0, 8.0)
    }
}
