//! A list of names beside the field of a framing or of a link: choosing one sets it, and the
//! field has its settings, of which one may be changed then.

use std::rc::Rc;

use trace::knob::{Domain, Knob, Setting};
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlSelectElement};

use super::fields::{Field, Fields};
use crate::dom::{self, Listener};

/// The list's value where the field has what has no name.
const OWN: &str = "*";

pub(super) struct Kinds {
    domain: Domain,
    select: HtmlSelectElement,
    _listener: Listener,
}

impl Kinds {
    /// The names with which a value of `setting` may begin, in front of its field, which
    /// stands in `place` and is called `name`; none where values have no names. A name
    /// that is chosen is put into the field, and `chosen` is called then.
    pub(super) fn make(
        fields: &Fields,
        setting: Setting,
        name: &str,
        (place, field): (&Element, &Field),
        chosen: Rc<dyn Fn()>,
        catalog: &Catalog,
    ) -> Option<Self> {
        let domain = setting.knob.domain();
        let names = domain.names();
        if names.is_empty() {
            return None;
        }
        let select: HtmlSelectElement = fields.choice.clone_as();
        let same = (setting.knob == Knob::ClientFraming).then_some("");
        for kind in same.into_iter().chain(names).chain([OWN]) {
            let option: Element = fields.option.clone_as();
            dom::set(&option, "value", kind);
            dom::set_text(&option, &title(domain, kind, catalog));
            let _ = select.append_child(&option);
        }
        let label = catalog.text("kind.label");
        // A <label> around two fields is the label of the first.
        dom::set(field.element(), "aria-label", name);
        dom::set(&select, "aria-label", &[name, ": ", &label].concat());
        dom::set(&select, "title", &label);
        dom::set(&select, "data-kinds", setting.knob.name());
        let _ = place.insert_before(&select, Some(field.element()));
        let (list, field) = (select.clone(), field.clone());
        let listener = dom::listen(&select, "change", move |_: Event| {
            let kind = list.value();
            if kind != OWN {
                field.set_value(&kind);
                chosen();
            }
        });
        Some(Self {
            domain,
            select,
            _listener: listener,
        })
    }

    /// The name of what the field has.
    pub(super) fn show(&self, value: &str) {
        let name = self.domain.name_of(value);
        let name = name.or(value.is_empty().then_some(""));
        self.select.set_value(name.unwrap_or(OWN));
    }
}

/// What a name is called.
fn title(domain: Domain, name: &str, catalog: &Catalog) -> String {
    let key = match domain {
        _ if name == OWN => "kind.own".to_owned(),
        _ if name.is_empty() => "kind.same".to_owned(),
        Domain::Framing => ["stage.framing-", name].concat(),
        _ => ["link.", name].concat(),
    };
    catalog.text(&key)
}
