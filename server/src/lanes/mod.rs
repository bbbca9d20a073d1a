//! The Bytes view in a terminal: one row a layer over the same stream
//! offsets, so that boundaries line up or don't.
//!
//! ```text
//! send()    │hello│abc│e7b298e58c85!│ok│bye│  5 sends
//! wire      │hello│abc│e7b298e58c85!│ok bye│  4 segments
//! recv()    │hello abc e7b298e58c85!│ok bye│  2 recvs
//! messages  │hello abc e7b298e58c85!│ok bye│  2 messages, 2 glued
//! ```

#[cfg(test)]
mod tests;
mod why;
mod wire;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use protocol::Offset;
use trace::explain::refusal;
use trace::lane::{Direction, Lane, MessageKind, Span, Verdict};
use trace::lesson::Words;
use trace::link::Capture;
use trace::text::Time;
use trace::{Analysis, Trace};

use crate::lessons;

/// Columns a row may have.
#[derive(Clone, Copy, Debug)]
pub struct Width(usize);

/// Columns of the names in front of a row.
const NAMES: usize = 11;
/// Columns kept for the counts behind it.
const COUNTS: usize = 24;

/// Most lines of bytes a row is drawn on; nobody reads on for longer.
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

/// The whole run as text, with ANSI styles; with the words of its lesson,
/// where they are known.
pub fn draw(words: Option<&Words>, trace: &Trace, analysis: &Analysis, width: Width) -> String {
    let mut text = String::new();
    let experiment = &trace.experiment;
    if let Some(words) = words {
        let _ = writeln!(text, "{BOLD}{}{BOLD:#}", words.title);
        let _ = writeln!(text, "{}", words.question);
    }
    let _ = write!(
        text,
        "{DIM}{} · buffer {} B · read delay {} ms · framing {}",
        experiment.system,
        experiment.buffer,
        experiment.read_delay_ms,
        experiment.rules().framing.name(),
    );
    if let Some(last) = trace.events().last() {
        let calls = trace.events().iter().filter(|e| !e.call.is_packet());
        let _ = write!(text, " · {} calls in {}", calls.count(), Time(last.at));
    }
    let _ = writeln!(text, " · {}{DIM:#}", printable(&trace.kernel));
    for lane in &analysis.lanes {
        let _ = writeln!(text);
        draw_lane(&mut text, trace, lane, width);
    }
    text += &wire::losses(trace);
    if let Some(words) = words {
        let _ = writeln!(text, "\n{}", words.look);
    }
    text
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

/// A byte as it is shown in every row of its lane.
struct Glyph {
    text: String,
    columns: usize,
}

struct Row {
    name: &'static str,
    cells: Vec<Cell>,
    /// Offsets where a box of this row starts or ends.
    edges: BTreeSet<u64>,
    counts: String,
}

fn draw_lane(text: &mut String, trace: &Trace, lane: &Lane, width: Width) {
    let (from, to) = match lane.direction {
        Direction::ToServer => (format!("client {}", lane.client), "server".to_owned()),
        Direction::ToClient => ("server".to_owned(), format!("client {}", lane.client)),
    };
    let _ = writeln!(text, "{BOLD}{from} → {to}{BOLD:#}");
    let mut rows = vec![sends(lane), recvs(lane), messages(lane)];
    if trace.capture == Capture::On {
        rows.insert(1, wire::row(trace, lane));
    } else {
        text.push_str(&wire::not_captured(trace, lane));
    }
    let glyphs = glyphs(lane);
    let edges: BTreeSet<u64> = rows.iter().flat_map(|row| &row.edges).copied().collect();
    let mut start = 0;
    let end = lane.bytes.len();
    for _ in 0..BLOCKS {
        let stop = fit(&glyphs, &edges, start, width.bytes());
        for row in &rows {
            draw_row(text, &glyphs, row, &edges, start..stop);
        }
        let offset = format!("offset {start}");
        let _ = writeln!(text, "{DIM}{:NAMES$}{offset}{DIM:#}", "");
        start = stop;
        if start >= end {
            break;
        }
    }
    if start < end {
        let left = end - start;
        let _ = writeln!(text, "{DIM}{:NAMES$}  {left} B more are not drawn", "");
        for row in &rows {
            let _ = writeln!(text, "{:NAMES$}  {}", row.name, row.counts);
        }
        let _ = write!(text, "{DIM:#}");
    }
    if let Some(failure) = &lane.failure {
        let reason = lessons::english().render(&refusal(&failure.error));
        let _ = writeln!(text, "{BAD}refused{BAD:#}    {reason}");
    }
    for reason in why::reasons(lane) {
        let _ = writeln!(text, "{:NAMES$}{reason}", "why");
    }
}

/// How far a row gets in `columns`; at least one byte further.
fn fit(glyphs: &[Glyph], edges: &BTreeSet<u64>, start: usize, columns: usize) -> usize {
    let mut used = 1;
    let mut stop = start;
    for (index, glyph) in glyphs.iter().enumerate().skip(start) {
        used += glyph.columns + usize::from(edges.contains(&(index as u64 + 1)));
        if used > columns && stop > start {
            break;
        }
        stop = index + 1;
    }
    stop
}

fn draw_row(
    text: &mut String,
    glyphs: &[Glyph],
    row: &Row,
    edges: &BTreeSet<u64>,
    range: Range<usize>,
) {
    let name = if range.start == 0 { row.name } else { "" };
    let _ = write!(text, "{name:NAMES$}");
    if range.is_empty() {
        text.push('│');
    }
    let mut style = Style::new();
    let mut switch = |text: &mut String, to: Style| {
        if style != to {
            let _ = write!(text, "{style:#}{to}");
            style = to;
        }
    };
    for index in range.start..=range.end {
        let offset = index as u64;
        let last = index == range.end;
        if edges.contains(&offset) && (!last || index == glyphs.len()) && !range.is_empty() {
            switch(text, Style::new());
            text.push(if row.edges.contains(&offset) {
                '│'
            } else {
                ' '
            });
        }
        let Some(glyph) = glyphs.get(index).filter(|_| !last) else {
            continue;
        };
        match row.cells[index] {
            Cell::Absent => text.extend(std::iter::repeat_n(' ', glyph.columns)),
            Cell::Gone => {
                switch(text, BAD);
                text.extend(std::iter::repeat_n('×', glyph.columns));
            }
            Cell::Byte { hue, header } => {
                let hue = HUES[hue % HUES.len()].on_default();
                switch(text, if header { hue.underline() } else { hue });
                *text += &glyph.text;
            }
        }
    }
    switch(text, Style::new());
    if range.end == glyphs.len() {
        let _ = write!(text, "  {DIM}{}{DIM:#}", row.counts);
    }
    text.push('\n');
}

/// The lane's bytes in one or two columns each: itself, or in hex. What is no
/// text by its nature (challenge, answer, binary length) is all in hex.
fn glyphs(lane: &Lane) -> Vec<Glyph> {
    let mut binary = vec![false; lane.bytes.len()];
    for message in &lane.messages {
        let start = message.range().start;
        let range = match message.kind {
            MessageKind::Challenge | MessageKind::Answer { .. } => message.range(),
            MessageKind::Message | MessageKind::Ready => start..message.frame.body_range().start,
        };
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        if !digits(lane.slice(range.clone()))
            && let Some(bytes) = binary.get_mut(index(range.start)..index(range.end))
        {
            bytes.fill(true);
        }
    }
    let glyphs = lane.bytes.iter().zip(binary).map(|(&byte, binary)| {
        let text = match byte {
            b'!'..=b'~' if !binary => char::from(byte).to_string(),
            b' ' if !binary => "␠".to_owned(),
            _ => format!("{byte:02x}"),
        };
        Glyph {
            columns: text.chars().count(),
            text,
        }
    });
    glyphs.collect()
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

    /// A box whose bytes have the hues of the sends they are from.
    fn carry(&mut self, lane: &Lane, span: Span) {
        for hue in lane.sends_in(span.range()) {
            let send = &lane.sends[hue];
            let part = send.start.max(span.start)..send.end.min(span.end);
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

fn recvs(lane: &Lane) -> Row {
    let mut row = Row::new("recv()", lane);
    for recv in &lane.recvs {
        row.carry(lane, *recv);
        if recv.cut > 0 {
            row.fill(recv.end..recv.end + recv.cut, Cell::Gone);
        }
    }
    let read: usize = lane.recvs.iter().map(|recv| recv.len() + recv.cut).sum();
    row.counts = count(lane.recvs.len(), "recv", "recvs");
    let lost = wire::dropped(lane);
    for packet in &lost {
        row.fill(packet.range(), Cell::Gone);
    }
    if !lost.is_empty() {
        let _ = write!(row.counts, ", {} dropped", lost.len());
    }
    let gone: usize = lost.iter().map(Span::len).sum();
    if read + gone < lane.bytes.len() {
        let left = lane.bytes.len() - read - gone;
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
    let handshake = lane.messages.iter().find_map(|message| match message.kind {
        MessageKind::Answer { right: true } => Some("right answer, "),
        MessageKind::Answer { right: false } => Some("wrong answer, "),
        MessageKind::Challenge => Some("challenge, "),
        MessageKind::Message | MessageKind::Ready => None,
    });
    let amount = match of(MessageKind::Ready) {
        0 => count(of(MessageKind::Message), "message", "messages"),
        ready => format!("ready ×{ready}"),
    };
    row.counts = [handshake.unwrap_or_default(), &amount].concat();
    for (amount, word) in [(glued, "glued"), (parts, "cut"), (wrong, "wrong")] {
        if amount > 0 {
            let _ = write!(row.counts, ", {amount} {word}");
        }
    }
    row
}

fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}
