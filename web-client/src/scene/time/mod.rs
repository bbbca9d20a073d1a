//! The Time view: x is time, or the step. A row for each program's calls;
//! between client and server the wire and the kernel's queues. Where the kernel
//! was not asked for a queue, the level is derived from the calls of both ends
//! (bytes handed over and not yet read), and is labelled so.

mod calls;
mod queue;
mod scale;
#[cfg(test)]
mod tests;
mod wire;

use protocol::Transport;
use trace::lane::{Direction, Lane};
use trace::link::Capture;
use trace::text::Catalog;
use trace::{Actor, Call, ClientId, Event};

use super::bytes::{actor_key, capture_key};
use super::list::Style;
use super::{DrawList, Edge, Font, Ink, Part, Rect, Shape, Shot, text_width};
use scale::Scale;

/// Room at the edges of the canvas.
const PAD: f64 = 16.0;
/// Above the first row: the cursor's head and the row's labels.
const TOP: f64 = 38.0;
/// Events closer than this on the average are drawn as columns.
const DENSE: f64 = 3.0;
/// Between two lines of the legend.
const LINE: f64 = 15.0;
/// Height of the axis with its name.
const AXIS: f64 = 44.0;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Calls(Actor),
    /// Bytes under way, derived from the calls.
    UnderWay(ClientId, Direction),
    /// As the kernel says.
    SendQueue(ClientId),
    /// As the kernel says.
    ReceiveQueue(ClientId),
    /// As the kernel says.
    AcceptQueue,
    Wire(ClientId),
    NotCaptured,
}

/// A row and where it is.
#[derive(Clone, Copy, Debug)]
struct Row {
    kind: Kind,
    y: f64,
    height: f64,
}

/// An event in sight: its index, itself, left and right edge of its box.
type Seen<'a> = (usize, &'a Event, (f64, f64));

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
    let kinds = kinds(shot);
    // Tighter where there are many rows.
    let (calls, queue, gap) = match kinds.len() {
        0..=5 => (34.0, 44.0, 26.0),
        6..=7 => (32.0, 32.0, 23.0),
        _ => (30.0, 26.0, 20.0),
    };
    let two = shot.trace.experiment.clients.len() > 1;
    let mut rows = Vec::new();
    let mut y = TOP + head;
    for kind in kinds {
        let height = match kind {
            Kind::Calls(Actor::Server) if two => 42.0,
            Kind::Calls(_) => calls,
            Kind::Wire(_) => 28.0,
            Kind::NotCaptured if scale.narrow => 14.0 + LINE,
            Kind::NotCaptured => 14.0,
            _ => queue,
        };
        rows.push(Row { kind, y, height });
        y += height + gap + head;
    }
    let sheet = Sheet {
        shot,
        catalog,
        scale,
        rows,
    };
    let bottom = y - gap - head;
    let legend = sheet.legend();
    let mut list = DrawList {
        width,
        height: bottom + AXIS + LINE * legend.len() as f64,
        ..DrawList::default()
    };
    for lane in &shot.analysis.lanes {
        sheet.ribbons(lane, &mut list);
    }
    for row in &sheet.rows {
        sheet.row(row, &mut list);
    }
    sheet.cursor(bottom, &mut list);
    sheet.scale.axis(catalog, bottom + 20.0, &mut list);
    let small = Style::new(Font::Small, Ink::Muted);
    for (index, line) in legend.iter().enumerate() {
        let y = bottom + AXIS + LINE * index as f64 + 4.0;
        list.text((PAD, y), line, small, width - 2.0 * PAD);
    }
    list
}

/// The rows from top to bottom: between a client and the server what lies
/// between them.
fn kinds(shot: &Shot<'_>) -> Vec<Kind> {
    let events = shot.trace.events();
    let two = shot.trace.experiment.clients.len() > 1;
    let mut kinds = vec![Kind::Calls(Actor::Client1)];
    kinds.extend(between(shot, ClientId::One));
    if two && events.iter().any(|e| e.socket.accept_queue.is_some()) {
        kinds.push(Kind::AcceptQueue);
    }
    kinds.push(Kind::Calls(Actor::Server));
    if two {
        let others = between(shot, ClientId::Two);
        kinds.extend(
            others
                .into_iter()
                .rev()
                .filter(|kind| *kind != Kind::NotCaptured),
        );
        kinds.push(Kind::Calls(Actor::Client2));
    }
    kinds
}

/// From a client's program to the server's. What the kernel says of a
/// datagram socket's queue is the length of the next datagram alone.
fn between(shot: &Shot<'_>, client: ClientId) -> Vec<Kind> {
    let lane = |direction| shot.analysis.lane(client, direction).is_some();
    let asked = |told: fn(&Event) -> bool| {
        let mut events = shot.trace.events().iter();
        let tcp = shot.trace.experiment.transport() == Transport::Tcp;
        tcp && events.any(|event| event.client == client && told(event))
    };
    let sends = asked(|e| e.call == Call::Send && e.socket.unacked.is_some());
    let recvs = asked(|e| e.actor == Actor::Server && e.socket.waiting.is_some());
    let up = Kind::UnderWay(client, Direction::ToServer);
    let wire = match shot.trace.capture {
        Capture::On => Kind::Wire(client),
        _ => Kind::NotCaptured,
    };
    let rows = [
        (Kind::SendQueue(client), sends),
        (up, !sends && !recvs && lane(Direction::ToServer)),
        (wire, true),
        (Kind::ReceiveQueue(client), recvs),
        (
            Kind::UnderWay(client, Direction::ToClient),
            lane(Direction::ToClient),
        ),
    ];
    let rows = rows.into_iter().filter(|(_, shown)| *shown);
    rows.map(|(kind, _)| kind).collect()
}

impl Sheet<'_> {
    fn row(&self, row: &Row, list: &mut DrawList) {
        let bytes = "stage.queue-now";
        let text = |key| self.catalog.text(key);
        let two = self.shot.trace.experiment.clients.len() > 1;
        let whose =
            |client: ClientId, actor: Actor| self.actor(if two { client.actor() } else { actor });
        match row.kind {
            Kind::Calls(actor) => self.calls(row, actor, list),
            Kind::Wire(client) => self.wire(row, client, list),
            Kind::NotCaptured => self.not_captured(row, list),
            Kind::UnderWay(client, direction) => {
                if let Some(lane) = self.shot.analysis.lane(client, direction) {
                    let (name, detail) = self.lane_names(lane);
                    let names = (name.as_str(), detail.as_str());
                    self.levels(row, names, bytes, &self.under_way(lane), list);
                }
            }
            Kind::SendQueue(client) => {
                let (name, whose) = (text("stage.send-queue"), whose(client, client.actor()));
                let changes = self.send_queue(client);
                self.levels(row, (&name, &whose), bytes, &changes, list);
            }
            Kind::ReceiveQueue(client) => {
                let (name, whose) = (text("stage.receive-queue"), whose(client, Actor::Server));
                let changes = self.receive_queue(client);
                self.levels(row, (&name, &whose), bytes, &changes, list);
            }
            Kind::AcceptQueue => {
                let (name, whose) = (text("stage.accept-queue"), self.actor(Actor::Server));
                let changes = self.accept_queue();
                let key = "stage.connections-now";
                self.levels(row, (&name, &whose), key, &changes, list);
            }
        }
    }

    fn not_captured(&self, row: &Row, list: &mut DrawList) {
        let scale = &self.scale;
        let y = row.y + 7.0;
        let name = self.catalog.text("stage.wire");
        let strong = Style::new(Font::Strong, Ink::Text);
        let left = if scale.narrow { PAD } else { PAD + 6.0 };
        let why = self.catalog.text(capture_key(self.shot.trace.capture));
        let beside = left + text_width(&name, Font::Strong) + 8.0;
        let (x, below) = match scale.narrow {
            false => (scale.left, y),
            // Under the name where it has no room beside.
            true if text_width(&why, Font::Small) > scale.width - PAD - beside => (PAD, y + LINE),
            true => (beside, y),
        };
        list.text((left, y), &name, strong, scale.width - PAD - left);
        let small = Style::new(Font::Small, Ink::Muted);
        list.text((x, below), &why, small, scale.width - PAD - x);
    }

    /// What the dots and the shades of the queues mean, in as many lines as
    /// there is room for.
    fn legend(&self) -> Vec<String> {
        let queue = |row: &Row| {
            matches!(
                row.kind,
                Kind::SendQueue(_) | Kind::ReceiveQueue(_) | Kind::AcceptQueue
            )
        };
        let between = if self.shot.has_whole_wire() {
            "stage.legend-wire"
        } else {
            "stage.legend-held"
        };
        let asked = ["stage.legend-dots", between, "stage.legend-unsent"];
        let derived = |row: &Row| matches!(row.kind, Kind::UnderWay(..));
        let keys: &[&str] = if self.rows.iter().any(queue) {
            &asked
        } else if self.rows.iter().any(derived) {
            &["stage.legend-calls"]
        } else {
            &[]
        };
        let mut lines: Vec<String> = Vec::new();
        for text in keys.iter().map(|key| self.catalog.text(key)) {
            let room = self.scale.width - 2.0 * PAD;
            let joined = lines.last().map(|last| [last, " · ", &text].concat());
            match joined.filter(|joined| text_width(joined, Font::Small) <= room) {
                Some(joined) => {
                    lines.pop();
                    lines.push(joined);
                }
                None => lines.push(text),
            }
        }
        lines
    }

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
        list.cursor(x, 8.0, bottom + 8.0);
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
