//! What stands above (and for calls without bytes, below) the boxes. A label
//! that has no room is shortened, then abbreviated, then left out.

use std::ops::Range;

use protocol::FrameError;
use trace::lane::{Integrity, MessageKind};
use trace::rows::{Chunk, Layer};
use trace::text::{Sentence, Value, grouped, signed};

use super::Group;
use super::row::ChunkRow;
use crate::literal;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{DrawList, Font, Ink, text_width};

/// Between two labels.
const SPACE: f64 = 8.0;
/// Most characters of a message in its label.
const LONGEST: usize = 48;

/// Between a label and the cursor, or the end of its box.
const BESIDE: f64 = 4.0;

/// A label in its forms, the longest first; only the first may be cut off.
struct Label {
    forms: Vec<String>,
    ink: Ink,
    /// Whether the first form may be shortened with `…`.
    elastic: bool,
    ghost: bool,
}

impl Label {
    /// Draws the longest form that fits before the cursor, or else behind it; gives
    /// where the next label may begin.
    fn place(
        &self,
        (from, to): (f64, f64),
        y: f64,
        cursor: Option<f64>,
        list: &mut DrawList,
    ) -> f64 {
        let cursor = cursor.filter(|cursor| from - 1.5 < *cursor && *cursor < to + BESIDE);
        let places = match cursor {
            Some(cursor) => [(from, cursor - BESIDE), (cursor + BESIDE, to)],
            None => [(from, to), (to, to)],
        };
        let found = self.forms.iter().enumerate().find_map(|(at, text)| {
            let wide = text_width(text, Font::Small);
            let place = places.iter().find(|(from, to)| wide <= to - from);
            let wider = places
                .iter()
                .max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
            let wider = wider.filter(|(from, to)| self.elastic && at == 0 && to - from > 60.0);
            Some((text, *place.or(wider)?))
        });
        let Some((text, (x, end))) = found else {
            return from;
        };
        self.draw((x, y), text, end - x, list);
        x + text_width(text, Font::Small).min(end - x) + SPACE
    }

    fn draw(&self, at: (f64, f64), text: &str, room: f64, list: &mut DrawList) {
        let style = Style::new(Font::Small, self.ink).ghost(self.ghost);
        list.text(at, text, style, room);
    }
}

impl Group<'_> {
    pub(super) fn labels(&self, row: &ChunkRow, list: &mut DrawList) {
        let refused = (row.layer == Layer::Messages)
            .then(|| self.rows.refused())
            .flatten()
            .and_then(|(range, event)| {
                let rect = self.layout.span(&range, 0.0, 0.0)?;
                Some((rect.x, event))
            });
        let y = row.y - 10.0;
        let mut free = self.layout.left + 2.0;
        let mut chunks = row.chunks.iter().peekable();
        while let Some(chunk) = chunks.next() {
            let x = self.layout.x(chunk.range.start).max(self.layout.left) + 2.0;
            let next = chunks.peek().map(|next| self.layout.x(next.range.start));
            let ahead = refused.map(|(x, _)| x).filter(|&ahead| ahead > x);
            let behind = next.into_iter().chain(ahead).map(|x| x - SPACE);
            // Beyond its box there may be the cursor, and behind all of them
            // the counts.
            let end = self.layout.x(chunk.whole().end).min(self.layout.right());
            let room = behind.fold(end - 2.0, f64::min) - x;
            if room < text_width("#", Font::Small) {
                continue;
            }
            let label = self.label(row.layer, chunk);
            free = free.max(label.place((x, x + room), y, self.cursor, list));
        }
        if let Some((x, event)) = refused {
            self.refusal_label(x + 2.0, y, free, event, list);
        }
        // Of many without bytes not all are kept, and so none is numbered.
        if !row.dense {
            self.empty_labels(row, list);
        }
        self.again_labels(row, list);
    }

    /// It is longer than the box of the bytes that were refused: it begins with
    /// it, or ends where all bytes end.
    fn refusal_label(&self, x: f64, y: f64, free: f64, event: usize, list: &mut DrawList) {
        let label = self.refusal(event);
        let edge = self.layout.content_right().max(x + 60.0);
        let edge = edge.min(self.layout.width - PAD);
        let wide = text_width(&label.forms[0], Font::Small);
        let x = x.min(edge - wide).max(free);
        list.ground(x, y, wide.min(edge - x));
        label.place((x, edge), y, None, list);
    }

    /// Below their marks: which packets were on the wire again.
    fn again_labels(&self, row: &ChunkRow, list: &mut DrawList) {
        let mut free = self.layout.left;
        for chunk in &row.again {
            let number = (chunk.index + 1).to_string();
            let sentence = Sentence::new("stage.again-label").with("n", number.clone());
            let label = Label {
                forms: vec![self.say(&sentence), ["#", &number].concat()],
                ink: Ink::Bad,
                elastic: false,
                ghost: chunk.is_ahead,
            };
            let at = self.layout.x(chunk.range.start).max(self.layout.left);
            let y = row.y + row.height + 12.0;
            free = self.place_below(&label, (at, at), y, free..f64::INFINITY, list);
        }
    }

    /// Below a row, beside what stands at `at` and beside the cursor: right of it,
    /// else left of it, between the labels around. Gives where the next one may
    /// begin.
    fn place_below(
        &self,
        label: &Label,
        (left, right): (f64, f64),
        y: f64,
        free: Range<f64>,
        list: &mut DrawList,
    ) -> f64 {
        let end = self.layout.content_right();
        let edge = self.layout.width - PAD;
        for text in &label.forms {
            let wide = text_width(text, Font::Small);
            let behind = self.cursor.map(|cursor| cursor + BESIDE);
            let behind = behind.filter(|x| (0.0..wide).contains(&(x - right)));
            let places = [Some(right + 2.0), behind, Some(left - BESIDE - wide)];
            let is_clear = |x: &f64| {
                let crosses = |line: f64| x - 2.0 < line && line < x + wide + 2.0;
                let fits = *x >= free.start && x + wide <= free.end.min(edge);
                fits && !crosses(end) && !self.cursor.is_some_and(crosses)
            };
            // Right of all bytes only if there is no room left of their end.
            let is_inside = |x: &f64| x + wide <= end;
            let clear = || places.into_iter().flatten().filter(is_clear);
            if let Some(x) = clear().find(is_inside).or_else(|| clear().next()) {
                label.draw((x, y), text, wide, list);
                return x + wide + SPACE;
            }
        }
        free.start
    }

    fn label(&self, layer: Layer, chunk: &Chunk) -> Label {
        let number = chunk.index + 1;
        let event = self.shot.trace.events().get(chunk.event);
        let asked = event.map_or(0, |event| event.asked as usize);
        let bytes = count(chunk);
        let sized = |key| Sentence::new(key).with("n", number).with("bytes", bytes);
        let (sentence, ink) = match layer {
            Layer::Sends if asked > bytes => {
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
            forms: numbered(self.say(&sentence), number, bytes),
            ink,
            elastic: false,
            ghost: chunk.is_ahead,
        }
    }

    fn packet_label(&self, chunk: &Chunk) -> Label {
        let packet = &self.lane.wire[chunk.index];
        let number = chunk.index + 1;
        let key = match (self.rows.is_datagrams(), chunk.is_lost, packet.segments) {
            (true, true, _) => "stage.datagram-dropped",
            (true, false, _) => "stage.datagram-label",
            (false, _, 0 | 1) => "stage.segment-label",
            (false, ..) => "stage.segment-merged",
        };
        let sentence = Sentence::new(key)
            .with("n", number)
            .with("bytes", packet.span.len())
            .with("segments", packet.segments as usize);
        let mut forms = numbered(self.say(&sentence), number, packet.span.len());
        if packet.segments > 1 {
            forms.truncate(1);
            forms.push([&packet.segments.to_string(), "×"].concat());
        } else if chunk.is_lost {
            let key = if packet.lost {
                "stage.lost-label"
            } else {
                "stage.dropped-label"
            };
            forms[1] = self.say(&Sentence::new(key).with("n", number));
        }
        Label {
            forms,
            ink: if chunk.is_lost { Ink::Bad } else { Ink::Muted },
            elastic: false,
            ghost: chunk.is_ahead,
        }
    }

    fn message_label(&self, chunk: &Chunk) -> Label {
        let message = &self.lane.messages[chunk.index];
        let good = matches!(message.integrity, Integrity::Whole)
            && !message.kind.is_refuted()
            && message.kind != MessageKind::Skipped;
        if !self.rows.says_messages() {
            // What is of several sends, or of a part of one, is no mistake then.
            return Label {
                forms: vec![quoted(&message.frame.body)],
                ink: Ink::Muted,
                elastic: true,
                ghost: chunk.is_ahead,
            };
        }
        let mark = if good { "✓" } else { "✗" };
        let what = match message.kind {
            MessageKind::Message => quoted(&message.frame.body),
            MessageKind::Challenge => self.catalog.text("stage.challenge"),
            MessageKind::Answer { .. } => self.catalog.text("stage.answer"),
            MessageKind::Nonce => self.catalog.text("stage.nonce"),
            MessageKind::Proof { .. } => self.catalog.text("stage.proof"),
            MessageKind::Ready => self.catalog.text("stage.ready"),
            MessageKind::Skipped => self.catalog.text("stage.skipped"),
        };
        Label {
            forms: vec![[mark, " ", &what].concat(), mark.to_owned()],
            ink: if good { Ink::Muted } else { Ink::Bad },
            elastic: true,
            ghost: chunk.is_ahead,
        }
    }

    /// Why the decoder refused to go on.
    fn refusal(&self, event: usize) -> Label {
        let error = self.lane.failure.as_ref().map(|failure| &failure.error);
        let number = |number: &i128| Value::Text(signed(*number));
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
            Some(FrameError::BelowAdjustment { length, .. }) => {
                Sentence::new("stage.refused-adjustment").with("length", number(length))
            }
            Some(FrameError::EndlessVarint { .. }) => Sentence::new("stage.refused-varint"),
            Some(FrameError::Unexpected { byte, expected, .. }) => {
                Sentence::new("stage.refused-unexpected")
                    .with("byte", format!("0x{byte:02x}"))
                    .with("expected", format!("0x{expected:02x}"))
            }
            Some(FrameError::Checksum { said, computed, .. }) => {
                Sentence::new("stage.refused-checksum")
                    .with("said", format!("0x{said:02x}"))
                    .with("computed", format!("0x{computed:02x}"))
            }
            Some(FrameError::Undecodable { byte, .. }) => {
                Sentence::new("stage.refused-undecodable").with("byte", format!("0x{byte:02x}"))
            }
            Some(FrameError::NotJson { .. }) => Sentence::new("stage.refused-json"),
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
            forms: vec![["✗ ", &self.say(&sentence)].concat(), "✗".to_owned()],
            ink: Ink::Bad,
            elastic: true,
            ghost: !self.shot.has_happened(event),
        }
    }

    /// Calls without bytes: below their box, several at one place as one.
    fn empty_labels(&self, row: &ChunkRow, list: &mut DrawList) {
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
                forms: vec![self.say(&sentence), ["#", &numbers].concat()],
                ink: Ink::Muted,
                elastic: false,
                ghost: here.iter().all(|empty| empty.is_ahead),
            };
            let at = self.layout.x(first.range.start);
            let next = rest.first().map(|next| self.layout.x(next.range.start));
            let next = next.map_or(f64::INFINITY, |next| next - SPACE);
            let y = row.y + self.pitch.height + 11.0;
            free = self.place_below(&label, (at, at + 2.0), y, free..next, list);
        }
    }
}

/// A label with its number, and its shorter forms.
fn numbered(whole: String, number: usize, bytes: usize) -> Vec<String> {
    let number = ["#", &number.to_string()].concat();
    let sized = [&number, " · ", &grouped(bytes as u64), " B"].concat();
    vec![whole, sized, number]
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
    let mut quoted = String::from("“");
    quoted.push_str(&literal::shown(text.chars().take(LONGEST)));
    if text.chars().nth(LONGEST).is_some() || head.len() < body.len() {
        quoted.push('…');
    }
    quoted.push('”');
    quoted
}
