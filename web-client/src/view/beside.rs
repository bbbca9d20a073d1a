//! The button that keeps a connection above the next one.

use trace::text::{Catalog, Sentence};
use web_sys::HtmlElement;

use super::framings;
use super::header::click;
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing};

pub(super) struct BesideView {
    button: HtmlElement,
    _listener: Listener,
}

impl BesideView {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let button: HtmlElement = dom::find("keep-above")?;
        Ok(Self {
            _listener: click(&button, dispatch, Message::KeepAbove),
            button,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        let source = state.source();
        let has_several = source.is_some_and(|source| source.connections().len() > 1);
        dom::set_shown(&self.button, has_several && state.trace().is_some());
        let kept = state.kept_above();
        dom::set_bool(&self.button, "aria-pressed", kept.is_some());
        let kept = source.and_then(|source| Some((source, source.connection(kept?)?)));
        let text = match kept {
            Some((source, listed)) => Sentence::new("yours.kept-above")
                .with("connection", framings::told_apart(source, listed, catalog)),
            None => Sentence::new("yours.keep-above"),
        };
        dom::set_text(&self.button, &catalog.render(&text));
    }
}
