//! A run's trace: what was observed, in the order of its times.

use serde::Deserialize;

use crate::link::{Capture, Ending, Line, VERSION};
use crate::{Event, Experiment};

/// What was observed in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was run.
    pub experiment: Experiment,
    /// Kernel name and release it ran on.
    pub kernel: String,
    /// Whether the wire was watched.
    pub capture: Capture,
    /// Packets the capture lost; none without one, or if it broke off.
    pub missed: Option<u32>,
    /// Datagrams that the server's socket lost to its full buffer, once the
    /// run is over; none for streams.
    pub dropped: Option<u32>,
    events: Vec<Event>,
    ending: Option<Ending>,
}

/// Why lines are no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// A line that is no JSON object of a known type.
    #[error("line {line} is no line of a trace: {error}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// Lines before the `run` line, or a second one.
    #[error("line {line}: a trace has one \"run\" line, and it comes first")]
    Order {
        /// Counted from 1.
        line: usize,
    },
    /// Written by a later version.
    #[error("the trace has version {found}, this program reads up to {VERSION}: update it")]
    Version {
        /// The version found.
        found: u32,
    },
    /// No `ended` line: the file was cut off.
    #[error("the trace breaks off after line {line}: its \"ended\" line is missing")]
    Truncated {
        /// The last line read.
        line: usize,
    },
}

impl Trace {
    /// A run of which nothing has been observed yet.
    pub fn new(experiment: Experiment, kernel: String, capture: Capture) -> Self {
        Self {
            experiment,
            kernel,
            capture,
            missed: None,
            dropped: None,
            events: Vec::new(),
            ending: None,
        }
    }

    /// Puts an event where its time belongs; events of the same time stay in
    /// the order they came.
    pub fn insert(&mut self, event: Event) {
        let later = self.events.iter().rev().take_while(|e| e.at > event.at);
        let index = self.events.len() - later.count();
        self.events.insert(index, event);
    }

    /// The run is over. `missed` and `dropped` as in [`Line::Ended`].
    pub fn end(&mut self, why: Ending, missed: Option<u32>, dropped: Option<u32>) {
        self.ending = Some(why);
        self.missed = missed;
        self.dropped = dropped;
    }

    /// All events by time.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Why the run is over, once it is.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The trace as lines, the events by time.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        let first = Line::Run {
            version: VERSION,
            run: 0,
            kernel: self.kernel.clone(),
            experiment: self.experiment.clone(),
            capture: self.capture,
        };
        let last = self.ending.map(|why| Line::Ended {
            events: u32::try_from(self.events.len()).unwrap_or(u32::MAX),
            why,
            missed: self.missed,
            dropped: self.dropped,
        });
        let events = self.events.iter().cloned().map(Line::Event);
        std::iter::once(first).chain(events).chain(last)
    }

    /// Reads what [`Trace::lines`] gives, one JSON object a line.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let mut trace: Option<Self> = None;
        let mut line = 0;
        for (index, json) in text.lines().enumerate() {
            line = index + 1;
            let parsed = Line::parse(json).map_err(|error| match later_version(json) {
                Some(found) if trace.is_none() => TraceError::Version { found },
                _ => TraceError::Line { line, error },
            })?;
            match (parsed, &mut trace) {
                (Line::Run { version, .. }, None) if version > VERSION => {
                    return Err(TraceError::Version { found: version });
                }
                (
                    Line::Run {
                        kernel,
                        experiment,
                        capture,
                        ..
                    },
                    None,
                ) => trace = Some(Self::new(experiment, kernel, capture)),
                // Sorted once at the end: a file may have them in any order.
                (Line::Event(event), Some(trace)) if trace.ending.is_none() => {
                    trace.events.push(event);
                }
                (
                    Line::Ended {
                        why,
                        missed,
                        dropped,
                        ..
                    },
                    Some(trace),
                ) if trace.ending.is_none() => trace.end(why, missed, dropped),
                _ => return Err(TraceError::Order { line }),
            }
        }
        let mut trace = trace.ok_or(TraceError::Order { line })?;
        trace.events.sort_by_key(|event| event.at);
        match trace.ending {
            Some(_) => Ok(trace),
            None => Err(TraceError::Truncated { line }),
        }
    }
}

/// The version in a `run` line that may be unreadable because it is from a
/// later one.
fn later_version(json: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Run {
        version: u32,
    }
    let run: Run = serde_json::from_str(json).ok()?;
    (run.version > VERSION).then_some(run.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Call, ClientId};
    use protocol::{Nanos, Offset, System};

    fn event(at: u64, offset: u64) -> Event {
        Event {
            offset: Offset(offset),
            asked: 1,
            bytes: vec![b'x'],
            ..Event::new(Nanos(at), Actor::Client1, ClientId::One, Call::Send)
        }
    }

    fn trace() -> Trace {
        let experiment = Experiment::new(System::TcpEcho, &["hi"]);
        let mut trace = Trace::new(experiment, "Linux 6.18".to_owned(), Capture::On);
        for (at, offset) in [(5, 0), (9, 2), (5, 1), (1, 3)] {
            trace.insert(event(at, offset));
        }
        trace.end(Ending::Finished, Some(0), None);
        trace
    }

    fn text(trace: &Trace) -> String {
        let lines = trace
            .lines()
            .map(|l| serde_json::to_string(&l).unwrap() + "\n");
        lines.collect()
    }

    #[test]
    fn events_are_kept_by_time_and_then_by_arrival() {
        let offsets: Vec<_> = trace().events().iter().map(|e| e.offset.0).collect();
        assert_eq!(offsets, [3, 0, 1, 2]);
    }

    #[test]
    fn lines_round_trip() {
        assert_eq!(Trace::parse(&text(&trace())).unwrap(), trace());
    }

    #[test]
    fn lines_in_another_order_are_the_same_trace() {
        let text = text(&trace());
        let mut lines: Vec<_> = text.lines().collect();
        lines.swap(1, 4);
        assert_eq!(Trace::parse(&lines.join("\n")).unwrap(), trace());
    }

    fn check_refused(text: &str, part: &str) {
        let error = Trace::parse(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn broken_files_say_where() {
        let good = text(&trace());
        check_refused("", "comes first");
        check_refused("{}", "line 1 is no line");
        check_refused(&good.replace("\"version\":2", "\"version\":3"), "version 3");
        let later = good.replace("\"version\":2", "\"version\":4,\"experiment\":7");
        check_refused(&later, "version 4");
        let (first, rest) = good.split_once('\n').unwrap();
        check_refused(rest, "line 1: a trace has one \"run\" line");
        check_refused(&format!("{good}{first}"), "line 7");
        check_refused(first, "breaks off after line 1");
        check_refused(&good[..good.len() - 4], "line 6 is no line");
    }
}
