//! The search above the table of events: what is wanted, how many events match, and
//! the way from match to match.

use trace::text::{Catalog, Sentence};
use trace::{Call, PartyId, Trace, Transport};
use web_sys::{
    Element, Event, HtmlButtonElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent,
};

use super::rows::{call_name, party_name};
use crate::app::{Message, State};
use crate::dom::{self, Dispatch, Listener, Missing, Template};
use crate::find::Find as Wanted;
use crate::language::Language;

pub(super) struct Find {
    text: HtmlInputElement,
    party: HtmlSelectElement,
    call: HtmlSelectElement,
    packets: HtmlButtonElement,
    count: Element,
    steps: Vec<Element>,
    option: Template,
    /// What the choices were made of, and the choices.
    offered: Option<(Seen, Offered)>,
    _listeners: Vec<Listener>,
}

/// What of a run tells whether there may be other choices.
#[derive(PartialEq, Eq)]
struct Seen {
    run: u32,
    events: usize,
    parties: usize,
    language: Language,
}

/// The choices: values and texts.
#[derive(PartialEq, Eq)]
struct Offered {
    parties: Vec<(String, String)>,
    calls: Vec<(String, String)>,
    has_packets: bool,
}

impl Find {
    pub(super) fn bind(dispatch: &Dispatch) -> Result<Self, Missing> {
        let text: HtmlInputElement = dom::find("find-text")?;
        let party: HtmlSelectElement = dom::find("find-party")?;
        let call: HtmlSelectElement = dom::find("find-call")?;
        let packets: HtmlButtonElement = dom::find("find-packets")?;
        let say = |wanted: Wanted, dispatch: &Dispatch| dispatch(Message::Find(wanted));
        let (typed, told) = (text.clone(), dispatch.clone());
        let (field, entered) = (text.clone(), dispatch.clone());
        let (parties, chosen) = (party.clone(), dispatch.clone());
        let (calls, named) = (call.clone(), dispatch.clone());
        let (pressed, hidden) = (packets.clone(), dispatch.clone());
        let bar: Element = dom::find("find")?;
        let listeners = vec![
            dom::listen(&text, "input", move |_: Event| {
                say(Wanted::Text(typed.value()), &told);
            }),
            dom::listen(&text, "keydown", move |event: KeyboardEvent| {
                match (&*event.key(), event.shift_key()) {
                    _ if event.is_composing() => {}
                    ("Enter", false) => say(Wanted::Next, &entered),
                    ("Enter", true) => say(Wanted::Previous, &entered),
                    // With nothing to clear the keys are the page's again.
                    ("Escape", _) if field.value().is_empty() => drop(field.blur()),
                    _ => {}
                }
            }),
            dom::listen(&party, "change", move |_: Event| {
                let party = parties.value().parse().ok().map(PartyId);
                say(Wanted::Party(party), &chosen);
            }),
            dom::listen(&call, "change", move |_: Event| {
                let name = calls.value();
                let call = Call::ALL.into_iter().find(|call| call.name() == name);
                say(Wanted::Call(call), &named);
            }),
            dom::listen(&packets, "click", move |_: Event| {
                let is_pressed = pressed.get_attribute("aria-pressed");
                let hides = is_pressed.as_deref() != Some("true");
                say(Wanted::HidePackets(hides), &hidden);
            }),
            dom::on_click(&bar, "data-find", dispatch, |step| {
                Some(Message::Find(match step {
                    "previous" => Wanted::Previous,
                    _ => Wanted::Next,
                }))
            }),
        ];
        Ok(Self {
            text,
            party,
            call,
            packets,
            count: dom::find("find-count")?,
            steps: dom::all("[data-find]"),
            option: Template::find("option")?,
            offered: None,
            _listeners: listeners,
        })
    }

    pub(super) fn focus(&self) {
        // Fails only where it is not in the document.
        let _ = self.text.focus();
        self.text.select();
    }

    pub(super) fn show(&mut self, state: &State, catalog: &Catalog) {
        self.offer(state, catalog);
        let criteria = state.search().criteria();
        if self.text.value() != criteria.text {
            self.text.set_value(&criteria.text);
        }
        let party = criteria.party.map(|party| party.0.to_string());
        choose(&self.party, &party.unwrap_or_default());
        choose(&self.call, criteria.call.map_or("", Call::name));
        dom::set_bool(&self.packets, "aria-pressed", criteria.hides_packets);
        let has_packets = self.offered.as_ref().is_some_and(|(_, o)| o.has_packets);
        dom::set_shown(&self.packets, has_packets || criteria.hides_packets);

        let is_bad = state.search().is_not_hex();
        dom::set_bool(&self.text, "aria-invalid", is_bad);
        let found = state.search().found().len();
        let live = if state.player().is_playing() {
            "off"
        } else {
            "polite"
        };
        dom::set(&self.count, "aria-live", live);
        dom::set_text(&self.count, &said(state, catalog));
        for step in &self.steps {
            let is_useless = !state.search().is_active() || found == 0;
            dom::set_bool(step, "aria-disabled", is_useless);
        }
    }

    /// Fills in the parties and the calls that there are.
    fn offer(&mut self, state: &State, catalog: &Catalog) {
        let trace = state.trace();
        let seen = Seen {
            run: state.about().number,
            events: state.events().len(),
            parties: trace.map_or(0, |trace| trace.parties.len()),
            language: state.language(),
        };
        if self.offered.as_ref().is_some_and(|(own, _)| *own == seen) {
            return;
        }
        let offered = offered(trace, catalog);
        let before = self.offered.take().map(|(_, before)| before);
        if before.as_ref() != Some(&offered) {
            self.fill(&self.party, &offered.parties);
            self.fill(&self.call, &offered.calls);
        }
        self.offered = Some((seen, offered));
    }

    fn fill(&self, select: &HtmlSelectElement, choices: &[(String, String)]) {
        dom::clear(select);
        for (value, text) in choices {
            let option: Element = self.option.clone_as();
            dom::set(&option, "value", value);
            dom::set_text(&option, text);
            let _ = select.append_child(&option);
        }
    }
}

fn choose(select: &HtmlSelectElement, value: &str) {
    if select.value() != value {
        select.set_value(value);
    }
}

/// The choices that a run leaves; the first of each is all of them.
fn offered(trace: Option<&Trace>, catalog: &Catalog) -> Offered {
    let all = |key| (String::new(), catalog.text(key));
    let mut offered = Offered {
        parties: vec![all("find.party.all")],
        calls: vec![all("find.call.all")],
        has_packets: false,
    };
    let Some(trace) = trace else { return offered };
    for party in &trace.parties {
        let name = party_name(trace, party.party, catalog);
        offered.parties.push((party.party.0.to_string(), name));
    }
    let mut connections = trace.connections.iter();
    let transport = if connections.all(|c| trace.is_datagrams(c.connection)) {
        Transport::Udp
    } else {
        Transport::Tcp
    };
    for call in Call::ALL {
        if trace.events().iter().any(|event| event.call == call) {
            offered.has_packets |= call.is_packet();
            let text = call_name(call, transport, catalog);
            offered.calls.push((call.name().to_owned(), text));
        }
    }
    offered
}

/// How many events match, and which of them the cursor is at.
fn said(state: &State, catalog: &Catalog) -> String {
    let search = state.search();
    let found = search.found().len();
    if search.is_not_hex() {
        return catalog.text("find.not-hex");
    } else if !search.is_active() {
        return String::new();
    } else if state.is_searching() {
        return catalog.text("find.searching");
    } else if found == 0 {
        return catalog.text("find.none");
    }
    let said = match state.match_at_cursor() {
        Some(at) => Sentence::new("find.at").with("at", at + 1),
        None => Sentence::new("find.count"),
    };
    catalog.render(&said.with("n", found))
}
