//! What is recorded of streams, listeners and datagrams.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use protocol::Nanos;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use trace::{ClientId, SERVER};

use super::*;
use crate::net::{Datagrams as _, Listener as _, Observable, bind_udp, listen_tcp};

const ANY: &str = "127.0.0.1:0";

fn recorder() -> (Recorder, UnboundedReceiver<Event>) {
    let (sink, events) = unbounded_channel();
    (Recorder::new(Instant::now(), sink), events)
}

/// What is done on `stream`, as calls of `origin`.
fn tap<S: Observable>(recorder: &Recorder, stream: S, origin: Origin) -> Tapped<S> {
    Tapped::new(stream, Some(recorder.end(origin)))
}

impl Observable for DuplexStream {
    type Socket = TcpStream;
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

fn taken(events: &mut UnboundedReceiver<Event>) -> Vec<Event> {
    std::iter::from_fn(|| events.try_recv().ok()).collect()
}

fn who(event: &Event) -> String {
    match event.party {
        SERVER => "server".to_owned(),
        client => format!("client{}", client.0),
    }
}

/// `client1 send 0+5/5 hello`: actor, call, offset + length / asked, bytes.
fn line(event: &Event) -> String {
    let mut line = format!("{} {}", who(event), event.call);
    if matches!(event.call, Call::Send | Call::Recv) {
        let (offset, length, asked) = (event.offset, event.len(), event.asked);
        let text = String::from_utf8_lossy(&event.bytes);
        let _ = write!(line, " {offset}+{length}/{asked} {text}");
    }
    if let Some(error) = &event.error {
        let _ = write!(line, " {error}");
    }
    line.trim_end().to_owned()
}

fn check(events: &[Event], expected: &[&str]) {
    let lines: Vec<_> = events.iter().map(line).collect();
    assert_eq!(lines, expected);
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(10);
    timeout(patience, future).await.expect("within 10 s")
}

#[tokio::test]
async fn each_call_is_one_event_with_its_own_offset() {
    let (recorder, mut events) = recorder();
    let (near, far) = tokio::io::duplex(64);
    let mut client = tap(&recorder, near, ClientId::FIRST.opener());
    let mut server = tap(&recorder, far, ClientId::FIRST.acceptor());
    let mut buffer = [0; 4];
    client.write_all(b"hel").await.unwrap();
    client.write_all(b"lo").await.unwrap();
    assert_eq!(server.read(&mut buffer).await.unwrap(), 4);
    server.write_all(b"HELL").await.unwrap();
    assert_eq!(server.read(&mut buffer).await.unwrap(), 1);
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut buffer).await.unwrap(), 0);
    drop(server);
    drop(client);
    let events = taken(&mut events);
    check(
        &events,
        &[
            "client1 send 0+3/3 hel",
            "client1 send 3+2/2 lo",
            "server recv 0+4/4 hell",
            "server send 0+4/4 HELL",
            "server recv 4+1/4 o",
            "client1 shutdown",
            "server recv 5+0/4",
            "server close",
            "client1 close",
        ],
    );
    assert!(events[6].is_eof());
    assert!(events.is_sorted_by_key(|event| event.at));
}

#[tokio::test]
async fn a_recv_that_waits_is_one_recv_and_says_how_long() {
    let (recorder, mut events) = recorder();
    let (mut near, far) = tokio::io::duplex(64);
    let mut server = tap(&recorder, far, ClientId::FIRST.acceptor());
    let mut buffer = [0; 16];
    let writer = async {
        // The reader was polled first and waits; let that last measurably.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(2) {
            tokio::task::yield_now().await;
        }
        near.write_all(b"now").await.unwrap();
    };
    let (count, ()) = soon(async { tokio::join!(server.read(&mut buffer), writer) }).await;
    assert_eq!(count.unwrap(), 3);
    let events = taken(&mut events);
    check(&events, &["server recv 0+3/16 now"]);
    assert!(events[0].took >= Nanos::from_millis(2), "{:?}", events[0]);
    assert!(events[0].at >= events[0].took);
}

#[tokio::test]
async fn a_recv_given_up_for_a_send_does_not_count_as_waiting() {
    let (recorder, mut events) = recorder();
    let (mut near, far) = tokio::io::duplex(64);
    let mut server = tap(&recorder, far, ClientId::FIRST.acceptor());
    let mut buffer = [0; 16];
    let given_up = timeout(Duration::from_millis(5), server.read(&mut buffer)).await;
    assert!(given_up.is_err());
    server.write_all(b"ready").await.unwrap();
    near.write_all(b"body").await.unwrap();
    server.read_exact(&mut buffer[..4]).await.unwrap();
    let events = taken(&mut events);
    check(
        &events,
        &["server send 0+5/5 ready", "server recv 0+4/4 body"],
    );
    let between = events[1].at - events[0].at;
    assert!(events[1].took <= between, "{events:?}");
}

/// Takes as many bytes a call as it was told; 0: would block first.
struct Trickle(VecDeque<usize>);

impl Observable for Trickle {
    type Socket = TcpStream;
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl AsyncWrite for Trickle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.pop_front() {
            Some(0) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(most) => Poll::Ready(Ok(most.min(bytes.len()))),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
    }
}

/// A send that waited for room counts the attempt that succeeded, and no wait.
#[tokio::test]
async fn sends_that_had_to_wait_do_not_overlap() {
    let started = Instant::now();
    let (recorder, mut events) = recorder();
    let (near, mut far) = tokio::io::duplex(4);
    let mut client = tap(&recorder, near, ClientId::FIRST.opener());
    let reader = async {
        // The writer was polled first and waits; let that last measurably.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(5) {
            tokio::task::yield_now().await;
        }
        far.read_exact(&mut [0; 8]).await.unwrap();
    };
    let writer = async {
        client.write_all(b"01234567").await.unwrap();
        Nanos::from(started.elapsed())
    };
    let (done, ()) = soon(async { tokio::join!(writer, reader) }).await;
    let events = taken(&mut events);
    check(
        &events,
        &["client1 send 0+4/8 0123", "client1 send 4+4/4 4567"],
    );
    let [first, second] = [&events[0], &events[1]];
    assert!(first.at + first.took <= second.at, "{events:?}");
    let between = second.at - first.at;
    assert!(between >= Nanos::from_millis(5), "{events:?}");
    assert!(second.at + second.took <= done, "{done:?} {events:?}");
}

#[tokio::test]
async fn a_send_counts_what_the_kernel_took() {
    let (recorder, mut events) = recorder();
    let trickle = Trickle(VecDeque::from([2, 0, 0, 3, 9]));
    let mut client = tap(&recorder, trickle, ClientId::SECOND.opener());
    client.write_all(b"0123456789").await.unwrap();
    client.write_all(b"x").await.unwrap_err();
    client.shutdown().await.unwrap_err();
    drop(client);
    check(
        &taken(&mut events),
        &[
            "client2 send 0+2/10 01",
            "client2 send 2+3/8 234",
            "client2 send 5+5/5 56789",
            "client2 send 10+0/1  broken pipe",
            "client2 shutdown not connected",
            "client2 close",
        ],
    );
}

/// A client's socket with its address known before it connects.
fn client_socket(recorder: &Recorder, client: ClientId) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(ANY.parse().unwrap()).unwrap();
    recorder.register(socket.local_addr().unwrap(), client.acceptor());
    socket
}

#[tokio::test]
async fn over_a_real_socket_the_kernel_is_asked_beside_each_call() {
    let (recorder, mut events) = recorder();
    let listener = listen_tcp(ANY.parse().unwrap(), 5).unwrap();
    let listener = recorder.tap_listener(listener);
    let address = listener.local_addr().unwrap();
    let mut clients = Vec::new();
    for id in [ClientId::FIRST, ClientId::SECOND] {
        let socket = client_socket(&recorder, id);
        clients.push(soon(socket.connect(address)).await.unwrap());
    }
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    let client = &mut clients[0];
    client.write_all(b"hello").await.unwrap();
    let mut buffer = [0; 3];
    soon(server.read_exact(&mut buffer)).await.unwrap();
    server.write_all(&buffer).await.unwrap();
    soon(client.read_exact(&mut buffer)).await.unwrap();
    assert_eq!(soon(server.read(&mut buffer)).await.unwrap(), 2);
    drop(server);
    let events = taken(&mut events);
    check(
        &events,
        &[
            "server accept",
            "server recv 0+3/3 hel",
            "server send 0+3/3 hel",
            "server recv 3+2/3 lo",
            "server close",
        ],
    );
    assert!(
        events
            .iter()
            .all(|event| event.connection == ClientId::FIRST.connection(0))
    );
    assert!(events.is_sorted_by_key(|event| event.at));
    let told: Vec<_> = events.iter().map(|event| event.socket).collect();
    assert_eq!(told[0].accept_queue, Some(2), "the second waits too");
    assert_eq!((told[1].waiting, told[3].waiting), (Some(5), Some(2)));
    assert_eq!(told[2].unsent, Some(0));
    assert!(told[2].unacked <= Some(3));
    let counts = told[4].counts.unwrap();
    assert_eq!((counts.data_out, counts.data_in), (1, 1));
    assert!(counts.segments_in >= 3 && counts.retransmitted == 0);
}

#[tokio::test]
async fn who_is_not_registered_leaves_no_trace() {
    let (recorder, mut events) = recorder();
    let listener = TcpListener::bind(ANY).await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = recorder.tap_listener(listener);
    let connecting = tokio::net::TcpStream::connect(address);
    let (client, accepted) = soon(async { tokio::join!(connecting, listener.accept()) }).await;
    let (mut stream, _) = accepted.unwrap();
    client.unwrap().write_all(b"hi").await.unwrap();
    assert_eq!(soon(stream.read(&mut [0; 8])).await.unwrap(), 2);
    drop(stream);
    assert_eq!(taken(&mut events), []);
}

#[tokio::test]
async fn datagrams_are_recorded_with_what_was_cut_and_lost() {
    let (recorder, mut events) = recorder();
    let server = recorder.tap_datagrams(bind_udp(ANY.parse().unwrap()).unwrap());
    let to = server.local_addr().unwrap();
    let client = UdpSocket::bind(ANY).await.unwrap();
    recorder.register(client.local_addr().unwrap(), ClientId::FIRST.acceptor());
    let stranger = bind_udp(ANY.parse().unwrap()).unwrap();
    let mut buffer = [0; 3];
    for datagram in [&b"hello"[..], b"", b"ab"] {
        stranger.send_to(b"?", to).await.unwrap();
        soon(server.recv_from(&mut buffer)).await.unwrap();
        client.send_to(datagram, to).await.unwrap();
        let (count, from) = soon(server.recv_from(&mut buffer)).await.unwrap();
        server.send_to(&buffer[..count], from).await.unwrap();
        let back = soon(client.recv_from(&mut [0; 8])).await.unwrap();
        assert_eq!(back, (count, to));
    }
    drop(server);
    let events = taken(&mut events);
    check(
        &events,
        &[
            "server recv 0+3/3 hel",
            "server send 0+3/3 hel",
            "server recv 3+0/3",
            "server send 3+0/0",
            "server recv 3+2/3 ab",
            "server send 3+2/2 ab",
        ],
    );
    let recvs = events.iter().filter(|event| event.call == Call::Recv);
    let told: Vec<_> = recvs
        .map(|event| (event.socket.length, event.socket.dropped))
        .collect();
    assert_eq!(
        told,
        [(Some(5), Some(0)), (Some(0), Some(0)), (Some(2), Some(0))]
    );
}
