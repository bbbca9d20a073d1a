//! The lanes of a stream: what the reader's framing makes of the bytes.

use std::collections::VecDeque;

use bytes::Bytes;
use protocol::auth::{ANSWER_LEN, CHALLENGE_LEN, Key};
use protocol::framing::{Decode, READY};
use protocol::{Decoder, Frame, FrameError, Framing, Offset, System};

use super::{transfers, wire};
use crate::cause;
use crate::lane::{Direction, Failure, Lane, MessageKind, MessageSpan, Span, Verdict};
use crate::{Call, ClientId, Event, Experiment, Trace};

/// Both directions of one client's connection.
pub(super) fn lanes(trace: &Trace, client: ClientId) -> [Lane; 2] {
    let key = Key::new(trace.experiment.key.as_str());
    let mut up = StreamLane::to_server(&trace.experiment, client);
    let mut down = StreamLane::to_client(&trace.experiment, client);
    for (index, direction, event) in transfers(trace, client) {
        let (here, back) = match direction {
            Direction::ToServer => (&mut up, &mut down),
            Direction::ToClient => (&mut down, &mut up),
        };
        if event.call == Call::Recv {
            here.handle_recv(index, event);
        } else if event.call == Call::Send {
            here.handle_send(index, event);
            if direction == Direction::ToClient && back.expected.is_none() {
                let challenge = here.lane.bytes.first_chunk();
                back.expected = challenge.map(|challenge| key.answer(challenge));
            }
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
    /// What a handshake puts in front of the frames.
    handshake: Option<(usize, MessageKind)>,
    framing: Framing,
    decoder: Option<Decoder>,
    received: Offset,
    /// Bodies the sender means to send, where the experiment tells.
    meant: Option<VecDeque<Vec<u8>>>,
    ready: bool,
    /// The answer that the server's key gives to the challenge it sent.
    expected: Option<[u8; ANSWER_LEN]>,
}

impl StreamLane {
    fn new(client: ClientId, direction: Direction, framing: Framing) -> Self {
        Self {
            lane: Lane::new(client, direction),
            handshake: None,
            decoder: Some(Decoder::new(&framing)),
            framing,
            received: Offset(0),
            meant: None,
            ready: false,
            expected: None,
        }
    }

    fn to_server(experiment: &Experiment, client: ClientId) -> Self {
        let framing = experiment.rules().framing;
        let mut this = Self::new(client, Direction::ToServer, framing);
        if this.framing != Framing::None {
            let messages = experiment.client(client).map(|c| &c.messages[..]);
            let texts = messages
                .unwrap_or(&[])
                .iter()
                .map(|m| m.text().into_bytes());
            this.meant = Some(texts.collect());
        }
        if experiment.system == System::Auth {
            this.begin_handshake(ANSWER_LEN, MessageKind::Answer { right: false });
        }
        this
    }

    fn to_client(experiment: &Experiment, client: ClientId) -> Self {
        let mut this = Self::new(client, Direction::ToClient, Framing::None);
        if experiment.system == System::Auth {
            this.begin_handshake(CHALLENGE_LEN, MessageKind::Challenge);
        }
        this.ready = experiment.rules().framing.waits_for_ready();
        this
    }

    fn begin_handshake(&mut self, length: usize, kind: MessageKind) {
        self.handshake = Some((length, kind));
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
        if event.is_empty() {
            let ended = self.decoder.as_mut().map_or(Ok(()), Decode::handle_eof);
            self.note(index, ended.err());
            return;
        }
        let start = self.received;
        self.received += event.len();
        self.lane.recvs.push(Span {
            event: index,
            start,
            end: self.received,
            cut: 0,
        });
        let mut rest = &event.bytes[..];
        if let Some((length, kind)) = self.handshake {
            let have = usize::try_from(start.0).unwrap_or(usize::MAX);
            let used = length.saturating_sub(have).min(rest.len());
            rest = &rest[used..];
            if self.received.0 < length as u64 {
                return;
            }
            self.finish_handshake(index, length, kind);
        }
        if let (Some(decoder), false) = (&mut self.decoder, rest.is_empty()) {
            decoder.handle_chunk(rest);
            self.drain(index);
        }
    }

    fn finish_handshake(&mut self, index: usize, length: usize, kind: MessageKind) {
        self.handshake = None;
        let end = Offset(length as u64);
        let body = Bytes::copy_from_slice(self.lane.slice(Offset(0)..end));
        let kind = match kind {
            MessageKind::Answer { .. } => MessageKind::Answer {
                right: self.expected.is_some_and(|expected| body == expected[..]),
            },
            kind => kind,
        };
        if kind != (MessageKind::Answer { right: false }) {
            // Behind a wrong answer the server decodes nothing any more.
            self.decoder = Some(Decoder::starting_at(&self.framing, end));
        }
        self.lane.messages.push(MessageSpan {
            event: index,
            frame: Frame {
                start: Offset(0),
                header: 0,
                body,
                trailer: 0,
            },
            kind,
            verdict: Verdict::Whole,
        });
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
