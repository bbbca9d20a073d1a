//! From events to lanes: which bytes each call carried, what the reader's
//! framing makes of them, and whether that is what the sender meant.
//!
//! Events come nearly by time: a late one belongs a few places before the
//! last. A stream's lanes go on from where they were; for what came late they
//! go back to a checkpoint before it. Datagrams are matched anew, all of the
//! trace's, whenever one of their connections has news.

mod datagrams;
mod stream;

use record::Transport;

use self::stream::Stream;
use crate::lane::{Direction, Lane};
use crate::{Call, Connection, ConnectionId, End, Event, Trace};

/// Everything that is derived from a trace, once for all its steps.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Both directions of each connection, those without any send, recv or
    /// packet with payload left out. By connection, then by direction.
    pub lanes: Vec<Lane>,
    /// What the lanes go on from, by connection.
    connections: Vec<Progress>,
    /// How many events were handled.
    handled: usize,
    /// An event named a connection that was not known.
    has_strays: bool,
    /// What the trace said of its end.
    end: Knowledge,
}

/// What becomes known only when a run is over.
type Knowledge = (bool, Option<u32>, Option<u32>);

impl PartialEq for Analysis {
    fn eq(&self, other: &Self) -> bool {
        self.lanes == other.lanes
    }
}

impl Eq for Analysis {}

/// How far the analysis of a connection is.
#[derive(Clone, Debug)]
struct Progress {
    connection: ConnectionId,
    transport: Transport,
    /// Whether the calls of the opener, and of the acceptor, were watched.
    watched: [bool; 2],
    /// Its events that matter here, ascending.
    events: Vec<usize>,
    /// None for datagrams.
    stream: Option<Box<Stream>>,
    /// Its lanes are being changed.
    has_news: bool,
}

impl Analysis {
    /// Derives all lanes of `trace`.
    pub fn new(trace: &Trace) -> Self {
        let mut this = Self::default();
        this.update(trace, 0);
        this
    }

    /// Derives what has changed since the last time: events were inserted at
    /// `from` or behind (the lowest index that [`Trace::insert`] gave), and
    /// parties, connections or the end may have been added. The result is the
    /// same as that of [`Analysis::new`].
    pub fn update(&mut self, trace: &Trace, from: usize) {
        let mut from = from.min(self.handled);
        if self.meet(trace, from) && self.has_strays {
            // Its events may be among those that were passed over.
            from = 0;
            self.has_strays = false;
        }
        for progress in &mut self.connections {
            progress.go_back(trace, from, &mut self.lanes);
        }
        for (index, event) in trace.events().iter().enumerate().skip(from) {
            match self.find(event.connection) {
                Ok(at) => self.connections[at].handle(trace, index, event, &mut self.lanes),
                Err(_) => self.has_strays = true,
            }
        }
        self.handled = trace.events().len();
        let end = (trace.ending().is_some(), trace.missed, trace.dropped);
        let datagrams = |progress: &&Progress| progress.stream.is_none();
        let mut news = self.connections.iter().filter(datagrams);
        if news.any(|progress| progress.has_news || end != self.end) {
            self.match_datagrams(trace);
        }
        self.end = end;
        for progress in &mut self.connections {
            progress.settle(trace, &mut self.lanes);
        }
    }

    /// Takes over the connections that `trace` has by now; tells whether one
    /// is new. Events in front of `from` are where they were.
    fn meet(&mut self, trace: &Trace, from: usize) -> bool {
        let mut is_new = false;
        for connection in &trace.connections {
            match self.find(connection.connection) {
                Ok(at) if self.connections[at].is_of(connection) => {}
                Ok(at) => {
                    let mut known = std::mem::take(&mut self.connections[at].events);
                    known.retain(|&index| index < from);
                    self.connections[at] = Progress::new(trace, connection);
                    self.connections[at].take_over(trace, known, &mut self.lanes);
                }
                Err(at) => {
                    let progress = Progress::new(trace, connection);
                    self.connections.insert(at, progress);
                    is_new = true;
                }
            }
        }
        is_new
    }

    fn match_datagrams(&mut self, trace: &Trace) {
        let connections = self.connections.iter();
        let datagrams = connections.filter(|progress| progress.stream.is_none());
        let events = datagrams.filter_map(|progress| {
            let connection = trace.connection(progress.connection)?;
            Some((connection, &progress.events[..]))
        });
        let found = datagrams::lanes(trace, events);
        for lane in found {
            put(&mut self.lanes, lane);
        }
        for progress in &mut self.connections {
            progress.has_news &= progress.stream.is_some();
        }
    }

    fn find(&self, connection: ConnectionId) -> Result<usize, usize> {
        self.connections
            .binary_search_by_key(&connection, |progress| progress.connection)
    }

    /// The lane of one direction of a connection.
    pub fn lane(&self, connection: ConnectionId, direction: Direction) -> Option<&Lane> {
        let found = find(&self.lanes, connection, direction);
        found.ok().map(|at| &self.lanes[at])
    }

    /// The lane that `event` moved bytes on; none for those that move none.
    pub fn lane_of(&self, event: &Event) -> Option<&Lane> {
        self.lane(event.connection, direction(event)?)
    }
}

impl Progress {
    fn new(trace: &Trace, connection: &Connection) -> Self {
        let id = connection.connection;
        let is_stream = connection.transport != Transport::Udp;
        Self {
            connection: id,
            transport: connection.transport,
            watched: watched(connection),
            events: Vec::new(),
            stream: is_stream.then(|| Box::new(Stream::new(trace, id))),
            has_news: false,
        }
    }

    /// Whether what the analysis has read of `connection` is still so.
    fn is_of(&self, connection: &Connection) -> bool {
        self.transport == connection.transport && self.watched == watched(connection)
    }

    /// Goes through the `events` that an earlier state has gone through.
    fn take_over(&mut self, trace: &Trace, events: Vec<usize>, lanes: &mut [Lane]) {
        for direction in [Direction::FromOpener, Direction::FromAcceptor] {
            drop(take(lanes, self.connection, direction));
        }
        for index in events {
            if let Some(event) = trace.events().get(index) {
                self.handle(trace, index, event, lanes);
            }
        }
        self.has_news = true;
    }

    /// Forgets the events from `from` on.
    fn go_back(&mut self, trace: &Trace, from: usize, lanes: &mut [Lane]) {
        let kept = self.events.partition_point(|&index| index < from);
        if kept < self.events.len() {
            self.open(lanes);
            self.events.truncate(kept);
            if let Some(stream) = &mut self.stream {
                stream.go_back(trace, &self.events);
            }
        }
    }

    fn handle(&mut self, trace: &Trace, index: usize, event: &Event, lanes: &mut [Lane]) {
        // A reader whose connection is gone gets no more of it, as at its end.
        let is_told = event.error.is_none() || event.is_broken();
        let moves = is_told && direction(event).is_some();
        // Where a reader is not watched, its sender's call tells where the stream ends.
        let ends = is_told && matches!(event.call, Call::Shutdown | Call::Close);
        if moves || ends && self.stream.is_some() || event.call == Call::Refuse {
            self.open(lanes);
            self.events.push(index);
            if let Some(stream) = &mut self.stream {
                stream.handle_last(trace, &self.events);
            }
        }
    }

    /// Takes the lanes out of `lanes`, to change them.
    fn open(&mut self, lanes: &mut [Lane]) {
        if let (false, Some(stream)) = (self.has_news, &mut self.stream) {
            for lane in stream.lanes() {
                if let Some(known) = take(lanes, lane.connection, lane.direction) {
                    *lane = known;
                }
            }
            stream.open();
        }
        self.has_news = true;
    }

    /// All events were handled: puts the lanes back.
    fn settle(&mut self, trace: &Trace, lanes: &mut Vec<Lane>) {
        if let (true, Some(stream)) = (self.has_news, &mut self.stream) {
            stream.settle(trace);
            for lane in stream.lanes() {
                let empty = Lane::new(lane.connection, lane.direction);
                put(lanes, std::mem::replace(lane, empty));
            }
            self.has_news = false;
        }
    }
}

fn watched(connection: &Connection) -> [bool; 2] {
    [End::Opener, End::Acceptor].map(|end| connection.end(end).observed.calls)
}

fn find(lanes: &[Lane], connection: ConnectionId, direction: Direction) -> Result<usize, usize> {
    lanes.binary_search_by_key(&(connection, direction), |lane| {
        (lane.connection, lane.direction)
    })
}

/// Leaves an empty lane behind.
fn take(lanes: &mut [Lane], connection: ConnectionId, direction: Direction) -> Option<Lane> {
    let at = find(lanes, connection, direction).ok()?;
    let empty = Lane::new(connection, direction);
    Some(std::mem::replace(&mut lanes[at], empty))
}

/// Puts a lane where it belongs; one without anything in it has no place.
fn put(lanes: &mut Vec<Lane>, lane: Lane) {
    let is_empty = lane.sends.is_empty() && lane.recvs.is_empty() && lane.wire.is_empty();
    match find(lanes, lane.connection, lane.direction) {
        Ok(at) if is_empty => drop(lanes.remove(at)),
        Ok(at) => lanes[at] = lane,
        Err(_) if is_empty => {}
        Err(at) => lanes.insert(at, lane),
    }
}

/// Which way the bytes of a call or a packet went.
pub fn direction(event: &Event) -> Option<Direction> {
    event.sender().map(Direction::from)
}
