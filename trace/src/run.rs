//! A run's trace: what was observed, in the order of its times.

use serde::Deserialize;

use crate::link::{Capture, Ending, Line, VERSION};
use crate::{Actor, Call, ClientId, Event, Experiment, ExperimentError, Reason};

/// The largest offset a trace may hold: no run comes near it, and sums of
/// offsets and lengths stay far from the end of 64 bits.
pub const MAX_OFFSET: u64 = 1 << 48;

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
    /// Nothing but blank lines.
    #[error("it is empty: a trace begins with its \"run\" line")]
    Empty,
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
    /// What the `run` line names is nothing that could be run.
    #[error("line {line} has no experiment that can be run: {error}")]
    Experiment {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: ExperimentError,
    },
    /// An event of a client that the experiment has not.
    #[error("line {line} is an event of client {client}, and the experiment has none")]
    Client {
        /// Counted from 1.
        line: usize,
        /// Which client.
        client: ClientId,
    },
    /// An event beyond [`MAX_OFFSET`].
    #[error("line {line}: {offset} is no offset, the largest is {MAX_OFFSET}")]
    Offset {
        /// Counted from 1.
        line: usize,
        /// The event's offset, or the one it acknowledges.
        offset: u64,
    },
    /// A decision without a reason, or a reason where nothing was decided.
    #[error("line {line}: {call} has {}", reason_found(*.reason))]
    Reason {
        /// Counted from 1.
        line: usize,
        /// What the event is.
        call: Call,
        /// The reason it has.
        reason: Option<Reason>,
    },
    /// The `ended` line counts other events than there are.
    #[error(
        "line {line}: the trace says {said} events and has {found}: lines {}",
        if said > found { "are missing" } else { "were added" }
    )]
    Count {
        /// The `ended` line, counted from 1.
        line: usize,
        /// How many events it says.
        said: usize,
        /// How many there are.
        found: usize,
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
    ///
    /// A byte order mark in front and white space behind are no part of it;
    /// if nothing else is there, it is empty. Then, line by line, the first
    /// that breaks a rule is refused:
    ///
    /// 1. Until the `run` line was read: a version above [`VERSION`] is
    ///    refused before anything else is looked at.
    /// 2. Each line is a JSON object of a known type; a blank line is none.
    /// 3. The first line is the `run` line, there is no second one; behind it
    ///    come events, then one `ended` line, and nothing behind that.
    /// 4. The experiment can be run ([`Experiment::validate`]).
    /// 5. An event's client, and its actor if that is a client, is one of the
    ///    experiment's.
    /// 6. An event's offset, and then the one its header acknowledges, are at
    ///    most [`MAX_OFFSET`].
    /// 7. A decision has a reason that fits it; no other event has one.
    /// 8. The `ended` line's count is that of the events in front of it.
    ///
    /// At the end, an `ended` line was there. Events may come in any order;
    /// those of the same time stay in theirs.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
        if text.is_empty() {
            return Err(TraceError::Empty);
        }
        let mut trace: Option<Self> = None;
        let mut line = 0;
        for (index, json) in text.lines().enumerate() {
            line = index + 1;
            if let (None, Some(found)) = (&trace, later_version(json)) {
                return Err(TraceError::Version { found });
            }
            let parsed = Line::parse(json).map_err(|error| TraceError::Line { line, error })?;
            match (parsed, &mut trace) {
                (
                    Line::Run {
                        kernel,
                        experiment,
                        capture,
                        ..
                    },
                    None,
                ) => {
                    let valid = experiment.validate();
                    valid.map_err(|error| TraceError::Experiment { line, error })?;
                    trace = Some(Self::new(experiment, kernel, capture));
                }
                // Sorted once at the end: a file may have them in any order.
                (Line::Event(event), Some(trace)) if trace.ending.is_none() => {
                    check(&event, line, &trace.experiment)?;
                    trace.events.push(event);
                }
                (
                    Line::Ended {
                        events,
                        why,
                        missed,
                        dropped,
                    },
                    Some(trace),
                ) if trace.ending.is_none() => {
                    let (said, found) = (events as usize, trace.events.len());
                    if said != found {
                        return Err(TraceError::Count { line, said, found });
                    }
                    trace.end(why, missed, dropped);
                }
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

/// What a file's event may not be.
fn check(event: &Event, line: usize, experiment: &Experiment) -> Result<(), TraceError> {
    let caller = match event.actor {
        Actor::Client1 => ClientId::One,
        Actor::Client2 => ClientId::Two,
        Actor::Server => event.client,
    };
    for client in [event.client, caller] {
        if experiment.client(client).is_none() {
            return Err(TraceError::Client { line, client });
        }
    }
    let ack = event.header.as_ref().map_or(0, |header| header.ack.0);
    let beyond = [event.offset.0, ack].into_iter();
    match beyond.into_iter().find(|&offset| offset > MAX_OFFSET) {
        Some(offset) => Err(TraceError::Offset { line, offset }),
        None if !event.has_fitting_reason() => Err(TraceError::Reason {
            line,
            call: event.call,
            reason: event.reason,
        }),
        None => Ok(()),
    }
}

fn reason_found(reason: Option<Reason>) -> String {
    match reason {
        Some(reason) => format!("\"{reason}\" for a reason, which is none of its"),
        None => "no reason, and needs one".to_owned(),
    }
}

/// The version in a `run` line that may be unreadable because it is from a
/// later one.
fn later_version(json: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Run {
        version: u32,
    }
    let mut json = serde_json::Deserializer::from_str(json);
    let run: Run = crate::object::one(&mut json).ok()?;
    json.end().ok()?;
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
        for empty in ["", "\n", "\u{feff}", "\u{feff} \r\n\n"] {
            check_refused(empty, "it is empty");
        }
        check_refused("{}", "line 1 is no line");
        check_refused(&good.replace("\"version\":4", "\"version\":5"), "version 5");
        let later = good.replace("\"version\":4", "\"version\":6,\"experiment\":7");
        check_refused(&later, "version 6");
        let (first, rest) = good.split_once('\n').unwrap();
        check_refused(rest, "line 1: a trace has one \"run\" line");
        check_refused(&format!("{good}{first}"), "line 7");
        check_refused(first, "breaks off after line 1");
        check_refused(&good[..good.len() - 4], "line 6 is no line");
        check_refused(&good.replacen('\n', "\n\n", 1), "line 2 is no line");
    }

    #[test]
    fn a_list_of_fields_is_no_object() {
        let good = text(&trace());
        let of = |is: &str, by: &str| {
            assert!(good.contains(is), "{is}");
            good.replacen(is, by, 1)
        };
        let event = "\"offset\":3";
        for field in ["\"socket\":[]", "\"header\":[0]"] {
            check_refused(&of(event, field), "line 2 is no line");
        }
        check_refused(&of(event, "\"socket\":{\"counts\":[1,2,3,4,5]}"), "line 2");
        let framing = "\"framing\":[\"none\"],\"clients\":";
        check_refused(&of("\"clients\":", framing), "line 1 is no line");
        check_refused("[9]", "line 1 is no line");
    }

    #[test]
    fn damaged_files_say_what_is_missing() {
        let good = text(&trace());
        let without: Vec<_> = good.lines().enumerate().filter(|(n, _)| *n != 2).collect();
        let without: Vec<_> = without.into_iter().map(|(_, line)| line).collect();
        check_refused(
            &without.join("\n"),
            "line 5: the trace says 4 events and has 3: lines are missing",
        );
        let event = good.lines().nth(1).unwrap();
        let more = good.replacen(event, &format!("{event}\n{event}"), 1);
        check_refused(
            &more,
            "line 7: the trace says 4 events and has 5: lines were added",
        );
        check_refused(
            &good.replacen("\"client\":1", "\"client\":2", 1),
            "line 2 is an event of client 2",
        );
        check_refused(
            &good.replacen("\"actor\":\"client1\"", "\"actor\":\"client2\"", 1),
            "line 2 is an event of client 2",
        );
        let far = u64::MAX.to_string();
        check_refused(
            &good.replacen("\"offset\":3", &format!("\"offset\":{far}"), 1),
            "line 2: 18446744073709551615 is no offset",
        );
        let ack = |ack: u64| {
            let header = format!("\"offset\":3,\"header\":{{\"ack\":{ack}}}");
            good.replacen("\"offset\":3", &header, 1)
        };
        check_refused(&ack(MAX_OFFSET + 1), "line 2: 281474976710657 is no offset");
        let send = "\"call\":\"send\"";
        let reason = |becomes: &str| good.replacen(send, becomes, 1);
        let refuse = "\"call\":\"refuse\"";
        check_refused(
            &reason(refuse),
            "line 2: refuse has no reason, and needs one",
        );
        check_refused(
            &reason(&format!("{refuse},\"reason\":\"packets\"")),
            "line 2: refuse has \"packets\" for a reason, which is none of its",
        );
        check_refused(
            &reason(&format!("{send},\"reason\":\"idle\"")),
            "line 2: send has \"idle\" for a reason, which is none of its",
        );
        check_refused(
            &reason(&format!("{refuse},\"reason\":\"bad-mood\"")),
            "line 2 is no line of a trace: unknown variant `bad-mood`",
        );
        assert!(Trace::parse(&reason(&format!("{refuse},\"reason\":\"idle\""))).is_ok());
        assert!(Trace::parse(&ack(MAX_OFFSET)).is_ok());
        check_refused(
            &good.replacen("\"buffer\":1024", "\"buffer\":0", 1),
            "line 1 has no experiment that can be run",
        );
    }

    #[test]
    fn a_byte_order_mark_and_blank_lines_behind_are_no_part_of_a_trace() {
        let good = text(&trace());
        let windows = format!("\u{feff}{}\r\n \r\n", good.replace('\n', "\r\n"));
        for text in [&windows, &format!("{good}\n\n")] {
            assert_eq!(Trace::parse(text).unwrap(), trace());
        }
    }
}
