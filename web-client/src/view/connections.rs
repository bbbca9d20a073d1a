//! The connections of the capture file that is open: one is on the stage, the others
//! can be chosen.

use trace::text::{Catalog, Sentence, grouped};
use trace::{Connection, End};
use web_sys::{Element, Event, HtmlElement, HtmlSelectElement};

use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

pub(super) struct Connections {
    note: HtmlElement,
    select: HtmlSelectElement,
    others: Element,
    option: Template,
    /// The run and the language that the list was built for.
    shown: Option<(u32, Language)>,
    _listener: Listener,
}

impl Connections {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let select: HtmlSelectElement = dom::find("connection")?;
        let (chosen, dispatch) = (select.clone(), dispatch.clone());
        let listener = dom::listen(&select, "change", move |_: Event| {
            if let Ok(number) = chosen.value().parse() {
                dispatch(Message::ConnectionChosen(number));
            }
        });
        Ok(Self {
            note: dom::find("note-connections")?,
            select,
            others: dom::find("connections-others")?,
            option: Template::find("option")?,
            shown: None,
            _listener: listener,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let capture = state
            .capture()
            .filter(|capture| capture.connections.len() > 1);
        dom::set_shown(&self.note, capture.is_some());
        let Some(capture) = capture else {
            self.shown = None;
            return;
        };
        let now = (state.about().number, state.language());
        if self.shown == Some(now) {
            return;
        }
        self.shown = Some(now);
        dom::clear(&self.select);
        for (connection, bytes) in &capture.connections {
            let option: Element = self.option.clone_as();
            let number = connection.connection.0.to_string();
            dom::set(&option, "value", &number);
            let entry = Sentence::new("connections.entry")
                .with("number", number)
                .with("transport", connection.transport.name().to_owned())
                .with("opener", address(connection, End::Opener))
                .with("acceptor", address(connection, End::Acceptor))
                .with("sent", grouped(bytes[0]))
                .with("answered", grouped(bytes[1]));
            dom::set_text(&option, &catalog.render(&entry));
            let _ = self.select.append_child(&option);
        }
        self.select.set_value(&capture.shown.0.to_string());
        let others = match capture.others {
            0 => String::new(),
            n => catalog.render(&Sentence::new("connections.others").with("n", n)),
        };
        dom::set_text(&self.others, &others);
    }
}

fn address(connection: &Connection, end: End) -> String {
    connection.end(end).address.clone().unwrap_or_default()
}
