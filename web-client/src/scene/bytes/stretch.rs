//! Which hue a byte has: stretches of a lane that belong together.

use std::ops::Range;

use protocol::{Framing, Offset};
use trace::Trace;
use trace::lane::{Lane, MessageKind};

use crate::scene::HUES;

/// Bytes of one hue in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) range: Range<Offset>,
    /// Which message or send it is, for the hue.
    pub(super) index: usize,
    /// Header of a frame: hatched.
    pub(super) header: bool,
}

/// The stretches of a lane in order, without gaps: by message where a framing
/// marks them, by send where nothing does.
pub(super) fn stretches(lane: &Lane, framing: &Framing) -> Vec<Stretch> {
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
        for (range, header) in [
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
                    header,
                });
            }
        }
        at = at.max(message.range().end);
    }
    if at < lane.end() {
        by_send(lane, at..lane.end(), &mut all);
    }
    all
}

/// The hue of every byte of a lane, as the stage shows it.
#[derive(Clone, Debug)]
pub struct Hues(Vec<Stretch>);

impl Hues {
    /// Finds them once for the whole lane.
    pub fn new(lane: &Lane, trace: &Trace) -> Self {
        Self(stretches(lane, &trace.framing(lane.direction)))
    }

    /// The hue of the byte at `offset`, from 0 to [`HUES`] − 1.
    pub fn at(&self, offset: Offset) -> usize {
        let before = self
            .0
            .partition_point(|stretch| stretch.range.end <= offset);
        self.0.get(before).map_or(0, |stretch| stretch.index) % usize::from(HUES)
    }
}

fn by_send(lane: &Lane, range: Range<Offset>, all: &mut Vec<Stretch>) {
    let units = lane.units_in(range.clone());
    // Hues go on behind the messages before.
    let ahead = all.last().map_or(0, |last| last.index + 1);
    let filled = units.into_iter().filter(|(_, unit)| unit.start < unit.end);
    for (index, (_, unit)) in (ahead..).zip(filled) {
        all.push(Stretch {
            range: unit.start.max(range.start)..unit.end.min(range.end),
            index,
            header: false,
        });
    }
}

/// The stretches that have bytes in `range`, cut to it.
pub(super) fn within<'a>(
    all: &'a [Stretch],
    range: &Range<Offset>,
) -> impl Iterator<Item = Stretch> + 'a {
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

#[cfg(test)]
mod tests {
    use protocol::System;
    use trace::link::Capture;
    use trace::{Analysis, Call, Trace};

    use super::*;
    use crate::sample;

    #[test]
    fn behind_the_last_message_hues_go_on_by_send() {
        let mut experiment = trace::Experiment::new(System::LengthPrefix, &["a"]);
        experiment.clients[0].messages.clear();
        let mut trace = Trace::new(experiment, String::new(), Capture::Unknown);
        for event in sample::events(&[
            ("c1", Call::Send, b"\x01\0\0\0"),
            ("c1", Call::Send, b"a"),
            ("c1", Call::Send, b"\xff\xff\xff\xff"),
            ("c1", Call::Send, b"rest"),
            ("s1", Call::Recv, b"\x01\0\0\0a\xff\xff\xff\xffrest"),
        ]) {
            trace.insert(event);
        }
        let analysis = Analysis::new(&trace);
        let hues = Hues::new(&analysis.lanes[0], &trace);
        let found: Vec<_> = (0..13).map(|offset| hues.at(Offset(offset))).collect();
        assert_eq!(found, [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    }
}
