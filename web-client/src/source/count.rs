//! What is counted of each connection of a list, one after the other: boundaries that changed,
//! and whether the framing fails. And which framing that is.

use capture::Choice;
use protocol::Framing;
use record::{End, Party, PartyId};
use trace::rows::Rows;
use trace::{Analysis, Setup, Trace};

use super::{Changed, Listed, MAX_EVENTS, Source};

/// Most events of one connection whose changed boundaries are counted for the list.
const MOST_COUNTED: usize = 20_000;
/// What may be counted in a frame: so many events, of which a connection costs a few and every so
/// many bytes one.
const COST_OF_A_FRAME: u64 = 5_000;
const COST_OF_ONE: u64 = 10;
const BYTES_OF_AN_EVENT: u64 = 1_024;

impl Source {
    /// What is known of the connection on the stage is this; and of the others to the same
    /// address of which nothing else was said.
    pub fn set_setup(&mut self, setup: Setup) {
        let Some(at) = self.shown.and_then(|shown| self.find(shown).ok()) else {
            return;
        };
        let alike = self.alike(self.connections[at].connection.connection);
        let address = self.connections[at].connection.acceptor.address.clone();
        self.connections[at].setup = Some(setup.clone());
        if let Some(address) = address {
            self.said.retain(|(other, _)| *other != address);
            self.said.push((address, setup));
        }
        for listed in &mut self.connections {
            // Its messages are others.
            if alike.binary_search(&listed.connection.connection).is_ok() {
                (listed.counted, listed.fails) = (0, false);
            }
        }
    }

    /// What is known of a connection beside its events.
    pub(super) fn setup_of<'a>(&'a self, listed: &'a Listed) -> &'a Setup {
        let address = listed.connection.acceptor.address.as_ref();
        let mut said = self.said.iter();
        let said = said.find(|(other, _)| Some(other) == address);
        let said = said.map(|(_, setup)| setup);
        listed.setup.as_ref().or(said).unwrap_or(&self.setup)
    }

    /// Whether something of it can be counted, and was not since there is news.
    fn is_uncounted(&self, listed: &Listed) -> bool {
        let events = listed.events.len();
        let counts = listed.is_watched() || is_framed(self.setup_of(listed));
        counts && listed.counted < events && events <= MOST_COUNTED
    }

    /// Whether the events of a capture are still to be read, because a framing is known.
    fn is_unread(&self) -> bool {
        !self.is_read && self.connections.iter().any(|l| is_framed(self.setup_of(l)))
    }

    /// Whether there is a connection whose changed boundaries are still to be counted, or on
    /// which the framing is still to be tried.
    pub fn has_uncounted(&self) -> bool {
        self.is_unread() || self.connections.iter().any(|l| self.is_uncounted(l))
    }

    /// Counts the changed boundaries of connections that have news, and tries the framing on
    /// them, as many as there is time for in a frame. Whether there was one.
    pub fn count_next(&mut self) -> bool {
        if self.is_unread() {
            self.read_all();
            return true;
        }
        let (mut left, mut has_counted) = (COST_OF_A_FRAME, false);
        for at in 0..self.connections.len() {
            if left > 0 && self.is_uncounted(&self.connections[at]) {
                left = left.saturating_sub(self.count(at));
                has_counted = true;
            }
        }
        has_counted
    }

    /// Counts those of one connection, and tries the framing on it. What that costs.
    fn count(&mut self, at: usize) -> u64 {
        let listed = &self.connections[at];
        let parties = self.parties_of(listed);
        let trace = Trace::of_record(self.part(listed, parties), self.setup_of(listed).clone());
        let mut changed = Changed::default();
        let mut fails = false;
        for lane in &Analysis::new(&trace).lanes {
            let (glued, split) = Rows::at_the_end(&trace, lane).glued_and_split();
            changed.glued += glued;
            changed.split += split;
            fails |= lane.failure.is_some() || !lane.damages.is_empty();
        }
        let listed = &mut self.connections[at];
        listed.counted = listed.events.len();
        listed.changed = listed.is_watched().then_some(changed);
        listed.fails = fails;
        let bytes: u64 = listed.summary.bytes.iter().sum();
        COST_OF_ONE + listed.events.len() as u64 + bytes / BYTES_OF_AN_EVENT
    }

    /// The parties that a connection and its events name.
    fn parties_of(&self, listed: &Listed) -> Vec<Party> {
        let ends = End::ALL.into_iter();
        let ends = ends.filter_map(|end| listed.connection.end(end).party);
        let mut named: Vec<PartyId> = ends.collect();
        for event in &listed.events {
            if !named.contains(&event.party) {
                named.push(event.party);
            }
        }
        named.sort_unstable();
        named.dedup();
        let named = named.into_iter().filter_map(|party| {
            let found = self.parties.binary_search_by_key(&party, |p| p.party);
            found.ok().map(|at| self.parties[at].clone())
        });
        named.collect()
    }

    /// Reads the events of a capture. Of one with more packets than the page takes the framing
    /// is tried on the connection on the stage alone.
    fn read_all(&mut self) {
        self.is_read = true;
        let Some(content) = &self.capture else {
            return;
        };
        let Ok(contents) = capture::read(content, Choice::All, MAX_EVENTS) else {
            return;
        };
        for event in contents.record.events() {
            if let Ok(at) = self.find(event.connection) {
                self.connections[at].events.push(event.clone());
            }
        }
    }
}

/// Whether a framing was given or chosen for one direction.
fn is_framed(setup: &Setup) -> bool {
    let framings = [&setup.opener_framing, &setup.acceptor_framing];
    let mut known = framings.into_iter().flatten();
    known.any(|framing| *framing != Framing::None)
}
