//! A client of a run, on its own thread: makes the calls it is told to make,
//! in order, and reads all the while.

mod socket;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use protocol::Transport;
use socket2::{Domain, SockRef, Type};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use trace::link::Send;
use trace::{Call, Client as Plan, ClientId, Leaving, Origin};

use socket::Socket;

use super::Room;
use super::server::local_address;
use crate::net::{EndRecorder, Moment, observe};
use crate::priority::Priority;

/// Room for each recv, in bytes: any datagram fits.
const ROOM: usize = 64 * 1024;
/// The same on further connections, where nothing much is read.
const HOLDING_ROOM: usize = 1024;
/// Gaps from here on are left to the runtime's timer, which ticks in milliseconds.
const TIMER: Duration = Duration::from_millis(1);
/// How much too late the kernel may wake a thread that sleeps.
const SLACK: Duration = Duration::from_micros(150);

/// What a client is told.
#[derive(Debug)]
pub(super) enum Command {
    /// One send() each; the room is free once all are made.
    Send(Vec<Send>, Vec<Room>),
    /// Close after this time.
    Close(Duration),
}

/// What a client starts from.
pub(super) struct Setup {
    pub(super) bound: Bound,
    pub(super) server: SocketAddr,
    /// The server's listener, if it has one: to be asked how many wait there.
    pub(super) listener: Option<Arc<socket2::Socket>>,
    pub(super) connect_at: Instant,
    pub(super) leaving: Leaving,
    /// Whether it goes on sending when the server has closed.
    pub(super) writes_on: bool,
    pub(super) id: ClientId,
    pub(super) record: EndRecorder,
    pub(super) stop: CancellationToken,
}

/// A client's socket with an address and no peer: who it is is known before
/// its first packet.
pub(super) struct Bound {
    transport: Transport,
    socket: socket2::Socket,
    pub(super) address: SocketAddrV4,
    /// Those of the further connections.
    pub(super) further: Vec<Self>,
}

impl Bound {
    /// A socket on a free port, with the options that `plan` asks for; and
    /// one more for each further connection of a stream.
    pub(super) fn new(transport: Transport, plan: &Plan, id: ClientId) -> io::Result<Self> {
        let further = match transport {
            Transport::Tcp => plan.connections.saturating_sub(1),
            Transport::Udp => 0,
        };
        let source = match further {
            0 => Ipv4Addr::LOCALHOST,
            // A source of its own for each client.
            _ => Ipv4Addr::new(127, 0, 0, 1 + u8::from(id)),
        };
        let further = (0..further).map(|_| Self::at(source, transport, plan));
        Ok(Self {
            further: further.collect::<io::Result<_>>()?,
            ..Self::at(source, transport, plan)?
        })
    }

    fn at(source: Ipv4Addr, transport: Transport, plan: &Plan) -> io::Result<Self> {
        let kind = match transport {
            Transport::Tcp => Type::STREAM,
            Transport::Udp => Type::DGRAM,
        };
        let socket = socket2::Socket::new(Domain::IPV4, kind, None)?;
        socket.set_nonblocking(true)?;
        if plan.send_buffer > 0 {
            socket.set_send_buffer_size(plan.send_buffer as usize)?;
        }
        match transport {
            Transport::Tcp => socket.set_tcp_nodelay(!plan.nagle)?,
            // Where there is no such option, nothing is told.
            Transport::Udp => drop(kernel::count_drops(&socket)),
        }
        socket.bind(&SocketAddrV4::new(source, 0).into())?;
        Ok(Self {
            transport,
            address: local_address(&socket)?,
            socket,
            further: Vec::new(),
        })
    }
}

/// A running client as the director sees it.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) commands: UnboundedSender<Command>,
    pub(super) thread: Option<JoinHandle<io::Result<()>>>,
}

/// Starts a client's thread.
pub(super) fn start(setup: Setup, priority: Priority) -> io::Result<Running> {
    let (commands, orders) = unbounded_channel();
    let thread = thread::Builder::new()
        .name(format!("lab-client{}", setup.id))
        .spawn(move || {
            priority.apply();
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let stop = setup.stop.clone();
            let life = stop.run_until_cancelled(live(setup, orders));
            runtime.block_on(life).unwrap_or(Ok(()))
        })?;
    Ok(Running {
        commands,
        thread: Some(thread),
    })
}

/// The errors are of the setup; those of the calls are in the record.
async fn live(mut setup: Setup, orders: UnboundedReceiver<Command>) -> io::Result<()> {
    let further = std::mem::take(&mut setup.bound.further);
    let mut others = JoinSet::new();
    // Dropped when the conversation is over: then nothing is held any more.
    let (release, released) = watch::channel(());
    sleep_until(setup.connect_at.into()).await;
    let mut setups = vec![];
    for (bound, connection) in further.into_iter().zip(1..) {
        setups.push(Setup {
            bound,
            server: setup.server,
            listener: setup.listener.clone(),
            connect_at: setup.connect_at,
            leaving: setup.leaving,
            writes_on: setup.writes_on,
            id: setup.id,
            record: setup.record.other(Origin {
                connection: setup.id.connection(connection),
                ..setup.id.opener()
            }),
            stop: setup.stop.clone(),
        });
    }
    let Some(client) = connect(setup, ROOM).await? else {
        return Ok(());
    };
    for setup in setups {
        others.spawn(hold(setup, released.clone()));
    }
    client.follow(orders).await;
    drop(release);
    while others.join_next().await.is_some() {}
    Ok(())
}

/// One of the further connections: says nothing, reads what comes, and goes
/// when the conversation does, connected or not.
async fn hold(setup: Setup, mut released: watch::Receiver<()>) {
    let connected = tokio::select! {
        biased;
        connected = connect(setup, HOLDING_ROOM) => connected,
        _ = released.changed() => return,
    };
    let Ok(Some(client)) = connected else {
        return;
    };
    let (leave, orders) = unbounded_channel();
    let leaving = async {
        let _ = released.changed().await;
        // Who has left already follows no command.
        let _ = leave.send(Command::Close(Duration::ZERO));
    };
    tokio::join!(client.follow(orders), leaving);
}

/// Connects at once; none if nobody is there, which is in the record.
async fn connect(setup: Setup, room: usize) -> io::Result<Option<Client>> {
    let Setup { record, server, .. } = setup;
    let socket = match setup.bound.transport {
        Transport::Tcp => {
            let socket = TcpSocket::from_std_stream(setup.bound.socket.into());
            let at = Instant::now();
            let connected = socket.connect(server).await;
            let moment = Moment::handing(at);
            let queue = observe::accept_queue(setup.listener.as_deref());
            let outcome = connected.as_ref().map(|_| ());
            record.bare(Call::Connect, moment, outcome, queue);
            // Else the listener would outlive its server.
            drop(setup.listener);
            match connected {
                Ok(stream) => Socket::Stream(stream),
                Err(_) => return Ok(None),
            }
        }
        Transport::Udp => {
            let socket = UdpSocket::from_std(setup.bound.socket.into())?;
            Socket::Datagrams(socket, server)
        }
    };
    Ok(Some(Client {
        socket,
        record,
        waiting: Instant::now(),
        room: vec![0; room],
        ended: false,
        leaving: setup.leaving,
        writes_on: setup.writes_on,
        has_read_all: false,
        stop: setup.stop,
    }))
}

struct Client {
    socket: Socket,
    record: EndRecorder,
    /// Since when it waits for something to read: its last call.
    waiting: Instant,
    room: Vec<u8>,
    /// Whether the server's side has ended, or the connection is broken.
    ended: bool,
    leaving: Leaving,
    writes_on: bool,
    /// The server has closed, and nothing more will come.
    has_read_all: bool,
    stop: CancellationToken,
}

impl Client {
    async fn follow(mut self, mut orders: UnboundedReceiver<Command>) {
        let mut close_at: Option<Instant> = None;
        while !self.ended {
            let closing = sleep_until(close_at.unwrap_or_else(Instant::now).into());
            tokio::select! {
                biased;
                Some(command) = orders.recv() => match command {
                    Command::Send(sends, _rooms) => self.send_all(&sends).await,
                    Command::Close(after) => close_at = Instant::now().checked_add(after),
                },
                () = closing, if close_at.is_some() => return self.finish().await,
                () = self.socket.readable(), if !self.has_read_all => self.read(),
            }
        }
        // Dropping it closes the socket.
    }

    async fn send_all(&mut self, sends: &[Send]) {
        for send in sends {
            if send.gap.0 > 0 {
                self.pause(send.gap.into()).await;
            }
            // A loop of sends that all succeed at once never waits: the stop
            // has to be looked for.
            if self.ended || self.stop.is_cancelled() {
                return;
            }
            self.send(&send.bytes).await;
        }
        self.read();
    }

    /// Calls send() until `bytes` are taken, once if there are none.
    async fn send(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let at = Instant::now();
            let result = self.socket.try_send(rest);
            match &result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::select! {
                        () = self.socket.writable() => {}
                        () = self.socket.readable(), if !self.has_read_all => self.read(),
                    }
                    if self.ended {
                        return;
                    }
                    continue;
                }
                result => {
                    let moment = Moment::handing(at);
                    let told = self.socket.after_send();
                    let result = result.as_ref().copied();
                    self.record.send(moment, rest, result, told);
                    self.waiting = Instant::now();
                }
            }
            match (result, &self.socket) {
                (Ok(taken), Socket::Stream(_)) => rest = &rest[taken..],
                (Err(_), Socket::Stream(_)) => self.ended = true,
                // One datagram, or an error that is about this one alone.
                (_, Socket::Datagrams(..)) => return,
            }
            if rest.is_empty() || self.ended {
                return;
            }
        }
    }

    /// Lets `gap` pass.
    async fn pause(&mut self, gap: Duration) {
        let Some(due) = Instant::now().checked_add(gap) else {
            return;
        };
        if gap >= TIMER {
            while !self.ended {
                tokio::select! {
                    biased;
                    () = sleep_until(due.into()) => return,
                    () = self.socket.readable(), if !self.has_read_all => self.read(),
                }
            }
            return;
        }
        // The runtime learns only here that something came.
        yield_now().await;
        self.read();
        let left = due.saturating_duration_since(Instant::now());
        if let Some(sleep) = left.checked_sub(SLACK) {
            thread::sleep(sleep);
        }
        while Instant::now() < due {
            std::hint::spin_loop();
        }
    }

    /// One recv, if there is something.
    fn read(&mut self) {
        if self.ended || self.has_read_all {
            return;
        }
        let received = self.socket.try_recv(&mut self.room);
        let (moment, asked) = (Moment::taking(self.waiting), self.room.len());
        match received {
            Ok((count, told)) => {
                let bytes = Ok(&self.room[..count]);
                self.record.recv(moment, asked, bytes, told);
                self.waiting = Instant::now();
                let is_end = count == 0 && matches!(self.socket, Socket::Stream(_));
                self.has_read_all = is_end;
                self.ended = is_end && !self.writes_on;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                let told = trace::Socket::default();
                self.record.recv(moment, asked, Err(&error), told);
                self.ended = true;
            }
        }
    }

    /// Leaves as it was told to: says that nothing more comes, and reads on until the
    /// server is done too, however long that takes (the run's deadline ends it); or closes
    /// at once.
    async fn finish(mut self) {
        let Socket::Stream(stream) = &self.socket else {
            return;
        };
        match self.leaving {
            Leaving::Finish => {}
            Leaving::Close => return,
            Leaving::Reset => {
                // What the close does then is in the record, and on the wire.
                let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                return;
            }
        }
        let at = Instant::now();
        let result = SockRef::from(stream).shutdown(Shutdown::Write);
        let moment = Moment::handing(at);
        let told = trace::Socket::default();
        let outcome = result.as_ref().copied();
        self.record.bare(Call::Shutdown, moment, outcome, told);
        self.waiting = Instant::now();
        while !self.ended && !self.has_read_all {
            self.socket.readable().await;
            self.read();
        }
    }
}

impl Drop for Client {
    /// The fields are dropped, and the socket closed, just after this.
    fn drop(&mut self) {
        let told = match &self.socket {
            Socket::Stream(stream) => observe::before_close(stream),
            Socket::Datagrams(..) => trace::Socket::default(),
        };
        self.record.bare(Call::Close, Moment::now(), Ok(()), told);
    }
}
