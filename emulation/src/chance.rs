//! Numbers that look random and follow from a seed: SplitMix64 (Steele, Lea, Flood: "Fast
//! Splittable Pseudorandom Number Generators", 2014), read at any place of its sequence.

/// What a number is drawn for. Each packet has one of each, so that a setting that is
/// changed leaves the other decisions as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Loss,
    Duplicate,
    Reorder,
    Jitter,
}

/// The sequence of one way of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    start: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// That of a seed; `way` is 0 or 1.
    pub(crate) fn new(seed: u64, way: u64) -> Self {
        Self {
            start: mix(seed.wrapping_mul(2).wrapping_add(way).wrapping_mul(STEP)),
        }
    }

    /// The number of a packet, counted from 0, for a question: evenly from all there are.
    pub(crate) fn number(self, packet: u64, question: Question) -> u64 {
        let place = packet.wrapping_mul(4).wrapping_add(question as u64 + 1);
        mix(self.start.wrapping_add(place.wrapping_mul(STEP)))
    }

    /// Evenly from 0 to `end`, without `end` itself, which is not 0.
    pub(crate) fn below(self, end: u64, packet: u64, question: Question) -> u64 {
        let product = u128::from(self.number(packet, question)) * u128::from(end);
        u64::try_from(product >> 64).unwrap_or(0)
    }
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_paper() {
        // With a start of 0: the first outputs of its reference implementation.
        let chance = Chance { start: 0 };
        let numbers = [Question::Loss, Question::Duplicate].map(|q| chance.number(0, q));
        assert_eq!(numbers, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn numbers_are_within_their_bounds_and_even() {
        let chance = Chance::new(7, 1);
        let mut counts = [0_u32; 10];
        for packet in 0..100_000 {
            let number = chance.below(10, packet, Question::Jitter);
            counts[usize::try_from(number).unwrap()] += 1;
        }
        // Three standard deviations of a share of a tenth: 285.
        for count in counts {
            assert!(count.abs_diff(10_000) < 285, "{counts:?}");
        }
    }
}
