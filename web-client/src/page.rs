//! Ties state, views, socket and clock together: messages go into the state as
//! they come, what it asks for is done, and a frame later it is shown.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use trace::Nonces;
use trace::lesson::{self, Translations, Words};
use trace::text::Catalog;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, KeyboardEvent};

use crate::app::{self, ChunkCopied, Copied, Effect, Message, Setup, State};
use crate::catalog;
use crate::dom::{self, Dispatch, Listener, listen, window};
use crate::frame_clock::{FrameClock, Ticks};
use crate::language::Language;
use crate::packing;
use crate::settings;
use crate::socket::Socket;
use crate::view::Views;

/// Where the browser keeps the settings.
const STORED: &str = "stickylab";

/// The page. Lives as long as the document.
pub struct Page {
    inner: RefCell<Inner>,
    queue: RefCell<Vec<Message>>,
    clock: OnceCell<(FrameClock, Ticks)>,
}

struct Inner {
    state: State,
    catalog: Catalog,
    language: Language,
    views: Views,
    socket: Option<Socket>,
    dispatch: Dispatch,
    shown: Option<u64>,
    /// The address's part behind `#`, as it was when the page last read or wrote it.
    hash: String,
    _listeners: [Listener; 3],
}

impl Page {
    /// Binds to the markup, opens the state, does what it asks for first.
    pub fn open() -> Result<Rc<Self>, JsValue> {
        let settings = settings::read(&stored(), preferred_language());
        let hash = hash_of_address();
        let (state, effects) = State::open(Setup {
            lessons: catalog::lessons(),
            settings,
            hash: hash.clone(),
            reduced_motion: matches("(prefers-reduced-motion: reduce)"),
            nonces,
        });
        let slot: Rc<OnceCell<std::rc::Weak<Self>>> = Rc::default();
        let page = slot.clone();
        let dispatch: Dispatch = Rc::new(move |message| {
            if let Some(page) = page.get().and_then(std::rc::Weak::upgrade) {
                page.handle(message);
            }
        });
        let language = state.language();
        let page = Rc::new(Self {
            inner: RefCell::new(Inner {
                views: Views::bind(&dispatch)?,
                catalog: catalog::texts(language),
                language,
                state,
                socket: None,
                _listeners: global_listeners(&dispatch),
                dispatch,
                shown: None,
                hash,
            }),
            queue: RefCell::default(),
            clock: OnceCell::new(),
        });
        let weak = Rc::downgrade(&page);
        let clock = FrameClock::new(move |elapsed_ms| {
            if let Some(page) = weak.upgrade() {
                page.frame(elapsed_ms);
            }
        });
        let weak = Rc::downgrade(&page);
        let ticks = Ticks::new(move |elapsed_ms| {
            if let Some(page) = weak.upgrade() {
                page.handle(Message::Tick { elapsed_ms });
            }
        })?;
        // These cells are filled here and nowhere else.
        let _ = page.clock.set((clock, ticks));
        let _ = slot.set(Rc::downgrade(&page));
        page.inner.borrow_mut().perform(effects);
        page.frame(0.0);
        Ok(page)
    }

    /// Takes a message in; one that comes while another is handled waits.
    fn handle(&self, message: Message) {
        self.queue.borrow_mut().push(message);
        self.drain();
        self.schedule();
    }

    fn drain(&self) {
        let Ok(mut inner) = self.inner.try_borrow_mut() else {
            return;
        };
        loop {
            let waiting = std::mem::take(&mut *self.queue.borrow_mut());
            if waiting.is_empty() {
                break;
            }
            for message in waiting {
                inner.update(message);
            }
        }
    }

    /// Input, then DOM, then canvas.
    fn frame(&self, elapsed_ms: f64) {
        self.queue.borrow_mut().push(Message::Frame { elapsed_ms });
        self.drain();
        if let Ok(mut inner) = self.inner.try_borrow_mut() {
            inner.show();
        }
        // Messages that the views caused, such as those of a field that lost the focus.
        self.drain();
        self.schedule();
    }

    fn schedule(&self) {
        let (Ok(inner), Some((clock, _))) = (self.inner.try_borrow(), self.clock.get()) else {
            return;
        };
        if inner.state.wants_frames() || inner.is_dirty() {
            clock.request();
        }
    }
}

impl Inner {
    fn is_dirty(&self) -> bool {
        self.is_changed() || self.views.are_scrolled()
    }

    fn is_changed(&self) -> bool {
        self.shown != Some(self.state.revision()) || self.views.are_dirty()
    }

    fn update(&mut self, message: Message) {
        if let Message::HashChanged(hash) = &message {
            self.hash.clone_from(hash);
        }
        let effects = self.state.update(message);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect => {
                    // The old connection goes before the new one comes.
                    self.socket = None;
                    match Socket::open(&self.dispatch) {
                        Ok(socket) => self.socket = Some(socket),
                        Err(_) => (self.dispatch)(Message::LinkDown),
                    }
                }
                Effect::Disconnect => self.socket = None,
                Effect::SendToGateway(request) => {
                    if let Some(socket) = &self.socket {
                        socket.send(request);
                    }
                }
                Effect::SetHash(hash) => self.set_hash(&hash, false),
                Effect::PushHash(hash) => self.set_hash(&hash, true),
                Effect::CopyLink { hash, run } => copy_link(hash, &run, self.dispatch.clone()),
                Effect::CopyText { text, is_exact } => {
                    let dispatch = self.dispatch.clone();
                    dom::copy(&text, move |is_copied| {
                        dispatch(Message::ChunkCopied(match (is_copied, is_exact) {
                            (true, true) => ChunkCopied::Exactly,
                            (true, false) => ChunkCopied::WithReplacements,
                            (false, _) => ChunkCopied::Refused,
                        }));
                    });
                }
                Effect::Unpack(run) => {
                    let dispatch = self.dispatch.clone();
                    packing::unpack(&run, move |run| dispatch(Message::Unpacked(run)));
                }
                Effect::ShowStage { smoothly } => self.views.show_stage(smoothly),
                Effect::ShowSeries { smoothly } => self.views.show_series(smoothly),
                Effect::FocusSearch => self.views.focus_search(),
                Effect::SaveSettings(settings) => store(&settings::write(&settings)),
                // It fails when the browser is out of memory; there is nothing to fall back on.
                Effect::SavePicture { picture, name } => {
                    let failed = self.dispatch.clone();
                    let done = move |is_saved: bool| {
                        if !is_saved {
                            failed(Message::PictureFailed);
                        }
                    };
                    self.views
                        .save_picture((picture, name), &self.state, &self.catalog, done);
                }
                Effect::SaveFile { name, bytes } => drop(dom::save(&name, &bytes)),
                Effect::SaveLesson { name, mut lesson } => {
                    lesson.words = catalog::lesson_words(&lesson);
                    if lesson.words.iter().next().is_none() {
                        lesson.words = words(self.language, &self.catalog);
                    }
                    let text = lesson::file::write(&lesson);
                    drop(dom::save(&name, text.as_bytes()));
                }
            }
        }
    }

    /// Writes the address, unless it leads elsewhere by now: browsers tell of that a moment
    /// later (HTML, "navigate to a fragment"), and what is written before is all that is
    /// left of it. The page goes there instead.
    fn set_hash(&mut self, hash: &str, is_new_entry: bool) {
        let found = hash_of_address();
        if found != self.hash {
            (self.dispatch)(Message::HashChanged(found));
            return;
        }
        let Ok(history) = window().history() else {
            return;
        };
        let url = ["#", hash].concat();
        let _ = if is_new_entry {
            history.push_state_with_url(&JsValue::NULL, "", Some(&url))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
        };
        // Browsers write some characters in another way.
        self.hash = hash_of_address();
    }

    fn show(&mut self) {
        if self.views.are_scrolled() {
            self.views.look(&self.state, &self.catalog);
        }
        if !self.is_changed() {
            return;
        }
        self.shown = Some(self.state.revision());
        if self.language != self.state.language() {
            self.language = self.state.language();
            self.catalog = catalog::texts(self.language);
        }
        self.views.show(&self.state, &self.catalog);
        self.views.paint(&self.state, &self.catalog);
    }
}

/// Words of a lesson that has none: they are to be replaced.
fn words(language: Language, catalog: &Catalog) -> Translations {
    let words = Words {
        title: catalog.text("lab.title"),
        question: catalog.text("lab.file.question"),
        look: catalog.text("lab.file.look"),
    };
    Translations::one(language.tag(), words).unwrap_or_default()
}

fn global_listeners(dispatch: &Dispatch) -> [Listener; 3] {
    let window = window();
    let keys = dispatch.clone();
    let hash = dispatch.clone();
    let back = dispatch.clone();
    [
        listen(&window, "keydown", move |event: KeyboardEvent| {
            if let Some(message) = app::key(&event.key(), event.shift_key(), is_typing(&event)) {
                // Esc also closes the browser's own popovers; the help is closed by the state,
                // so that a key that comes right behind it finds it closed.
                if message != Message::Escape || is_help_open() {
                    event.prevent_default();
                }
                keys(message);
            }
        }),
        listen(&window, "hashchange", move |_: Event| {
            hash(Message::HashChanged(hash_of_address()));
        }),
        listen(&window, "pageshow", move |_: Event| {
            back(Message::Hover(None));
        }),
    ]
}

/// Where the address leads, from its `#` on.
fn hash_of_address() -> String {
    window().location().hash().unwrap_or_default()
}

fn is_help_open() -> bool {
    let found = dom::document().query_selector("#help[open]");
    found.is_ok_and(|dialog| dialog.is_some())
}

/// Whether the key belongs to what has the focus.
fn is_typing(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
        return true;
    }
    let key = event.key();
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        let matches = |selector| target.closest(selector).ok().flatten().is_some();
        match key.as_str() {
            // What can't be pressed any more leaves its keys to the page.
            "Enter" | " " if matches("button:not([aria-disabled=true]), summary, a") => true,
            " " | "?" if matches("input[type=range]") => false,
            // Only the space bar is a checkbox's own.
            key if key != " " && matches("input[type=checkbox]") => false,
            _ => matches("input, select, textarea, dialog[open]"),
        }
    })
}

fn matches(query: &str) -> bool {
    let found = window().match_media(query).ok().flatten();
    found.is_some_and(|list| list.matches())
}

/// Fresh nonces. Browsers fill up to 65,536 bytes a call (Web Cryptography API).
fn nonces() -> Nonces {
    let mut nonces = Nonces::default();
    let crypto = window().crypto().unwrap_throw();
    for nonce in &mut nonces {
        crypto.get_random_values_with_u8_array(nonce).unwrap_throw();
    }
    nonces
}

fn preferred_language() -> Language {
    let languages = window().navigator().languages();
    let languages: Vec<_> = languages.iter().filter_map(|l| l.as_string()).collect();
    Language::preferred(languages.iter().map(String::as_str))
}

/// Storage may be switched off: then nothing is remembered.
fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn stored() -> String {
    let line = storage().and_then(|storage| storage.get_item(STORED).ok().flatten());
    line.unwrap_or_default()
}

fn store(line: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(STORED, line);
    }
}

/// Copies the page's address with `hash` behind it, and `run` if that fits.
fn copy_link(hash: String, run: &[u8], dispatch: Dispatch) {
    packing::pack(run, move |packed| {
        let mut link = window().location().href().unwrap_or_default();
        link.truncate(link.find('#').unwrap_or(link.len()));
        link.push('#');
        link += &hash;
        let packed = packed.filter(|packed| hash.len() + packed.len() <= packing::MOST);
        let copied = if packed.is_some() {
            Copied::WithRun
        } else {
            Copied::WithoutRun
        };
        if let Some(packed) = packed {
            link += "&run=";
            link += &packed;
        }
        dom::copy(&link, move |is_copied| {
            let copied = if is_copied { copied } else { Copied::Refused };
            dispatch(Message::LinkCopied(copied));
        });
    });
}
