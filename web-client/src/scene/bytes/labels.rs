//! What stands above (and for calls without bytes, below) the boxes. A label
//! that has no room is shortened, then abbreviated, then left out.

use protocol::FrameError;
use trace::lane::{Integrity, MessageKind};
use trace::rows::{Chunk, Layer};
use trace::text::{Sentence, Value};

use super::Group;
use super::row::ChunkRow;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{DrawList, Font, Ink, text_width};

/// Between two labels.
const SPACE: f64 = 8.0;
/// Most characters of a message in its label.
const LONGEST: usize = 48;

/// A label in its forms, the longest first; only the last may be cut off.
struct Label {
    forms: [String; 2],
    ink: Ink,
    /// Whether the first form may be shortened with `…`.
    elastic: bool,
    ghost: bool,
}

impl Label {
    /// Draws the longest form that fits; gives its width.
    fn place(&self, x: f64, y: f64, room: f64, list: &mut DrawList) -> f64 {
        let [full, short] = &self.forms;
        let fits = |text: &str| text_width(text, Font::Small) <= room;
        let text = if fits(full) || (self.elastic && room > 60.0) {
            full
        } else if fits(short) {
            short
        } else {
            return 0.0;
        };
        let style = Style::new(Font::Small, self.ink).ghost(self.ghost);
        list.text((x, y), text, style, room);
        text_width(text, Font::Small).min(room) + SPACE
    }
}

impl Group<'_> {
    pub(super) fn labels(&self, row: &ChunkRow, list: &mut DrawList) {
        let edge = self.layout.width - PAD;
        let refused = (row.layer == Layer::Messages)
            .then(|| self.rows.refused())
            .flatten()
            .and_then(|(range, event)| {
                let rect = self.layout.span(&range, 0.0, 0.0)?;
                Some((rect.x, event))
            });
        let mut chunks = row.chunks.iter().peekable();
        while let Some(chunk) = chunks.next() {
            let x = self.layout.x(chunk.range.start).max(self.layout.left) + 2.0;
            let next = chunks.peek().map(|next| self.layout.x(next.range.start));
            let ahead = refused.map(|(x, _)| x).filter(|&ahead| ahead > x);
            let room = next.into_iter().chain(ahead).fold(edge + SPACE, f64::min) - x - SPACE;
            let own = self.layout.x(chunk.whole().end) - x;
            if own.min(room) < text_width("#", Font::Small) {
                continue;
            }
            let label = self.label(row.layer, chunk);
            // The last of many may reach further, but is not labelled alone.
            if text_width(&label.forms[1], Font::Small) <= own {
                label.place(x, row.y - 10.0, room, list);
            }
        }
        if let Some((x, event)) = refused {
            let label = self.refusal(event);
            label.place(x + 2.0, row.y - 10.0, edge - x - 2.0, list);
        }
        // Of many without bytes not all are kept, and so none is numbered.
        if !row.dense {
            self.empty_labels(row, edge, list);
        }
        self.again_labels(row, edge, list);
    }

    /// Below their marks: which packets were on the wire again.
    fn again_labels(&self, row: &ChunkRow, edge: f64, list: &mut DrawList) {
        let mut free = self.layout.left;
        for chunk in &row.again {
            let number = (chunk.index + 1).to_string();
            let sentence = Sentence::new("stage.again-label").with("n", number.clone());
            let label = Label {
                forms: [self.say(&sentence), ["#", &number].concat()],
                ink: Ink::Bad,
                elastic: false,
                ghost: chunk.is_ahead,
            };
            let wide = text_width(&label.forms[0], Font::Small);
            let x = self.layout.x(chunk.range.start).min(edge - wide);
            if x >= free {
                let y = row.y + row.height + 12.0;
                free = x + label.place(x, y, edge - x, list);
            }
        }
    }

    fn label(&self, layer: Layer, chunk: &Chunk) -> Label {
        let number = chunk.index + 1;
        let event = self.shot.trace.events().get(chunk.event);
        let asked = event.map_or(0, |event| event.asked as usize);
        let sized = |key| {
            Sentence::new(key)
                .with("n", number)
                .with("bytes", count(chunk))
        };
        let (sentence, ink) = match layer {
            Layer::Sends if asked > count(chunk) => {
                (sized("stage.send-short").with("asked", asked), Ink::Bad)
            }
            Layer::Sends => (sized("stage.send-label"), Ink::Muted),
            Layer::Recvs if chunk.cut > 0 => {
                (sized("stage.recv-cut").with("cut", chunk.cut), Ink::Bad)
            }
            Layer::Recvs => (sized("stage.recv-label"), Ink::Muted),
            Layer::Packets => return self.packet_label(chunk),
            Layer::Messages => return self.message_label(chunk),
        };
        Label {
            forms: [self.say(&sentence), ["#", &number.to_string()].concat()],
            ink,
            elastic: false,
            ghost: chunk.is_ahead,
        }
    }

    fn packet_label(&self, chunk: &Chunk) -> Label {
        let packet = &self.lane.wire[chunk.index];
        let number = (chunk.index + 1).to_string();
        let key = match (self.rows.is_datagrams(), chunk.is_lost, packet.segments) {
            (true, true, _) => "stage.datagram-dropped",
            (true, false, _) => "stage.datagram-label",
            (false, _, 0 | 1) => "stage.segment-label",
            (false, ..) => "stage.segment-merged",
        };
        let sentence = Sentence::new(key)
            .with("n", number.clone())
            .with("bytes", packet.span.len())
            .with("segments", packet.segments as usize);
        let short = match packet.segments {
            0 | 1 => ["#", &number].concat(),
            segments => [&segments.to_string(), "×"].concat(),
        };
        Label {
            forms: [self.say(&sentence), short],
            ink: if chunk.is_lost { Ink::Bad } else { Ink::Muted },
            elastic: false,
            ghost: chunk.is_ahead,
        }
    }

    fn message_label(&self, chunk: &Chunk) -> Label {
        let message = &self.lane.messages[chunk.index];
        let good = matches!(message.integrity, Integrity::Whole) && !message.kind.is_refuted();
        let mark = if good { "✓" } else { "✗" };
        let what = match message.kind {
            MessageKind::Message => quoted(&message.frame.body),
            MessageKind::Challenge => self.catalog.text("stage.challenge"),
            MessageKind::Answer { .. } => self.catalog.text("stage.answer"),
            MessageKind::Nonce => self.catalog.text("stage.nonce"),
            MessageKind::Proof { .. } => self.catalog.text("stage.proof"),
            MessageKind::Ready => self.catalog.text("stage.ready"),
        };
        Label {
            forms: [[mark, " ", &what].concat(), mark.to_owned()],
            ink: if good { Ink::Muted } else { Ink::Bad },
            elastic: true,
            ghost: chunk.is_ahead,
        }
    }

    /// Why the decoder refused to go on.
    fn refusal(&self, event: usize) -> Label {
        let error = self.lane.failure.as_ref().map(|failure| &failure.error);
        let number = |number: &i128| Value::Text(number.to_string());
        let sentence = match error {
            Some(FrameError::Negative { length, .. }) => {
                Sentence::new("stage.refused-negative").with("length", number(length))
            }
            Some(FrameError::TooLarge {
                length, maximum, ..
            }) => Sentence::new("stage.refused-large")
                .with("length", number(length))
                .with("maximum", *maximum as usize),
            Some(FrameError::ShorterThanHeader { length, .. }) => {
                Sentence::new("stage.refused-header").with("length", number(length))
            }
            Some(FrameError::NonNumeric { .. }) => Sentence::new("stage.refused-digit"),
            Some(FrameError::Leftover { count, .. }) => {
                Sentence::new("stage.refused-leftover").with("n", *count)
            }
            Some(FrameError::Truncated { have, need, .. }) => {
                Sentence::new("stage.refused-truncated")
                    .with("have", *have)
                    .with("need", *need)
            }
            None => Sentence::new("stage.refused-count"),
        };
        Label {
            forms: [["✗ ", &self.say(&sentence)].concat(), "✗".to_owned()],
            ink: Ink::Bad,
            elastic: true,
            ghost: !self.shot.has_happened(event),
        }
    }

    /// Calls without bytes: below their box, several at one place as one.
    fn empty_labels(&self, row: &ChunkRow, edge: f64, list: &mut DrawList) {
        let mut free = self.layout.left - 3.0;
        let mut rest = &row.empties[..];
        while let Some(first) = rest.first() {
            let same = rest
                .iter()
                .take_while(|empty| empty.range.start == first.range.start)
                .count();
            let (here, behind) = rest.split_at(same);
            rest = behind;
            let numbers = match here {
                [only] => (only.index + 1).to_string(),
                _ => [
                    &(first.index + 1).to_string(),
                    "–#",
                    &(here[same - 1].index + 1).to_string(),
                ]
                .concat(),
            };
            let key = match row.layer {
                Layer::Sends => "stage.send-label",
                Layer::Packets => "stage.datagram-label",
                _ => "stage.recv-label",
            };
            let sentence = Sentence::new(key)
                .with("n", numbers.clone())
                .with("bytes", 0_usize);
            let label = Label {
                forms: [self.say(&sentence), ["#", &numbers].concat()],
                ink: Ink::Muted,
                elastic: false,
                ghost: here.iter().all(|empty| empty.is_ahead),
            };
            let x = self.layout.x(first.range.start) - 3.0;
            let next = rest
                .first()
                .map(|next| self.layout.x(next.range.start) - 3.0 - SPACE);
            let y = row.y + self.pitch.height + 11.0;
            // Near the right edge a label moves left, as far as there is room.
            let wide = text_width(&label.forms[0], Font::Small);
            let x = x.min(edge - wide).max(free);
            free = x + label.place(x, y, next.unwrap_or(edge).min(edge) - x, list);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "no longer than the bytes in memory"
)]
fn count(chunk: &Chunk) -> usize {
    (chunk.range.end.0 - chunk.range.start.0) as usize
}

/// The beginning of a message in quotes.
fn quoted(body: &[u8]) -> String {
    let head = &body[..body.len().min(4 * LONGEST)];
    let text = String::from_utf8_lossy(head);
    let printable = |c: char| if c.is_control() { '·' } else { c };
    let mut quoted = String::from("“");
    quoted.extend(text.chars().take(LONGEST).map(printable));
    if text.chars().nth(LONGEST).is_some() || head.len() < body.len() {
        quoted.push('…');
    }
    quoted.push('”');
    quoted
}
