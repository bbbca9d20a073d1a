//! The wire of a run: a thread that captures its packets, from before the
//! first SYN until after the last FIN, and makes events of them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddrV4;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kernel::{CaptureError, Filter};
use protocol::Transport;
use record::{Frames, Unreadable};
use trace::link::Capture;
use trace::{ClientId, Event, Reason};

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
    capture: kernel::Capture,
    frames: Frames,
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
/// loopback. The error is for people.
pub(super) fn begin(
    transport: Transport,
    server: SocketAddrV4,
    clients: &[(SocketAddrV4, ClientId)],
) -> Result<Begun, (Capture, Option<String>)> {
    let filter = Filter {
        protocol: match transport {
            Transport::Tcp => kernel::Protocol::Tcp,
            Transport::Udp => kernel::Protocol::Udp,
        },
        server,
        clients: clients.iter().map(|(address, _)| *address).collect(),
    };
    let capture = kernel::Capture::open(&filter).map_err(|error| match error {
        CaptureError::NotPermitted => (Capture::NeedsCapNetRaw, None),
        CaptureError::Unsupported => (Capture::Unsupported, None),
        CaptureError::Failed(what, error) => {
            let message = format!("the wire is not captured: {what}: {error}");
            (Capture::Failed, Some(message))
        }
    })?;
    let origins = |client: ClientId| [client.opener(), client.acceptor()];
    let flows = clients
        .iter()
        .map(|&(address, client)| (address, origins(client)));
    let flows: Vec<_> = flows.collect();
    Ok(Begun {
        capture,
        frames: Frames::new(server, &flows),
    })
}

impl Begun {
    /// Makes events of the packets.
    pub(super) fn follow(
        self,
        recorder: Recorder,
        budget: Budget,
        priority: Priority,
    ) -> io::Result<Wire> {
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
                    capture: self.capture,
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
    capture: kernel::Capture,
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
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.scan()?;
            let statistics = self.capture.statistics()?;
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
        self.capture.take(|frame| reading.take(frame))
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
    fn take(&mut self, frame: kernel::Frame<'_>) {
        self.seen += 1;
        let length = frame.bytes.len();
        if self.left.bytes < length {
            // A trace without gaps, and then nothing.
            self.left.packets = 0;
        }
        match self.frames.read(self.clock.at(frame.at), frame.bytes) {
            Ok(Some(mut event)) if self.left.packets > 0 && length == frame.length => {
                self.left.packets -= 1;
                self.left.bytes -= length;
                if let Some(header) = &mut event.header {
                    header.gso = frame.gso;
                }
                self.recorder.record(event);
            }
            Ok(None) => {}
            Ok(Some(event)) if self.left.packets == 0 => {
                self.missed += 1;
                if !std::mem::replace(&mut self.cut, true) {
                    let reason = Reason::Packets;
                    let cut = Event::new(event.at, event.origin(), reason.call());
                    let reason = Some(reason);
                    self.recorder.record(Event { reason, ..cut });
                }
            }
            Ok(Some(_)) | Err(Unreadable) => self.missed += 1,
        }
    }
}
