//! A record that grows: its lines in the order in which they came, for whoever reads
//! along while it is made, and as a trace when it is complete.

use std::sync::{Mutex, MutexGuard, PoisonError};

use record::Record;
use tokio::sync::watch;
use trace::Trace;
use trace::link::{Head, Line, Plan, Run, VERSION};
use trace::{Event, Setup};

/// The lines of one record, shared by the one who writes and those who read.
#[derive(Debug)]
pub struct Journal {
    head: Head,
    setup: Setup,
    lines: Mutex<Vec<Line>>,
    /// How many there are.
    length: watch::Sender<usize>,
}

impl Journal {
    /// One that has its `run` line. `setup` is what is known of the connections.
    pub fn new(head: Head, setup: Setup) -> Self {
        let first = Line::Run(Run {
            version: VERSION,
            run: 0,
            head: head.clone(),
            plan: Plan {
                setup: setup.clone(),
                ..Plan::default()
            },
        });
        Self {
            head,
            setup,
            lines: Mutex::new(vec![first]),
            length: watch::Sender::new(1),
        }
    }

    /// One of a record that is complete.
    pub fn of(trace: &Trace) -> Self {
        let lines: Vec<_> = trace.lines().collect();
        Self {
            head: trace.head.clone(),
            setup: trace.setup.clone(),
            length: watch::Sender::new(lines.len()),
            lines: Mutex::new(lines),
        }
    }

    /// Adds lines; readers are told once.
    pub fn append(&self, lines: impl IntoIterator<Item = Line>) {
        let mut all = self.lines();
        all.extend(lines);
        self.length.send_replace(all.len());
    }

    /// The lines from this one on, as JSON: at least one, if there is one, and as many
    /// more as `most` bytes have room for.
    pub fn read(&self, from: usize, most: usize) -> Vec<String> {
        let mut taken = 0;
        let mut read = Vec::new();
        let all = self.lines();
        for line in all.iter().skip(from) {
            if taken >= most {
                break;
            }
            let json = line.to_json();
            taken += json.len();
            read.push(json);
        }
        read
    }

    /// Tells how many lines there are, whenever there are more.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }

    /// What was recorded so far.
    pub fn trace(&self) -> Trace {
        let mut record = Record::new(self.head.clone());
        let mut events: Vec<Event> = Vec::new();
        for line in self.lines().iter() {
            match line {
                Line::Party(party) => record.add_party(party.clone()),
                Line::Connection(connection) => record.add_connection(connection.clone()),
                Line::Event(event) => events.push(event.clone()),
                Line::Ended(ended) => record.end(ended.why, ended.missed, ended.dropped),
                _ => {}
            }
        }
        record.extend(events);
        Trace::of_record(record, self.setup.clone())
    }

    /// Whether the last line is that of a record's end.
    pub fn is_complete(&self) -> bool {
        matches!(self.lines().last(), Some(Line::Ended(_)))
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use protocol::Nanos;
    use trace::link::{Ended, Ending};
    use trace::{Call, ClientId, Party, PartyId};

    use super::*;

    fn event(at: u64) -> Line {
        let origin = ClientId::FIRST.opener();
        Line::Event(Event::new(Nanos(at), origin, Call::Connect))
    }

    fn ended(events: u32) -> Line {
        Line::Ended(Ended {
            events,
            why: Ending::Stopped,
            missed: None,
            dropped: None,
        })
    }

    #[test]
    fn readers_go_on_where_they_were_and_are_told_of_more() {
        let journal = Journal::new(Head::default(), Setup::default());
        let mut length = journal.watch();
        assert_eq!(*length.borrow_and_update(), 1);
        journal.append([event(5), event(3)]);
        assert!(length.has_changed().unwrap());
        assert_eq!(*length.borrow_and_update(), 3);
        assert!(journal.read(0, usize::MAX)[0].contains("\"type\":\"run\""));
        let second = journal.read(1, 1);
        assert_eq!(second.len(), 1, "a batch has a bound");
        assert!(second[0].contains("\"at\":5"));
        assert_eq!(journal.read(1, usize::MAX).len(), 2);
        assert!(journal.read(3, usize::MAX).is_empty());
    }

    #[test]
    fn the_trace_has_what_the_lines_say_by_time() {
        let journal = Journal::new(Head::default(), Setup::default());
        let party = Party::new(PartyId(1), "proxy");
        journal.append([Line::Party(party), event(5), event(3), ended(2)]);
        let trace = journal.trace();
        let times: Vec<_> = trace.events().iter().map(|event| event.at.0).collect();
        assert_eq!(times, [3, 5]);
        assert_eq!(trace.ending(), Some(Ending::Stopped));
        assert_eq!(trace.parties.len(), 1);
        let again = Journal::of(&trace);
        assert_eq!(again.trace(), trace);
    }
}
