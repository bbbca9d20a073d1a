//! Reads a file, and refuses what breaks a rule.

use std::iter::Enumerate;
use std::str::Lines;

use serde::Deserialize;

use super::{Line, RecordError, Rules, VERSION, earlier};
use crate::{Event, Record};

/// Reads the lines of a file, one JSON object a line: the `run` line in
/// [`new`](Self::new), all others in [`read`](Self::read).
///
/// A byte order mark in front and white space behind are no part of it;
/// if nothing else is there, it is empty. Then, line by line, the first
/// that breaks a rule is refused:
///
/// 1. Until the `run` line was read: a version above [`VERSION`] is
///    refused before anything else is looked at.
/// 2. Each line is a JSON object of a known type; a blank line is none.
/// 3. The first line is the `run` line, there is no second one; behind it
///    come parties, connections and events, then one `ended` line, and nothing
///    behind that.
/// 4. Parties and connections stand in front of their events, each once; those
///    that the reader's `record` has before may be left out. Up to version 4
///    there are none, and an event names a client instead.
/// 5. An event's offset, and then the one its header acknowledges, are at
///    most [`MAX_OFFSET`].
/// 6. A decision has a reason that fits it; no other event has one.
/// 7. Only a call of which fewer bytes were kept than it transferred has a length, and
///    the `run` line says then how many are kept at most.
/// 8. The `ended` line's count is that of the events in front of it.
///
/// At the end, an `ended` line was there. Events may come in any order;
/// those of the same time stay in theirs.
#[derive(Debug)]
pub struct Reader<'a, P> {
    /// What stands of a plan in the `run` line.
    pub plan: P,
    /// What was read. Parties and connections that the plan implies may be
    /// added before the rest is read.
    pub record: Record,
    version: u32,
    lines: Enumerate<Lines<'a>>,
    rules: Rules,
    events: Vec<Event>,
}

impl<'a, P: for<'de> Deserialize<'de>> Reader<'a, P> {
    /// Reads the `run` line of the file with this text.
    pub fn new(text: &'a str) -> Result<Self, RecordError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
        let mut lines = text.lines().enumerate();
        let Some((_, first)) = lines.next() else {
            return Err(RecordError::Empty);
        };
        let version = match version(first) {
            Some(found) if found > VERSION => return Err(RecordError::Version { found }),
            found => found.unwrap_or(VERSION),
        };
        let Line::Run(run) = parse(version, first, 1)? else {
            return Err(RecordError::Order { line: 1 });
        };
        Ok(Self {
            plan: run.plan,
            record: Record::new(run.head),
            version,
            lines,
            rules: Rules::default(),
            events: Vec::new(),
        })
    }

    /// Reads the rest, of at most `most` events.
    pub fn read(self, most: usize) -> Result<(Record, P), RecordError> {
        match self.read_truncated(most)? {
            (record, plan, None) => Ok((record, plan)),
            (.., Some(error)) => Err(error),
        }
    }

    /// Reads the rest of a file that may have been cut off, in a line or behind one: what
    /// stands before that, without an ending, and the error.
    pub fn read_truncated(
        mut self,
        most: usize,
    ) -> Result<(Record, P, Option<RecordError>), RecordError> {
        let mut line = 1;
        let mut truncated = None;
        while let Some((index, json)) = self.lines.next() {
            line = index + 1;
            let parsed = match parse(self.version, json, line) {
                Ok(parsed) => parsed,
                Err(error) => {
                    let is_last = self.lines.next().is_none();
                    if !is_last || self.record.ending().is_some() {
                        return Err(error);
                    }
                    truncated = Some(error);
                    break;
                }
            };
            if self.record.ending().is_some() {
                return Err(RecordError::Order { line });
            }
            self.handle(parsed, line, most)?;
        }
        if self.record.ending().is_none() {
            truncated.get_or_insert(RecordError::Truncated { line });
        }
        self.record.extend(self.events);
        Ok((self.record, self.plan, truncated))
    }

    fn handle(&mut self, parsed: Line<P>, line: usize, most: usize) -> Result<(), RecordError> {
        let mut parsed = parsed;
        if let Line::Event(event) = &mut parsed
            && self.version <= earlier::LAST
        {
            earlier::complete(&mut self.record, event, line)?;
        }
        self.rules.take(&mut self.record, &parsed, line, most)?;
        if let Line::Event(event) = parsed {
            // Sorted once at the end.
            self.events.push(event);
        }
        Ok(())
    }
}

fn parse<P: for<'de> Deserialize<'de>>(
    version: u32,
    json: &str,
    line: usize,
) -> Result<Line<P>, RecordError> {
    let parsed = if version <= earlier::LAST {
        earlier::parse(json)
    } else {
        Line::parse(json)
    };
    parsed.map_err(|error| RecordError::Line {
        line,
        error: error.to_string(),
    })
}

/// The version in a `run` line that may be unreadable because it is from a
/// later one.
fn version(json: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Run {
        version: u32,
    }
    serde_json::from_str::<Run>(json)
        .ok()
        .map(|run| run.version)
}
