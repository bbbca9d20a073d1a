//! A link between two network namespaces: a thread that takes each frame which one side
//! sends, and gives it to the other side when [`emulation`] says so.

mod watch;

use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use emulation::{Arrival, Fate, LinkSettings, Pipe};
use kernel::{Cable, NetworkNamespace, Port, Side};
use protocol::Nanos;
use record::Transit;

use crate::wall_clock::WallClock;

pub(crate) use watch::{Reader, Watch};

/// Most frames that are given to a side in one call.
const BATCH: usize = 64;
/// How long a side that takes no frames now is left alone.
const PAUSE: Duration = Duration::from_micros(100);
/// How often the wall clock is looked at, by which the kernel stamps frames.
const CLOCK: Duration = Duration::from_millis(2);

/// What the link tells of frames, in their order.
#[derive(Debug)]
pub(crate) enum Seen {
    /// One came.
    Entered {
        /// Counted from 0.
        number: u64,
        /// When its sender's kernel gave it to the link.
        at: Nanos,
        /// From the Ethernet header on.
        bytes: Vec<u8>,
    },
    /// What became of it is known.
    Left {
        /// Which one.
        number: u64,
        /// What became of it.
        transit: Transit,
    },
}

/// A link, and the two sides that it connects.
#[derive(Debug)]
pub(crate) struct Emulator {
    /// They last for as long as this does.
    _sides: [NetworkNamespace; 2],
    /// The thread ends when this is dropped.
    going_on: UnixStream,
    thread: JoinHandle<io::Result<u64>>,
}

impl Emulator {
    /// Begins to pass on what goes over a cable, and tells what it sees, with times that
    /// count from `started`.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub(crate) fn start(
        cable: Cable,
        settings: &LinkSettings,
        started: Instant,
        seen: Option<Sender<Seen>>,
    ) -> io::Result<Self> {
        let Cable { sides, ports } = cable;
        let (going_on, end) = UnixStream::pair()?;
        end.set_nonblocking(true)?;
        let mut mover = Mover {
            ports,
            pipes: Pipe::pair(settings),
            due: Default::default(),
            clock: WallClock::new(started),
            looked: started,
            started,
            count: 0,
            seen,
            end,
        };
        let thread = thread::Builder::new()
            .name("link".to_owned())
            .spawn(move || mover.run())?;
        Ok(Self {
            _sides: sides,
            going_on,
            thread,
        })
    }

    /// Whether it ended before it was told to.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the link; what is under way is lost. Gives how many frames came too fast to be
    /// taken.
    ///
    /// # Errors
    /// Why it ended before.
    pub(crate) fn finish(self) -> io::Result<u64> {
        drop(self.going_on);
        let ended = |_| Err(io::Error::other("its thread ended badly"));
        self.thread.join().unwrap_or_else(ended)
    }
}

/// A frame under way.
#[derive(Clone)]
struct Frame {
    number: u64,
    bytes: Vec<u8>,
}

/// The thread's own. Ports and pipes are of side A and of side B; the pipe of a side takes
/// what that side sends.
struct Mover {
    ports: [Port; 2],
    pipes: [Pipe<Frame>; 2],
    /// For side A and side B: what has arrived and was not given yet.
    due: [Vec<Arrival<Frame>>; 2],
    clock: WallClock,
    looked: Instant,
    started: Instant,
    count: u64,
    seen: Option<Sender<Seen>>,
    end: UnixStream,
}

impl Mover {
    fn run(&mut self) -> io::Result<u64> {
        // A sleep ends when it should, and not up to 50 µs later (prctl(2)).
        let slack = std::num::NonZero::new(1);
        let _ = rustix::thread::set_current_timer_slack(slack);
        loop {
            if self.looked.elapsed() > CLOCK {
                if self.is_over() {
                    break;
                }
                self.clock.follow();
                self.looked = Instant::now();
            }
            let mut taken = 0;
            for side in Side::ALL {
                taken += self.take(side)?;
            }
            for side in Side::ALL {
                self.give(side)?;
            }
            if taken == 0 {
                self.wait()?;
                if self.is_over() {
                    break;
                }
            }
        }
        // What was sent before is told, though it does not arrive any more.
        for side in Side::ALL {
            while self.take(side)? > 0 {}
        }
        let mut lost = 0;
        for port in &mut self.ports {
            lost += port.lost()?;
        }
        Ok(lost)
    }

    fn is_over(&mut self) -> bool {
        matches!(self.end.read(&mut [0]), Ok(0))
    }

    /// Takes the frames that `side` sent; gives how many.
    fn take(&mut self, side: Side) -> io::Result<usize> {
        let Self {
            ports,
            pipes,
            clock,
            started,
            count,
            seen,
            ..
        } = self;
        let pipe = &mut pipes[side.index()];
        ports[side.index()].take(|at, bytes| {
            if is_of_the_interface(bytes) {
                return;
            }
            let at = at.map_or_else(|| started.elapsed().into(), |at| clock.at(at));
            let number = *count;
            *count += 1;
            let length = bytes.len();
            if let Some(seen) = &seen {
                let bytes = bytes.to_vec();
                // Whoever does not listen any more does not want to know.
                let _ = seen.send(Seen::Entered { number, at, bytes });
            }
            let frame = Frame {
                number,
                bytes: bytes.to_vec(),
            };
            if let Fate::Lost(why) = pipe.handle_packet(at, length, frame)
                && let Some(seen) = &seen
            {
                let transit = Transit {
                    lost: Some(why),
                    ..Transit::default()
                };
                let _ = seen.send(Seen::Left { number, transit });
            }
        })
    }

    /// Gives `side` what has arrived for it.
    fn give(&mut self, side: Side) -> io::Result<()> {
        let from = side.other();
        loop {
            let due = &mut self.due[side.index()];
            let now = Nanos::from(self.started.elapsed());
            while due.len() < BATCH
                && let Some(arrival) = self.pipes[from.index()].poll_arrival(now)
            {
                due.push(arrival);
            }
            if due.is_empty() {
                return Ok(());
            }
            let frames: Vec<_> = due.iter().map(|due| &due.packet.bytes[..]).collect();
            let given = match self.ports[side.index()].send(&frames) {
                Ok(given) => given,
                Err(error) if is_full(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            for arrival in due.drain(..given) {
                if let (Some(seen), false) = (&self.seen, arrival.again) {
                    let transit = Transit {
                        lost: None,
                        arrived: Some(now),
                        twice: arrival.twice,
                        late: arrival.late,
                    };
                    let number = arrival.packet.number;
                    let _ = seen.send(Seen::Left { number, transit });
                }
            }
        }
    }

    /// Waits for a frame, for the time of the next one under way, or for the end.
    fn wait(&self) -> io::Result<()> {
        let next = self.pipes.iter().filter_map(Pipe::next_arrival).min();
        let now = Nanos::from(self.started.elapsed());
        let mut left = next.map(|at| Duration::from_nanos(at.0.saturating_sub(now.0)));
        if self.due.iter().any(|due| !due.is_empty()) {
            // A side is full: what is due may wait as long, or this would not wait at all.
            left = Some(PAUSE);
        }
        let [a, b] = &self.ports;
        kernel::wait(&[a.as_fd(), b.as_fd(), self.end.as_fd()], left)
    }
}

/// Whether a side has no room for frames now (packet(7)).
fn is_full(error: &io::Error) -> bool {
    /// On Linux.
    const ENOBUFS: i32 = 105;
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(ENOBUFS)
}

/// Whether a frame is what interfaces send by themselves: no IP packet, a report of groups
/// (IGMP, MLD), or a search for routers and neighbours (RFC 4861). Each side knows the
/// other's Ethernet address, and there is nobody else: such frames end here, so that they
/// change nothing about which packets are chosen.
fn is_of_the_interface(frame: &[u8]) -> bool {
    const IGMP: u8 = 2;
    const HOP_BY_HOP: u8 = 0;
    const ICMPV6: u8 = 58;
    let byte = |at: usize| frame.get(at).copied();
    match frame.get(12..14) {
        Some([0x08, 0x00]) => byte(14 + 9) == Some(IGMP),
        Some([0x86, 0xdd]) => match byte(14 + 6) {
            Some(HOP_BY_HOP) | None => true,
            Some(ICMPV6) => matches!(byte(14 + 40), None | Some(130..=137 | 143)),
            Some(_) => false,
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests;
