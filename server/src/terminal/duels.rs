//! Duels: where wrong decoders part from the right one, and one of them beside it.
//!
//! ```text
//! recv()     │hello\n how are you?\n fine\n│
//! right      │hello\n│how are you?\n│fine\n│
//! wrong      │hello\n how are you?\n fine\n│
//!                    ▲
//! ```

use std::ops::Range;

use anstyle::Style;
use protocol::{Framing, Offset};
use trace::duel::{Cuts, Duel, Lack, Opponent, Parting, Right, SILENCE, Step, Stream, duel, right};
use trace::explain::refusal;
use trace::lane::{Direction, Lane};
use trace::text::Sentence;
use trace::{Analysis, Trace};

use super::glyph::{binary, glyphs_of};
use super::row::{Cell, CellRow, edges};
use super::{BAD, BOLD, DIM, Legend, Screen, bytes, end_of, printable};

/// Columns of the names of wrong decoders.
const NAMES: usize = 18;
/// Bytes that are drawn before the parting, and behind it.
const AROUND: usize = 200;
/// Messages that both have and that are drawn before the parting.
const BEFORE: usize = 2;

/// Where a direction went, and what became of its duels.
pub struct Dueled<'a> {
    /// Who sent, and to whom.
    pub from_to: [String; 2],
    /// The direction.
    pub lane: &'a Lane,
    /// What the decoders were given of it.
    pub stream: &'a Stream<'a>,
    /// The right framing.
    pub framing: &'a Framing,
    /// What the right decoder has.
    pub right: Right,
    /// One for each wrong decoder.
    pub duels: Vec<Duel>,
    /// Those for which something is missing.
    pub lacking: Vec<(Opponent, Lack)>,
    /// Messages are drawn, too: of the one duel there is.
    pub is_drawn: bool,
}

/// The duels over one direction.
pub fn duels(dueled: &Dueled<'_>, screen: Screen) -> String {
    let [from, to] = &dueled.from_to;
    let what = Sentence::new("terminal.duel-of")
        .with("from", printable(from))
        .with("to", printable(to))
        .with("bytes", dueled.stream.bytes.len() - dueled.stream.start)
        .with("chunks", dueled.right.chunks)
        .with("what", dueled.stream.source.key())
        .with("messages", dueled.right.messages)
        .with("framing", printable(&trace::framing::write(dueled.framing)));
    let mut text = screen.paragraph(BOLD, &screen.say(&what));
    if let Some(error) = &dueled.right.error {
        text += &screen.paragraph(BAD, &screen.say(&refusal(error)));
    }
    if dueled.right.refusals > 0 {
        let refusals = Sentence::new("terminal.duel-refusals").with("n", dueled.right.refusals);
        text += &screen.paragraph(BAD, &screen.say(&refusals));
    }
    for duel in &dueled.duels {
        text += &one(dueled, duel, screen);
    }
    for (opponent, lack) in &dueled.lacking {
        let lack = screen.say(&lack.sentence());
        text += &screen.beside(DIM, opponent.name(), NAMES, &lack);
    }
    text
}

/// The duels of a lesson with its wrong decoder: over what the server's recv calls returned.
pub(super) fn of_lesson(
    trace: &Trace,
    analysis: &Analysis,
    opponent: Option<Opponent>,
    screen: Screen,
) -> String {
    let mut text = String::new();
    let Some(opponent) = opponent else {
        return text;
    };
    for lane in &analysis.lanes {
        let framing = trace.framing(lane.direction);
        let is_server = lane.direction == Direction::FromOpener;
        if !is_server || lane.bytes.is_empty() || !opponent.fits(&framing) {
            continue;
        }
        let stream = Stream::of(trace, lane, &Cuts::Recorded, SILENCE);
        let (mut duels, mut lacking) = (Vec::new(), Vec::new());
        match opponent.lacks(&stream) {
            Some(lack) => lacking.push((opponent, lack)),
            None => duels.push(duel(&stream, &framing, opponent)),
        }
        let end = |end| {
            let connection = trace.connection(lane.connection);
            connection.map_or_else(String::new, |connection| {
                end_of(trace, connection.end(end), screen)
            })
        };
        let dueled = Dueled {
            from_to: [end(lane.direction.sender()), end(lane.direction.reader())],
            lane,
            stream: &stream,
            framing: &framing,
            right: right(&stream, &framing),
            duels,
            lacking,
            is_drawn: true,
        };
        text += &self::duels(&dueled, screen);
        text.push('\n');
    }
    text
}

fn one(dueled: &Dueled<'_>, duel: &Duel, screen: Screen) -> String {
    let name = duel.opponent.name();
    let told = screen.say(&duel.sentence());
    let Some(parting) = &duel.parting else {
        let mut text = screen.beside(Style::new(), name, NAMES, &told);
        if dueled.is_drawn {
            text += &about(duel.opponent, screen);
        }
        return text;
    };
    let mut text = screen.beside(BAD, name, NAMES, &told);
    let between = screen.text("terminal.between-sentences");
    let joined = |sentences: &[Sentence]| {
        let said = sentences.iter().map(|sentence| screen.say(sentence));
        said.collect::<Vec<_>>().join(&between)
    };
    if !dueled.is_drawn {
        let sentences = parting.sentences();
        let why = &sentences[..parting.why.len().max(1)];
        text += &screen.beside(Style::new(), "", NAMES, &joined(why));
        return text;
    }
    text += &about(duel.opponent, screen);
    text.push('\n');
    text += &lanes(dueled, duel, parting, screen);
    text.push('\n');
    let why = screen.text("terminal.why");
    text += &screen.named(Style::new(), &why, &joined(&parting.sentences()));
    text
}

/// What the wrong decoder does.
fn about(opponent: Opponent, screen: Screen) -> String {
    let is = screen.say(&opponent.sentence());
    screen.beside(DIM, "", NAMES, &is)
}

/// Chunks, right messages and wrong ones over the same offsets, and a mark where they part.
fn lanes(dueled: &Dueled<'_>, duel: &Duel, parting: &Parting, screen: Screen) -> String {
    let window = window(duel, parting);
    let before = duel.last.iter();
    let rights: Vec<_> = before.clone().chain(&parting.rights).cloned().collect();
    let agreed = before.cloned().map(Step::Message);
    let wrongs: Vec<_> = agreed.chain(parting.wrongs.iter().cloned()).collect();
    let chunks = dueled.stream.chunks();
    let chunks = chunks.take_while(|chunk| chunk.range.start < window.end);
    let chunks: Vec<_> = chunks.map(|chunk| Step::Message(chunk.range)).collect();
    let row = |name: String, steps: &[Step], counts: &str| {
        let mut row = row(steps, &rights, &window);
        row.name = name;
        counts.clone_into(&mut row.counts);
        row
    };
    let right: Vec<_> = rights.iter().cloned().map(Step::Message).collect();
    let mut rows = vec![
        row(screen.text(dueled.stream.source.key()), &chunks, ""),
        row(
            screen.text("terminal.duel-right"),
            &right,
            dueled.framing.name(),
        ),
        row(
            screen.text("terminal.duel-wrong"),
            &wrongs,
            duel.opponent.name(),
        ),
    ];
    let mut mark = self::row(&[], &rights, &window);
    mark.border = if screen.is_utf8() { '▲' } else { '^' };
    mark.edges.insert(((parting.at - window.start) as u64, 0));
    rows.push(mark);
    let bytes = &dueled.stream.bytes[window.clone()];
    let binary = binary(dueled.lane, window.clone());
    let rest = |at: usize| bytes.get(at..).unwrap_or_default();
    let glyphs = glyphs_of(bytes.len(), rest, &binary, &edges(&rows), screen);
    let drawn = bytes::draw_from(window.start as u64, &glyphs, &rows, screen);
    let drawn = drawn.unwrap_or_default();
    let mut legend = Legend::new("terminal.legend-dropped");
    legend.see(&drawn);
    [drawn, legend.text(screen)].concat()
}

/// The bytes that are drawn.
fn window(duel: &Duel, parting: &Parting) -> Range<usize> {
    let agreed = &duel.last[duel.last.len().saturating_sub(BEFORE)..];
    let first = agreed.first().map(|range| range.start);
    let pieces = parting.rights.iter().cloned();
    let wrongs = parting.wrongs.iter().map(|step| match step {
        Step::Message(range) | Step::Dropped(range) => range.clone(),
    });
    let pieces: Vec<_> = pieces.chain(wrongs).collect();
    let start = pieces.iter().map(|range| range.start);
    let start = start
        .chain(first)
        .chain([parting.at, parting.chunk.range.start]);
    let end = pieces.iter().map(|range| range.end);
    let end = end.chain([parting.at, parting.chunk.range.end]).max();
    let start = start
        .min()
        .unwrap_or(0)
        .max(parting.at.saturating_sub(AROUND));
    let end = end.unwrap_or(start).min(parting.at + AROUND);
    start..end
}

/// A row of the window. A byte has the hue of the right message that it is in.
fn row(steps: &[Step], rights: &[Range<usize>], window: &Range<usize>) -> CellRow {
    let mut row = CellRow::default();
    for step in steps {
        let (range, is_gone) = match step {
            Step::Message(range) => (range, false),
            Step::Dropped(range) => (range, true),
        };
        for edge in [range.start, range.end] {
            if (window.start..=window.end).contains(&edge) && !range.is_empty() {
                row.edges.insert(((edge - window.start) as u64, 0));
            }
        }
        for at in range.start.max(window.start)..range.end.min(window.end) {
            let hue = rights.partition_point(|right| right.end <= at);
            let cell = if is_gone {
                Cell::Gone
            } else {
                Cell::Byte { hue, header: false }
            };
            let offset = Offset((at - window.start) as u64);
            row.paint(offset..offset + 1, cell);
        }
    }
    row
}
