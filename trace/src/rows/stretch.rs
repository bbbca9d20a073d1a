//! Which hue a byte has: stretches of a lane that belong together.

use std::ops::Range;

use protocol::framing::Decode;
use protocol::{Decoder, Framing, Offset};

use super::Rows;
use crate::Trace;
use crate::lane::{Lane, MessageKind};

/// Bytes that belong together: of one message, or of one send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where they stand.
    pub range: Range<Offset>,
    /// Which message or send they are of, counted over both: a hue of its own.
    pub index: usize,
    /// They mark a message off and are none of it: header or trailer.
    pub is_header: bool,
}

impl Rows<'_> {
    /// The stretches of the lane in order, without gaps: by message where a
    /// framing marks them, by send where nothing does.
    pub fn stretches(&self) -> Vec<Stretch> {
        stretches(self.lane, &self.trace.framing(self.lane.direction))
    }
}

fn stretches(lane: &Lane, framing: &Framing) -> Vec<Stretch> {
    let framed = *framing != Framing::None;
    let mut all = Vec::new();
    let mut at = Offset(0);
    let messages = if framed { &lane.messages[..] } else { &[] };
    for (index, message) in messages.iter().enumerate() {
        let frame = &message.frame;
        if frame.start > at {
            by_send(lane, at..frame.start, &mut all);
        }
        let body = frame.body_range();
        let header = message.kind == MessageKind::Message && frame.header > 0;
        for (range, is_header) in [
            (frame.start..body.start, header),
            (body, false),
            (
                frame.body_range().end..message.range().end,
                header || frame.trailer > 0,
            ),
        ] {
            if range.start < range.end {
                all.push(Stretch {
                    range,
                    index,
                    is_header,
                });
            }
        }
        at = at.max(message.range().end);
    }
    let rest = at..lane.end();
    if framed && is_unfinished(lane, framing, &rest) {
        all.push(Stretch {
            index: next(&all),
            range: rest,
            is_header: false,
        });
    } else if at < lane.end() {
        by_send(lane, rest, &mut all);
    }
    all
}

/// Most bytes that are looked through for the frame that they begin.
const MOST_UNFINISHED: u64 = 1 << 16;

/// Whether the bytes are the beginning of one frame, whatever sends they came in.
fn is_unfinished(lane: &Lane, framing: &Framing, range: &Range<Offset>) -> bool {
    if range.start >= range.end || range.end.0 - range.start.0 > MOST_UNFINISHED {
        return false;
    }
    if lane.bytes.unknown_in(range) > 0 {
        return false;
    }
    let mut decoder = Decoder::starting_at(framing, range.start);
    decoder.handle_chunk(lane.slice(range.clone()));
    matches!(decoder.poll_frame(), Ok(None))
}

/// The first number behind those of the stretches.
fn next(all: &[Stretch]) -> usize {
    all.last().map_or(0, |last| last.index + 1)
}

/// Which stretch every byte of a lane is in, looked up many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hues(Vec<Stretch>);

impl Hues {
    /// Finds them once for the whole lane.
    pub fn new(lane: &Lane, trace: &Trace) -> Self {
        Self(stretches(lane, &trace.framing(lane.direction)))
    }

    /// The number of the stretch of the byte at `offset`, counted as in
    /// [`Stretch::index`].
    pub fn at(&self, offset: Offset) -> usize {
        let before = self
            .0
            .partition_point(|stretch| stretch.range.end <= offset);
        self.0.get(before).map_or(0, |stretch| stretch.index)
    }

    /// The stretches that have bytes in `range`, cut to it.
    pub fn within(&self, range: &Range<Offset>) -> impl Iterator<Item = Stretch> + '_ {
        within(&self.0, range)
    }
}

fn by_send(lane: &Lane, range: Range<Offset>, all: &mut Vec<Stretch>) {
    let units = lane.units_in(range.clone());
    // Hues go on behind the messages before.
    let ahead = next(all);
    let filled = units.into_iter().filter(|(_, unit)| unit.start < unit.end);
    for (index, (_, unit)) in (ahead..).zip(filled) {
        all.push(Stretch {
            range: unit.start.max(range.start)..unit.end.min(range.end),
            index,
            is_header: false,
        });
    }
}

/// The stretches that have bytes in `range`, cut to it.
pub fn within<'a>(all: &'a [Stretch], range: &Range<Offset>) -> impl Iterator<Item = Stretch> + 'a {
    let range = range.clone();
    let from = all.partition_point(|stretch| stretch.range.end <= range.start);
    let rest = all[from..].iter();
    rest.take_while({
        let end = range.end;
        move |stretch| stretch.range.start < end
    })
    .map(move |stretch| Stretch {
        range: stretch.range.start.max(range.start)..stretch.range.end.min(range.end),
        ..stretch.clone()
    })
}
