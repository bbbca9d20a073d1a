//! The list of lessons in their groups, with what is done.

use trace::lesson::Group;
use trace::text::Catalog;
use web_sys::{Element, HtmlElement};

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
    _chosen: Listener,
}

struct Entry {
    button: Element,
    done: Element,
}

impl Lessons {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let list: HtmlElement = dom::find("lessons")?;
        let choose = |id: &str| Some(Message::LessonChosen(id.to_owned()));
        Ok(Self {
            _chosen: dom::on_click(&list, "data-lesson", dispatch, choose),
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
