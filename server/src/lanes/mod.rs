//! The Bytes view in a terminal: one row a layer over the same stream
//! offsets, so that boundaries line up or don't.
//!
//! ```text
//! send()    │hello│abc│e7b298e58c85!│ok│bye│  5 sends
//! wire      │hello│abc│e7b298e58c85!│ok bye│  4 segments
//! recv()    │hello abc e7b298e58c85!│ok bye│  2 recvs
//! messages  │hello abc e7b298e58c85!│ok bye│  2 messages, 2 glued
//! ```

mod boxes;
mod bytes;
mod refused;
#[cfg(test)]
mod tests;
mod kernel_facts;
mod why;
mod wire;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use protocol::Offset;
use trace::explain::{end_name, refusal};
use trace::lane::{Direction, Lane, MessageKind, Span, Verdict};
use trace::link::Capture;
use trace::text::{Time, Value};
use trace::{Analysis, ConnectionId, End, Lesson, Trace};

use crate::lessons;

/// Columns a row may have.
#[derive(Clone, Copy, Debug)]
pub struct Width(usize);

/// Columns of the names in front of a row.
const NAMES: usize = 11;
/// Columns kept for the counts behind it.
const COUNTS: usize = 24;

/// Most lines a row is drawn on; nobody reads on for longer.
const BLOCKS: usize = 24;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const HUES: [AnsiColor; 6] = [
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Red,
    AnsiColor::Cyan,
];

impl Width {
    /// At least as wide as a row with a few bytes.
    pub fn new(columns: usize) -> Self {
        Self(columns.clamp(60, 1_000))
    }

    const fn bytes(self) -> usize {
        self.0 - NAMES - COUNTS
    }
}

/// The whole run as text, with ANSI styles; with the words of its lesson and
/// the answer to its question, where they are known.
pub fn draw(lesson: Option<&Lesson>, trace: &Trace, analysis: &Analysis, width: Width) -> String {
    let mut text = String::new();
    let words = lesson.and_then(|lesson| lesson.words.get(lessons::LANGUAGE));
    if let Some(words) = words {
        let _ = writeln!(text, "{BOLD}{}{BOLD:#}", words.title);
        let _ = writeln!(text, "{}", words.question);
    }
    let _ = match &trace.plan {
        Some(plan) => write!(
            text,
            "{DIM}{} · buffer {} B · read delay {} ms · framing {}",
            plan.system,
            plan.buffer,
            plan.read_delay_ms,
            plan.rules().framing.name(),
        ),
        None => write!(
            text,
            "{DIM}{}, {} · framing {} →, ← {}",
            count(trace.parties.len(), "party", "parties"),
            count(trace.connections.len(), "connection", "connections"),
            trace.framing(Direction::FromOpener).name(),
            trace.framing(Direction::FromAcceptor).name(),
        ),
    };
    if let Some(last) = trace.events().last() {
        let calls = trace.events().iter().filter(|e| e.call.is_call());
        let _ = write!(text, " · {} calls in {}", calls.count(), Time(last.at));
    }
    let _ = writeln!(text, " · {}{DIM:#}", printable(&trace.kernel));
    for lane in &analysis.lanes {
        let _ = writeln!(text);
        draw_lane(&mut text, trace, lane, width);
    }
    text += &wire::losses(trace);
    text += &refused::refused(trace);
    text += &kernel_facts::tables(trace, analysis);
    if let Some(lesson) = lesson {
        let _ = writeln!(text);
        if let Some(predict) = &lesson.predict {
            let noun = lessons::english().text(predict.count.key());
            let answer = predict.count.of(trace, analysis);
            let _ = writeln!(text, "{BOLD}{noun}: {answer}{BOLD:#}");
        }
    }
    if let Some(words) = words {
        let _ = writeln!(text, "{}", words.look);
    }
    text
}

/// What whoever is at an end of a connection is called.
fn name(trace: &Trace, connection: ConnectionId, end: End) -> String {
    match end_name(trace, connection, end) {
        Value::Text(name) => printable(&name),
        Value::Word(key) => lessons::english().text(key),
        Value::Count(number) => number.to_string(),
    }
}

/// What a trace file says, as text that no terminal obeys.
fn printable(text: &str) -> String {
    crate::printable::plain_or_escaped(text.as_bytes())
}

/// One byte of a row.
#[derive(Clone, Copy)]
enum Cell {
    /// Carried, with the hue of the send or message it is in.
    Byte { hue: usize, header: bool },
    /// Of a datagram the reader had no room for.
    Gone,
    /// Not in this layer.
    Absent,
}

struct Row {
    name: &'static str,
    cells: Vec<Cell>,
    /// Offsets where a box of this row starts or ends.
    edges: BTreeSet<u64>,
    counts: String,
}

fn draw_lane(text: &mut String, trace: &Trace, lane: &Lane, width: Width) {
    let from = name(trace, lane.connection, lane.direction.sender());
    let to = name(trace, lane.connection, lane.direction.reader());
    let _ = writeln!(text, "{BOLD}{from} → {to}{BOLD:#}");
    let mut rows = vec![sends(lane), recvs(trace, lane), messages(lane)];
    if trace.capture == Capture::On {
        rows.insert(1, wire::row(trace, lane));
    } else {
        text.push_str(&wire::not_captured(trace, lane));
    }
    let drawn = bytes::draw(lane, &rows, width.bytes());
    *text += &drawn.unwrap_or_else(|| boxes::draw(lane, &rows, width.bytes()));
    if let Some(failure) = &lane.failure {
        let reason = lessons::english().render(&refusal(&failure.error));
        let _ = writeln!(text, "{BAD}refused{BAD:#}    {reason}");
    }
    for reason in why::reasons(lane) {
        let _ = writeln!(text, "{:NAMES$}{reason}", "why");
    }
}

fn index(offset: Offset) -> usize {
    usize::try_from(offset.0).unwrap_or(usize::MAX)
}

impl Row {
    fn new(name: &'static str, lane: &Lane) -> Self {
        Self {
            name,
            cells: vec![Cell::Absent; lane.bytes.len()],
            edges: BTreeSet::new(),
            counts: String::new(),
        }
    }

    fn fill(&mut self, range: Range<Offset>, cell: Cell) {
        self.edges.extend([range.start.0, range.end.0]);
        let end = index(range.end).min(self.cells.len());
        if let Some(cells) = self.cells.get_mut(index(range.start)..end) {
            cells.fill(cell);
        }
    }

    /// A box whose bytes have the hues of the sends they are from, or of what
    /// else is known of them.
    fn carry(&mut self, lane: &Lane, span: Span) {
        for (hue, unit) in lane.units_in(span.range()) {
            let part = unit.start.max(span.start)..unit.end.min(span.end);
            let cells = self.cells.get_mut(index(part.start)..index(part.end));
            if let Some(cells) = cells {
                cells.fill(Cell::Byte { hue, header: false });
            }
        }
        self.edges.extend([span.start.0, span.end.0]);
    }
}

fn sends(lane: &Lane) -> Row {
    let mut row = Row::new("send()", lane);
    for (hue, send) in lane.sends.iter().enumerate() {
        row.fill(send.range(), Cell::Byte { hue, header: false });
    }
    let empty = lane.sends.iter().filter(|send| send.is_empty()).count();
    row.counts = count(lane.sends.len(), "send", "sends");
    if empty > 0 {
        let _ = write!(row.counts, ", {empty} empty");
    }
    row
}

fn recvs(trace: &Trace, lane: &Lane) -> Row {
    let mut row = Row::new("recv()", lane);
    for recv in &lane.recvs {
        row.carry(lane, *recv);
        if recv.cut > 0 {
            row.fill(recv.end..recv.end + recv.cut, Cell::Gone);
        }
    }
    row.counts = count(lane.recvs.len(), "recv", "recvs");
    if trace.is_datagrams(lane.connection) {
        wire::fates(lane, &mut row);
        return row;
    }
    let read: usize = lane.recvs.iter().map(Span::len).sum();
    if let Some(left @ 1..) = lane.bytes.len().checked_sub(read) {
        let _ = write!(row.counts, ", {left} B unread");
    }
    row
}

fn messages(lane: &Lane) -> Row {
    let mut row = Row::new("messages", lane);
    let mut glued = 0;
    let mut parts = 0;
    let mut wrong = 0;
    for (hue, message) in lane.messages.iter().enumerate() {
        let byte = |header| Cell::Byte { hue, header };
        let body = message.frame.body_range();
        row.fill(message.range(), byte(true));
        if let Some(cells) = row.cells.get_mut(index(body.start)..index(body.end)) {
            cells.fill(byte(false));
        }
        match message.verdict {
            Verdict::Whole => {}
            Verdict::Glued(_) => glued += 1,
            Verdict::Part | Verdict::Cut(_) => parts += 1,
            Verdict::Wrong => wrong += 1,
        }
    }
    let of = |kind| lane.messages.iter().filter(move |m| m.kind == kind).count();
    let handshake = lane.messages.iter().map(|message| match message.kind {
        MessageKind::Answer { right: true } => "right answer, ",
        MessageKind::Answer { right: false } => "wrong answer, ",
        MessageKind::Challenge => "challenge, ",
        MessageKind::Nonce => "nonce, ",
        MessageKind::Proof { right: true } => "right proof, ",
        MessageKind::Proof { right: false } => "wrong proof, ",
        MessageKind::Message | MessageKind::Ready => "",
    });
    let handshake: String = handshake.take(2).collect();
    let amount = match of(MessageKind::Ready) {
        0 => count(of(MessageKind::Message), "message", "messages"),
        ready => format!("ready ×{ready}"),
    };
    row.counts = handshake + &amount;
    for (amount, word) in [(glued, "glued"), (parts, "cut"), (wrong, "wrong")] {
        if amount > 0 {
            let _ = write!(row.counts, ", {amount} {word}");
        }
    }
    row
}

/// Where a box of any row starts or ends.
fn edges(rows: &[Row]) -> BTreeSet<u64> {
    rows.iter().flat_map(|row| &row.edges).copied().collect()
}

fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}
