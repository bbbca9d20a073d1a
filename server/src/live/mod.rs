//! A record of a program under trace while it is made, on a thread of its own: its lines
//! for a page, and the calls as text, one a line. The tracer waits for neither.

mod attribution;
mod calls;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use record::{Connection, ConnectionId, Ended, Party, PartyId, Record};
use trace::link::Line;

pub use self::calls::Calls;

use self::attribution::Attribution;
use crate::journal::Journal;
use crate::news::News;

/// How long news is gathered: the tracer does not wake this thread for each call.
const TICK: Duration = Duration::from_millis(5);
/// Most news that is handled at a time.
const BATCH: usize = 4_096;

/// Reads along until the one who records is done.
#[derive(Debug)]
pub struct Live(JoinHandle<Reader>);

impl Live {
    /// Reads `news` and passes it on to the journal and as text, where these are wanted.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn start(
        news: Receiver<News>,
        journal: Option<Arc<Journal>>,
        calls: Option<Calls>,
    ) -> io::Result<Self> {
        let mut reader = Reader {
            journal,
            calls,
            attribution: Attribution::default(),
            parties: HashMap::new(),
            connections: HashMap::new(),
        };
        let thread = thread::Builder::new().name("live".to_owned());
        let thread = thread.spawn(move || {
            reader.follow(&news);
            reader
        })?;
        Ok(Self(thread))
    }

    /// Waits until all news has been passed on, and adds what is known at the end alone.
    /// Who tells news is gone; `record` is what came of it.
    pub fn finish(self, record: &Record) {
        // If the thread has panicked, the page shows what there is.
        if let Ok(mut reader) = self.0.join() {
            reader.finish(record);
        }
    }
}

/// What was passed on so far.
#[derive(Debug)]
struct Reader {
    journal: Option<Arc<Journal>>,
    calls: Option<Calls>,
    attribution: Attribution,
    parties: HashMap<PartyId, Party>,
    connections: HashMap<ConnectionId, Connection>,
}

impl Reader {
    /// Until nobody tells anything any more.
    fn follow(&mut self, news: &Receiver<News>) {
        while let Ok(first) = news.recv() {
            let rest = news.try_iter().take(BATCH);
            let batch: Vec<_> = std::iter::once(first).chain(rest).collect();
            let is_all = batch.len() <= BATCH;
            let mut lines = Vec::new();
            for one in batch {
                lines.extend(self.attribution.handle(one));
            }
            lines.extend(self.attribution.settle());
            self.pass_on(lines);
            if is_all {
                thread::sleep(TICK);
            }
        }
    }

    fn pass_on(&mut self, lines: Vec<Line>) {
        for line in &lines {
            match line {
                Line::Party(party) => drop(self.parties.insert(party.party, party.clone())),
                Line::Connection(connection) => {
                    let known = (connection.connection, connection.clone());
                    self.connections.insert(known.0, known.1);
                }
                _ => {}
            }
        }
        if let Some(calls) = &mut self.calls {
            calls.handle(&lines);
        }
        if let Some(journal) = &self.journal {
            journal.append(lines);
        }
    }

    /// Adds what `record` says otherwise, and has more, and its end.
    fn finish(&mut self, record: &Record) {
        let mut lines = Vec::new();
        let parties = record.parties.iter();
        let parties = parties.filter(|party| self.parties.get(&party.party) != Some(*party));
        lines.extend(parties.cloned().map(Line::Party));
        let connections = record.connections.iter();
        let connections = connections
            .filter(|connection| self.connections.get(&connection.connection) != Some(*connection));
        lines.extend(connections.cloned().map(Line::Connection));
        let events = record.events().iter();
        let events = events.filter(|event| self.attribution.lacks(event));
        lines.extend(events.cloned().map(Line::Event));
        lines.extend(record.ended().map(|ended: Ended| Line::Ended(ended)));
        self.pass_on(lines);
    }
}
