//! The choice of a wrong decoder that is shown beside the right one.

use trace::duel::Opponent;
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlElement, HtmlSelectElement};

use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

pub(super) struct Dueling {
    label: HtmlElement,
    choice: HtmlSelectElement,
    option: Template,
    /// What the list has, and in which language.
    listed: (Vec<Opponent>, Option<Language>),
    _listener: Listener,
}

impl Dueling {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let choice: HtmlSelectElement = dom::find("duel")?;
        let (said, chosen) = (dispatch.clone(), choice.clone());
        let listener = dom::listen(&choice, "change", move |_: Event| {
            let name = chosen.value();
            let mut all = Opponent::ALL.into_iter();
            let found = all.find(|opponent| opponent.name() == name);
            said(Message::OpponentChosen(found));
        });
        Ok(Self {
            label: dom::find("duel-choice")?,
            choice,
            option: Template::find("option")?,
            listed: (Vec::new(), None),
            _listener: listener,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let listed = (state.opponents(), Some(state.language()));
        dom::set_shown(&self.label, !listed.0.is_empty());
        if listed != self.listed {
            dom::clear(&self.choice);
            self.entry("", &catalog.text("duel.none"));
            for opponent in &listed.0 {
                self.entry(opponent.name(), opponent.name());
            }
            self.listed = listed;
        }
        let chosen = state.opponent();
        let chosen = chosen.filter(|opponent| self.listed.0.contains(opponent));
        self.choice.set_value(chosen.map_or("", Opponent::name));
        let hint = chosen.map_or_else(
            || catalog.text("duel.hint"),
            |opponent| catalog.sentence(&opponent.sentence()),
        );
        dom::set(&self.label, "title", &hint);
    }

    fn entry(&self, value: &str, text: &str) {
        let entry: Element = self.option.clone_as();
        dom::set(&entry, "value", value);
        dom::set_text(&entry, text);
        let _ = self.choice.append_child(&entry);
    }
}
