//! A row of captured packets: those of the program above in its upper half,
//! those of the program below in its lower half. Data is filled in its hue,
//! packets without data are thin or, if they begin or end a connection, hollow.

use trace::lane::{Fate, Lane, Packet};
use trace::text::grouped;
use trace::{Call, ConnectionId, End, Event, Flags};

use super::{Seen, Sheet, TimeRow, is_linked};
use crate::scene::density::BinsKey;
use crate::scene::{DrawList, Ink, Part, Rect, Shape, Target};

impl Sheet<'_> {
    pub(super) fn wire(&self, row: &TimeRow, id: ConnectionId, list: &mut DrawList) {
        Self::track(row, &self.scale, list);
        let own = &self.model.index.connection(id).packets;
        // Which end's row stands above this one.
        let opener = self.row_of(id, End::Opener);
        let acceptor = self.row_of(id, End::Acceptor);
        let above = match (opener, acceptor) {
            (Some(opener), _) if opener.y > row.y => End::Acceptor,
            (None, Some(acceptor)) if acceptor.y < row.y => End::Acceptor,
            _ => End::Opener,
        };
        let key = BinsKey::Packets {
            connection: id,
            by_step: self.scale.by_step,
            window: self.scale.window(),
        };
        if let Some(bins) = self.bins(key, own).as_deref() {
            self.columns(row, bins, list);
        } else {
            let packets = self.seen(own);
            if is_linked(self.model, id) {
                self.ways(row, id, above, list);
            } else {
                for packet in &packets {
                    self.packet(row, packet, above, list);
                }
            }
            let label = |index, event: &Event| self.packet_label(index, event, above);
            self.event_labels(row, &packets, &label, list);
        }
        let keys = if self.model.index.has_datagrams() {
            ["stage.datagram-count", "stage.datagram-count-of"]
        } else {
            ["stage.segment-count", "stage.segment-count-of"]
        };
        let count = self.count(own, keys);
        let detail = if self.model.conversations().len() > 1 {
            self.model.end_name(self.catalog, id, End::Opener)
        } else {
            self.catalog.text("stage.packets")
        };
        let name = self.catalog.text("stage.wire");
        self.head(row, &name, &detail, &count, list);
    }

    fn packet(
        &self,
        row: &TimeRow,
        &(index, event, (x0, x1)): &Seen<'_>,
        above: End,
        list: &mut DrawList,
    ) {
        let half = row.height / 2.0;
        let y = if event.end == above {
            row.y
        } else {
            row.y + half
        };
        let opens = [Flags::SYN, Flags::FIN, Flags::RST];
        let opens = opens.iter().any(|&flag| event.flags().has(flag));
        let inset = if event.is_empty() && !opens && event.call == Call::Segment {
            half / 2.0 - 1.5
        } else {
            1.0
        };
        let rect = Rect::new(x0, y + inset, x1 - x0, half - 2.0 * inset);
        let (hue, failed) = self.look_of(index, event);
        let wide = rect.width > 6.0;
        let fill = match hue {
            Some(hue) => Ink::hue(hue, if wide { Part::Fill } else { Part::Stroke }),
            None if opens && wide => Ink::Ground,
            None => Ink::Outline,
        };
        let plain = hue.map_or(Ink::Outline, |hue| Ink::hue(hue, Part::Stroke));
        let plain = if failed { Ink::Bad } else { plain };
        let (stroke, line) = self.edge(index, plain);
        let ghost = !self.model.has_happened(index);
        list.shapes.push(Shape::Rect {
            rect,
            fill: Some(fill),
            stroke: Some(stroke),
            line,
            radius: 2.0_f64.min(rect.width / 2.0),
            dashed: ghost,
            ghost,
        });
        let hit = Rect::new(x0 - 2.0, y, x1 - x0 + 4.0, half);
        list.hit(hit, Target::Event(index));
    }

    /// The hue of a packet's bytes, and whether it was lost, dropped or sent again.
    pub(super) fn look_of(&self, index: usize, event: &Event) -> (Option<usize>, bool) {
        let found = self.carried(index, event);
        let hue = found.and_then(|(lane, at)| lane.sends_of_packet(at).next());
        let failed = found.is_some_and(|(lane, at)| {
            let Packet {
                resent, lost, fate, ..
            } = lane.wire[at];
            resent || lost || fate == Fate::Dropped
        });
        (hue, failed)
    }

    /// The lane of a packet and its index on the lane's wire.
    fn carried(&self, index: usize, event: &Event) -> Option<(&Lane, usize)> {
        let lane = self.model.analysis.lane_of(event)?;
        let at = lane
            .wire
            .binary_search_by_key(&index, |packet| packet.span.event);
        Some((lane, at.ok()?))
    }

    /// Its direction, how much it carries, and what became of it on a link.
    fn packet_label(&self, index: usize, event: &Event, above: End) -> [String; 2] {
        let arrow = if event.end == above { "↓" } else { "↑" };
        let mut what = if event.is_empty() && event.call == Call::Segment {
            event.flags().names()
        } else {
            [&grouped(event.len() as u64), " B"].concat()
        };
        let is_again = || {
            let carried = self.carried(index, event);
            carried.is_some_and(|(lane, at)| lane.wire[at].resent)
        };
        let fate = event.transit().and_then(|transit| {
            if transit.lost.is_some() {
                Some("stage.link-lost")
            } else if transit.twice {
                Some("stage.link-twice")
            } else {
                is_again().then_some("stage.link-again")
            }
        });
        if let Some(fate) = fate {
            what = [&what, " ", &self.catalog.text(fate)].concat();
        }
        // The half of the row tells the direction, too.
        [[arrow, " ", &what].concat(), what]
    }
}
