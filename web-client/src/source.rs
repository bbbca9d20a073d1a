//! Many connections, of which one is on the stage at a time: those of a capture file, or of
//! a record, which may still grow.

use capture::{Choice, Refused};
use record::{Close, Connection, ConnectionId, End, Head, Party, Record, Summary};
use trace::link::{Ending, LessonFile};
use trace::{Event, Setup, Trace, TraceError};

mod arrange;
mod count;

pub use arrange::{Order, arrange};

/// Most events of a file: what the page draws fluently.
pub const MAX_EVENTS: usize = 100_000;

/// Why a file can't be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// More than [`MAX_BYTES`](crate::file::MAX_BYTES).
    TooLarge,
    /// The browser could not read it.
    Unreadable,
    /// What is in it is no trace, or one with more than [`MAX_EVENTS`].
    Trace(TraceError),
    /// A capture or a record without a connection.
    NoConnection,
    /// A connection of a capture with more packets than [`MAX_EVENTS`].
    Packets,
    /// A lesson file of more than [`MAX_LESSON_SENT`](trace::link::MAX_LESSON_SENT) bytes.
    LessonSize,
    /// A lesson file that is no UTF-8.
    NoText,
    /// A lesson file while the gateway, which reads it, is not there.
    Offline,
    /// A lesson file that is none, and why, as the gateway says it.
    Lesson(Box<LessonFile>),
}

/// What tells a connection from others of the same programs: the opener's port, or where that
/// is not known, its number.
pub fn mark(connection: &Connection) -> String {
    let address = connection.opener.address.as_deref();
    let port = address.and_then(|address| address.rsplit_once(':'));
    let port = port.filter(|(_, port)| port.parse::<u16>().is_ok());
    match port {
        Some((_, port)) => [":", port].concat(),
        None => ["#", &connection.connection.0.to_string()].concat(),
    }
}

/// Messages that are not what was sent, as the rows of messages count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Of several sends.
    pub glued: usize,
    /// Parts of a send.
    pub split: usize,
}

/// A connection of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub connection: Connection,
    /// What was observed of it, counted.
    pub summary: Summary,
    /// What became of its messages, where both ends were watched and it was counted.
    pub changed: Option<Changed>,
    /// Whether the framing that was given or chosen fails on it: its decoder gave up, or went
    /// on behind what it could not decode.
    pub fails: bool,
    /// Those of a record, in the order of their times; of a capture once all were read.
    events: Vec<Event>,
    /// How many of them had been there when it was counted.
    counted: usize,
    /// How it is framed, if that was said of it alone.
    setup: Option<Setup>,
}

impl Listed {
    fn new(connection: Connection, summary: Summary) -> Self {
        Self {
            connection,
            summary,
            changed: None,
            fails: false,
            events: Vec::new(),
            counted: 0,
            setup: None,
        }
    }

    /// Whether its boundaries can be compared.
    fn is_watched(&self) -> bool {
        End::ALL.map(|end| self.connection.end(end).observed.calls) == [true, true]
    }

    /// How it ended.
    pub fn close(&self) -> Close {
        self.summary.close()
    }
}

/// A capture file or a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called: the name of its file.
    pub name: String,
    /// Of a capture, the whole file.
    capture: Option<Vec<u8>>,
    head: Head,
    parties: Vec<Party>,
    /// What was said of all connections.
    setup: Setup,
    /// What was said last of one of those to an address.
    said: Vec<(String, Setup)>,
    /// Whether the events are all those that are counted: of a capture they are read once a
    /// framing is known.
    is_read: bool,
    /// By number.
    connections: Vec<Listed>,
    /// The one on the stage, if there is one.
    shown: Option<ConnectionId>,
    /// Events so far.
    events: usize,
    /// Whether there were more than the page takes.
    is_full: bool,
    ending: Option<Ending>,
    missed: Option<u32>,
    dropped: Option<u32>,
}

impl Source {
    /// A record that begins.
    pub fn begin(head: Head, setup: Setup) -> Self {
        Self {
            name: String::new(),
            capture: None,
            head,
            parties: Vec::new(),
            setup,
            said: Vec::new(),
            is_read: true,
            connections: Vec::new(),
            shown: None,
            events: 0,
            is_full: false,
            ending: None,
            missed: None,
            dropped: None,
        }
    }

    /// A record that is complete; the connection with the most bytes is shown.
    pub fn of(trace: &Trace) -> Self {
        let mut this = Self::begin(trace.head.clone(), trace.setup.clone());
        this.parties.clone_from(&trace.parties);
        for connection in &trace.connections {
            this.add_connection(connection.clone());
        }
        for event in trace.events() {
            this.add_event(event.clone());
        }
        this.end(trace.ending(), trace.missed, trace.dropped);
        this.shown = this.largest();
        this
    }

    /// A capture file; the connection with the most bytes is shown.
    pub fn of_capture(content: Vec<u8>) -> Result<Self, FileError> {
        let listed = capture::list(&content).map_err(|_| FileError::NoConnection)?;
        let record = listed.record;
        let mut this = Self::begin(record.head.clone(), Setup::default());
        this.parties.clone_from(&record.parties);
        let all = listed.connections.into_iter();
        this.connections = all
            .map(|(connection, summary)| Listed::new(connection, summary))
            .collect();
        this.end(record.ending(), record.missed, record.dropped);
        this.shown = Some(this.largest().ok_or(FileError::NoConnection)?);
        this.capture = Some(content);
        this.is_read = false;
        Ok(this)
    }

    /// Of those with equally many bytes the first.
    fn largest(&self) -> Option<ConnectionId> {
        let sum = |listed: &Listed| {
            let [sent, answered] = listed.summary.bytes;
            sent.saturating_add(answered)
        };
        let all = self.connections.iter().rev();
        let largest = all.max_by_key(|listed| sum(listed));
        largest.map(|listed| listed.connection.connection)
    }

    /// All connections, by number.
    pub fn connections(&self) -> &[Listed] {
        &self.connections
    }

    /// The connection on the stage.
    pub const fn shown(&self) -> Option<ConnectionId> {
        self.shown
    }

    /// Who makes calls.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Events of all connections that were taken.
    pub const fn events(&self) -> usize {
        self.events
    }

    /// Packets that were captured, of all connections.
    pub fn packets(&self) -> usize {
        let all = self.connections.iter();
        all.map(|listed| listed.summary.packets[0] + listed.summary.packets[1])
            .sum()
    }

    /// Whether it is a capture, of which each connection is read when it is shown.
    pub const fn is_capture(&self) -> bool {
        self.capture.is_some()
    }

    /// Which of a proxy's pairs of connections this one belongs to, from 1, and the end of
    /// it at which the proxy is: it accepts a connection, and the next one is its own to the
    /// server.
    pub fn pair(&self, connection: ConnectionId) -> Option<(usize, End)> {
        let at = self.find(connection).ok()?;
        let is_first = |at: usize| {
            let [one, other] = self.connections.get(at..at + 2)? else {
                return None;
            };
            let [one, other] = [&one.connection, &other.connection];
            let party = one.acceptor.party?;
            let is_next = other.connection.0.checked_sub(1) == Some(one.connection.0);
            let is_proxy = self.parties.iter().any(|p| p.party == party && p.proxy);
            (is_next && is_proxy && other.opener.party == Some(party)).then_some(at)
        };
        let (first, end) = match is_first(at) {
            Some(first) => (first, End::Acceptor),
            None => (is_first(at.checked_sub(1)?)?, End::Opener),
        };
        Some((
            self.connections[..=first]
                .iter()
                .filter(|listed| {
                    let id = listed.connection.connection;
                    self.find(id).ok().and_then(is_first).is_some()
                })
                .count(),
            end,
        ))
    }

    /// Whether more may come.
    pub const fn is_live(&self) -> bool {
        self.ending.is_none()
    }

    /// Whether events were left out because there were more than the page takes.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    fn find(&self, connection: ConnectionId) -> Result<usize, usize> {
        let all = &self.connections;
        all.binary_search_by_key(&connection, |listed| listed.connection.connection)
    }

    /// The connection with this number.
    pub fn connection(&self, connection: ConnectionId) -> Option<&Listed> {
        self.find(connection).ok().map(|at| &self.connections[at])
    }

    /// What an end is called: its party, or else its address.
    pub fn end_name<'a>(&'a self, connection: &'a Connection, end: End) -> Option<&'a str> {
        let end = connection.end(end);
        let party = end.party.and_then(|party| {
            let found = self.parties.binary_search_by_key(&party, |p| p.party);
            found.ok().map(|at| &*self.parties[at].name)
        });
        party.or(end.address.as_deref())
    }

    /// A party is known, or more of it.
    pub fn add_party(&mut self, party: Party) {
        let found = self.parties.binary_search_by_key(&party.party, |p| p.party);
        match found {
            Ok(at) => self.parties[at] = party,
            Err(at) if self.parties.len() < record::MAX_PARTIES => self.parties.insert(at, party),
            Err(_) => {}
        }
    }

    /// A connection is known, or more of it.
    pub fn add_connection(&mut self, connection: Connection) {
        match self.find(connection.connection) {
            Ok(at) => self.connections[at].connection = connection,
            Err(at) if self.connections.len() < record::MAX_CONNECTIONS => {
                let listed = Listed::new(connection, Summary::default());
                self.connections.insert(at, listed);
            }
            Err(_) => {}
        }
    }

    /// Something happened on a connection that is known. Whether it was taken.
    pub fn add_event(&mut self, event: Event) -> bool {
        let Ok(at) = self.find(event.connection) else {
            return false;
        };
        if self.events >= MAX_EVENTS {
            self.is_full = true;
            return false;
        }
        self.events += 1;
        let listed = &mut self.connections[at];
        listed.summary.see(&event);
        let later = listed.events.iter().rev();
        let later = later.take_while(|other| other.at > event.at).count();
        listed.events.insert(listed.events.len() - later, event);
        true
    }

    /// Nothing more comes.
    pub fn end(&mut self, why: Option<Ending>, missed: Option<u32>, dropped: Option<u32>) {
        (self.ending, self.missed, self.dropped) = (why, missed, dropped);
    }

    /// The record of one connection, which is shown from now on.
    pub fn show(&mut self, connection: ConnectionId) -> Result<Trace, FileError> {
        let trace = self.trace_of(connection)?;
        self.shown = Some(connection);
        Ok(trace)
    }

    /// The record of one connection.
    pub fn trace_of(&self, connection: ConnectionId) -> Result<Trace, FileError> {
        let Some(listed) = self.connection(connection) else {
            return Err(FileError::NoConnection);
        };
        let setup = self.setup_of(listed).clone();
        let record = match &self.capture {
            Some(content) => match capture::read(content, Choice::One(connection), MAX_EVENTS) {
                Ok(contents) => contents.record,
                Err(Refused::Events { .. }) => return Err(FileError::Packets),
                Err(Refused::NoCapture) => return Err(FileError::NoConnection),
            },
            None => self.part(listed, self.parties.clone()),
        };
        Ok(Trace::of_record(record, setup))
    }

    /// The connections to what this one was connected to, itself among them: they speak one
    /// protocol. One whose address is not known is alone.
    pub fn alike(&self, connection: ConnectionId) -> Vec<ConnectionId> {
        let address = |listed: &Listed| listed.connection.acceptor.address.clone();
        let own = self.connection(connection).and_then(address);
        let alike = self.connections.iter().filter(|listed| {
            let is_own = listed.connection.connection == connection;
            is_own || own.is_some() && address(listed) == own
        });
        alike.map(|listed| listed.connection.connection).collect()
    }

    /// The record of several connections together. Of a capture it has what is looked at for a
    /// guess ([`trace::guess::REACH`]), in about as many packets as the page takes; the first
    /// connection's in any case.
    pub fn together(&self, connections: &[ConnectionId]) -> Option<Trace> {
        if let Some(content) = &self.capture {
            let reach = trace::guess::REACH as u64;
            let record = capture::fronts(content, connections, reach, MAX_EVENTS).ok()?;
            return Some(Trace::of_record(record, self.setup.clone()));
        }
        let mut record = Record::new(self.head.clone());
        record.parties.clone_from(&self.parties);
        for listed in connections.iter().filter_map(|id| self.connection(*id)) {
            record.add_connection(listed.connection.clone());
            record.extend(listed.events.clone());
        }
        Some(Trace::of_record(record, self.setup.clone()))
    }

    /// What was recorded of one connection.
    fn part(&self, listed: &Listed, parties: Vec<Party>) -> Record {
        let mut record = Record::new(self.head.clone());
        record.parties = parties;
        record.add_connection(listed.connection.clone());
        record.extend(listed.events.clone());
        if let Some(why) = self.ending {
            record.end(why, self.missed, self.dropped);
        }
        record
    }

    /// When the first and the last event of all connections were, in nanoseconds.
    pub fn span(&self) -> (u64, u64) {
        let begins = self.connections.iter();
        let begins = begins.filter_map(|listed| listed.summary.first.map(|first| first.0));
        let ends = self.connections.iter().map(|listed| listed.summary.last.0);
        (begins.min().unwrap_or(0), ends.max().unwrap_or(0))
    }
}
