//! What crossed the wire between send() and recv(): a row of its own where it
//! was captured, and else what is known without.

use std::fmt::Write as _;

use trace::lane::{Fate, Lane};
use trace::link::Capture;
use trace::{Call, Counts, Trace};

use super::{Cell, NAMES, Row, count};

/// What the README says to do.
const SETCAP: &str = "sudo setcap cap_net_raw+ep target/release/stickylab";

/// Every captured packet with payload. One that was sent again adds no box:
/// its bytes had crossed before.
pub(super) fn row(trace: &Trace, lane: &Lane) -> Row {
    let mut row = Row::new("wire", lane);
    for packet in lane.wire.iter().filter(|packet| !packet.resent) {
        row.carry(lane, packet.span);
    }
    let (one, many) = if trace.is_datagrams(lane.connection) {
        ("datagram", "datagrams")
    } else {
        ("segment", "segments")
    };
    let resent = lane.wire.iter().filter(|packet| packet.resent).count();
    row.counts = count(lane.wire.len(), one, many);
    if resent > 0 {
        let _ = write!(row.counts, ", {resent} of them sent again");
    }
    let larger = lane.wire.iter().filter(|packet| packet.segments > 1);
    let larger = larger.count();
    if larger > 0 {
        let _ = write!(row.counts, ", {larger} GSO");
    }
    row
}

/// Marks in the recvs' row the datagrams that the reader's kernel dropped, and
/// counts those that no recv took; captured or not.
pub(super) fn fates(lane: &Lane, row: &mut Row) {
    let (mut dropped, mut unread, mut unknown) = (0, 0, 0);
    for (number, send) in lane.sends.iter().enumerate() {
        match lane.fate(number) {
            Fate::Read(_) => {}
            Fate::Dropped => {
                dropped += 1;
                row.fill(send.range(), Cell::Gone);
            }
            Fate::Unread => unread += 1,
            Fate::Unknown => unknown += 1,
        }
    }
    for (amount, word) in [
        (dropped, "dropped"),
        (unread, "unread"),
        (unknown, "lost or unread"),
    ] {
        if amount > 0 {
            let _ = write!(row.counts, ", {amount} {word}");
        }
    }
}

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
