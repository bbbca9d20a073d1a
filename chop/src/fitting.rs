//! Whether bytes are a sequence of known parts and of others of some kind between them.

use memchr::memmem::Finder;

/// A part of what is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    /// These bytes.
    Same(&'a [u8]),
    /// Any number of bytes of which this is true.
    Some(fn(u8) -> bool),
}

/// Most bytes that are looked at in all; beyond that what is known is the beginning and the end.
const MOST_WORK: usize = 1 << 27;

/// What a search costs besides, in bytes.
const FIND: usize = 64;

/// Whether the whole of `bytes` is these parts, one after the other. Of bytes that it would
/// take too long to look at only the beginning and the end are compared.
pub(crate) fn fits(bytes: &[u8], parts: &[Part<'_>]) -> bool {
    // What is at the ends can stand nowhere else.
    let (mut rest, mut parts) = (bytes, parts);
    if let Some((Part::Same(same), behind)) = parts.split_first() {
        let Some(left) = rest.strip_prefix(*same) else {
            return false;
        };
        (rest, parts) = (left, behind);
    }
    if let Some((Part::Same(same), before)) = parts.split_last() {
        let Some(left) = rest.strip_suffix(*same) else {
            return false;
        };
        (rest, parts) = (left, before);
    }
    between(rest, parts).unwrap_or(true)
}

/// The same; none if it would take too long.
fn between(bytes: &[u8], parts: &[Part<'_>]) -> Option<bool> {
    let mut work = 0;
    // Where a part may begin: ranges, ascending and apart from each other.
    let mut places = vec![[0, 0]];
    for part in parts {
        let mut next: Vec<[usize; 2]> = Vec::new();
        let mut add = |[first, last]: [usize; 2]| match next.last_mut() {
            Some([_, end]) if first <= *end + 1 => *end = last.max(*end),
            _ => next.push([first, last]),
        };
        match part {
            Part::Some(is) => {
                let mut known = 0;
                for [first, last] in places {
                    let from = known.max(last);
                    let run = bytes[from..].iter().take_while(|byte| is(**byte));
                    // What one has gone through need not be gone through for the next.
                    known = if last < known {
                        known
                    } else {
                        from + run.count()
                    };
                    work += known.saturating_sub(from);
                    add([first, known.max(last)]);
                }
            }
            Part::Same(same) => {
                let finder = Finder::new(same);
                for [first, last] in places {
                    let end = (last + same.len()).min(bytes.len());
                    let mut from = first;
                    while from <= last {
                        let found = bytes.get(from..end).and_then(|part| finder.find(part));
                        work += FIND + found.unwrap_or(end.saturating_sub(from));
                        let Some(at) = found else { break };
                        let behind = from + at + same.len();
                        add([behind, behind]);
                        from += at + 1;
                        if work > MOST_WORK {
                            return None;
                        }
                    }
                }
            }
        }
        if next.is_empty() {
            return Some(false);
        }
        if work > MOST_WORK {
            return None;
        }
        places = next;
    }
    let is_end = |[first, last]: &[usize; 2]| (*first..=*last).contains(&bytes.len());
    Some(places.iter().any(is_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: Part<'_> = Part::Some(|byte| byte.is_ascii_digit());
    const ANY: Part<'_> = Part::Some(|_| true);

    #[test]
    fn parts_stand_one_behind_the_other() {
        let same = Part::Same;
        for (bytes, parts, expected) in [
            (&b""[..], &[][..], true),
            (b"x", &[], false),
            (b"ab", &[same(b"a"), same(b"b")], true),
            // The beginning and the end do not overlap.
            (b"aba", &[same(b"ab"), DIGITS, same(b"ba")], false),
            (b"n 17!", &[same(b"n "), DIGITS, same(b"!")], true),
            (b"n 1x!", &[same(b"n "), DIGITS, same(b"!")], false),
            // Not the first place at which it could stand.
            (b"axa5", &[ANY, same(b"a"), DIGITS], true),
            (b"axax", &[ANY, same(b"a"), DIGITS], false),
            (b"aaab1", &[ANY, same(b"aab"), DIGITS], true),
            (
                b"1a2a3",
                &[DIGITS, same(b"a"), DIGITS, same(b"a"), DIGITS],
                true,
            ),
            (
                b"1a2b3",
                &[DIGITS, same(b"a"), DIGITS, same(b"a"), DIGITS],
                false,
            ),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(fits(bytes, parts), expected, "{text} {parts:?}");
        }
    }

    #[test]
    fn what_would_take_too_long_is_compared_at_its_ends() {
        let bytes = vec![b'a'; 1 << 16];
        let parts = vec![[ANY, Part::Same(b"a")]; 5_000];
        let mut parts = parts.concat();
        parts.push(Part::Same(b"a"));
        assert!(fits(&bytes, &parts));
        parts.push(Part::Same(b"b"));
        assert!(!fits(&bytes, &parts));
    }

    proptest::proptest! {
        /// It is what a regular expression says.
        #[test]
        fn it_fits_if_an_expression_matches(
            text in "[ab1]{0,12}",
            parts in proptest::collection::vec("a|b|ab|1|D|A", 0..6),
        ) {
            let mut expression = String::from("^(?s:");
            let list: Vec<_> = parts
                .iter()
                .map(|part| match &part[..] {
                    "D" => {
                        expression += "[0-9]*";
                        DIGITS
                    }
                    "A" => {
                        expression += ".*";
                        ANY
                    }
                    same => {
                        expression += same;
                        Part::Same(same.as_bytes())
                    }
                })
                .collect();
            expression += ")$";
            let expected = regex::Regex::new(&expression).unwrap().is_match(&text);
            assert_eq!(fits(text.as_bytes(), &list), expected);
        }
    }
}
