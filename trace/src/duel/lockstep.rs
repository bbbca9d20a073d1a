//! Both decoders, chunk by chunk, until they part.

use std::ops::Range;

use protocol::framing::Decode as _;
use protocol::{Decoder, FrameError, Framing};

use super::outcome::{Duel, Parting, Side};
use super::stream::{Chunk, Stream, at, offset};
use super::wrong::{Step, Wrong};
use super::{Opponent, characters, delimiters, header, kept, limits, pieces, settings};
use crate::text::Sentence;

/// Messages that are kept of those before the parting.
const BEFORE: usize = 8;
/// Messages of each that are told behind the parting, of the same chunk.
const BEHIND: usize = 24;

/// Runs both over a stream, whose messages are framed by `framing`, which fits `opponent`
/// ([`Opponent::fits`]) and is valid.
pub fn duel(stream: &Stream<'_>, framing: &Framing, opponent: Opponent) -> Duel {
    let mut lockstep = Lockstep {
        right: RightDecoder::new(stream, framing),
        wrong: against(stream, framing, opponent),
        ahead: None,
        agreed: 0,
        last: Vec::new(),
    };
    let (parting, refused) = lockstep.run(stream);
    Duel {
        opponent,
        agreed: lockstep.agreed,
        last: lockstep.last,
        refused,
        parting,
    }
}

/// What the right decoder has of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Right {
    /// Chunks that it was given.
    pub chunks: usize,
    /// Messages.
    pub messages: usize,
    /// Frames that it refused and went on behind.
    pub refusals: usize,
    /// Why it gave up, or what the end cut off.
    pub error: Option<FrameError>,
}

/// Runs the right decoder alone, of a framing that is valid.
pub fn right(stream: &Stream<'_>, framing: &Framing) -> Right {
    let mut decoder = RightDecoder::new(stream, framing);
    let mut right = Right::default();
    for chunk in stream.chunks() {
        decoder.handle_chunk(&chunk);
        right.chunks += 1;
        while decoder.poll().is_some() {
            right.messages += 1;
        }
    }
    if stream.is_whole && decoder.error.is_none() {
        let ended = decoder.decoder.handle_eof();
        while decoder.poll().is_some() {
            right.messages += 1;
        }
        decoder.error = ended.err();
    }
    Right {
        refusals: decoder.refusals,
        error: decoder.error,
        ..right
    }
}

fn against<'a>(
    stream: &'a Stream<'_>,
    framing: &'a Framing,
    opponent: Opponent,
) -> Box<dyn Wrong + 'a> {
    use Opponent as O;
    let prefix = match framing {
        Framing::LengthPrefix(prefix) => Some(prefix),
        _ => None,
    };
    let delimiter = match framing {
        Framing::Delimiter(delimiter) => Some(delimiter),
        _ => None,
    };
    match (opponent, prefix, delimiter) {
        (O::Silence, ..) => Box::new(pieces::Silence::new(stream)),
        (O::Psh, ..) => Box::new(pieces::Psh::new(stream)),
        (O::RestDropped, ..) => Box::new(kept::RestDropped::new(stream, framing)),
        (O::BufferCleared, ..) => Box::new(kept::BufferCleared::new(stream, framing)),
        (O::OnePerRecv, ..) => Box::new(kept::OnePerRecv::new(stream, framing)),
        (O::AllocateFirst, ..) => Box::new(limits::Limitless::allocating(stream, framing)),
        (O::WaitAll, ..) => Box::new(limits::Limitless::waiting(stream, framing)),
        (O::HeaderWhole, Some(prefix), _) => Box::new(header::HeaderWhole::new(stream, prefix)),
        (O::Characters, Some(prefix), _) => {
            Box::new(characters::Characters::new(stream, prefix, false))
        }
        (O::Utf16Units, Some(prefix), _) => {
            Box::new(characters::Characters::new(stream, prefix, true))
        }
        (O::OtherEndian, Some(prefix), _) => Box::new(settings::Other::endian(stream, prefix)),
        (O::HeaderCount, Some(prefix), _) => Box::new(settings::Other::count(stream, prefix)),
        (O::DelimiterAtEnd, _, Some(delimiter)) => {
            Box::new(delimiters::AtEnd::new(stream, delimiter))
        }
        (O::SplitEachRecv, _, Some(_)) => Box::new(delimiters::SplitEach::new(stream, framing)),
        _ => Box::new(pieces::OneRecv::new(stream)),
    }
}

/// The right decoder.
struct RightDecoder<'a> {
    bytes: &'a [u8],
    decoder: Decoder,
    error: Option<FrameError>,
    /// What it went on behind last, if no message came since then.
    skipped: Option<FrameError>,
    goes_on: bool,
    /// How often it has gone on behind an error.
    refusals: usize,
    /// White space between messages means nothing.
    is_json: bool,
}

impl<'a> RightDecoder<'a> {
    fn new(stream: &Stream<'a>, framing: &Framing) -> Self {
        Self {
            bytes: stream.bytes,
            decoder: Decoder::starting_at(framing, offset(stream.start)),
            error: None,
            skipped: None,
            goes_on: framing.resynchronises(),
            refusals: 0,
            is_json: matches!(framing, Framing::Json(_)),
        }
    }

    /// A message without what means nothing at its ends.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        if !self.is_json {
            return range;
        }
        let bytes = &self.bytes[range.clone()];
        let start = range.start + bytes.len() - bytes.trim_ascii_start().len();
        start..start + bytes.trim_ascii().len()
    }

    fn handle_chunk(&mut self, chunk: &Chunk) {
        self.decoder.handle_chunk(&self.bytes[chunk.range.clone()]);
        if chunk.is_pause_behind && self.decoder.awaits_quiet() {
            self.decoder.handle_quiet();
        }
    }

    fn poll(&mut self) -> Option<Range<usize>> {
        loop {
            let polled = self.decoder.poll_frame();
            if self.decoder.poll_reply().is_some() {
                continue;
            }
            match polled {
                Ok(frame) => {
                    let range = frame?.range();
                    self.skipped = None;
                    return Some(self.trimmed(at(range.start)..at(range.end)));
                }
                Err(error) if self.goes_on => {
                    self.refusals += 1;
                    self.skipped = Some(error);
                }
                Err(error) => {
                    self.error = Some(error);
                    return None;
                }
            }
        }
    }
}

struct Lockstep<'a> {
    right: RightDecoder<'a>,
    wrong: Box<dyn Wrong + 'a>,
    /// A message that the wrong decoder has, while the right one cannot know yet whether a
    /// longer delimiter comes; and what it took for what.
    ahead: Option<(Range<usize>, Vec<Sentence>)>,
    agreed: usize,
    last: Vec<Range<usize>>,
}

impl Lockstep<'_> {
    fn run(&mut self, stream: &Stream<'_>) -> (Option<Parting>, Option<FrameError>) {
        let mut last = None;
        for chunk in stream.chunks() {
            self.right.handle_chunk(&chunk);
            self.wrong.handle_chunk(&chunk);
            if let Some(parting) = self.compare(&chunk) {
                return (Some(parting), None);
            }
            if self.right.error.is_some() {
                return (None, self.right.error.take());
            }
            last = Some(chunk);
        }
        let Some(chunk) = last.filter(|_| stream.is_whole) else {
            return (None, None);
        };
        // A frame that the end cut off is no message for either of them.
        let ended = self.right.decoder.handle_eof();
        self.wrong.handle_end();
        let parting = self.compare(&chunk);
        (parting, ended.err())
    }

    /// Both have what `chunk` completes, or they part.
    fn compare(&mut self, chunk: &Chunk) -> Option<Parting> {
        loop {
            let right = self.right.poll();
            let (wrong, why) = match self.ahead.take() {
                Some((range, why)) => (Some(Step::Message(range)), Some(why)),
                None => (self.poll_wrong(), None),
            };
            match (right, wrong) {
                (None, None) => break,
                (Some(right), Some(Step::Message(wrong))) if right == wrong => self.agree(right),
                (None, Some(Step::Message(wrong))) if self.right.decoder.awaits_quiet() => {
                    let why = why.unwrap_or_else(|| self.wrong.why());
                    self.ahead = Some((wrong, why));
                    break;
                }
                (right, wrong) => return Some(self.part(chunk, right, wrong, why)),
            }
        }
        match (&self.right.error, self.wrong.refused()) {
            (None, None) | (Some(_), Some(_)) => None,
            _ => Some(self.part(chunk, None, None, None)),
        }
    }

    /// What the wrong decoder does next with bytes that mean something.
    fn poll_wrong(&mut self) -> Option<Step> {
        loop {
            let step = self.wrong.poll()?;
            let (Step::Message(range) | Step::Dropped(range)) = &step;
            let is_empty = range.is_empty();
            let range = self.right.trimmed(range.clone());
            if is_empty || !range.is_empty() {
                return Some(match step {
                    Step::Message(_) => Step::Message(range),
                    Step::Dropped(_) => Step::Dropped(range),
                });
            }
        }
    }

    fn agree(&mut self, range: Range<usize>) {
        self.agreed += 1;
        if self.last.len() == BEFORE {
            self.last.remove(0);
        }
        self.last.push(range);
    }

    fn part(
        &mut self,
        chunk: &Chunk,
        right: Option<Range<usize>>,
        wrong: Option<Step>,
        why: Option<Vec<Sentence>>,
    ) -> Parting {
        let why = why.unwrap_or_else(|| self.wrong.why());
        let at = match (&right, &wrong) {
            (_, Some(Step::Dropped(range))) => range.start,
            (Some(right), Some(Step::Message(wrong))) if right.start == wrong.start => {
                right.end.min(wrong.end)
            }
            (Some(right), Some(Step::Message(wrong))) => right.start.min(wrong.start),
            (Some(range), None) | (None, Some(Step::Message(range))) => range.end,
            (None, None) => {
                let error = self.right.error.as_ref().map(|error| at(error.offset()));
                error.or(self.wrong.refused()).unwrap_or(chunk.range.end)
            }
        };
        let skipped = self.right.skipped.take();
        let mut rights: Vec<_> = right.clone().into_iter().collect();
        while rights.len() < BEHIND
            && let Some(range) = self.right.poll()
        {
            rights.push(range);
        }
        let has_none = right.is_none();
        let right = match right {
            Some(range) => Side::Message(range),
            None if self.right.error.is_some() && has_none => {
                Side::Refuses(self.right.error.clone())
            }
            None => skipped.map_or(Side::Waits, Side::Skips),
        };
        let mut wrongs: Vec<_> = wrong.clone().into_iter().collect();
        while wrongs.len() < BEHIND
            && let Some(step) = self.poll_wrong()
        {
            wrongs.push(step);
        }
        let wrong = match wrong {
            Some(Step::Message(range)) => Side::Message(range),
            Some(Step::Dropped(range)) => Side::Dropped(range),
            None if self.wrong.refused().is_some() => Side::Refuses(None),
            None => Side::Waits,
        };
        Parting {
            chunk: chunk.clone(),
            at,
            right,
            wrong,
            why,
            rights,
            wrongs,
        }
    }
}
