//! What an idle connection costs the process that holds it. The kernel's own
//! memory for its sockets is not in it.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;

use crate::figure::{Case, Measured};
use crate::handshake;
use crate::observe::settled;
use crate::programs::{self, NO_LIMITS, Running};
use crate::target::Target;
use crate::traffic::runtime;

const AUTHENTICATED: usize = 10_000;
const SESSIONS: usize = 2_000;
/// Addresses the connections come from, so that there are ports enough.
const SOURCES: usize = 8;

/// Both, each with a server of its own every time.
pub(crate) fn cases(echo: SocketAddr) -> Vec<Case<'static>> {
    vec![
        Case {
            work: "10,000 idle authenticated connections",
            subject: "stickylab",
            run: Box::new(authenticated),
        },
        Case {
            work: "2,000 idle bridge sessions",
            subject: "stickylab",
            run: Box::new(move || sessions(echo)),
        },
    ]
}

/// Connections that have proved themselves, had one message answered, and wait.
fn authenticated() -> Measured {
    let mut arguments = vec!["server", "auth", "--quiet", "--listen=127.0.0.1:0"];
    arguments.extend(NO_LIMITS);
    let server = programs::stickylab("auth", &arguments);
    let each = hold(&server, AUTHENTICATED, async |mut stream| {
        handshake::right(&mut stream).await.expect("it replies");
        stream
    });
    vec![("memory-auth", "KiB", each)]
}

/// Bridge sessions that had one message echoed, and wait.
fn sessions(echo: SocketAddr) -> Measured {
    let server = programs::serve(&[&format!("--bridge=echo=tcp:{echo}")]).running;
    let target = Target::websocket(server.address, "/bridge/echo");
    let each = hold(&server, SESSIONS, async |stream| {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = target.upgrade(stream).await.expect("it upgrades");
        let message = target.message(b"HELLO");
        stream.write_all(&message).await.expect("it reads");
        let mut reply = [0; 7];
        stream.read_exact(&mut reply).await.expect("it replies");
        assert_eq!(reply, *b"\x82\x05HELLO");
        stream
    });
    vec![("memory-bridge", "KiB", each)]
}

/// Holds `count` connections that `begin` has brought to rest; resident memory
/// that the server has more than before, for each of them, in KiB.
#[expect(clippy::cast_precision_loss, reason = "KiB with few digits")]
fn hold(server: &Running, count: usize, begin: impl AsyncFn(TcpStream) -> TcpStream) -> f64 {
    let before = settled(server.id());
    runtime().block_on(async {
        let mut held = Vec::with_capacity(count);
        for number in 0..count {
            let source = 2 + u8::try_from(number % SOURCES).expect("few sources");
            let stream = connect(SocketAddr::from(([127, 0, 0, source], 0)), server.address);
            let stream = TcpStream::from_std(stream).expect("a runtime is here");
            held.push(begin(stream).await);
        }
        let after = settled(server.id());
        let more = after.descriptors.saturating_sub(before.descriptors);
        assert!(more >= count as u64, "the server holds {more} of {count}");
        after.resident.saturating_sub(before.resident) as f64 / count as f64
    })
}

fn connect(from: SocketAddr, to: SocketAddr) -> std::net::TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a descriptor");
    socket.bind(&from.into()).expect("a port is free");
    socket.connect(&to.into()).expect("it listens");
    socket.set_nonblocking(true).expect("a descriptor's flag");
    socket.into()
}
