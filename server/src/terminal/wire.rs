//! What is known of the wire beside its row: why there is none, what got lost.

use anstyle::Style;
use record::Restriction;
use trace::lane::Lane;
use trace::link::Capture;
use trace::text::Sentence;
use trace::{Call, Counts, Trace};

use super::screen::Screen;

/// What the README says to do.
const SETCAP: &str = "sudo setcap cap_net_raw+ep target/release/stickylab";

/// In place of the row: why there is none, and the kernel's own counts if it
/// was asked.
pub(super) fn not_captured(trace: &Trace, lane: &Lane, screen: Screen) -> String {
    let setting = trace.head.restriction.and_then(Restriction::setting);
    let why = Sentence::new(match trace.head.capture {
        Capture::On | Capture::Unknown => "terminal.not-captured",
        Capture::NeedsCapNetRaw if setting.is_some() => "terminal.capture-restricted",
        Capture::NeedsCapNetRaw => "terminal.needs-cap-net-raw",
        Capture::Unsupported => "terminal.no-packet-sockets",
        Capture::Failed => "terminal.capture-failed",
    });
    let why = why
        .with("command", SETCAP.to_owned())
        .with("setting", setting.unwrap_or_default().to_owned());
    let wire = screen.text("terminal.wire");
    let mut text = screen.named(Style::new(), &wire, &screen.say(&why));
    if let Some(counts) = counts(trace, lane) {
        let counted = Sentence::new("terminal.counted")
            .with("out", counts.segments_out as usize)
            .with("data", counts.data_out as usize)
            .with("again", counts.retransmitted as usize);
        text += &screen.named(Style::new(), "", &screen.say(&counted));
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
pub(super) fn losses(trace: &Trace, screen: Screen) -> String {
    let line = |name, sentence: &Sentence| {
        let named = screen.named(Style::new(), &screen.text(name), &screen.say(sentence));
        format!("\n{named}")
    };
    let mut text = String::new();
    if let Some(dropped) = trace.dropped.filter(|dropped| *dropped > 0) {
        let dropped = Sentence::new("terminal.lost-datagrams").with("n", dropped as usize);
        text += &line("terminal.lost", &dropped);
    }
    let missed = match trace.missed {
        Some(0) => None,
        Some(missed) => Some(Sentence::new("terminal.capture-missed").with("n", missed as usize)),
        None => {
            (trace.head.capture == Capture::On).then(|| Sentence::new("terminal.capture-broke"))
        }
    };
    text.extend(missed.map(|missed| line("terminal.capture", &missed)));
    text
}
