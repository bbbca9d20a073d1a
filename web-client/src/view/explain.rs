//! What happened at this step, whether the guess was right, what to look for.

use trace::text::{Catalog, Sentence};
use web_sys::{Element, HtmlElement};

use crate::app::{State, Status};
use crate::catalog;
use crate::dom::{self, Missing};

pub(super) struct Explain {
    head: Element,
    rest: Element,
    guess: HtmlElement,
    look: HtmlElement,
    look_text: Element,
}

impl Explain {
    pub(super) fn bind() -> Result<Self, Missing> {
        Ok(Self {
            head: dom::find("explain-head")?,
            rest: dom::find("explain-rest")?,
            guess: dom::find("guess")?,
            look: dom::find("look")?,
            look_text: dom::find("look-text")?,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        let (head, rest) = state.trace().map_or_else(
            || {
                let waiting = match state.status() {
                    Status::Starting | Status::Running => "explain.waiting",
                    _ => "explain.idle",
                };
                (catalog.text(waiting), String::new())
            },
            |trace| {
                let said = trace::explain(trace, state.analysis(), state.step());
                let gap = state.language().between_sentences();
                let rest: Vec<_> = said.rest.iter().map(|s| catalog.render(s)).collect();
                (sentence_case(catalog.render(&said.head)), rest.join(gap))
            },
        );
        dom::set_text(&self.head, &head);
        dom::set_text(&self.rest, &rest);

        let judged = state.judged();
        dom::set_shown(&self.guess, judged.is_some());
        if let (Some(judged), Some(predict)) = (judged, &state.lesson().predict) {
            let right = judged.guess == judged.actual;
            let key = if right { "guess.right" } else { "guess.wrong" };
            let verdict = Sentence::new(key)
                .with("guess", judged.guess)
                .with("actual", judged.actual)
                .with("what", predict.count.key());
            dom::set_bool(&self.guess, "data-right", right);
            dom::set_text(&self.guess, &catalog.render(&verdict));
        }
        let over = matches!(state.status(), Status::Done(_) | Status::Interrupted);
        let look = catalog::lesson_text(catalog, state.lesson(), "look");
        let ours = state.opened().is_none() && state.earlier().is_none();
        dom::set_shown(&self.look, over && ours && !look.is_empty());
        dom::set_text(&self.look_text, &look);
    }
}

/// An actor's name may stand first: "client 1 called connect()."
fn sentence_case(text: String) -> String {
    let mut letters = text.chars();
    match letters.next() {
        // Only English has them, and the table of all letters takes 12 KB.
        Some(first) if starts_with_actor(&text) => std::iter::once(first.to_ascii_uppercase())
            .chain(letters)
            .collect(),
        _ => text,
    }
}

/// Whether a sentence begins with one of the words for the lab's own parties;
/// what others are called is left as it is.
fn starts_with_actor(text: &str) -> bool {
    ["server", "client", "the "]
        .iter()
        .any(|word| text.starts_with(word))
}
