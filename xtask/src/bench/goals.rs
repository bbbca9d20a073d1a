//! The goals: what the figures are held against.

use super::goal::Bound::{self, AtLeast, Below, NotLess, NotMore, Ratio, RatioAtLeast, RatioBelow};
use super::goal::{Goal, goal};

const STREAM: &str = "64 KiB messages streamed";
const PIPELINED: &str = "1 KiB messages pipelined";
const TRIP: &str = "64 B round trip, median";
const SLOW_TRIP: &str = "64 B round trip, 99th percentile";
const TRIPS: &str = "64 B round trips, 16 clients";
const CONNECTIONS: &str = "connections, 16 at a time";
const FEW: &str = "connections, 4 at a time";
const LEFT: &str = "connections without a WebSocket close, 4 at a time";

/// All of them, in the report's order.
pub(super) const BRIDGES: [Goal; 16] = [
    goal("stream-64k", STREAM, "websocat", AtLeast(2.0)),
    goal("stream-64k", STREAM, "websockify", AtLeast(2.0)),
    goal("stream-1k", PIPELINED, "websocat", NotLess),
    goal("stream-1k", PIPELINED, "websockify", NotLess),
    goal("trip-p50", TRIP, "websocat", NotMore),
    goal("trip-p50", TRIP, "websockify", NotMore),
    goal("trip-p99", SLOW_TRIP, "websocat", NotMore),
    goal("trip-p99", SLOW_TRIP, "websockify", NotMore),
    goal("clients-16", TRIPS, "websocat", NotLess),
    goal("clients-16", TRIPS, "websockify", NotLess),
    goal("connections", CONNECTIONS, "websocat", AtLeast(1.1)),
    goal("connections", CONNECTIONS, "websockify", AtLeast(1.1)),
    goal("connections-4", FEW, "websocat", AtLeast(1.1)),
    goal("connections-4", FEW, "websockify", AtLeast(1.1)),
    goal("connections-left", LEFT, "websocat", AtLeast(1.1)),
    goal("connections-left", LEFT, "websockify", AtLeast(1.1)),
];

pub(super) const SERVERS: [Goal; 3] = [
    goal(
        "handshakes",
        "auth handshakes a second",
        "socketserver",
        NotLess,
    ),
    goal(
        "echo-trips",
        "tcp-echo, 64 B round trips",
        "bare tokio loop",
        AtLeast(0.9),
    ),
    goal(
        "echo-stream",
        "tcp-echo, a stream",
        "bare tokio loop",
        AtLeast(0.9),
    ),
];

pub(super) const MEMORY: [Goal; 2] = [
    goal(
        "memory-auth",
        "an idle authenticated connection",
        "",
        Below(8.0),
    ),
    goal("memory-bridge", "an idle bridge session", "", Below(32.0)),
];

const CODEC: &str = "LengthDelimitedCodec";
const SEARCH: Bound = RatioAtLeast(0.8);

pub(super) const DECODER: [Goal; 6] = [
    goal("decoder-length-64", "64 B with a length", CODEC, Ratio),
    goal("decoder-length-65536", "64 KiB with a length", CODEC, Ratio),
    goal("decoder-line-64", "lines of 64 B", "memmem", SEARCH),
    goal("decoder-line-65536", "lines of 64 KiB", "memmem", SEARCH),
    goal("decoder-crlf-64", "64 B and CR LF", "memmem", SEARCH),
    goal("decoder-crlf-65536", "64 KiB and CR LF", "memmem", SEARCH),
];

pub(super) const ANALYSIS: [Goal; 2] = [
    goal(
        "analysis-in-order",
        "events in order",
        ONE_ANALYSIS,
        GROWING,
    ),
    goal(
        "analysis-late",
        "every fourth event late",
        ONE_ANALYSIS,
        GROWING,
    ),
];
const ONE_ANALYSIS: &str = "one analysis of all";
/// A hundred looks at a growing record may cost half an analysis more than one
/// look at the end.
const GROWING: Bound = RatioBelow(1.5);

pub(super) const CAPTURES: [Goal; 2] = [
    goal(
        "captures-list",
        "100 MB and 100,000 packets listed",
        "tshark -z conv,tcp",
        RatioBelow(0.5),
    ),
    goal(
        "captures-one",
        "one of its connections shown",
        "a second",
        RatioBelow(1.0),
    ),
];

const STRACE: &str = "what strace adds";
const ON_ONE: Bound = RatioBelow(1.0);
const WHERE_CHOSEN: Bound = RatioBelow(0.5);

/// The queue is asked for each recv: without, it would be 0.7 and 0.3.
pub(super) const TRACE: [Goal; 8] = [
    goal("trace-c-one", "C, on one processor", STRACE, ON_ONE),
    goal(
        "trace-python-one",
        "Python, on one processor",
        STRACE,
        ON_ONE,
    ),
    goal("trace-node-one", "Node, on one processor", STRACE, ON_ONE),
    goal(
        "trace-stream-one",
        "a stream, on one processor",
        STRACE,
        ON_ONE,
    ),
    goal(
        "trace-c-chosen",
        "C, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
    goal(
        "trace-python-chosen",
        "Python, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
    goal(
        "trace-node-chosen",
        "Node, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
    goal(
        "trace-stream-chosen",
        "a stream, where the scheduler chooses",
        STRACE,
        WHERE_CHOSEN,
    ),
];

const OPEN: &str = "100,000 events: opening a file";
const BYTES: &str = "100,000 events: a step, Bytes view, median";
const TIME: &str = "100,000 events: a step, Time view, median";
const STEPS: &str = "100,000 events: a step, Time view by steps, median";
const SLOW_BYTES: &str = "100,000 events: a step, Bytes view, 95th percentile";
const SLOW_TIME: &str = "100,000 events: a step, Time view, 95th percentile";
const SLOW_STEPS: &str = "100,000 events: a step, Time view by steps, 95th percentile";
const SCROLL: &str = "100,000 events: a scroll of the table, median";
const RENDERER: &str = "100,000 events: memory of the renderer";
const FEW_BYTES: &str = "2,000 events: a step, Bytes view, median";
const FEW_TIME: &str = "2,000 events: a step, Time view, median";
const FEW_STEPS: &str = "2,000 events: a step, Time view by steps, median";

pub(super) const PAGE: [Goal; 12] = [
    goal("open-100k", OPEN, "", Below(2_000.0)),
    goal("step-bytes-100k", BYTES, "", Below(16.0)),
    goal("step-bytes-p95-100k", SLOW_BYTES, "", Below(50.0)),
    goal("step-time-100k", TIME, "", Below(16.0)),
    goal("step-time-p95-100k", SLOW_TIME, "", Below(50.0)),
    goal("step-steps-100k", STEPS, "", Below(16.0)),
    goal("step-steps-p95-100k", SLOW_STEPS, "", Below(50.0)),
    goal("scroll-100k", SCROLL, "", Below(16.0)),
    goal("memory-100k", RENDERER, "", Below(400.0)),
    goal("step-bytes-2k", FEW_BYTES, "", Below(12.0)),
    goal("step-time-2k", FEW_TIME, "", Below(12.0)),
    goal("step-steps-2k", FEW_STEPS, "", Below(12.0)),
];
