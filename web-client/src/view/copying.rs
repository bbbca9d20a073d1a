//! Copies what is inspected: which chunk, in which notation, and what became of it.

use trace::lane::{Direction, Lane};
use trace::text::{Catalog, Sentence};
use trace::{Call, ConnectionId};
use web_sys::{Element, Event, HtmlElement, HtmlSelectElement};

use crate::app::{ChunkCopied, Layer, Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::literal::Notation;

pub(super) struct Copying {
    group: HtmlElement,
    what: HtmlSelectElement,
    done: Element,
    option: Template,
    /// The choices that are there.
    offered: Option<Offered>,
    _listeners: [Listener; 2],
}

/// The choices by chunk and number, whose they are, and the language.
type Offered = (Vec<(Layer, usize)>, ConnectionId, Direction, Language);

impl Copying {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let group: HtmlElement = dom::find("copy")?;
        let what: HtmlSelectElement = dom::find("copy-what")?;
        let (list, chosen) = (what.clone(), dispatch.clone());
        Ok(Self {
            _listeners: [
                dom::on_click(&group, "data-copy", dispatch, |name| {
                    let mut all = Notation::ALL.into_iter();
                    all.find(|notation| notation.name() == name)
                        .map(Message::CopyChunk)
                }),
                dom::listen(&what, "change", move |_: Event| {
                    let name = list.value();
                    let layer = Layer::ALL.into_iter().find(|layer| layer.name() == name);
                    if let Some(layer) = layer {
                        chosen(Message::CopyLayer(layer));
                    }
                }),
            ],
            group,
            what,
            done: dom::find("copy-done")?,
            option: Template::find("option")?,
            offered: None,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let chunk = state.chunk();
        dom::set_shown(&self.group, chunk.is_some());
        let done = state.chunk_copied().map(|copied| match copied {
            ChunkCopied::Exactly => "copy.done",
            ChunkCopied::WithReplacements => "copy.replaced",
            ChunkCopied::Refused => "copy.refused",
        });
        let done = done.map_or_else(String::new, |key| catalog.text(key));
        dom::set_text(&self.done, &done);
        let Some(chunk) = chunk else { return };
        let lane = chunk.lane;
        let language = state.language();
        let offered = (chunk.layers(), lane.connection, lane.direction, language);
        if self.offered.as_ref() != Some(&offered) {
            dom::clear(&self.what);
            for &(layer, number) in &offered.0 {
                let option: Element = self.option.clone_as();
                dom::set(&option, "value", layer.name());
                let name = match layer {
                    Layer::Message => numbered("way.message", number, catalog),
                    _ => chunk_name(layer.made(), number, lane, state, catalog),
                };
                dom::set_text(&option, &name);
                let _ = self.what.append_child(&option);
            }
            self.offered = Some(offered);
        }
        let layer = state.copied_layer().map_or("", |(layer, _)| layer.name());
        if self.what.value() != layer {
            self.what.set_value(layer);
        }
    }
}

/// A chunk by what made it and by its number there, such as `segment #2` or
/// `the server's recv() #2`.
pub(super) fn chunk_name(
    made: Call,
    index: usize,
    lane: &Lane,
    state: &State,
    catalog: &Catalog,
) -> String {
    let Some(trace) = state.trace() else {
        return String::new();
    };
    if !made.is_packet() {
        let analysis = state.analysis();
        let calls = trace::explain::calls(trace, analysis, lane, made, index..index + 1);
        return catalog.render(&calls);
    }
    let key = if trace.is_datagrams(lane.connection) {
        "chunk.datagram"
    } else {
        "chunk.segment"
    };
    numbered(key, index, catalog)
}

pub(super) fn numbered(key: &'static str, index: usize, catalog: &Catalog) -> String {
    catalog.render(&Sentence::new(key).with("number", index + 1))
}
