//! Calls that failed: which, how often, and what the kernel said.

use trace::explain::speaker;
use trace::lane::Lane;
use trace::rows::Layer;
use trace::text::{Sentence, Time};
use trace::{Call, Event, Trace};

use super::BAD;
use super::screen::Screen;

/// How many calls of a row failed; none of rows that are no calls.
pub(super) fn count(trace: &Trace, lane: &Lane, layer: Layer) -> Option<Sentence> {
    let (call, end) = match layer {
        Layer::Sends => (Call::Send, lane.direction.sender()),
        Layer::Recvs => (Call::Recv, lane.direction.reader()),
        Layer::Packets | Layer::Messages => return None,
    };
    let events = trace.events().iter().filter(|event| event.error.is_some());
    let of_row =
        |event: &&Event| (event.connection, event.call, event.end) == (lane.connection, call, end);
    let count = events.filter(of_row).count();
    (count > 0).then(|| Sentence::new("terminal.failed-count").with("n", count))
}

/// One line for each kind of failure; none where no call failed.
pub(super) fn failed(trace: &Trace, screen: Screen) -> String {
    let mut groups: Vec<Vec<&Event>> = Vec::new();
    for event in trace.events().iter().filter(|event| event.error.is_some()) {
        let kind = |event: &Event| {
            let asked = if event.call == Call::Send {
                event.asked
            } else {
                0
            };
            (event.party, event.call, event.error.clone(), asked)
        };
        match groups
            .iter_mut()
            .find(|group| kind(group[0]) == kind(event))
        {
            Some(group) => group.push(event),
            None => groups.push(vec![event]),
        }
    }
    let mut text = String::new();
    for group in groups {
        let first = group[0];
        let call = first.call.name_on(trace.transport(first.connection));
        let what = Sentence::new("explain.failed")
            .with("who", speaker(trace, first.party))
            .with("call", call.to_owned())
            .with("error", first.error.clone().unwrap_or_default());
        let mut what = screen.say(&what);
        if first.call == Call::Send {
            let asked = u64::from(first.asked);
            let asked = Sentence::new("terminal.failed-asked").with("n", asked);
            what += &screen.text("terminal.between-sentences");
            what += &screen.say(&asked);
        }
        let key = match group.len() {
            1 => "terminal.failed-once",
            _ => "terminal.failed-often",
        };
        let line = Sentence::new(key)
            .with("n", group.len())
            .with("time", Time(first.at).to_string())
            .with("what", what);
        text.push('\n');
        text += &screen.named(BAD, &screen.text("terminal.failed"), &screen.say(&line));
    }
    text
}
