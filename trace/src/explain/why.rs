//! Why boundaries are not where the sender put them: one sentence a cause.

use super::Facts;
use crate::cause::{Boundary, Cause, Hold};
use crate::lane::Lane;
use crate::text::Sentence;

impl Facts<'_> {
    /// The boundaries that changed at this event. They lie in order of their
    /// offsets, and those of one event beside each other only on a stream.
    pub(super) fn changed<'a>(&self, lane: &'a Lane) -> impl Iterator<Item = &'a Boundary> {
        let index = self.index;
        let boundaries = lane.boundaries.iter();
        boundaries.filter(move |boundary| boundary.event == index)
    }

    /// The causes of what changed here, each once.
    pub(super) fn causes(&self, lane: &Lane) -> Vec<Sentence> {
        let mut sentences = Vec::new();
        for boundary in self.changed(lane) {
            let Some(sentence) = why(boundary.cause) else {
                continue;
            };
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences
    }
}

/// A cause in words; none where the explanation of the call says it already.
pub fn why(cause: Cause) -> Option<Sentence> {
    Some(match cause {
        Cause::ReaderLate {
            packets: 0,
            waiting,
            ..
        } => Sentence::new("cause.waited-together").with("n", count(waiting)),
        Cause::ReaderLate {
            packets,
            waiting: None,
            ..
        } => Sentence::new("cause.reader-late").with("n", packets),
        Cause::ReaderLate {
            packets,
            waiting: Some(waiting),
            since,
        } => Sentence::new(match since {
            0 => "cause.reader-late.waiting",
            _ => "cause.reader-late.since",
        })
        .with("n", packets)
        .with("waiting", u64::from(waiting))
        .with("since", u64::from(since)),
        Cause::BufferSmall {
            asked,
            waiting: Some(waiting),
        } if waiting > asked => Sentence::new("cause.buffer-small")
            .with("n", u64::from(waiting))
            .with("asked", u64::from(asked)),
        Cause::Merged { hold } => match hold {
            Hold::Nagle => Sentence::new("cause.merged.nagle"),
            Hold::Window { room } => Sentence::new("cause.merged.window").with("room", room),
            Hold::Unknown { nodelay: true } => Sentence::new("cause.merged"),
            Hold::Unknown { nodelay: false } => Sentence::new("cause.merged.unknown"),
        },
        Cause::Split { packets } => Sentence::new("cause.split").with("n", packets),
        Cause::NotYetThere => Sentence::new("cause.not-yet-there"),
        Cause::Unknown => Sentence::new("cause.unknown"),
        Cause::BufferSmall { .. }
        | Cause::DatagramCut { .. }
        | Cause::DatagramDropped
        | Cause::DatagramLost
        | Cause::FragmentLost => {
            return None;
        }
    })
}

fn count(waiting: Option<u32>) -> u64 {
    waiting.map_or(0, u64::from)
}
