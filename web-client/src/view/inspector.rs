//! The selected (else the current) chunk in hex and text, and the way of one
//! of its bytes through send, recv and message.

use protocol::Offset;
use trace::itinerary::{Itinerary, Part};
use trace::lane::{Direction, Lane};
use trace::text::{Catalog, Sentence, Value};
use trace::{Call, ConnectionId, Event};
use web_sys::{Element, HtmlElement};

use super::copying::{Copying, chunk_name, numbered};
use super::rows::call;
use super::wording;
use crate::app::{Chunk, Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::scene::{HUES, Target};

/// Most bytes shown as chips.
const MOST: usize = 256;

pub(super) struct Inspector {
    title: Element,
    empty: HtmlElement,
    whole: HtmlElement,
    chunk: Element,
    more: HtmlElement,
    text: HtmlElement,
    byte: HtmlElement,
    way: HtmlElement,
    hex: Template,
    buttons: Vec<Element>,
    copying: Copying,
    shown: Option<Shown>,
    _select: Listener,
}

/// What the chips were built from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    connection: ConnectionId,
    direction: Direction,
    start: Offset,
    chips: Vec<(u8, usize, bool)>,
    language: Language,
}

impl Inspector {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let chunk: Element = dom::find("chunk")?;
        Ok(Self {
            _select: dom::on_click(&chunk, "data-byte", dispatch, |value| {
                target(value).map(Message::Select)
            }),
            title: dom::find("inspector-title")?,
            empty: dom::find("inspector-empty")?,
            whole: dom::find("inspector")?,
            chunk,
            more: dom::find("chunk-more")?,
            text: dom::find("chunk-text")?,
            byte: dom::find("byte")?,
            way: dom::find("way")?,
            hex: Template::find("hex")?,
            buttons: Vec::new(),
            copying: Copying::bind(dispatch)?,
            shown: None,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        self.copying.show(state, catalog);
        let chunk = state.chunk();
        let packet = state.focus().map(|(_, event)| event);
        let packet = packet.filter(|event| event.call.is_packet() && !is_byte(state));
        let shown = chunk.is_some() || packet.is_some();
        dom::set_shown(&self.empty, !shown);
        let nothing = if state.focus().is_some() {
            "inspector.nothing"
        } else {
            "inspector.empty"
        };
        dom::set_text(&self.empty, &catalog.text(nothing));
        dom::set_shown(&self.whole, shown);
        let headers = packet.map_or_else(String::new, |event| headers(event, catalog));
        let Some(chunk) = chunk else {
            let title = state
                .focus()
                .zip(state.trace())
                .map(|((_, event), trace)| call(event, trace, catalog));
            let title = title.unwrap_or_else(|| catalog.text("inspector.title"));
            dom::set_text(&self.title, &title);
            dom::clear(&self.chunk);
            self.buttons.clear();
            dom::set_shown(&self.more, packet.is_some());
            dom::set_text(&self.more, &headers);
            dom::set_text(&self.text, "");
            dom::set_shown(&self.byte, false);
            dom::set_shown(&self.way, false);
            self.shown = None;
            return;
        };
        let made = chunk.layer.made();
        let name = chunk_name(made, chunk.number, chunk.lane, state, catalog);
        let title = if chunk.span.is_empty() {
            Sentence::new("inspector.none").with("chunk", name)
        } else {
            let (first, last) = (chunk.span.start.0, chunk.span.end.0 - 1);
            let key = if first == last {
                "inspector.bytes.one"
            } else {
                "inspector.bytes"
            };
            Sentence::new(key)
                .with("chunk", name)
                .with("first", first)
                .with("last", last)
        };
        dom::set_text(&self.title, &catalog.render(&title));

        let bytes = chunk.lane.slice(chunk.span.range());
        self.build(state, &chunk, bytes, catalog);
        let unknown = chunk.lane.bytes.unknown_in(&chunk.span.range());
        let hidden =
            (chunk.span.len() as u64 - unknown).saturating_sub(bytes.len().min(MOST) as u64);
        let gone = chunk.span.cut;
        let mut more = headers;
        if hidden > 0 {
            more += &catalog.render(&Sentence::new("inspector.more").with("n", hidden));
        }
        if unknown > 0 {
            more += &catalog.render(&Sentence::new("inspector.not-kept").with("n", unknown));
        }
        if gone > 0 {
            more += &catalog.render(&Sentence::new("inspector.cut").with("n", gone));
        }
        if chunk.lane.unsure.binary_search(&chunk.span.event).is_ok() {
            more += &catalog.text("inspector.unsure");
        }
        dom::set_shown(&self.more, !more.is_empty());
        dom::set_text(&self.more, &more);
        let text = wording::text(bytes, MOST);
        let quoted = Sentence::new("inspector.text").with("text", text);
        let quoted = if bytes.is_empty() {
            String::new()
        } else {
            catalog.render(&quoted)
        };
        dom::set_text(&self.text, &quoted);
        self.show_byte(&chunk, state, catalog);
    }

    fn build(&mut self, state: &State, chunk: &Chunk<'_>, bytes: &[u8], catalog: &Catalog) {
        let lane = chunk.lane;
        let hues = state.index().hues(lane.connection, lane.direction);
        let shown = bytes.iter().take(MOST).enumerate();
        let chips = shown.map(|(index, &byte)| {
            let offset = chunk.span.start + index;
            let part = lane.itinerary(offset).and_then(|way| way.message);
            let framing = matches!(part, Some((_, Part::Header | Part::Trailer)));
            let hue = hues.map_or(0, |hues| hues.at(offset));
            (byte, hue % usize::from(HUES), framing)
        });
        let shown = Shown {
            connection: lane.connection,
            direction: lane.direction,
            start: chunk.span.start,
            chips: chips.collect(),
            language: state.language(),
        };
        if self.shown.as_ref() == Some(&shown) {
            return;
        }
        dom::clear(&self.chunk);
        self.buttons.clear();
        for (index, (byte, hue, framing)) in shown.chips.iter().enumerate() {
            let offset = chunk.span.start + index;
            let chip: Element = self.hex.clone_as();
            let digits = wording::hex(&[*byte], 1);
            dom::set(&chip, "data-byte", &value(lane, offset));
            dom::set(&chip, "data-hue", &hue.to_string());
            let label = Sentence::new("inspector.byte.label")
                .with("offset", offset.0)
                .with("hex", digits.clone());
            dom::set(&chip, "aria-label", &catalog.render(&label));
            dom::set_text(&chip, &digits);
            if *framing {
                dom::set(&chip, "data-part", "header");
            }
            let _ = self.chunk.append_child(&chip);
            self.buttons.push(chip);
        }
        self.shown = Some(shown);
    }

    fn show_byte(&self, chunk: &Chunk<'_>, state: &State, catalog: &Catalog) {
        let first = (!chunk.span.is_empty()).then_some(chunk.span.start);
        let way = chunk
            .byte
            .or(first)
            .and_then(|offset| chunk.lane.itinerary(offset));
        dom::set_shown(&self.byte, way.is_some());
        dom::set_shown(&self.way, way.is_some());
        let Some(way) = way else { return };
        for (index, button) in self.buttons.iter().enumerate() {
            let here = chunk.span.start + index == way.offset;
            dom::set_bool(button, "aria-pressed", here);
        }
        let mut line = byte(&way, catalog);
        if let Some(character) = way.character {
            let nth = way.offset.0 - character.start.0 + 1;
            let shown = wording::text(character.character.to_string().as_bytes(), 1);
            let key = if character.bytes == 1 {
                "inspector.character.alone"
            } else {
                "inspector.character"
            };
            let said = Sentence::new(key)
                .with("nth", nth)
                .with("n", character.bytes)
                .with("character", shown);
            line += &catalog.render(&said);
        }
        dom::set_text(&self.byte, &line);
        dom::set_text(&self.way, &itinerary(&way, chunk.lane, state, catalog));
    }
}

/// A byte's offset and value.
pub(super) fn byte(way: &Itinerary, catalog: &Catalog) -> String {
    let said = match way.byte {
        Some(byte) => Sentence::new("inspector.byte").with("hex", wording::hex(&[byte], 1)),
        None => Sentence::new("inspector.byte.not-known"),
    };
    catalog.render(&said.with("offset", way.offset.0))
}

/// "sent by client 1's send() #3 → segment #3 → the server's recv() #2 → message 2".
pub(super) fn itinerary(way: &Itinerary, lane: &Lane, state: &State, catalog: &Catalog) -> String {
    let named = |made, index| chunk_name(made, index, lane, state, catalog);
    let mut text = way.send.map_or_else(String::new, |send| {
        let name = named(Call::Send, send);
        catalog.render(&Sentence::new("way.sent").with("chunk", name))
    });
    if let Some(packet) = way.packet {
        text += &[" → ", &named(Call::Segment, packet)].concat();
    }
    match way.recv {
        Some(recv) => text += &[" → ", &named(Call::Recv, recv)].concat(),
        None => text += &[" → ", &catalog.text("way.unread")].concat(),
    }
    if let Some((message, part)) = way.message {
        let key = match part {
            Part::Header => "way.header",
            Part::Body => "way.message",
            Part::Trailer => "way.trailer",
        };
        text += &[" → ", &numbered(key, message, catalog)].concat();
    }
    text
}

fn is_byte(state: &State) -> bool {
    matches!(state.selection(), Some(Target::Byte { .. }))
}

/// What the headers of a packet said.
fn headers(event: &Event, catalog: &Catalog) -> String {
    let key = match event.call {
        Call::Datagram => "inspector.datagram",
        _ => "inspector.segment",
    };
    let header = event.header.as_ref();
    let ack = header.map_or(0, |header| header.ack.0);
    let window = header.map_or(0, |header| header.window);
    let sentence = Sentence::new(key)
        .with("seq", Value::Count(event.offset.0))
        .with("ack", Value::Count(ack))
        .with("window", Value::Count(window.into()))
        .with("flags", event.flags().names())
        .with("n", event.len());
    [&catalog.render(&sentence), " "].concat()
}

/// A byte as an attribute: connection, direction, offset.
fn value(lane: &Lane, offset: Offset) -> String {
    let way = match lane.direction {
        Direction::FromOpener => "up",
        Direction::FromAcceptor => "down",
    };
    format!("{} {way} {offset}", lane.connection.0)
}

fn target(value: &str) -> Option<Target> {
    let mut parts = value.split(' ');
    let connection = ConnectionId(parts.next()?.parse().ok()?);
    let direction = match parts.next()? {
        "up" => Direction::FromOpener,
        _ => Direction::FromAcceptor,
    };
    Some(Target::Byte {
        connection,
        direction,
        offset: Offset(parts.next()?.parse().ok()?),
    })
}
