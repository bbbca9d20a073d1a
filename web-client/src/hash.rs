//! The part of the address behind `#`: which lesson, which knobs, which step, how
//! the stage looks, and maybe the run itself.
//! `lesson=five-sends&step=15&buffer=5&view=time&zoom=0.25-0.5`; values
//! percent-encoded as in a query.

use std::ops::Range;

use protocol::Offset;
use trace::ConnectionId;
use trace::knob::{Knob, KnobError};
use trace::lane::Direction;
use trace::{Experiment, Lesson};

use crate::scene::{Axis, Target, View, Viewport};

/// A place on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Id of the lesson.
    pub lesson: String,
    /// The step to go to, if one was named.
    pub step: Option<Stop>,
    /// Knobs and their values.
    pub knobs: Vec<(Knob, String)>,
    /// Fields that mean nothing here.
    pub unknown: Vec<String>,
    /// How the stage looks.
    pub look: Look,
    /// A run, as [`packing`](crate::packing) packs it.
    pub run: Option<String>,
    /// The reader's own records in place of a lesson.
    pub is_yours: bool,
}

/// Names the reader's own records.
pub const YOURS: &str = "yours";

/// How the stage looks, and what is selected on it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Look {
    /// The view.
    pub view: View,
    /// What x means in the Time view, if that was chosen.
    pub axis: Option<Axis>,
    /// Which part is shown.
    pub viewport: Viewport,
    /// What is selected.
    pub selection: Option<Target>,
}

/// What of an address could not be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no lesson of this name.
    Lesson(String),
    /// There is no knob of this name.
    Unknown(String),
    /// The knob does not take this value.
    Knob(Knob, String, KnobError),
    /// The step is one of another run: what is shown is a new run.
    NewRun,
    /// The run in it is none, or was cut off.
    Run,
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
                "view" if value == "time" => place.look.view = View::Time,
                "axis" if value == "step" => place.look.axis = Some(Axis::Step),
                "axis" if value == "time" => place.look.axis = Some(Axis::Time),
                "zoom" => place.look.viewport = viewport(&value).unwrap_or_default(),
                "select" => place.look.selection = target(&value),
                "run" => place.run = Some(value),
                YOURS => place.is_yours = true,
                "" | "view" | "axis" => {}
                name => match name.parse() {
                    Ok(knob) => place.knobs.push((knob, value)),
                    Err(_) => place.unknown.push(name.to_owned()),
                },
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

    /// Turns the knobs of `experiment`; the ones that refuse stay as they are, and
    /// are told.
    pub fn apply(&self, experiment: &mut Experiment) -> Vec<Fault> {
        let unknown = self.unknown.iter().cloned().map(Fault::Unknown);
        let mut faults: Vec<_> = unknown.collect();
        for (knob, value) in &self.knobs {
            if let Err(error) = knob.set(experiment, value) {
                faults.push(Fault::Knob(*knob, value.clone(), error));
            }
        }
        faults
    }
}

/// `0.25-0.5`: from a quarter to the half of the whole.
fn viewport(text: &str) -> Option<Viewport> {
    let (start, end) = text.split_once('-')?;
    Viewport::of(share(start)?, share(end)?)
}

/// What [`fraction`] wrote. Reading any floating-point number would add 10 KB to
/// the page.
fn share(text: &str) -> Option<f64> {
    let digits = match text.strip_prefix("0.") {
        Some(digits) => digits,
        None if text == "0" => "0",
        None => return (text == "1").then_some(1.0),
    };
    let is_short = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let millionths: u32 = is_short.then(|| [digits, "000000"].concat()[..6].parse().ok())??;
    Some(f64::from(millionths) / MILLION)
}

/// `event-7`, counted from 0; `to-server-0-17` or `to-client-0-17`: a byte of that
/// connection at that offset.
fn target(text: &str) -> Option<Target> {
    if let Some(index) = text.strip_prefix("event-") {
        return Some(Target::Event(index.parse().ok()?));
    }
    let (direction, rest) = [
        ("to-server-", Direction::FromOpener),
        ("to-client-", Direction::FromAcceptor),
    ]
    .into_iter()
    .find_map(|(name, direction)| Some((direction, text.strip_prefix(name)?)))?;
    let (connection, offset) = rest.split_once('-')?;
    Some(Target::Byte {
        connection: ConnectionId(connection.parse().ok()?),
        direction,
        offset: Offset(offset.parse().ok()?),
    })
}

/// The lesson in an address; empty where it names none.
pub fn lesson(hash: &str) -> String {
    Place::parse(hash).lesson
}

/// Writes the place: the lesson, the step, the knobs that differ from the lesson's,
/// and how the stage looks where that is not as it opens.
pub fn write(lesson: &Lesson, experiment: &Experiment, step: Option<usize>, look: &Look) -> String {
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
    if look.view == View::Time {
        hash += "&view=time";
    }
    match look.axis {
        Some(Axis::Step) => hash += "&axis=step",
        Some(Axis::Time) => hash += "&axis=time",
        None => {}
    }
    if !look.viewport.is_fit() {
        let Range { start, end } = look.viewport.range();
        hash += "&zoom=";
        hash += &fraction(start);
        hash.push('-');
        hash += &fraction(end);
    }
    match look.selection {
        None => {}
        Some(Target::Event(index)) => {
            hash += "&select=event-";
            hash += &index.to_string();
        }
        Some(Target::Byte {
            connection,
            direction,
            offset,
        }) => {
            hash += match direction {
                Direction::FromOpener => "&select=to-server-",
                Direction::FromAcceptor => "&select=to-client-",
            };
            hash += &connection.0.to_string();
            hash.push('-');
            hash += &offset.0.to_string();
        }
    }
    hash
}

/// Parts of the whole that an address tells apart: a page has fewer pixels.
const MILLION: f64 = 1_000_000.0;

/// With six digits behind the point at most.
fn fraction(share: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a million"
    )]
    let millionths = (share * MILLION).round().clamp(0.0, MILLION) as u32;
    if millionths == 1_000_000 {
        return "1".to_owned();
    }
    let digits = (1_000_000 + millionths).to_string();
    ["0.", digits[1..].trim_end_matches('0')].concat()
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
        assert_eq!(place.unknown, ["nonsense"]);
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
        let hash = write(&lesson, &experiment, Some(3), &Look::default());
        assert_eq!(hash, expected);
        let mut read = lesson.experiment.clone();
        assert_eq!(Place::parse(&hash).apply(&mut read), []);
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

    #[test]
    fn what_can_not_be_followed_is_told() {
        let lesson = sample::lesson("five-sends", protocol::System::TcpEcho, &["hello"]);
        let mut experiment = lesson.experiment.clone();
        let faults = Place::parse("#buffer=many&colour=red&gap=5").apply(&mut experiment);
        let [Fault::Unknown(name), Fault::Knob(knob, value, _)] = &faults[..] else {
            panic!("{faults:?}");
        };
        assert_eq!(
            (name.as_str(), *knob, value.as_str()),
            ("colour", Knob::Buffer, "many")
        );
        assert_eq!(Knob::Gap.get(&experiment), "5");
    }

    #[test]
    fn how_the_stage_looks_comes_back() {
        let lesson = sample::lesson("five-sends", protocol::System::TcpEcho, &["hello"]);
        let check = |look: Look, expected: &str| {
            let hash = write(&lesson, &lesson.experiment, None, &look);
            assert_eq!(hash, ["lesson=five-sends", expected].concat());
            assert_eq!(Place::parse(&hash).look, look);
        };
        check(Look::default(), "");
        let look = Look {
            view: View::Time,
            axis: Some(Axis::Step),
            viewport: Viewport::of(0.25, 0.5).unwrap(),
            selection: Some(Target::Event(7)),
        };
        check(look, "&view=time&axis=step&zoom=0.25-0.5&select=event-7");
        for (direction, name) in [
            (Direction::FromOpener, "&select=to-server-1-17"),
            (Direction::FromAcceptor, "&select=to-client-1-17"),
        ] {
            let selection = Some(Target::Byte {
                connection: ConnectionId(1),
                direction,
                offset: Offset(17),
            });
            let look = Look {
                selection,
                ..Look::default()
            };
            check(look, name);
        }
        for nonsense in [
            "zoom=",
            "zoom=1",
            "zoom=0.5-0.2",
            "zoom=NaN-1",
            "select=x",
            "view=x",
        ] {
            assert_eq!(Place::parse(nonsense).look, Look::default(), "{nonsense}");
        }
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
