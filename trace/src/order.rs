//! The one way things are put in order here. Each kind of item that is sorted
//! by itself would cost the page another copy of the algorithm.

/// The items by a number; those of the same number stay as they are.
pub fn sorted<T: Clone>(items: &[T], number: impl Fn(&T) -> u64) -> Vec<T> {
    let keys = items.iter().map(number).enumerate();
    let keys = by_key(keys.map(|(at, key)| (key, at)).collect());
    keys.iter().map(|&(_, at)| items[at].clone()).collect()
}

/// Pairs of a key and a position, by key and then by position.
pub fn by_key(mut keys: Vec<(u64, usize)>) -> Vec<(u64, usize)> {
    keys.sort_unstable();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_keep_their_order() {
        let items = ["b1", "a1", "b2", "a2"];
        let first = |item: &&str| u64::from(item.as_bytes()[0]);
        assert_eq!(sorted(&items, first), ["a1", "a2", "b1", "b2"]);
    }
}
