//! In which order places are tried, and a source of numbers that a seed decides.

/// The numbers from 0 to `count`, in an order in which those tried so far are spread evenly
/// however many that are: bits reversed.
pub(crate) fn spread(count: usize) -> impl Iterator<Item = usize> {
    let bits = usize::BITS - count.saturating_sub(1).leading_zeros();
    let all = 0..1_usize << bits;
    let reversed = move |number: usize| match bits {
        0 => 0,
        bits => number.reverse_bits() >> (usize::BITS - bits),
    };
    all.map(reversed).filter(move |number| *number < count)
}

/// Numbers that look random and depend on the seed alone (SplitMix64, Steele, Lea and Flood,
/// 2014).
#[derive(Clone, Debug)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// The next one.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next one below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_once_and_early_ones_are_far_apart() {
        for count in 0..70 {
            let mut all: Vec<_> = spread(count).collect();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
        let first: Vec<_> = spread(8).collect();
        assert_eq!(first, [0, 4, 2, 6, 1, 5, 3, 7]);
    }

    #[test]
    fn a_seed_gives_the_same_numbers() {
        let mut numbers = Numbers(0);
        // The published first outputs for the seed 0.
        assert_eq!(numbers.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(numbers.next(), 0x6e78_9e6a_a1b9_65f4);
        assert!((0..100).all(|_| numbers.below(3) < 3));
    }
}
