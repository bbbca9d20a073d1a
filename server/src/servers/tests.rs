//! The servers over real sockets, on ports the kernel chooses.

mod audit;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use trace::{Call, ClientId};

use super::*;
use crate::net::{Listener, Recorder};

const ANY: &str = "127.0.0.1:0";

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(10);
    timeout(patience, future).await.expect("within 10 s")
}

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
}

impl Running {
    fn start(system: System, options: &Options) -> Self {
        let bound = Bound::bind(system, ANY.parse().unwrap()).unwrap();
        let (address, options) = (bound.local_addr().unwrap(), options.clone());
        let shutdown = CancellationToken::new();
        let ended = shutdown.clone();
        let serving = tokio::spawn(async move { bound.serve(&options, ended).await });
        Self {
            address,
            shutdown,
            serving,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) {
        self.shutdown.cancel();
        soon(self.serving).await.unwrap();
    }
}

async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    soon(stream.read_exact(&mut got)).await.unwrap();
    assert_eq!(got, bytes);
}

async fn expect_eof(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn tcp_echo_answers_until_the_end() {
    let running = Running::start(System::TcpEcho, &Options::default());
    let mut client = running.connect().await;
    client.write_all(b"hello \xe7\xb2").await.unwrap();
    expect(&mut client, b"HELLO \xe7\xb2").await;
    client.shutdown().await.unwrap();
    expect_eof(&mut client).await;
    running.end().await;
}

#[tokio::test]
async fn a_serial_server_accepts_the_second_when_the_first_has_left() {
    let (sink, mut events) = unbounded_channel();
    let recorder = Recorder::new(Instant::now(), sink);
    let listener = listen_tcp(ANY.parse().unwrap(), 5).unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve_stream(
        recorder.tap_listener(listener),
        tcp_echo::config(&Options::default()),
        shutdown.clone(),
    ));
    let mut clients = Vec::new();
    for id in [ClientId::FIRST, ClientId::SECOND] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(ANY.parse().unwrap()).unwrap();
        recorder.register(socket.local_addr().unwrap(), id.acceptor());
        clients.push(socket.connect(address).await.unwrap());
    }
    let mut second = clients.pop().unwrap();
    let mut first = clients.pop().unwrap();
    second.write_all(b"two").await.unwrap();
    first.write_all(b"one").await.unwrap();
    expect(&mut first, b"ONE").await;
    drop(first);
    expect(&mut second, b"TWO").await;
    drop(second);
    let mut calls = Vec::new();
    while calls.last() != Some(&(ClientId::SECOND, Call::Close)) {
        let event = soon(events.recv()).await.unwrap();
        assert_eq!(event.party, trace::SERVER);
        calls.push((ClientId::of(event.connection).0, event.call));
    }
    let accept_to_close = [
        Call::Accept,
        Call::Recv,
        Call::Send,
        Call::Recv,
        Call::Close,
    ];
    let expected: Vec<_> = [ClientId::FIRST, ClientId::SECOND]
        .into_iter()
        .flat_map(|client| accept_to_close.map(|call| (client, call)))
        .collect();
    assert_eq!(calls, expected);
    shutdown.cancel();
    soon(serving).await.unwrap();
}

#[tokio::test]
async fn auth_serves_a_second_client_while_the_first_says_nothing() {
    let running = Running::start(System::Auth, &Options::default());
    let mut silent = running.connect().await;
    let mut challenge = [0; 32];
    soon(silent.read_exact(&mut challenge)).await.unwrap();
    let mut client = running.connect().await;
    soon(client.read_exact(&mut challenge)).await.unwrap();
    let answer = Key::default().answer(&challenge);
    client.write_all(&answer).await.unwrap();
    client.write_all(b"\x05\0\0\0hello").await.unwrap();
    expect(&mut client, b"HELLO").await;
    running.end().await;
}

/// A refused client that has sent more than the server wants to read still
/// gets its replies and an orderly end, not a reset.
#[tokio::test]
async fn a_refusal_takes_back_no_reply_and_stops_no_server() {
    let running = Running::start(System::ReadyAck, &Options::default());
    let mut client = running.connect().await;
    client.write_all(b"1\n").await.unwrap();
    expect(&mut client, b"ready").await;
    client.write_all(b"a-1").await.unwrap();
    client.write_all(&vec![b'x'; 100_000]).await.unwrap();
    expect_eof(&mut client).await;
    let mut next = running.connect().await;
    next.write_all(b"2\n").await.unwrap();
    expect(&mut next, b"ready").await;
    running.end().await;
}

#[tokio::test]
async fn ready_ack_takes_silence_for_the_end_of_the_length() {
    for read_delay in [Duration::ZERO, Duration::from_millis(1)] {
        let options = Options {
            read_delay,
            ..Options::default()
        };
        let running = Running::start(System::ReadyAck, &options);
        let mut client = running.connect().await;
        client.write_all(b"5").await.unwrap();
        expect(&mut client, b"ready").await;
        running.end().await;
    }
}

#[tokio::test]
async fn replies_larger_than_every_buffer_arrive_whole() {
    let running = Running::start(System::TcpEcho, &Options::default());
    let (mut reading, mut writing) = running.connect().await.into_split();
    let sent = 8 << 20;
    let writer = async move {
        writing.write_all(&vec![b'a'; sent]).await.unwrap();
        writing.shutdown().await.unwrap();
        writing
    };
    let mut got = Vec::new();
    let (read, _writing) =
        soon(async { tokio::join!(reading.read_to_end(&mut got), writer) }).await;
    assert_eq!(read.unwrap(), sent);
    assert!(got.iter().all(|&byte| byte == b'A'));
    running.end().await;
}

#[tokio::test]
async fn udp_echo_answers_each_datagram_with_what_fitted() {
    let options = Options {
        buffer: 4,
        ..Options::default()
    };
    let running = Running::start(System::UdpEcho, &options);
    let client = bind_udp(ANY.parse().unwrap()).unwrap();
    client.connect(running.address).await.unwrap();
    let mut buffer = [0; 16];
    for (sent, expected) in [(&b"hello"[..], &b"HELL"[..]), (b"", b""), (b"ok", b"OK")] {
        client.send(sent).await.unwrap();
        let count = soon(client.recv(&mut buffer)).await.unwrap();
        assert_eq!(&buffer[..count], expected);
    }
    running.end().await;
}

#[tokio::test]
async fn a_peer_that_is_gone_stops_no_datagram_server() {
    let running = Running::start(System::UdpEcho, &Options::default());
    for _ in 0..3 {
        let gone = bind_udp(ANY.parse().unwrap()).unwrap();
        gone.send_to(b"hi", running.address).await.unwrap();
    }
    let client = bind_udp(ANY.parse().unwrap()).unwrap();
    client.send_to(b"hi", running.address).await.unwrap();
    let mut buffer = [0; 16];
    let (count, _) = soon(client.recv_from(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..count], b"HI");
    running.end().await;
}

#[tokio::test]
async fn shutdown_ends_connections_and_frees_the_port() {
    let running = Running::start(System::Auth, &Options::default());
    let address = running.address;
    let mut client = running.connect().await;
    soon(client.read_exact(&mut [0; 32])).await.unwrap();
    running.end().await;
    expect_eof(&mut client).await;
    listen_tcp(address, 5).unwrap();
}

/// Fails the first accepts, as without free descriptors.
struct Failing<L>(L, Arc<AtomicUsize>);

impl<L: Listener> Listener for Failing<L> {
    type Stream = L::Stream;

    async fn accept(&self) -> io::Result<(L::Stream, SocketAddr)> {
        let left = |left: usize| left.checked_sub(1);
        match self
            .1
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
        {
            Ok(_) => Err(io::Error::other("too many open files")),
            Err(_) => self.0.accept().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[tokio::test]
async fn a_failing_accept_is_tried_again() {
    let listener = listen_tcp(ANY.parse().unwrap(), 5).unwrap();
    let address = listener.local_addr().unwrap();
    let failures = Arc::new(AtomicUsize::new(3));
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve_stream(
        Failing(listener, Arc::clone(&failures)),
        auth::config(&Options::default()),
        shutdown.clone(),
    ));
    let mut client = TcpStream::connect(address).await.unwrap();
    soon(client.read_exact(&mut [0; 32])).await.unwrap();
    assert_eq!(failures.load(Ordering::Relaxed), 0);
    shutdown.cancel();
    soon(serving).await.unwrap();
}

#[tokio::test]
async fn the_articles_key_stays_on_this_machine() {
    fn check(system: System, address: &str, key: &[u8], expected: bool) {
        let bound = Bound::bind(system, address.parse().unwrap()).unwrap();
        let checked = bound.check_key(&Key::new(key));
        assert_eq!(checked.is_ok(), expected, "{system} at {address}");
    }
    check(System::Auth, "127.0.0.1:0", b"wan yifei", true);
    check(System::Auth, "0.0.0.0:0", b"wan yifei", false);
    check(System::Auth, "0.0.0.0:0", b"another", true);
    check(System::TcpEcho, "0.0.0.0:0", b"wan yifei", true);
}

#[tokio::test]
async fn one_source_can_not_take_all_places_and_gets_them_back() {
    let limits = Capacity {
        per_source: 3,
        ..Capacity::CONNECTIONS
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let auth = Running::start(System::Auth, &options);
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = auth.connect().await;
        // The challenge: it has its place.
        soon(stream.read_exact(&mut [0; 32])).await.unwrap();
        held.push(stream);
    }
    let mut fourth = auth.connect().await;
    assert!(soon(fourth.read_u8()).await.is_err(), "closed at once");
    drop(held);
    soon(async {
        loop {
            let mut stream = auth.connect().await;
            if stream.read_exact(&mut [0; 32]).await.is_ok() {
                break;
            }
        }
    })
    .await;
    auth.end().await;
}

#[tokio::test]
async fn who_guesses_keys_has_to_wait() {
    let running = Running::start(System::Auth, &Options::default());
    let guess = async || {
        let mut stream = running.connect().await;
        stream.read_exact(&mut [0; 32]).await?;
        stream.write_all(&[0; 16]).await?;
        // Closed, with or without a reset.
        let _ = stream.read_u8().await;
        std::io::Result::Ok(())
    };
    let mut guesses = 0;
    while soon(guess()).await.is_ok() {
        guesses += 1;
        assert!(guesses < 100, "nobody stops it");
    }
    assert!(guesses >= 5, "a mistake or two are no attack");
    running.end().await;
}

#[tokio::test]
async fn a_client_that_never_answers_is_refused_in_time() {
    let running = Running::start(System::Auth, &Options::default());
    let mut stream = running.connect().await;
    let since = Instant::now();
    soon(stream.read_exact(&mut [0; 32])).await.unwrap();
    expect_eof(&mut stream).await;
    let took = since.elapsed();
    assert!(took >= Duration::from_secs(3), "{took:?}");
    running.end().await;
}
