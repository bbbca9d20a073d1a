//! The fewest of many changes under which something still happens.

/// The fewest of `parts` for which `holds` is still true, found by leaving out halves, quarters
/// and so on (delta debugging). It holds for all of them. `holds` is asked at most `most`
/// times; what is known by then is returned.
pub fn fewest<T: Clone>(parts: &[T], most: usize, mut holds: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut left = parts.to_vec();
    let mut asked = 0;
    let mut pieces = 2;
    while left.len() > 1 {
        let size = left.len().div_ceil(pieces);
        let starts: Vec<usize> = (0..left.len()).step_by(size).collect();
        let piece = |start: usize| start..(start + size).min(left.len());
        // First one piece alone, then all but one.
        let alone = starts.iter().map(|start| left[piece(*start)].to_vec());
        let without = starts.iter().map(|start| {
            let range = piece(*start);
            [&left[..range.start], &left[range.end..]].concat()
        });
        let is_half = starts.len() == 2;
        let mut candidates = alone.chain(without.filter(|_| !is_half));
        let smaller = candidates.find(|candidate| {
            asked += 1;
            asked <= most && holds(candidate)
        });
        let is_alone = smaller.as_ref().is_some_and(|found| found.len() <= size);
        match smaller {
            _ if asked > most => break,
            Some(found) => {
                pieces = if is_alone { 2 } else { (pieces - 1).max(2) };
                left = found;
            }
            None if size == 1 => break,
            None => pieces = (pieces * 2).min(left.len()),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &[u32], of: u32, most_asked: usize) {
        let parts: Vec<_> = (0..of).collect();
        let mut asked = 0;
        let found = fewest(&parts, 10_000, |some| {
            asked += 1;
            wanted.iter().all(|one| some.contains(one))
        });
        assert_eq!(found, wanted);
        assert!(asked <= most_asked, "{asked}");
    }

    #[test]
    fn one_of_many_is_found_by_halves() {
        for wanted in 0..200 {
            check(&[wanted], 200, 20);
        }
    }

    #[test]
    fn several_that_have_to_come_together_are_found() {
        check(&[3, 150], 200, 120);
        check(&[0, 1, 199], 200, 200);
        check(&[7], 8, 10);
        check(&[0], 1, 0);
        check(&[0, 1], 2, 4);
    }

    #[test]
    fn what_is_known_when_it_may_not_ask_any_more_holds() {
        let parts: Vec<_> = (0..100).collect();
        let mut asked = 0;
        let found = fewest(&parts, 3, |some| {
            asked += 1;
            some.contains(&99)
        });
        assert_eq!((found.contains(&99), asked), (true, 3));
    }
}
