//! A client of a run, on its own thread: makes the calls it is told to make,
//! in order, and reads all the while.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use protocol::Transport;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use trace::Call;
use trace::link::Send;

use super::record::Record;
use crate::net::Recorder;

/// Room for each recv, in bytes: any datagram fits.
const ROOM: usize = 64 * 1024;
/// Gaps from here on are left to the runtime's timer, which ticks in milliseconds.
const TIMER: Duration = Duration::from_millis(1);
/// How much too late the kernel may wake a thread that sleeps.
const SLACK: Duration = Duration::from_micros(150);

/// What a client is told.
#[derive(Debug)]
pub(super) enum Command {
    /// One send() each.
    Send(Vec<Send>),
    /// Close after this time.
    Close(Duration),
}

/// What a client starts from.
pub(super) struct Setup {
    pub(super) transport: Transport,
    pub(super) server: SocketAddr,
    pub(super) nagle: bool,
    pub(super) connect_at: Instant,
    pub(super) recorder: Recorder,
    pub(super) record: Record,
    pub(super) stop: CancellationToken,
}

/// A running client as the director sees it.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) commands: UnboundedSender<Command>,
    pub(super) thread: Option<JoinHandle<io::Result<()>>>,
}

/// Starts a client's thread.
pub(super) fn start(setup: Setup) -> io::Result<Running> {
    let (commands, orders) = unbounded_channel();
    let thread = thread::Builder::new()
        .name(format!("lab-{}", setup.record.client().actor()))
        .spawn(move || {
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
async fn live(setup: Setup, orders: UnboundedReceiver<Command>) -> io::Result<()> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let Setup {
        mut record, server, ..
    } = setup;
    let id = record.client();
    let socket = match setup.transport {
        Transport::Tcp => {
            let socket = TcpSocket::new_v4()?;
            socket.bind(any)?;
            setup.recorder.register(socket.local_addr()?, id);
            socket.set_nodelay(!setup.nagle)?;
            sleep_until(setup.connect_at.into()).await;
            let at = Instant::now();
            let connected = socket.connect(server).await;
            record.bare(Call::Connect, at, connected.as_ref().err());
            match connected {
                Ok(stream) => Socket::Stream(stream),
                Err(_) => return Ok(()),
            }
        }
        Transport::Udp => {
            let socket = UdpSocket::bind(any).await?;
            setup.recorder.register(socket.local_addr()?, id);
            sleep_until(setup.connect_at.into()).await;
            Socket::Datagrams(socket, server)
        }
    };
    let client = Client {
        socket,
        record,
        room: vec![0; ROOM],
        ended: false,
        stop: setup.stop,
    };
    client.follow(orders).await;
    Ok(())
}

enum Socket {
    Stream(TcpStream),
    /// Not connected, as the article's: each send names the server.
    Datagrams(UdpSocket, SocketAddr),
}

struct Client {
    socket: Socket,
    record: Record,
    room: Vec<u8>,
    /// Whether the server's side has ended, or the connection is broken.
    ended: bool,
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
                    Command::Send(sends) => self.send_all(&sends).await,
                    Command::Close(after) => close_at = Instant::now().checked_add(after),
                },
                () = closing, if close_at.is_some() => return self.finish().await,
                () = self.socket.readable() => self.read(),
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
        let mut since = Instant::now();
        loop {
            let at = Instant::now();
            let result = self.socket.try_send(rest);
            match &result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::select! {
                        () = self.socket.writable() => {}
                        () = self.socket.readable() => self.read(),
                    }
                    if self.ended {
                        return;
                    }
                    continue;
                }
                Ok(taken) => self.record.send(since, at, rest, Ok(*taken)),
                Err(error) => self.record.send(since, at, rest, Err(error)),
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
            since = Instant::now();
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
                    () = self.socket.readable() => self.read(),
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
        if self.ended {
            return;
        }
        match self.socket.try_recv(&mut self.room) {
            Ok(count) => {
                self.record.recv(&self.room, Ok(count));
                self.ended = count == 0 && matches!(self.socket, Socket::Stream(_));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                self.record.recv(&self.room, Err(&error));
                self.ended = true;
            }
        }
    }

    /// Says that nothing more comes, and reads on until the server is done
    /// too. However long that takes: the run's deadline ends it.
    async fn finish(mut self) {
        let Socket::Stream(stream) = &self.socket else {
            return;
        };
        let at = Instant::now();
        let result = SockRef::from(stream).shutdown(Shutdown::Write);
        self.record.bare(Call::Shutdown, at, result.as_ref().err());
        while !self.ended {
            self.socket.readable().await;
            self.read();
        }
    }
}

impl Drop for Client {
    /// The fields are dropped, and the socket closed, just after this.
    fn drop(&mut self) {
        self.record.bare(Call::Close, Instant::now(), None);
    }
}

impl Socket {
    /// One send(2), also of no bytes.
    fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.try_write(bytes),
            Self::Datagrams(socket, server) => socket.try_send_to(bytes, *server),
        }
    }

    fn try_recv(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.try_read(room),
            Self::Datagrams(socket, _) => socket.try_recv_from(room).map(|(count, _)| count),
        }
    }

    /// Errors of waiting are those of the next call, which reports them.
    async fn readable(&self) {
        let _ = match self {
            Self::Stream(stream) => stream.readable().await,
            Self::Datagrams(socket, _) => socket.readable().await,
        };
    }

    async fn writable(&self) {
        let _ = match self {
            Self::Stream(stream) => stream.writable().await,
            Self::Datagrams(socket, _) => socket.writable().await,
        };
    }
}
