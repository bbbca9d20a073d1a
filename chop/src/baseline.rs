//! What a program does as is, and whether a run under a schedule differs from it.

use crate::difference::Difference;
use crate::observation::{Closing, Connected, Exit, Observation, Outcome};
use crate::printed::Printed;
use crate::schedule::{Place, Stream};
use crate::template::{Masks, Template};

/// What a program does as is, learned from several runs. What differs between those is masked.
#[derive(Clone, Debug)]
pub struct Baseline {
    masks: Masks,
    first: Observation,
    sent: Vec<Template>,
    received: Vec<Template>,
    output: Printed,
    errors: Printed,
    closings: Vec<Vec<Closing>>,
    exits: Vec<Exit>,
    deaths: Vec<Vec<i32>>,
    /// In which pieces each of the runs received what it did.
    pieces: Vec<Vec<Vec<u64>>>,
}

/// Most ways in which what is received came in pieces that are kept.
const MOST_WAYS: usize = 64;

impl Baseline {
    /// One run is known; of its output only what `masks` leave counts.
    pub fn new(first: Observation, masks: Masks) -> Self {
        // Connections, and threads, may come in any order; only threads write into each other's
        // lines.
        let is_unordered = first
            .are_writers
            .map(|are| are || first.connections.len() > 1);
        Self {
            sent: first
                .connections
                .iter()
                .map(|connected| Template::new(&masks.apply(&connected.sent)))
                .collect(),
            received: first
                .connections
                .iter()
                .map(|connected| Template::new(&connected.received))
                .collect(),
            output: Printed::new(
                masks.apply(&first.output),
                is_unordered[0],
                first.are_writers[0],
            ),
            errors: Printed::new(
                masks.apply(&first.errors),
                is_unordered[1],
                first.are_writers[1],
            ),
            closings: first
                .connections
                .iter()
                .map(|connected| vec![connected.closing.clone()])
                .collect(),
            exits: vec![first.exit],
            deaths: vec![first.deaths.clone()],
            pieces: vec![pieces(&first)],
            first,
            masks,
        }
    }

    /// What does not count of its output, and of what it sends.
    pub const fn masks(&self) -> &Masks {
        &self.masks
    }

    /// One more run as is. False if it made another number of connections: then nothing can
    /// be compared.
    pub fn learn(&mut self, run: &Observation) -> bool {
        if !self.is_comparable(run) {
            return false;
        }
        let order = self.order(run);
        for (index, found) in order.iter().enumerate() {
            let connected = &run.connections[*found];
            self.sent[index].learn(&self.masks.apply(&connected.sent));
            self.received[index].learn(&connected.received);
            if !self.closings[index].contains(&connected.closing) {
                self.closings[index].push(connected.closing.clone());
            }
        }
        self.output.learn(&self.masks.apply(&run.output));
        self.errors.learn(&self.masks.apply(&run.errors));
        if !self.exits.contains(&run.exit) {
            self.exits.push(run.exit);
        }
        if !self.deaths.contains(&run.deaths) {
            self.deaths.push(run.deaths.clone());
        }
        let pieces = pieces(run);
        if self.pieces.len() < MOST_WAYS && !self.pieces.contains(&pieces) {
            self.pieces.push(pieces);
        }
        true
    }

    /// Whether a run can be compared at all: it made as many connections, and came to its end.
    pub fn is_comparable(&self, run: &Observation) -> bool {
        run.connections.len() == self.sent.len() && run.outcome == Outcome::Finished
    }

    /// Whether a run as is differs, and has received what it did in other pieces than any before,
    /// as they come by chance: it may differ for that, which is the mistake that is looked for, and
    /// nothing is to be learnt of it.
    pub fn is_moot(&self, run: &Observation) -> bool {
        let is_other = || {
            let mut differences = self.compare(run).into_iter();
            differences.any(|difference| !difference.is_order())
        };
        self.is_comparable(run)
            && !self.has_stopped_moving(run)
            && !self.pieces.contains(&pieces(run))
            && is_other()
    }

    /// Whether a run moves no byte where the first one did.
    fn has_stopped_moving(&self, run: &Observation) -> bool {
        let moves = |run: &Observation| run.streams().iter().any(|stream| !stream.bytes.is_empty());
        moves(&self.first) && !moves(run)
    }

    /// Whether a run as is differs so much that what is around the program has changed, such as
    /// a server that it talks to and that has ended: it moves no byte where the first run did,
    /// or exits as none did before. Nothing is to be learnt of it.
    pub fn is_strange(&self, run: &Observation) -> bool {
        !self.exits.contains(&run.exit) || self.has_stopped_moving(run)
    }

    /// The first run.
    pub const fn first(&self) -> &Observation {
        &self.first
    }

    /// What the program received and sent in the first run.
    pub fn streams(&self) -> Vec<Stream> {
        self.first.streams()
    }

    /// How many places are masked because runs as is differ there.
    pub fn masked(&self) -> usize {
        let sent: usize = self.sent.iter().map(Template::masked).sum();
        let endings = self.closings.iter().filter(|known| known.len() > 1).count();
        let printed = [&self.output, &self.errors].map(|printed| printed.template().masked());
        sent + printed.into_iter().sum::<usize>() + endings
    }

    /// Whether so much differs between runs as is that nothing is left to compare.
    pub fn is_loose(&self) -> bool {
        let has_sent = self
            .first
            .connections
            .iter()
            .any(|one| !one.sent.is_empty());
        let sent = !has_sent || self.sent.iter().any(Template::is_loose);
        let output = self.first.output.is_empty() || self.output.template().is_loose();
        let is_some = self.output.template().is_loose() || self.sent.iter().any(Template::is_loose);
        sent && output && is_some
    }

    /// What a program sends at a place as is.
    pub fn sent_at(&self, place: Place) -> Option<&Template> {
        let mut connections = self.first.connections.iter();
        let index = connections.position(|connected| connected.place == place)?;
        self.sent.get(index)
    }

    /// What a program receives as is, on each of the connections of the first run.
    pub fn received(&self) -> &[Template] {
        &self.received
    }

    /// What a program writes to standard output as is.
    pub const fn output(&self) -> &Template {
        self.output.template()
    }

    /// Whether the order of the lines that it writes to standard output is chance.
    pub const fn is_unordered(&self) -> bool {
        self.output.is_unordered()
    }

    /// In what a run differs; nothing if it does not.
    pub fn compare(&self, run: &Observation) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut known_deaths = self.deaths.iter();
        if !known_deaths.any(|known| *known == run.deaths)
            && let Some(signal) = run.deaths.first()
        {
            found.push(Difference::Crash(*signal));
        }
        match (run.exit, run.outcome) {
            (_, Outcome::Hung) => found.push(Difference::Hangs),
            (_, Outcome::Spun) => found.push(Difference::Spins),
            (Exit::Signal(signal), Outcome::Finished) if !self.exits.contains(&run.exit) => {
                found.push(Difference::Crash(signal));
            }
            (exit, Outcome::Finished) if !self.exits.contains(&exit) => {
                found.push(Difference::Exit([self.first.exit, exit]));
            }
            _ => {}
        }
        let counts = [self.sent.len(), run.connections.len()];
        if counts[0] != counts[1] {
            found.push(Difference::Connections(counts));
        }
        for (index, other) in self.order(run).into_iter().enumerate() {
            let expected = &self.first.connections[index];
            let connected = &run.connections[other];
            if !self.sent[index].fits(&self.masks.apply(&connected.sent)) {
                found.push(Difference::Sent {
                    place: connected.place,
                    expected: expected.sent.clone(),
                    found: connected.sent.clone(),
                });
            }
            // Why it is open still is said already.
            let is_over = run.outcome == Outcome::Finished;
            if is_over && !self.closings[index].contains(&connected.closing) {
                found.push(Difference::Closing {
                    place: connected.place,
                    expected: expected.closing.clone(),
                    found: connected.closing.clone(),
                });
            }
        }
        let [output, errors] = run.are_writers;
        let misfit = self.output.misfit(&self.masks.apply(&run.output), output);
        if let Some(misfit) = misfit {
            found.push(Difference::Output {
                expected: misfit.expected,
                found: misfit.found,
                is_order: misfit.is_order,
            });
        }
        let misfit = self.errors.misfit(&self.masks.apply(&run.errors), errors);
        if let Some(misfit) = misfit {
            found.push(Difference::Errors {
                expected: misfit.expected,
                found: misfit.found,
                is_order: misfit.is_order,
            });
        }
        found
    }

    /// For each connection as is the one of a run that it is compared with: as far as
    /// there are any, one that fits, or else the next one.
    fn order(&self, run: &Observation) -> Vec<usize> {
        let mut free: Vec<usize> = (0..run.connections.len()).collect();
        let fits = |index: usize, connected: &Connected| {
            let expected = &self.first.connections[index];
            expected.place.end == connected.place.end
                && self.sent[index].fits(&self.masks.apply(&connected.sent))
                && self.closings[index].contains(&connected.closing)
        };
        let mut chosen = vec![None; self.sent.len()];
        for (index, choice) in chosen.iter_mut().enumerate() {
            let mut places = free.iter();
            // The one with the same number, if it fits.
            let same = free
                .iter()
                .position(|other| *other == index && fits(index, &run.connections[*other]));
            let found =
                same.or_else(|| places.position(|other| fits(index, &run.connections[*other])));
            *choice = found.map(|at| free.remove(at));
        }
        for choice in &mut chosen {
            if choice.is_none() && !free.is_empty() {
                *choice = Some(free.remove(0));
            }
        }
        chosen.into_iter().flatten().collect()
    }
}

/// Behind which bytes the calls of each connection that received have ended, in no order of
/// connections.
fn pieces(run: &Observation) -> Vec<Vec<u64>> {
    let connections = run.connections.iter();
    let mut pieces: Vec<_> = connections.map(|one| one.received_ends.clone()).collect();
    pieces.sort_unstable();
    pieces
}

#[cfg(test)]
mod tests;
