//! Bridges from WebSocket to TCP in front of the same echo server, and that
//! server without a bridge: the floor.

use std::net::SocketAddr;
use std::time::Duration;

use crate::figure::{Case, Measured};
use crate::observe::spending;
use crate::programs::{self, Running};
use crate::target::Target;
use crate::traffic::{self, Goodbye};

const CLIENTS: usize = 16;
const FEW: usize = 4;
const MIB: f64 = 1024.0 * 1024.0;

/// What is done, and how it is measured.
type Work = (&'static str, fn(&Target, Duration) -> Measured);

const MANY: &str = "64 B round trips, 16 clients";

const WORKS: [Work; 7] = [
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
    (MANY, |target, time| {
        let rate = traffic::clients(*target, CLIENTS, 64, time);
        vec![("clients-16", "/s", rate)]
    }),
    ("connections, 16 at a time", |target, time| {
        let rate = traffic::connections(*target, CLIENTS, time);
        vec![("connections", "/s", rate)]
    }),
    ("connections, 4 at a time", |target, time| {
        let rate = traffic::threads(*target, FEW, Goodbye::Close, time);
        vec![("connections-4", "/s", rate)]
    }),
    ("connections left, 4 at a time", |target, time| {
        let rate = traffic::threads(*target, FEW, Goodbye::Leave, time);
        vec![("connections-left", "/s", rate)]
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
    let websocket = |running: &Running, path| Target::websocket(running.address, path);
    // Of websockify, which has a process for each client, no time is taken.
    let targets = [
        ("direct", Target::plain(echo), None),
        (
            "stickylab",
            websocket(&bridges.stickylab, "/bridge/echo"),
            Some(bridges.stickylab.id()),
        ),
        (
            "websocat",
            websocket(&bridges.websocat, "/"),
            Some(bridges.websocat.id()),
        ),
        ("websockify", websocket(&bridges.websockify, "/"), None),
    ];
    let mut cases = Vec::new();
    for (work, run) in WORKS {
        for (subject, target, id) in targets {
            let run = Box::new(move || match id {
                Some(id) if work == MANY => many(target, id, time),
                _ => run(&target, time),
            });
            cases.push(Case { work, subject, run });
        }
    }
    cases
}

/// As without `id`, and what a round trip costs that process.
fn many(target: Target, id: u32, time: Duration) -> Measured {
    let (rate, [own, kernel]) = spending(id, || traffic::clients(target, CLIENTS, 64, time));
    vec![
        ("clients-16", "/s", rate),
        ("clients-16-own", "µs", own),
        ("clients-16-kernel", "µs", kernel),
    ]
}
