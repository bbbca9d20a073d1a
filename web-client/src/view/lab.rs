//! The Lab's form: a field for every setting that means something, in groups, each with what
//! it does and what is wrong with it.

use std::rc::Rc;

use trace::ClientId;
use trace::knob::{Domain, Group, Knob, Setting};
use trace::text::{Catalog, Sentence};
use web_sys::{Element, Event, HtmlElement};

use super::fields::{Field, Fields, kind_name};
use super::framing_form::{self, FramingForm};
use super::kinds::Kinds;
use super::{framings, header, mistakes, outgoing};
use crate::app::{Message, Mistake, State, Tab};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::language::Language;

/// Marks what was opened by the page.
const OPENED: &str = "data-opened";

pub(super) struct LabView {
    panel: HtmlElement,
    groups: Element,
    add: HtmlElement,
    reset: HtmlElement,
    open: HtmlElement,
    save: HtmlElement,
    maker: Maker,
    shown: Vec<Section>,
    language: Option<Language>,
    _listeners: [Listener; 5],
}

/// What sections and their entries are made from.
struct Maker {
    section: Template,
    entry: Template,
    fields: Fields,
    outgoing: outgoing::Templates,
    forms: framing_form::Templates,
    dispatch: Dispatch,
}

/// The fields of a group; each client has a section of its own.
struct Section {
    of: (Group, Option<ClientId>),
    element: HtmlElement,
    remove: HtmlElement,
    /// What is turned most, in sight.
    first: Part,
    /// All else, which opens where it is not as it is at first.
    more: Part,
    more_frame: HtmlElement,
    more_title: Element,
}

/// A list of entries.
struct Part {
    list: Element,
    entries: Vec<Entry>,
}

/// A setting's elements.
struct Entry {
    setting: Setting,
    element: HtmlElement,
    field: Field,
    /// In front of the field of a framing or a link: its names.
    kinds: Option<Kinds>,
    /// Below the field of a framing: its settings.
    form: Option<FramingForm>,
    /// Below the field of messages: what is sent.
    outgoing: Option<HtmlElement>,
    mistake: HtmlElement,
    _listeners: Vec<Listener>,
}

impl LabView {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let groups: Element = dom::find("lab-groups")?;
        let add: HtmlElement = dom::find("lab-add")?;
        let reset: HtmlElement = dom::find("lab-reset")?;
        let open: HtmlElement = dom::find("lab-open")?;
        let save: HtmlElement = dom::find("lab-save")?;
        let removed = dom::on_click(&groups, "data-remove", dispatch, |number| {
            let client = number.parse::<u8>().ok()?;
            Some(Message::ClientRemoved(ClientId::try_from(client).ok()?))
        });
        Ok(Self {
            panel: dom::find("lab")?,
            _listeners: [
                removed,
                header::click(&add, dispatch, Message::ClientAdded),
                header::click(&reset, dispatch, Message::KnobsReset),
                header::click(&open, dispatch, Message::OpenInLab),
                header::click(&save, dispatch, Message::SaveLesson),
            ],
            groups,
            add,
            reset,
            open,
            save,
            maker: Maker {
                section: Template::find("lab-section")?,
                entry: Template::find("lab-entry")?,
                fields: Fields::find()?,
                outgoing: outgoing::Templates::find()?,
                forms: framing_form::Templates::find()?,
                dispatch: dispatch.clone(),
            },
            shown: Vec::new(),
            language: None,
        })
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        let is_lab = state.tab() == Tab::Lab;
        dom::set_shown(&self.panel, is_lab);
        let can_open = state.tab() == Tab::Learn && !state.is_unplanned();
        dom::set_shown(&self.open, can_open);
        if !is_lab {
            return;
        }
        if self.language.replace(state.language()) != Some(state.language()) {
            // The listeners go first: a field that is removed loses the focus.
            self.shown.clear();
            dom::clear(&self.groups);
        }
        self.arrange(state, catalog);
        let can_remove = state.experiment().clients.len() > 1;
        for section in &mut self.shown {
            dom::set_shown(&section.remove, can_remove);
            section.show(&self.maker, state, catalog);
        }
        dom::set_shown(&self.add, state.can_add_client());
        let is_changed = state.experiment() != state.origin() || state.mistake().is_some();
        let can_save = state.mistake().is_none();
        dom::set_bool(&self.save, "aria-disabled", !can_save);
        dom::set_bool(&self.reset, "aria-disabled", !is_changed);
    }

    /// Makes sections and entries for what means something, and keeps those that are there
    /// already: one of them may have the focus.
    fn arrange(&mut self, state: &State, catalog: &Catalog) {
        let settings = state.lab_settings();
        let wanted = sections(&settings);
        self.shown.retain(|section| {
            let is_wanted = wanted.contains(&section.of);
            if !is_wanted {
                section.element.remove();
            }
            is_wanted
        });
        for (at, &of) in wanted.iter().enumerate() {
            if self.shown.get(at).is_none_or(|section| section.of != of) {
                let Ok(section) = self.maker.section(of, catalog) else {
                    return;
                };
                let next = self.shown.get(at).map(|next| &next.element);
                put_before(&self.groups, &section.element, next);
                self.shown.insert(at, section);
            }
            let own = settings.iter().copied();
            let own: Vec<_> = own.filter(|setting| section_of(*setting) == of).collect();
            let (first, more): (Vec<_>, Vec<_>) = own.iter().partition(|s| is_first(**s));
            let section = &mut self.shown[at];
            self.maker.fill(&mut section.first, &first, catalog);
            self.maker.fill(&mut section.more, &more, catalog);
        }
    }
}

/// The sections that `settings` stand in, in their order.
fn sections(settings: &[Setting]) -> Vec<(Group, Option<ClientId>)> {
    let mut found = Vec::new();
    for group in Group::ALL {
        let of_group = settings
            .iter()
            .filter(|setting| setting.knob.group() == group);
        for section in of_group.map(|setting| section_of(*setting)) {
            if !found.contains(&section) {
                found.push(section);
            }
        }
    }
    found
}

fn section_of(setting: Setting) -> (Group, Option<ClientId>) {
    (setting.knob.group(), setting.client)
}

fn put_before(list: &Element, element: &HtmlElement, next: Option<&HtmlElement>) {
    let next = next.map(AsRef::as_ref);
    // Fails only where the next one is of another list.
    let _ = list.insert_before(element, next);
}

impl Maker {
    fn section(
        &self,
        of: (Group, Option<ClientId>),
        catalog: &Catalog,
    ) -> Result<Section, Missing> {
        let element: HtmlElement = self.section.clone_as();
        let (group, client) = of;
        dom::set(&element, "data-group", group.name());
        let title = match group {
            Group::Server => "lab.group.server",
            Group::Framing => "lab.group.framing",
            Group::Network => "lab.group.network",
            Group::Client => "lab.group.client",
        };
        let number = client.map_or(0, |client| u64::from(u8::from(client)));
        let named = |key| catalog.render(&Sentence::new(key).with("n", number));
        dom::set_text(&dom::within::<Element>(&element, "h2")?, &named(title));
        let remove: HtmlElement = dom::within(&element, "[data-remove]")?;
        dom::set_text(&remove, &named("lab.remove"));
        match client {
            Some(_) => dom::set(&remove, "data-remove", &number.to_string()),
            // What is not of a client is not removed.
            None => remove.remove(),
        }
        Ok(Section {
            of,
            first: Part::of(&element, ".lab-first")?,
            more: Part::of(&element, ".lab-more .lab-fields")?,
            more_frame: dom::within(&element, ".lab-more")?,
            more_title: dom::within(&element, ".lab-more summary")?,
            remove,
            element,
        })
    }

    fn fill(&self, part: &mut Part, settings: &[Setting], catalog: &Catalog) {
        part.entries.retain(|entry| {
            let is_wanted = settings.contains(&entry.setting);
            if !is_wanted {
                entry.element.remove();
            }
            is_wanted
        });
        for (at, &setting) in settings.iter().enumerate() {
            let there = part.entries.get(at);
            if there.is_some_and(|entry| entry.setting == setting) {
                continue;
            }
            let Ok(entry) = self.entry(setting, catalog) else {
                return;
            };
            let next = there.map(|next| &next.element);
            put_before(&part.list, &entry.element, next);
            part.entries.insert(at, entry);
        }
    }

    fn entry(&self, setting: Setting, catalog: &Catalog) -> Result<Entry, Missing> {
        let element: HtmlElement = self.entry.clone_as();
        let knob = setting.knob;
        let name = setting.to_string();
        dom::set(&element, "data-setting", &name);
        dom::set(&element, "data-kind", kind_name(knob.domain()));
        let hint = word(setting, ".hint", catalog);
        let title = word(setting, "", catalog);
        for (selector, text) in [(".knob-name", &title), (".lab-hint", &hint)] {
            dom::set_text(&dom::within::<Element>(&element, selector)?, text);
        }
        if let Domain::Number { unit, .. } = knob.domain() {
            dom::set_text(&dom::within::<Element>(&element, ".knob-unit")?, unit);
        }
        let mistake: HtmlElement = dom::within(&element, ".lab-mistake")?;
        dom::set(&mistake, "id", &["lab-mistake-", &name].concat());
        let field = self.fields.make(knob, catalog);
        dom::set(field.element(), "aria-description", &hint);
        dom::set(field.element(), "data-field", &name);
        let place: Element = dom::within(&element, ".knob-field")?;
        let _ = place.append_child(field.element());
        let (changed, dispatch) = (field.clone(), self.dispatch.clone());
        let set: Rc<dyn Fn()> =
            Rc::new(move || dispatch(Message::KnobSet(setting, changed.value())));
        let kinds = Kinds::make(
            &self.fields,
            setting,
            &title,
            (&place, &field),
            set.clone(),
            catalog,
        );
        let outgoing = matches!(field, Field::Lines(_)).then(|| self.outgoing.list());
        if let Some(list) = &outgoing {
            let _ = element.insert_before(list, Some(&mistake));
        }
        let mut listeners = vec![dom::listen(field.element(), "change", move |_: Event| {
            set();
        })];
        if matches!(field, Field::Lines(_)) || knob.domain() == Domain::Framing {
            let (typed, dispatch) = (field.clone(), self.dispatch.clone());
            listeners.push(dom::listen(field.element(), "input", move |_: Event| {
                dispatch(Message::KnobTyped(setting, typed.value()));
            }));
        }
        if let (Domain::Framing, Field::Input(input)) = (knob.domain(), &field) {
            listeners.extend(framings::suggesting(input));
        }
        let form = match knob.domain() {
            Domain::Framing => Some(self.form(setting)?),
            _ => None,
        };
        if let Some(form) = &form {
            let _ = element.insert_before(form.element(), Some(&mistake));
        }
        Ok(Entry {
            setting,
            element,
            field,
            kinds,
            form,
            outgoing,
            mistake,
            _listeners: listeners,
        })
    }
}

impl Maker {
    /// The form of a framing, which is open.
    fn form(&self, setting: Setting) -> Result<FramingForm, Missing> {
        let dispatch = self.dispatch.clone();
        let changed: framing_form::Changed = Rc::new(move |text, is_set| {
            dispatch(if is_set {
                Message::KnobSet(setting, text)
            } else {
                Message::KnobTyped(setting, text)
            });
        });
        let form = self.forms.form(&setting.to_string(), changed)?;
        dom::set(form.element(), "open", "");
        Ok(form)
    }
}

impl Part {
    fn of(section: &Element, selector: &str) -> Result<Self, Missing> {
        Ok(Self {
            list: dom::within(section, selector)?,
            entries: Vec::new(),
        })
    }
}

impl Section {
    fn show(&mut self, maker: &Maker, state: &State, catalog: &Catalog) {
        let first = self.first.entries.iter_mut();
        for entry in first.chain(&mut self.more.entries) {
            entry.show(&maker.forms, state, catalog);
            let sent = state.outgoing(entry.setting);
            if let (Some(list), Some(sent)) = (&entry.outgoing, sent) {
                maker.outgoing.show(list, &sent, catalog);
            }
        }
        let more = &self.more.entries;
        dom::set_shown(&self.more_frame, !more.is_empty());
        let title = Sentence::new("lab.more").with("n", more.len());
        dom::set_text(&self.more_title, &catalog.render(&title));
        // Once: who closes it again does not want to see it.
        let is_news = more.iter().any(|entry| state.is_own_value(entry.setting));
        if is_news && !self.more_frame.has_attribute(OPENED) {
            dom::set(&self.more_frame, OPENED, "");
            dom::set(&self.more_frame, "open", "");
        }
        if more.iter().any(Entry::is_wrong) {
            dom::set(&self.more_frame, "open", "");
        }
    }
}

impl Entry {
    fn show(&mut self, forms: &framing_form::Templates, state: &State, catalog: &Catalog) {
        let mistake = state.mistake_at(self.setting);
        let set = match &mistake {
            Some(Mistake::Knob(_, typed, _)) => typed.clone(),
            _ => self.setting.get(state.experiment()),
        };
        let typed = state.typed();
        let typed = typed.filter(|(typing, _)| *typing == self.setting);
        let typed = typed.map(|(_, text)| text.as_str());
        let field: &Element = self.field.element();
        // What is being typed is not overwritten.
        if !self.field.is_typed() {
            // In its form, and shown in the short form.
            let typed = typed.filter(|_| self.form.is_some());
            let value = typed.unwrap_or(&set);
            if self.field.value() != value {
                self.field.set_value(value);
            }
        }
        let told = self.form.as_mut().and_then(|form| {
            let shown = framing_form::Shown {
                set: &set,
                typed,
                name: None,
                language: state.language(),
            };
            form.show(forms, &shown, catalog)
        });
        if let Some(kinds) = &self.kinds {
            kinds.show(&set);
        }
        dom::set_bool(field, "aria-invalid", mistake.is_some());
        // Where one of the fields below says it, it is said there.
        dom::set_shown(&self.mistake, mistake.is_some() && told.is_none());
        let Some(mistake) = mistake else {
            let _ = field.remove_attribute("aria-describedby");
            return;
        };
        if told.is_none() {
            dom::set_text(&self.mistake, &mistakes::describe(&mistake, catalog));
        }
        let told = told.unwrap_or_else(|| self.mistake.id());
        dom::set(field, "aria-describedby", &told);
    }
}

impl Entry {
    fn is_wrong(&self) -> bool {
        let field: &Element = self.field.element();
        field.get_attribute("aria-invalid").as_deref() == Some("true")
    }
}

/// Whether it is one of those that are turned most. What the network does is all in sight.
fn is_first(setting: Setting) -> bool {
    let first = [
        Knob::System,
        Knob::Framing,
        Knob::Buffer,
        Knob::ReadDelay,
        Knob::Messages,
        Knob::Gap,
    ];
    setting.knob.group() == Group::Network || first.contains(&setting.knob)
}

/// The name of a setting, or what else its texts have; those of one client's settings may
/// be others than those of the knob for all clients.
fn word(setting: Setting, part: &str, catalog: &Catalog) -> String {
    let key = ["knob.", setting.knob.name()].concat();
    let own = [&key, ".own", part].concat();
    let own = setting.client.and(catalog.template(&own));
    own.map_or_else(|| catalog.text(&[&key, part].concat()), str::to_owned)
}
