//! Bytes that Nagle's algorithm held back: no boundary need have changed, and
//! still the reader had to wait.

use std::cell::OnceCell;

use crate::{Actor, Call, ClientId, Event, Flags, Trace};

/// A segment's payload if its largest is not known: Ethernet's.
const USUAL_PAYLOAD: usize = 1_460;

/// How many bytes Nagle's algorithm held back just after the send with this
/// event index; none if it held none, or if the kernel was not asked.
///
/// It holds back less than a segment, and only while something is not
/// acknowledged (RFC 896).
pub fn held_back(trace: &Trace, index: usize) -> Option<u32> {
    Held::new(trace).at(index)
}

/// The indices of all events at which bytes were held back, ascending.
pub(super) fn all(trace: &Trace) -> impl Iterator<Item = usize> {
    let held = Held::new(trace);
    (0..trace.events().len()).filter(move |&index| held.at(index).is_some())
}

struct Held<'a> {
    trace: &'a Trace,
    /// Each client's largest payload: looked up once for all events.
    largest: [OnceCell<usize>; 2],
}

impl<'a> Held<'a> {
    fn new(trace: &'a Trace) -> Self {
        let largest = Default::default();
        Self { trace, largest }
    }

    fn at(&self, index: usize) -> Option<u32> {
        let event = self.trace.events().get(index)?;
        let socket = event.socket;
        let unsent = socket.unsent.filter(|&unsent| unsent > 0)?;
        let flying = socket.unacked.unwrap_or(0).saturating_sub(unsent);
        let by_client = event.call == Call::Send && event.actor == event.client.actor();
        let client = self.trace.experiment.client(event.client);
        let held = by_client && flying > 0 && client.is_some_and(|client| client.nagle);
        let largest = || largest_payload(self.trace, event.client);
        let largest = || *self.largest[event.client.index()].get_or_init(largest);
        (held && (unsent as usize) < largest()).then_some(unsent)
    }
}

/// What the server announced to `client` in its SYN.
fn largest_payload(trace: &Trace, client: ClientId) -> usize {
    let syn = |event: &&Event| {
        event.call == Call::Segment
            && event.flags().has(Flags::SYN)
            && event.is_of(client)
            && event.actor == Actor::Server
    };
    let syn = trace.events().iter().find(syn);
    let mss = syn.and_then(|event| event.header.as_ref()?.mss);
    mss.map_or(USUAL_PAYLOAD, usize::from)
}
