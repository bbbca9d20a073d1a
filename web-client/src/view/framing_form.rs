//! The form of a framing below its short form: a field for each setting that its kind has. What
//! is typed in one of the two changes the other.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::framing::Setting;
use trace::framing::form::{self, Form, Wrong};
use trace::text::{Catalog, Sentence};
use web_sys::{Element, Event, HtmlElement};

use super::fields::{Field, Fields, NO_NUMBER};
use super::mistakes;
use crate::dom::{self, Listener, Missing, Template};
use crate::language::Language;

/// Takes the short form as the form has it, and whether that is set or only being typed.
pub(super) type Changed = Rc<dyn Fn(String, bool)>;

/// What forms are made from.
pub(super) struct Templates {
    frame: Template,
    entry: Template,
    fields: Fields,
}

pub(super) struct FramingForm {
    frame: HtmlElement,
    title: Element,
    list: Element,
    /// What the ids of its elements begin with.
    owner: String,
    /// The framing and the language that it is made for.
    made_for: Option<(&'static str, Language)>,
    entries: Vec<Entry>,
    /// What was shown last, if all of it stands in the fields.
    shown: Option<Last>,
    /// The short form as it is set.
    text: Rc<RefCell<String>>,
    changed: Changed,
}

/// The elements of one setting.
struct Entry {
    field: Field,
    mistake: HtmlElement,
    is_wrong: bool,
    _listeners: [Listener; 3],
}

/// What was shown.
struct Last {
    set: String,
    typed: Option<String>,
    name: Option<String>,
    language: Language,
    /// What [`FramingForm::show`] came to.
    told: Option<String>,
}

/// What a form shows.
pub(super) struct Shown<'a> {
    /// The short form as it is set, be that right or not.
    pub(super) set: &'a str,
    /// What is being typed in its place, if something is.
    pub(super) typed: Option<&'a str>,
    /// What it is the form of, where that has to be said.
    pub(super) name: Option<String>,
    /// The page's language.
    pub(super) language: Language,
}

impl Templates {
    pub(super) fn find() -> Result<Self, Missing> {
        Ok(Self {
            frame: Template::find("framing-form")?,
            entry: Template::find("framing-setting")?,
            fields: Fields::find()?,
        })
    }

    /// A form that shows nothing yet. `owner` is in the ids of its elements.
    pub(super) fn form(&self, owner: &str, changed: Changed) -> Result<FramingForm, Missing> {
        let frame: HtmlElement = self.frame.clone_as();
        Ok(FramingForm {
            title: dom::within(&frame, "summary")?,
            list: dom::within(&frame, ".framing-fields")?,
            frame,
            owner: owner.to_owned(),
            made_for: None,
            entries: Vec::new(),
            shown: None,
            text: Rc::default(),
            changed,
        })
    }
}

impl FramingForm {
    /// What has the fields, to be put somewhere.
    pub(super) fn element(&self) -> &HtmlElement {
        &self.frame
    }

    /// The id of the sentence at one of its fields that says what is wrong, if one does. The
    /// form opens when that comes.
    pub(super) fn show(
        &mut self,
        templates: &Templates,
        shown: &Shown<'_>,
        catalog: &Catalog,
    ) -> Option<String> {
        if let Some(last) = self.shown.as_ref().filter(|last| last.is(shown)) {
            return last.told.clone();
        }
        let is_all = self.put(templates, shown, catalog);
        let wrong = self.entries.iter().find(|entry| entry.is_wrong);
        let told = wrong.map(|entry| entry.mistake.id());
        self.shown = is_all.then(|| Last {
            set: shown.set.to_owned(),
            typed: shown.typed.map(str::to_owned),
            name: shown.name.clone(),
            language: shown.language,
            told: told.clone(),
        });
        told
    }

    /// Tells whether all of it stands in the fields now.
    fn put(&mut self, templates: &Templates, shown: &Shown<'_>, catalog: &Catalog) -> bool {
        let is_news = *self.text.borrow() != shown.set;
        if is_news {
            shown.set.clone_into(&mut self.text.borrow_mut());
        }
        let set = Form::of(shown.set);
        let typed = shown.typed.and_then(Form::of);
        let Some(form) = typed.as_ref().or(set.as_ref()) else {
            dom::set_shown(&self.frame, false);
            self.entries.clear();
            self.made_for = None;
            return true;
        };
        dom::set_shown(&self.frame, !form.fields.is_empty());
        let made_for = (form.name, shown.language);
        if self.made_for != Some(made_for) {
            // The listeners go first: a field that is removed loses the focus.
            self.entries.clear();
            dom::clear(&self.list);
            self.made_for = Some(made_for);
            for field in &form.fields {
                let Ok(entry) = self.entry(templates, form.name, field.setting, catalog) else {
                    return false;
                };
                self.entries.push(entry);
            }
        }
        let kind = catalog.text(&["stage.framing-", form.name].concat());
        let title = match &shown.name {
            Some(name) => Sentence::new("setting.frame.of").with("name", name.clone()),
            None => Sentence::new("setting.frame"),
        };
        let title = catalog.render(&title.with("kind", kind));
        dom::set_text(&self.title, &title);
        // What is being typed is not yet wrong.
        let set = set.as_ref().filter(|set| set.name == form.name);
        let mut is_all = true;
        for (at, (entry, field)) in self.entries.iter_mut().zip(&form.fields).enumerate() {
            let set = set.and_then(|set| set.fields.get(at));
            let mistake = set.and_then(|set| set.mistake.as_ref());
            if mistake.is_some() && (is_news || !entry.is_wrong) {
                dom::set(&self.frame, "open", "");
            }
            is_all &= entry.show(field, mistake, catalog);
        }
        is_all
    }

    fn entry(
        &self,
        templates: &Templates,
        kind: &str,
        setting: &'static Setting,
        catalog: &Catalog,
    ) -> Result<Entry, Missing> {
        let element: HtmlElement = templates.entry.clone_as();
        let hint = text(kind, setting, ".hint", catalog);
        for (selector, text) in [
            (".knob-name", &text(kind, setting, "", catalog)),
            (".lab-hint", &hint),
        ] {
            dom::set_text(&dom::within::<Element>(&element, selector)?, text);
        }
        let name = [&self.owner, "/", setting.name].concat();
        let mistake: HtmlElement = dom::within(&element, ".lab-mistake")?;
        dom::set(&mistake, "id", &["mistake-", &name].concat());
        let field = templates.fields.of_setting(setting.values, catalog);
        dom::set(field.element(), "aria-description", &hint);
        dom::set(field.element(), "data-field", &name);
        let place: Element = dom::within(&element, ".knob-field")?;
        let _ = place.append_child(field.element());
        // From what is no number to nothing, or back, is no change to the browser.
        let events = [("input", false), ("change", true), ("blur", true)];
        let listeners = events.map(|(event, is_set)| {
            let (field, text) = (field.clone(), self.text.clone());
            let changed = self.changed.clone();
            dom::listen(field.clone().element(), event, move |_: Event| {
                let refused = [setting.name, "=", NO_NUMBER].concat();
                let is_told = text.borrow().split(',').any(|word| word == refused);
                if event == "blur" && field.is_no_number() == is_told {
                    return;
                }
                let new = form::with(&text.borrow(), setting.name, &field.value());
                if is_set {
                    text.borrow_mut().clone_from(&new);
                }
                changed(new, is_set);
            })
        });
        let _ = self.list.append_child(&element);
        Ok(Entry {
            field,
            mistake,
            is_wrong: false,
            _listeners: listeners,
        })
    }
}

impl Last {
    fn is(&self, shown: &Shown<'_>) -> bool {
        self.set == shown.set
            && self.typed.as_deref() == shown.typed
            && self.name == shown.name
            && self.language == shown.language
    }
}

impl Entry {
    /// Tells whether the field has this now: what is being typed is not overwritten.
    fn show(&mut self, shown: &form::Field, mistake: Option<&Wrong>, catalog: &Catalog) -> bool {
        let element: &Element = self.field.element();
        let is_other = self.field.value() != shown.word;
        let is_left = is_other && self.field.is_typed();
        if is_other && !is_left {
            self.field.set_value(&shown.word);
        }
        self.is_wrong = mistake.is_some();
        dom::set_bool(element, "aria-invalid", mistake.is_some());
        dom::set_shown(&self.mistake, mistake.is_some());
        if let Some(mistake) = mistake {
            dom::set_text(&self.mistake, &told(shown.setting, mistake, catalog));
            dom::set(element, "aria-describedby", &self.mistake.id());
        } else {
            let _ = element.remove_attribute("aria-describedby");
        }
        !is_left
    }
}

/// What is wrong with a setting, in words.
fn told(setting: &Setting, mistake: &Wrong, catalog: &Catalog) -> String {
    let sentence = match mistake {
        Wrong::Settings(error) => mistakes::encode(error),
        Wrong::Value => mistakes::expected(setting.values),
    };
    catalog.render(&sentence)
}

/// The name of a setting, or what else its texts have: those that it has in this framing, else
/// those that it has in each.
fn text(kind: &str, setting: &Setting, part: &str, catalog: &Catalog) -> String {
    let own = ["setting.", kind, ".", setting.name, part].concat();
    let own = catalog.template(&own).map(str::to_owned);
    own.unwrap_or_else(|| catalog.text(&["setting.", setting.name, part].concat()))
}
