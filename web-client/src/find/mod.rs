//! A search in the events of a run: what is wanted, and what was found so far. It
//! goes on in pieces that take less than a frame. Pure.

mod listed;
mod needle;
#[cfg(test)]
mod tests;

use trace::{Analysis, Call, Event, PartyId, Trace};

pub use listed::Listed;
use needle::Needle;

use crate::scene::Index;

/// Most characters of what is searched for in bytes.
pub const MOST: usize = 64;

/// What one piece of the search may cost: a byte that is read counts 1.
const PIECE: usize = 256 * 1024;
/// What an event counts beside its bytes.
const EVENT: usize = 16;

/// What is asked of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Find {
    /// Go to where one types what is searched for.
    Open,
    /// Find this in the bytes: text, or hexadecimal digits behind `0x`.
    Text(String),
    /// Only what this party called or sent; none: of all.
    Party(Option<PartyId>),
    /// Only this call; none: all.
    Call(Option<Call>),
    /// Leave packets out, or not.
    HidePackets(bool),
    /// Move the cursor to the next match.
    Next,
    /// Move the cursor to the match before.
    Previous,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// What has to be in its bytes or in a message that it completed; text may also be in
    /// its call's name or in its error.
    pub text: String,
    /// Whose it has to be.
    pub party: Option<PartyId>,
    /// Which call it has to be.
    pub call: Option<Call>,
    /// Whether it must not be a packet.
    pub hides_packets: bool,
}

impl Criteria {
    fn admit(&self, event: &Event) -> bool {
        let is_hidden = self.hides_packets && event.call.is_packet();
        !is_hidden
            && self.party.is_none_or(|party| party == event.party)
            && self.call.is_none_or(|call| call == event.call)
    }
}

/// A search, as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct Search {
    criteria: Criteria,
    needle: Option<Needle>,
    is_not_hex: bool,
    found: Vec<usize>,
    /// Places in `found` of the events that completed a message.
    messages: Vec<usize>,
    /// The event that is looked at next.
    next: usize,
    /// How many bytes of that event were read.
    read: usize,
    /// How much of the needle stands at the end of them.
    matched: usize,
    /// Counts up whenever events that were found may no longer be.
    generation: u64,
}

/// Where the next match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// This event.
    At(usize),
    /// Nowhere.
    None,
    /// Not known yet: the search has to go on.
    Unknown,
}

impl Search {
    /// What is wanted.
    pub const fn criteria(&self) -> &Criteria {
        &self.criteria
    }

    /// Whether anything in particular is wanted.
    pub fn is_active(&self) -> bool {
        self.criteria != Criteria::default()
    }

    /// Whether what stands behind `0x` is no sequence of bytes; then no bytes are
    /// searched for.
    pub const fn is_not_hex(&self) -> bool {
        self.is_not_hex
    }

    /// The events that were found so far, ascending.
    pub fn found(&self) -> &[usize] {
        &self.found
    }

    /// Counts up whenever events that were found may no longer be.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether all of so many events were looked at.
    pub const fn is_complete(&self, events: usize) -> bool {
        self.next >= events
    }

    /// What the table lists.
    pub fn listed<'a>(&'a self, trace: &Trace, index: &'a Index) -> Listed<'a> {
        if self.is_active() {
            Listed::Found {
                events: &self.found,
                messages: &self.messages,
            }
        } else {
            Listed::All {
                events: trace.events().len(),
                messages: index.messages(),
            }
        }
    }

    /// Begins anew if something else is wanted; tells whether it is.
    pub(crate) fn set(&mut self, criteria: Criteria) -> bool {
        if criteria == self.criteria {
            return false;
        }
        let needle = Needle::parse(&criteria.text);
        self.is_not_hex = needle.is_err();
        self.needle = needle.unwrap_or_default();
        self.criteria = criteria;
        self.forget(0);
        true
    }

    /// Wants nothing in particular.
    pub(crate) fn clear(&mut self) {
        self.set(Criteria::default());
    }

    /// Events at `from` and behind are no longer what they were.
    pub(crate) fn forget(&mut self, from: usize) {
        if self.next < from {
            return;
        }
        let kept = self.found.partition_point(|&event| event < from);
        self.found.truncate(kept);
        let messages = self.messages.partition_point(|&place| place < kept);
        self.messages.truncate(messages);
        self.next = from;
        self.read = 0;
        self.matched = 0;
        self.generation += 1;
    }

    /// Goes on for less than a frame.
    pub(crate) fn go_on(&mut self, trace: &Trace, analysis: &Analysis, index: &Index) {
        self.go_on_for(PIECE, trace, analysis, index);
    }

    /// The same, for at most so many bytes.
    fn go_on_for(&mut self, piece: usize, trace: &Trace, analysis: &Analysis, index: &Index) {
        let mut left = piece;
        while let Some(event) = trace.events().get(self.next) {
            if left == 0 {
                return;
            }
            left = left.saturating_sub(EVENT);
            let completes = index.messages().binary_search(&self.next).is_ok();
            let wanted = self.criteria.admit(event);
            let is_found = match &self.needle {
                Some(needle) if wanted => {
                    let bodies = completes.then(|| bodies(analysis, event, self.next));
                    let bodies = bodies.into_iter().flatten();
                    let words = needle.is_text().then(|| words(trace, event));
                    let words = words.into_iter().flatten().map(str::as_bytes);
                    let parts = words.chain([&event.bytes[..]]).chain(bodies);
                    let state = (&mut self.read, &mut self.matched);
                    match read(needle, parts, state, &mut left) {
                        Some(is_found) => is_found,
                        None => return,
                    }
                }
                _ => wanted,
            };
            if is_found {
                if completes {
                    self.messages.push(self.found.len());
                }
                self.found.push(self.next);
            }
            self.next += 1;
            self.read = 0;
            self.matched = 0;
        }
    }

    /// The match behind the event that the cursor stands behind at `step`, or the one
    /// before it; behind the last comes the first. `events` is how many there are.
    pub fn neighbour(&self, step: usize, is_before: bool, events: usize) -> Match {
        let is_complete = self.is_complete(events);
        let before = self.found.partition_point(|&event| event + 1 < step);
        let behind = self.found.partition_point(|&event| event < step);
        let (near, around) = if is_before {
            let is_certain = self.next + 1 >= step;
            let near = before.checked_sub(1).filter(|_| is_certain);
            (near.map(|at| self.found[at]), self.found.last().copied())
        } else {
            (self.found.get(behind).copied(), self.found.first().copied())
        };
        match near.or(around.filter(|_| is_complete)) {
            Some(event) => Match::At(event),
            None if is_complete => Match::None,
            None => Match::Unknown,
        }
    }
}

/// What the table says of an event beside its bytes: the call's name, and its error.
fn words<'a>(trace: &Trace, event: &'a Event) -> impl Iterator<Item = &'a str> + use<'a> {
    let name = event.call.name_on(trace.transport(event.connection));
    [Some(name), event.error.as_deref()].into_iter().flatten()
}

/// The messages that an event completed.
fn bodies<'a>(
    analysis: &'a Analysis,
    event: &Event,
    at: usize,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let lane = analysis.lane_of(event);
    let messages = lane.map_or(&[][..], |lane| &lane.messages);
    let first = messages.partition_point(|message| message.event < at);
    let own = messages[first..].iter();
    let own = own.take_while(move |message| message.event == at);
    own.map(|message| &message.frame.body[..])
}

/// Reads on in `parts`, of which so many bytes were read before, as far as `left`
/// allows: whether the needle is in one of them, or none if that is not known yet.
fn read<'a>(
    needle: &Needle,
    parts: impl Iterator<Item = &'a [u8]>,
    (read, matched): (&mut usize, &mut usize),
    left: &mut usize,
) -> Option<bool> {
    let mut start = 0;
    for part in parts {
        if *read == start {
            *matched = 0;
        }
        let rest = part.get(*read - start..).unwrap_or_default();
        let piece = &rest[..rest.len().min(*left)];
        *read += piece.len();
        *left -= piece.len();
        if needle.is_in(piece, matched) {
            return Some(true);
        }
        if piece.len() < rest.len() {
            return None;
        }
        start += part.len();
    }
    Some(false)
}
