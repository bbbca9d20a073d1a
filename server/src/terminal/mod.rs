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
mod kernel_facts;
mod refused;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use protocol::Offset;
use trace::explain::{end_name, refusal};
use trace::lane::{Direction, Fate, Lane};
use trace::rows::{Layer, Reason, Rows, within};
use trace::text::{Sentence, Time, Value};
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
    let is_captured = Rows::at_the_end(trace, lane).is_captured();
    if !is_captured {
        text.push_str(&wire::not_captured(trace, lane));
    }
    let layers = Layer::ALL.into_iter();
    let layers = layers.filter(|&layer| layer != Layer::Packets || is_captured);
    let rows: Vec<_> = layers.map(|layer| row(trace, lane, layer)).collect();
    let drawn = bytes::draw(lane, &rows, width.bytes());
    *text += &drawn.unwrap_or_else(|| boxes::draw(lane, &rows, width.bytes()));
    if let Some(failure) = &lane.failure {
        let reason = lessons::english().render(&refusal(&failure.error));
        let _ = writeln!(text, "{BAD}refused{BAD:#}    {reason}");
    }
    for reason in Rows::at_the_end(trace, lane).reasons() {
        let _ = writeln!(text, "{:NAMES$}{}", "why", sentence(&reason));
    }
}

/// A reason as one sentence.
fn sentence(reason: &Reason) -> String {
    let why: Vec<_> = reason.why.iter().map(english).collect();
    let what = english(&reason.what);
    if why.is_empty() {
        format!("{what}.")
    } else {
        format!("{what}: {}.", why.join(", "))
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

    /// Where a box starts and ends.
    fn mark(&mut self, range: &Range<Offset>) {
        self.edges.extend([range.start.0, range.end.0]);
    }

    fn paint(&mut self, range: Range<Offset>, cell: Cell) {
        let end = index(range.end).min(self.cells.len());
        if let Some(cells) = self.cells.get_mut(index(range.start)..end) {
            cells.fill(cell);
        }
    }
}

/// A row and its boxes; each byte has the hue of what it belongs to.
fn row(trace: &Trace, lane: &Lane, layer: Layer) -> Row {
    let rows = Rows::at_the_end(trace, lane);
    let mut row = Row::new(
        match layer {
            Layer::Sends => "send()",
            Layer::Packets => "wire",
            Layer::Recvs => "recv()",
            Layer::Messages => "messages",
        },
        lane,
    );
    let stretches = rows.stretches();
    // One that was sent again adds no box: its bytes had crossed before.
    let chunks = rows.all_chunks(layer).into_iter();
    for chunk in chunks.filter(|chunk| !chunk.is_resent) {
        for stretch in within(&stretches, &chunk.range) {
            let byte = Cell::Byte {
                hue: stretch.index,
                header: stretch.is_header,
            };
            row.paint(stretch.range, byte);
        }
        row.mark(&chunk.range);
        if chunk.cut > 0 {
            let gone = chunk.range.end..chunk.whole().end;
            row.mark(&gone);
            row.paint(gone, Cell::Gone);
        }
    }
    if layer == Layer::Recvs {
        for (number, send) in lane.sends.iter().enumerate() {
            if lane.fate(number) == Fate::Dropped {
                row.mark(&send.range());
                row.paint(send.range(), Cell::Gone);
            }
        }
    }
    let counts = rows.counts(layer);
    let notes = rows.notes(layer);
    let parts = std::iter::once(&counts.total).chain(&notes);
    let parts = parts.chain(&counts.findings).map(english);
    row.counts = parts.collect::<Vec<_>>().join(", ");
    row
}

/// A sentence as the command line says it.
fn english(sentence: &Sentence) -> String {
    lessons::english().render(sentence)
}

/// Where a box of any row starts or ends.
fn edges(rows: &[Row]) -> BTreeSet<u64> {
    rows.iter().flat_map(|row| &row.edges).copied().collect()
}

fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}
