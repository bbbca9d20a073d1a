//! The Bytes view in a terminal: one row a layer over the same stream
//! offsets, so that boundaries line up or don't.
//!
//! ```text
//! send()     │hello│abc│粘包!│ok│bye│  5 sends
//! wire       │hello│abc│粘包!│ok bye│  4 segments
//! recv()     │hello abc 粘包!│ok bye│  2 recvs
//! messages   │hello abc 粘包!│ok bye│  2 messages, 2 glued
//! ```

mod boxes;
mod bytes;
mod call;
#[cfg(target_os = "linux")]
mod chopped;
mod distribution;
mod duels;
mod failed;
mod glyph;
mod guesses;
mod kernel_facts;
mod list;
mod refused;
mod row;
mod screen;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use protocol::Framing;
use trace::explain::{clues, end_name, refusal};
use trace::knob::with_ways;
use trace::lane::{Direction, Lane};
use trace::link::Ending;
use trace::rows::{Layer, Rows};
use trace::text::{Sentence, Time};
use trace::{Analysis, Call, ConnectionId, End, Trace};

pub use call::call;
#[cfg(target_os = "linux")]
pub use chopped::{Again, chop_baseline, chop_family, chop_name, chop_unfitting, chopped};
pub use distribution::distribution;
pub use duels::{Dueled, duels};
pub use guesses::{Guessed, guesses};
pub use list::{end_of, hint, list, note, passed, proxy, saved, title};

use glyph::{GONE, HEX, NOTHING, SPACE, UNKNOWN};
use row::CellRow;
pub use screen::Screen;

use crate::lessons::Told;
use crate::printable;

/// Columns of the names in front of a row.
const NAMES: usize = 11;
/// Columns kept for the counts behind it.
const COUNTS: usize = 24;

/// Most lines a row is drawn on; nobody reads on for longer.
const BLOCKS: usize = 24;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
/// How many places where bytes were skipped are told one by one.
const MOST_DAMAGES: usize = 5;
const BAD: Style = AnsiColor::Red.on_default().bold();
const HUES: [AnsiColor; 6] = [
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Red,
    AnsiColor::Cyan,
];

/// The whole run as text, with ANSI styles; with the words of its lesson and
/// the answer to its question, where they are known.
pub fn draw(trace: &Trace, analysis: &Analysis, screen: Screen) -> String {
    let mut text = String::new();
    let lesson = trace.lesson.as_ref();
    let told = lesson.and_then(|lesson| screen.language().lesson_of(lesson));
    if let Some(Told { words, .. }) = &told {
        text += &screen.paragraph(BOLD, &printable::lines(&words.title));
        text += &screen.paragraph(Style::new(), &printable::lines(&words.question));
    }
    text += &screen.paragraph(DIM, &summary(trace, screen));
    text += &proxy(trace, screen);
    let mut legend = Legend::new("terminal.legend-unreceived");
    for lane in &analysis.lanes {
        text.push('\n');
        draw_lane(&mut text, &mut legend, trace, lane, screen);
    }
    text += &legend.text(screen);
    text += &under_trace(trace, screen);
    text += &wire::losses(trace, screen);
    text += &failed::failed(trace, screen);
    text += &refused::refused(trace, screen);
    text += &ended(trace, screen);
    text += &kernel_facts::tables(trace, analysis, screen);
    if let Some(told) = &told {
        text.push('\n');
        text += &duels::of_lesson(trace, analysis, told.duel, screen);
        if let Some(predict) = &told.predict {
            let noun = screen.text(predict.count.key());
            let answer = Sentence::new("terminal.answer")
                .with("noun", noun)
                .with("answer", predict.count.of(trace, analysis, told.duel));
            text += &screen.paragraph(BOLD, &screen.say(&answer));
        }
        text += &screen.paragraph(Style::new(), &printable::lines(&told.words.look));
    }
    text
}

/// That not all bytes were kept, where that is so: whatever looks at bytes says it first.
pub fn snapped(trace: &Trace, screen: Screen) -> String {
    let said = trace.head.snap.map(|snap| {
        let sentence = Sentence::new("explain.start.snap").with("n", u64::from(snap));
        format!("{}\n", screen.paragraph(DIM, &screen.say(&sentence)))
    });
    said.unwrap_or_default()
}

/// What the tracer added to each call of the programs, if it was one that recorded.
fn under_trace(trace: &Trace, screen: Screen) -> String {
    let said = trace.head.added_per_call.map(|added| {
        let sentence = Sentence::new("explain.start.traced").with("time", Time(added).to_string());
        format!("\n{}", screen.paragraph(DIM, &screen.say(&sentence)))
    });
    said.unwrap_or_default()
}

/// A framing with its settings, or that there is none.
fn framing(framing: &Framing, screen: Screen) -> String {
    match framing {
        Framing::None => screen.text("choice.none"),
        framing => trace::framing::write(framing),
    }
}

/// What ran, in one line.
fn summary(trace: &Trace, screen: Screen) -> String {
    let what = if let Some(plan) = &trace.plan {
        Sentence::new("terminal.plan")
            .with("system", plan.system.name().to_owned())
            .with("buffer", plan.buffer.to_string())
            .with("delay", plan.read_delay_ms.to_string())
            .with("framing", framing(&plan.rules().framing, screen))
    } else {
        let framing = |direction| framing(&trace.framing(direction), screen);
        // Of one, which is both ends, or of which alone something is known, the lanes say it.
        let key = match trace.parties.len() {
            0 | 1 => "terminal.record-of-one",
            _ => "terminal.record",
        };
        Sentence::new(key)
            .with("parties", trace.parties.len())
            .with("connections", trace.connections.len())
            .with("from-opener", framing(Direction::FromOpener))
            .with("from-acceptor", framing(Direction::FromAcceptor))
    };
    let mut parts = vec![screen.say(&what)];
    let link = trace.plan.as_ref().and_then(|plan| plan.link.as_ref());
    parts.extend(link.map(|link| {
        let link = with_ways(&link.to_string(), screen.language().catalog());
        let what = Sentence::new("terminal.link").with("link", link);
        screen.say(&what)
    }));
    if let Some(last) = trace.events().last() {
        let calls = trace.events().iter().filter(|e| e.call.is_call());
        let packets = trace.events().iter().filter(|e| e.call.is_packet());
        // Where none were watched, their number says nothing.
        let (key, n) = match (calls.count(), packets.count()) {
            (0, packets @ 1..) => ("terminal.packets", packets),
            (calls, _) => ("terminal.calls", calls),
        };
        let counted = Sentence::new(key)
            .with("n", n)
            .with("time", Time(last.at).to_string());
        parts.push(screen.say(&counted));
    }
    parts.push(printable(&trace.head.kernel));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// How the run ended, if it did not end by itself: what came later is missing.
fn ended(trace: &Trace, screen: Screen) -> String {
    let cuts = trace.events().iter().filter(|e| e.call == Call::Cut);
    let mut keys: Vec<_> = cuts.filter_map(|e| Some(e.reason?.key())).collect();
    if keys.is_empty() {
        keys.extend(match trace.ending() {
            Some(Ending::Stopped) => Some("explain.ended.stopped"),
            Some(Ending::TimedOut) => Some("explain.ended.timed-out"),
            Some(Ending::Limit) => Some("explain.ended.limit"),
            Some(Ending::Crashed) => Some("explain.ended.crashed"),
            Some(Ending::Finished) | None => None,
        });
    }
    let line = |key| {
        let sentence = screen.say(&Sentence::new(key));
        format!(
            "\n{}",
            screen.named(BAD, &screen.text("terminal.ended"), &sentence)
        )
    };
    keys.into_iter().map(line).collect()
}

/// What whoever is at an end of a connection is called.
fn name(trace: &Trace, connection: ConnectionId, end: End, screen: Screen) -> String {
    screen.value(&end_name(trace, connection, end))
}

/// What an end of a connection is called: its party, with its address where both ends
/// are of one party.
fn end(trace: &Trace, connection: ConnectionId, end: End, screen: Screen) -> String {
    let [one, other] = End::ALL.map(|end| trace.party_at(connection, end));
    let name = name(trace, connection, end, screen);
    let found = trace.connection(connection).map(|found| found.end(end));
    match found.and_then(|found| found.address.as_ref()) {
        Some(address) if one.is_some() && one == other => {
            format!("{name} ({})", printable(address))
        }
        _ => name,
    }
}

/// What a trace file says, as text that no terminal obeys.
fn printable(text: &str) -> String {
    printable::plain_or_escaped(text.as_bytes())
}

/// Columns for a row's bytes.
const fn bytes_columns(screen: Screen) -> usize {
    screen.columns() - NAMES - COUNTS
}

/// Below rows: the offset at which they begin.
fn offset_line(screen: Screen, offset: u64) -> String {
    let offset = Sentence::new("terminal.offset").with("at", offset.to_string());
    format!("{DIM}{:NAMES$}{}{DIM:#}\n", "", screen.say(&offset))
}

/// What the signs mean that were drawn.
struct Legend {
    signs: [bool; 5],
    /// What became of the bytes that are gone.
    gone: &'static str,
}

impl Legend {
    const SIGNS: [(char, &str); 5] = [
        (HEX, "terminal.legend-hex"),
        (SPACE, "terminal.legend-space"),
        (NOTHING, "terminal.legend-empty"),
        (GONE, ""),
        (UNKNOWN, "terminal.legend-unknown"),
    ];

    const fn new(gone: &'static str) -> Self {
        let signs = [false; 5];
        Self { signs, gone }
    }

    /// Looks for signs in drawn rows.
    fn see(&mut self, rows: &str) {
        for (seen, (sign, _)) in self.signs.iter_mut().zip(Self::SIGNS) {
            *seen |= rows.contains(sign);
        }
    }

    fn text(&self, screen: Screen) -> String {
        let signs = self.signs.iter().zip(Self::SIGNS);
        let seen = signs.filter(|(seen, _)| **seen);
        let keys = seen.map(|(_, (_, key))| if key.is_empty() { self.gone } else { key });
        let texts: Vec<_> = keys.map(|key| screen.text(key)).collect();
        if texts.is_empty() {
            return String::new();
        }
        let name = screen.text("terminal.legend");
        format!("\n{}", screen.named(DIM, &name, &texts.join(" · ")))
    }
}

fn draw_lane(text: &mut String, legend: &mut Legend, trace: &Trace, lane: &Lane, screen: Screen) {
    let from = end(trace, lane.connection, lane.direction.sender(), screen);
    let to = end(trace, lane.connection, lane.direction.reader(), screen);
    let _ = writeln!(text, "{BOLD}{from} → {to}{BOLD:#}");
    let is_captured = Rows::at_the_end(trace, lane).is_captured();
    if !is_captured {
        text.push_str(&wire::not_captured(trace, lane, screen));
    }
    let layers = Layer::ALL.into_iter();
    let layers = layers.filter(|&layer| layer != Layer::Packets || is_captured);
    let layers: Vec<_> = layers.collect();
    let mut rows = row::rows(trace, lane, &layers);
    for (row, &layer) in rows.iter_mut().zip(&layers) {
        label(row, trace, lane, layer, screen);
    }
    let drawn = bytes::draw(lane, &rows, screen);
    let drawn = drawn.unwrap_or_else(|| boxes::draw(lane, &rows, screen));
    legend.see(&drawn);
    *text += &drawn;
    if let Some(found) = Rows::at_the_end(trace, lane).messages_not_read() {
        let messages = screen.text("terminal.messages");
        *text += &screen.named(DIM, &messages, &screen.say(&found));
    }
    for damage in lane.damages.iter().take(MOST_DAMAGES) {
        let reason = screen.say(&refusal(&damage.error));
        *text += &screen.named(BAD, &screen.text("terminal.skipped"), &reason);
    }
    if let Some(more @ 1..) = lane.damages.len().checked_sub(MOST_DAMAGES) {
        let more = Sentence::new("terminal.skipped-more").with("n", more);
        *text += &screen.named(BAD, "", &screen.say(&more));
    }
    *text += &undecoded(lane, screen);
    if let Some(failure) = &lane.failure {
        let reason = screen.say(&refusal(&failure.error));
        *text += &screen.named(BAD, &screen.text("terminal.refused"), &reason);
        for clue in clues(lane, &trace.framing(lane.direction)) {
            *text += &screen.named(Style::new(), "", &screen.say(&clue));
        }
    }
    for reason in Rows::at_the_end(trace, lane).reasons() {
        let why = screen.text("terminal.why");
        *text += &screen.named(
            Style::new(),
            &why,
            &reason.text(screen.language().catalog()),
        );
    }
}

/// Where messages cannot be found.
fn undecoded(lane: &Lane, screen: Screen) -> String {
    /// Stretches that are named.
    const MOST: usize = 3;
    let passed = lane.undecoded.iter().filter(|passed| !passed.is_empty());
    // Behind the first one that is lost each recv is another.
    let mut stretches: Vec<Range<u64>> = Vec::new();
    for passed in passed {
        match stretches.last_mut() {
            Some(last) if last.end == passed.start.0 => last.end = passed.end.0,
            _ => stretches.push(passed.start.0..passed.end.0),
        }
    }
    let name = screen.text("terminal.undecoded");
    let named = stretches.iter().take(MOST).map(|stretch| {
        Sentence::new("terminal.undecoded-bytes")
            .with("first", stretch.start)
            .with("last", stretch.end - 1)
    });
    let more = stretches.len().saturating_sub(MOST);
    let more = (more > 0).then(|| Sentence::new("terminal.undecoded-more").with("n", more));
    let lines = named.chain(more);
    let lines = lines.map(|line| screen.named(Style::new(), &name, &screen.say(&line)));
    lines.collect()
}

/// A row's name and counts.
fn label(row: &mut CellRow, trace: &Trace, lane: &Lane, layer: Layer, screen: Screen) {
    row.name = match layer {
        Layer::Sends => "send()".to_owned(),
        Layer::Packets => screen.text("terminal.wire"),
        Layer::Recvs => "recv()".to_owned(),
        Layer::Messages => screen.text("terminal.messages"),
    };
    let rows = Rows::at_the_end(trace, lane);
    let counts = rows.counts(layer);
    let notes = rows.notes(layer);
    let failed = failed::count(trace, lane, layer);
    let parts = std::iter::once(&counts.total).chain(&notes);
    let parts = parts.chain(&counts.findings).chain(&failed);
    let which = lost(row);
    let parts = parts.chain(&which);
    let parts: Vec<_> = parts.map(|part| screen.say(part)).collect();
    row.counts = parts.join(", ");
}

/// Which boxes of a row a link lost.
fn lost(row: &CellRow) -> Option<Sentence> {
    /// More are not named.
    const MOST: usize = 8;
    let mut named: Vec<_> = row
        .lost
        .iter()
        .take(MOST)
        .map(|n| format!("#{n}"))
        .collect();
    if row.lost.len() > MOST {
        named.push("…".to_owned());
    }
    let which = || Sentence::new("terminal.lost-which").with("which", named.join(" "));
    (!named.is_empty()).then(which)
}
