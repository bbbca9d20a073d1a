//! The list of lessons in their groups, with what is done.

use trace::lesson::Group;
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlElement};

use crate::app::{Message, State};
use crate::catalog;
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

pub(super) struct Lessons {
    list: HtmlElement,
    group: Template,
    entry: Template,
    /// Entries in the state's order.
    entries: Vec<Entry>,
    language: Option<Language>,
    open: String,
    /// Another lesson is open: its entry has to come into sight.
    is_moved: bool,
    _listeners: [Listener; 2],
}

struct Entry {
    button: Element,
    done: Element,
}

impl Lessons {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let list: HtmlElement = dom::find("lessons")?;
        let choose = |id: &str| Some(Message::LessonChosen(id.to_owned()));
        let chosen = dom::on_click(&list, "data-lesson", dispatch, choose);
        // As a popover it has a place only when it is open.
        let opened = list.clone();
        let toggled = dom::listen(&list, "toggle", move |_: Event| {
            if let Ok(entry) = dom::within(&opened, "[aria-current=true]") {
                bring_into_sight(&opened, &entry);
            }
        });
        Ok(Self {
            _listeners: [chosen, toggled],
            is_moved: false,
            list,
            group: Template::find("lesson-group")?,
            entry: Template::find("lesson-entry")?,
            entries: Vec::new(),
            language: None,
            open: String::new(),
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        if self.language != Some(state.language()) {
            self.language = Some(state.language());
            self.build(state, catalog);
        }
        let open = &state.lesson().id;
        if self.open != *open {
            self.open.clone_from(open);
            // On small screens the list covers the page. Hiding it fails where it
            // is not an open popover.
            let _ = self.list.hide_popover();
            self.is_moved = true;
        }
        for (entry, lesson) in self.entries.iter().zip(state.lessons()) {
            let done = state.is_done(&lesson.id);
            let current = lesson.id == *open && state.opened().is_none();
            dom::set_bool(&entry.button, "aria-current", current);
            dom::set_bool(&entry.button, "data-done", done);
            let said = if done {
                catalog.text("lessons.done")
            } else {
                String::new()
            };
            dom::set_text(&entry.done, &said);
        }
    }

    /// Scrolls the list to the lesson that is open.
    pub(super) fn scroll(&mut self, state: &State) {
        if std::mem::take(&mut self.is_moved)
            && let Some(entry) = self.entries.get(state.lesson_index())
        {
            bring_into_sight(&self.list, &entry.button);
        }
    }

    fn build(&mut self, state: &State, catalog: &Catalog) {
        dom::clear(&self.list);
        self.entries.clear();
        for group in Group::ALL {
            let mut lessons = state.lessons().iter().filter(|l| l.group == group);
            let Some(first) = lessons.next() else {
                continue;
            };
            let section: Element = self.group.clone_as();
            if let (Ok(heading), Ok(list)) = (
                dom::within::<Element>(&section, "h2"),
                dom::within::<Element>(&section, "ul"),
            ) {
                dom::set_text(&heading, &catalog.text(group.key()));
                for lesson in std::iter::once(first).chain(lessons) {
                    let title = catalog::lesson_text(catalog, lesson, "title");
                    self.add(&list, &lesson.id, &title);
                }
            }
            let _ = self.list.append_child(&section);
        }
    }

    fn add(&mut self, list: &Element, id: &str, title: &str) {
        let item: Element = self.entry.clone_as();
        if let (Ok(button), Ok(text), Ok(done)) = (
            dom::within::<Element>(&item, "button"),
            dom::within::<Element>(&item, ".title"),
            dom::within::<Element>(&item, ".done"),
        ) {
            dom::set(&button, "data-lesson", id);
            dom::set_text(&text, title);
            self.entries.push(Entry { button, done });
        }
        let _ = list.append_child(&item);
    }
}

/// Scrolls the list, and nothing around it, as far as an entry needs; it stands in the middle
/// then.
#[expect(clippy::cast_possible_truncation, reason = "pixels of the list")]
fn bring_into_sight(list: &HtmlElement, entry: &Element) {
    let (frame, place) = (
        list.get_bounding_client_rect(),
        entry.get_bounding_client_rect(),
    );
    if place.top() < frame.top() || place.bottom() > frame.bottom() {
        let off =
            f64::midpoint(place.top(), place.bottom()) - f64::midpoint(frame.top(), frame.bottom());
        list.set_scroll_top(list.scroll_top() + off.round() as i32);
    }
}
