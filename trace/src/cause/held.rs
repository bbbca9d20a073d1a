//! Bytes that Nagle's algorithm held back: no boundary need have changed, and
//! still the reader had to wait.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::{Call, ConnectionId, End, Event, Flags, Trace};

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
pub(crate) fn all(trace: &Trace) -> impl Iterator<Item = usize> {
    let held = Held::new(trace);
    (0..trace.events().len()).filter(move |&index| held.at(index).is_some())
}

struct Held<'a> {
    trace: &'a Trace,
    /// Each sender's largest payload: looked up once for all events.
    largest: RefCell<HashMap<(ConnectionId, End), usize>>,
}

impl<'a> Held<'a> {
    fn new(trace: &'a Trace) -> Self {
        let largest = RefCell::default();
        Self { trace, largest }
    }

    fn at(&self, index: usize) -> Option<u32> {
        let event = self.trace.events().get(index)?;
        let socket = event.socket;
        let unsent = socket.unsent.filter(|&unsent| unsent > 0)?;
        let flying = socket.unacked.unwrap_or(0).saturating_sub(unsent);
        let nagle = event.call == Call::Send && trace_has_nagle(self.trace, event);
        let largest = || {
            let mut known = self.largest.borrow_mut();
            let known = known.entry((event.connection, event.end));
            *known.or_insert_with(|| largest_payload(self.trace, event))
        };
        (nagle && flying > 0 && (unsent as usize) < largest()).then_some(unsent)
    }
}

/// Whether the sender is known to have Nagle's algorithm on.
fn trace_has_nagle(trace: &Trace, event: &Event) -> bool {
    trace.nagle(event.connection, event.end) == Some(true)
}

/// What the other end announced to the sender of `send` in its SYN.
fn largest_payload(trace: &Trace, send: &Event) -> usize {
    let syn = |event: &&Event| {
        event.call == Call::Segment
            && event.flags().has(Flags::SYN)
            && event.connection == send.connection
            && event.end == send.end.other()
    };
    let syn = trace.events().iter().find(syn);
    let mss = syn.and_then(|event| event.header.as_ref()?.mss);
    mss.map_or(USUAL_PAYLOAD, usize::from)
}
