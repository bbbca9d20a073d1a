//! Bytes handed over and not yet read, as a level over time.

use trace::Call;
use trace::lane::{Direction, Lane};
use trace::text::{Sentence, Value};

use super::{Row, Sheet};
use crate::scene::{DrawList, Ink, Part, Rect, Shape};

/// The level behind an event of the lane.
struct Change {
    event: usize,
    level: u64,
}

impl Sheet<'_> {
    pub(super) fn queue(&self, row: &Row, lane: &Lane, list: &mut DrawList) {
        let changes = self.changes(lane);
        let most = changes.iter().map(|change| change.level).max().unwrap_or(0);
        let base = row.y + row.height;
        list.shapes.push(Shape::Rect {
            rect: Rect::new(self.scale.left, base - 1.0, self.scale.area, 1.0),
            fill: Some(Ink::Faint),
            stroke: None,
            line: 0.0,
            radius: 0.0,
            dashed: false,
            ghost: false,
        });
        let split = changes.partition_point(|change| self.shot.has_happened(change.event));
        let here = self.here();
        let (past, future) = changes.split_at(split);
        let now = past.last().map_or(0, |change| change.level);
        let left = self.scale.left;
        let right = self.scale.right();
        let height = |level: u64| base - (row.height - 4.0) * level as f64 / most.max(1) as f64;
        for (changes, from, to, before, ghost) in [
            (past, left, here, 0, false),
            (future, here, right, now, true),
        ] {
            if to <= from {
                continue;
            }
            let points = self.points(changes, (from, to), before, &height);
            list.shapes.push(Shape::Area {
                points,
                base,
                ink: Ink::Hue(0, Part::Fill),
                ghost,
            });
        }
        let key = match lane.direction {
            Direction::ToServer => "stage.queue-up",
            Direction::ToClient => "stage.queue-down",
        };
        let sentence = Sentence::new("stage.queue-now").with("n", Value::Count(now));
        let count = self.catalog.render(&sentence);
        let what = self.catalog.text("stage.queue");
        self.head(row, &self.catalog.text(key), &what, &count, list);
    }

    /// Where what has happened ends, held within the area.
    fn here(&self) -> f64 {
        let scale = &self.scale;
        if self.shot.step == self.shot.trace.events().len() {
            return scale.right();
        }
        scale.cursor(self.shot).unwrap_or_else(|| {
            let current = self.shot.current();
            let x = current.map_or(scale.left, |(at, _)| scale.moment(self.shot, at));
            x.max(scale.left).min(scale.right())
        })
    }

    fn changes(&self, lane: &Lane) -> Vec<Change> {
        let sends = lane.sends.iter().map(|send| (send.event, true, send.len()));
        // A datagram leaves the queue whole, whatever was cut off.
        let recvs = lane.recvs.iter();
        let recvs = recvs.map(|recv| (recv.event, false, recv.len() + recv.cut));
        let mut all: Vec<_> = sends.chain(recvs).collect();
        all.sort_unstable_by_key(|&(event, ..)| event);
        let mut level = 0_u64;
        let mut changes = Vec::with_capacity(all.len());
        for (event, is_send, bytes) in all {
            level = if is_send {
                level + bytes as u64
            } else {
                level.saturating_sub(bytes as u64)
            };
            changes.push(Change { event, level });
        }
        debug_assert!(changes.iter().all(|change| {
            let event = self.shot.trace.events().get(change.event);
            event.is_some_and(|event| matches!(event.call, Call::Send | Call::Recv))
        }));
        changes
    }

    /// A step line between two edges. Of changes within one pixel the highest
    /// level is kept, and the last.
    fn points(
        &self,
        changes: &[Change],
        (from, to): (f64, f64),
        before: u64,
        height: &dyn Fn(u64) -> f64,
    ) -> Vec<(f64, f64)> {
        let mut points = vec![(from, height(before))];
        let mut level = before;
        let mut at = from;
        let mut peak = before;
        for change in changes {
            let x = self.scale.moment(self.shot, change.event);
            let x = x.max(from).min(to);
            if x >= at + 1.0 {
                points.push((at, height(peak)));
                points.push((at, height(level)));
                points.push((x, height(level)));
                at = x;
                peak = level;
            }
            level = change.level;
            peak = peak.max(level);
        }
        points.push((at, height(peak)));
        points.push((at, height(level)));
        points.push((to, height(level)));
        points
    }
}
