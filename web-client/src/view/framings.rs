//! Fields for a framing: what may follow what was typed is suggested, by the list that all
//! of them share.

use record::End;
use trace::framing;
use trace::lane::Direction;
use trace::text::Catalog;
use web_sys::{Element, Event, HtmlInputElement};

use crate::app::State;
use crate::dom::{self, Listener, Missing, Template};
use crate::source::{Listed, Source, mark};

/// The list, as a field's `list` names it.
pub(super) const LIST: &str = "framing-names";

/// Suggests what may follow what stands in `input`, when it is typed into or entered.
pub(super) fn suggesting(input: &HtmlInputElement) -> [Listener; 2] {
    ["input", "focus"].map(|event| {
        let typed = input.clone();
        // Without the list there are no suggestions, and the field works.
        dom::listen(input, event, move |_: Event| drop(suggest(&typed.value())))
    })
}

fn suggest(typed: &str) -> Result<(), Missing> {
    let list: Element = dom::find(LIST)?;
    let option = Template::find("option")?;
    dom::clear(&list);
    for text in framing::suggestions(typed) {
        let entry: Element = option.clone_as();
        dom::set(&entry, "value", &text);
        let _ = list.append_child(&entry);
    }
    Ok(())
}

/// Who sends in a direction of the connection on the stage, and to whom; two of one name
/// with their ports.
pub(super) fn ends(state: &State, direction: Direction) -> String {
    let connection = state.trace().and_then(|trace| trace.connections.first());
    let found = connection.zip(state.source());
    let ends = [direction.sender(), direction.reader()];
    let names = ends.map(|end| {
        let name = found.and_then(|(known, source)| source.end_name(known, end));
        name.unwrap_or("?")
    });
    if names[0] != names[1] {
        return names.join(" → ");
    }
    let ports = ends.map(|end| {
        let address = connection.and_then(|known| known.end(end).address.as_deref());
        let port = address.and_then(|address| address.rsplit_once(':'));
        port.map_or_else(String::new, |(_, port)| [" :", port].concat())
    });
    [names[0], &ports[0], " → ", names[1], &ports[1]].concat()
}

/// The two ends of a connection, whoever opened it first.
pub(super) fn parties(source: &Source, listed: &Listed, catalog: &Catalog) -> String {
    let names = End::ALL.map(|end| {
        let name = source.end_name(&listed.connection, end);
        name.map_or_else(|| catalog.text("actor.unknown"), str::to_owned)
    });
    names.join(" → ")
}

/// Most connections of a list that are looked through for one of the same two programs.
const MOST_COMPARED: usize = 4_096;

/// The same, and what tells it from another connection of the same two programs.
pub(super) fn told_apart(source: &Source, listed: &Listed, catalog: &Catalog) -> String {
    let own = parties(source, listed, catalog);
    let is_same = |other: &&Listed| {
        let name = |of: &Listed, end| source.end_name(&of.connection, end).map(str::to_owned);
        End::ALL
            .into_iter()
            .all(|end| name(listed, end) == name(other, end))
    };
    let all = source.connections().iter().take(MOST_COMPARED);
    if all.filter(is_same).nth(1).is_some() {
        return [&own, " ", &mark(&listed.connection)].concat();
    }
    own
}
