//! The sections of BENCHMARKS.md, each written by the program that measures.

use std::fmt::Write as _;

use super::document::{DECODER, PAGE, TRACE};
use super::figures::{Figure, Figures, shown};
use super::goal::{Goal, NOISE};
use super::goals;
use super::machine::{Machine, today};
use super::peers::Peers;
use super::{Effort, Group};

/// A table: its rows by figure, its columns by subject.
struct Table {
    subjects: &'static [(&'static str, &'static str)],
    rows: &'static [(&'static str, &'static str)],
}

const BRIDGES: Table = Table {
    subjects: &[
        ("direct", "no bridge"),
        ("stickylab", "stickylab"),
        ("websocat", "websocat"),
        ("websockify", "websockify"),
    ],
    rows: &[
        ("stream-64k", "64 KiB messages streamed"),
        ("stream-1k", "1 KiB messages pipelined"),
        ("trip-p50", "64 B round trip, median"),
        ("trip-p99", "64 B round trip, 99th percentile"),
        ("clients-16", "64 B round trips, 16 clients"),
        ("connections", "connections, 16 at a time"),
        ("connections-4", "connections, 4 at a time"),
        (
            "connections-left",
            "connections without a WebSocket close, 4 at a time",
        ),
    ],
};

const AUTH: Table = Table {
    subjects: &[
        ("floor", "no protocol"),
        ("stickylab", "stickylab"),
        ("socketserver", "ThreadingTCPServer"),
    ],
    rows: &[("handshakes", "auth handshakes, 64 at a time")],
};

const ECHO: Table = Table {
    subjects: &[
        ("stickylab", "tcp-echo"),
        ("bare tokio loop", "bare tokio loop"),
    ],
    rows: &[
        ("echo-trips", "64 B round trips, one client"),
        ("echo-p50", "64 B round trip, median"),
        ("echo-stream", "a stream, 64 KiB a send"),
    ],
};

const TRACING: Table = Table {
    subjects: &[
        ("alone", "alone"),
        ("stickylab", "stickylab trace"),
        ("strace", "strace"),
    ],
    rows: &[
        ("trace-c-one", "C, 64 B round trip, on one processor"),
        ("trace-python-one", "Python, the same"),
        ("trace-node-one", "Node, the same"),
        ("trace-stream-one", "C, 1 MiB, on one processor"),
        (
            "trace-c-chosen",
            "C, 64 B round trip, where the scheduler chooses",
        ),
        ("trace-python-chosen", "Python, the same"),
        ("trace-node-chosen", "Node, the same"),
        (
            "trace-stream-chosen",
            "C, 1 MiB, where the scheduler chooses",
        ),
    ],
};

const MEMORY: Table = Table {
    subjects: &[("stickylab", "resident memory, each")],
    rows: &[
        ("memory-auth", "10,000 idle authenticated connections"),
        ("memory-bridge", "2,000 idle bridge sessions"),
    ],
};

impl Table {
    fn markdown(&self, figures: &Figures) -> String {
        let mut text = "| |".to_owned();
        for (_, title) in self.subjects {
            let _ = write!(text, " {title} |");
        }
        text += "\n|---|";
        text += &"---|".repeat(self.subjects.len());
        text += "\n";
        for (what, title) in self.rows {
            let _ = write!(text, "| {title} |");
            for (subject, _) in self.subjects {
                let figure = figures.find(what, subject);
                let figure = figure.map_or_else(|| "–".to_owned(), Figure::shown);
                let _ = write!(text, " {figure} |");
            }
            text += "\n";
        }
        text
    }
}

/// The report about `groups`: everything but the soak.
pub(super) fn sections(
    figures: &Figures,
    groups: &[Group],
    machine: &Machine,
    peers: &Peers,
    effort: Effort,
) -> String {
    let mut text = format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench` on {}; don't edit. Medians of {} rounds,\n\
         {} ms under load each, lowest and highest in brackets. Everything ran on one\n\
         machine over loopback, in turn, so compare figures within one run only; the\n\
         ratios are what counts. One load generator for all, `tests/benches/load`.\n\n\
         - Machine: {}.\n\
         - Load average over the minute before: {}. Above the number of cores, others may\n  \
           have taken part in what was measured.\n",
        today(),
        effort.rounds,
        effort.millis,
        machine.line(),
        machine.load(),
    );
    if !peers.versions.is_empty() {
        let _ = writeln!(text, "- Peers: {}.", peers.versions.join("; "));
    }
    let all: Vec<&Goal> = [
        &goals::BRIDGES[..],
        &goals::SERVERS,
        &goals::MEMORY,
        &goals::ANALYSIS,
        &goals::CAPTURES,
    ]
    .into_iter()
    .flatten()
    .collect();
    text += &verdict(figures, &all);
    for group in groups.iter().filter(|group| !group.is_apart()) {
        text += "\n";
        text += &section(figures, *group);
    }
    text
}

/// The section of the decoders.
pub(super) fn decoder(figures: &Figures, machine: &Machine) -> String {
    format!(
        "{DECODER}\n\nWritten by `cargo xtask bench decoder` on {}. The `length-prefix` decoder beside\n\
         tokio-util's codec, and the `delimiter` decoder beside a `BytesMut` that\n\
         `memchr::memmem` searches and from which messages are split off, without a maximum\n\
         and without their places (`tests/benches/decoder.rs`). The same bytes in the same\n\
         chunks, those that recv(2) with room for 64 KiB returned on a loopback connection;\n\
         each round is the processor time of the thread, so that other programs on the same\n\
         processors count little. {}; load average over the minute before: {}.\n\n{}\n{}",
        today(),
        machine.line(),
        machine.load(),
        block(figures, "decoder"),
        table(figures, &goals::DECODER),
    )
}

/// The section of tracing.
pub(super) fn trace(figures: &Figures, machine: &Machine, effort: Effort, strace: &str) -> String {
    format!(
        "{TRACE}\n\nWritten by `cargo xtask bench trace` on {}. Programs that measure themselves\n\
         (`tests/benches/trace`): two processes that send 64 bytes to and fro, four calls a round\n\
         trip (Node makes more), and one that sends 1 MiB to another, 16 KiB a call. Alone, under\n\
         `stickylab trace --json FILE` and under `strace -f --seccomp-bpf -yy -s 65536 -o FILE`\n\
         with the calls on descriptors, in turn; medians of {} rounds, lowest and highest in\n\
         brackets. On one processor: all of it, by taskset(1). Nobody captures packets.\n\
         {}; {strace}; load average over the minute before: {}.\n\n{}\n\
         The added time is that under a tracer less that alone, in the same round. `stickylab\n\
         trace` asks the kernel for the queue beside each call, too.\n\n{}",
        today(),
        effort.rounds,
        machine.line(),
        machine.load(),
        TRACING.markdown(figures),
        table(figures, &goals::TRACE),
    )
}

/// The page's section.
pub(super) fn page(figures: &Figures, machine: &Machine) -> String {
    let what = [
        ("open", "from the choice of the file to the painted stage"),
        ("block", "the longest time without a frame meanwhile"),
        ("step-bytes", "a step in the Bytes view, median"),
        ("step-bytes-p95", "the same, 95th percentile"),
        ("step-time", "a step in the Time view, median"),
        ("step-time-p95", "the same, 95th percentile"),
        ("step-steps", "a step in the Time view by steps, median"),
        ("step-steps-p95", "the same, 95th percentile"),
        ("scroll", "a scroll of the table of events, median"),
        ("scroll-p95", "the same, 95th percentile"),
        ("memory", "resident memory of the renderer, all this done"),
        ("elements", "elements of the document"),
    ];
    let mut table = "| | 2,000 events | 100,000 events |\n|---|---|---|\n".to_owned();
    for (what, title) in what {
        let figure = |size| {
            let figure = figures.find(&format!("{what}-{size}"), "stickylab");
            figure.map_or_else(|| "–".to_owned(), Figure::shown)
        };
        let _ = writeln!(table, "| {title} | {} | {} |", figure("2k"), figure("100k"));
    }
    format!(
        "{PAGE}\n\nWritten by `cargo xtask bench page` on {}. Trace files of 2,000 and of 100,000 events\n\
         (one connection, its calls, packets and queues) in a headless Chromium of 1440 × 900\n\
         pixels without a GPU, driven by WebDriver; medians of five rounds, each in a fresh\n\
         browser, lowest and highest in brackets (`tests/benches/page`). A step or a scroll is\n\
         the work of the page's main thread for it: handling the key, and the frame behind it up\n\
         to the end of its painting. {}; load average over the minute before: {}.\n\n{table}\n{}",
        today(),
        machine.line(),
        machine.load(),
        self::table(figures, &goals::PAGE),
    )
}

/// How many goals are reached, and which are not.
fn verdict(figures: &Figures, goals: &[&Goal]) -> String {
    let outcomes: Vec<_> = goals
        .iter()
        .filter_map(|goal| goal.judge(figures))
        .collect();
    let reached = outcomes.iter().filter(|outcome| outcome.reached).count();
    let mut text = format!("- Goals: {reached} of {} reached", outcomes.len());
    if reached < outcomes.len() {
        text += "; missed by:\n\n| | goal | measured | |\n|---|---|---|---|\n";
        for outcome in outcomes.iter().filter(|outcome| !outcome.reached) {
            text += &outcome.row;
            text += "\n";
        }
    } else {
        text += ".\n";
    }
    text
}

fn section(figures: &Figures, group: Group) -> String {
    match group {
        Group::Bridges => bridges(figures),
        Group::Servers => servers(figures),
        Group::Memory => memory(figures),
        Group::Tap => format!(
            "## Watching\n\nWhat it costs `tcp-echo` that the lab watches its calls and captures its packets,\n\
             all on one processor (`tests/benches/tap.rs`). The servers of `stickylab server`\n\
             are never watched.\n\n{}",
            block(figures, "tap"),
        ),
        // Written by themselves.
        Group::Decoder | Group::Trace | Group::Page | Group::Link | Group::Chop => String::new(),
        Group::Analysis => format!(
            "## Analysis\n\n100,000 events of a stream with its packets inserted one by one, the lanes brought\n\
             up to date and asked for after each thousandth, beside one analysis of all of them\n\
             (`tests/benches/analysis.rs`); once in order, once with every fourth told eight\n\
             events late.\n\n{}\n{}",
            block(figures, "analysis"),
            table(figures, &goals::ANALYSIS),
        ),
        Group::Captures => format!(
            "## Captures\n\nA capture file listed by `stickylab show` beside `tshark -q -z conv,tcp`, and one of\n\
             its connections shown (`tests/benches/captures.rs`).\n\n{}\n{}",
            block(figures, "captures"),
            table(figures, &goals::CAPTURES),
        ),
    }
}

fn bridges(figures: &Figures) -> String {
    let floor = |what: &str| {
        let ours = figures.find(what, "stickylab")?.median();
        let floor = figures.find(what, "direct")?.median();
        Some((ours, floor))
    };
    let mut text = format!(
        "## Bridges\n\nWebSocket to TCP, in front of one echo server: a bare tokio copy loop in a process\n\
         of its own. *No bridge* is the generator over plain TCP with that server: the floor.\n\
         Frames are masked and made before the clock runs, and replies counted by their\n\
         headers. A connection is an upgrade, one echo and the close, or close(2) without a\n\
         WebSocket close. A goal is *not behind* a peer: *level* is a ratio within {:.0} % of 1.\n\n{}\n{}",
        100.0 * NOISE,
        BRIDGES.markdown(figures),
        table(figures, &goals::BRIDGES),
    );
    if let (Some((trip, direct)), Some((stream, bare))) = (floor("trip-p50"), floor("stream-64k")) {
        let _ = write!(
            text,
            "\nA round trip over the bridge crosses loopback four times instead of twice: {} µs\n\
             instead of {} µs, {:.1} times. A stream has {:.0} % of what the echo server does\n\
             without a bridge.{}\n",
            shown(trip),
            shown(direct),
            trip / direct,
            100.0 * stream / bare,
            spent(
                figures,
                "clients-16",
                "Of 16 clients a round trip",
                &["stickylab", "websocat"]
            ),
        );
    }
    text += "\nOurs: `stickylab serve --quiet --bridge=echo=tcp:ADDR`, its limits lifted by\n\
             `--max-connections`, `--max-per-source`, `--rate-per-source` and `--max-unproven`,\n\
             since all load comes from one address. websocat's buffer is its default; twice and 16\n\
             times as much were tried and are no better. The others:\n\n";
    text + &commands(figures, &["websocat", "websockify"])
}

fn servers(figures: &Figures) -> String {
    let mut text = format!(
        "## Servers\n\n### auth\n\nConnect, challenge, answer and one frame in one send, its reply, close. *No protocol*\n\
         sends and receives as many bytes without looking at them: what connecting and\n\
         closing alone cost tokio on this machine, generator included.\n\n{}",
        AUTH.markdown(figures),
    );
    let median = |subject| Some(figures.find("handshakes", subject)?.median());
    if let (Some(ours), Some(floor), Some(other)) =
        (median("stickylab"), median("floor"), median("socketserver"))
    {
        let _ = write!(
            text,
            "\nOurs does {:.0} % of what is done without a protocol, which itself is {:.1} times\n\
             what Python does: the rest of the time is the kernel's, for TCP, and that of the\n\
             generator, which shares the cores.{}\n",
            100.0 * ours / floor,
            floor / other,
            spent(
                figures,
                "handshakes",
                "A handshake",
                &["stickylab", "socketserver", "floor"],
            ),
        );
    }
    let _ = write!(
        text,
        "\nOurs: `stickylab server auth --quiet` with its limits lifted as above, `RUST_LOG=warn`:\n\
         Python's prints and logs nothing either. Python's has no deadlines.\n\n{}\n\
         ### tcp-echo\n\nOne client at a time; it makes letters upper case, a bare loop does not. Both have\n\
         room for 64 KiB (`--buffer=65536`).\n\n{}\n{}",
        commands(figures, &["socketserver"]),
        ECHO.markdown(figures),
        table(figures, &goals::SERVERS),
    );
    text
}

/// Where the processor's time goes, a sentence for each subject.
fn spent(figures: &Figures, what: &str, each: &str, subjects: &[&str]) -> String {
    let part = |subject, part| {
        let figure = figures.find(&format!("{what}-{part}"), subject)?;
        Some(shown(figure.median()))
    };
    let costs = subjects.iter().filter_map(|subject| {
        let (own, kernel) = (part(subject, "own")?, part(subject, "kernel")?);
        let name = if *subject == "floor" {
            "no protocol"
        } else {
            subject
        };
        Some(format!(
            "{name} {own} µs of its own and {kernel} µs in the kernel"
        ))
    });
    let costs: Vec<_> = costs.collect();
    if costs.is_empty() {
        return String::new();
    }
    format!("\n{each} costs the process:\n{}.", costs.join(";\n"))
}

fn memory(figures: &Figures) -> String {
    format!(
        "## Memory\n\nVmRSS of the server when all are connected, less what it was before, by their number.\n\
         Each connection had one message answered before it fell silent; they come from eight\n\
         addresses. The kernel's memory for sockets is not in it. The limits of connections\n\
         are lifted as above; of descriptors 12,000 are allowed (prlimit).\n\n{}\n{}",
        MEMORY.markdown(figures),
        table(figures, &goals::MEMORY),
    )
}

/// The goals that were measured, each with its verdict.
pub(super) fn table(figures: &Figures, goals: &[Goal]) -> String {
    let rows = goals.iter().filter_map(|goal| goal.judge(figures));
    rows.fold(
        "| | goal | measured | |\n|---|---|---|---|\n".to_owned(),
        |text, outcome| text + &outcome.row + "\n",
    )
}

fn commands(figures: &Figures, subjects: &[&str]) -> String {
    let commands = figures.commands.iter();
    let wanted = commands.filter(|(subject, _)| subjects.contains(&subject.as_str()));
    let lines: Vec<_> = wanted.map(|(_, command)| command.as_str()).collect();
    format!("```\n{}\n```\n", lines.join("\n"))
}

fn block(figures: &Figures, name: &str) -> String {
    let text = figures.texts.iter().find(|(other, _)| other == name);
    text.map_or_else(String::new, |(_, text)| format!("```\n{text}\n```\n"))
}
