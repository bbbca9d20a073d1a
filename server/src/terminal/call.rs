//! One call or packet as a line: when, on which connection, who, what and which bytes.

use std::fmt::Write as _;

use trace::explain::refusal;
use trace::lane::{Lane, MessageKind};
use trace::rows::{Layer, Rows};
use trace::text::{Sentence, grouped};
use trace::{Analysis, Call, Event, Trace};

use super::glyph::{HEX, escaped, is_shown};
use super::screen::{Screen, padded, width};
use super::{end, printable};

/// Columns of a time, of a call's name, and of a number of bytes.
const TIME: usize = 11;
const CALL: usize = 11;
const BYTES: usize = 8;
/// Columns that bytes get at least, however long the names are.
const LEAST: usize = 16;
/// Most bytes that are looked at for them.
const MOST: usize = 1_000;

/// The event with this index as a line without its end; none for a packet without
/// payload, which no row of the lanes has either.
pub fn call(trace: &Trace, analysis: &Analysis, index: usize, screen: Screen) -> Option<String> {
    let event = trace.events().get(index)?;
    if event.call.is_packet() && event.is_empty() && !trace.is_datagrams(event.connection) {
        return None;
    }
    let mut line = format!("{:>TIME$}  {}  ", time(event), event.connection.0);
    if event.call == Call::Cut {
        let why = event.reason.map(|reason| Sentence::new(reason.key()));
        line += &why.map_or_else(String::new, |why| screen.say(&why));
        return Some(line);
    }
    let [who, peer] = [event.end, event.end.other()];
    let [who, peer] = [who, peer].map(|at| end(trace, event.connection, at, screen));
    let arrow = if takes(event.call) { '←' } else { '→' };
    let name = match event.call {
        Call::Segment | Call::Datagram => screen.text("terminal.wire"),
        call => format!("{}()", call.name()),
    };
    let _ = write!(line, "{who} {arrow} {peer}  {}", padded(&name, CALL));
    if let Some(error) = &event.error {
        line += &screen.text("terminal.failed");
        line += ": ";
        line += &printable(error);
        return Some(line);
    }
    if event.sender().is_none() {
        return Some(line.trim_end().to_owned());
    }
    let count = format!("{} B", grouped(event.len() as u64));
    let spaces = " ".repeat(BYTES.saturating_sub(width(&count)));
    let _ = write!(line, "{spaces}{count}");
    let findings = findings(trace, analysis, index, screen);
    let used = width(&line) + width(&findings) + 2;
    let bytes = beginning(
        event,
        screen.columns().saturating_sub(used).max(LEAST),
        screen,
    );
    for part in [bytes, findings].iter().filter(|part| !part.is_empty()) {
        line += "  ";
        line += part;
    }
    Some(line)
}

/// When it was, in seconds, to the microsecond.
fn time(event: &Event) -> String {
    let micros = event.at.0 / 1_000;
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Whether a call takes something from the kernel.
const fn takes(call: Call) -> bool {
    matches!(call, Call::Recv | Call::Accept)
}

/// The first bytes of an event, as text that no terminal obeys.
fn beginning(event: &Event, columns: usize, screen: Screen) -> String {
    let bytes = event.bytes.get(..MOST).unwrap_or(&event.bytes);
    let parts = parts(bytes, screen);
    let all: usize = parts.iter().map(|part| width(part)).sum();
    if all <= columns && bytes.len() == event.len() {
        return parts.concat();
    }
    let more = if screen.is_utf8() { "…" } else { "..." };
    let mut used = width(more);
    let fitting = parts.iter().take_while(|part| {
        used += width(part);
        used <= columns
    });
    let mut shown: String = fitting.map(String::as_str).collect();
    shown.push_str(more);
    shown
}

/// Bytes one by one: characters that no terminal obeys, and others as in the lanes, `\n` and `\00`.
fn parts(bytes: &[u8], screen: Screen) -> Vec<String> {
    let hex = |bytes: &[u8]| {
        let digits = bytes.iter().map(|byte| format!("{HEX}{byte:02x}"));
        digits.collect::<Vec<_>>().concat()
    };
    let mut parts = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let is_plain = character == ' ' || is_shown(character, screen);
            let text = character.to_string();
            parts.push(match escaped(character) {
                Some(escaped) => escaped,
                None if is_plain => text,
                None => hex(text.as_bytes()),
            });
        }
        parts.extend(chunk.invalid().chunks(1).map(hex));
    }
    parts
}

/// What is to be said of the bytes of a recv: of how many sends they are, and which
/// messages they complete; the latter of a send or a packet where the reader was not
/// watched.
fn findings(trace: &Trace, analysis: &Analysis, index: usize, screen: Screen) -> String {
    let found = trace.events().get(index);
    let found = found.and_then(|event| Some((event, analysis.lane_of(event)?)));
    let Some((event, lane)) = found else {
        return String::new();
    };
    let completing = match Rows::at_the_end(trace, lane).messages_of() {
        Some(Layer::Sends) => Call::Send,
        Some(Layer::Packets) => Call::Segment,
        _ => Call::Recv,
    };
    if event.call != completing && event.call != Call::Recv {
        return String::new();
    }
    if event.is_eof() && !trace.is_datagrams(event.connection) {
        return screen.text("terminal.live.end");
    }
    let count = |key, n: usize| screen.say(&Sentence::new(key).with("n", n));
    let mut found = Vec::new();
    found.extend(sends(lane, index).map(|n| count("terminal.live.sends", n)));
    let complete = |message: &&trace::lane::MessageSpan| {
        message.event == index && message.kind == MessageKind::Message
    };
    let is_framed = trace.framing(lane.direction) != protocol::Framing::None;
    if is_framed && !trace.is_datagrams(event.connection) {
        let messages = lane.messages.iter().rev();
        let messages = messages.take_while(|message| message.event >= index);
        found.push(count(
            "terminal.live.messages",
            messages.filter(complete).count(),
        ));
    }
    let passed = lane.undecoded.iter().filter(|passed| passed.event == index);
    let passed = passed.map(|passed| passed.end.0.saturating_sub(passed.start.0));
    let passed: u64 = passed.sum();
    if passed > 0 {
        found.push(screen.say(&Sentence::new("stage.undecoded").with("n", passed)));
    }
    let failure = lane
        .failure
        .as_ref()
        .filter(|failure| failure.event == index);
    let damage = lane.damages_of(index).first();
    found.extend(damage.map(|damage| screen.say(&refusal(&damage.error))));
    found.extend(failure.map(|failure| screen.say(&refusal(&failure.error))));
    found.join(", ")
}

/// Of how many sends a recv of a stream has bytes, if that is more than one and all of them
/// are known: one that has not returned yet may still lack.
fn sends(lane: &Lane, index: usize) -> Option<usize> {
    let number = lane.recvs.partition_point(|span| span.event < index);
    let recv = lane.recvs.get(number).filter(|span| span.event == index)?;
    let sends = lane.sends.get(lane.sends_of_recv(number))?.iter();
    let sends = sends.filter(|send| !send.is_empty());
    let common = sends.map(|send| {
        let (start, end) = (send.start.max(recv.start), send.end.min(recv.end));
        end.0.saturating_sub(start.0)
    });
    let common: Vec<_> = common.collect();
    let is_known = common.iter().sum::<u64>() == recv.len() as u64;
    (is_known && common.len() > 1).then_some(common.len())
}
