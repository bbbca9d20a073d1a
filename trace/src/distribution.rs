//! Many runs of one experiment: how often each outcome came, and which run is an example
//! of it.
//!
//! Runs are added one by one and not kept; what is kept of them is bounded, however many
//! runs there are and whatever they received.

mod histogram;
mod tally;

use protocol::Nanos;

use crate::lane::Direction;
use crate::lesson::Count;
use crate::link::Ending;
use crate::opponent::Opponent;
use crate::text::{Sentence, Time, grouped};
use crate::{Analysis, Call, Experiment, Trace, order};

pub use histogram::{Bar, of_counts, of_times};
pub use tally::{Found, Sizes, Tally};

/// The experiment of the run behind `before` others: its link chooses other packets each time,
/// by the seeds that follow its own.
pub fn nth(experiment: &Experiment, before: u32) -> Experiment {
    let mut experiment = experiment.clone();
    if let Some(link) = &mut experiment.link {
        link.seed = link.seed.wrapping_add(before.into());
    }
    experiment
}

/// Most distinct sequences of recv sizes that are told apart; the runs with others are
/// counted together.
pub const MOST_SEQUENCES: usize = 64;
/// Most distinct sizes of a recv that are told apart; calls with others are counted together.
pub const MOST_SIZES: usize = 4_096;

/// What many runs came to.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Whose recv calls are counted: those of the end that reads this direction.
    pub direction: Direction,
    /// What is counted in each run, and how often each value came. The recv calls come
    /// first, then what the lesson asks for, if that is something else.
    pub counts: Vec<(Count, Tally)>,
    /// The sizes of the recv calls of a run that returned bytes, in order, one conversation
    /// after the other: how often each sequence came. At most [`MOST_SEQUENCES`].
    pub sequences: Tally<Vec<u32>>,
    /// Runs with other sequences.
    pub other_sequences: u32,
    /// How long each run took, from its first send() to the last recv() that returned bytes,
    /// in the order of the runs; none of a run without such calls.
    pub took: Vec<Option<Nanos>>,
    /// How often a run ended for another reason than that it was finished.
    pub unfinished: u32,
    /// The lesson's wrong decoder.
    duel: Option<Opponent>,
}

/// How long runs took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The shortest of them.
    pub shortest: Nanos,
    /// Half of them took no longer.
    pub median: Nanos,
    /// Nine of ten took no longer.
    pub nine_of_ten: Nanos,
    /// The longest of them.
    pub longest: Nanos,
}

/// What adding a run said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its number, from 1.
    pub run: u32,
    /// Whether it is the example of a sequence of sizes, or of a value of a count.
    pub is_example: bool,
    /// The value of each of [`Distribution::counts`].
    pub counts: Vec<u64>,
    /// The sizes of its recv calls.
    pub sizes: Vec<u32>,
    /// How long it took.
    pub took: Option<Nanos>,
}

impl Distribution {
    /// Of no run yet. `asked` is what a lesson asks for.
    pub fn new(asked: Option<Count>) -> Self {
        let is_reply = matches!(
            asked,
            Some(Count::ClientRecvs | Count::LateReplies | Count::Replied)
        );
        let (direction, recvs) = if is_reply {
            (Direction::FromAcceptor, Count::ClientRecvs)
        } else {
            (Direction::FromOpener, Count::ServerRecvs)
        };
        let counts = std::iter::once(recvs).chain(asked.filter(|count| *count != recvs));
        Self {
            direction,
            counts: counts.map(|count| (count, Tally::new())).collect(),
            sequences: Tally::new(),
            other_sequences: 0,
            took: Vec::new(),
            unfinished: 0,
            duel: None,
        }
    }

    /// With the wrong decoder of the lesson, whose messages [`Count::Agreed`] counts.
    #[must_use]
    pub fn against(self, duel: Option<Opponent>) -> Self {
        Self { duel, ..self }
    }

    /// How many runs were added.
    pub fn runs(&self) -> u32 {
        u32::try_from(self.took.len()).unwrap_or(u32::MAX)
    }

    /// Adds a run that is over.
    pub fn add(&mut self, trace: &Trace, analysis: &Analysis) -> Added {
        let took = took(trace);
        self.took.push(took);
        let run = self.runs();
        if trace.ending() != Some(Ending::Finished) {
            self.unfinished += 1;
        }
        let mut is_example = false;
        let mut counts = Vec::new();
        for (count, tally) in &mut self.counts {
            let value = count.of(trace, analysis, self.duel);
            is_example |= tally.add(value, run);
            counts.push(value);
        }
        let sizes = sizes(trace, analysis, self.direction);
        if self.sequences.len() < MOST_SEQUENCES || self.sequences.get(&sizes).is_some() {
            is_example |= self.sequences.add(sizes.clone(), run);
        } else {
            self.other_sequences += 1;
        }
        Added {
            run,
            is_example,
            counts,
            sizes,
            took,
        }
    }

    /// In how many runs the count at `index` of [`counts`](Self::counts) was `value`.
    pub fn runs_with(&self, index: usize, value: u64) -> u32 {
        let tally = self.counts.get(index).map(|(_, tally)| tally);
        let found = tally.and_then(|tally| tally.get(&value));
        found.map_or(0, |found| found.runs)
    }

    /// The sequences of sizes, the most frequent first; of equally frequent ones that whose
    /// first run came first.
    pub fn ranked(&self) -> Vec<(&[u32], Found)> {
        let mut ranked: Vec<_> = self.sequences.iter().collect();
        order::sort_by_key(&mut ranked, |(_, found)| {
            [u64::from(u32::MAX - found.runs), found.example.into()]
        });
        let ranked = ranked.into_iter();
        ranked.map(|(sizes, found)| (&sizes[..], *found)).collect()
    }

    /// The times that were measured, ascending, each with its run's number.
    pub fn times(&self) -> Vec<(Nanos, u32)> {
        let numbered = self.took.iter().zip(1..);
        let mut times: Vec<_> = numbered
            .filter_map(|(took, run)| Some(((*took)?, run)))
            .collect();
        order::sort_by_key(&mut times, |(took, run)| [took.0, u64::from(*run)]);
        times
    }
}

impl Summary {
    /// Of times in ascending order; none without one.
    pub fn of(times: &[(Nanos, u32)]) -> Option<Self> {
        let at = |part: usize| times.get(times.len().saturating_sub(1) * part / 10);
        Some(Self {
            shortest: at(0)?.0,
            median: at(5)?.0,
            nine_of_ten: at(9)?.0,
            longest: at(10)?.0,
        })
    }

    /// It in words.
    pub fn sentence(&self) -> Sentence {
        let time = |time| Time(time).to_string();
        Sentence::new("times.took-summary")
            .with("least", time(self.shortest))
            .with("median", time(self.median))
            .with("most", time(self.nine_of_ten))
            .with("longest", time(self.longest))
    }
}

/// As many of the sizes as `room` characters have room for, and behind `ellipsis` how many
/// there are if not all are shown.
pub fn joined(sizes: &[u32], room: usize, ellipsis: &str) -> String {
    let (mut text, mut shown) = (String::new(), 0);
    let rest = [" ", ellipsis, " (", &grouped(sizes.len() as u64), ")"].concat();
    for size in sizes {
        let next = size.to_string();
        let is_last = shown + 1 == sizes.len();
        let room = room.saturating_sub(if is_last { 0 } else { rest.chars().count() });
        if text.len() + 1 + next.len() > room {
            break;
        }
        if shown > 0 {
            text.push(' ');
        }
        text += &next;
        shown += 1;
    }
    if shown < sizes.len() {
        text += &rest;
    }
    text
}

/// `part` of `all` in percent, rounded to tenths. What is not all of them is never called
/// 100, and what is not none never 0.
pub fn percent(part: u32, all: u32) -> String {
    let (part, all) = (u64::from(part), u64::from(all));
    match part {
        0 => return "0".to_owned(),
        _ if part >= all => return "100".to_owned(),
        _ => {}
    }
    let tenths = (part * 1_000 + all / 2) / all;
    match tenths {
        0 => "< 0.1".to_owned(),
        1_000.. => "> 99.9".to_owned(),
        _ => format!("{}.{}", tenths / 10, tenths % 10),
    }
}

/// The sizes of the recv calls that returned bytes or an empty datagram.
fn sizes(trace: &Trace, analysis: &Analysis, direction: Direction) -> Vec<u32> {
    let lanes = analysis.lanes.iter();
    let lanes = lanes.filter(|lane| lane.direction == direction);
    let recvs = lanes.flat_map(|lane| &lane.recvs);
    let sizes = recvs.map(|recv| trace.events()[recv.event].len());
    sizes
        .map(|size| u32::try_from(size).unwrap_or(u32::MAX))
        .collect()
}

/// From the first send to the last recv that returned bytes.
fn took(trace: &Trace) -> Option<Nanos> {
    let mut events = trace.events().iter();
    let first = events.find(|event| event.call == Call::Send)?.at;
    let mut events = trace.events().iter().rev();
    let last = events.find(|event| event.call == Call::Recv && !event.is_empty())?;
    Some(Nanos(last.at.0.saturating_sub(first.0)))
}

#[cfg(test)]
mod tests;
