//! The lanes of a stream: what the reader's framing makes of the bytes.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use protocol::auth::mutual::{NONCE_LEN, Nonces, PROOF_LEN, Role};
use protocol::auth::{ANSWER_LEN, CHALLENGE_LEN, Key, Scheme};
use protocol::framing::{Decode, READY};
use protocol::{Decoder, Frame, FrameError, Framing, Offset};

use super::{transfers, wire};
use crate::cause;
use crate::lane::{Direction, Failure, Lane, MessageKind, MessageSpan, Span, Verdict};
use crate::{Call, ConnectionId, End, Event, Trace};

/// What the handshakes put in front of the frames, by scheme and direction.
const ANSWER: &[(usize, MessageKind)] = &[(ANSWER_LEN, MessageKind::Answer { right: false })];
const CHALLENGE: &[(usize, MessageKind)] = &[(CHALLENGE_LEN, MessageKind::Challenge)];
const NONCE_AND_PROOF: &[(usize, MessageKind)] = &[
    (NONCE_LEN, MessageKind::Nonce),
    (PROOF_LEN, MessageKind::Proof { right: false }),
];
const CHALLENGE_AND_PROOF: &[(usize, MessageKind)] = &[
    (CHALLENGE_LEN, MessageKind::Challenge),
    (PROOF_LEN, MessageKind::Proof { right: false }),
];

/// Both directions of one connection.
pub(super) fn lanes(trace: &Trace, connection: ConnectionId) -> [Lane; 2] {
    let mut up = StreamLane::from_opener(trace, connection);
    let mut down = StreamLane::from_acceptor(trace, connection);
    up.sends = trace.is_watched(connection, End::Opener);
    down.sends = trace.is_watched(connection, End::Acceptor);
    for (_, direction, event) in transfers(trace, connection) {
        let lane = match direction {
            Direction::FromOpener => &mut up,
            Direction::FromAcceptor => &mut down,
        };
        lane.sends |= event.call == Call::Send;
    }
    let mut events = trace.events().iter();
    let refused =
        events.position(|event| event.connection == connection && event.call == Call::Refuse);
    for (index, direction, event) in transfers(trace, connection) {
        // Then the server reads on, and makes nothing of it.
        up.refused |= refused.is_some_and(|refused| refused < index);
        let (here, back) = match direction {
            Direction::FromOpener => (&mut up, &mut down),
            Direction::FromAcceptor => (&mut down, &mut up),
        };
        if event.call == Call::Recv {
            here.handle_recv(index, event);
        } else if event.call == Call::Send {
            here.handle_send(index, event);
            back.challenge = here.lane.bytes.first_chunk().copied();
            if event.bytes == READY {
                // The reader of the other direction took the length for complete.
                back.handle_ready(index);
            }
        }
    }
    let mut lanes = [up.lane, down.lane];
    for lane in &mut lanes {
        wire::segments(lane, trace);
        lane.boundaries = cause::stream(lane, trace);
    }
    lanes
}

/// A lane of a stream while its events are read.
struct StreamLane {
    lane: Lane,
    /// Whether its sender's calls were watched.
    sends: bool,
    /// What a handshake puts in front of the frames, in order.
    handshake: &'static [(usize, MessageKind)],
    /// The key its reader has.
    key: Key,
    framing: Framing,
    decoder: Option<Decoder>,
    received: Offset,
    /// Bodies the sender means to send, where the experiment tells.
    meant: Option<VecDeque<Vec<u8>>>,
    ready: bool,
    /// The first bytes that went the other way: in a handshake, what the
    /// reader of this one has challenged its writer with.
    challenge: Option<[u8; CHALLENGE_LEN]>,
    /// Whether its reader has refused it.
    refused: bool,
}

impl StreamLane {
    fn new(connection: ConnectionId, direction: Direction, framing: Framing) -> Self {
        Self {
            lane: Lane::new(connection, direction),
            sends: true,
            handshake: &[],
            key: Key::new([]),
            decoder: Some(Decoder::new(&framing)),
            framing,
            received: Offset(0),
            meant: None,
            ready: false,
            challenge: None,
            refused: false,
        }
    }

    fn from_opener(trace: &Trace, connection: ConnectionId) -> Self {
        let direction = Direction::FromOpener;
        let framing = trace.framing(direction);
        let mut this = Self::new(connection, direction, framing);
        let Some((experiment, client)) = trace.planned(connection) else {
            return this;
        };
        if this.framing != Framing::None {
            let texts = client.messages.iter().map(|m| m.text().into_bytes());
            this.meant = Some(texts.collect());
        }
        let rules = experiment.rules();
        if let Some(key) = rules.key {
            let begins = match rules.scheme {
                Scheme::HmacMd5 => ANSWER,
                Scheme::MutualSha256 => NONCE_AND_PROOF,
            };
            this.begin_handshake(key, begins);
        }
        this
    }

    fn from_acceptor(trace: &Trace, connection: ConnectionId) -> Self {
        let direction = Direction::FromAcceptor;
        let mut this = Self::new(connection, direction, trace.framing(direction));
        this.ready = trace.framing(Direction::FromOpener).waits_for_ready();
        let Some((experiment, client)) = trace.planned(connection) else {
            return this;
        };
        let rules = experiment.client_rules(client);
        if let Some(key) = rules.key {
            let begins = match rules.scheme {
                Scheme::HmacMd5 => CHALLENGE,
                Scheme::MutualSha256 => CHALLENGE_AND_PROOF,
            };
            this.begin_handshake(key, begins);
        }
        this
    }

    fn begin_handshake(&mut self, key: Key, begins: &'static [(usize, MessageKind)]) {
        self.key = key;
        self.handshake = begins;
        self.decoder = None;
    }

    fn handle_send(&mut self, index: usize, event: &Event) {
        let start = self.lane.end();
        self.lane.bytes.extend_from_slice(&event.bytes);
        self.lane.offer(start, event.asked as usize, event.len());
        self.lane.sends.push(Span {
            event: index,
            start,
            end: self.lane.end(),
            cut: 0,
        });
    }

    fn handle_recv(&mut self, index: usize, event: &Event) {
        if event.is_empty() && self.refused {
            return;
        }
        if event.is_empty() {
            let ended = self.decoder.as_mut().map_or(Ok(()), Decode::handle_eof);
            self.note(index, ended.err());
            return;
        }
        let start = self.received;
        self.received += event.len();
        if !self.sends {
            // The sender was not watched: what was read is what is known.
            self.lane.bytes.extend_from_slice(&event.bytes);
        }
        self.lane.recvs.push(Span {
            event: index,
            start,
            end: self.received,
            cut: 0,
        });
        if self.refused {
            return;
        }
        let mut rest = &event.bytes[..];
        while let [(length, kind), further @ ..] = self.handshake {
            let begin = self
                .lane
                .messages
                .last()
                .map_or(Offset(0), |m| m.range().end);
            let end = begin + *length;
            if self.received < end {
                return;
            }
            let used = usize::try_from(end.0.saturating_sub(start.0)).unwrap_or(usize::MAX);
            rest = event.bytes.get(used..).unwrap_or(&[]);
            self.handshake = further;
            self.finish_step(index, begin..end, *kind);
        }
        if let (Some(decoder), false) = (&mut self.decoder, rest.is_empty()) {
            decoder.handle_chunk(rest);
            self.drain(index);
        }
    }

    fn finish_step(&mut self, index: usize, range: Range<Offset>, kind: MessageKind) {
        let body = Bytes::copy_from_slice(self.lane.slice(range.clone()));
        let kind = match kind {
            MessageKind::Answer { .. } => MessageKind::Answer {
                right: self.answers(&body),
            },
            MessageKind::Proof { .. } => MessageKind::Proof {
                right: self.proves(&body),
            },
            kind => kind,
        };
        if kind.is_refuted() {
            // Behind it the reader decodes nothing any more.
            self.handshake = &[];
        } else if self.handshake.is_empty() {
            self.decoder = Some(Decoder::starting_at(&self.framing, range.end));
        }
        self.lane.messages.push(MessageSpan {
            event: index,
            frame: Frame {
                start: range.start,
                header: 0,
                body,
                trailer: 0,
            },
            kind,
            verdict: Verdict::Whole,
        });
    }

    /// Whether the reader's key gives this answer to the reader's challenge.
    fn answers(&self, answer: &[u8]) -> bool {
        match (&self.challenge, answer.first_chunk()) {
            (Some(challenge), Some(answer)) => self.key.verify(challenge, answer),
            _ => false,
        }
    }

    /// Whether the reader's key gives this proof over the nonces of both.
    fn proves(&self, proof: &[u8]) -> bool {
        let (Some(theirs), Some(own), Some(proof)) = (
            self.challenge,
            self.lane.bytes.first_chunk().copied(),
            proof.first_chunk(),
        ) else {
            return false;
        };
        let (role, server, client) = match self.lane.direction {
            Direction::FromOpener => (Role::Client, theirs, own),
            Direction::FromAcceptor => (Role::Server, own, theirs),
        };
        self.key
            .verify_proof(role, &Nonces { server, client }, proof)
    }

    fn handle_ready(&mut self, index: usize) {
        if let Some(decoder) = &mut self.decoder {
            decoder.handle_quiet();
            let last_recv = self.lane.recvs.last().map_or(index, |recv| recv.event);
            self.drain(last_recv);
        }
    }

    /// Moves what the decoder has into the lane's messages.
    fn drain(&mut self, index: usize) {
        let Some(decoder) = &mut self.decoder else {
            return;
        };
        let failed = loop {
            let polled = decoder.poll_frame();
            if decoder.poll_reply().is_some() {
                continue;
            }
            match polled {
                Ok(Some(frame)) => {
                    let verdict = match &mut self.meant {
                        // What a framing gives back is whole; without one a
                        // chunk is what the sends make of it.
                        None if self.framing != Framing::None => Verdict::Whole,
                        None => boundaries(&self.lane, &frame),
                        Some(meant) => match meant.pop_front() {
                            Some(body) if body == frame.body => Verdict::Whole,
                            _ => Verdict::Wrong,
                        },
                    };
                    let kind = if self.ready && frame.body == READY {
                        MessageKind::Ready
                    } else {
                        MessageKind::Message
                    };
                    self.lane.messages.push(MessageSpan {
                        event: index,
                        frame,
                        kind,
                        verdict,
                    });
                }
                Ok(None) => break None,
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
}

/// How a chunk taken for a message lies across what the sender offered: a
/// piece of a send that the kernel took in parts is no message.
fn boundaries(lane: &Lane, frame: &Frame) -> Verdict {
    let range = frame.range();
    match lane.offers_in(&range) {
        [offer] if *offer == range => Verdict::Whole,
        [] | [_] => Verdict::Part,
        offers => Verdict::Glued(offers.len()),
    }
}
