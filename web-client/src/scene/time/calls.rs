//! A row of one program's calls.

use trace::lane::Lane;
use trace::text::{Sentence, grouped};
use trace::{Actor, Call, Event};

use super::{Row, Sheet};
use crate::app::Target;
use crate::bins::{Kind, bin};
use crate::scene::list::Style;
use crate::scene::{DrawList, Font, Ink, Part, Rect, Shape, scrubber, text_width};

/// Calls closer than this on the average are drawn as columns.
const DENSE: f64 = 3.0;

impl Sheet<'_> {
    pub(super) fn calls(&self, row: &Row, actor: Actor, list: &mut DrawList) {
        Self::track(row, &self.scale, list);
        let events = self.shot.trace.events().iter().enumerate();
        let calls: Vec<_> = events
            .filter(|(_, event)| event.actor == actor)
            .filter_map(|(index, event)| Some((index, event, self.scale.event(self.shot, index)?)))
            .collect();
        if calls.len() as f64 * DENSE > self.scale.area {
            self.columns(row, &calls, list);
        } else {
            for call in &calls {
                self.call(row, call, list);
            }
            self.call_labels(row, &calls, list);
        }
        let (mut all, mut happened) = (0_usize, 0_usize);
        for (index, event) in self.shot.trace.events().iter().enumerate() {
            if event.actor == actor {
                all += 1;
                happened += usize::from(self.shot.has_happened(index));
            }
        }
        let key = if happened == all {
            "stage.event-count"
        } else {
            "stage.event-count-of"
        };
        let sentence = Sentence::new(key).with("n", happened).with("all", all);
        let mut count = self.catalog.render(&sentence);
        if text_width(&count, Font::Small) > self.scale.beside() {
            count = [&grouped(happened as u64), " / ", &grouped(all as u64)].concat();
        }
        let detail = self.catalog.text("stage.calls");
        self.head(row, &self.actor(actor), &detail, &count, list);
    }

    fn call(&self, row: &Row, &(index, event, (x0, x1)): &Seen<'_>, list: &mut DrawList) {
        let ghost = !self.shot.has_happened(index);
        let target = Target::Event(index);
        let moves = matches!(event.call, Call::Send | Call::Recv);
        let inset = if moves { 0.0 } else { 7.0 };
        let rect = Rect::new(x0, row.y + inset, x1 - x0, row.height - 2.0 * inset);
        let hue = self.hue(index, event);
        let current = self.shot.current().is_some_and(|(at, _)| at == index);
        let stroke = if current || self.shot.selection == Some(target) {
            (Ink::Accent, 2.0)
        } else if self.shot.hover == Some(target) {
            (Ink::Accent, 1.0)
        } else if event.error.is_some() {
            (Ink::Bad, 1.0)
        } else {
            (
                hue.map_or(Ink::Outline, |hue| Ink::hue(hue, Part::Stroke)),
                1.0,
            )
        };
        let fill = match hue {
            Some(hue) if rect.width > 6.0 => Ink::hue(hue, Part::Fill),
            Some(hue) => Ink::hue(hue, Part::Stroke),
            None if rect.width > 6.0 => Ink::Ground,
            None => Ink::Outline,
        };
        list.shapes.push(Shape::Rect {
            rect,
            fill: Some(fill),
            stroke: Some(stroke.0),
            line: stroke.1,
            radius: 3.0_f64.min(rect.width / 2.0),
            dashed: ghost,
            ghost,
        });
        list.hit(
            Rect::new(x0 - 2.0, row.y, x1 - x0 + 4.0, row.height),
            target,
        );
    }

    /// The hue of a call: that of the send its first byte came from.
    fn hue(&self, index: usize, event: &Event) -> Option<usize> {
        let lane: &Lane = self.shot.analysis.lane_of(event)?;
        let sent = lane.sends.binary_search_by_key(&index, |send| send.event);
        if let (Call::Send, Ok(send)) = (event.call, sent) {
            return Some(send);
        }
        let read = lane.recvs.binary_search_by_key(&index, |recv| recv.event);
        let recv = &lane.recvs[read.ok()?];
        let range = recv.range();
        if recv.is_empty() && recv.cut == 0 {
            let mut sends = lane.sends.iter();
            return sends.position(|send| send.is_empty() && send.start == recv.start);
        }
        let first = lane.sends.partition_point(|send| send.end <= range.start);
        Some(first.min(lane.sends.len().saturating_sub(1)))
    }

    /// Above the boxes, as far as there is room.
    fn call_labels(&self, row: &Row, calls: &[Seen<'_>], list: &mut DrawList) {
        let mut free = self.scale.left - 1.0;
        for (position, &(index, event, (x0, _))) in calls.iter().enumerate() {
            let next = calls.get(position + 1).map(|next| next.2.0);
            let room = next.unwrap_or(self.scale.right()) - x0 - 6.0;
            let name = event.call.name();
            let bytes = [&grouped(event.len() as u64), " B"].concat();
            let long = match event.call {
                Call::Send | Call::Recv => [name, " · ", &bytes].concat(),
                _ => name.to_owned(),
            };
            let fits = |text: &&str| text_width(text, Font::Small) <= room;
            let found = [long.as_str(), name].into_iter().find(fits);
            let Some(text) = found.filter(|_| x0 >= free) else {
                continue;
            };
            let ghost = !self.shot.has_happened(index);
            let style = Style::new(Font::Small, Ink::Muted).ghost(ghost);
            list.text((x0, row.y - 9.0), text, style, room);
            free = x0 + text_width(text, Font::Small) + 6.0;
        }
    }

    /// One column a pixel, as high as it has calls.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a width in pixels"
    )]
    fn columns(&self, row: &Row, calls: &[Seen<'_>], list: &mut DrawList) {
        let left = self.scale.left;
        let place = |&(index, event, _): &Seen<'_>| {
            (self.scale.moment(self.shot, index) - left, Kind::of(event))
        };
        let bins = bin(calls.iter().map(place), self.scale.area as usize);
        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1);
        let cursor = self.scale.cursor(self.shot).unwrap_or_else(|| {
            let before = calls.first().is_some_and(|(at, ..)| self.shot.step <= *at);
            if before { left } else { self.scale.right() }
        });
        for (column, bin) in bins.iter().enumerate() {
            let Some(kind) = bin.kinds.foremost() else {
                continue;
            };
            let height = row.height * (0.25 + 0.75 * f64::from(bin.count) / f64::from(most));
            let x = left + column as f64;
            list.shapes.push(Shape::Rect {
                rect: Rect::new(x, row.y + row.height - height, 1.0, height),
                fill: Some(scrubber::ink(kind)),
                stroke: None,
                line: 0.0,
                radius: 0.0,
                dashed: false,
                ghost: x > cursor,
            });
        }
    }
}

/// A call in sight: its index, itself, left and right edge of its box.
type Seen<'a> = (usize, &'a Event, (f64, f64));
