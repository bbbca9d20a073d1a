//! The search in the events: what is wanted, and the cursor that goes from match
//! to match.

use super::{Effect, Message, State};
use crate::find::{Find, Listed, MOST, Match, Search};

impl State {
    /// The search in the events.
    pub const fn search(&self) -> &Search {
        &self.search
    }

    /// What the table of events lists.
    pub fn listed(&self) -> Listed<'_> {
        let none = Listed::All {
            events: 0,
            messages: &[],
        };
        let trace = self.trace();
        trace.map_or(none, |trace| self.search.listed(trace, self.index()))
    }

    /// Whether there are events that the search has not looked at yet.
    pub fn is_searching(&self) -> bool {
        self.search.is_active() && !self.search.is_complete(self.events().len())
    }

    /// Which of the events that were found the cursor stands behind, from 0.
    pub fn match_at_cursor(&self) -> Option<usize> {
        let current = self.step().checked_sub(1)?;
        self.search.found().binary_search(&current).ok()
    }

    /// Tells whether anything that can be seen changed.
    pub(super) fn find(&mut self, find: Find, effects: &mut Vec<Effect>) -> bool {
        let mut criteria = self.search.criteria().clone();
        match find {
            Find::Open => {
                effects.push(Effect::FocusSearch);
                return false;
            }
            Find::Next => return self.go_to_match(false, effects),
            Find::Previous => return self.go_to_match(true, effects),
            Find::Text(text) => criteria.text = text.chars().take(MOST).collect(),
            Find::Party(party) => criteria.party = party,
            Find::Call(call) => criteria.call = call,
            Find::HidePackets(hides) => criteria.hides_packets = hides,
        }
        self.seeking = None;
        self.search.set(criteria)
    }

    pub(super) fn clear_search(&mut self) {
        self.seeking = None;
        self.search.clear();
    }

    /// Moves the cursor to the next match, or to the one before it, as soon as that
    /// is known.
    fn go_to_match(&mut self, is_before: bool, effects: &mut Vec<Effect>) -> bool {
        self.seeking = None;
        if !self.search.is_active() {
            return false;
        }
        let events = self.events().len();
        match self.search.neighbour(self.step(), is_before, events) {
            Match::At(event) => self.navigate(&Message::StepTo(event + 1), effects),
            Match::None => false,
            Match::Unknown => {
                self.seeking = Some(is_before);
                false
            }
        }
    }

    /// Goes on with the search for less than a frame; tells whether it did.
    pub(super) fn go_on_searching(&mut self, effects: &mut Vec<Effect>) -> bool {
        let Some(trace) = self.trace.as_ref().filter(|_| self.is_searching()) else {
            return false;
        };
        let derived = &self.derived;
        self.search.go_on(trace, &derived.analysis, &derived.index);
        if let Some(is_before) = self.seeking {
            self.go_to_match(is_before, effects);
        }
        true
    }
}
