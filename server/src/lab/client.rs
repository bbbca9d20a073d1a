//! A client of a run, on its own thread: makes the calls it is told to make,
//! in order, and reads all the while.

mod bound;
mod socket;

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use protocol::Transport;
use socket2::SockRef;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use trace::link::Send;
use trace::{Call, ClientId, Leaving, Options, Origin};

pub(super) use bound::Bound;
use socket::Socket;

use super::Room;
use crate::net::{EndRecorder, Moment, observe};
use crate::priority::Priority;

/// Room for each recv on further connections, where nothing much is read, in bytes.
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
    /// Room for each recv, in bytes.
    pub(super) room: usize,
    /// Sleep before each recv.
    pub(super) read_delay: Duration,
    /// Whether its datagram socket is connected.
    pub(super) connected: bool,
    /// Its options that the experiment asks for.
    pub(super) options: Options,
    pub(super) id: ClientId,
    pub(super) record: EndRecorder,
    pub(super) stop: CancellationToken,
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
            room: HOLDING_ROOM,
            read_delay: Duration::ZERO,
            connected: false,
            options: setup.options,
            id: setup.id,
            record: setup.record.other(Origin {
                connection: setup.id.connection(connection),
                ..setup.id.opener()
            }),
            stop: setup.stop.clone(),
        });
    }
    let Some(client) = connect(setup).await? else {
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
        connected = connect(setup) => connected,
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
async fn connect(setup: Setup) -> io::Result<Option<Client>> {
    let Setup { record, server, .. } = setup;
    let socket = match setup.bound.transport {
        Transport::Tcp => {
            let socket = TcpSocket::from_std_stream(setup.bound.socket.into());
            let at = Instant::now();
            let connected = socket.connect(server).await;
            let moment = Moment::handing(at);
            let queue = observe::accept_queue(setup.listener.as_deref());
            let options = connected.as_ref().ok().and_then(|stream| {
                let is_told = setup.options != Options::default();
                is_told.then(|| observe::options(stream, &setup.options))?
            });
            let queue = trace::Socket { options, ..queue };
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
            let socket = setup.bound.socket;
            if setup.connected {
                socket.connect(&server.into())?;
            }
            let server = (!setup.connected).then_some(server);
            Socket::Datagrams(UdpSocket::from_std(socket.into())?, server)
        }
    };
    Ok(Some(Client {
        socket,
        record,
        waiting: Instant::now(),
        room: vec![0; setup.room],
        read_delay: setup.read_delay,
        may_read: None,
        is_corked: None,
        has_new_options: false,
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
    /// Sleep before each recv, and when it is over.
    read_delay: Duration,
    may_read: Option<Instant>,
    /// Whether small segments are held back, if it ever said so.
    is_corked: Option<bool>,
    has_new_options: bool,
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
                () = self.socket.ready(self.read_delay, &mut self.may_read), if !self.has_read_all => self.read(),
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
            if send.more {
                self.cork(true);
            }
            self.send(&send.bytes).await;
            if !send.more && self.is_corked == Some(true) {
                self.cork(false);
            }
        }
        self.read();
    }

    /// Holds segments that are not full back (TCP_CORK, tcp(7)), or no longer.
    fn cork(&mut self, on: bool) {
        if let Socket::Stream(stream) = &self.socket
            && self.is_corked != Some(on)
        {
            // A connection that is broken says so at the next call.
            let _ = kernel::cork(stream, on);
            self.is_corked = Some(on);
            self.has_new_options = true;
        }
    }

    /// What the kernel tells just after a send, and options that were changed before it.
    fn told(&mut self) -> trace::Socket {
        let mut told = self.socket.after_send();
        if std::mem::take(&mut self.has_new_options)
            && let Socket::Stream(stream) = &self.socket
        {
            let set = Options {
                nodelay: Some(true),
                cork: self.is_corked,
                ..Options::default()
            };
            told.options = observe::options(stream, &set);
        }
        told
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
                        () = self.socket.ready(self.read_delay, &mut self.may_read), if !self.has_read_all => self.read(),
                    }
                    if self.ended {
                        return;
                    }
                    continue;
                }
                result => {
                    let moment = Moment::handing(at);
                    let told = self.told();
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
                    () = self.socket.ready(self.read_delay, &mut self.may_read), if !self.has_read_all => self.read(),
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
        if !self.read_delay.is_zero() {
            // Else it sleeps before it reads.
            if self.may_read.is_none_or(|due| Instant::now() < due) {
                return;
            }
            self.may_read = None;
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
                self.waiting = Instant::now();
                // Of a datagram socket it is about one that was sent before.
                self.ended = matches!(self.socket, Socket::Stream(_));
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
            self.socket.ready(self.read_delay, &mut self.may_read).await;
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
