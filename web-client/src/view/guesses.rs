//! The button that guesses the framings of the connection on the stage, and what was guessed:
//! choosing one sets it.

use trace::framing;
use trace::guess::{Certainty, Guess};
use trace::lane::Direction;
use trace::text::{Catalog, Sentence, grouped};
use web_sys::{Element, HtmlElement, MouseEvent};

use super::framings;
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

pub(super) struct GuessesView {
    button: Element,
    list: HtmlElement,
    entry: Template,
    none: Template,
    /// What is shown: how many guesses of each direction, and in which language.
    shown: Option<(Vec<usize>, Language)>,
    _listeners: [Listener; 2],
}

impl GuessesView {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let button: Element = dom::find("guess-framings")?;
        let list: HtmlElement = dom::find("guesses")?;
        let said = dispatch.clone();
        let asks = dom::listen(&button, "click", move |_: MouseEvent| {
            said(Message::GuessFramings);
        });
        let chooses = dom::on_click(&list, "data-framing", dispatch, |chosen| {
            let (name, text) = chosen.split_once(' ')?;
            let direction = [Direction::FromOpener, Direction::FromAcceptor]
                .into_iter()
                .find(|direction| direction.sender().name() == name)?;
            Some(Message::FramingSet(direction, text.to_owned()))
        });
        Ok(Self {
            button,
            list,
            entry: Template::find("guess-entry")?,
            none: Template::find("guess-none")?,
            shown: None,
            _listeners: [asks, chooses],
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let guessed = state.guessed();
        dom::set_bool(&self.button, "aria-expanded", guessed.is_some());
        dom::set_shown(&self.list, guessed.is_some());
        let Some(guessed) = guessed else {
            self.shown = None;
            dom::clear(&self.list);
            return;
        };
        let (of, guessed) = (guessed.connections, &guessed.directions);
        let counts = guessed.iter().map(|(_, guesses)| guesses.len()).collect();
        let shown = Some((counts, state.language()));
        if self.shown != shown {
            dom::clear(&self.list);
            for (direction, guesses) in guessed {
                self.put(state, (*direction, of), guesses, catalog);
            }
            self.shown = shown;
        }
        self.mark_chosen(state);
    }

    /// Appends what was guessed of a direction of so many connections.
    fn put(
        &self,
        state: &State,
        (direction, of): (Direction, usize),
        guesses: &[Guess],
        catalog: &Catalog,
    ) {
        let name = framings::ends(state, direction);
        if guesses.is_empty() {
            let none: Element = self.none.clone_as();
            let said = Sentence::new("yours.guess.none").with("direction", name);
            dom::set_text(&none, &catalog.render(&said));
            let _ = self.list.append_child(&none);
            return;
        }
        for guess in guesses {
            let entry: Element = self.entry.clone_as();
            let text = framing::write(&guess.usual());
            let chosen = [direction.sender().name(), " ", &text].concat();
            dom::set(&entry, "data-framing", &chosen);
            let certainty = catalog.text(match guess.certainty {
                Certainty::Sure => "yours.guess.sure",
                Certainty::Likely => "yours.guess.likely",
                Certainty::Possible => "yours.guess.possible",
            });
            let evidence = &guess.evidence;
            let key = if of > 1 {
                "yours.guess.why-of"
            } else {
                "yours.guess.why"
            };
            let why = Sentence::new(key)
                .with("connections", of)
                .with("messages", evidence.messages)
                .with("framed", grouped(evidence.framed as u64))
                .with("bytes", grouped(evidence.bytes as u64))
                .with("turns", evidence.turns)
                .with("with", evidence.turns_with);
            for (part, text) in [
                (".title", &name),
                (".framing", &text),
                (".state", &certainty),
                (".about", &catalog.render(&why)),
            ] {
                if let Ok(part) = dom::within::<Element>(&entry, part) {
                    dom::set_text(&part, text);
                }
            }
            let _ = self.list.append_child(&entry);
        }
    }

    /// Marks the guesses that are the framings now.
    fn mark_chosen(&self, state: &State) {
        let now = [Direction::FromOpener, Direction::FromAcceptor].map(|direction| {
            let (text, _) = state.framing_text(direction);
            [direction.sender().name(), " ", &text].concat()
        });
        let mut next = self.list.first_element_child();
        while let Some(entry) = next {
            if let Some(framing) = entry.get_attribute("data-framing") {
                dom::set_bool(&entry, "aria-pressed", now.contains(&framing));
            }
            next = entry.next_element_sibling();
        }
    }
}
