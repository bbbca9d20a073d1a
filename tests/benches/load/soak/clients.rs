//! The clients of a soak: some follow the protocol and some violate it, each
//! repeatedly with a pause in between. Failed attempts are counted too, so that
//! a load of zero is noticed.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tests::hmac::KEY;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::handshake;
use crate::programs::Serve;
use crate::target::Target;
use crate::traffic::runtime;

/// One conversation may take so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Addresses that wrong answers come from; each of them is made to wait.
const GUESSERS: u8 = 64;

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Done {
    sessions: AtomicU64,
    right: AtomicU64,
    wrong: AtomicU64,
    runs: AtomicU64,
    datagrams: AtomicU64,
    aborted: AtomicU64,
    failed: AtomicU64,
}

impl Done {
    pub(super) fn all(&self) -> [(&'static str, &AtomicU64); 7] {
        [
            ("bridge sessions", &self.sessions),
            ("handshakes", &self.right),
            ("wrong answers", &self.wrong),
            ("lab runs", &self.runs),
            ("datagrams", &self.datagrams),
            ("aborted", &self.aborted),
            ("failed", &self.failed),
        ]
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.all().map(|(what, count)| {
            let count = count.load(Ordering::Relaxed);
            format!("{count} {what}")
        });
        f.write_str(&words.join(", "))
    }
}

/// Starts them all on a thread of their own, until `stop`.
pub(super) fn start(
    servers: &Serve,
    counts: &Arc<Done>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let (counts, stop) = (Arc::clone(counts), stop.clone());
    let (page, auth) = (servers.running.address, servers.address("auth"));
    let (udp, prefix) = (
        servers.address("udp-echo"),
        servers.address("length-prefix"),
    );
    std::thread::spawn(move || {
        runtime().block_on(async {
            let mut tasks = JoinSet::new();
            let again = Again {
                stop: &stop,
                counts: &counts,
            };
            for _ in 0..4 {
                again.spawn(&mut tasks, 5, |c| &c.sessions, move |n| session(page, n));
            }
            for _ in 0..2 {
                again.spawn(&mut tasks, 5, |c| &c.right, move |n| right(auth, n));
            }
            again.spawn(&mut tasks, 20, |c| &c.wrong, move |n| wrong(auth, n));
            again.spawn(&mut tasks, 300, |c| &c.runs, move |n| lab(page, n));
            again.spawn(&mut tasks, 20, |c| &c.datagrams, move |_| datagram(udp));
            let doors = [page, auth, prefix];
            again.spawn(&mut tasks, 10, |c| &c.aborted, move |n| abort(doors, n));
            again.spawn(&mut tasks, 200, |c| &c.aborted, move |n| vanish(page, n));
            tasks.join_all().await;
        });
    })
}

/// Does something until it is told to stop.
struct Again<'a> {
    stop: &'a CancellationToken,
    counts: &'a Arc<Done>,
}

impl Again<'_> {
    /// `pause` in milliseconds; `act` is told how often it was called.
    fn spawn<F>(
        &self,
        tasks: &mut JoinSet<()>,
        pause: u64,
        count: fn(&Done) -> &AtomicU64,
        act: impl Fn(u64) -> F + Send + 'static,
    ) where
        F: Future<Output = io::Result<()>> + Send,
    {
        let (stop, counts) = (self.stop.clone(), Arc::clone(self.counts));
        tasks.spawn(async move {
            for number in 0.. {
                if stop.is_cancelled() {
                    break;
                }
                match timeout(PATIENCE, act(number)).await {
                    Ok(Ok(())) => count(&counts).fetch_add(1, Ordering::Relaxed),
                    _ => counts.failed.fetch_add(1, Ordering::Relaxed),
                };
                sleep(Duration::from_millis(pause)).await;
            }
        });
    }
}

/// A bridge session: messages of all sizes and their echoes, then a close.
async fn session(page: SocketAddr, number: u64) -> io::Result<()> {
    // udp-echo has room for 1 KiB.
    let (bridge, sizes) = if number % 8 == 7 {
        ("udp-echo", 11)
    } else {
        ("echo", 15)
    };
    let url = format!("ws://{page}/bridge/{bridge}");
    let (mut socket, _) = connect_async(url).await.map_err(io::Error::other)?;
    for turn in 0..8 {
        let size = 1 << ((number + turn) % sizes);
        let message = Message::binary(vec![b'X'; size]);
        socket.send(message).await.map_err(io::Error::other)?;
        let mut missing = size;
        while missing > 0 {
            let reply = socket.next().await.ok_or(io::ErrorKind::UnexpectedEof)?;
            missing -= reply.map_err(io::Error::other)?.len().min(missing);
        }
    }
    socket.close(None).await.map_err(io::Error::other)?;
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}

/// A client that knows the key.
async fn right(auth: SocketAddr, number: u64) -> io::Result<()> {
    let mut stream = connect(Ipv4Addr::new(127, 0, 1, octet(number)), auth).await?;
    handshake::right(&mut stream).await
}

/// A client that does not, from an address that is soon made to wait.
async fn wrong(auth: SocketAddr, number: u64) -> io::Result<()> {
    let source = Ipv4Addr::new(127, 0, 2, octet(number) % GUESSERS);
    let mut stream = connect(source, auth).await?;
    match handshake::converse(&mut stream, &KEY[1..]).await {
        Err(_) => Ok(()),
        Ok(()) => Err(io::Error::other("a wrong answer was taken")),
    }
}

/// A run in the lab from its first line to its last.
async fn lab(page: SocketAddr, number: u64) -> io::Result<()> {
    let mut socket = begin_run(page, number).await?;
    let close = json!({"type": "close", "client": 1}).to_string();
    socket
        .send(Message::text(close))
        .await
        .map_err(io::Error::other)?;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let line: Value = serde_json::from_str(&text).map_err(io::Error::other)?;
        if line["type"] == "ended" {
            socket.close(None).await.map_err(io::Error::other)?;
            while let Some(Ok(_)) = socket.next().await {}
            return if line["why"] == "finished" && line["events"].as_u64() > Some(5) {
                Ok(())
            } else {
                Err(io::Error::other(text.as_str()))
            };
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

type WebSocket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

/// Starts a run and has its client send something.
async fn begin_run(page: SocketAddr, number: u64) -> io::Result<WebSocket> {
    let systems = ["tcp-echo", "udp-echo", "length-prefix"];
    let system = systems[usize::from(octet(number)) % systems.len()];
    let (mut socket, _) = connect_async(format!("ws://{page}/lab"))
        .await
        .map_err(io::Error::other)?;
    let experiment = json!({"system": system, "clients": [{"messages": []}]});
    let run = json!({"type": "run", "run": 1, "experiment": experiment});
    let sends: Vec<_> = (0..10).map(|_| json!({"bytes": "0100000041"})).collect();
    let send = json!({"type": "send", "client": 1, "sends": sends});
    for request in [run, send] {
        let text = Message::text(request.to_string());
        socket.send(text).await.map_err(io::Error::other)?;
    }
    Ok(socket)
}

/// A datagram and its echo.
async fn datagram(server: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(server).await?;
    for _ in 0..10 {
        socket.send(b"hello").await?;
        let mut reply = [0; 16];
        let count = socket.recv(&mut reply).await?;
        if &reply[..count] != b"HELLO" {
            return Err(io::Error::other("another reply"));
        }
    }
    Ok(())
}

/// A reset in the middle of a request, a handshake or a frame.
async fn abort(doors: [SocketAddr; 3], number: u64) -> io::Result<()> {
    let door = usize::from(octet(number)) % doors.len();
    let begun: &[u8] = [&b"GET /bridge/echo HTT"[..], b"half", b"\x05\0\0\0he"][door];
    let mut stream = connect(Ipv4Addr::new(127, 0, 3, octet(number)), doors[door]).await?;
    stream.write_all(begun).await?;
    reset(&stream)
}

/// A browser that is gone in the middle of a run or of a message.
async fn vanish(page: SocketAddr, number: u64) -> io::Result<()> {
    if number.is_multiple_of(2) {
        let socket = begin_run(page, number).await?;
        return match socket.get_ref() {
            tokio_tungstenite::MaybeTlsStream::Plain(stream) => reset(stream),
            _ => Err(io::Error::other("there is no TLS here")),
        };
    }
    let target = Target::websocket(page, "/bridge/echo");
    let mut stream = target.connect().await?;
    let message = target.message(&[b'X'; 10_000]);
    stream.write_all(&message[..5_000]).await?;
    reset(&stream)
}

/// Makes the close, which comes next, a reset.
fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// 1 to 250, in turn.
fn octet(number: u64) -> u8 {
    u8::try_from(1 + number % 250).expect("at most 250")
}
