//! What both decoders are given: a direction's bytes, and in which chunks.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use protocol::{Nanos, Offset};

use crate::guess::is_ended;
use crate::lane::{Lane, Span};
use crate::{Flags, Trace};

/// How long nothing comes until a decoder that goes by silence takes a message for complete,
/// unless it is told otherwise.
pub const SILENCE: Nanos = Nanos::from_millis(50);

/// Most sizes of chunks that are listed.
const MOST_SIZES: usize = 1024;

/// In which chunks the bytes come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cuts {
    /// As they were received.
    #[default]
    Recorded,
    /// All at once.
    Whole,
    /// In chunks of these sizes in bytes, none of them 0; those behind the last have its size.
    Sizes(Vec<usize>),
}

/// Not a way to cut a stream into chunks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" says no chunks: write recorded, whole, a size in bytes such as 4, or sizes such as 1,4,3"
)]
pub struct NoCuts(String);

impl FromStr for Cuts {
    type Err = NoCuts;
    fn from_str(text: &str) -> Result<Self, NoCuts> {
        match text {
            "recorded" => return Ok(Self::Recorded),
            "whole" => return Ok(Self::Whole),
            _ => {}
        }
        let size = |word: &str| word.parse().ok().filter(|size| *size > 0);
        let sizes: Option<Vec<usize>> = text.split(',').take(MOST_SIZES + 1).map(size).collect();
        let sizes = sizes.filter(|sizes| sizes.len() <= MOST_SIZES);
        let no_cuts = || NoCuts(text.chars().take(40).collect());
        Ok(Self::Sizes(sizes.ok_or_else(no_cuts)?))
    }
}

impl fmt::Display for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded => f.write_str("recorded"),
            Self::Whole => f.write_str("whole"),
            Self::Sizes(sizes) => {
                let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
                f.write_str(&sizes.join(","))
            }
        }
    }
}

/// What the chunks of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the reader's recvs returned.
    Recvs,
    /// Segments: the reader's calls were not watched.
    Segments,
    /// Sends: neither the reader nor packets were watched.
    Sends,
    /// Sizes that were asked for.
    Chosen,
}

impl Source {
    /// What one of them is called: a key of the catalog.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Recvs => "duel.chunk.recv",
            Self::Segments => "duel.chunk.segment",
            Self::Sends => "duel.chunk.send",
            Self::Chosen => "duel.chunk.chosen",
        }
    }
}

/// Bytes that come at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What it is: a key of the catalog.
    pub what: &'static str,
    /// Which of them, from 1.
    pub number: usize,
    /// Its bytes in the stream.
    pub range: Range<usize>,
    /// Index of the event that it came with.
    pub event: Option<usize>,
    /// Behind it nothing came for a while.
    pub is_pause_behind: bool,
}

/// One direction of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Its bytes from the first one, without a gap.
    pub bytes: &'a [u8],
    /// Where messages begin: behind a handshake.
    pub start: usize,
    /// What the chunks are.
    pub source: Source,
    /// Where segments with PSH end, ascending; none if no packets were captured.
    pub pushes: Option<Vec<usize>>,
    /// It is known when chunks came.
    pub is_timed: bool,
    /// The bytes end where the stream ended.
    pub is_whole: bool,
    chunks: Vec<Recorded>,
    sizes: Vec<usize>,
}

/// A chunk as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Recorded {
    number: usize,
    end: usize,
    event: usize,
    is_pause_behind: bool,
}

impl<'a> Stream<'a> {
    /// The stream of a lane that is none of datagrams. Silence is `silence` long.
    pub fn of(trace: &Trace, lane: &'a Lane, cuts: &Cuts, silence: Nanos) -> Self {
        let known = lane.bytes.front();
        let handshake = lane.messages.iter();
        let mut handshake = handshake.filter(|message| message.kind.is_of_the_handshake());
        let start = handshake
            .next_back()
            .map_or(0, |message| at(message.range().end));
        let of_lane = Self {
            bytes: &[],
            start,
            source: Source::Chosen,
            pushes: pushes(trace, lane),
            is_timed: false,
            is_whole: false,
            chunks: Vec::new(),
            sizes: Vec::new(),
        };
        let this = match cuts {
            Cuts::Recorded => of_lane.recorded(trace, lane, known, silence),
            Cuts::Whole => of_lane.cut(known, vec![known.len().max(1)]),
            Cuts::Sizes(sizes) => of_lane.cut(known, sizes.clone()),
        };
        let is_ended = is_ended(trace, lane.connection, lane.direction);
        Self {
            is_whole: is_ended && this.bytes.len() == at(lane.end()),
            // Of a handshake some bytes may not be known.
            start: this.start.min(this.bytes.len()),
            ..this
        }
    }

    /// Bytes in chunks of these sizes, of which the last goes on; none of them is 0.
    pub fn new(bytes: &'a [u8], sizes: Vec<usize>) -> Self {
        let empty = Self {
            bytes,
            start: 0,
            source: Source::Chosen,
            pushes: None,
            is_timed: false,
            is_whole: true,
            chunks: Vec::new(),
            sizes: Vec::new(),
        };
        empty.cut(bytes, sizes)
    }

    fn cut(self, bytes: &'a [u8], sizes: Vec<usize>) -> Self {
        Self {
            bytes,
            sizes,
            ..self
        }
    }

    fn recorded(self, trace: &Trace, lane: &'a Lane, known: &'a [u8], silence: Nanos) -> Self {
        let filled = |spans: &[Span]| {
            let spans = spans.iter().filter(|span| !span.is_empty());
            let spans = spans.map(|span| (at(span.end), span.event));
            spans.collect::<Vec<_>>()
        };
        let (source, ends) = if !lane.recvs.is_empty() {
            (Source::Recvs, filled(&lane.recvs))
        } else if !lane.carriers.is_empty() {
            let carriers = lane.carriers.iter();
            let carriers = carriers.filter_map(|carrier| {
                let packet = lane.wire.get(carrier.packet)?;
                Some((at(carrier.end), packet.span.event))
            });
            (Source::Segments, carriers.collect())
        } else {
            (Source::Sends, filled(&lane.sends))
        };
        let time = |event: usize| trace.events().get(event).map_or(Nanos(0), |event| event.at);
        let last = trace.events().last().map_or(Nanos(0), |event| event.at);
        let mut chunks = Vec::new();
        for (index, &(end, event)) in ends.iter().enumerate() {
            let next = ends.get(index + 1).map_or(last, |(_, event)| time(*event));
            let pause = Nanos(next.0.saturating_sub(time(event).0));
            chunks.push(Recorded {
                number: index + 1,
                end: end.min(known.len()),
                event,
                is_pause_behind: pause >= silence,
            });
            if end >= known.len() {
                break;
            }
        }
        let end = chunks.last().map_or(0, |chunk| chunk.end);
        Self {
            bytes: &known[..end],
            source,
            is_timed: true,
            chunks,
            ..self
        }
    }

    /// The chunks that have bytes behind the handshake.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk> + '_ {
        let mut begin = self.start;
        let mut index = 0;
        std::iter::from_fn(move || {
            while begin < self.bytes.len() {
                let found = if self.sizes.is_empty() {
                    *self.chunks.get(index)?
                } else {
                    let size = self.sizes.get(index).or(self.sizes.last())?;
                    Recorded {
                        number: index + 1,
                        end: begin.saturating_add(*size).min(self.bytes.len()),
                        event: usize::MAX,
                        is_pause_behind: false,
                    }
                };
                index += 1;
                if found.end <= begin {
                    continue;
                }
                let range = begin..found.end;
                begin = found.end;
                // Behind the end nothing comes, either.
                let is_last = self.is_whole && begin == self.bytes.len();
                return Some(Chunk {
                    what: self.source.key(),
                    number: found.number,
                    range,
                    event: (found.event != usize::MAX).then_some(found.event),
                    is_pause_behind: found.is_pause_behind || is_last,
                });
            }
            None
        })
    }
}

/// Where segments with PSH end; none without packets.
fn pushes(trace: &Trace, lane: &Lane) -> Option<Vec<usize>> {
    if lane.wire.is_empty() {
        return None;
    }
    let packets = lane.wire.iter();
    let pushing = packets.filter(|packet| {
        let event = trace.events().get(packet.span.event);
        event.is_some_and(|event| event.flags().has(Flags::PSH))
    });
    let mut ends: Vec<_> = pushing.map(|packet| at(packet.span.end)).collect();
    ends.sort_unstable();
    ends.dedup();
    Some(ends)
}

/// An offset in the stream as a position in its bytes.
pub(super) fn at(offset: Offset) -> usize {
    usize::try_from(offset.0).unwrap_or(usize::MAX)
}

/// A position in the stream's bytes as an offset.
pub(super) const fn offset(at: usize) -> Offset {
    Offset(at as u64)
}
