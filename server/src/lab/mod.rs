//! Runs an experiment on private sockets and hands out what was observed.
//!
//! The server and each client are threads of their own with a runtime of
//! their own, so that they meet in the kernel as separate programs do; one
//! executor would let them take turns. Another thread captures what crosses
//! the wire between them, where it may. The last one, the director, passes on
//! commands and events and decides when the run is over.

mod client;
mod director;
mod head;
mod place;
mod plan;
mod room;
mod server;
#[cfg(test)]
mod tests;
mod wire;

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use protocol::{Nanos, Transport};
use record::Restriction;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::{CancellationToken, DropGuard};
use trace::link::{Capture, Line, Send};
use trace::{ClientId, Experiment, ExperimentError, Origin};

use crate::busy::Busy;
use crate::net::{Backlog, BindError, Meter, Recorder, Sink};
use crate::priority::Priority;
pub use head::{head, kernel};
use place::Place;
use room::COMMAND;
pub use room::{Room, Rooms};

/// A run that is going on, or whose last lines wait to be taken.
///
/// ```text
/// let mut lab = Lab::start(experiment, 0)?;
/// lab.send(ClientId::FIRST, sends);
/// lab.close(ClientId::FIRST, Nanos(0));
/// while let Some(line) = lab.blocking_line() { … }
/// ```
///
/// Lines come as [`Line::Run`], then [`Line::Event`]s while they happen (calls
/// about 2 ms later and packets about 6, not in order of time: sort by `at`),
/// with [`Line::Error`]s between them for what can't be followed, at last
/// one [`Line::Ended`]; then none. A run that became too much has an event that
/// says of what ([`trace::Call::Cut`]) as its last. When `Ended` comes all threads of the run
/// have ended and its sockets are closed.
///
/// Dropping it ends the run; the threads end on their own within milliseconds.
#[derive(Debug)]
pub struct Lab {
    server: SocketAddr,
    commands: UnboundedSender<Command>,
    lines: UnboundedReceiver<Line>,
    meter: Arc<Meter>,
    rooms: Rooms,
    #[cfg(test)]
    breaker: Option<wire::Breaker>,
    _stop: DropGuard,
}

/// What a run is started with.
#[derive(Debug, Default)]
pub struct Conditions {
    /// How much processor time its threads get.
    pub priority: Priority,
    /// Where its events and commands count that wait, if they are bounded.
    pub backlog: Option<Arc<Backlog>>,
    /// Dropped once all threads of the run have ended.
    pub held: Option<Box<dyn Any + std::marker::Send>>,
    /// What keeps it from a network in which it may capture without a privilege.
    pub restriction: Option<Restriction>,
    /// Ends the run as stopped when it is cancelled.
    pub stop: CancellationToken,
    /// Why this process may not make network namespaces, if that is known: then there is no
    /// link.
    pub no_namespace: Option<String>,
    /// A capture that was prepared in this process's network.
    pub prepared: Option<kernel::Prepared>,
    pub(crate) limits: Limits,
}

/// What a run may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From start to end.
    pub(crate) time: Duration,
    /// Calls in all.
    pub(crate) events: u32,
    /// Bytes in all calls together; and bytes asked to be sent.
    pub(crate) bytes: usize,
    /// Packets.
    pub(crate) wire: wire::Budget,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(20),
            events: 20_000,
            bytes: 8 * 1024 * 1024,
            wire: wire::Budget::default(),
        }
    }
}

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The experiment is impossible or too big.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The private server has no address.
    #[error("the private server: {0}")]
    Bind(BindError),
    /// The system has no thread or socket left.
    #[error("the run could not be set up: {0}")]
    Setup(io::Error),
    /// The process that was to run it has none, and says why.
    #[error("{0}")]
    Worker(String),
}

// Not as their sources, which would be said twice.
impl From<BindError> for LabError {
    fn from(error: BindError) -> Self {
        Self::Bind(error)
    }
}

impl From<io::Error> for LabError {
    fn from(error: io::Error) -> Self {
        Self::Setup(error)
    }
}

/// What a run is told while it goes on.
#[derive(Debug)]
enum Command {
    /// Bytes in front of those of the client's next send.
    Part(ClientId, Vec<u8>, Option<Room>),
    Client(ClientId, client::Command),
    Stop,
}

impl Lab {
    /// Starts the server of `experiment` on a free loopback port, and its
    /// clients. Each connects after its `start_ms` and then waits for
    /// commands; the messages of the experiment are the caller's to frame and
    /// [`send`](Self::send). `run` is repeated in [`Line::Run`].
    ///
    /// Blocks for the moment it takes to listen; needs no runtime.
    ///
    /// # Errors
    /// What [`Experiment::validate`] refuses; a socket or thread the system refuses.
    pub fn start(experiment: Experiment, run: u32) -> Result<Self, LabError> {
        Self::start_under(Conditions::default(), experiment, run)
    }

    /// The same under `conditions`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_under(
        conditions: Conditions,
        mut experiment: Experiment,
        run: u32,
    ) -> Result<Self, LabError> {
        let Conditions {
            priority,
            backlog,
            held,
            restriction,
            stop,
            no_namespace,
            prepared,
            limits,
        } = conditions;
        experiment.validate()?;
        let transport = experiment.transport();
        // With the priority of the run's own threads: else it would not be felt.
        let held: Option<Box<dyn Any + std::marker::Send>> = match experiment.busy {
            0 => held,
            count => Some(Box::new((Busy::start(count, priority)?, held))),
        };
        let (place, no_link) = Place::of(&mut experiment, no_namespace.as_deref());
        let address = place.server(experiment.ip);
        let server = place.at_server(|| server::Bound::new(&experiment, address))??;
        let clients: Vec<_> = place.at_clients(|| {
            let plans = experiment.clients.iter().zip(ClientId::ALL);
            plans
                .map(|(plan, id)| client::Bound::new(transport, experiment.ip, plan, id, &place))
                .collect::<Result<_, _>>()
        })??;
        // All ports are bound and nothing has been sent yet: the capture misses
        // nothing of this run and sees nothing of any other. Further
        // connections are kept out of it: lanes are about conversations.
        let addresses: Vec<_> = clients
            .iter()
            .map(|client| client.address)
            .zip(ClientId::ALL)
            .collect();
        let ends = (server.address, &addresses[..]);
        let begun = wire::begin(transport, place, &experiment, ends, prepared);

        let started = Instant::now();
        let (sink, events) = unbounded_channel();
        let meter = Arc::new(Meter::new(limits.events, limits.bytes, backlog));
        let recorder = Recorder::new(started, Sink::metered(sink, Arc::clone(&meter)));
        let (commands, orders) = unbounded_channel();
        let (report, lines) = unbounded_channel();
        let stop = stop.child_token();
        // Whatever fails below, what was started before it ends.
        let guard = stop.clone().drop_guard();
        let (capture, wire, complaint) = match begun {
            Ok(begun) => {
                let wire = begun.follow(recorder.clone(), limits.wire, priority)?;
                (Capture::On, Some(wire), None)
            }
            Err((capture, complaint)) => (capture, None, complaint),
        };
        let complaint = no_link.or(complaint);
        #[cfg(test)]
        let breaker = wire.as_ref().map(wire::Wire::breaker);
        let address = server.address;
        let mut connections = Vec::new();
        for (client, id) in clients.iter().zip(ClientId::ALL) {
            let all = std::iter::once(client).chain(&client.further);
            for (bound, number) in all.zip(0..) {
                let connection = id.connection(number);
                let origin = Origin {
                    connection,
                    ..id.acceptor()
                };
                recorder.register(bound.address, origin);
                connections.push(plan::observed(
                    connection,
                    bound.address,
                    address,
                    transport,
                    {
                        // Further connections are kept out of the capture.
                        capture == Capture::On && number == 0
                    },
                ));
            }
        }
        connections.sort_by_key(|connection| connection.connection);
        let (mut listener, mut datagrams) = (None, None);
        match transport {
            Transport::Tcp => listener = Some(Arc::new(server.socket()?)),
            Transport::Udp => datagrams = Some(server.socket()?),
        }
        let server = server.start(&experiment, &recorder, stop.clone(), priority)?;
        let mut running = Vec::new();
        let planned = clients.into_iter().zip(&experiment.clients);
        for ((bound, plan), id) in planned.zip(ClientId::ALL) {
            let setup = client::Setup {
                bound,
                server: address,
                listener: listener.clone(),
                connect_at: started + Duration::from_millis(plan.start_ms.into()),
                leaving: plan.ending,
                writes_on: plan.writes_on,
                room: plan.buffer as usize,
                read_delay: Duration::from_millis(plan.read_delay_ms.into()),
                connected: plan.connected,
                options: plan::options(plan),
                id,
                record: recorder.end(id.opener()),
                stop: stop.clone(),
            };
            running.push(client::start(setup, priority)?);
        }
        drop(listener);
        let rooms = Rooms::new(meter.backlog());
        let director = director::Director {
            experiment,
            run,
            limits,
            started,
            events,
            orders,
            lines: report,
            clients: running,
            server: Some(server),
            datagrams,
            connections,
            capture,
            wire,
            complaint,
            restriction,
            meter: Arc::clone(&meter),
            rooms: rooms.clone(),
            parts: Default::default(),
            stop,
            held,
        };
        thread::Builder::new()
            .name("lab-director".to_owned())
            .spawn(move || {
                priority.apply();
                director.run();
            })?;
        Ok(Self {
            server: address,
            commands,
            lines,
            meter,
            rooms,
            #[cfg(test)]
            breaker,
            _stop: guard,
        })
    }

    /// Where the private server listens.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// `client` makes one send() of each, after what it was told before.
    ///
    /// Each `gap` is kept by the client's own thread from the return of the
    /// call before. Sends without a gap are made in a tight loop. What the
    /// kernel does not take at once is offered again: one more event. Ignored
    /// once the client is closed.
    pub fn send(&self, client: ClientId, sends: Vec<Send>) {
        self.send_with(client, sends, None);
    }

    /// The same with [`room`](Self::room) for it.
    pub fn send_with(&self, client: ClientId, sends: Vec<Send>, room: Option<Room>) {
        let command = client::Command::Send(sends, room.into_iter().collect());
        self.command(Command::Client(client, command));
    }

    /// Bytes in front of those of `client`'s next send, with room for them.
    pub fn part(&self, client: ClientId, bytes: Vec<u8>, room: Option<Room>) {
        self.command(Command::Part(client, bytes, room));
    }

    /// Room for a command of `calls` calls that send `bytes` bytes in all: as
    /// soon as the clients have followed enough of what they were told before.
    /// None once the run is over.
    pub fn room(
        &self,
        calls: usize,
        bytes: usize,
    ) -> impl Future<Output = Option<Room>> + use<> + std::marker::Send {
        self.rooms.room(calls, bytes)
    }

    /// All its room.
    pub const fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// `client` closes after `after`, unless told again to; it sends until then.
    ///
    /// On a stream it first shuts its sending side down and reads what still
    /// comes, then closes: a close with unread bytes would reset the
    /// connection. A client whose server closes first closes at once.
    pub fn close(&self, client: ClientId, after: Nanos) {
        self.command(Command::Client(
            client,
            client::Command::Close(after.into()),
        ));
    }

    /// Ends the run; `Ended` with `stopped` comes as its last line.
    pub fn stop(&self) {
        self.command(Command::Stop);
    }

    /// How many calls are not among the lines, because they were more than a
    /// run may have; final once `Ended` has come.
    pub fn left_out(&self) -> u64 {
        self.meter.left_out()
    }

    /// The next line; none after the last. Dropping the future loses no line.
    pub async fn line(&mut self) -> Option<Line> {
        let line = self.lines.recv().await;
        self.taken(line)
    }

    /// The next line if it is there already.
    pub fn line_now(&mut self) -> Option<Line> {
        let line = self.lines.try_recv().ok();
        self.taken(line)
    }

    /// The next line, for callers without a runtime; none after the last.
    pub fn blocking_line(&mut self) -> Option<Line> {
        let line = self.lines.blocking_recv();
        self.taken(line)
    }

    /// A line that was received does not wait any more.
    fn taken(&self, line: Option<Line>) -> Option<Line> {
        if let Some(Line::Event(event)) = &line {
            self.meter.taken(event);
        }
        line
    }

    fn command(&self, command: Command) {
        // A run that is over needs no commands.
        let _ = self.commands.send(command);
    }
}
