//! Small marks on the boxes: boundaries that changed, packets that were sent
//! again, datagrams that never arrived.

use trace::cause::Change;
use trace::rows::Layer;

use super::Group;
use super::row::ChunkRow;
use crate::scene::{DrawList, Ink, Rect, Shape, Target};

/// Radius of a boundary's mark.
const RADIUS: f64 = 3.5;

impl Group<'_> {
    pub(super) fn marks(&self, row: &ChunkRow, list: &mut DrawList) {
        if !row.dense {
            self.losses_marked(row, list);
        }
        for chunk in &row.again {
            let y = row.y + row.height + 2.0;
            if let Some(rect) = self.layout.span(&chunk.range, y, 3.0) {
                list.shapes.push(Shape::Rect {
                    rect,
                    fill: Some(Ink::Bad),
                    stroke: None,
                    line: 0.0,
                    radius: 1.0_f64.min(rect.width / 2.0),
                    dashed: false,
                    ghost: chunk.is_ahead,
                });
                let hit = Rect::new(rect.x, y - 2.0, rect.width, 16.0);
                list.hit(hit, Target::Event(chunk.event));
            }
        }
        if row.layer == Layer::Recvs && !row.dense {
            self.boundaries(row, list);
        }
    }

    /// A line through what never arrived.
    fn losses_marked(&self, row: &ChunkRow, list: &mut DrawList) {
        let chunks = row.chunks.iter().chain(&row.empties);
        for chunk in chunks.filter(|chunk| chunk.is_lost) {
            let rect = self.layout.span(&chunk.range, row.y, row.height);
            let (x0, x1) = rect.map_or_else(
                || {
                    let x = self.layout.x(chunk.range.start);
                    (x - 5.0, x + 5.0)
                },
                |rect| (rect.x, rect.right()),
            );
            for (y0, y1) in [(row.y, row.height), (row.y + row.height, -row.height)] {
                list.shapes.push(Shape::Line {
                    x0,
                    y0,
                    x1,
                    y1: y0 + y1,
                    ink: Ink::Bad,
                    line: 1.5,
                    dashed: false,
                    ghost: chunk.is_ahead,
                });
            }
        }
    }

    /// Hollow where a sender's boundary vanished, full where one appeared; in the colour of a
    /// mistake only where it is one.
    fn boundaries(&self, row: &ChunkRow, list: &mut DrawList) {
        let mut free = f64::NEG_INFINITY;
        let window = self.layout.window();
        let all = &self.lane.boundaries;
        let from = all.partition_point(|boundary| boundary.offset < window.start);
        let in_sight = all[from..].iter();
        for boundary in in_sight.take_while(|boundary| boundary.offset <= window.end) {
            let ink = if self.rows.misleads(boundary) {
                Ink::Bad
            } else {
                Ink::Muted
            };
            let fill = match boundary.change {
                Change::Vanished => Ink::Ground,
                Change::Appeared => ink,
                Change::Cut | Change::Lost => continue,
            };
            let x = self.layout.x(boundary.offset);
            if !self.shot.has_happened(boundary.event)
                || !self.layout.shows(boundary.offset)
                || x < free
            {
                continue;
            }
            free = x + 2.0 * RADIUS + 1.0;
            let y = row.y + row.height;
            list.shapes.push(Shape::Circle {
                x,
                y,
                radius: RADIUS,
                fill,
                stroke: Some(ink),
            });
            let hit = Rect::new(x - 5.0, y - 5.0, 10.0, 10.0);
            list.hit(hit, Target::Event(boundary.event));
        }
    }
}
