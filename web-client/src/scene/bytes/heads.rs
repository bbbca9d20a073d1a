//! Who a row belongs to and what it counts up to.

use protocol::System;
use trace::lane::{Direction, Fate, MessageKind, Packet, Verdict};
use trace::text::{Sentence, Value, grouped};

use super::Group;
use super::row::{Kind, Row};
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{Align, DrawList, Font, Ink, text_width};

/// Between the bytes and the counts.
const SPACE: f64 = 16.0;

/// What a row counts: a total, and below it what is wrong with it.
struct Counts {
    total: String,
    /// The total without words.
    brief: String,
    findings: Vec<String>,
}

impl Group<'_> {
    pub(super) fn head(&self, row: &Row, list: &mut DrawList) {
        let (name, detail) = self.names(row.kind);
        let counts = self.counts(row.kind);
        let strong = Style::new(Font::Strong, Ink::Text);
        let label = Style::new(Font::Small, Ink::Muted);
        let bad = Style::new(Font::Small, Ink::Bad);
        let middle = row.y + row.height / 2.0;
        if !self.layout.narrow {
            let room = self.layout.left - PAD - 8.0;
            list.text((PAD + 6.0, middle - 8.0), &name, strong, room - 6.0);
            list.text((PAD + 6.0, middle + 9.0), &detail, label, room - 6.0);
            let x = self.layout.content_right() + SPACE;
            let room = self.layout.width - PAD / 2.0 - x;
            let joined = counts.findings.join(" · ");
            let fits = text_width(&joined, Font::Small) <= room;
            let lines = if fits { vec![joined] } else { counts.findings };
            let up = match lines.len() {
                0 => 0.0,
                1 if lines[0].is_empty() => 0.0,
                1 => 8.0,
                _ => 14.0,
            };
            let fits = text_width(&counts.total, Font::Strong) <= room;
            let total = if fits { &counts.total } else { &counts.brief };
            list.text((x, middle - up), total, strong, room);
            let mut y = middle - up + 16.0;
            for line in &lines {
                list.text((x, y), line, bad, room);
                y += 12.0;
            }
            return;
        }
        // One line above the row's labels.
        let y = row.y - 28.0;
        let right = self.layout.width - PAD - 6.0;
        let total = if counts.findings.is_empty() {
            counts.total
        } else {
            counts.findings.join(" · ")
        };
        let small = Style::new(Font::Small, Ink::Text).align(Align::End);
        let total_width = text_width(&total, Font::Small);
        list.text((right, y), &total, small, right - PAD);
        let left = right - total_width.min(right - PAD) - 8.0;
        let mut x = PAD;
        for (text, style) in [(name, strong), (detail, label)] {
            if left - x < 20.0 {
                break;
            }
            list.text((x, y), &text, style, left - x);
            x += text_width(&text, style.font) + 8.0;
        }
    }

    fn names(&self, kind: Kind) -> (String, String) {
        let name = |end| self.shot.end_name(self.catalog, self.lane.connection, end);
        let direction = self.lane.direction;
        let datagrams = self.is_datagrams();
        match kind {
            Kind::Sends => {
                let key = if datagrams {
                    "stage.sendto"
                } else {
                    "stage.send"
                };
                (name(direction.sender()), self.catalog.text(key))
            }
            Kind::Wire | Kind::NotCaptured => {
                let key = if datagrams {
                    "stage.datagrams"
                } else {
                    "stage.segments"
                };
                (self.catalog.text("stage.wire"), self.catalog.text(key))
            }
            Kind::Recvs => {
                let key = if datagrams {
                    "stage.recvfrom"
                } else {
                    "stage.recv"
                };
                let room = self
                    .asked()
                    .map_or_else(String::new, |room| room.to_string());
                let sentence = Sentence::new(key).with("n", room);
                (name(direction.reader()), self.say(&sentence))
            }
            Kind::Messages => {
                let plan = self.shot.trace.plan.as_ref();
                let auth = plan.is_some_and(|plan| plan.system == System::Auth);
                let framing = match direction {
                    Direction::FromAcceptor if auth => "stage.handshake".to_owned(),
                    _ => {
                        let framing = self.shot.trace.framing(direction);
                        ["stage.framing-", framing.name()].concat()
                    }
                };
                (
                    self.catalog.text("stage.messages"),
                    self.catalog.text(&framing),
                )
            }
        }
    }

    fn counts(&self, kind: Kind) -> Counts {
        match kind {
            Kind::Sends => {
                let sends = self.lane.sends.iter().map(|send| send.event);
                self.of("stage.sends", "stage.sends-of", sends)
            }
            Kind::Wire | Kind::NotCaptured => {
                let (all, some) = if self.is_datagrams() {
                    ("stage.datagram-count", "stage.datagram-count-of")
                } else {
                    ("stage.segment-count", "stage.segment-count-of")
                };
                let packets = self.lane.wire.iter().map(|packet| packet.span.event);
                Counts {
                    findings: self.captured(),
                    ..self.of(all, some, packets)
                }
            }
            Kind::Recvs => {
                let recvs = self.lane.recvs.iter().map(|recv| recv.event);
                Counts {
                    findings: self.losses(),
                    ..self.of("stage.recvs", "stage.recvs-of", recvs)
                }
            }
            Kind::Messages => self.message_counts(),
        }
    }

    /// So many, or so many of all.
    fn of(
        &self,
        all_key: &'static str,
        some_key: &'static str,
        events: impl ExactSizeIterator<Item = usize>,
    ) -> Counts {
        let count = events.len();
        let happened = self.happened(events);
        let all = grouped(count as u64);
        let (key, brief) = if happened == count {
            (all_key, all)
        } else {
            (some_key, [&grouped(happened as u64), " / ", &all].concat())
        };
        let sentence = Sentence::new(key).with("n", happened).with("all", count);
        Counts {
            total: self.say(&sentence),
            brief,
            findings: Vec::new(),
        }
    }

    /// What the capture missed, and what was on the wire more than once.
    fn captured(&self) -> Vec<String> {
        let mut found = Vec::new();
        let trace = self.shot.trace;
        match trace.missed {
            Some(0) => {}
            None if trace.ending().is_none() => {}
            None => found.push(Sentence::new("stage.capture-broke")),
            Some(missed) => {
                found.push(Sentence::new("stage.missed").with("n", missed as usize));
            }
        }
        let again = self.lane.wire.iter().filter(|packet| packet.resent);
        let again = self.happened(again.map(|packet| packet.span.event));
        if again > 0 {
            found.push(Sentence::new("stage.resent").with("n", again));
        }
        self.list_up(&found)
    }

    fn happened(&self, events: impl Iterator<Item = usize>) -> usize {
        events
            .filter(|&event| self.shot.has_happened(event))
            .count()
    }

    /// What was cut off; once all is over, what was never read.
    fn losses(&self) -> Vec<String> {
        let cut = self.lane.recvs.iter().filter(|recv| recv.cut > 0);
        let cut = self.happened(cut.map(|recv| recv.event));
        let over =
            self.shot.trace.ending().is_some() && self.shot.step == self.shot.trace.events().len();
        let mut found = Vec::new();
        if cut > 0 {
            found.push(Sentence::new("stage.cut").with("n", cut));
        }
        let dropped = self.dropped(over);
        if dropped > 0 {
            found.push(Sentence::new("stage.dropped").with("n", dropped));
        }
        if over && self.is_datagrams() {
            let unread = self.lane.sends.len() - self.lane.recvs.len();
            let unread = unread.saturating_sub(dropped);
            if unread > 0 {
                found.push(Sentence::new("stage.datagrams-unread").with("n", unread));
            }
        } else if over {
            let read = self.lane.recvs.last().map_or(0, |recv| recv.end.0);
            let unread = self.lane.end().0.saturating_sub(read);
            if unread > 0 {
                found.push(Sentence::new("stage.bytes-unread").with("n", Value::Count(unread)));
            }
        }
        self.list_up(&found)
    }

    /// Datagrams that the reader's kernel dropped: those told apart on the
    /// wire; once all is over, the server's own count, where it is of one
    /// client alone.
    fn dropped(&self, over: bool) -> usize {
        let trace = self.shot.trace;
        let lost = |packet: &&Packet| packet.fate == Fate::Dropped;
        let lost = self.lane.wire.iter().filter(lost);
        let seen = self.happened(lost.map(|packet| packet.span.event));
        let alone = trace.connections.len() == 1;
        let told = over && alone && self.lane.direction == Direction::FromOpener;
        seen.max(trace.dropped.filter(|_| told).unwrap_or(0) as usize)
    }

    fn message_counts(&self) -> Counts {
        let mut found = [0_usize; 4];
        let mut total = 0;
        let messages = &self.lane.messages;
        for message in messages.iter().filter(|m| self.shot.has_happened(m.event)) {
            total += usize::from(message.kind == MessageKind::Message);
            let finding = match (message.kind, message.verdict) {
                (kind, _) if kind.is_refuted() => 2,
                (_, Verdict::Wrong) => 2,
                (_, Verdict::Glued(_)) => 0,
                (_, Verdict::Part) => 1,
                (_, Verdict::Whole | Verdict::Cut(_)) => continue,
            };
            found[finding] += 1;
        }
        let failure = self.lane.failure.as_ref();
        found[3] = self.happened(failure.map(|failure| failure.event).into_iter());
        let keys = [
            "stage.glued",
            "stage.split",
            "stage.wrong",
            "stage.refused-count",
        ];
        let findings: Vec<_> = keys
            .into_iter()
            .zip(found)
            .filter(|(_, n)| *n > 0)
            .map(|(key, n)| Sentence::new(key).with("n", n))
            .collect();
        Counts {
            total: self.say(&Sentence::new("stage.message-count").with("n", total)),
            brief: grouped(total as u64),
            findings: self.list_up(&findings),
        }
    }

    fn list_up(&self, sentences: &[Sentence]) -> Vec<String> {
        sentences.iter().map(|found| self.say(found)).collect()
    }
}
