//! `/metrics`: what the gateway counts, in the OpenMetrics text format that
//! Prometheus reads. Names begin with `stickylab_`; no name, address or byte
//! of a client is in it.

mod labels;

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use protocol::System;
use trace::Call;
use trace::link::Line;

use labels::{Cut, Dropped, Flow, Handshake, Output, Refused, Session, TurnedAway};
pub(super) use labels::{Reason, Service, Way};

use crate::net::{Auditor, Decision};
use crate::printer::Printer;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds of a session's length, in seconds.
const LENGTHS: [f64; 8] = [0.1, 1.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0, 28_800.0];
/// Upper bounds of the time to a bridge's server, in seconds.
const CONNECTS: [f64; 8] = [0.0001, 0.000_3, 0.001, 0.003, 0.01, 0.1, 1.0, 5.0];

/// Everything that is counted. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Counters>);

/// What [`Metrics`] shares.
#[derive(Debug)]
pub struct Counters {
    registry: Registry,
    /// TCP connections accepted.
    pub(super) connections: Counter,
    /// Of these, open now.
    pub(super) connections_open: Gauge,
    refusals: Family<Refused, Counter>,
    sessions: Family<Session, Counter>,
    sessions_open: Family<Session, Gauge>,
    session_length: Family<Session, Histogram, fn() -> Histogram>,
    bytes: Family<Flow, Counter>,
    messages: Family<Flow, Counter>,
    /// Time until a bridge's server took the connection.
    connect_time: Histogram,
    /// Experiments started.
    pub(super) runs: Counter,
    runs_running: Gauge,
    runs_queued: Gauge,
    cuts: Family<Cut, Counter>,
    dropped: Family<Dropped, Counter>,
    turned_away: Family<TurnedAway, Counter>,
    handshakes: Family<Handshake, Counter>,
    /// Datagrams left unanswered because they went round in a loop.
    loops_broken: Counter,
    lines_dropped: Family<Output, Counter>,
    /// What prints, and where what it drops is counted.
    outputs: Mutex<Vec<(Printer, Counter)>>,
}

fn lengths() -> Histogram {
    Histogram::new(LENGTHS)
}

impl Deref for Metrics {
    type Target = Counters;

    fn deref(&self) -> &Counters {
        &self.0
    }
}

impl Metrics {
    /// Nothing is counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("stickylab");
        let this = Counters {
            registry: Registry::default(),
            connections: Counter::default(),
            connections_open: Gauge::default(),
            refusals: Family::default(),
            sessions: Family::default(),
            sessions_open: Family::default(),
            session_length: Family::new_with_constructor(lengths as fn() -> Histogram),
            bytes: Family::default(),
            messages: Family::default(),
            connect_time: Histogram::new(CONNECTS),
            runs: Counter::default(),
            runs_running: Gauge::default(),
            runs_queued: Gauge::default(),
            cuts: Family::default(),
            dropped: Family::default(),
            turned_away: Family::default(),
            handshakes: Family::default(),
            loops_broken: Counter::default(),
            lines_dropped: Family::default(),
            outputs: Mutex::default(),
        };
        registry.register(
            "connections",
            "TCP connections accepted",
            this.connections.clone(),
        );
        registry.register(
            "connections_open",
            "TCP connections that are open, WebSockets among them",
            this.connections_open.clone(),
        );
        registry.register(
            "refusals",
            "What was refused, by reason",
            this.refusals.clone(),
        );
        registry.register(
            "sessions",
            "WebSockets accepted, by kind",
            this.sessions.clone(),
        );
        registry.register(
            "sessions_open",
            "WebSockets that are open, by kind",
            this.sessions_open.clone(),
        );
        registry.register_with_unit(
            "session_length",
            "How long WebSockets were open, by kind",
            Unit::Seconds,
            this.session_length.clone(),
        );
        registry.register_with_unit(
            "bridge",
            "Bytes moved by bridges, by way",
            Unit::Bytes,
            this.bytes.clone(),
        );
        registry.register(
            "bridge_messages",
            "WebSocket messages moved by bridges, by way",
            this.messages.clone(),
        );
        registry.register_with_unit(
            "bridge_connect_time",
            "Time until a bridge's server took the connection",
            Unit::Seconds,
            this.connect_time.clone(),
        );
        registry.register("lab_runs", "Experiments started", this.runs.clone());
        registry.register(
            "lab_runs_running",
            "Experiments that go on",
            this.runs_running.clone(),
        );
        registry.register(
            "lab_runs_queued",
            "Experiments that wait for others to end",
            this.runs_queued.clone(),
        );
        registry.register(
            "lab_cuts",
            "Experiments cut off because they became too much, by reason",
            this.cuts.clone(),
        );
        registry.register(
            "lab_events_dropped",
            "Events of experiments that are not in their traces, by kind",
            this.dropped.clone(),
        );
        registry.register(
            "listener_refusals",
            "Connections (and datagrams) that a listener refused, by listener and reason",
            this.turned_away.clone(),
        );
        registry.register(
            "handshakes",
            "Handshakes that came to an end, by outcome",
            this.handshakes.clone(),
        );
        registry.register(
            "echo_loops_broken",
            "Datagrams of udp-echo left unanswered because they went round in a loop",
            this.loops_broken.clone(),
        );
        registry.register(
            "output_lines_dropped",
            "Lines that were not printed because nobody read fast enough, by stream",
            this.lines_dropped.clone(),
        );
        Self(Arc::new(Counters { registry, ..this }))
    }

    /// Counts the lines that `printer` drops, under the name of its `stream`.
    pub fn count_dropped(&self, stream: &'static str, printer: Printer) {
        let counter = self.lines_dropped.get_or_create_owned(&Output { stream });
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        outputs.push((printer, counter));
    }

    pub(super) fn refused(&self, reason: Reason) {
        self.refusals.get_or_create(&Refused { reason }).inc();
    }

    /// A listener has refused a connection, or a datagram.
    pub(super) fn turned_away(&self, listener: &'static str, reason: trace::Reason) {
        let reason = reason.name();
        let refused = TurnedAway { listener, reason };
        self.turned_away.get_or_create(&refused).inc();
    }

    /// A line of an experiment is about to be passed on; so far its lab has
    /// left out `left_out` calls.
    pub(super) fn ran(&self, line: &Line, left_out: u64) {
        match line {
            Line::Event(event) if event.call == Call::Cut => match event.reason {
                // The run goes on, without the packets that are counted below.
                None | Some(trace::Reason::Packets) => {}
                Some(reason) => {
                    let reason = reason.name();
                    self.cuts.get_or_create(&Cut { reason }).inc();
                }
            },
            Line::Ended(ended) => {
                let missed = ended.missed.unwrap_or(0).into();
                for (kind, count) in [("calls", left_out), ("packets", missed)] {
                    if count > 0 {
                        let dropped = Dropped { kind };
                        self.dropped.get_or_create(&dropped).inc_by(count);
                    }
                }
            }
            _ => {}
        }
    }

    /// So many experiments go on, and so many wait.
    pub(super) fn queue(&self, running: usize, waiting: usize) {
        let gauge = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.runs_running.set(gauge(running));
        self.runs_queued.set(gauge(waiting));
    }

    fn handshake_ended(&self, outcome: &'static str) {
        self.handshakes.get_or_create(&Handshake { outcome }).inc();
    }

    /// A session has begun; it ends when what is returned is dropped.
    pub(super) fn session(&self, kind: Service) -> Open {
        self.sessions.get_or_create(&Session { kind }).inc();
        self.sessions_open.get_or_create(&Session { kind }).inc();
        Open {
            metrics: self.clone(),
            kind,
            since: std::time::Instant::now(),
        }
    }

    pub(super) fn connected(&self, took: Duration) {
        self.connect_time.observe(took.as_secs_f64());
    }

    /// Counters of one way through bridges: looked up once a session, not
    /// once a message.
    pub(super) fn flow(&self, way: Way) -> (Counter, Counter) {
        let flow = Flow { way };
        (
            self.bytes.get_or_create_owned(&flow),
            self.messages.get_or_create_owned(&flow),
        )
    }

    /// The answer to a scrape.
    pub(super) fn response(&self) -> Response {
        match self.text() {
            Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
            Err(error) => {
                tracing::error!("metrics can't be written: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

impl Metrics {
    /// All that is counted, in the OpenMetrics text format.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        for (printer, counter) in outputs.iter() {
            counter.inc_by(printer.dropped().saturating_sub(counter.get()));
        }
        drop(outputs);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Servers that run beside the gateway are counted with it.
impl Auditor for Metrics {
    fn decided(&self, system: System, _: SocketAddr, decision: Decision<'_>) {
        if let Some(reason) = decision.reason() {
            self.turned_away(system.name(), reason);
        }
        match (decision, decision.reason()) {
            (Decision::Authenticated, _) => self.handshake_ended("authenticated"),
            (Decision::LoopBroken, _) => drop(self.loops_broken.inc()),
            (Decision::Refused(refusal), Some(reason)) if refusal.is_of_the_handshake() => {
                self.handshake_ended(reason.name());
            }
            _ => {}
        }
    }
}

/// A session that goes on.
#[derive(Debug)]
pub(super) struct Open {
    metrics: Metrics,
    kind: Service,
    since: std::time::Instant,
}

impl Drop for Open {
    fn drop(&mut self) {
        let session = Session { kind: self.kind };
        self.metrics.sessions_open.get_or_create(&session).dec();
        let length = self.since.elapsed().as_secs_f64();
        self.metrics
            .session_length
            .get_or_create(&session)
            .observe(length);
    }
}
