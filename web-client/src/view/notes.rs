//! What is to be known about the run as a whole: what its record says of it, whether the
//! wire was watched, and what the kernel or the capture lost.

use trace::link::{Capture, Restriction};
use trace::pcapng;
use trace::text::{Catalog, Sentence};
use web_sys::{Element, HtmlElement};

use super::framings;
use super::mistakes::describe;
use crate::app::{Mistake, State, Status};
use crate::dom::{self, Missing};
use crate::hash::Fault;
use crate::scene::View;

pub(super) struct Notes {
    record: HtmlElement,
    capture: HtmlElement,
    capture_text: Element,
    command: HtmlElement,
    missed: HtmlElement,
    dropped: HtmlElement,
    link: HtmlElement,
    above: HtmlElement,
}

impl Notes {
    pub(super) fn bind() -> Result<Self, Missing> {
        Ok(Self {
            record: dom::find("note-record")?,
            capture: dom::find("note-capture")?,
            capture_text: dom::find("note-capture-text")?,
            command: dom::find("note-command")?,
            missed: dom::find("note-missed")?,
            dropped: dom::find("note-dropped")?,
            link: dom::find("note-link")?,
            above: dom::find("note-above")?,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        let faults = state
            .faults()
            .iter()
            .map(|fault| fault_text(fault, catalog));
        let faults: Vec<_> = faults.collect();
        dom::set_shown(&self.link, !faults.is_empty());
        let gap = state.language().between_sentences();
        dom::set_text(&self.link, &faults.join(gap));

        let above = above(state, catalog).unwrap_or_default();
        dom::set_shown(&self.above, !above.is_empty());
        dom::set_text(&self.above, &above);

        let own = state
            .trace()
            .map_or(&[][..], |trace| trace.head.note.lines());
        dom::set_shown(&self.record, !own.is_empty());
        dom::set_text(&self.record, &own.join("\n"));
        let language = state
            .trace()
            .and_then(|trace| trace.head.note_language.as_deref())
            .filter(|language| *language != state.language().tag());
        dom::set_language(&self.record, language);

        let over = matches!(state.status(), Status::Done(_));
        let trace = state.trace();
        let capture = trace.map_or(Capture::On, |trace| trace.head.capture);
        let from_file = state.opened().is_some_and(|opened| !opened.rerun);
        let why = match capture {
            Capture::On => None,
            // The rows say so where nothing was captured; a plan is of an earlier version.
            Capture::Unknown if trace.is_some_and(|trace| trace.plan.is_none()) => None,
            Capture::Unknown if trace.is_some_and(pcapng::is_captured) => None,
            Capture::NeedsCapNetRaw if from_file => Some("note.capture.file"),
            Capture::NeedsCapNetRaw => Some("note.capture.needs"),
            Capture::Unsupported => Some("note.capture.unsupported"),
            Capture::Failed => Some("note.capture.failed"),
            Capture::Unknown => Some("note.capture.unknown"),
        };
        dom::set_shown(&self.capture, why.is_some());
        if let Some(why) = why {
            let mut text = catalog.text(why);
            let restriction = trace.and_then(|trace| trace.head.restriction);
            if let Some(setting) = restriction.and_then(Restriction::setting) {
                let forbids = Sentence::new("note.capture.restricted");
                let forbids = forbids.with("setting", setting.to_owned());
                text = [text, catalog.render(&forbids)].join(gap);
            }
            dom::set_text(&self.capture_text, &text);
        }
        let can_be_given = capture == Capture::NeedsCapNetRaw && !from_file;
        dom::set_shown(&self.command, can_be_given);

        let ended = trace.filter(|_| over);
        let missed = match ended.map(|trace| (trace.head.capture, trace.missed)) {
            Some((Capture::On, None)) => Some(Sentence::new("note.broke-off")),
            Some((_, Some(missed))) if missed > 0 => {
                Some(Sentence::new("note.missed").with("n", u64::from(missed)))
            }
            _ => None,
        };
        let dropped = ended.and_then(|trace| trace.dropped).filter(|n| *n > 0);
        let dropped = dropped.map(|n| Sentence::new("note.dropped").with("n", u64::from(n)));
        for (element, sentence) in [(&self.missed, missed), (&self.dropped, dropped)] {
            dom::set_shown(element, sentence.is_some());
            let text = sentence.map_or_else(String::new, |sentence| catalog.render(&sentence));
            dom::set_text(element, &text);
        }
    }
}

/// That the Time view has not what stands above in the Bytes view.
fn above(state: &State, catalog: &Catalog) -> Option<String> {
    state.earlier().filter(|_| state.view() == View::Time)?;
    let kept = state.source().zip(state.kept_above());
    let kept = kept.and_then(|(source, kept)| Some((source, source.connection(kept)?)));
    let sentence = match kept {
        Some((source, listed)) => {
            let connection = framings::told_apart(source, listed, catalog);
            Sentence::new("note.above.connection").with("connection", connection)
        }
        None => Sentence::new("note.above.run"),
    };
    Some(catalog.render(&sentence))
}

/// What of the address could not be followed.
fn fault_text(fault: &Fault, catalog: &Catalog) -> String {
    let sentence = match fault {
        Fault::Lesson(name) => Sentence::new("link.no-lesson").with("name", name.clone()),
        Fault::Unknown(name) => Sentence::new("link.no-knob").with("name", name.clone()),
        Fault::Knob(setting, value, error) => {
            let mistake = Mistake::Knob(*setting, value.clone(), error.clone());
            Sentence::new("link.bad-knob").with("reason", describe(&mistake, catalog))
        }
        Fault::NewRun => Sentence::new("link.new-run"),
        Fault::Run => Sentence::new("link.no-run"),
    };
    catalog.render(&sentence)
}
