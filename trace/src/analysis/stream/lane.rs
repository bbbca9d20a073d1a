//! One direction of a stream while its events are handled.

use std::ops::Range;

use bytes::Bytes;
use protocol::auth::{CHALLENGE_LEN, Key, Scheme};
use protocol::framing::{Decode, READY};
use protocol::{Decoder, Frame, FrameError, Framing, Offset};

use super::handshake;
use super::meant::given_back;
use crate::lane::{Content, Direction, Failure, Integrity, Lane, MessageKind, MessageSpan, Span};
use crate::{ConnectionId, Event, Message, Trace};

/// A direction of a stream while its events are handled.
#[derive(Clone, Debug)]
pub(super) struct StreamLane {
    pub(super) lane: Lane,
    /// Whether its sender's calls were watched, or one was seen.
    pub(super) has_sends: bool,
    /// Whether its reader's calls were watched, or one that took bytes was seen.
    pub(super) has_recvs: bool,
    /// Whether a call that moved bytes was seen at either end.
    pub(super) has_calls: bool,
    /// Whether a packet was seen.
    pub(super) has_packets: bool,
    /// What the lane goes on from, where more is shown than that.
    pub(super) hidden: Option<Hidden>,
    /// The recv from which on the boundaries have to be found again.
    pub(super) redo: usize,
    pub(super) state: State,
    /// What a handshake puts in front of the frames.
    handshake: &'static [handshake::Step],
    /// The key its reader has.
    key: Key,
    pub(super) framing: Framing,
    /// Bodies that its reader is to get, where the experiment tells.
    meant: Option<Vec<Vec<u8>>>,
    /// Whether it answers lengths.
    is_ready: bool,
}

/// What a lane goes on from, where it shows more.
#[derive(Clone, Debug)]
pub(super) enum Hidden {
    /// Its content up to here.
    Up(Offset),
    /// This content.
    All(Content),
}

/// What the next event is handled with; small, and copied for a checkpoint.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// What of the handshake has not come, in order.
    handshake: &'static [handshake::Step],
    pub(super) decoder: Option<Decoder>,
    received: Offset,
    /// Where the decoder goes on: behind a frame of which not all was kept.
    pub(super) resumes: Offset,
    /// Where messages begin is not known any more: what would say it was not kept.
    pub(super) is_lost: bool,
    /// Where a captured FIN says that the stream ends, until all before it has come.
    pub(super) fin: Option<Offset>,
    /// How many of the meant bodies have come.
    arrived: usize,
    /// The first bytes that went the other way: in a handshake, what the
    /// reader of this one has challenged its writer with.
    pub(super) challenge: Option<[u8; CHALLENGE_LEN]>,
    /// Whether its reader has refused it.
    pub(super) is_refused: bool,
}

impl StreamLane {
    fn new(trace: &Trace, connection: ConnectionId, direction: Direction) -> Self {
        let framing = trace.framing(direction);
        Self {
            lane: Lane::new(connection, direction),
            has_sends: trace.is_watched(connection, direction.sender()),
            has_recvs: trace.is_watched(connection, direction.reader()),
            has_calls: false,
            has_packets: false,
            hidden: None,
            redo: 0,
            state: State::new(&[], &framing),
            handshake: &[],
            key: Key::new([]),
            framing,
            meant: None,
            is_ready: false,
        }
    }

    /// Nothing was handled yet. What was learnt of the whole stays.
    pub(super) fn reset(&mut self) {
        self.lane = Lane::new(self.lane.connection, self.lane.direction);
        self.hidden = None;
        self.redo = 0;
        self.state = State::new(self.handshake, &self.framing);
    }

    pub(super) fn from_opener(trace: &Trace, connection: ConnectionId) -> Self {
        let mut this = Self::new(trace, connection, Direction::FromOpener);
        let Some((experiment, client)) = trace.planned(connection) else {
            return this;
        };
        // Of a plan without messages nobody said what was meant.
        if this.framing != Framing::None && !client.messages.is_empty() {
            let texts = client.messages.iter().map(Message::bytes);
            let meant = texts.map(|text| given_back(&this.framing, text));
            this.meant = Some(meant.collect());
        }
        let rules = experiment.rules();
        if let Some(key) = rules.key {
            this.begin_handshake(key, rules.scheme);
        }
        this
    }

    pub(super) fn from_acceptor(trace: &Trace, connection: ConnectionId) -> Self {
        let mut this = Self::new(trace, connection, Direction::FromAcceptor);
        this.is_ready = trace.framing(Direction::FromOpener).waits_for_ready();
        let Some((experiment, client)) = trace.planned(connection) else {
            return this;
        };
        let rules = experiment.client_rules(client);
        if let Some(key) = rules.key {
            this.begin_handshake(key, rules.scheme);
        }
        this
    }

    fn begin_handshake(&mut self, key: Key, scheme: Scheme) {
        self.key = key;
        self.handshake = handshake::steps(scheme, self.lane.direction);
        self.state = State::new(self.handshake, &self.framing);
    }

    pub(super) fn handle_send(&mut self, index: usize, event: &Event) {
        let start = self.lane.end();
        self.disturb(start);
        self.lane.add(event);
        self.lane.offer(start, event.asked as usize, event.len());
        self.lane.push_send(Span {
            event: index,
            start,
            end: self.lane.end(),
            cut: 0,
        });
        if self.decodes_sends() {
            self.state.received = self.lane.end();
            self.take(index, event, start);
        }
    }

    /// Whether messages are found in what was sent: somebody said how it is framed, and
    /// nobody watched who reads it.
    pub(super) fn decodes_sends(&self) -> bool {
        self.has_sends && !self.has_recvs && self.framing != Framing::None
    }

    /// Whether they are found in what packets carried, because the calls of neither end were
    /// watched.
    fn decodes_packets(&self) -> bool {
        !self.has_sends && !self.has_recvs && self.framing != Framing::None
    }

    /// The sender has ended the stream with the event with this index.
    pub(super) fn handle_end(&mut self, index: usize) {
        if self.decodes_sends() {
            self.finish(index);
        }
    }

    pub(super) fn handle_recv(&mut self, index: usize, event: &Event) {
        if event.is_empty() && self.state.is_refused {
            return;
        }
        if event.is_empty() {
            self.finish(index);
            return;
        }
        let start = self.state.received;
        self.state.received += event.len();
        if !self.has_sends {
            // The sender was not watched: what was read is what is known.
            self.lane.add(event);
        }
        // The one before is not the last any more.
        self.redo = self.redo.min(self.lane.recvs.len().saturating_sub(1));
        self.lane.push_recv(Span {
            event: index,
            start,
            end: self.state.received,
            cut: 0,
        });
        self.take(index, event, start);
    }

    /// Finds the messages that a call completes, whose first byte stands at `start`.
    fn take(&mut self, index: usize, event: &Event, start: Offset) {
        if self.state.is_refused {
            return;
        }
        let mut from = start;
        while let [(length, kind), further @ ..] = self.state.handshake {
            let begin = self
                .lane
                .messages
                .last()
                .map_or(Offset(0), |m| m.range().end);
            let end = begin + *length;
            if self.state.received < end {
                return;
            }
            from = from.max(end);
            self.state.handshake = further;
            self.finish_step(index, begin..end, *kind);
        }
        if from < self.state.received {
            self.decode(index, event, start, from);
        }
    }

    /// The packet with this event index made known what is behind the first `known`
    /// bytes. It is decoded where nobody watched the calls, and somebody said how.
    pub(super) fn decode_packets(&mut self, index: usize, known: Offset) {
        if !self.decodes_packets() {
            return;
        }
        let new = self.lane.slice(known..self.lane.end());
        self.state.received = self.lane.end();
        if let (Some(decoder), false) = (&mut self.state.decoder, new.is_empty()) {
            decoder.handle_chunk(new);
            self.drain(index);
        }
    }

    /// Whether the stream is over, as far as packets tell: all up to the FIN has come.
    pub(super) fn finish_packets(&mut self, index: usize) {
        if !self.decodes_packets() {
            return;
        }
        if self
            .state
            .fin
            .take_if(|fin| *fin <= self.lane.end())
            .is_some()
        {
            self.finish(index);
        }
    }

    /// The stream has ended, as the event with this index tells.
    fn finish(&mut self, index: usize) {
        let decoder = self.state.decoder.as_mut();
        let ended = decoder.map_or(Ok(()), Decode::handle_eof);
        // A message may have waited for the end, as a number in JSON does.
        self.drain(index);
        self.note(index, ended.err());
    }

    fn finish_step(&mut self, index: usize, range: Range<Offset>, kind: MessageKind) {
        let body = Bytes::copy_from_slice(self.lane.slice(range.clone()));
        if range.start + body.len() < range.end {
            // Nobody can check what was not kept, nor what is said behind it.
            self.state.handshake = &[];
            self.lose(index, range);
            return;
        }
        let own = self.lane.bytes.front();
        let theirs = self.state.challenge.as_ref();
        let direction = self.lane.direction;
        let kind = handshake::checked(kind, &self.key, direction, &body, theirs, own);
        if kind.is_refuted() {
            // Behind it the reader decodes nothing any more.
            self.state.handshake = &[];
        } else if self.state.handshake.is_empty() {
            self.state.decoder = Some(Decoder::starting_at(&self.framing, range.end));
        }
        self.lane.push_message(MessageSpan {
            event: index,
            frame: Frame {
                start: range.start,
                header: 0,
                size: body.len(),
                body,
                trailer: 0,
            },
            kind,
            integrity: Integrity::Whole,
        });
    }

    pub(super) fn handle_ready(&mut self, index: usize) {
        if let Some(decoder) = &mut self.state.decoder {
            decoder.handle_quiet();
            let last_recv = self.lane.recvs.last().map_or(index, |recv| recv.event);
            self.drain(last_recv);
        }
    }

    /// Moves what the decoder has into the lane's messages.
    pub(super) fn drain(&mut self, index: usize) {
        let Some(decoder) = &mut self.state.decoder else {
            return;
        };
        let failed = loop {
            let polled = decoder.poll_frame();
            if let Some(skipped) = decoder.poll_skipped() {
                let body = Bytes::copy_from_slice(self.lane.slice(skipped.clone()));
                self.lane.push_message(MessageSpan {
                    event: index,
                    frame: Frame {
                        start: skipped.start,
                        header: 0,
                        size: length(&skipped),
                        body,
                        trailer: 0,
                    },
                    kind: MessageKind::Skipped,
                    integrity: Integrity::Whole,
                });
            }
            if decoder.poll_reply().is_some() {
                continue;
            }
            match polled {
                Ok(Some(frame)) => {
                    let integrity = match &self.meant {
                        // What a framing gives back is whole; without one a
                        // chunk is what the sends make of it.
                        None if self.framing != Framing::None => Integrity::Whole,
                        // Where the sends were not watched, nothing says what it is of them.
                        None if !self.has_sends => Integrity::Whole,
                        None => boundaries(&self.lane, &frame),
                        // Which of those that are meant it is nobody knows any more.
                        Some(_) if !self.lane.undecoded.is_empty() => Integrity::Whole,
                        Some(meant) => {
                            let next = meant.get(self.state.arrived);
                            self.state.arrived += 1;
                            match next {
                                Some(body) if *body == frame.body => Integrity::Whole,
                                _ => Integrity::Wrong,
                            }
                        }
                    };
                    let kind = if self.is_ready && frame.body == READY {
                        MessageKind::Ready
                    } else {
                        MessageKind::Message
                    };
                    self.lane.push_message(MessageSpan {
                        event: index,
                        frame,
                        kind,
                        integrity,
                    });
                }
                Ok(None) => break None,
                Err(error) if self.framing.resynchronises() => {
                    let event = index;
                    self.lane.damages.push(Failure { event, error });
                }
                Err(error) => break Some(error),
            }
        };
        self.note(index, failed);
    }

    fn note(&mut self, event: usize, error: Option<FrameError>) {
        if let (None, Some(error)) = (&self.lane.failure, error) {
            self.lane.failure = Some(Failure { event, error });
        }
    }

    /// Something changed at `offset` or behind: recvs that were there before,
    /// and end there, have other boundaries.
    pub(super) fn disturb(&mut self, offset: Offset) {
        let reached = self.lane.recvs.partition_point(|recv| recv.end < offset);
        self.redo = self.redo.min(reached);
    }

    /// How many bytes the decoder may hold of a frame that is not complete.
    pub(super) fn pending(&self) -> u64 {
        if self.state.is_refused || self.lane.failure.is_some() {
            return 0;
        }
        self.state.received.0.saturating_sub(self.taken().0)
    }
}

impl State {
    fn new(handshake: &'static [handshake::Step], framing: &Framing) -> Self {
        Self {
            handshake,
            decoder: handshake.is_empty().then(|| Decoder::new(framing)),
            received: Offset(0),
            resumes: Offset(0),
            is_lost: false,
            fin: None,
            arrived: 0,
            challenge: None,
            is_refused: false,
        }
    }
}

fn length(range: &Range<Offset>) -> usize {
    usize::try_from(range.end.0 - range.start.0).unwrap_or(usize::MAX)
}

/// How a chunk taken for a message lies across what the sender offered: a
/// piece of a send that the kernel took in parts is no message.
pub(super) fn boundaries(lane: &Lane, frame: &Frame) -> Integrity {
    let range = frame.range();
    match lane.offers_in(&range) {
        [offer] if *offer == range => Integrity::Whole,
        [] | [_] => Integrity::Part,
        offers => Integrity::Glued(offers.len()),
    }
}
