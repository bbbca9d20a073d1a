//! The part of the address behind `#`: which lesson, which knobs, which step, how
//! the stage looks, and maybe the run itself.
//! `lesson=five-sends&step=15&buffer=5&view=time&zoom=0.25-0.5`; values
//! percent-encoded as in a query.

use std::ops::Range;

use protocol::Offset;
use trace::ConnectionId;
use trace::knob::{Knob, KnobError, Setting};
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
    pub knobs: Vec<(Setting, String)>,
    /// Fields that mean nothing here.
    pub unknown: Vec<String>,
    /// How the stage looks.
    pub look: Look,
    /// A run, as [`packing`](crate::packing) packs it.
    pub run: Option<String>,
    /// The reader's own records in place of a lesson.
    pub is_yours: bool,
    /// Two connections of a record, the upper one first.
    pub compare: Option<[u32; 2]>,
    /// The Lab in place of a lesson.
    pub is_lab: bool,
}

/// Names the reader's own records.
pub const YOURS: &str = "yours";
/// Names the Lab.
const LAB: &str = "lab";

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
    Knob(Setting, String, KnobError),
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
                "compare" => place.compare = pair(&value),
                YOURS => place.is_yours = true,
                LAB => place.is_lab = true,
                "" | "view" | "axis" => {}
                name => match name.parse() {
                    Ok(setting) => place.knobs.push((setting, value)),
                    Err(_) => place.unknown.push(name.to_owned()),
                },
            }
        }
        // What one knob resets comes before it, as Knob::ALL has it; clients
        // before what is of one client alone.
        let mut knobs = std::mem::take(&mut place.knobs);
        for known in Knob::ALL.map(Setting::from) {
            let of_this = knobs.extract_if(.., |(setting, _)| *setting == known);
            place.knobs.extend(of_this);
        }
        place.knobs.append(&mut knobs);
        place
    }

    /// Turns the knobs of `experiment`; the ones that refuse stay as they are, and
    /// are told.
    pub fn apply(&self, experiment: &mut Experiment) -> Vec<Fault> {
        let unknown = self.unknown.iter().cloned().map(Fault::Unknown);
        let mut faults: Vec<_> = unknown.collect();
        for (setting, value) in &self.knobs {
            if let Err(error) = setting.set(experiment, value) {
                faults.push(Fault::Knob(*setting, value.clone(), error));
            }
        }
        faults
    }
}

/// `1,2`: two connections.
fn pair(text: &str) -> Option<[u32; 2]> {
    let (upper, lower) = text.split_once(',')?;
    Some([upper.parse().ok()?, lower.parse().ok()?])
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

/// The lesson in an address, or the name of the Lab; empty where it names none.
pub fn lesson(hash: &str) -> String {
    let place = Place::parse(hash);
    if place.is_lab {
        LAB.to_owned()
    } else {
        place.lesson
    }
}

/// Writes the place: the lesson, the step, the knobs that differ from the lesson's,
/// and how the stage looks where that is not as it opens.
pub fn write(lesson: &Lesson, experiment: &Experiment, step: Option<usize>, look: &Look) -> String {
    let mut hash = String::from("lesson=");
    encode(&mut hash, &lesson.id);
    write_rest(hash, &lesson.experiment, experiment, step, look)
}

/// Writes the Lab as a place: the step, the knobs that differ from those of `base`, and
/// how the stage looks where that is not as it opens.
pub fn write_lab(
    base: &Experiment,
    experiment: &Experiment,
    step: Option<usize>,
    look: &Look,
) -> String {
    write_rest(LAB.to_owned(), base, experiment, step, look)
}

/// Writes the knobs by which `experiment` differs from `base`, each behind a `&`.
pub fn write_knobs(base: &Experiment, experiment: &Experiment) -> String {
    let mut hash = String::new();
    // Knobs act on each other: compare with what the ones before have made.
    let mut reached = base.clone();
    let mut write = |setting: Setting| {
        let value = setting.get(experiment);
        if value != setting.get(&reached) && setting.set(&mut reached, &value).is_ok() {
            hash.push('&');
            hash += &setting.to_string();
            hash.push('=');
            encode(&mut hash, &value);
        }
    };
    Knob::ALL
        .map(Setting::from)
        .into_iter()
        .for_each(&mut write);
    // Some of them have one value for several clients.
    Setting::all(experiment)
        .filter(|setting| setting.client.is_some())
        .for_each(write);
    hash
}

fn write_rest(
    mut hash: String,
    base: &Experiment,
    experiment: &Experiment,
    step: Option<usize>,
    look: &Look,
) -> String {
    if let Some(step) = step {
        hash += "&step=";
        hash += &step.to_string();
    }
    hash += &write_knobs(base, experiment);
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
pub fn encode(into: &mut String, text: &str) {
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

/// Reads what [`encode`] gave, and a `+` as a space.
pub fn decode(text: &str) -> String {
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
mod tests;
