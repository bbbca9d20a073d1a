//! What a program prints as is, and whether something else that it printed fits.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::template::Template;
use crate::torn;

/// Most lines with masks that are looked for among lines in another order, as each is compared
/// with each: of more of them only the number counts.
const MOST_UNSURE: usize = 256;

/// What a program prints as is.
#[derive(Clone, Debug)]
pub(crate) struct Printed {
    /// What the first run printed.
    first: Vec<u8>,
    template: Template,
    /// Whether the order of its lines is chance.
    is_unordered: bool,
    /// Whether several threads write them, so that lines may be written into each other.
    are_writers: bool,
    /// Whether they were in a run as is: then it is chance, whoever writes.
    was_torn: bool,
}

/// How a text has the lines that another one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrangement {
    /// In another order.
    Lines,
    /// Written into each other, as by two threads.
    Torn,
}

/// The first line that does not fit, and the one as is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) expected: Option<String>,
    pub(crate) found: Option<String>,
    /// Whether all that differs is the order.
    pub(crate) is_order: bool,
}

impl Printed {
    /// Of one run; `is_unordered` if the order of its lines is chance. Where there `are_writers`,
    /// several threads, it may be that they are written into each other, too.
    pub(crate) fn new(text: Vec<u8>, is_unordered: bool, are_writers: bool) -> Self {
        Self {
            template: Template::new(&text),
            first: text,
            is_unordered,
            are_writers,
            was_torn: false,
        }
    }

    /// What all runs have in common.
    pub(crate) const fn template(&self) -> &Template {
        &self.template
    }

    /// Whether the order of its lines is chance, as far as is known.
    pub(crate) const fn is_unordered(&self) -> bool {
        self.is_unordered
    }

    /// It printed something else this time, which is right as well.
    pub(crate) fn learn(&mut self, text: &[u8]) {
        if self.template.fits(text) {
            return;
        }
        if let Some(arrangement) = self.arrangement(text) {
            self.is_unordered = true;
            self.was_torn |= arrangement == Arrangement::Torn;
            return;
        }
        let arranged = self.arranged(text).filter(|_| self.is_unordered);
        self.template.learn(arranged.as_deref().unwrap_or(text));
    }

    /// The lines of a text in the order of those that are known, as far as they are among them;
    /// none if hardly any is, or there are more or fewer.
    fn arranged(&self, text: &[u8]) -> Option<Vec<u8>> {
        let expected = self.template.lines();
        let mut free: Vec<_> = lines(text).collect();
        if free.len() != expected.len() || free.len() > MOST_UNSURE {
            return None;
        }
        let mut places: Vec<Option<&[u8]>> = vec![None; expected.len()];
        for (place, template) in places.iter_mut().zip(&expected) {
            let found = free.iter().position(|line| template.fits(line));
            *place = found.map(|at| free.remove(at));
        }
        if free.len() * 2 > expected.len() {
            return None;
        }
        let mut free = free.into_iter();
        let all = places
            .into_iter()
            .map(|place| place.or_else(|| free.next()));
        Some(all.flatten().flatten().copied().collect())
    }

    /// In what a text does not fit; none if it does. In the run that printed it there
    /// `are_writers` or one thread alone, which cannot be interrupted by another.
    pub(crate) fn misfit(&self, text: &[u8], are_writers: bool) -> Option<Misfit> {
        if self.template.fits(text) {
            return None;
        }
        let arrangement = self.arrangement(text);
        let is_chance = match arrangement {
            Some(Arrangement::Lines) => self.is_unordered,
            Some(Arrangement::Torn) => self.was_torn || self.are_writers && are_writers,
            None => false,
        };
        if is_chance {
            return None;
        }
        let expected = self.template.lines();
        let found: Vec<_> = lines(text).collect();
        let first = expected
            .iter()
            .zip(&found)
            .position(|(template, line)| !template.fits(line));
        let first = first.unwrap_or(expected.len().min(found.len()));
        Some(Misfit {
            expected: lines(&self.first).nth(first).map(shown),
            found: found.get(first).map(|line| shown(line)),
            is_order: arrangement.is_some(),
        })
    }

    /// How a text has the lines that are known, where it does.
    fn arrangement(&self, text: &[u8]) -> Option<Arrangement> {
        if self.has_same_lines(text) {
            return Some(Arrangement::Lines);
        }
        let is_torn = self.template.masked() == 0 && torn::is_torn(&self.first, text);
        is_torn.then_some(Arrangement::Torn)
    }

    fn has_same_lines(&self, text: &[u8]) -> bool {
        let expected = self.template.lines();
        // Those that can be nowhere else first.
        let mut sure: HashMap<&[u8], usize> = HashMap::new();
        let mut unsure = Vec::new();
        for line in &expected {
            match line.bytes() {
                Some(bytes) => *sure.entry(bytes).or_default() += 1,
                None => unsure.push(line),
            }
        }
        let mut left = Vec::new();
        for line in lines(text) {
            match sure.get_mut(line) {
                Some(count) if *count > 0 => *count -= 1,
                _ => left.push(line),
            }
        }
        if left.len() != unsure.len() || sure.into_values().any(|count| count > 0) {
            return false;
        }
        if unsure.len() > MOST_UNSURE {
            return true;
        }
        // One that says more fits fewer lines.
        unsure.sort_by_key(|line| Reverse(line.same()));
        unsure.into_iter().all(|line| {
            let found = left.iter().position(|bytes| line.fits(bytes));
            found.map(|at| left.remove(at)).is_some()
        })
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// A line without its end, as text.
fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(texts: &[&str]) -> Printed {
        let mut printed = Printed::new(texts[0].into(), false, false);
        for text in &texts[1..] {
            printed.learn(text.as_bytes());
        }
        printed
    }

    /// Whether it fits, and if not whether the order alone differs.
    fn check(texts: &[&str], text: &str, expected: Option<bool>) {
        let misfit = learned(texts).misfit(text.as_bytes(), true);
        assert_eq!(misfit.map(|misfit| misfit.is_order), expected, "{text}");
    }

    #[test]
    fn another_order_alone_is_told_from_other_lines() {
        check(&["a\nb\nb\n"], "a\nb\nb\n", None);
        check(&["a\nb\nb\n"], "b\na\nb\n", Some(true));
        check(&["a\nb\nb\n"], "b\na\na\n", Some(false));
        check(&["a\nb\nb\n"], "b\na\n", Some(false));
        // Written into each other.
        check(&["a\nb\n"], "ab\n\n", Some(true));
    }

    #[test]
    fn an_order_that_varies_as_is_does_not_count_whatever_it_is() {
        let varies = ["a\nb\nc\n", "b\na\nc\n"];
        check(&varies, "c\nb\na\n", None);
        check(&varies, "cb\na\n\n", Some(true));
        check(&varies, "c\nb\n", Some(false));
        check(&varies, "c\nb\nx\n", Some(false));
        assert_eq!(learned(&varies).template().masked(), 0);
    }

    #[test]
    fn lines_in_any_order_are_compared_with_those_that_they_are_like() {
        let mut printed = Printed::new(b"port 1\nhello\nyou\n".to_vec(), true, false);
        printed.learn(b"you\nhello\nport 2\n");
        assert_eq!(printed.template().masked(), 1, "{printed:?}");
        assert_eq!(printed.misfit(b"hello\nport 77\nyou\n", true), None);
        assert!(printed.misfit(b"hello\nport 77\nme\n", true).is_some());
    }

    #[test]
    fn lines_of_which_a_part_varies_may_be_elsewhere() {
        let ports = ["port 1\nhello\nyou\n", "port 2\nhello\nyou\n"];
        check(&ports, "you\nport 77\nhello\n", Some(true));
        let varies = [ports[0], ports[1], "hello\nport 3\nyou\n"];
        check(&varies, "you\nport 77\nhello\n", None);
        check(&varies, "you\nport x\nhello\n", Some(false));
    }

    #[test]
    fn lines_written_into_each_other_are_told_from_lines_framed_wrongly() {
        let as_is = "got hello\ngot bye\n";
        let framed_wrongly = b"got hellob\ngot ye\n";
        let torn = b"got hegot bye\nllo\n";
        // Several threads have to print as is, and in the run itself.
        for (as_is_are, are, expected) in [
            (false, true, Some(true)),
            (true, false, Some(true)),
            (true, true, None),
        ] {
            let printed = Printed::new(as_is.into(), true, as_is_are);
            let misfit = printed.misfit(framed_wrongly, are);
            assert_eq!(misfit.map(|misfit| misfit.is_order), Some(false));
            let misfit = printed.misfit(torn, are);
            assert_eq!(misfit.map(|misfit| misfit.is_order), expected);
        }
        // A run as is was torn.
        check(
            &[as_is, "got hegot bye\nllo\n"],
            "ggot bye\not hello\n",
            None,
        );
        // Other numbers have the same digits.
        let mut printed = learned(&["port 12\nx\n", "port 21\nx\n"]);
        assert!(!printed.is_unordered());
        printed.learn(b"port 33\nx\n");
        assert_eq!(printed.misfit(b"port 44\nx\n", true), None);
    }

    #[test]
    fn of_lines_that_fit_several_the_ones_that_say_most_choose_first() {
        let texts = ["a 1\nb 1 x\n", "a 2\nb x y\n"];
        for text in ["b 7\na 7\n", "a 7\nb 7\n"] {
            let misfit = learned(&texts).misfit(text.as_bytes(), true);
            assert!(misfit.is_some(), "{text}");
        }
        let printed = {
            let mut printed = Printed::new(b"1\nn 1\n".into(), true, false);
            printed.learn(b"n 5\nn 2\n");
            printed
        };
        assert_eq!(printed.template().masked(), 2, "{printed:?}");
        for text in ["n 8\nn 9\n", "n x\nn 9\n"] {
            let fits = printed.template().fits(text.as_bytes());
            let misfit = printed.misfit(text.as_bytes(), true);
            assert_eq!(misfit.is_none(), fits, "{text}");
        }
    }

    #[test]
    fn of_very_many_lines_that_vary_the_number_counts() {
        let text = |number: usize| -> String {
            let lines = (0..=MOST_UNSURE).map(|line| format!("{line}: {}\n", number + line));
            lines.chain(["end\n".to_owned()]).collect()
        };
        let reversed = |text: String| -> String { text.split_inclusive('\n').rev().collect() };
        let mut printed = Printed::new(text(1_000).into(), true, false);
        printed.learn(text(5_000).as_bytes());
        assert!(printed.template().masked() > MOST_UNSURE);
        let other_order = reversed(text(7_000));
        assert_eq!(printed.misfit(other_order.as_bytes(), true), None);
        let other = text(7_000).replace("end", "bad");
        assert!(printed.misfit(other.as_bytes(), true).is_some());
    }
}
