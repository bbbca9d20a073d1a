//! The server's or the client's loop in three languages, of which the line that made the
//! current call is highlighted; or a reader and a writer for the framing at hand, in six.

use protocol::Framing;
use trace::End;
use trace::source_code::{Language, SourceError};
use trace::text::{Catalog, Sentence};
use web_sys::{Element, Event, HtmlElement, HtmlSelectElement};

use super::mistakes;
use crate::app::{CodeLanguage, Message, Role, State};
use crate::catalog::{self, CodeLine};
use crate::dom::{self, Dispatch, Listener, Missing, Template};

pub(super) struct Code {
    panel: HtmlElement,
    listing: Element,
    /// What of the framing a loop does not have.
    beyond: HtmlElement,
    scroll: HtmlElement,
    line: Template,
    roles: Vec<HtmlElement>,
    tabs: Vec<Element>,
    tab_group: HtmlElement,
    decoder: HtmlElement,
    language: HtmlSelectElement,
    copied: Element,
    lines: Vec<(CodeLine, HtmlElement)>,
    shown: Option<Listing>,
    /// Whether there is a loop of this name.
    known: Option<(&'static str, bool)>,
    current: Option<usize>,
    /// Another line is highlighted than the one last brought into sight.
    moved: bool,
    _listeners: [Listener; 5],
}

/// What the panel shows.
#[derive(Clone, PartialEq)]
enum Listing {
    /// The loop of a program, by the name of its snippets.
    Loop(&'static str, Role, CodeLanguage),
    /// A reader and a writer.
    Decoder(Framing, Language),
}

impl Code {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let title: Element = dom::find("code-title")?;
        let role = |value: &str| {
            Some(Message::CodeRole(match value {
                "server" => Role::Server,
                _ => Role::Client,
            }))
        };
        let tab = |value: &str| {
            Some(Message::CodeTab(match value {
                "rs" => CodeLanguage::Rust,
                "c" => CodeLanguage::C,
                _ => CodeLanguage::Python,
            }))
        };
        let language: HtmlSelectElement = dom::find("decoder-language")?;
        let option = Template::find("option")?;
        for one in Language::ALL {
            let entry: Element = option.clone_as();
            dom::set(&entry, "value", one.name());
            dom::set_text(&entry, one.title());
            let _ = language.append_child(&entry);
        }
        let decoder: HtmlElement = dom::find("decoder-show")?;
        let listing: Element = dom::find("code")?;
        let copied: Element = dom::find("code-copied")?;
        let (said, chosen) = (dispatch.clone(), language.clone());
        Ok(Self {
            _listeners: [
                dom::on_click(&title, "data-role", dispatch, role),
                dom::on_click(&title, "data-code", dispatch, tab),
                super::header::click(&decoder, dispatch, Message::ShowDecoder),
                dom::listen(&language, "change", move |_: Event| {
                    let name = chosen.value();
                    let mut all = Language::ALL.into_iter();
                    let found = all.find(|language| language.name() == name);
                    if let Some(language) = found {
                        said(Message::DecoderLanguage(language));
                    }
                }),
                copying(&copied)?,
            ],
            panel: dom::find("code-panel")?,
            listing,
            beyond: dom::find("code-beyond")?,
            scroll: dom::find("code-scroll")?,
            line: Template::find("code-line")?,
            roles: dom::all("[data-role]"),
            tabs: dom::all("[data-code]"),
            tab_group: dom::find("code-languages")?,
            decoder,
            language,
            copied,
            lines: Vec::new(),
            shown: None,
            known: None,
            current: None,
            moved: false,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let snippet = state.snippet().filter(|name| self.is_known(name));
        let framing = state.framing_at_hand();
        for role in &self.roles {
            dom::set_shown(role, snippet.is_some());
        }
        let has_decoder = framing.is_some();
        dom::set_shown(&self.decoder, has_decoder);
        let wanted = match (snippet, framing) {
            (Some(name), framing) if !state.shows_decoder() || framing.is_none() => {
                Listing::Loop(name, state.role(), state.code())
            }
            (_, Some(framing)) => Listing::Decoder(framing, state.decoder_language()),
            // The code of somebody's own programs is not known.
            (_, None) => return dom::set_shown(&self.panel, false),
        };
        dom::set_shown(&self.panel, true);
        let is_decoder = matches!(wanted, Listing::Decoder(..));
        let role = match state.role() {
            _ if is_decoder => "",
            Role::Server => "server",
            Role::Client => "client",
        };
        for button in &self.roles {
            let own = button.get_attribute("data-role");
            dom::set_bool(button, "aria-pressed", own.as_deref() == Some(role));
        }
        for button in &self.tabs {
            let own = button.get_attribute("data-code");
            let chosen = catalog::ending(state.code());
            dom::set_bool(button, "aria-pressed", own.as_deref() == Some(chosen));
        }
        dom::set_bool(&self.decoder, "aria-pressed", is_decoder);
        let beyond = match wanted {
            Listing::Loop(..) if has_decoder => state.beyond_loop(),
            _ => Vec::new(),
        };
        dom::set_shown(&self.beyond, !beyond.is_empty());
        let beyond = Sentence::new("code.beyond").with("settings", beyond.join(", "));
        dom::set_text(&self.beyond, &catalog.render(&beyond));
        dom::set_shown(&self.tab_group, !is_decoder);
        dom::set_shown(&self.language, is_decoder);
        self.language.set_value(state.decoder_language().name());
        if self.shown.as_ref() != Some(&wanted) {
            self.build(&wanted, catalog);
            self.shown = Some(wanted);
            dom::set_text(&self.copied, "");
            self.scroll.set_scroll_top(0);
        }
        let current = self.find(state);
        if current != self.current {
            if let Some((_, line)) = self.current.and_then(|index| self.lines.get(index)) {
                let _ = line.remove_attribute("aria-current");
            }
            if let Some((_, line)) = current.and_then(|index| self.lines.get(index)) {
                dom::set(line, "aria-current", "true");
                self.moved = true;
            }
            self.current = current;
        }
    }

    /// Whether there is a loop of this name: not every framing has one.
    fn is_known(&mut self, name: &'static str) -> bool {
        if let Some((known, is_known)) = self.known
            && known == name
        {
            return is_known;
        }
        let lines = catalog::code(name, Role::Server, CodeLanguage::Python);
        self.known = Some((name, !lines.is_empty()));
        !lines.is_empty()
    }

    fn build(&mut self, wanted: &Listing, catalog: &Catalog) {
        dom::clear(&self.listing);
        self.current = None;
        self.lines.clear();
        let (framing, language) = match wanted {
            Listing::Loop(name, role, language) => {
                for line in catalog::code(name, *role, *language) {
                    let element = self.add(line.text);
                    self.lines.push((line, element));
                }
                return;
            }
            Listing::Decoder(framing, language) => (framing, *language),
        };
        match catalog::decoder(framing, language) {
            Ok(source) => source.lines().for_each(|line| drop(self.add(line))),
            Err(error) => {
                let none = Sentence::new("code.decoder.none");
                let none = match error {
                    SourceError::Settings(error) => none.with("reason", mistakes::encode(&error)),
                    SourceError::Template(error) => none.with("reason", error.to_string()),
                };
                self.add(&catalog.render(&none));
            }
        }
    }

    fn add(&self, text: &str) -> HtmlElement {
        let element: HtmlElement = self.line.clone_as();
        dom::set_text(&element, text);
        let _ = self.listing.append_child(&element);
        element
    }

    /// The line that made the current call, if its program is the one shown.
    fn find(&self, state: &State) -> Option<usize> {
        let (index, event) = state.current()?;
        if event.call.is_packet() {
            // The kernel sent it: no line of a program did.
            return None;
        }
        let by_server = event.end == End::Acceptor;
        if by_server != (state.role() == Role::Server) {
            return None;
        }
        let call = event.call.name();
        let marked = |mark: &str| self.lines.iter().position(|(line, _)| line.is_marked(mark));
        let role = state.analysis().role(state.trace()?, index);
        role.and_then(|role| marked(&[call, ".", role].concat()))
            .or_else(|| marked(call))
    }

    /// Brings the highlighted line into sight.
    pub(super) fn scroll(&mut self) {
        let line = self.current.and_then(|index| self.lines.get(index));
        let Some((_, line)) = line.filter(|_| std::mem::take(&mut self.moved)) else {
            return;
        };
        let panel = self.scroll.get_bounding_client_rect();
        let line = line.get_bounding_client_rect();
        if line.top() < panel.top() || line.bottom() > panel.bottom() {
            let middle = f64::midpoint(panel.top(), panel.bottom());
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a panel")]
            let by = (line.top() - middle).round() as i32;
            self.scroll.set_scroll_top(self.scroll.scroll_top() + by);
        }
    }
}

/// Copies what the panel lists.
fn copying(copied: &Element) -> Result<Listener, Missing> {
    let button: HtmlElement = dom::find("code-copy")?;
    let (copied, texts) = (copied.clone(), button.clone());
    Ok(dom::listen(&button, "click", move |_: Event| {
        let lines = dom::all::<Element>("#code .code-line");
        let lines = lines.iter().map(|line| line.text_content());
        let lines: Vec<_> = lines.map(Option::unwrap_or_default).collect();
        let (said, texts) = (copied.clone(), texts.clone());
        dom::copy(&(lines.join("\n") + "\n"), move |is_copied| {
            let which = if is_copied {
                "data-done"
            } else {
                "data-refused"
            };
            let text = texts.get_attribute(which).unwrap_or_default();
            dom::set_text(&said, &text);
        });
    }))
}
