//! Who a row belongs to and what it counts up to.

use protocol::System;
use trace::lane::Direction;
use trace::rows::Layer;
use trace::text::{Sentence, grouped};

use super::Group;
use super::row::ChunkRow;
use crate::scene::headline::Headline;
use crate::scene::list::Style;
use crate::scene::margins::PAD;
use crate::scene::{DrawList, Font, Ink, text_width};

/// Between the bytes and the counts.
const SPACE: f64 = 16.0;

/// What a row counts: a total, and below it what is wrong with it.
struct Figures {
    total: String,
    /// The total without words.
    brief: String,
    findings: Vec<String>,
}

impl Group<'_> {
    pub(super) fn head(&self, row: &ChunkRow, list: &mut DrawList) {
        let (name, detail) = self.names(row.layer);
        let counts = self.counts(row.layer);
        let strong = Style::new(Font::Strong, Ink::Text);
        let label = Style::new(Font::Small, Ink::Muted);
        // Without a framing nothing that is found of messages is wrong with them.
        let is_fact = row.layer == Layer::Messages && !self.rows.says_messages();
        let ink = if is_fact { Ink::Muted } else { Ink::Bad };
        let found = Style::new(Font::Small, ink);
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
                list.text((x, y), line, found, room);
                y += 12.0;
            }
            return;
        }
        // One line above the row's labels.
        let total = if counts.findings.is_empty() {
            counts.total
        } else {
            counts.findings.join(" · ")
        };
        let edges = (PAD, self.layout.width - PAD - 6.0);
        list.headline(&Headline {
            edges,
            y: row.y - 28.0,
            names: [(&name, strong), (&detail, label)],
            count: (&total, Style::new(Font::Small, Ink::Text), edges.1),
            cursor: self.cursor,
        });
    }

    pub(super) fn names(&self, layer: Layer) -> (String, String) {
        let name = |end| self.shot.end_name(self.catalog, self.lane.connection, end);
        let direction = self.lane.direction;
        let datagrams = self.rows.is_datagrams();
        match layer {
            Layer::Sends => {
                let key = if datagrams {
                    "stage.sendto"
                } else {
                    "stage.send"
                };
                (name(direction.sender()), self.catalog.text(key))
            }
            Layer::Packets => {
                let key = if datagrams {
                    "stage.datagrams"
                } else {
                    "stage.segments"
                };
                (self.catalog.text("stage.wire"), self.catalog.text(key))
            }
            Layer::Recvs => {
                let key = if datagrams {
                    "stage.recvfrom"
                } else {
                    "stage.recv"
                };
                let room = self
                    .rows
                    .room()
                    .map_or_else(String::new, |room| room.to_string());
                let sentence = Sentence::new(key).with("n", room);
                (name(direction.reader()), self.say(&sentence))
            }
            Layer::Messages => {
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

    fn counts(&self, layer: Layer) -> Figures {
        let found = self.rows.counts(layer);
        let all = grouped(found.all as u64);
        let brief = if !self.rows.is_observed(layer) {
            "–".to_owned()
        } else if found.happened == found.all {
            all
        } else {
            [&grouped(found.happened as u64), " / ", &all].concat()
        };
        let missed = match layer {
            Layer::Packets => self.rows.missed(),
            _ => None,
        };
        let findings = missed.iter().chain(&found.findings);
        Figures {
            total: self.say(&found.total),
            brief,
            findings: findings.map(|found| self.say(found)).collect(),
        }
    }
}
