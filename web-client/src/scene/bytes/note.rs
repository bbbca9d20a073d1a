//! A row of which nothing was observed: a line that says so. Where the wire was
//! not captured, beside it what the kernel counted.

use trace::link::Capture;
use trace::rows::Layer;
use trace::text::Sentence;
use trace::{Call, Counts};

use super::Group;
use super::row::ChunkRow;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{DrawList, Font, Ink, text_width};

/// Height of a line.
const LINE: f64 = 16.0;
/// Between two texts in a line.
const SPACE: f64 = 16.0;
/// Between a text and the cursor.
const BESIDE: f64 = 4.0;

/// A text of the row.
struct Piece {
    text: String,
    x: f64,
    /// From 0.
    line: u8,
    /// Not known yet at the cursor.
    ghost: bool,
}

/// What the row says and where.
pub(super) struct Note(Vec<Piece>);

impl Note {
    pub(super) fn height(&self) -> f64 {
        let last = self.0.last().map_or(0, |piece| piece.line);
        LINE * (1.0 + f64::from(last))
    }
}

impl Group<'_> {
    /// The texts one behind the other; one that has no room goes to a line of
    /// its own.
    pub(super) fn note(&self, layer: Layer) -> Note {
        let (name, what) = self.names(layer);
        let texts = if layer == Layer::Packets {
            let why = self.catalog.text(capture_key(self.shot.trace.head.capture));
            [Some((why, false)), self.counted(), None]
        } else {
            let why = self.catalog.text("stage.calls-not-observed");
            let messages = self.rows.messages_not_read();
            let messages = messages.filter(|_| layer == Layer::Recvs);
            let messages = messages.map(|messages| (self.say(&messages), false));
            [Some((what, false)), Some((why, false)), messages]
        };
        let name = text_width(&name, Font::Strong);
        let (first, mut x) = if self.layout.narrow {
            (PAD, PAD + name + 8.0)
        } else {
            (self.layout.left + 2.0, self.layout.left + 2.0)
        };
        let mut line = 0;
        let mut pieces = Vec::new();
        for (text, ghost) in texts.into_iter().flatten() {
            let width = text_width(&text, Font::Small);
            if x > first && x + width > self.layout.width - PAD {
                x = first;
                line += 1;
            }
            pieces.push(Piece {
                text,
                x,
                line,
                ghost,
            });
            x += width + SPACE;
        }
        Note(pieces)
    }

    /// What either end's kernel counted (TCP_INFO), the sender's if both did.
    fn counted(&self) -> Option<(String, bool)> {
        let (connection, lane) = (self.lane.connection, self.lane.direction);
        let counts = |by_sender: bool| {
            let end = if by_sender {
                lane.sender()
            } else {
                lane.reader()
            };
            let mut events = self.shot.trace.events().iter().enumerate();
            events.find_map(|(index, event)| {
                let ours =
                    event.call == Call::Close && event.connection == connection && event.end == end;
                Some((index, event.socket.counts.filter(|_| ours)?))
            })
        };
        let sentence = |key, counts: Counts, segments: u32| {
            Sentence::new(key)
                .with("n", segments as usize)
                .with("again", counts.retransmitted as usize)
        };
        let (index, sentence) = match (counts(true), counts(false)) {
            (Some((index, own)), _) => (index, sentence("stage.counts-out", own, own.data_out)),
            (None, Some((index, own))) => (index, sentence("stage.counts-in", own, own.data_in)),
            (None, None) => return None,
        };
        Some((self.say(&sentence), !self.shot.has_happened(index)))
    }

    pub(super) fn draw_note(&self, row: &ChunkRow, list: &mut DrawList) {
        let strong = Style::new(Font::Strong, Ink::Text);
        let small = Style::new(Font::Small, Ink::Muted);
        let y = row.y + LINE / 2.0;
        let edge = self.layout.width - PAD;
        let (name, _) = self.names(row.layer);
        let note = self.note(row.layer);
        // What stands behind a text in its line has to keep its room.
        let spare = |line| {
            let texts = note.0.iter().filter(|piece| piece.line == line);
            let ends = texts.map(|piece| piece.x + text_width(&piece.text, Font::Small));
            edge - ends.fold(0.0, f64::max)
        };
        // Where the next text may begin, and in which line.
        let mut free = (0, 0.0);
        if self.layout.narrow {
            let width = text_width(&name, Font::Strong);
            let (x, room) = self.beside(PAD, PAD + width + spare(0).max(0.0), width);
            list.text((x, y), &name, strong, room);
            free.1 = x + room + 8.0;
        } else {
            let left = PAD + 6.0;
            let room = self.layout.left - PAD - 8.0 - left;
            list.text((left, y), &name, strong, room);
        }
        for piece in &note.0 {
            if free.0 < piece.line {
                free = (piece.line, 0.0);
            }
            let width = text_width(&piece.text, Font::Small);
            let right = (piece.x + width + spare(piece.line)).min(edge);
            let (x, room) = self.beside(piece.x.max(free.1), right, width);
            if room <= 0.0 {
                continue;
            }
            let y = y + LINE * f64::from(piece.line);
            list.ground(x, y, room);
            let style = small.ghost(piece.ghost);
            list.text((x, y), &piece.text, style, room);
            free.1 = x + room + SPACE;
        }
    }

    /// Where a text of this width stands between two edges, and the room it has there: at
    /// the left one, or behind the cursor if that stands in its way and leaves it room.
    fn beside(&self, left: f64, right: f64, width: f64) -> (f64, f64) {
        let crosses = |x: &f64| left - 2.0 < *x && *x < left + width + 2.0;
        let behind = self.cursor.filter(crosses).map(|cursor| cursor + BESIDE);
        let left = behind.filter(|x| x + width <= right).unwrap_or(left);
        (left, width.min(right - left))
    }
}

/// Key of the reason why there is no wire.
pub(in crate::scene) const fn capture_key(capture: Capture) -> &'static str {
    match capture {
        Capture::NeedsCapNetRaw => "stage.needs-cap-net-raw",
        Capture::Unsupported => "stage.no-packet-sockets",
        Capture::On | Capture::Failed | Capture::Unknown => "stage.not-captured",
    }
}
