//! The wire of a run: a thread that captures its packets, from before the
//! first SYN until after the last FIN, and makes events of them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kernel::{CaptureError, Filter};
use protocol::{Nanos, Transport};
use record::{Frames, Unreadable};
use trace::link::Capture;
use trace::{ClientId, Event, Experiment, Reason};

use super::place::Place;
#[cfg(target_os = "linux")]
use crate::emulator::{Reader, Watch};
use crate::net::Recorder;
use crate::priority::Priority;
use crate::wall_clock::WallClock;

/// How often the ring is read. A packet wakes no thread: that would
/// disturb the programs that are watched.
const SCAN: Duration = Duration::from_millis(2);
/// How long the last packets are waited for once all sockets are closed.
const PATIENCE: Duration = Duration::from_millis(100);
/// What of the wire may be kept of one run. What is more is counted as missed,
/// so that packets never end a run; an event says where that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Packets.
    pub(crate) packets: usize,
    /// Bytes of all packets together, headers included.
    pub(crate) bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            packets: 40_000,
            bytes: 16 * 1024 * 1024,
        }
    }
}

/// A capture that has begun: packets wait in the kernel until it is followed.
#[derive(Debug)]
pub(super) struct Begun {
    source: Source,
    frames: Frames,
}

/// Where packets are seen.
#[derive(Debug)]
enum Source {
    /// On the loopback interface.
    Ring(kernel::Capture),
    /// On the link, once it has begun.
    #[cfg(target_os = "linux")]
    Cable(Box<(kernel::Cable, emulation::LinkSettings)>),
    #[cfg(target_os = "linux")]
    Link(Watch),
}

/// A capture that is being followed.
#[derive(Debug)]
pub(super) struct Wire {
    thread: JoinHandle<io::Result<u32>>,
    /// Dropped when the run is over.
    going_on: Sender<Infallible>,
    #[cfg(test)]
    breaker: Breaker,
}

/// Makes a capture break off, once it is set.
#[cfg(test)]
pub(super) type Breaker = std::sync::Arc<std::sync::atomic::AtomicBool>;

/// Begins to capture what goes between the `server` and its `clients`, on
/// loopback; on a link that capture is the link itself. The error is for people.
pub(super) fn begin(
    transport: Transport,
    place: Place,
    experiment: &Experiment,
    (server, clients): (SocketAddr, &[(SocketAddr, ClientId)]),
    prepared: Option<kernel::Prepared>,
) -> Result<Begun, (Capture, Option<String>)> {
    #[cfg(target_os = "linux")]
    if let (Some(cable), Some(link)) = (place.cable, &experiment.link) {
        if let Some(prepared) = prepared {
            // Nobody waits until it is closed, which takes the kernel as long as setting it
            // up. Where there is no thread left it is closed here.
            let _ = thread::Builder::new()
                .name("lab-close".to_owned())
                .spawn(move || drop(prepared));
        }
        return Ok(Begun {
            source: Source::Cable(Box::new((cable, (**link).clone()))),
            frames: frames(server, clients),
        });
    }
    let filter = Filter {
        protocol: match transport {
            Transport::Tcp => kernel::Protocol::Tcp,
            Transport::Udp => kernel::Protocol::Udp,
        },
        server,
        clients: clients.iter().map(|(address, _)| *address).collect(),
    };
    let capture = match prepared {
        Some(prepared) => prepared.open(&filter),
        None => kernel::Capture::open(&filter),
    };
    let capture = capture.map_err(|error| match error {
        CaptureError::NotPermitted => (Capture::NeedsCapNetRaw, None),
        CaptureError::Unsupported => (Capture::Unsupported, None),
        CaptureError::Failed(what, error) => {
            let message = format!("the wire is not captured: {what}: {error}");
            (Capture::Failed, Some(message))
        }
    })?;
    Ok(Begun {
        source: Source::Ring(capture),
        frames: frames(server, clients),
    })
}

fn frames(server: SocketAddr, clients: &[(SocketAddr, ClientId)]) -> Frames {
    let origins = |client: ClientId| [client.opener(), client.acceptor()];
    let flows = clients
        .iter()
        .map(|&(address, client)| (address, origins(client)));
    let flows: Vec<_> = flows.collect();
    Frames::new(server, &flows)
}

impl Begun {
    /// Makes events of the packets.
    pub(super) fn follow(
        self,
        recorder: Recorder,
        budget: Budget,
        priority: Priority,
    ) -> io::Result<Wire> {
        let source = match self.source {
            #[cfg(target_os = "linux")]
            Source::Cable(begun) => {
                let (cable, link) = *begun;
                Source::Link(Watch::start(cable, &link, recorder.started())?)
            }
            begun => begun,
        };
        let (going_on, end) = channel();
        #[cfg(test)]
        let breaker = Breaker::default();
        #[cfg(test)]
        let remote = breaker.clone();
        let thread = thread::Builder::new()
            .name("lab-wire".to_owned())
            .spawn(move || {
                priority.apply();
                let mut follower = Follower {
                    source,
                    #[cfg(test)]
                    breaker,
                    reading: Reading {
                        frames: self.frames,
                        clock: WallClock::new(recorder.started()),
                        recorder,
                        left: budget,
                        seen: 0,
                        missed: 0,
                        cut: false,
                    },
                };
                follower.follow(&end)
            })?;
        Ok(Wire {
            thread,
            going_on,
            #[cfg(test)]
            breaker: remote,
        })
    }
}

impl Wire {
    /// Whether it ended before it was told to.
    pub(super) fn has_broken_off(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the last packets; all sockets of the run are closed. Gives
    /// how many packets were missed. All others have been recorded.
    pub(super) fn finish(self) -> io::Result<u32> {
        drop(self.going_on);
        let ended = |_| Err(io::Error::other("its thread ended badly"));
        self.thread.join().unwrap_or_else(ended)
    }

    /// What makes it break off.
    #[cfg(test)]
    pub(super) fn breaker(&self) -> Breaker {
        self.breaker.clone()
    }
}

/// The thread's own.
struct Follower {
    source: Source,
    #[cfg(test)]
    breaker: Breaker,
    reading: Reading,
}

impl Follower {
    /// Looks at the ring until the run is over, and until all its packets are
    /// seen. Gives how many were missed.
    fn follow(&mut self, end: &Receiver<Infallible>) -> io::Result<u32> {
        while end.recv_timeout(SCAN) == Err(RecvTimeoutError::Timeout) {
            self.scan()?;
        }
        let mut patience = PATIENCE;
        #[cfg(target_os = "linux")]
        if let Source::Link(watch) = &self.source {
            patience = watch.patience(PATIENCE);
        }
        let deadline = Instant::now() + patience;
        loop {
            self.scan()?;
            let capture = match &mut self.source {
                Source::Ring(capture) => capture,
                #[cfg(target_os = "linux")]
                Source::Cable(_) => return Ok(0),
                #[cfg(target_os = "linux")]
                Source::Link(watch) => {
                    let all_seen = watch.is_empty() && self.reading.frames.are_over();
                    if all_seen || Instant::now() >= deadline {
                        let lost = watch.finish(&mut self.reading)?;
                        let missed = self.reading.missed + lost;
                        return Ok(u32::try_from(missed).unwrap_or(u32::MAX));
                    }
                    thread::sleep(SCAN / 2);
                    continue;
                }
            };
            let statistics = capture.statistics()?;
            let to_see = statistics.passed.saturating_sub(statistics.dropped);
            let all_seen = self.reading.seen >= to_see && self.reading.frames.are_over();
            if all_seen || Instant::now() >= deadline {
                let unseen = to_see.saturating_sub(self.reading.seen);
                let missed = self.reading.missed + statistics.dropped + unseen;
                return Ok(u32::try_from(missed).unwrap_or(u32::MAX));
            }
            thread::sleep(SCAN / 2);
        }
    }

    fn scan(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if self.breaker.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(io::Error::other("a test wanted it"));
        }
        self.reading.clock.follow();
        let reading = &mut self.reading;
        match &mut self.source {
            Source::Ring(capture) => capture.take(|frame| reading.take(&frame)),
            #[cfg(target_os = "linux")]
            Source::Cable(_) => Ok(()),
            #[cfg(target_os = "linux")]
            Source::Link(watch) => watch.take(reading),
        }
    }
}

/// What becomes of the frames.
struct Reading {
    frames: Frames,
    clock: WallClock,
    recorder: Recorder,
    left: Budget,
    /// Frames that came.
    seen: u64,
    /// Those of them that no event could be made of.
    missed: u64,
    /// Whether it was said that no more are kept.
    cut: bool,
}

impl Reading {
    fn take(&mut self, frame: &kernel::Frame<'_>) {
        let at = self.clock.at(frame.at);
        if let Some(mut event) = self.event(at, frame.bytes, frame.length) {
            if let Some(header) = &mut event.header {
                header.gso = frame.gso;
            }
            self.record(event);
        }
    }

    fn record(&self, event: Event) {
        self.recorder.record(event);
    }

    /// The event that a frame of `length` bytes is of which `bytes` were captured; none if
    /// it is no packet of this run, or is one too many.
    fn event(&mut self, at: Nanos, bytes: &[u8], length: usize) -> Option<Event> {
        self.seen += 1;
        if self.left.bytes < bytes.len() {
            // A trace without gaps, and then nothing.
            self.left.packets = 0;
        }
        match self.frames.read(at, bytes) {
            Ok(Some(event)) if self.left.packets > 0 && bytes.len() == length => {
                self.left.packets -= 1;
                self.left.bytes -= bytes.len();
                return Some(event);
            }
            Ok(None) => {}
            Ok(Some(event)) if self.left.packets == 0 => {
                self.missed += 1;
                if !std::mem::replace(&mut self.cut, true) {
                    let reason = Reason::Packets;
                    let cut = Event::new(event.at, event.origin(), reason.call());
                    let reason = Some(reason);
                    self.record(Event { reason, ..cut });
                }
            }
            Ok(Some(_)) | Err(Unreadable) => self.missed += 1,
        }
        None
    }
}

#[cfg(target_os = "linux")]
impl Reader for Reading {
    fn read(&mut self, at: Nanos, frame: &[u8]) -> Option<Event> {
        self.event(at, frame, frame.len())
    }

    fn keep(&mut self, event: Event) {
        self.record(event);
    }
}
