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
            [Some((why, false)), self.counted()]
        } else {
            let why = self.catalog.text("stage.calls-not-observed");
            [Some((what, false)), Some((why, false))]
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
        let left = if self.layout.narrow { PAD } else { PAD + 6.0 };
        let y = row.y + LINE / 2.0;
        let (name, _) = self.names(row.layer);
        let room = if self.layout.narrow {
            self.layout.width - PAD - left
        } else {
            self.layout.left - PAD - 8.0 - left
        };
        list.text((left, y), &name, strong, room);
        for piece in &self.note(row.layer).0 {
            let room = self.layout.width - PAD - piece.x;
            let y = y + LINE * f64::from(piece.line);
            let width = text_width(&piece.text, Font::Small).min(room);
            list.ground(piece.x, y, width);
            let style = small.ghost(piece.ghost);
            list.text((piece.x, y), &piece.text, style, room);
        }
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
