//! The native servers: `auth` beside Python's `socketserver`, `tcp-echo`
//! beside a bare copy loop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::echo::ROOM;
use crate::figure::{Case, Measured};
use crate::handshake;
use crate::observe::spending;
use crate::programs::{self, NO_LIMITS, Running};
use crate::target::Target;
use crate::traffic;

const CLIENTS: usize = 64;
const MIB: f64 = 1024.0 * 1024.0;

/// The servers, running.
pub(crate) struct Servers {
    auth: Running,
    python: Running,
    floor: Running,
    tcp_echo: Running,
}

/// Starts all of them.
pub(crate) fn start() -> Servers {
    let flags = ["--quiet", "--listen=127.0.0.1:0"];
    let auth = [&["server", "auth"], &flags[..], &NO_LIMITS].concat();
    let room = format!("--buffer={ROOM}");
    let echo = [&["server", "tcp-echo", &room], &flags[..], &NO_LIMITS].concat();
    Servers {
        auth: programs::stickylab("auth", &auth),
        python: programs::python_auth(),
        floor: programs::floor(),
        tcp_echo: programs::stickylab("tcp-echo", &echo),
    }
}

/// Every work by those who do it.
pub(crate) fn cases(servers: &Servers, bare: SocketAddr, time: Duration) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    let auths = [
        ("stickylab", &servers.auth),
        ("socketserver", &servers.python),
        ("floor", &servers.floor),
    ];
    for (subject, server) in auths {
        let run = Box::new(move || handshakes_of(server, time));
        cases.push(Case {
            work: "auth handshakes, 64 at a time",
            subject,
            run,
        });
    }
    let echoes = [
        ("stickylab", servers.tcp_echo.address),
        ("bare tokio loop", bare),
    ];
    for (subject, address) in echoes {
        let target = Target::plain(address);
        let run = Box::new(move || {
            let mut times = traffic::trips(&target, 64, time);
            #[expect(clippy::cast_precision_loss, reason = "a rate has few digits")]
            let rate = times.len() as f64 / times.iter().sum::<Duration>().as_secs_f64();
            let median = traffic::quantile(&mut times, 0.5);
            vec![("echo-trips", "/s", rate), ("echo-p50", "µs", median)]
        });
        cases.push(Case {
            work: "tcp-echo round trips of 64 B",
            subject,
            run,
        });
    }
    for (subject, address) in echoes {
        let target = Target::plain(address);
        let run = Box::new(move || {
            let rate = traffic::stream(&target, 64 * 1024, time) / MIB;
            vec![("echo-stream", "MiB/s", rate)]
        });
        cases.push(Case {
            work: "tcp-echo of a stream",
            subject,
            run,
        });
    }
    cases
}

/// Handshakes a second, and what one costs the server's process.
fn handshakes_of(server: &Running, time: Duration) -> Measured {
    let (rate, [own, kernel]) = spending(server.id(), || handshakes(server.address, time));
    vec![
        ("handshakes", "/s", rate),
        ("handshakes-own", "µs", own),
        ("handshakes-kernel", "µs", kernel),
    ]
}

/// Whole conversations with `auth`, again and again; how many a second.
pub(crate) fn handshakes(server: SocketAddr, time: Duration) -> f64 {
    traffic::side_by_side(CLIENTS, move || async move {
        let (start, mut done) = (Instant::now(), 0);
        while start.elapsed() < time {
            let mut stream = TcpStream::connect(server).await.expect("it listens");
            handshake::right(&mut stream).await.expect("it replies");
            done += 1;
        }
        done
    })
}
