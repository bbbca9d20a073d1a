//! The reader's own records: the tabs, the list of connections with a bar for the time of
//! each, how the messages of the one on the stage are framed, and the commands that make a
//! record.

use std::rc::Rc;

use record::{Close, End};
use trace::lane::Direction;
use trace::text::{Catalog, Sentence, Time, grouped};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent};

use super::beside::BesideView;
use super::framing_form::{self, FramingForm};
use super::framings;
use super::guesses::GuessesView;
use super::mistakes;
use crate::app::{Message, State, Tab};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;
use crate::source::{Listed, Order, Source};

/// Most connections that have elements. The others are found by searching.
const MOST: usize = 300;
/// Width of a bar's picture: the whole time.
const BAR: u64 = 1_000;
/// Narrowest part of it, so that what was short is seen.
const NARROWEST: u64 = 8;

pub(super) struct YoursView {
    tabs: Vec<Element>,
    tab_group: HtmlElement,
    lessons: HtmlElement,
    panel: HtmlElement,
    drawer: Element,
    about: Element,
    follow: HtmlElement,
    follows: HtmlInputElement,
    find: HtmlElement,
    order: HtmlSelectElement,
    list: Element,
    entry: Template,
    more: Element,
    how: HtmlElement,
    framings: HtmlElement,
    mistake: HtmlElement,
    fields: [(Direction, Element, HtmlInputElement); 2],
    forms: framing_form::Templates,
    /// Below the fields: the settings of each framing.
    settings: [FramingForm; 2],
    settings_frame: HtmlElement,
    guesses: GuessesView,
    beside: BesideView,
    proxy: HtmlElement,
    entries: Vec<Entry>,
    language: Option<Language>,
    _listeners: Vec<Listener>,
}

/// A connection's elements.
struct Entry {
    button: Element,
    title: Element,
    about: Element,
    counts: Element,
    state: Element,
    bar: Element,
}

impl YoursView {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let tab_group: HtmlElement = dom::find("tabs")?;
        let list: Element = dom::find("yours-list")?;
        let follows: HtmlInputElement = dom::find("follow")?;
        let text: HtmlInputElement = dom::find("yours-text")?;
        let order: HtmlSelectElement = dom::find("yours-order")?;
        let option = Template::find("option")?;
        for one in Order::ALL {
            let entry: Element = option.clone_as();
            dom::set(&entry, "value", one.name());
            let key = ["yours.order.", one.name()].concat();
            dom::set(&entry, "data-text", &key);
            let _ = order.append_child(&entry);
        }
        let fields = [
            field(Direction::FromOpener, "opener")?,
            field(Direction::FromAcceptor, "acceptor")?,
        ];
        let how: HtmlElement = dom::find("yours-how")?;
        let mut listeners = vec![
            dom::on_click(&tab_group, "data-tab", dispatch, |tab| {
                let mut all = Tab::ALL.into_iter();
                all.find(|one| one.name() == tab).map(Message::TabChosen)
            }),
            dom::on_click(&list, "data-connection", dispatch, |number| {
                number.parse().ok().map(Message::ConnectionChosen)
            }),
            dom::listen(&list, "keydown", |event: KeyboardEvent| move_focus(&event)),
            copied(&how)?,
        ];
        let (said, searched) = (dispatch.clone(), text.clone());
        listeners.push(dom::listen(&text, "input", move |_: Event| {
            said(Message::ListSearched(searched.value()));
        }));
        let (said, ordered) = (dispatch.clone(), order.clone());
        listeners.push(dom::listen(&order, "change", move |_: Event| {
            let all = Order::ALL.into_iter();
            let chosen = ordered.value();
            let mut found = all.filter(|order| order.name() == chosen);
            if let Some(order) = found.next() {
                said(Message::ListOrdered(order));
            }
        }));
        let (said, checked) = (dispatch.clone(), follows.clone());
        listeners.push(dom::listen(&follows, "change", move |_: Event| {
            said(Message::Follow(checked.checked()));
        }));
        for (direction, _, input) in &fields {
            listeners.extend(framings::suggesting(input));
            let (said, typed, direction) = (dispatch.clone(), input.clone(), *direction);
            listeners.push(dom::listen(input, "change", move |_: Event| {
                said(Message::FramingSet(direction, typed.value()));
            }));
            let (said, typed) = (dispatch.clone(), input.clone());
            listeners.push(dom::listen(input, "input", move |_: Event| {
                said(Message::FramingTyped(direction, typed.value()));
            }));
        }
        let forms = framing_form::Templates::find()?;
        let settings_frame: HtmlElement = dom::find("framing-forms")?;
        let settings = [
            form(&forms, Direction::FromOpener, "opener", dispatch)?,
            form(&forms, Direction::FromAcceptor, "acceptor", dispatch)?,
        ];
        for form in &settings {
            let _ = settings_frame.append_child(form.element());
        }
        Ok(Self {
            tabs: dom::all("[data-tab]"),
            tab_group,
            lessons: dom::find("lessons")?,
            panel: dom::find("yours")?,
            drawer: dom::find("drawer")?,
            about: dom::find("yours-about")?,
            follow: dom::find("yours-follow")?,
            follows,
            find: dom::find("yours-find")?,
            order,
            list,
            entry: Template::find("connection-entry")?,
            more: dom::find("yours-more")?,
            how,
            framings: dom::find("framings")?,
            mistake: dom::find("framing-mistake")?,
            fields,
            forms,
            settings,
            settings_frame,
            guesses: GuessesView::bind(dispatch)?,
            beside: BesideView::bind(dispatch)?,
            proxy: dom::find("note-proxy")?,
            entries: Vec::new(),
            language: None,
            _listeners: listeners,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let is_yours = state.tab() == Tab::Yours;
        let source = state.source().filter(|_| is_yours);
        // A tab that cannot be chosen is none.
        dom::set_shown(&self.tab_group, !state.is_only_record());
        for tab in &self.tabs {
            let own = tab.get_attribute("data-tab");
            let is_this = own.as_deref() == Some(state.tab().name());
            dom::set_bool(tab, "aria-pressed", is_this);
        }
        dom::set_shown(&self.lessons, state.tab() == Tab::Learn);
        dom::set_shown(&self.panel, is_yours);
        let shown = if is_yours { "yours" } else { "lessons" };
        dom::set(&self.drawer, "popovertarget", shown);
        if let Some(body) = dom::document().body() {
            dom::set(&body, "data-tab", state.tab().name());
            let is_empty = is_yours && state.trace().is_none();
            dom::set_bool(&body, "data-empty", is_empty);
            dom::set_bool(&body, "data-only", state.is_only_record());
        }
        dom::set_shown(
            &self.how,
            is_yours && source.is_none() && !state.is_only_record(),
        );
        dom::set_shown(&self.find, source.is_some());
        dom::set_shown(&self.follow, source.is_some_and(Source::is_live));
        self.follows.set_checked(state.follows());
        let is_new_language = self.language.replace(state.language()) != Some(state.language());
        if is_new_language {
            let chosen = state.list_order().name();
            self.order.set_value(chosen);
        }
        self.show_list(state, source, catalog);
        self.show_framings(state, is_yours, catalog);
        self.show_proxy(state, catalog);
    }

    fn show_list(&mut self, state: &State, source: Option<&Source>, catalog: &Catalog) {
        let Some(source) = source else {
            dom::set_text(&self.about, &catalog.text("yours.nothing"));
            dom::set_text(&self.more, "");
            dom::clear(&self.list);
            self.entries.clear();
            return;
        };
        let key = match (source.is_live(), source.is_full()) {
            _ if source.is_capture() => "yours.about.packets",
            (_, true) => "yours.about.full",
            (true, false) => "yours.about.live",
            (false, false) => "yours.about",
        };
        let about = Sentence::new(key)
            .with("n", source.connections().len())
            .with("events", source.events())
            .with("packets", source.packets());
        dom::set_text(&self.about, &catalog.render(&about));
        let list = state.list();
        let shown = list.len().min(MOST);
        while self.entries.len() > shown {
            self.entries.pop();
            if let Some(last) = self.list.last_element_child() {
                last.remove();
            }
        }
        while self.entries.len() < shown {
            let item: Element = self.entry.clone_as();
            let Ok(entry) = Entry::of(&item) else {
                return;
            };
            let _ = self.list.append_child(&item);
            self.entries.push(entry);
        }
        let span = source.span();
        for (entry, &index) in self.entries.iter().zip(&list) {
            if let Some(listed) = source.connections().get(index) {
                entry.show(source, listed, span, catalog);
            }
        }
        let more = match (list.len(), list.len() - shown) {
            (0, _) if source.connections().is_empty() => catalog.text("yours.none-yet"),
            (0, _) => catalog.text("yours.none"),
            (_, 0) => String::new(),
            (_, more) => catalog.render(&Sentence::new("yours.more").with("n", more)),
        };
        dom::set_text(&self.more, &more);
    }

    fn show_framings(&mut self, state: &State, is_yours: bool, catalog: &Catalog) {
        let trace = state.trace().filter(|trace| trace.plan.is_none());
        for frame in [&self.framings, &self.settings_frame] {
            dom::set_shown(frame, is_yours && trace.is_some());
        }
        self.guesses.show(state, catalog);
        self.beside.show(state, catalog);
        if trace.is_none() {
            return;
        }
        let mut is_told = false;
        for ((direction, name, input), form) in self.fields.iter().zip(&mut self.settings) {
            let ends = framings::ends(state, *direction);
            dom::set_text(name, &ends);
            let (text, is_refused) = state.framing_text(*direction);
            let typed = state.framing_typed(*direction);
            let shown = framing_form::Shown {
                set: &text,
                typed,
                name: Some(ends),
                language: state.language(),
            };
            let told = form.show(&self.forms, &shown, catalog);
            is_told |= is_refused && told.is_some();
            let own: &Element = input;
            let active = dom::document().active_element();
            let is_typed = active.is_some_and(|active| active == *own);
            // What is typed in the form is shown in the field.
            let value = typed.unwrap_or(&text);
            if (!is_typed || is_refused) && input.value() != value {
                input.set_value(value);
            }
            dom::set_bool(input, "aria-invalid", is_refused);
            if is_refused {
                let told = told.as_deref().unwrap_or("framing-mistake");
                dom::set(input, "aria-describedby", told);
            } else {
                let _ = input.remove_attribute("aria-describedby");
            }
        }
        // Where a field of the form says it, it is said there.
        let mistake = state.framing_mistake().filter(|_| !is_told);
        dom::set_shown(&self.mistake, mistake.is_some());
        if let Some(error) = mistake {
            let reason = mistakes::no_framing(&error);
            let said = Sentence::new("yours.framing.refused").with("reason", reason);
            dom::set_text(&self.mistake, &catalog.render(&said));
        }
    }

    /// That a proxy's calls are its own.
    fn show_proxy(&self, state: &State, catalog: &Catalog) {
        let parties = state.trace().map_or(&[][..], |trace| &trace.parties);
        let proxy = parties.iter().find(|party| party.proxy);
        dom::set_shown(&self.proxy, proxy.is_some());
        if let Some(party) = proxy {
            let note = Sentence::new("note.proxy").with("who", party.name.clone());
            dom::set_text(&self.proxy, &catalog.render(&note));
        }
    }
}

/// The form of a direction's framing, which is closed at first.
fn form(
    forms: &framing_form::Templates,
    direction: Direction,
    name: &str,
    dispatch: &Dispatch,
) -> Result<FramingForm, Missing> {
    let dispatch = dispatch.clone();
    let changed: framing_form::Changed = Rc::new(move |text, is_set| {
        dispatch(if is_set {
            Message::FramingSet(direction, text)
        } else {
            Message::FramingTyped(direction, text)
        });
    });
    forms.form(&["framing-", name].concat(), changed)
}

/// The field of a direction's framing, and its name.
fn field(
    direction: Direction,
    name: &str,
) -> Result<(Direction, Element, HtmlInputElement), Missing> {
    let input = ["framing-", name].concat();
    let label = [&input, "-name"].concat();
    Ok((direction, dom::find(&label)?, dom::find(&input)?))
}

/// Copies a command beside its button.
fn copied(how: &HtmlElement) -> Result<Listener, Missing> {
    let said: Element = dom::find("yours-copied")?;
    let how = how.clone();
    Ok(dom::listen(&how, "click", move |event: Event| {
        let Some(command) = dom::target_within(&event, "[data-command]") else {
            return;
        };
        let code = command.parent_element();
        let code = code.and_then(|item| dom::within::<Element>(&item, "code").ok());
        let text = code
            .and_then(|code| code.text_content())
            .unwrap_or_default();
        let said = said.clone();
        dom::copy(&text, move |is_copied| {
            dom::set_bool(&said, "data-copied", is_copied);
        });
    }))
}

/// The arrow keys move the focus from connection to connection.
fn move_focus(event: &KeyboardEvent) {
    let Some(item) = dom::target_within(event, "li") else {
        return;
    };
    let next = match event.key().as_str() {
        "ArrowDown" => item.next_element_sibling(),
        "ArrowUp" => item.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    if let Some(button) = next.and_then(|next| dom::within::<HtmlElement>(&next, "button").ok()) {
        let _ = button.focus();
    }
}

impl Entry {
    fn of(item: &Element) -> Result<Self, Missing> {
        Ok(Self {
            button: dom::within(item, "button")?,
            title: dom::within(item, ".title")?,
            about: dom::within(item, ".about")?,
            counts: dom::within(item, ".counts")?,
            state: dom::within(item, ".state")?,
            bar: dom::within(item, "rect")?,
        })
    }

    fn show(&self, source: &Source, listed: &Listed, span: (u64, u64), catalog: &Catalog) {
        let connection = &listed.connection;
        let number = connection.connection.0.to_string();
        dom::set(&self.button, "data-connection", &number);
        let is_shown = source.shown() == Some(connection.connection);
        dom::set_bool(&self.button, "aria-current", is_shown);
        dom::set_text(&self.title, &framings::parties(source, listed, catalog));
        let summary = &listed.summary;
        let addresses = End::ALL.map(|end| {
            let address = connection.end(end).address.as_deref();
            address.unwrap_or("?").to_owned()
        });
        let about = [connection.transport.name(), " ", &addresses.join(" → ")].concat();
        let pair = source.pair(connection.connection).map(|(number, end)| {
            let key = match end {
                End::Acceptor => "yours.pair.client",
                End::Opener => "yours.pair.server",
            };
            catalog.render(&Sentence::new(key).with("n", number))
        });
        let about: Vec<_> = pair.into_iter().chain([about]).collect();
        dom::set_text(&self.about, &about.join(" · "));
        let counts = if summary.calls == [0, 0] {
            Sentence::new("yours.packets").with("n", summary.packets[0] + summary.packets[1])
        } else {
            Sentence::new("yours.calls").with("n", summary.calls[0] + summary.calls[1])
        };
        let counts = counts
            .with("sent", grouped(summary.bytes[0]))
            .with("answered", grouped(summary.bytes[1]));
        dom::set_text(&self.counts, &catalog.render(&counts));
        let (text, is_bad) = state_of(listed, catalog);
        dom::set_text(&self.state, &text);
        dom::set_bool(&self.state, "data-bad", is_bad);
        let (start, end) = bar(listed, span);
        dom::set(&self.bar, "x", &start.to_string());
        dom::set(&self.bar, "width", &(end - start).to_string());
        let begin = summary
            .first
            .map_or_else(String::new, |first| Time(first).to_string());
        dom::set(&self.button, "title", &begin);
    }
}

/// What the page of one record is about: the connection on the stage.
pub(super) fn title(state: &State, catalog: &Catalog) -> String {
    let source = state.source();
    let shown = source.and_then(|source| Some((source, source.connection(source.shown()?)?)));
    match shown {
        Some((source, listed)) => framings::parties(source, listed, catalog),
        None => catalog.text("yours.waiting"),
    }
}

/// What became of a connection, and whether that is bad.
fn state_of(listed: &Listed, catalog: &Catalog) -> (String, bool) {
    let close = match listed.close() {
        Close::Open => None,
        Close::Half(_) => Some("yours.close.half"),
        Close::Closed => Some("yours.close.closed"),
        Close::Reset(_) => Some("yours.close.reset"),
        Close::Refused => Some("yours.close.refused"),
    };
    let is_lost = matches!(listed.close(), Close::Reset(_) | Close::Refused);
    let changed = listed.changed.unwrap_or_default();
    let counted = [
        ("yours.glued", changed.glued),
        ("yours.split", changed.split),
    ];
    let counted = counted.into_iter().filter(|(_, n)| *n > 0);
    let counted = counted.map(|(key, n)| catalog.render(&Sentence::new(key).with("n", n)));
    // What is glued or split is so without a framing alone: a fact, and no mistake.
    let fails = listed.fails.then(|| catalog.text("yours.fails"));
    let mut parts: Vec<_> = fails.into_iter().chain(counted).collect();
    parts.extend(close.map(|key| catalog.text(key)));
    (parts.join(" · "), is_lost || listed.fails)
}

/// Where a connection's time begins and ends in a bar of [`BAR`].
fn bar(listed: &Listed, (begin, end): (u64, u64)) -> (u64, u64) {
    let all = end.saturating_sub(begin).max(1);
    // Of a microsecond, so that no product is too large.
    let place =
        |at: u64| (at.saturating_sub(begin) / 1_000).saturating_mul(BAR) / (all / 1_000).max(1);
    let Some(first) = listed.summary.first else {
        return (0, 0);
    };
    let start = place(first.0).min(BAR - NARROWEST);
    (
        start,
        place(listed.summary.last.0).clamp(start + NARROWEST, BAR),
    )
}
