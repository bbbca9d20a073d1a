//! Fields for the values of knobs: one kind of element for each kind of value.

use protocol::framing::Values;
use trace::knob::{Domain, Knob};
use trace::text::Catalog;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

use super::framings;
use crate::dom::{self, Missing, Template};
use crate::scene::knob_value;

/// What the value of a field for numbers is while something stands in it that is none, such as
/// `1e`: the browser gives no value then, as if nothing stood there.
pub(super) const NO_NUMBER: &str = "?";

/// What fields are made from.
pub(super) struct Fields {
    number: Template,
    text: Template,
    pub(super) choice: Template,
    lines: Template,
    pub(super) option: Template,
}

/// A field.
#[derive(Clone)]
pub(super) enum Field {
    Input(HtmlInputElement),
    Choice(HtmlSelectElement),
    Lines(HtmlTextAreaElement),
}

impl Field {
    /// The element.
    pub(super) fn element(&self) -> &HtmlElement {
        match self {
            Self::Input(input) => input,
            Self::Choice(select) => select,
            Self::Lines(area) => area,
        }
    }

    /// What stands in it; [`NO_NUMBER`] where that is no number in a field for numbers.
    pub(super) fn value(&self) -> String {
        match self {
            Self::Input(_) if self.is_no_number() => NO_NUMBER.to_owned(),
            Self::Input(input) => input.value(),
            Self::Choice(select) => select.value(),
            Self::Lines(area) => area.value(),
        }
    }

    /// Whether something stands in it that is no number, in a field for numbers.
    pub(super) fn is_no_number(&self) -> bool {
        matches!(self, Self::Input(input) if is_no_number(input))
    }

    /// Whether something is being typed in it, which is not overwritten. A list is none to type
    /// in.
    pub(super) fn is_typed(&self) -> bool {
        let own: &Element = self.element();
        let active = dom::document().active_element();
        !matches!(self, Self::Choice(_)) && active.is_some_and(|active| active == *own)
    }

    /// Has it show this value.
    pub(super) fn set_value(&self, value: &str) {
        match self {
            Self::Input(input) => input.set_value(value),
            Self::Choice(select) => select.set_value(value),
            Self::Lines(area) => area.set_value(value),
        }
    }
}

/// Whether something stands in a field that the browser takes for no number. Nothing at all is
/// no mistake to it.
pub(super) fn is_no_number(input: &HtmlInputElement) -> bool {
    input.value().is_empty() && input.matches(":invalid").unwrap_or(false)
}

impl Fields {
    pub(super) fn find() -> Result<Self, Missing> {
        Ok(Self {
            number: Template::find("field-number")?,
            text: Template::find("field-text")?,
            choice: Template::find("field-choice")?,
            lines: Template::find("field-lines")?,
            option: Template::find("option")?,
        })
    }

    /// A field for the values of `knob`.
    pub(super) fn make(&self, knob: Knob, catalog: &Catalog) -> Field {
        let Self { text, lines, .. } = self;
        match knob.domain() {
            Domain::Number { least, most, .. } => {
                self.number(&least.to_string(), &most.to_string())
            }
            Domain::Choice(words) => self.choose(
                words
                    .iter()
                    .map(|word| (*word, knob_value(knob, word, catalog))),
            ),
            Domain::Framing => {
                let input: HtmlInputElement = text.clone_as();
                dom::set(&input, "list", framings::LIST);
                Field::Input(input)
            }
            Domain::Text { .. } | Domain::Link(_) | Domain::Sizes { .. } => {
                Field::Input(text.clone_as())
            }
            Domain::Lines { .. } => Field::Lines(lines.clone_as()),
        }
    }
}

impl Fields {
    /// A field for the values of a framing's setting.
    pub(super) fn of_setting(&self, values: Values, catalog: &Catalog) -> Field {
        match values {
            Values::Flag => {
                let words = [("true", "choice.on"), ("false", "choice.off")];
                self.choose(words.map(|(word, key)| (word, catalog.text(key))))
            }
            Values::Number { least, most } => self.number(&least.to_string(), &most.to_string()),
            Values::Words(words) => {
                self.choose(words.iter().map(|word| (*word, (*word).to_owned())))
            }
            Values::Optional(Values::Words(words)) => {
                let unset = ("", catalog.text("setting.unset"));
                let words = words.iter().map(|word| (*word, (*word).to_owned()));
                self.choose([unset].into_iter().chain(words))
            }
            Values::Optional(values) => self.of_setting(*values, catalog),
            Values::Byte | Values::Bytes { .. } => Field::Input(self.text.clone_as()),
            Values::Alternatives { .. } => {
                let area: HtmlTextAreaElement = self.lines.clone_as();
                dom::set(&area, "rows", "2");
                Field::Lines(area)
            }
        }
    }

    fn number(&self, least: &str, most: &str) -> Field {
        let input: HtmlInputElement = self.number.clone_as();
        dom::set(&input, "min", least);
        dom::set(&input, "max", most);
        Field::Input(input)
    }

    /// A list of words, each with what it is called.
    fn choose<'a>(&self, words: impl IntoIterator<Item = (&'a str, String)>) -> Field {
        let select: HtmlSelectElement = self.choice.clone_as();
        for (word, name) in words {
            let option: Element = self.option.clone_as();
            dom::set(&option, "value", word);
            dom::set_text(&option, &name);
            let _ = select.append_child(&option);
        }
        Field::Choice(select)
    }
}

/// The kind of values, as in `data-kind`.
pub(super) const fn kind_name(domain: Domain) -> &'static str {
    match domain {
        Domain::Number { .. } => "number",
        Domain::Choice(_) => "choice",
        Domain::Text { .. } | Domain::Link(_) | Domain::Sizes { .. } => "text",
        Domain::Framing => "framing",
        Domain::Lines { .. } => "lines",
    }
}
