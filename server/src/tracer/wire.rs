//! The packets of the programs under trace: a thread that captures them on the interfaces
//! that they go through, from before the first SYN until after the last FIN.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use capture::Packets;
use kernel::{CaptureError, PortFilter, Watched};
use protocol::Nanos;
use record::{Call, Capture, ConnectionId, Ending, Event, Head, Reason, Record};

use crate::emulator::{Reader, Watch};
use crate::filter::Limits;
use crate::news::{News, Telling};
use crate::sides::WaitingLink;
use crate::wall_clock::WallClock;

/// How often the ring is read. A packet wakes no thread: that would disturb the programs
/// that are watched.
const SCAN: Duration = Duration::from_millis(2);
/// How long the last packets are waited for once the programs are gone.
const PATIENCE: Duration = Duration::from_millis(100);

/// A capture that has begun: packets wait in the kernel until it is followed.
#[derive(Debug)]
pub enum Begun {
    /// On all interfaces, of ports and peers that the programs name.
    Interfaces(kernel::Capture, PortFilter),
    /// All packets of a link.
    Link(WaitingLink),
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
    Ok(Begun::Interfaces(capture, ports))
}

/// A capture that is being followed.
#[derive(Debug)]
pub(super) struct Wire {
    /// None on a link.
    ports: Option<PortFilter>,
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
        let (mut source, ports) = match begun {
            Begun::Interfaces(capture, ports) => (Source::Ring(capture), Some(ports)),
            Begun::Link(link) => (Source::Link(link.watch(started)?), None),
        };
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
        };
        let thread = thread::Builder::new()
            .name("trace-wire".to_owned())
            .spawn(move || {
                let followed = reading.follow(&mut source, &end);
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
        if let Some(ports) = &mut self.ports {
            let _ = ports.add(watched);
        }
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

/// Where packets are seen.
#[derive(Debug)]
enum Source {
    Ring(kernel::Capture),
    Link(Watch),
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
}

impl Reading {
    /// Looks for packets until the programs are gone and all that they sent are seen.
    fn follow(&mut self, source: &mut Source, end: &Receiver<Infallible>) -> io::Result<()> {
        while end.recv_timeout(SCAN) == Err(RecvTimeoutError::Timeout) {
            self.scan(source)?;
        }
        let patience = match source {
            Source::Ring(_) => PATIENCE,
            Source::Link(watch) => watch.patience(PATIENCE),
        };
        let deadline = Instant::now() + patience;
        loop {
            self.scan(source)?;
            let is_late = Instant::now() >= deadline;
            match source {
                Source::Ring(capture) => {
                    let statistics = capture.statistics()?;
                    let to_see = statistics.passed.saturating_sub(statistics.dropped);
                    if self.seen >= to_see || is_late {
                        self.missed += statistics.dropped + to_see.saturating_sub(self.seen);
                        return Ok(());
                    }
                }
                Source::Link(watch) => {
                    if is_late || watch.is_empty() && self.packets.are_over() {
                        self.missed += watch.finish(self)?;
                        return Ok(());
                    }
                }
            }
            thread::sleep(SCAN / 2);
        }
    }

    fn scan(&mut self, source: &mut Source) -> io::Result<()> {
        self.clock.follow();
        match source {
            Source::Ring(capture) => capture.take(|frame| self.take(frame)),
            Source::Link(watch) => watch.take(self),
        }
    }

    fn take(&mut self, frame: kernel::Frame<'_>) {
        self.seen += 1;
        if frame.bytes.len() < frame.length {
            self.missed += 1;
            return;
        }
        let at = self.clock.at(frame.at);
        match self.packets.handle(at, frame.interface, frame.bytes) {
            Ok(Some(mut event)) => {
                if let Some(header) = &mut event.header {
                    header.gso = frame.gso;
                }
                self.keep_within(event, frame.bytes.len());
            }
            Ok(None) => {}
            Err(_) => self.missed += 1,
        }
    }

    /// Keeps a packet, if there is room. The first one for which there is none says so.
    fn keep_within(&mut self, mut event: Event, bytes: usize) {
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

impl Reader for Reading {
    fn read(&mut self, at: Nanos, frame: &[u8]) -> Option<Event> {
        /// The link sees each packet once.
        const LINK: u32 = 0;
        self.seen += 1;
        let read = self.packets.handle(at, LINK, frame);
        self.missed += u64::from(read.is_err());
        read.ok().flatten()
    }

    fn keep(&mut self, event: Event) {
        let headers = event.header.as_ref().map_or(0, |header| header.raw.len());
        let bytes = headers + event.bytes.len();
        self.keep_within(event, bytes);
    }
}
