//! Below the messages: those of a wrong decoder, up to where it parts from the right one.

use std::ops::Range;

use protocol::Offset;
use trace::duel::{Duel, Step};
use trace::rows::{Chunk, Layer};
use trace::text::Sentence;

use super::row::ChunkRow;
use super::{Group, LABELS_ABOVE};
use crate::scene::headline::Headline;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{DrawList, Font, Ink};

/// Messages narrower than this on the average are drawn as one.
const DENSE: f64 = 3.0;
/// Between the bytes and what is said of them.
const SPACE: f64 = 16.0;

impl Group<'_> {
    /// Draws the row below `bottom`, if there is one; gives its lower edge.
    pub(super) fn duel(&self, bottom: f64, list: &mut DrawList) -> f64 {
        let Some(duel) = self.shot.duel(self.lane) else {
            return bottom;
        };
        let y = bottom + self.pitch.gap.max(LABELS_ABOVE + self.pitch.head);
        let row = ChunkRow::empty(Layer::Messages, self, y);
        for chunk in self.agreed(duel) {
            self.chunk(&row, &chunk, list);
        }
        let parting = duel.parting.as_ref();
        let event = parting.and_then(|parting| parting.chunk.event);
        let has_parted = event.is_some_and(|event| self.shot.has_happened(event));
        if let (Some(parting), Some(event)) = (parting, event) {
            for step in &parting.wrongs {
                self.chunk(&row, &chunk(step, event, !has_parted), list);
            }
            let offset = Offset(parting.at as u64);
            if has_parted && self.layout.shows(offset) {
                let x = self.layout.x(offset);
                list.vertical_around_texts(x, y - 4.0, y + row.height, Ink::Bad, 2.0);
            }
        }
        self.duel_head(duel, has_parted, &row, list);
        y + row.height
    }

    /// What both decoders have, as far as it is in sight.
    fn agreed(&self, duel: &Duel) -> Vec<Chunk> {
        let end = duel.last.last().map_or(0, |range| range.end as u64);
        let window = self.layout.window();
        let messages = &self.lane.messages;
        let from = messages.partition_point(|message| message.range().end < window.start);
        let to = messages.partition_point(|message| {
            let range = message.range();
            range.start <= window.end && range.end.0 <= end
        });
        let near = messages.get(from..to).unwrap_or_default();
        let near = near.iter();
        let near = near.filter(|message| !message.kind.is_of_the_handshake());
        let chunk = |event: usize, range: Range<Offset>| Chunk {
            is_lost: false,
            ..boxed(event, range, !self.shot.has_happened(event))
        };
        let is_dense = near.clone().count() as f64 > self.layout.area / DENSE;
        if let (true, Some(first), Some(last)) =
            (is_dense, near.clone().next(), near.clone().last())
        {
            return vec![chunk(last.event, first.range().start..last.range().end)];
        }
        near.map(|message| chunk(message.event, message.range()))
            .collect()
    }

    fn duel_head(&self, duel: &Duel, has_parted: bool, row: &ChunkRow, list: &mut DrawList) {
        let strong = Style::new(Font::Strong, Ink::Text);
        let label = Style::new(Font::Small, Ink::Muted);
        let name = self.catalog.text("duel.wrong");
        let detail = duel.opponent.name();
        let (said, ink) = match &duel.parting {
            Some(parting) if has_parted => {
                let said = Sentence::new("duel.parts-at").with("offset", parting.at);
                (said, Ink::Bad)
            }
            _ => (
                Sentence::new("duel.agreed").with("n", duel.agreed),
                Ink::Text,
            ),
        };
        let said = self.say(&said);
        let count = Style::new(Font::Small, ink);
        let middle = row.y + row.height / 2.0;
        if self.layout.narrow {
            let edges = (PAD, self.layout.width - PAD - 6.0);
            list.headline(&Headline {
                edges,
                y: row.y - 28.0,
                names: [(&name, strong), (detail, label)],
                count: (&said, count, edges.1),
                cursor: self.cursor,
            });
            return;
        }
        let room = self.layout.left - PAD - 14.0;
        list.text((PAD + 6.0, middle - 8.0), &name, strong, room);
        list.text((PAD + 6.0, middle + 9.0), detail, label, room);
        let x = self.layout.content_right() + SPACE;
        let room = self.layout.width - PAD / 2.0 - x;
        list.text((x, middle), &said, count, room);
    }
}

/// What the wrong decoder does, as a box.
fn chunk(step: &Step, event: usize, is_ahead: bool) -> Chunk {
    let (Step::Message(range) | Step::Dropped(range)) = step;
    let (start, end) = (Offset(range.start as u64), Offset(range.end as u64));
    match step {
        Step::Message(_) => boxed(event, start..end, is_ahead),
        Step::Dropped(_) => Chunk {
            cut: range.len(),
            ..boxed(event, start..start, is_ahead)
        },
    }
}

const fn boxed(event: usize, range: Range<Offset>, is_ahead: bool) -> Chunk {
    Chunk {
        event,
        index: 0,
        range,
        cut: 0,
        is_lost: true,
        is_resent: false,
        is_ahead,
    }
}
