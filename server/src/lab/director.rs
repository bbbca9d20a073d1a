//! Passes on a run's commands and events, and decides when it is over.

use std::any::Any;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::{Nanos, Transport};
use record::Restriction;
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use trace::experiment::{MAX_CLIENTS, MAX_FRAMED};
use trace::link::{Capture, Ended, Ending, Head, Line, Plan, Run, VERSION};
use trace::{Call, ClientId, Connection, End, Event, Experiment, Reason, Setup, parties};

use super::{COMMAND, Command, Limits, Room, Rooms, client, head, wire};
use crate::net::Meter;

/// How often events are passed on. The queue is polled, so that the watched
/// programs never make a system call to wake its reader.
pub(super) const TICK: Duration = Duration::from_millis(2);
/// How long a datagram server must have sent nothing after its last client
/// has left and nothing waits for it any more: it may be about to reply.
const QUIET: Duration = Duration::from_millis(50);

/// Everything a run consists of.
pub(super) struct Director {
    pub(super) experiment: Experiment,
    pub(super) run: u32,
    pub(super) limits: Limits,
    pub(super) started: Instant,
    pub(super) events: UnboundedReceiver<Event>,
    pub(super) orders: UnboundedReceiver<Command>,
    pub(super) lines: UnboundedSender<Line>,
    pub(super) clients: Vec<client::Running>,
    pub(super) server: Option<JoinHandle<()>>,
    /// The datagram server's socket once more, to ask the kernel about it.
    pub(super) datagrams: Option<socket2::Socket>,
    /// With the addresses of both ends.
    pub(super) connections: Vec<Connection>,
    pub(super) capture: Capture,
    pub(super) wire: Option<wire::Wire>,
    /// Why the wire is not captured, if that is worth a line.
    pub(super) complaint: Option<String>,
    pub(super) restriction: Option<Restriction>,
    /// What was recorded, and what was left out.
    pub(super) meter: Arc<Meter>,
    /// Closed when the run is over.
    pub(super) rooms: Rooms,
    /// For each client, what its next send begins with.
    pub(super) parts: [Begun; MAX_CLIENTS],
    pub(super) stop: CancellationToken,
    /// Dropped once all other threads have ended.
    pub(super) held: Option<Box<dyn Any + Send>>,
}

/// The first bytes of a send, and the room they take.
#[derive(Debug, Default)]
pub(super) struct Begun {
    bytes: Vec<u8>,
    rooms: Vec<Room>,
}

/// What has come by so far.
#[derive(Default)]
struct Seen {
    /// What was passed on.
    events: u32,
    /// The latest time of those passed on.
    last: Nanos,
    /// Bytes and calls that clients were told to send.
    told: usize,
    connected: u32,
    closed_by_server: u32,
    /// Bytes that each end has sent, clients first, each call counted as a frame's headers
    /// more.
    sent: [usize; 2],
    /// When something last happened: for datagrams, the last client's close or what the server did after it.
    active: Option<Instant>,
}

impl Director {
    /// The thread's body: from `Run` to `Ended`.
    pub(super) fn run(mut self) {
        let mut seen = Seen::default();
        self.say(Line::Run(Run {
            version: VERSION,
            run: self.run,
            head: Head {
                restriction: self
                    .restriction
                    .filter(|_| self.capture == Capture::NeedsCapNetRaw),
                ..head(self.started, self.capture)
            },
            plan: Plan {
                experiment: Some(self.experiment.clone()),
                lesson: None,
                setup: Setup::default(),
            },
        }));
        for party in parties(&self.experiment) {
            self.say(Line::Party(party));
        }
        for connection in std::mem::take(&mut self.connections) {
            self.say(Line::Connection(connection));
        }
        if let Some(complaint) = self.complaint.take() {
            self.say_error(complaint);
        }
        let mut why = match runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime.block_on(self.direct(&mut seen)),
            Err(error) => {
                self.say_error(format!("the run could not be directed: {error}"));
                Ending::Stopped
            }
        };
        self.stop.cancel();
        self.rooms.close();
        self.join();
        let dropped = self.datagrams.take().and_then(|socket| {
            let memory = ::kernel::memory(&socket);
            memory.map(|memory| memory.dropped)
        });
        // All sockets are closed: what is on the wire now is the last of it.
        let missed = self.wire.take().and_then(|wire| self.finish(wire));
        self.held = None;
        if !self.pass_on(&mut seen) {
            why = Ending::Limit;
        }
        let late = (why == Ending::TimedOut).then_some(Reason::Time);
        if let Some(reason) = self.meter.full().or(late) {
            self.cut(&mut seen, reason);
        }
        self.say(Line::Ended(Ended {
            events: seen.events,
            why,
            missed,
            dropped,
        }));
    }

    async fn direct(&mut self, seen: &mut Seen) -> Ending {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ending::Stopped,
                Some(order) = self.orders.recv() => match order {
                    Command::Stop => return Ending::Stopped,
                    Command::Part(id, bytes, room) => self.part(id, bytes, room),
                    Command::Client(id, command) => self.command(id, command, seen),
                },
                _ = tick.tick() => {}
            }
            if let Some(wire) = self.wire.take_if(|wire| wire.has_broken_off()) {
                self.finish(wire);
            }
            // Before the events are taken: what ended reported all before.
            let left = self.clients.iter().all(client::Running::has_left);
            if !self.pass_on(seen) {
                return Ending::Limit;
            }
            if left && self.is_server_done(seen) {
                return Ending::Finished;
            }
            if self.started.elapsed() >= self.limits.time {
                return Ending::TimedOut;
            }
        }
    }

    /// Keeps what the client's next send begins with.
    fn part(&mut self, id: ClientId, bytes: Vec<u8>, room: Option<Room>) {
        let kept: usize = self.parts.iter().map(|begun| begun.bytes.len()).sum();
        if kept + bytes.len() > MAX_FRAMED {
            self.parts[id.index()] = Begun::default();
            return self.say_error(format!(
                "client {id} can't do that: one send() takes at most {MAX_FRAMED} bytes"
            ));
        }
        let begun = &mut self.parts[id.index()];
        begun.bytes.extend(bytes);
        begun.rooms.extend(room);
    }

    fn command(&mut self, id: ClientId, mut command: client::Command, seen: &mut Seen) {
        if let client::Command::Send(sends, rooms) = &mut command
            && let Some(first) = sends.first_mut()
        {
            let begun = std::mem::take(&mut self.parts[id.index()]);
            first.bytes.splice(0..0, begun.bytes);
            rooms.extend(begun.rooms);
        }
        let Some(client) = self.clients.get(id.index()) else {
            let count = self.clients.len();
            return self.say_error(format!(
                "there is no client {id}: this run has {count} client(s)"
            ));
        };
        // Commands and calls count too, so that empty ones can't be queued for ever.
        let told = COMMAND
            + match &command {
                client::Command::Send(sends, _) => {
                    let sends = sends.iter();
                    sends.map(|send| send.bytes.len() + COMMAND).sum()
                }
                client::Command::Close(_) => 0,
            };
        if seen.told + told > self.limits.bytes {
            let limit = self.limits.bytes;
            return self.say_error(format!(
                "client {id} can't do that: a run sends at most {limit} bytes, each command and each call counted as 64 more"
            ));
        }
        seen.told += told;
        // A client that has left follows no command.
        let _ = client.commands.send(command);
    }

    /// Passes on what was recorded. False once something was too much to be.
    fn pass_on(&mut self, seen: &mut Seen) -> bool {
        while let Ok(event) = self.events.try_recv() {
            if !event.call.is_packet() && event.call != Call::Cut {
                seen.note(&event);
            }
            self.tell(seen, event);
        }
        self.meter.full().is_none()
    }

    /// The trace ends with the cap that ended the run.
    fn cut(&self, seen: &mut Seen, reason: Reason) {
        let now = Nanos::from(self.started.elapsed());
        let event = Event::new(
            now.max(seen.last),
            ClientId::FIRST.acceptor(),
            reason.call(),
        );
        let reason = Some(reason);
        let event = Event { reason, ..event };
        self.meter.waits(&event);
        self.tell(seen, event);
    }

    fn tell(&self, seen: &mut Seen, event: Event) {
        seen.events += 1;
        seen.last = seen.last.max(event.at);
        self.say(Line::Event(event));
    }

    /// Waits for the last packets. Gives how many were missed, if it is known.
    fn finish(&self, wire: wire::Wire) -> Option<u32> {
        match wire.finish() {
            Ok(missed) => Some(missed),
            Err(error) => {
                self.say_error(format!(
                    "the capture broke off, packets are missing from here on: {error}"
                ));
                None
            }
        }
    }

    /// Whether the server has nothing left to do, now that all clients have left.
    fn is_server_done(&self, seen: &Seen) -> bool {
        match self.experiment.transport() {
            Transport::Tcp => seen.closed_by_server >= seen.connected,
            Transport::Udp => {
                let waiting = self.datagrams.as_ref().and_then(::kernel::memory);
                let quiet = match waiting {
                    Some(memory) if memory.waiting > 0 => return false,
                    // What is under way may still come.
                    Some(_) => QUIET + self.under_way(seen),
                    // Nothing tells what still waits: it must have had time to read it.
                    None => QUIET.max(Duration::from_millis(
                        (2 * self.experiment.read_delay_ms).into(),
                    )),
                };
                seen.active.is_none_or(|at| at.elapsed() >= quiet)
            }
        }
    }

    /// How long datagrams are on the link at most, both ways, with what went in before them.
    fn under_way(&self, seen: &Seen) -> Duration {
        let Some(link) = &self.experiment.link else {
            return Duration::ZERO;
        };
        let ways = [link.up, link.down].into_iter().zip(seen.sent);
        let longest = ways.map(|(way, sent)| {
            let takes = Duration::from_nanos(way.rate.nanos(sent));
            takes + 2 * Duration::from(way.delay) + Duration::from(way.jitter)
        });
        longest.sum()
    }

    /// Waits for the threads, which were told to stop.
    fn join(&mut self) {
        for index in 0..self.clients.len() {
            let Some(thread) = self.clients[index].thread.take() else {
                continue;
            };
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.say_error(format!("client {}: {error}", index + 1)),
                Err(_) => self.say_error(format!("client {} ended badly", index + 1)),
            }
        }
        if let Some(thread) = self.server.take()
            && thread.join().is_err()
        {
            self.say_error("the server ended badly".to_owned());
        }
    }

    fn say_error(&self, message: String) {
        self.say(Line::Error { message });
    }

    fn say(&self, line: Line) {
        if self.lines.send(line).is_err() {
            // Nobody listens any more.
            self.stop.cancel();
        }
    }
}

impl Seen {
    fn note(&mut self, event: &Event) {
        /// Of Ethernet, IP and UDP, of each fragment of a large datagram as well.
        const HEADERS: usize = 64;
        self.active = Some(Instant::now());
        if event.call == Call::Send {
            let end = usize::from(event.end == End::Acceptor);
            let fragments = 1 + event.len() / 1_000;
            self.sent[end] += event.len() + fragments * HEADERS;
        }
        match (event.end, event.call) {
            (End::Acceptor, Call::Close) => self.closed_by_server += 1,
            (End::Opener, Call::Connect) if event.error.is_none() => {
                self.connected += 1;
            }
            _ => {}
        }
    }
}

impl client::Running {
    fn has_left(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}
