//! The part of the address behind `#`: which lesson, which knobs, which step.
//! `lesson=five-sends&step=15&buffer=5`; values percent-encoded as in a query.

use trace::knob::Knob;
use trace::{Experiment, Lesson};

/// A place on the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Id of the lesson.
    pub lesson: String,
    /// The step to go to, if one was named.
    pub step: Option<Stop>,
    /// Knobs and their values; names that are no knob are left out.
    pub knobs: Vec<(Knob, String)>,
}

/// A step as an address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// So many events have happened.
    Step(usize),
    /// `last`: all have.
    Last,
}

impl Place {
    /// Reads what stands behind `#`, with or without it. Invalid fields are ignored.
    pub fn parse(hash: &str) -> Self {
        let mut place = Self::default();
        for field in hash.trim_start_matches('#').split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let value = decode(value);
            match name {
                "lesson" => place.lesson = value,
                "step" if value == "last" => place.step = Some(Stop::Last),
                "step" => place.step = value.parse().ok().map(Stop::Step),
                name => place
                    .knobs
                    .extend(name.parse().ok().map(|knob| (knob, value))),
            }
        }
        // What one knob resets comes before it, as Knob::ALL has it; clients
        // before the second client's own.
        let mut knobs = std::mem::take(&mut place.knobs);
        for known in Knob::ALL {
            let of_this = knobs.extract_if(.., |(knob, _)| *knob == known);
            place.knobs.extend(of_this);
        }
        place
    }

    /// Turns the knobs of `experiment`; the ones that refuse stay as they are.
    pub fn apply(&self, experiment: &mut Experiment) {
        for (knob, value) in &self.knobs {
            // Invalid values in an address are ignored.
            let _ = knob.set(experiment, value);
        }
    }
}

/// Writes the place: the lesson, the step and the knobs that differ from the lesson's.
pub fn write(lesson: &Lesson, experiment: &Experiment, step: Option<usize>) -> String {
    let mut hash = String::from("lesson=");
    encode(&mut hash, &lesson.id);
    if let Some(step) = step {
        hash += "&step=";
        hash += &step.to_string();
    }
    // Knobs act on each other: compare with what the ones before have made.
    let mut reached = lesson.experiment.clone();
    for knob in Knob::ALL {
        let value = knob.get(experiment);
        if value != knob.get(&reached) && knob.set(&mut reached, &value).is_ok() {
            hash.push('&');
            hash += knob.name();
            hash.push('=');
            encode(&mut hash, &value);
        }
    }
    hash
}

/// Letters, digits and `-_.~` stay; every other byte becomes `%XX`.
fn encode(into: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(DIGITS[usize::from(byte >> 4)]));
            into.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| {
            let [high, low] = [digits[0], digits[1]].map(|digit| char::from(digit).to_digit(16));
            u8::try_from(high? << 4 | low?).ok()
        });
        let (byte, behind) = match (byte, digits) {
            (b'%', Some(decoded)) => (decoded, &behind[2..]),
            (b'+', _) => (b' ', behind),
            _ => (byte, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use proptest::prelude::*;

    #[test]
    fn a_place_is_read() {
        let place =
            Place::parse("#lesson=five-sends&step=15&messages=a%0A%E7%B2%98&nonsense=1&buffer=5");
        assert_eq!(place.lesson, "five-sends");
        assert_eq!(place.step, Some(Stop::Step(15)));
        let knobs = vec![
            (Knob::Buffer, "5".to_owned()),
            (Knob::Messages, "a\n粘".to_owned()),
        ];
        assert_eq!(place.knobs, knobs);
        assert_eq!(Place::parse("step=last").step, Some(Stop::Last));
        assert_eq!(Place::parse("step=-1").step, None);
        assert_eq!(Place::parse("%zz&%&=&lesson=%e").lesson, "%e");
    }

    fn check(knobs: &[(Knob, &str)], expected: &str) {
        let lesson = sample::lesson("five-sends", protocol::System::TcpEcho, &["hello", "abc"]);
        let mut experiment = lesson.experiment.clone();
        for (knob, value) in knobs {
            knob.set(&mut experiment, value).unwrap();
        }
        let hash = write(&lesson, &experiment, Some(3));
        assert_eq!(hash, expected);
        let mut read = lesson.experiment.clone();
        Place::parse(&hash).apply(&mut read);
        for knob in Knob::ALL {
            assert_eq!(knob.get(&read), knob.get(&experiment), "{knob} of {hash}");
        }
    }

    #[test]
    fn only_what_differs_is_written_and_comes_back() {
        check(&[], "lesson=five-sends&step=3");
        check(&[(Knob::Buffer, "5")], "lesson=five-sends&step=3&buffer=5");
        check(
            &[
                (Knob::System, "auth"),
                (Knob::Clients, "2"),
                (Knob::Key2, "x & y"),
            ],
            "lesson=five-sends&step=3&system=auth&clients=2&key2=x%20%26%20y",
        );
        check(
            &[(Knob::Messages, "a\n\n粘")],
            "lesson=five-sends&step=3&messages=a%0A%0A%E7%B2%98",
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in ".*") {
            let mut encoded = String::new();
            encode(&mut encoded, &text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded), text);
        }

        #[test]
        fn any_hash_is_read(hash in ".*") {
            let _ = Place::parse(&hash);
        }
    }
}
