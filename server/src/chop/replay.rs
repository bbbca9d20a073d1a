//! Clients that were recorded, played again: each on a connection of its own, one after the
//! other.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kernel::descriptor::Address;
use kernel::tracee::Thread;

use super::recorded::Recorded;
use crate::tracer::sleeps;

/// How long a client waits for one reply, at most; whoever waits for the run gives up before.
const PATIENCE: Duration = Duration::from_mins(1);
/// Most bytes that a client receives.
const MOST: u64 = 1 << 30;

/// Clients that are played.
#[derive(Debug)]
pub(super) struct Replay {
    is_over: Arc<AtomicBool>,
    is_wanted: Arc<AtomicBool>,
    /// The number of its thread; 0 before that has begun.
    thread: Arc<AtomicI32>,
    playing: Option<JoinHandle<()>>,
}

impl Replay {
    /// Connects to `address` and plays.
    pub(super) fn start(clients: Vec<Recorded>, address: Address) -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let is_wanted = Arc::new(AtomicBool::new(true));
        let mut this = Self {
            is_over: Arc::clone(&is_over),
            is_wanted: Arc::clone(&is_wanted),
            thread: Arc::default(),
            playing: None,
        };
        let number = Arc::clone(&this.thread);
        let thread = thread::Builder::new().name("replay".to_owned());
        let playing = thread.spawn(move || {
            let own = rustix::thread::gettid();
            number.store(own.as_raw_nonzero().get(), Ordering::SeqCst);
            for client in &clients {
                if !is_wanted.load(Ordering::SeqCst) {
                    break;
                }
                // What the program does when it fails is what is looked at.
                let _ = play(client, &address, &is_wanted);
            }
            is_over.store(true, Ordering::SeqCst);
        })?;
        this.playing = Some(playing);
        Ok(this)
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Whether it waits for something.
    pub(super) fn is_asleep(&self) -> bool {
        match self.thread.load(Ordering::SeqCst) {
            0 => false,
            thread => sleeps(Thread(thread)),
        }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::SeqCst);
        // The next run may listen on the same address: nobody of this one talks to it.
        if let Some(playing) = self.playing.take() {
            let _ = playing.join();
        }
    }
}

/// A stream of either kind.
trait Stream: Read + Write {
    fn no_more(&self) -> io::Result<()>;
    fn patience(&self, time: Duration) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn no_more(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn patience(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

impl Stream for UnixStream {
    fn no_more(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn patience(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

fn play(client: &Recorded, address: &Address, is_wanted: &AtomicBool) -> io::Result<()> {
    match address {
        Address::Internet(address) => {
            let stream = connect(reachable(*address), is_wanted)?;
            stream.set_nodelay(true)?;
            talk(client, stream, is_wanted)
        }
        Address::Unix(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            use std::os::unix::ffi::OsStrExt as _;
            let stream = match name.strip_prefix(&[0]) {
                Some(name) => {
                    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
                    UnixStream::connect_addr(&address)?
                }
                None => UnixStream::connect(std::ffi::OsStr::from_bytes(name))?,
            };
            talk(client, stream, is_wanted)
        }
    }
}

/// The address at which a server is reached that listens on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        let loopback = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        reachable.set_ip(loopback);
    }
    reachable
}

fn talk(client: &Recorded, mut stream: impl Stream, is_wanted: &AtomicBool) -> io::Result<()> {
    stream.patience(Duration::from_millis(20))?;
    let mut received = 0;
    for step in &client.steps {
        receive(&mut stream, step.after, &mut received, is_wanted)?;
        send(&mut stream, &step.bytes, is_wanted)?;
    }
    receive(&mut stream, client.received, &mut received, is_wanted)?;
    stream.no_more()?;
    receive(&mut stream, MOST, &mut received, is_wanted)
}

/// Connects; a queue that is full (listen(2)) is waited for.
fn connect(address: SocketAddr, is_wanted: &AtomicBool) -> io::Result<TcpStream> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect_timeout(&address, Duration::from_secs(1)) {
            Err(error) if is_to_wait(&error) => check(begun, error, is_wanted)?,
            done => return done,
        }
    }
}

/// Sends all bytes.
fn send(stream: &mut impl Stream, bytes: &[u8], is_wanted: &AtomicBool) -> io::Result<()> {
    let (mut begun, mut left) = (Instant::now(), bytes);
    while !left.is_empty() {
        match stream.write(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => (begun, left) = (Instant::now(), &left[count..]),
            Err(error) if is_to_wait(&error) => check(begun, error, is_wanted)?,
            Err(error) => return Err(error),
        }
        if !is_wanted.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
    Ok(())
}

/// Whether a call may be made again.
fn is_to_wait(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// Fails with `error` if nobody waits for the client any more, or it has waited for too long.
fn check(begun: Instant, error: io::Error, is_wanted: &AtomicBool) -> io::Result<()> {
    if is_wanted.load(Ordering::SeqCst) && begun.elapsed() < PATIENCE {
        return Ok(());
    }
    Err(error)
}

/// Receives until so many bytes have come in all, or the stream has ended.
fn receive(
    stream: &mut impl Stream,
    until: u64,
    received: &mut u64,
    is_wanted: &AtomicBool,
) -> io::Result<()> {
    let begun = Instant::now();
    let mut buffer = [0; 8_192];
    while *received < until {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => *received += count as u64,
            Err(error) if is_to_wait(&error) => check(begun, error, is_wanted)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::recorded::Step;
    use super::*;

    /// Two clients that each wait for a reply.
    fn clients(bytes: &[u8]) -> Vec<Recorded> {
        let client = Recorded {
            steps: vec![Step {
                after: 0,
                bytes: bytes.to_vec(),
            }],
            received: 5,
        };
        vec![client.clone(), client]
    }

    #[test]
    fn nobody_connects_any_more_once_it_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Internet(listener.local_addr().unwrap());
        let replay = Replay::start(clients(b"hello"), address).unwrap();
        let (mut first, _) = listener.accept().unwrap();
        let mut bytes = [0; 5];
        first.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
        assert!(!replay.is_over());
        drop(replay);
        drop(first);
        listener.set_nonblocking(true).unwrap();
        let next = listener.accept().map(|_| ());
        assert_eq!(next.unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn it_can_be_ended_while_nobody_takes_what_it_sends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Internet(listener.local_addr().unwrap());
        let replay = Replay::start(clients(&vec![0; 32 << 20]), address).unwrap();
        let (_first, _) = listener.accept().unwrap();
        drop(replay);
    }
}
