//! The Time view: x is time, or the step. A row for each program's calls;
//! between client and server, for each direction, how many bytes have been
//! handed over and not yet read. That level is derived from the calls of both
//! ends, not measured in the kernel, and is labelled so.

mod calls;
mod queue;
mod scale;
#[cfg(test)]
mod tests;

use trace::lane::{Direction, Lane};
use trace::text::Catalog;
use trace::{Actor, ClientId};

use super::bytes::actor_key;
use super::list::Style;
use super::{DrawList, Edge, Font, Ink, Part, Rect, Shape, Shot, text_width};
use scale::Scale;

/// Room at the edges of the canvas.
const PAD: f64 = 16.0;
/// Above the first row: the cursor's head and the row's labels.
const TOP: f64 = 38.0;
/// Height of a row of calls.
const CALLS: f64 = 34.0;
/// Height of a row of bytes under way.
const QUEUE: f64 = 44.0;
/// Between two rows, with room for a line of labels.
const GAP: f64 = 26.0;
/// Height of the axis with its name.
const AXIS: f64 = 44.0;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Calls(Actor),
    Queue(ClientId, Direction),
}

/// A row and where it is.
#[derive(Clone, Copy, Debug)]
struct Row {
    kind: Kind,
    y: f64,
    height: f64,
}

/// The view while it is drawn.
struct Sheet<'a> {
    shot: &'a Shot<'a>,
    catalog: &'a Catalog,
    scale: Scale,
    rows: Vec<Row>,
}

/// Draws it, `width` CSS pixels wide; x is the step if `by_step`.
pub fn draw(shot: &Shot<'_>, catalog: &Catalog, by_step: bool, width: f64) -> DrawList {
    let scale = Scale::new(shot, by_step, width);
    let head = if scale.narrow { 18.0 } else { 0.0 };
    let mut rows = Vec::new();
    let mut y = TOP + head;
    for kind in kinds(shot) {
        let height = match kind {
            Kind::Calls(_) => CALLS,
            Kind::Queue(..) => QUEUE,
        };
        rows.push(Row { kind, y, height });
        y += height + GAP + head;
    }
    let sheet = Sheet {
        shot,
        catalog,
        scale,
        rows,
    };
    let bottom = y - GAP - head;
    let mut list = DrawList {
        width,
        height: bottom + AXIS,
        ..DrawList::default()
    };
    for lane in &shot.analysis.lanes {
        sheet.ribbons(lane, &mut list);
    }
    for row in &sheet.rows {
        match row.kind {
            Kind::Calls(actor) => sheet.calls(row, actor, &mut list),
            Kind::Queue(client, direction) => {
                if let Some(lane) = shot.analysis.lane(client, direction) {
                    sheet.queue(row, lane, &mut list);
                }
            }
        }
    }
    sheet.cursor(bottom, &mut list);
    sheet.scale.axis(catalog, bottom + 20.0, &mut list);
    list
}

/// The rows from top to bottom: each client beside the bytes it shares with
/// the server.
fn kinds(shot: &Shot<'_>) -> Vec<Kind> {
    let queues = |client| {
        let both = [Direction::ToServer, Direction::ToClient];
        let used = both
            .into_iter()
            .filter(move |&direction| shot.analysis.lane(client, direction).is_some());
        used.map(move |direction| Kind::Queue(client, direction))
    };
    let mut kinds = vec![Kind::Calls(Actor::Client1)];
    kinds.extend(queues(ClientId::One));
    kinds.push(Kind::Calls(Actor::Server));
    if shot.trace.experiment.clients.len() > 1 {
        kinds.extend(queues(ClientId::Two));
        kinds.push(Kind::Calls(Actor::Client2));
    }
    kinds
}

impl Sheet<'_> {
    /// Joins each send with the recvs that took its bytes.
    fn ribbons(&self, lane: &Lane, list: &mut DrawList) {
        // So many would be a grey wall.
        if lane.recvs.len().max(lane.sends.len()) as f64 * 6.0 > self.scale.area {
            return;
        }
        let (sender, reader) = match lane.direction {
            Direction::ToServer => (lane.client.actor(), Actor::Server),
            Direction::ToClient => (Actor::Server, lane.client.actor()),
        };
        let (Some(from), Some(to)) = (self.row_of(sender), self.row_of(reader)) else {
            return;
        };
        let down = from.y < to.y;
        for (index, send) in lane.sends.iter().enumerate() {
            let taken = lane.recvs.iter().filter(|recv| {
                let overlap = recv.start < send.end && send.start < recv.end;
                overlap || (recv.is_empty() && send.is_empty() && recv.start == send.start)
            });
            for recv in taken {
                if !self.shot.has_happened(recv.event) {
                    continue;
                }
                let at = self.scale.event(self.shot, send.event);
                let end = self.scale.event(self.shot, recv.event);
                let (Some(at), Some(end)) = (at, end) else {
                    continue;
                };
                let at = (at.0, at.0 + (at.1 - at.0).min(6.0));
                let end = ((end.1 - 6.0).max(end.0), end.1);
                let (upper, lower) = if down { (at, end) } else { (end, at) };
                let (top, bottom) = if down { (from, to) } else { (to, from) };
                list.shapes.push(Shape::Ribbon {
                    top: Edge {
                        x0: upper.0,
                        x1: upper.1,
                        y: top.y + top.height,
                    },
                    bottom: Edge {
                        x0: lower.0,
                        x1: lower.1,
                        y: bottom.y,
                    },
                    ink: Ink::hue(index, Part::Ribbon),
                    ghost: false,
                });
            }
        }
    }

    fn row_of(&self, actor: Actor) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.kind == Kind::Calls(actor))
    }

    /// The row's name left of it, its counts right of it; in a narrow view
    /// both above it.
    fn head(&self, row: &Row, name: &str, detail: &str, count: &str, list: &mut DrawList) {
        let strong = Style::new(Font::Strong, Ink::Text);
        let small = Style::new(Font::Small, Ink::Muted);
        let scale = &self.scale;
        let middle = row.y + row.height / 2.0;
        if scale.narrow {
            let y = row.y - 26.0;
            let whole = scale.width - 2.0 * PAD;
            let style = small.align(super::Align::End);
            list.text((scale.width - PAD, y), count, style, scale.beside());
            let used = text_width(count, Font::Small).min(scale.beside());
            let room = whole - used - 12.0;
            list.text((PAD, y), name, strong, room);
            let used = text_width(name, Font::Strong).min(room) + 8.0;
            list.text((PAD + used, y), detail, small, room - used);
            return;
        }
        let room = scale.left - PAD - 14.0;
        list.text((PAD + 6.0, middle - 8.0), name, strong, room);
        list.text((PAD + 6.0, middle + 9.0), detail, small, room);
        let x = scale.right() + 14.0;
        list.text((x, middle), count, small, scale.beside());
    }

    fn actor(&self, actor: Actor) -> String {
        let two = self.shot.trace.experiment.clients.len() > 1;
        self.catalog.text(actor_key(actor, two))
    }

    fn cursor(&self, bottom: f64, list: &mut DrawList) {
        let Some(x) = self.scale.cursor(self.shot) else {
            return;
        };
        list.vertical(x, 8.0, bottom + 8.0, Ink::Accent, 2.0);
        list.shapes.push(Shape::Circle {
            x,
            y: 8.0,
            radius: 5.0,
            fill: Ink::Accent,
            stroke: None,
        });
    }

    fn track(row: &Row, scale: &Scale, list: &mut DrawList) {
        let y = row.y + row.height / 2.0;
        list.shapes.push(Shape::Rect {
            rect: Rect::new(scale.left, y - 0.5, scale.area, 1.0),
            fill: Some(Ink::Faint),
            stroke: None,
            line: 0.0,
            radius: 0.0,
            dashed: false,
            ghost: false,
        });
    }
}
