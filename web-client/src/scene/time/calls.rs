//! A row of one program's calls; of a server with several clients, those of
//! two clients in a half of it each, so that calls that wait at the same time don't lie
//! over each other.

use std::rc::Rc;

use trace::lane::Lane;
use trace::text::{Sentence, grouped};
use trace::{Call, ClientId, ConnectionId, End, Event, PartyId};

use super::{DENSE, Seen, Sheet, TimeRow, kinds_share};
use crate::bins::{Bin, bin};
use crate::scene::density::BinsKey;
use crate::scene::list::Style;
use crate::scene::track::Track;
use crate::scene::{
    DrawList, Font, Ink, Part, Rect, Shape, StageModel, Target, decision, scrubber, text_width,
};

/// Between a label and the cursor left of it.
const BESIDE: f64 = 4.0;

impl Sheet<'_> {
    pub(super) fn calls(&self, row: &TimeRow, party: PartyId, list: &mut DrawList) {
        Self::track(row, &self.scale, list);
        let all = self.model.index.party(party);
        let rows = self.rows.iter().filter(|other| other.kind == row.kind);
        let ys: Vec<_> = rows.map(|row| row.y).collect();
        let number = ys.iter().filter(|y| **y < row.y).count();
        // A party may have several rows.
        let several = (ys.len() > 1).then(|| {
            let own = || all.on(self.model.trace, self.shown_in(row, party));
            self.model.index.kept.tracks.get((party, number), own)
        });
        let own = several.as_deref().unwrap_or(all);
        let key = BinsKey::Party {
            party,
            row: number,
            by_step: self.scale.by_step,
            window: self.scale.window(),
        };
        if let Some(bins) = self.bins(key, own).as_deref() {
            self.columns(row, bins, list);
        } else {
            self.boxes(row, &self.seen(own), list);
        }
        let count = self.count(own, ["stage.event-count", "stage.event-count-of"]);
        let detail = self.catalog.text("stage.calls");
        let name = self.model.party_name(self.catalog, party);
        self.head(row, &name, &detail, &count, list);
    }

    /// The calls that are in sight.
    fn boxes(&self, row: &TimeRow, calls: &[Seen<'_>], list: &mut DrawList) {
        // Conversations over what is merely held, decisions over all: a
        // wait of one would hide the other.
        for layer in 0..3 {
            for call in calls
                .iter()
                .filter(|call| self::layer(self.model, call.1) == layer)
            {
                self.call(row, call, list);
            }
        }
        self.event_labels(row, calls, &|_, event| self.call_label(event), list);
    }

    /// Which connections' calls a row of a party shows: those of the conversations
    /// beside it; the first row of the party also those that have no row.
    fn shown_in(&self, row: &TimeRow, party: PartyId) -> impl Fn(ConnectionId) -> bool {
        let is_here = |other: &TimeRow| other.y.total_cmp(&row.y).is_eq();
        let row_of = |id| {
            let mut ends = End::ALL.into_iter();
            let end = ends.find(|end| self.model.trace.party_at(id, *end) == Some(party))?;
            Some((id, is_here(self.row_of(id, end)?)))
        };
        // By number, as they stand in the record.
        let rows: Vec<_> = self
            .model
            .conversations()
            .into_iter()
            .filter_map(row_of)
            .collect();
        let mut own = self.rows.iter().filter(|other| other.kind == row.kind);
        let is_first = own.next().is_some_and(is_here);
        move |id| {
            let found = rows.binary_search_by_key(&id, |(id, _)| *id);
            found.map_or(is_first, |at| rows[at].1)
        }
    }

    /// A row's events by pixel, if there are so many in sight that only their
    /// density can be drawn.
    pub(super) fn bins(&self, key: BinsKey, own: &Track) -> Rc<Option<Vec<Bin>>> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a width in pixels"
        )]
        let most = (self.scale.area / DENSE) as usize;
        self.model.index.kept.bins.get(key, || {
            if own.events.len() <= most {
                return None;
            }
            let near = self.scale.near(own);
            (self.in_sight(&near).count() > most).then(|| self.binned(&near))
        })
    }

    /// Those of some events that are in sight, by pixel.
    fn binned(&self, events: &[usize]) -> Vec<Bin> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a width in pixels"
        )]
        let columns = self.scale.area as usize;
        let kinds = self.model.index.kinds();
        let place = |&at: &usize| {
            let x = self.scale.moment(self.model, at) - self.scale.left;
            Some((x, *kinds.get(at)?))
        };
        bin(events.iter().filter_map(place), columns)
    }

    fn call_label(&self, event: &Event) -> [String; 2] {
        if let Some(reason) = event.reason {
            let [what, why] = decision(event.call, reason, self.catalog);
            return [[&what, " · ", &why].concat(), what];
        }
        let name = event.call.name();
        let bytes = [&grouped(event.len() as u64), " B"].concat();
        let long = match event.call {
            Call::Send | Call::Recv => [name, " · ", &bytes].concat(),
            _ => name.to_owned(),
        };
        [long, name.to_owned()]
    }

    /// Those of some events that are in sight, and the edges of their boxes.
    fn in_sight(&self, events: &[usize]) -> impl Iterator<Item = (usize, (f64, f64))> {
        let events = events.iter();
        events.filter_map(|&index| Some((index, self.scale.event(self.model, index)?)))
    }

    /// The events of a row that are in sight.
    pub(super) fn seen(&self, own: &Track) -> Vec<Seen<'_>> {
        self.seen_of(&self.scale.near(own))
    }

    fn seen_of(&self, some: &[usize]) -> Vec<Seen<'_>> {
        let events = self.model.trace.events();
        let seen = self.in_sight(some);
        seen.filter_map(|(index, edges)| Some((index, events.get(index)?, edges)))
            .collect()
    }

    /// How many of a row's calls or packets there are, or so many of all.
    pub(super) fn count(&self, own: &Track, keys: [&'static str; 2]) -> String {
        let (all, happened) = (own.len(), own.happened(self.model.step));
        let key = keys[usize::from(happened != all)];
        let sentence = Sentence::new(key).with("n", happened).with("all", all);
        let count = self.catalog.render(&sentence);
        if text_width(&count, Font::Small) > self.scale.beside() {
            return [&grouped(happened as u64), " / ", &grouped(all as u64)].concat();
        }
        count
    }

    /// The edge of a box in the colour of what is going on with its event.
    pub(super) fn edge(&self, index: usize, plain: Ink) -> (Ink, f64) {
        let target = Some(Target::Event(index));
        let current = self.model.current().is_some_and(|(at, _)| at == index);
        if current || self.model.selection == target {
            (Ink::Accent, 2.0)
        } else if self.model.hover == target {
            (Ink::Accent, 1.0)
        } else {
            (plain, 1.0)
        }
    }

    fn call(&self, row: &TimeRow, &(index, event, (x0, x1)): &Seen<'_>, list: &mut DrawList) {
        let ghost = !self.model.has_happened(index);
        let moves = matches!(event.call, Call::Send | Call::Recv);
        let shared = event.end == End::Acceptor && kinds_share(self.model, event.party);
        let half = row.height / 2.0;
        let (y, height) = match (shared, self.is_upper(event)) {
            (true, true) => (row.y, half - 1.0),
            (true, false) => (row.y + half + 1.0, half - 1.0),
            (false, _) => (row.y, row.height),
        };
        let inset = if moves { 0.0 } else { height / 5.0 };
        let rect = Rect::new(x0, y + inset, x1 - x0, height - 2.0 * inset);
        let hue = self.hue(index, event);
        let bad = event.error.is_some() || event.reason.is_some();
        let plain = if bad {
            Ink::Bad
        } else {
            hue.map_or(Ink::Outline, |hue| Ink::hue(hue, Part::Stroke))
        };
        let stroke = self.edge(index, plain);
        let fill = match hue {
            Some(hue) if rect.width > 6.0 => Ink::hue(hue, Part::Fill),
            Some(hue) => Ink::hue(hue, Part::Stroke),
            None if bad => Ink::Bad,
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
        let hit = Rect::new(x0 - 2.0, y, x1 - x0 + 4.0, height);
        list.hit(hit, Target::Event(index));
    }

    /// Whether an acceptor's call lies in the upper half of its row. Two of its conversations
    /// share a row: those of the first do, and what belongs to the same opener.
    fn is_upper(&self, event: &Event) -> bool {
        let trace = self.model.trace;
        let opener = |id| trace.party_at(id, End::Opener);
        let own = |id: &ConnectionId| trace.party_at(*id, End::Acceptor) == Some(event.party);
        let mut conversations = self.model.conversations().into_iter().filter(own);
        let at = conversations.position(|id| {
            id == event.connection || trace.plan.is_some() && opener(id) == opener(event.connection)
        });
        at.is_none_or(|at| at % 2 == 0)
    }

    /// The hue of a call: that of the send its first byte came from.
    fn hue(&self, index: usize, event: &Event) -> Option<usize> {
        let lane: &Lane = self.model.analysis.lane_of(event)?;
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
    pub(super) fn event_labels(
        &self,
        row: &TimeRow,
        calls: &[Seen<'_>],
        label: &dyn Fn(usize, &Event) -> [String; 2],
        list: &mut DrawList,
    ) {
        let right = self.scale.right();
        let cursor = self.scale.cursor(self.model);
        let crossed = |x: f64, width: f64| {
            cursor.is_some_and(|cursor| x - 2.0 < cursor && cursor < x + width - BESIDE)
        };
        // Decisions and what a link lost get the room first; what comes soon after them has no
        // label.
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for decisions in [true, false] {
            let mut free = self.scale.left - 1.0;
            for (position, &(index, event, (x0, _))) in calls.iter().enumerate() {
                if is_foremost(event) != decisions {
                    continue;
                }
                let next = calls.get(position + 1).map(|next| next.2.0);
                let next = next.filter(|_| !decisions).unwrap_or(right);
                let forms = label(index, event);
                let ghost = !self.model.has_happened(index);
                let found = forms.iter().find_map(|text| {
                    let width = text_width(text, Font::Small) + 6.0;
                    // At the right edge a decision's label ends at it.
                    let first = if decisions { x0.min(right - width) } else { x0 };
                    let fits = |x: &f64| {
                        let apart = |(from, to): &(f64, f64)| x + width <= *from || x >= to;
                        let inside = *x >= free && x + width <= next;
                        inside && !crossed(*x, width) && taken.iter().all(apart)
                    };
                    // Else beside the cursor: what has happened before it, what has
                    // not behind it.
                    let beside = cursor.map(|x| if ghost { x + BESIDE } else { x - width });
                    let beside = beside.filter(|x| (x - first).abs() < width);
                    let x = std::iter::once(first).chain(beside).find(fits)?;
                    Some((text, x, width))
                });
                let Some((text, x, width)) = found else {
                    continue;
                };
                let ink = if decisions { Ink::Bad } else { Ink::Muted };
                let style = Style::new(Font::Small, ink).ghost(ghost);
                list.text((x, row.y - 9.0), text, style, width);
                free = x + width;
                if decisions {
                    taken.push((x, free));
                }
            }
        }
    }

    /// One column a pixel, as high as it has calls.
    pub(super) fn columns(&self, row: &TimeRow, bins: &[Bin], list: &mut DrawList) {
        let left = self.scale.left;
        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1).max(1);
        let cursor = self.scale.cursor(self.model).unwrap_or_else(|| {
            // Left or right of what is in sight.
            let current = self.model.current();
            let x = current.map_or(left, |(at, _)| self.scale.moment(self.model, at));
            x.max(left).min(self.scale.right())
        });
        for (column, bin) in bins.iter().enumerate() {
            let Some(kind) = bin.kinds.foremost() else {
                continue;
            };
            let height = row.height * (0.25 + 0.75 * f64::from(bin.count) / f64::from(most));
            let x = left + column as f64;
            let base = row.y + row.height;
            list.column(x, base, height, scrubber::ink(kind), x > cursor);
        }
    }
}

/// Whether something was decided, or a link lost a packet.
fn is_foremost(event: &Event) -> bool {
    let transit = event.transit();
    event.call.is_decision() || transit.is_some_and(|transit| transit.lost.is_some())
}

/// Which is drawn over which, the lowest first.
fn layer(model: &StageModel<'_>, event: &Event) -> u8 {
    if event.call.is_decision() {
        2
    } else {
        let planned = model.trace.plan.is_some();
        u8::from(!planned || ClientId::of(event.connection).1 == 0)
    }
}

#[cfg(test)]
mod tests;
