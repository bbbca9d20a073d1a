//! Things in the order of a key. Each type that the standard library sorts costs the page's
//! wasm a sort of its own; here only keys and places are sorted, and of these there is one
//! type.

/// Sorts stably by a key of two numbers.
pub fn sort_by_key<T>(all: &mut Vec<T>, key: impl Fn(&T) -> [u64; 2]) {
    let keys = all.iter().map(key);
    // The place makes each key one of its own, and the order stable.
    let keys = keys
        .zip(0..)
        .map(|([first, second], at)| [first, second, at]);
    let mut keys: Vec<[u64; 3]> = keys.collect();
    if keys.is_sorted() {
        return;
    }
    sort(&mut keys);
    let mut taken: Vec<_> = std::mem::take(all).into_iter().map(Some).collect();
    let sorted = keys.iter().filter_map(|[.., at]| {
        let at = usize::try_from(*at).ok()?;
        taken.get_mut(at)?.take()
    });
    all.extend(sorted);
}

#[inline(never)]
fn sort(keys: &mut [[u64; 3]]) {
    keys.sort_unstable();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_standard_librarys_order(keys in prop::collection::vec((0..6_u64, 0..3_u64), 0..40)) {
            let mut all: Vec<_> = keys.into_iter().zip(0..).collect();
            let mut expected: Vec<((u64, u64), i32)> = all.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut all, |((first, second), _)| [*first, *second]);
            prop_assert_eq!(all, expected);
        }
    }
}
