//! The list of lessons in their groups, with what is done.

use trace::Lesson;
use trace::lesson::Group;
use trace::link::LessonFile;
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlElement};

use super::mistakes;
use crate::app::{Message, State};
use crate::catalog;
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

pub(super) struct Lessons {
    list: HtmlElement,
    group: Template,
    entry: Template,
    broken: Template,
    entries: Vec<Entry>,
    /// The language, and how often the gateway had said what its folder has.
    built: Option<(Language, u32)>,
    open: String,
    /// Another lesson is open: its entry has to come into sight.
    is_moved: bool,
    _listeners: [Listener; 2],
}

struct Entry {
    /// Where the lesson stands among all.
    lesson: usize,
    button: HtmlElement,
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
            broken: Template::find("lesson-broken")?,
            entries: Vec::new(),
            built: None,
            open: String::new(),
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let built = Some((state.language(), state.folder().revision));
        if self.built != built {
            self.built = built;
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
        for entry in &self.entries {
            let lesson = &state.lessons()[entry.lesson];
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
            && let Some(entry) = self.find(state.lesson_index())
        {
            bring_into_sight(&self.list, &entry.button);
        }
    }

    fn build(&mut self, state: &State, catalog: &Catalog) {
        let active = dom::document().active_element();
        let active = active.filter(|active| self.list.contains(Some(active)));
        let held = active.and_then(|active| active.get_attribute("data-lesson"));
        dom::clear(&self.list);
        self.entries.clear();
        for group in Group::ALL {
            let all = state.lessons().iter().enumerate();
            let mut lessons: Vec<_> = all
                .filter(|(at, lesson)| lesson.group == group && !state.is_own(*at))
                .map(|(at, _)| at)
                .collect();
            let mut broken = &[][..];
            if group == Group::Own {
                lessons.clone_from(&state.folder().listed);
                broken = &state.folder().broken;
            }
            if lessons.is_empty() && broken.is_empty() {
                continue;
            }
            let section: Element = self.group.clone_as();
            if let (Ok(heading), Ok(list)) = (
                dom::within::<Element>(&section, "h2"),
                dom::within::<Element>(&section, "ul"),
            ) {
                dom::set_text(&heading, &catalog.text(group.key()));
                for at in lessons {
                    let lesson = &state.lessons()[at];
                    self.add(&list, at, lesson, state, catalog);
                }
                for file in broken {
                    self.add_broken(&list, file, catalog);
                }
            }
            let _ = self.list.append_child(&section);
        }
        // The entry that had the focus keeps it.
        let is_held = |entry: &&Entry| Some(&state.lessons()[entry.lesson].id) == held.as_ref();
        if let Some(entry) = self.entries.iter().find(is_held) {
            dom::focus_in_place(&entry.button);
        }
    }

    /// The entry of the lesson in this place.
    fn find(&self, lesson: usize) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.lesson == lesson)
    }

    /// A file that is no lesson, and why.
    fn add_broken(&self, list: &Element, file: &LessonFile, catalog: &Catalog) {
        let item: Element = self.broken.clone_as();
        let (error, language) = mistakes::no_lesson(file, catalog);
        for (selector, text, language) in
            [(".title", &file.name, None), (".error", &error, language)]
        {
            if let Ok(element) = dom::within::<Element>(&item, selector) {
                dom::set_text(&element, text);
                dom::set_language(&element, language);
            }
        }
        let _ = list.append_child(&item);
    }

    fn add(
        &mut self,
        list: &Element,
        lesson: usize,
        shown: &Lesson,
        state: &State,
        catalog: &Catalog,
    ) {
        let id = &shown.id;
        let title = &catalog::lesson_text(catalog, state.language(), shown, "title");
        let language = catalog::lesson_language(state.language(), shown);
        let item: Element = self.entry.clone_as();
        if let (Ok(button), Ok(text), Ok(done)) = (
            dom::within::<HtmlElement>(&item, "button"),
            dom::within::<Element>(&item, ".title"),
            dom::within::<Element>(&item, ".done"),
        ) {
            dom::set(&button, "data-lesson", id);
            dom::set_text(&text, title);
            dom::set_language(&text, language);
            self.entries.push(Entry {
                lesson,
                button,
                done,
            });
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
