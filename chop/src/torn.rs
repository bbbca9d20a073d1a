//! Whether lines were written into each other, as by two threads.

use std::collections::{HashMap, HashSet};

/// Most lines that are taken apart, and most bytes of them.
const MOST_LINES: usize = 16;
const MOST_BYTES: usize = 4_096;
/// Most ways to have taken them that are followed at a time.
const MOST_WAYS: usize = 256;

/// Whether a text is the lines of another one, written into each other: each line's bytes stand
/// in it in their order. Of more than can be taken apart only the bytes count.
pub(crate) fn is_torn(expected: &[u8], text: &[u8]) -> bool {
    if sorted(expected) != sorted(text) {
        return false;
    }
    // Most are whole.
    let mut whole: HashMap<&[u8], isize> = HashMap::new();
    for line in lines(expected) {
        *whole.entry(line).or_default() += 1;
    }
    let mut rest = Vec::new();
    for line in lines(text) {
        match whole.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => rest.extend_from_slice(line),
        }
    }
    let mut torn = Vec::new();
    for line in lines(expected) {
        if let Some(count) = whole.get_mut(line).filter(|count| **count > 0) {
            *count -= 1;
            torn.push(line);
        }
    }
    if torn.len() > MOST_LINES || rest.len() > MOST_BYTES {
        return true;
    }
    // What is left of each line: all ways to have taken the bytes so far.
    torn.sort_unstable();
    let mut ways = HashSet::from([torn]);
    for byte in rest {
        let mut next = HashSet::new();
        for way in &ways {
            for (index, line) in way.iter().enumerate() {
                if line.first() == Some(&byte) {
                    let mut way = way.clone();
                    way[index] = &line[1..];
                    // The same, whichever of two equal ones was taken.
                    way.sort_unstable();
                    next.insert(way);
                }
            }
        }
        if next.len() > MOST_WAYS {
            return true;
        }
        ways = next;
    }
    !ways.is_empty()
}

fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.sort_unstable();
    bytes
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_there_in_its_order() {
        for (text, expected) in [
            ("got hello\ngot bye\nx\n", true),
            ("got hegot bye\nllo\nx\n", true),
            ("got hello\nx\ngot bye\n", true),
            ("ggoott  hbeylel\no\nx\n", true),
            // Framed wrongly.
            ("got hellob\ngot ye\nx\n", false),
            ("got bye\ngot hellox\n", false),
            ("got ehllo\ngot bye\nx\n", false),
        ] {
            let is = is_torn(b"got hello\ngot bye\nx\n", text.as_bytes());
            assert_eq!(is, expected, "{text}");
        }
    }

    #[test]
    fn of_more_than_can_be_taken_apart_only_the_bytes_count() {
        let lines: String = (10..40)
            .flat_map(|line| [line.to_string(), "\n".to_owned()])
            .collect();
        let torn: String = lines.chars().rev().collect();
        assert!(is_torn(lines.as_bytes(), torn.as_bytes()));
        assert!(!is_torn(lines.as_bytes(), &torn.as_bytes()[1..]));
    }
}
