//! Bytes in the kernel at the cursor: sent and not yet read. Where the wire was
//! captured it tells in which queue they are; where not, only that they are
//! somewhere between.

use std::ops::Range;

use protocol::Offset;
use trace::lane::{Fate, Span};
use trace::text::{Sentence, Value};

use super::Group;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{Align, DrawList, Font, Ink, Shape, text_width};

/// Room it takes below the row above it.
pub(super) const HEIGHT: f64 = 14.0;
/// Height of the bar.
const BAR: f64 = 6.0;
/// Between the bar and its label.
const SPACE: f64 = 8.0;

/// Where bytes are, the nearest to the reader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the reader's receive queue: acknowledged and not read.
    ReceiveQueue,
    /// Has left, and nothing was heard of it: both kernels may hold it.
    Unacknowledged,
    /// In the sender's send queue only.
    SendQueue,
    /// In one of the two queues.
    Kernel,
    /// Datagrams: in the kernel, or lost.
    Unread,
}

impl Place {
    const ALL: [(Self, &'static str); 5] = [
        (Self::ReceiveQueue, "stage.in-receive-queue"),
        (Self::Unacknowledged, "stage.not-acknowledged"),
        (Self::SendQueue, "stage.in-send-queue"),
        (Self::Kernel, "stage.in-kernel"),
        (Self::Unread, "stage.not-read"),
    ];
}

type Held = (Range<Offset>, Place);

impl Group<'_> {
    /// Draws them below `top`.
    pub(super) fn under_way(&self, top: f64, list: &mut DrawList) {
        let held = self.held();
        let y = top + 8.0;
        let mut edges: Option<(f64, f64)> = None;
        for (range, place) in &held {
            let Some(rect) = self.layout.span(range, y - BAR / 2.0, BAR) else {
                continue;
            };
            // Several in one pixel can't be told apart.
            if edges.is_some_and(|(_, right)| rect.right() < right + 1.0) {
                continue;
            }
            edges = Some((edges.map_or(rect.x, |(left, _)| left), rect.right()));
            let solid = *place == Place::ReceiveQueue;
            list.shapes.push(Shape::Rect {
                rect,
                fill: Some(if solid { Ink::Outline } else { Ink::Ground }),
                stroke: Some(Ink::Outline),
                line: 1.0,
                radius: 2.0_f64.min(rect.width / 2.0),
                dashed: false,
                ghost: false,
            });
            if !solid && *place != Place::SendQueue {
                list.shapes.push(Shape::Hatch {
                    rect,
                    ink: Ink::Outline,
                    ghost: false,
                });
            }
        }
        if let Some(edges) = edges {
            self.held_label(&held, edges, y, list);
        }
    }

    /// Right of the bar, else left of it; where neither side has room, none: the bar
    /// itself and the rows around it must stay in sight.
    fn held_label(&self, held: &[Held], edges: (f64, f64), y: f64, list: &mut DrawList) {
        let mut texts = Vec::new();
        let mut all = 0;
        for (place, key) in Place::ALL {
            let here = held.iter().filter(|(_, own)| *own == place);
            let bytes: u64 = here.map(|(range, _)| range.end.0 - range.start.0).sum();
            if bytes > 0 {
                let sentence = Sentence::new(key).with("n", Value::Count(bytes));
                texts.push(self.say(&sentence));
            }
            all += bytes;
        }
        let whole = texts.join(" · ");
        let brief = Sentence::new("stage.bytes-held").with("n", Value::Count(all));
        let brief = self.say(&brief);
        let style = Style::new(Font::Small, Ink::Muted);
        let (left, right) = edges;
        let (first, edge) = (self.layout.left, self.layout.width - PAD);
        for text in [&whole, &brief] {
            let width = text_width(text, Font::Small);
            let is_clear = |x: f64| {
                let inside = |cursor| x - 2.0 < cursor && cursor < x + width + 2.0;
                !self.cursor.is_some_and(inside)
            };
            if width <= edge - right - SPACE && is_clear(right + SPACE) {
                list.text((right + SPACE, y), text, style, edge - right - SPACE);
            } else if width <= left - SPACE - first && is_clear(left - SPACE - width) {
                let style = style.align(Align::End);
                list.text((left - SPACE, y), text, style, left - SPACE - first);
            } else {
                continue;
            }
            return;
        }
    }

    /// What was sent and not read, in order.
    fn held(&self) -> Vec<Held> {
        let shot = self.shot;
        let reader = self.lane.direction.reader();
        let events = shot.trace.events();
        if shot.trace.ending().is_some() && shot.step >= events.len() {
            // All sockets are closed, and their queues gone.
            return Vec::new();
        }
        let known = shot.index.connection(self.lane.connection);
        if known.is_closed(reader, shot.step) {
            return Vec::new();
        }
        let acknowledged = known.acknowledged(reader, shot.step);
        if self.rows.is_datagrams() {
            return self.held_datagrams();
        }
        let lane = self.lane;
        // Calls come by offset.
        let end = |spans: &[Span]| {
            let happened = spans.partition_point(|span| shot.has_happened(span.event));
            let last = happened.checked_sub(1).map(|last| spans[last].end);
            last.unwrap_or_default()
        };
        let sent = end(&lane.sends);
        let read = end(&lane.recvs).min(sent);
        if !shot.has_whole_wire() {
            return filled([(read..sent, Place::Kernel)]);
        }
        let left = lane.wire.iter().map(|packet| &packet.span);
        let left = left.take_while(|span| shot.has_happened(span.event));
        let left = left.map(|span| span.end).max().unwrap_or_default();
        let acknowledged = acknowledged.max(read).min(sent);
        let left = left.max(acknowledged).min(sent);
        filled([
            (read..acknowledged, Place::ReceiveQueue),
            (acknowledged..left, Place::Unacknowledged),
            (left..sent, Place::SendQueue),
        ])
    }

    /// A datagram that has left is in the reader's queue, or was dropped.
    fn held_datagrams(&self) -> Vec<Held> {
        let shot = self.shot;
        let mut gone = Vec::new();
        let mut queued = Vec::new();
        let recvs = self.lane.recvs.iter();
        for recv in recvs.filter(|recv| shot.has_happened(recv.event)) {
            if !recv.is_empty() || recv.cut > 0 {
                gone.push(recv.start);
            }
        }
        for packet in &self.lane.wire {
            if packet.span.is_empty() || !shot.has_happened(packet.span.event) {
                continue;
            }
            match packet.fate {
                Fate::Dropped | Fate::Lost => gone.push(packet.span.start),
                Fate::Read(_) | Fate::Unread => queued.push(packet.span.start),
                Fate::Unknown => {}
            }
        }
        let [gone, queued] = [gone, queued].map(|mut starts| {
            starts.sort_unstable();
            starts
        });
        let mut held: Vec<Held> = Vec::new();
        for send in &self.lane.sends {
            if send.is_empty()
                || !shot.has_happened(send.event)
                || gone.binary_search(&send.start).is_ok()
            {
                continue;
            }
            let place = if queued.binary_search(&send.start).is_ok() {
                Place::ReceiveQueue
            } else {
                Place::Unread
            };
            match held.last_mut() {
                Some((range, own)) if *own == place && range.end == send.start => {
                    range.end = send.end;
                }
                _ => held.push((send.range(), place)),
            }
        }
        held
    }
}

fn filled<const N: usize>(held: [Held; N]) -> Vec<Held> {
    let held = held.into_iter();
    held.filter(|(range, _)| range.start < range.end).collect()
}
