//! What happened at this step, whether the guess was right, what to look for.

use trace::rows::Rows;
use trace::text::{Catalog, Sentence};
use trace::{Analysis, Trace};
use web_sys::{Element, HtmlElement};

use crate::app::{Message, State, Status};
use crate::catalog;
use crate::dom::{self, Dispatch, Listener, Missing};
use crate::language::Language;

pub(super) struct Explain {
    head: Element,
    rest: Element,
    guess: HtmlElement,
    guess_verdict: Element,
    guess_why: Element,
    look: HtmlElement,
    look_text: Element,
    /// Announced when they change, but not many times a second.
    live: [Element; 3],
    said: HtmlElement,
    room: Option<Room>,
    next: HtmlElement,
    _next: Listener,
}

/// What the sentences of a run's steps have taken so far.
#[derive(PartialEq, Eq)]
struct Room {
    run: u32,
    language: Language,
    /// In CSS pixels.
    width: i32,
    height: i32,
}

impl Explain {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let next: HtmlElement = dom::find("next")?;
        let choose = |id: &str| Some(Message::LessonChosen(id.to_owned()));
        Ok(Self {
            _next: dom::on_click(&next, "data-next", dispatch, choose),
            next,
            head: dom::find("explain-head")?,
            rest: dom::find("explain-rest")?,
            guess: dom::find("guess")?,
            guess_verdict: dom::find("guess-verdict")?,
            guess_why: dom::find("guess-why")?,
            look: dom::find("look")?,
            look_text: dom::find("look-text")?,
            live: [dom::find("explain")?, dom::find("step")?, dom::find("at")?],
            said: dom::find("explain")?,
            room: None,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        let is_playing = state.player().is_playing();
        let live = if is_playing { "off" } else { "polite" };
        for element in &self.live {
            dom::set(element, "aria-live", live);
        }
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
                let duels = dueled(state);
                let rest = said.rest.iter().chain(&duels);
                let rest: Vec<_> = rest.map(|s| catalog.sentence(s)).collect();
                (catalog.sentence(&said.head), rest.join(gap))
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
            let why = state
                .trace()
                .and_then(|t| why(t, state.analysis(), catalog));
            dom::set_bool(&self.guess, "data-right", right);
            dom::set_text(&self.guess_verdict, &catalog.render(&verdict));
            dom::set_text(&self.guess_why, &why.unwrap_or_default());
        }
        let over = matches!(state.status(), Status::Done(_) | Status::Interrupted);
        let look = catalog::lesson_text(catalog, state.language(), state.lesson(), "look");
        let ours = state.opened().is_none() && state.earlier().is_none();
        dom::set_shown(&self.look, over && ours && !look.is_empty());
        dom::set_text(&self.look_text, &look);
        let language = catalog::lesson_language(state.language(), state.lesson());
        dom::set_language(&self.look_text, language);
        let next = state.next_lesson().filter(|_| ours && state.is_seen());
        dom::set_shown(&self.next, next.is_some());
        if let Some(next) = next {
            let title = catalog::lesson_text(catalog, state.language(), next, "title");
            let text = Sentence::new("lesson.next").with("title", title);
            dom::set(&self.next, "data-next", &next.id);
            dom::set_text(&self.next, &catalog.render(&text));
        }
    }
}

impl Explain {
    /// Keeps the room of a run's longest sentences so far, for the style sheet: what stands
    /// below them does not move up again.
    pub(super) fn measure(&mut self, state: &State) {
        let mut room = Room {
            run: state.about().number,
            language: state.language(),
            width: self.said.offset_width(),
            height: self.said.offset_height(),
        };
        let same = |own: &Room| {
            (own.run, own.language, own.width) == (room.run, room.language, room.width)
        };
        let style = self.said.style();
        match &self.room {
            Some(own) if same(own) && own.height >= room.height => return,
            Some(own) if same(own) => {
                let height = [&room.height.to_string(), "px"].concat();
                let _ = style.set_property("--highest", &height);
            }
            _ => {
                // It still has the room of the run before.
                room.height = 0;
                drop(style.remove_property("--highest"));
            }
        }
        self.room = Some(room);
    }
}

/// Where the wrong decoder that was chosen has parted from the right one at the cursor; at
/// the end, that it has not.
fn dueled(state: &State) -> Vec<Sentence> {
    let step = state.step();
    let is_over = step == state.events().len();
    let Some(trace) = state.trace() else {
        return Vec::new();
    };
    let duels = state.duels();
    let told = duels.iter().filter(|of| {
        let parting = of.duel.parting.as_ref();
        let event = parting.and_then(|parting| parting.chunk.event);
        event.map_or(is_over, |event| event < step)
    });
    let several = duels.len() > 1;
    told.flat_map(|of| of.sentences(trace, several)).collect()
}

/// Why the reader's boundaries are not the sender's, as the terminal has it: the
/// first reason of the run.
fn why(trace: &Trace, analysis: &Analysis, catalog: &Catalog) -> Option<String> {
    let mut lanes = analysis.lanes.iter();
    let reason = lanes.find_map(|lane| {
        let reasons = Rows::at_the_end(trace, lane).reasons();
        reasons.into_iter().find(|reason| !reason.why.is_empty())
    })?;
    Some(reason.text(catalog))
}
