//! The packets of the programs under trace: a thread that captures them on the interfaces
//! that they go through, from before the first SYN until after the last FIN.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use capture::Packets;
use kernel::{CaptureError, PortFilter, Watched};
use protocol::Nanos;
use record::{Call, Capture, ConnectionId, End, Ending, Event, Head, Reason, Record};

use crate::filter::Limits;
use crate::news::{News, Telling};
use crate::wall_clock::WallClock;

/// How often the ring is read. A packet wakes no thread: that would disturb the programs
/// that are watched.
const SCAN: Duration = Duration::from_millis(2);
/// How long the last packets are waited for once the programs are gone.
const PATIENCE: Duration = Duration::from_millis(100);

/// A capture that has begun: packets wait in the kernel until it is followed.
#[derive(Debug)]
pub struct Begun {
    capture: kernel::Capture,
    ports: PortFilter,
}

/// Begins to capture on all interfaces. No packet passes the filter before a program names
/// a port or a peer. The error says why there are none, and is for people where it is not one of
/// the reasons that a record has words for.
pub fn begin_capture() -> Result<Begun, (Capture, Option<String>)> {
    let begun = kernel::Capture::open_by_port();
    let (capture, ports) = begun.map_err(|error| match error {
        CaptureError::NotPermitted => (Capture::NeedsCapNetRaw, None),
        CaptureError::Unsupported => (Capture::Unsupported, None),
        CaptureError::Failed(what, error) => (Capture::Failed, Some(format!("{what}: {error}"))),
    })?;
    Ok(Begun { capture, ports })
}

/// A capture that is being followed.
#[derive(Debug)]
pub(super) struct Wire {
    ports: PortFilter,
    thread: JoinHandle<Reading>,
    /// Dropped when the programs are gone.
    going_on: Sender<Infallible>,
}

impl Wire {
    /// Follows a capture. Times count from `started`; at most `limits` packets and bytes
    /// are kept.
    pub(super) fn follow(
        begun: Begun,
        started: Instant,
        limits: Limits,
        telling: Telling,
    ) -> io::Result<Self> {
        let (going_on, end) = channel();
        let Begun { mut capture, ports } = begun;
        let mut reading = Reading {
            packets: Packets::default(),
            clock: WallClock::new(started),
            events: Vec::new(),
            left: limits,
            seen: 0,
            missed: 0,
            has_broken_off: false,
            telling,
            told: HashSet::new(),
            interfaces: HashMap::new(),
        };
        let thread = thread::Builder::new()
            .name("trace-wire".to_owned())
            .spawn(move || {
                let followed = reading.follow(&mut capture, &end);
                reading.has_broken_off = followed.is_err();
                reading
            })?;
        Ok(Self {
            ports,
            thread,
            going_on,
        })
    }

    /// Packets from and to this are captured from now on. Where that fails, those of its
    /// connections are absent.
    pub(super) fn watch(&mut self, watched: Watched) {
        let _ = self.ports.add(watched);
    }

    /// The packets, as a record whose times count from the same moment; the programs are
    /// gone. Those behind `end`, where the calls were cut off, are left out. None if the
    /// thread ended badly.
    pub(super) fn finish(self, end: Option<Nanos>) -> Option<Record> {
        drop(self.going_on);
        let mut reading = self.thread.join().ok()?;
        reading
            .events
            .retain(|event| end.is_none_or(|end| event.at <= end));
        Some(reading.record())
    }
}

/// What became of the frames.
#[derive(Debug)]
struct Reading {
    packets: Packets,
    clock: WallClock,
    events: Vec<Event>,
    left: Limits,
    /// Frames that came, and those of them that no event was made of.
    seen: u64,
    missed: u64,
    has_broken_off: bool,
    telling: Telling,
    /// The connections that it told of.
    told: HashSet<ConnectionId>,
    /// The interface that an end's packets are taken from: the first one that they were
    /// seen on. On a bridge, a VLAN or a bond each is seen on others, too.
    interfaces: HashMap<(ConnectionId, End), u32>,
}

impl Reading {
    /// Reads the ring until the programs are gone and all their packets are seen.
    fn follow(
        &mut self,
        capture: &mut kernel::Capture,
        end: &Receiver<Infallible>,
    ) -> io::Result<()> {
        while end.recv_timeout(SCAN) == Err(RecvTimeoutError::Timeout) {
            self.scan(capture)?;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.scan(capture)?;
            let statistics = capture.statistics()?;
            let to_see = statistics.passed.saturating_sub(statistics.dropped);
            if self.seen >= to_see || Instant::now() >= deadline {
                self.missed += statistics.dropped + to_see.saturating_sub(self.seen);
                return Ok(());
            }
            thread::sleep(SCAN / 2);
        }
    }

    fn scan(&mut self, capture: &mut kernel::Capture) -> io::Result<()> {
        self.clock.follow();
        capture.take(|frame| self.take(frame))
    }

    fn take(&mut self, frame: kernel::Frame<'_>) {
        self.seen += 1;
        if frame.bytes.len() < frame.length {
            self.missed += 1;
            return;
        }
        match self.packets.handle(self.clock.at(frame.at), frame.bytes) {
            Ok(Some(event)) if !self.is_first_sight(&event, frame.interface) => {}
            Ok(Some(mut event)) => {
                if let Some(header) = &mut event.header {
                    header.gso = frame.gso;
                }
                self.keep(event, frame.bytes.len());
            }
            Ok(None) => {}
            Err(_) => self.missed += 1,
        }
    }

    /// Whether a packet is seen on the interface where those of its end are.
    fn is_first_sight(&mut self, event: &Event, interface: u32) -> bool {
        let key = (event.connection, event.end);
        *self.interfaces.entry(key).or_insert(interface) == interface
    }

    /// Keeps a packet, if there is room. The first one for which there is none says so.
    fn keep(&mut self, mut event: Event, bytes: usize) {
        let length = event.bytes.len();
        if let Some(snap) = self.left.snap.filter(|snap| length > *snap as usize) {
            event.bytes.truncate(snap as usize);
            event.bytes.shrink_to_fit();
            let header = event.header.get_or_insert_default();
            header.length = u32::try_from(length).ok();
        }
        let bytes = bytes - (length - event.bytes.len());
        if self.left.events > 0 && bytes <= self.left.bytes {
            self.left.events -= 1;
            self.left.bytes -= bytes;
            self.tell(&event);
            self.events.push(event);
            return;
        }
        self.left.events = 0;
        let has_said = self
            .events
            .last()
            .is_some_and(|last| last.call == Call::Cut);
        if !has_said {
            self.events.push(Event {
                reason: Some(Reason::Packets),
                ..Event::new(event.at, event.origin(), Call::Cut)
            });
        }
        self.missed += 1;
    }

    fn tell(&mut self, event: &Event) {
        if self.told.insert(event.connection)
            && let Some(flow) = self.packets.connection(event.connection)
        {
            self.telling.tell(|| News::Flow(flow));
        }
        self.telling.tell(|| News::Packet(event.clone()));
    }

    fn record(self) -> Record {
        let mut record = Record::new(Head::new("", Capture::On));
        for party in self.packets.parties() {
            record.add_party(party);
        }
        for connection in self.packets.connections() {
            record.add_connection(connection);
        }
        record.extend(self.events);
        let missed = u32::try_from(self.missed).unwrap_or(u32::MAX);
        let missed = Some(missed).filter(|_| !self.has_broken_off);
        record.end(Ending::Finished, missed, None);
        record
    }
}
