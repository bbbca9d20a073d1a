//! The Time view: x is time, or the step. A row for each program's calls;
//! between client and server the wire and the kernel's queues. Where the kernel
//! was not asked for a queue, the level is derived from the calls of both ends
//! (bytes handed over and not yet read), and is labelled so.

mod calls;
mod kinds;
mod legend;
mod legible;
mod link;
mod queue;
mod scale;
#[cfg(test)]
mod tests;
mod wire;

use trace::lane::{Direction, Lane};
use trace::text::Catalog;
use trace::{ConnectionId, End, Event, PartyId};

use super::bytes::capture_key;
use super::headline::Headline;
use super::levels::Queue;
use super::list::Style;
use super::margins::PAD;
use super::{DrawList, Edge, Font, Ink, Part, Rect, Shape, StageModel, text_width};
use kinds::{kinds, kinds_share};
pub(super) use legible::is_legible;
use link::is_linked;
use scale::Scale;

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
enum TimeRowKind {
    /// Those of the connections beside it.
    Calls(PartyId),
    /// None of the calls at this end was observed.
    Unobserved(ConnectionId, End),
    /// Bytes under way, derived from the calls.
    UnderWay(ConnectionId, Direction),
    /// As the kernel says.
    SendQueue(ConnectionId),
    /// As the kernel says.
    ReceiveQueue(ConnectionId),
    /// As the kernel says.
    AcceptQueue(PartyId),
    Wire(ConnectionId),
    NotCaptured,
}

/// A row and where it is.
#[derive(Clone, Copy, Debug)]
struct TimeRow {
    kind: TimeRowKind,
    y: f64,
    height: f64,
}

/// An event in sight: its index, itself, left and right edge of its box.
type Seen<'a> = (usize, &'a Event, (f64, f64));

/// The view while it is drawn.
struct Sheet<'a> {
    model: &'a StageModel<'a>,
    catalog: &'a Catalog,
    scale: Scale,
    rows: Vec<TimeRow>,
}

/// Draws it, `width` CSS pixels wide; the rows move together to stay within a height of
/// `room`, as far as they can. x is the step if `by_step`.
pub fn draw(
    model: &StageModel<'_>,
    catalog: &Catalog,
    by_step: bool,
    width: f64,
    room: f64,
) -> DrawList {
    let scale = Scale::new(model, by_step, width);
    let head = if scale.narrow { 18.0 } else { 0.0 };
    let (rows, gap) = rows(model, head, room - AXIS - 2.0 * LINE);
    let y = rows
        .last()
        .map_or(TOP + head, |last| last.y + last.height + gap + head);
    let sheet = Sheet {
        model,
        catalog,
        scale,
        rows,
    };
    let bottom = y - gap - head;
    let mut list = DrawList {
        width,
        area: (sheet.scale.left, sheet.scale.right()),
        ..DrawList::default()
    };
    sheet.scale.shade(TOP - 8.0, bottom + 8.0, &mut list);
    for lane in &model.analysis.lanes {
        sheet.ribbons(lane, &mut list);
    }
    for row in &sheet.rows {
        sheet.row(row, &mut list);
    }
    sheet.cursor(bottom, &mut list);
    list.focus = sheet.focus();
    let are_told = sheet.scale.axis(catalog, bottom + 20.0, &mut list);
    let legend = sheet.legend(are_told);
    list.height = bottom + AXIS + LINE * legend.len() as f64;
    let small = Style::new(Font::Small, Ink::Muted);
    for (index, line) in legend.iter().enumerate() {
        let y = bottom + AXIS + LINE * index as f64 + 4.0;
        list.text((PAD, y), line, small, width - 2.0 * PAD);
    }
    list
}

/// The rows where they stand, and what is between two of them: tighter where there are
/// many, or more than `room` for them.
fn rows(model: &StageModel<'_>, head: f64, room: f64) -> (Vec<TimeRow>, f64) {
    const ALL: [(f64, f64, f64); 3] = [(34.0, 44.0, 26.0), (32.0, 32.0, 23.0), (30.0, 26.0, 20.0)];
    let kinds = kinds(model);
    let loosest = match kinds.len() {
        0..=5 => 0,
        6..=7 => 1,
        _ => 2,
    };
    let shared = |party| kinds_share(model, party);
    let mut placed = (Vec::new(), 0.0);
    for (calls, queue, gap) in ALL.into_iter().skip(loosest) {
        let mut rows = Vec::new();
        let mut y = TOP + head;
        for &kind in &kinds {
            let height = match kind {
                TimeRowKind::Calls(party) if shared(party) => 42.0,
                TimeRowKind::Calls(_) => calls,
                TimeRowKind::Wire(id) if is_linked(model, id) => 58.0,
                TimeRowKind::Wire(_) => 28.0,
                TimeRowKind::NotCaptured | TimeRowKind::Unobserved(..) if head > 0.0 => 14.0 + LINE,
                TimeRowKind::NotCaptured | TimeRowKind::Unobserved(..) => 14.0,
                _ => queue,
            };
            rows.push(TimeRow { kind, y, height });
            y += height + gap + head;
        }
        placed = (rows, gap);
        if y - gap - head <= room {
            break;
        }
    }
    placed
}

/// Where the cursor stands on the whole axis, 0 to 1.
pub(super) fn share(model: &StageModel<'_>, by_step: bool) -> f64 {
    Scale::new(model, by_step, 0.0).share(model)
}

/// The step at which the cursor stands at x.
pub(super) fn step_at(model: &StageModel<'_>, by_step: bool, width: f64, x: f64) -> usize {
    Scale::new(model, by_step, width).step_at(model, x)
}

impl Sheet<'_> {
    fn row(&self, row: &TimeRow, list: &mut DrawList) {
        let index = self.model.index;
        let bytes = "stage.queue-now";
        let text = |key| self.catalog.text(key);
        let several = self.model.conversations().len() > 1;
        // Where there are several, whose connection it is says more than whose
        // queue.
        let whose = |id, end| {
            let end = if several { End::Opener } else { end };
            self.model.end_name(self.catalog, id, end)
        };
        match row.kind {
            TimeRowKind::Calls(party) => self.calls(row, party, list),
            TimeRowKind::Wire(id) => self.wire(row, id, list),
            TimeRowKind::NotCaptured => {
                let why = text(capture_key(self.model.trace.head.capture));
                self.remark(row, &text("stage.wire"), &why, list);
            }
            TimeRowKind::Unobserved(id, end) => {
                let name = self.model.end_name(self.catalog, id, end);
                self.remark(row, &name, &text("stage.unobserved"), list);
            }
            TimeRowKind::UnderWay(id, direction) => {
                if let Some(lane) = self.model.analysis.lane(id, direction) {
                    let (name, detail) = self.lane_names(lane);
                    let names = (name.as_str(), detail.as_str());
                    let changes = index.under_way(id, direction);
                    let queue = Some((id, Queue::UnderWay(direction)));
                    self.levels(row, names, bytes, (queue, changes), list);
                }
            }
            TimeRowKind::SendQueue(id) => {
                let (name, whose) = (text("stage.send-queue"), whose(id, End::Opener));
                let changes = index.connection(id).send_queue();
                let queue = Some((id, Queue::Send));
                self.levels(row, (&name, &whose), bytes, (queue, changes), list);
            }
            TimeRowKind::ReceiveQueue(id) => {
                let (name, whose) = (text("stage.receive-queue"), whose(id, End::Acceptor));
                let changes = index.connection(id).receive_queue();
                let queue = Some((id, Queue::Receive));
                self.levels(row, (&name, &whose), bytes, (queue, changes), list);
            }
            TimeRowKind::AcceptQueue(party) => {
                let name = text("stage.accept-queue");
                let whose = self.model.party_name(self.catalog, party);
                let changes = index.accept_queue(self.model.trace, party);
                let key = "stage.connections-now";
                self.levels(row, (&name, &whose), key, (None, &changes), list);
            }
        }
    }

    /// What there is to say in place of what was not observed.
    fn remark(&self, row: &TimeRow, name: &str, why: &str, list: &mut DrawList) {
        let scale = &self.scale;
        let y = row.y + 7.0;
        let strong = Style::new(Font::Strong, Ink::Text);
        let left = if scale.narrow { PAD } else { PAD + 6.0 };
        let beside = left + text_width(name, Font::Strong) + 8.0;
        let (x, below) = match scale.narrow {
            false => (scale.left, y),
            // Under the name where it has no room beside.
            true if text_width(why, Font::Small) > scale.width - PAD - beside => (PAD, y + LINE),
            true => (beside, y),
        };
        let room = scale.width - PAD - left;
        if scale.narrow {
            // The cursor may pass here.
            list.ground(left, y, text_width(name, Font::Strong).min(room));
        }
        list.text((left, y), name, strong, room);
        let small = Style::new(Font::Small, Ink::Muted);
        let room = scale.width - PAD - x;
        list.ground(x, below, text_width(why, Font::Small).min(room));
        list.text((x, below), why, small, room);
    }

    /// Joins each send with the recvs that took its bytes.
    fn ribbons(&self, lane: &Lane, list: &mut DrawList) {
        // So many lines would cover everything else.
        if lane.recvs.len().max(lane.sends.len()) as f64 * 6.0 > self.scale.area {
            return;
        }
        let row = |end| self.row_of(lane.connection, end);
        let (Some(from), Some(to)) = (row(lane.direction.sender()), row(lane.direction.reader()))
        else {
            return;
        };
        let down = from.y < to.y;
        for (index, send) in lane.sends.iter().enumerate() {
            let taken = lane.recvs.iter().filter(|recv| {
                let overlap = recv.start < send.end && send.start < recv.end;
                overlap || (recv.is_empty() && send.is_empty() && recv.start == send.start)
            });
            for recv in taken {
                if !self.model.has_happened(recv.event) {
                    continue;
                }
                let at = self.scale.event(self.model, send.event);
                let end = self.scale.event(self.model, recv.event);
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

    /// The row of an end's calls; where its party has several, the one beside
    /// what lies between the ends.
    fn row_of(&self, connection: ConnectionId, end: End) -> Option<&TimeRow> {
        let kind = TimeRowKind::Calls(self.model.trace.party_at(connection, end)?);
        let between = |row: &TimeRow| match row.kind {
            TimeRowKind::UnderWay(id, _)
            | TimeRowKind::SendQueue(id)
            | TimeRowKind::ReceiveQueue(id)
            | TimeRowKind::Wire(id) => id == connection,
            _ => false,
        };
        let here = self.rows.iter().position(between).unwrap_or(0);
        let rows = self.rows.iter().enumerate();
        let own = rows.filter(|(_, row)| row.kind == kind);
        let nearest = own.min_by_key(|(at, _)| at.abs_diff(here));
        nearest.map(|(_, row)| row)
    }

    /// The row's name left of it, its counts right of it; in a narrow view
    /// both above it.
    fn head(&self, row: &TimeRow, name: &str, detail: &str, count: &str, list: &mut DrawList) {
        let strong = Style::new(Font::Strong, Ink::Text);
        let small = Style::new(Font::Small, Ink::Muted);
        let scale = &self.scale;
        let middle = row.y + row.height / 2.0;
        if scale.narrow {
            return list.headline(&Headline {
                edges: (PAD, scale.width - PAD),
                y: row.y - 26.0,
                names: [(name, strong), (detail, small)],
                count: (count, small, scale.beside()),
                cursor: scale.cursor(self.model),
            });
        }
        let room = scale.left - PAD - 14.0;
        list.text((PAD + 6.0, middle - 8.0), name, strong, room);
        list.text((PAD + 6.0, middle + 9.0), detail, small, room);
        let x = scale.right() + 14.0;
        list.text((x, middle), count, small, scale.beside());
    }

    fn cursor(&self, bottom: f64, list: &mut DrawList) {
        let Some(x) = self.scale.cursor(self.model) else {
            return;
        };
        list.cursor(x, 8.0, bottom + 8.0);
    }

    /// The row of the current event, with its labels.
    fn focus(&self) -> Option<(f64, f64)> {
        let (_, event) = self.model.current()?;
        let row = if event.call.is_packet() {
            let wire = TimeRowKind::Wire(event.connection);
            self.rows.iter().find(|row| row.kind == wire)
        } else {
            self.row_of(event.connection, event.end)
        };
        row.map(|row| (row.y - TOP, row.y + row.height + 8.0))
    }

    fn track(row: &TimeRow, scale: &Scale, list: &mut DrawList) {
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
