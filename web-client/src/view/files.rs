//! Opens and saves files: drag and drop anywhere on the page, the Open button,
//! the downloads.

use std::cell::RefCell;
use std::rc::Rc;

use trace::pcapng;
use trace::text::Catalog;
use wasm_bindgen::JsValue;
use web_sys::{
    DragEvent, Element, Event, File, FileReader, HtmlElement, HtmlInputElement, MouseEvent,
};

use crate::app::{Copied, Format, Message, State};
use crate::dom::{self, Dispatch, Listener, Missing};
use crate::file::{FileError, MAX_BYTES};
use crate::picture::Picture;

pub(super) struct Files {
    hint: HtmlElement,
    downloads: Vec<Element>,
    pictures: Vec<Element>,
    copy: Element,
    copied: Element,
    _listeners: Vec<Listener>,
}

/// Reads one file after the other: a new one takes the place of one that is
/// still being read.
#[derive(Clone)]
struct Reader {
    dispatch: Dispatch,
    reading: Rc<RefCell<Option<(FileReader, Listener)>>>,
}

impl Files {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let open: Element = dom::find("file-open")?;
        let lesson: Element = dom::find("lab-file")?;
        let input: HtmlInputElement = dom::find("file")?;
        let copy: HtmlElement = dom::find("copy-link")?;
        let group: Element = dom::find("files")?;
        let reader = Reader {
            dispatch: dispatch.clone(),
            reading: Rc::default(),
        };
        let download = |value: &str| {
            Some(Message::Download(match value {
                "pcapng" => Format::Pcapng,
                _ => Format::Trace,
            }))
        };
        let (clicked, clicked_in_lab) = (input.clone(), input.clone());
        let (chosen, chosen_reader) = (input.clone(), reader.clone());
        let mut listeners = vec![
            dom::on_click(&group, "data-download", dispatch, download),
            dom::on_click(&group, "data-picture", dispatch, |value| {
                Some(Message::Picture(match value {
                    "png" => Picture::Png,
                    _ => Picture::Svg,
                }))
            }),
            super::header::click(&copy, dispatch, Message::CopyLink),
            dom::listen(&open, "click", move |_: MouseEvent| clicked.click()),
            dom::listen(&lesson, "click", move |_: MouseEvent| {
                clicked_in_lab.click();
            }),
            dom::listen(&input, "change", move |_: Event| {
                if let Some(file) = chosen.files().and_then(|files| files.get(0)) {
                    chosen_reader.read(&file);
                }
                // So that the same file can be chosen again.
                chosen.set_value("");
            }),
        ];
        for kind in ["dragover", "dragleave", "drop"] {
            let reader = reader.clone();
            listeners.push(dom::listen(
                &dom::window(),
                kind,
                move |event: DragEvent| {
                    reader.handle_drag(kind, &event);
                },
            ));
        }
        Ok(Self {
            hint: dom::find("drop")?,
            downloads: dom::all("[data-download]"),
            pictures: dom::all("[data-picture]"),
            copy: copy.into(),
            copied: dom::find("copied")?,
            _listeners: listeners,
        })
    }

    pub(super) fn show(&self, state: &State, catalog: &Catalog) {
        dom::set_shown(&self.hint, state.is_dragging());
        dom::set_bool(&self.copy, "aria-disabled", !state.can_download());
        let copied = state.copied().map(|copied| match copied {
            Copied::WithRun => "link.copied",
            Copied::WithoutRun => "link.copied-without-run",
            Copied::Refused => "link.refused",
        });
        let failed = state.has_picture_failed().then_some("files.picture.failed");
        let copied = failed.or(copied);
        let copied = copied.map_or_else(String::new, |key| catalog.text(key));
        for button in &self.pictures {
            dom::set_bool(button, "aria-disabled", state.trace().is_none());
        }
        dom::set_text(&self.copied, &copied);
        let captured = state.trace().is_some_and(pcapng::is_captured);
        for button in &self.downloads {
            // A disabled button would lose the focus.
            dom::set_bool(button, "aria-disabled", !state.can_download());
            let key = match button.get_attribute("data-download").as_deref() {
                Some("pcapng") if captured => "files.pcapng.hint",
                Some("pcapng") => "files.pcapng.synthetic",
                _ => "files.trace.hint",
            };
            let hint = catalog.text(key);
            dom::set(button, "title", &hint);
            dom::set(button, "aria-description", &hint);
        }
    }
}

impl Reader {
    fn handle_drag(&self, kind: &str, event: &DragEvent) {
        let Some(data) = event.data_transfer() else {
            return;
        };
        if !data.types().iter().any(|kind| kind == "Files") {
            return;
        }
        // The browser would open the file in place of the page.
        event.prevent_default();
        match kind {
            "dragover" => {
                data.set_drop_effect("copy");
                (self.dispatch)(Message::Dragging(true));
            }
            // To another element of the page: it is still being dragged.
            "dragleave" if event.related_target().is_some() => {}
            "dragleave" => (self.dispatch)(Message::Dragging(false)),
            _ => {
                (self.dispatch)(Message::Dragging(false));
                if let Some(file) = data.files().and_then(|files| files.get(0)) {
                    self.read(&file);
                }
            }
        }
    }

    fn read(&self, file: &File) {
        let name = file.name();
        let say = {
            let dispatch = self.dispatch.clone();
            move |content| {
                let name = name.clone();
                dispatch(Message::FileRead { name, content });
            }
        };
        if file.size() > f64::from(MAX_BYTES) {
            return say(Err(FileError::TooLarge));
        }
        let Ok(reader) = FileReader::new() else {
            return say(Err(FileError::Unreadable));
        };
        let read = reader.clone();
        let failed = say.clone();
        let done = dom::listen(&reader, "loadend", move |_: Event| {
            // None for a folder, or a file that was deleted.
            let content = read.result().ok().filter(JsValue::is_object);
            let content = content.map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec());
            say(content.ok_or(FileError::Unreadable));
        });
        if reader.read_as_array_buffer(file).is_err() {
            return failed(Err(FileError::Unreadable));
        }
        // The listener of the file before is dropped first: its result is not wanted.
        self.reading.replace(Some((reader, done)));
    }
}
