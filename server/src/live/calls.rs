//! The calls and packets of a record as text, one a line, as they come.

use protocol::Nanos;
use record::{Event, Head};
use trace::link::Line;
use trace::text::Sentence;
use trace::{Analysis, Setup, Trace};

use crate::printer::Printer;
use crate::terminal::{self, Screen};

/// Prints lines, and keeps what it needs to say what they mean.
#[derive(Debug)]
pub struct Calls {
    printer: Printer,
    screen: Screen,
    trace: Trace,
    analysis: Analysis,
    /// The latest time that was printed.
    latest: Nanos,
}

impl Calls {
    /// Prints to `printer`, for this screen; `head` and `setup` are those of the record.
    pub fn new(printer: Printer, screen: Screen, head: Head, setup: Setup) -> Self {
        Self {
            printer,
            screen,
            trace: Trace::without_plan(setup, head),
            analysis: Analysis::default(),
            latest: Nanos(0),
        }
    }

    /// Prints the events among some lines, by their times.
    pub(super) fn handle(&mut self, lines: &[Line]) {
        let mut events: Vec<&Event> = Vec::new();
        for line in lines {
            match line {
                Line::Party(party) => self.trace.add_party(party.clone()),
                Line::Connection(connection) => self.trace.add_connection(connection.clone()),
                Line::Event(event) => events.push(event),
                _ => {}
            }
        }
        events.sort_by_key(|event| event.at);
        let inserted = events
            .iter()
            .map(|event| self.trace.insert((*event).clone()));
        let from = inserted.min();
        self.analysis
            .update(&self.trace, from.unwrap_or(usize::MAX));
        let all = self.trace.events();
        // Those of the same time stay in their order, behind those that were there.
        let mut index = from.unwrap_or(all.len());
        for event in events {
            let behind = all.iter().skip(index).position(|known| known == event);
            let Some(found) = behind.map(|behind| index + behind) else {
                continue;
            };
            index = found + 1;
            let line = terminal::call(&self.trace, &self.analysis, found, self.screen);
            let Some(mut line) = line else {
                continue;
            };
            // A packet is read some milliseconds later, a call when it has returned.
            if event.at < self.latest {
                line += "  ";
                line += &self.screen.say(&Sentence::new("terminal.live.late"));
            }
            self.latest = self.latest.max(event.at);
            self.printer.print(&line);
        }
    }
}
