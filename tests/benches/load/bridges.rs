//! Bridges from WebSocket to TCP in front of the same echo server, and that
//! server without a bridge: the floor.

use std::net::SocketAddr;
use std::time::Duration;

use crate::figure::{Case, Measured};
use crate::programs::{self, Running};
use crate::target::Target;
use crate::traffic;

const CLIENTS: usize = 16;
const MIB: f64 = 1024.0 * 1024.0;

/// What is done, and how it is measured.
type Work = (&'static str, fn(&Target, Duration) -> Measured);

const WORKS: [Work; 5] = [
    ("64 KiB messages streamed", |target, time| {
        let rate = traffic::stream(target, 64 * 1024, time) / MIB;
        vec![("stream-64k", "MiB/s", rate)]
    }),
    ("1 KiB messages pipelined", |target, time| {
        let rate = traffic::stream(target, 1024, time) / MIB;
        vec![("stream-1k", "MiB/s", rate)]
    }),
    ("64 B round trips, one client", |target, time| {
        let mut times = traffic::trips(target, 64, time);
        vec![
            ("trip-p50", "µs", traffic::quantile(&mut times, 0.5)),
            ("trip-p99", "µs", traffic::quantile(&mut times, 0.99)),
        ]
    }),
    ("64 B round trips, 16 clients", |target, time| {
        let rate = traffic::clients(*target, CLIENTS, 64, time);
        vec![("clients-16", "/s", rate)]
    }),
    ("connections, 16 at a time", |target, time| {
        let rate = traffic::connections(*target, CLIENTS, time);
        vec![("connections", "/s", rate)]
    }),
];

/// The bridges, running.
pub(crate) struct Bridges {
    stickylab: Running,
    websocat: Running,
    websockify: Running,
}

/// Starts all of them in front of `echo`.
pub(crate) fn start(echo: SocketAddr) -> Bridges {
    let bridge = format!("--bridge=echo=tcp:{echo}");
    Bridges {
        stickylab: programs::serve(&[&bridge]).running,
        websocat: programs::websocat(echo),
        websockify: programs::websockify(echo),
    }
}

/// Every work by everyone.
pub(crate) fn cases(bridges: &Bridges, echo: SocketAddr, time: Duration) -> Vec<Case<'_>> {
    let targets = [
        ("direct", Target::plain(echo)),
        (
            "stickylab",
            Target::websocket(bridges.stickylab.address, "/bridge/echo"),
        ),
        ("websocat", Target::websocket(bridges.websocat.address, "/")),
        (
            "websockify",
            Target::websocket(bridges.websockify.address, "/"),
        ),
    ];
    let mut cases = Vec::new();
    for (work, run) in WORKS {
        for (subject, target) in targets {
            let run = Box::new(move || run(&target, time));
            cases.push(Case { work, subject, run });
        }
    }
    cases
}
