//! What is known of the wire beside its row: why there is none, what got lost.

use std::fmt::Write as _;

use trace::lane::Lane;
use trace::link::Capture;
use trace::{Call, Counts, Trace};

use super::{NAMES, count};

/// What the README says to do.
const SETCAP: &str = "sudo setcap cap_net_raw+ep target/release/stickylab";

/// In place of the row: why there is none, and the kernel's own counts if it
/// was asked.
pub(super) fn not_captured(trace: &Trace, lane: &Lane) -> String {
    let why = match trace.capture {
        Capture::On | Capture::Unknown => String::new(),
        Capture::NeedsCapNetRaw => format!(": needs CAP_NET_RAW ({SETCAP})"),
        Capture::Unsupported => ": this system has no packet sockets".to_owned(),
        Capture::Failed => ": the capture could not be started".to_owned(),
    };
    let mut text = format!("{:NAMES$}not captured{why}\n", "wire");
    if let Some(counts) = counts(trace, lane) {
        let _ = writeln!(
            text,
            "{:NAMES$}only counted (TCP_INFO): {} out, {} with data, {} sent again",
            "",
            count(counts.segments_out as usize, "segment", "segments"),
            counts.data_out,
            counts.retransmitted,
        );
    }
    text
}

/// What the sender's socket had counted when it was closed.
fn counts(trace: &Trace, lane: &Lane) -> Option<Counts> {
    let sender = lane.direction.sender();
    let mut closes = trace.events().iter().rev();
    let close = closes
        .find(|e| e.connection == lane.connection && (e.end, e.call) == (sender, Call::Close))?;
    close.socket.counts
}

/// What got lost: for the reader, and for whoever watched.
pub(super) fn losses(trace: &Trace) -> String {
    let mut text = String::new();
    if let Some(dropped) = trace.dropped.filter(|dropped| *dropped > 0) {
        let _ = writeln!(
            text,
            "\n{:NAMES$}{} dropped by the server's kernel, by its own count: the receive buffer was full",
            "lost",
            count(dropped as usize, "datagram", "datagrams"),
        );
    }
    match trace.missed {
        Some(0) => {}
        Some(missed) => {
            let _ = writeln!(
                text,
                "\n{:NAMES$}the capture missed {}: what is on the wire may be more",
                "capture",
                count(missed as usize, "packet", "packets"),
            );
        }
        None if trace.capture == Capture::On => {
            let _ = writeln!(
                text,
                "\n{:NAMES$}it broke off: what is on the wire may be more",
                "capture"
            );
        }
        None => {}
    }
    text
}
