//! The header: connection, language, theme, help; and the notice of an error
//! below it.

use trace::link::{MAX_LESSON_SENT, VERSION};
use trace::text::{Catalog, Sentence};
use trace::{RecordError, TraceError};
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, MouseEvent};

use super::mistakes::{describe, no_lesson};
use super::wording;
use crate::app::{Link, Message, Mistake, State, Status};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::file::{self, FileError};
use crate::language::Language;
use crate::settings::Theme;

/// Marks a dialog that the page itself is closing.
const CLOSING: &str = "data-closing";

pub(super) struct Header {
    status: Element,
    status_text: Element,
    notice: HtmlElement,
    theme: Element,
    languages: Vec<(Language, Element)>,
    help: HtmlDialogElement,
    _listeners: [Listener; 5],
}

impl Header {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let help: HtmlDialogElement = dom::find("help")?;
        let theme: Element = dom::find("theme")?;
        let group: Element = dom::find("languages")?;
        let languages = language_buttons(&group)?;
        let (dialog, closed, button) = (help.clone(), dispatch.clone(), dispatch.clone());
        let listeners = [
            click(&theme, dispatch, Message::ThemeToggled),
            click(&dom::find("help-open")?, dispatch, Message::Help),
            dom::on_click(&group, "data-language", dispatch, |tag| {
                Language::of(tag).map(Message::LanguageChosen)
            }),
            dom::listen(&help, "close", move |_: Event| {
                // Closed by the browser (a click beside it): the state has to know, unless it
                // has been opened again by now.
                if dialog.has_attribute(CLOSING) {
                    let _ = dialog.remove_attribute(CLOSING);
                } else if !dialog.open() {
                    closed(Message::Escape);
                }
            }),
            // Its button: the state closes it, as it does for Esc.
            dom::listen(&help, "submit", move |event: Event| {
                event.prevent_default();
                button(Message::Escape);
            }),
        ];
        Ok(Self {
            status: dom::find("status")?,
            status_text: dom::find("status-text")?,
            notice: dom::find("notice")?,
            theme,
            languages,
            help,
            _listeners: listeners,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        let (link, text) = match state.link() {
            Link::Connecting => ("connecting", catalog.text("link.connecting")),
            Link::Online { kernel, .. } => {
                let online = Sentence::new("link.online").with("kernel", wording::kernel(kernel));
                ("up", catalog.render(&online))
            }
            Link::Silent { .. } | Link::Gone { .. } => ("down", catalog.text("link.gone")),
            Link::Outdated { .. } => ("down", catalog.text("link.outdated")),
        };
        dom::set(&self.status, "data-link", link);
        dom::set_text(&self.status_text, &text);

        let notice = notice(state, catalog);
        dom::set_text(&self.notice, notice.as_deref().unwrap_or_default());
        dom::set_shown(&self.notice, notice.is_some());

        let theme = state.theme().name();
        if let Some(html) = dom::document().document_element() {
            dom::set(&html, "data-theme", theme);
        }
        let word = Sentence::new("theme.switch").with("theme", catalog.text(theme_key(state)));
        let label = catalog.render(&word);
        dom::set(&self.theme, "aria-label", &label);
        dom::set(&self.theme, "title", &label);
        for (language, button) in &self.languages {
            dom::set_bool(button, "aria-pressed", *language == state.language());
        }

        if state.is_help_open() && !self.help.open() {
            // Fails only while it is open.
            let _ = self.help.show_modal();
        } else if !state.is_help_open() && self.help.open() {
            dom::set(&self.help, CLOSING, "");
            self.help.close();
        }
    }
}

/// Adds a button for each language to `group`.
fn language_buttons(group: &Element) -> Result<Vec<(Language, Element)>, Missing> {
    let template = Template::find("language")?;
    let add = |language: Language| {
        let entry: Element = template.clone_as();
        let button: Element = dom::within(&entry, "button")?;
        for attribute in ["data-language", "lang"] {
            dom::set(&button, attribute, language.tag());
        }
        dom::set_text(&button, language.name());
        let _ = group.append_child(&entry);
        Ok((language, button))
    };
    Language::all().map(add).collect()
}

pub(super) fn click(element: &Element, dispatch: &Dispatch, message: Message) -> Listener {
    let dispatch = dispatch.clone();
    dom::listen(element, "click", move |_: MouseEvent| {
        dispatch(message.clone());
    })
}

fn theme_key(state: &State) -> &'static str {
    match state.theme() {
        Theme::Auto => "theme.auto",
        Theme::Light => "theme.light",
        Theme::Dark => "theme.dark",
    }
}

/// What is wrong, if anything is.
fn notice(state: &State, catalog: &Catalog) -> Option<String> {
    let quote =
        |key, reason: &str| catalog.render(&Sentence::new(key).with("reason", reason.to_owned()));
    if let Some((file, error)) = state.refused_file() {
        let refused = Sentence::new("file.refused")
            .with("file", file.to_owned())
            .with("reason", refusal(error, catalog));
        return Some(catalog.render(&refused));
    }
    if let Some(mistake) = state.mistake() {
        return Some(describe(&mistake, catalog));
    }
    let answers = matches!(state.link(), Link::Online { .. });
    if let Some(place) = state.place().filter(|_| answers) {
        let queued = Sentence::new("notice.queued").with("place", u64::from(place));
        return Some(catalog.render(&queued));
    }
    match (state.link(), state.status()) {
        (Link::Outdated { program }, _) => {
            let newer = Sentence::new("notice.outdated").with("program", program.clone());
            Some(catalog.render(&newer))
        }
        (Link::Silent { .. } | Link::Gone { .. }, _) if state.is_only_record() => {
            Some(catalog.text("notice.gone.record"))
        }
        (_, Status::Interrupted) => Some(catalog.text("notice.interrupted")),
        (Link::Silent { .. } | Link::Gone { .. }, _) => {
            Some(catalog.text(if state.trace().is_some() {
                "notice.gone.run"
            } else {
                "notice.gone"
            }))
        }
        (_, Status::Failed(reason)) => Some(quote("notice.failed", reason)),
        _ => state
            .complaint()
            .map(|reason| quote("notice.complaint", reason)),
    }
}

/// Why a file is not opened.
fn refusal(error: &FileError, catalog: &Catalog) -> String {
    let sentence = match error {
        FileError::TooLarge => {
            Sentence::new("file.too-large").with("most", u64::from(file::MAX_BYTES >> 20))
        }
        FileError::Unreadable => Sentence::new("file.unreadable"),
        FileError::NoConnection => Sentence::new("file.no-connection"),
        FileError::LessonSize => {
            Sentence::new("file.lesson-size").with("most", MAX_LESSON_SENT >> 10)
        }
        FileError::NoText => Sentence::new("file.no-text"),
        FileError::Offline => Sentence::new("file.offline"),
        FileError::Lesson(file) => {
            let (reason, _) = no_lesson(file, catalog);
            Sentence::new("file.lesson").with("reason", reason)
        }
        FileError::Packets => Sentence::new("file.packets").with("most", file::MAX_EVENTS),
        FileError::Trace(error) => return no_trace(error, catalog),
    };
    catalog.render(&sentence)
}

/// Why what is in a file is no trace.
fn no_trace(error: &TraceError, catalog: &Catalog) -> String {
    let error = match error {
        TraceError::Record(error) => error,
        TraceError::Experiment(error) => {
            return describe(&Mistake::Experiment(error.clone()), catalog);
        }
    };
    let at = |key, line: usize| Sentence::new(key).with("line", line);
    let sentence = match error {
        RecordError::Empty => Sentence::new("file.empty"),
        RecordError::Line { line, .. } => at("file.line", *line),
        RecordError::Reason { line, .. } => at("file.reason", *line),
        RecordError::Length { line, .. } => at("file.length", *line),
        RecordError::Order { line } => at("file.order", *line),
        RecordError::Version { found } => Sentence::new("file.version")
            .with("found", u64::from(*found))
            .with("known", u64::from(VERSION)),
        RecordError::Truncated { line } => at("file.truncated", *line),
        RecordError::Client { line, client } => {
            at("file.client", *line).with("client", u64::from(*client))
        }
        RecordError::Party { line, party } => {
            at("file.party", *line).with("party", u64::from(party.0))
        }
        RecordError::Connection { line, connection } => {
            at("file.connection", *line).with("connection", u64::from(connection.0))
        }
        RecordError::Repeated { line } => at("file.repeated", *line),
        RecordError::Offset { line, offset } => at("file.offset", *line).with("offset", *offset),
        RecordError::Count { said, found, .. } => Sentence::new(if said > found {
            "file.missing"
        } else {
            "file.added"
        })
        .with("said", *said)
        .with("found", *found),
        RecordError::Events { most } => Sentence::new("file.events").with("most", *most),
    };
    catalog.render(&sentence)
}
