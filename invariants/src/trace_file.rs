//! Trace files: any text, read by `stickylab show` and by the page.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use trace::{Trace, TraceError};
use web_client::file::{self, FileError};

use crate::analysis;

/// Both readers say the same; what they accept can be written again and shown.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let theirs = file::parse(text);
    let ours = Trace::parse(text);
    // The page bounds what it has no use for as well.
    let refused = match theirs {
        Err(FileError::Line(line)) => text.trim_start_matches('\u{feff}').lines().nth(line - 1),
        _ => None,
    };
    assert!(
        agree(&ours, &theirs) || refused.is_some_and(is_odd),
        "stickylab: {ours:?}\nthe page: {theirs:?}"
    );
    if let Ok(trace) = ours {
        check_written(&trace);
        analysis::check_trace(&trace);
    }
}

/// A trace is written alike by both, and reads as it was.
pub(crate) fn check_written(trace: &Trace) {
    let lines = trace.lines().map(|line| {
        let json = serde_json::to_string(&line).expect("a line is JSON");
        json + "\n"
    });
    let lines: String = lines.collect();
    assert_eq!(file::write(trace), lines.as_bytes());
    if trace.ending().is_some() {
        let read = Trace::parse(&lines).expect("as it was written");
        assert_eq!(read, *trace);
        assert_eq!(file::parse(&lines).as_ref(), Ok(trace));
    }
}

/// The same trace, or the same complaint about the same line.
fn agree(ours: &Result<Trace, TraceError>, theirs: &Result<Trace, FileError>) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(ours), Err(theirs)) => complain_alike(ours, theirs),
        _ => false,
    }
}

/// Names every complaint of the command line: one that is added has to be
/// added here.
fn complain_alike(ours: &TraceError, theirs: &FileError) -> bool {
    let alike = match ours {
        TraceError::Empty => FileError::Empty,
        TraceError::Line { line, .. } => FileError::Line(*line),
        TraceError::Order { line } => FileError::Order(*line),
        TraceError::Version { found } => FileError::Version(*found),
        TraceError::Experiment { error, .. } => FileError::Experiment(error.clone()),
        TraceError::Client { line, client } => FileError::Client(*line, *client),
        TraceError::Offset { line, offset } => FileError::Offset(*line, *offset),
        TraceError::Reason { line, .. } => FileError::Reason(*line),
        TraceError::Count { said, found, .. } => FileError::Count {
            said: *said,
            found: *found,
        },
        TraceError::Truncated { line } => FileError::Truncated(*line),
    };
    alike == *theirs
}

/// Deepest that objects and lists stand in each other, and most fields of an
/// object, that the page reads (`wire/object.rs`).
const DEEPEST: u8 = 8;
const MOST_FIELDS: usize = 64;

/// Whether a line has what the page refuses even in fields that nobody knows:
/// too deep, too many fields, one of them twice, a number beyond any.
fn is_odd(line: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(line);
    Plain(0).deserialize(&mut json).is_err()
}

/// A value with nothing odd in it, so deep in others.
#[derive(Clone, Copy)]
struct Plain(u8);

impl Plain {
    fn below<E: Error>(self) -> Result<Self, E> {
        match self.0 {
            DEEPEST => Err(E::custom("too deep")),
            depth => Ok(Self(depth + 1)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while seq.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let below = self.below()?;
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) || names.len() > MOST_FIELDS {
                return Err(A::Error::custom("twice, or too many"));
            }
            map.next_value_seed(below)?;
        }
        Ok(())
    }
}
