//! The server's side of one connection.

use std::collections::VecDeque;

use bytes::Bytes;

use super::deadlines::{Phase, Watch};
use super::{Deadlines, LENGTH_SETTLE, Refusal, Reply, Rules};
use crate::auth::hmac_md5::server as hmac_md5;
use crate::auth::mutual::server as mutual;
use crate::auth::{CHALLENGE_LEN, Key, Scheme, Step};
use crate::framing::{Decode, Decoder, FrameError, Framing};
use crate::{Nanos, Offset};

/// What the driver has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Send these bytes, all of them.
    Send(Bytes),
    /// The client's answer to the challenge has arrived. Call
    /// [`Server::verify`], or [`Server::decline`] if it is not to be looked
    /// at; nothing follows before.
    Answered,
    /// The client proved that it knows the key.
    Authenticated,
    /// A message arrived. If it is answered, the answer follows.
    Message(Bytes),
    /// Bytes could not be decoded; the framing goes on behind them.
    Skipped(FrameError),
    /// Close this connection; nothing follows.
    Refuse(Refusal),
}

/// One connection as its server sees it.
#[derive(Debug)]
pub struct Server {
    stage: Stage,
    framing: Framing,
    reply: Reply,
    outputs: VecDeque<ServerOutput>,
    /// When the sender counts as silent.
    quiet_at: Option<Nanos>,
    watch: Watch,
    /// Behind the last byte that arrived.
    received: Offset,
    /// Frames that were complete so far.
    frames: u64,
}

#[derive(Debug)]
enum Stage {
    Handshake(Awaited),
    /// The driver has to decide; what has come behind the answer.
    Answered(Unverified, Vec<u8>),
    Frames(Decoder),
    Closed,
}

/// The answer that a scheme waits for.
#[derive(Debug)]
enum Awaited {
    HmacMd5(hmac_md5::Answer),
    MutualSha256(mutual::Proof),
}

/// A whole answer that has not been compared yet.
#[derive(Debug)]
enum Unverified {
    HmacMd5(hmac_md5::Unverified),
    MutualSha256(mutual::Unverified),
}

/// What a whole answer brings.
enum Verdict {
    /// The client is in; some schemes have something to tell it.
    Accepted(Option<Bytes>),
    Rejected(Refusal),
}

impl Server {
    /// A connection just accepted. `nonce` is the challenge, if there is one:
    /// fresh from a cryptographic random source, used for no other connection.
    pub fn new(rules: &Rules, nonce: [u8; CHALLENGE_LEN]) -> Self {
        let mut outputs = VecDeque::new();
        let stage = match &rules.key {
            Some(key) => {
                let (challenge, awaited) = Awaited::begin(rules.scheme, key.clone(), nonce);
                outputs.push_back(ServerOutput::Send(Bytes::copy_from_slice(&challenge)));
                Stage::Handshake(awaited)
            }
            None => Stage::Frames(Decoder::new(&rules.framing)),
        };
        Self {
            stage,
            framing: rules.framing.clone(),
            reply: rules.reply,
            outputs,
            quiet_at: None,
            watch: Watch::new(Deadlines::NONE, Phase::Between),
            received: Offset(0),
            frames: 0,
        }
    }

    /// The same, with `deadlines` that count from now, which is time 0.
    #[must_use]
    pub fn within(mut self, deadlines: Deadlines) -> Self {
        self.watch = Watch::new(deadlines, self.phase());
        self
    }

    fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Handshake(_) | Stage::Answered(..) => Phase::Handshake,
            Stage::Frames(decoder) if decoder.is_mid_frame() => Phase::Frame,
            Stage::Frames(_) | Stage::Closed => Phase::Between,
        }
    }

    /// The socket gave `chunk` (not empty) at `now`.
    pub fn handle_chunk(&mut self, chunk: &[u8], now: Nanos) {
        self.received += chunk.len();
        match &mut self.stage {
            Stage::Handshake(_) => self.answer(chunk),
            Stage::Answered(_, behind) => behind.extend_from_slice(chunk),
            Stage::Frames(_) | Stage::Closed => {}
        }
        self.take(chunk, now);
    }

    /// Looks at the answer that [`ServerOutput::Answered`] told of, at `now`;
    /// whether it was right. Drain the outputs then.
    pub fn verify(&mut self, now: Nanos) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Answered(answer, behind) => {
                let start = Offset(answer.len() as u64);
                match answer.verify() {
                    Verdict::Accepted(proof) => {
                        self.stage = Stage::Frames(Decoder::starting_at(&self.framing, start));
                        self.outputs.push_back(ServerOutput::Authenticated);
                        self.outputs.extend(proof.map(ServerOutput::Send));
                        self.take(&behind, now);
                        true
                    }
                    Verdict::Rejected(refusal) => {
                        self.refuse(refusal);
                        false
                    }
                }
            }
            stage => {
                self.stage = stage;
                false
            }
        }
    }

    /// Refuses the client without a look at its answer.
    pub fn decline(&mut self) {
        if let Stage::Answered(..) = self.stage {
            self.refuse(Refusal::NotVerified);
        }
    }

    /// Takes `chunk`, if frames are due.
    fn take(&mut self, chunk: &[u8], now: Nanos) {
        let frames = self.frames;
        if let Stage::Frames(decoder) = &mut self.stage
            && !chunk.is_empty()
        {
            decoder.handle_chunk(chunk);
            self.drain(Some(now));
        }
        // Bytes that come steadily never let a timeout happen.
        if self.frames == frames {
            self.check_deadline(now);
        }
        self.watch.note(self.phase(), now);
        if self.frames != frames {
            self.watch.restart(now);
        }
    }

    fn check_deadline(&mut self, now: Nanos) {
        let missed = self.watch.missed(now).filter(|_| !self.is_closed());
        let offset = self.received;
        match missed {
            None => {}
            Some(Phase::Handshake) => {
                if let Stage::Handshake(awaited) = &self.stage {
                    let (have, need) = (awaited.have(), awaited.need());
                    self.refuse(Refusal::HandshakeTimeout { have, need });
                }
            }
            Some(Phase::Frame) => self.refuse(Refusal::FrameTimeout { offset }),
            Some(Phase::Between) => self.refuse(Refusal::Idle { offset }),
        }
    }

    /// The client has sent all it will.
    pub fn handle_eof(&mut self) {
        let ended = match &mut self.stage {
            Stage::Frames(decoder) => decoder.handle_eof(),
            _ => Ok(()),
        };
        // A message may have waited for the end, as a number in JSON does.
        self.drain(None);
        let refusal = match &mut self.stage {
            Stage::Handshake(awaited) => Some(Refusal::NoAnswer {
                have: awaited.have(),
                need: awaited.need(),
            }),
            Stage::Answered(..) => Some(Refusal::NotVerified),
            Stage::Frames(_) => ended.err().map(Refusal::Frame),
            Stage::Closed => None,
        };
        match refusal {
            Some(refusal) => self.refuse(refusal),
            None => self.stage = Stage::Closed,
        }
        self.quiet_at = None;
    }

    /// When to call [`Server::handle_timeout`], if at all.
    pub fn poll_timeout(&self) -> Option<Nanos> {
        let both = [self.quiet_at, self.watch.due()].into_iter().flatten();
        both.min().filter(|_| !self.is_closed())
    }

    /// It is `now`, and nothing arrived meanwhile.
    pub fn handle_timeout(&mut self, now: Nanos) {
        if self.quiet_at.is_some_and(|at| at <= now) {
            self.quiet_at = None;
            if let Stage::Frames(decoder) = &mut self.stage {
                decoder.handle_quiet();
                self.drain(None);
            }
            self.watch.note(self.phase(), now);
        }
        self.check_deadline(now);
    }

    /// What to do next, or `None`: wait for input.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// Whether the machine has ended: nothing more will be accepted.
    pub const fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Feeds the handshake; what is behind it is kept until it is over.
    fn answer(&mut self, chunk: &[u8]) {
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        let Stage::Handshake(awaited) = stage else {
            self.stage = stage;
            return;
        };
        self.stage = match awaited.handle_chunk(chunk) {
            Step::NeedMore(awaited) => Stage::Handshake(awaited),
            Step::Done { next, used } => {
                self.outputs.push_back(ServerOutput::Answered);
                Stage::Answered(next, chunk[used..].to_vec())
            }
        };
    }

    /// Moves everything the decoder has into the outputs.
    fn drain(&mut self, now: Option<Nanos>) {
        let Stage::Frames(decoder) = &mut self.stage else {
            return;
        };
        loop {
            let polled = decoder.poll_frame();
            if let Some(reply) = decoder.poll_reply() {
                self.outputs
                    .push_back(ServerOutput::Send(Bytes::from_static(reply)));
                continue;
            }
            match polled {
                Ok(Some(frame)) => {
                    self.frames += 1;
                    let reply = match self.reply {
                        // One pass: a copy changed in place would be two.
                        Reply::Uppercase => {
                            Ok(frame.body.iter().map(u8::to_ascii_uppercase).collect())
                        }
                        Reply::Framed => self.framing.whole(&frame.body),
                        Reply::None => Ok(Bytes::new()),
                    };
                    self.outputs.push_back(ServerOutput::Message(frame.body));
                    let reply = match reply {
                        Ok(reply) => reply,
                        Err(error) => {
                            let offset = frame.start;
                            return self.refuse(Refusal::Reply { offset, error });
                        }
                    };
                    if !reply.is_empty() {
                        self.outputs.push_back(ServerOutput::Send(reply));
                    }
                }
                Ok(None) => break,
                Err(error) if self.framing.resynchronises() => {
                    // What follows each other is told once.
                    if !matches!(self.outputs.back(), Some(ServerOutput::Skipped(_))) {
                        self.outputs.push_back(ServerOutput::Skipped(error));
                    }
                }
                Err(error) => return self.refuse(Refusal::Frame(error)),
            }
        }
        self.quiet_at = match now {
            Some(now) if decoder.awaits_quiet() => Some(now + LENGTH_SETTLE),
            _ => None,
        };
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.stage = Stage::Closed;
        self.quiet_at = None;
        self.outputs.push_back(ServerOutput::Refuse(refusal));
    }
}

impl Awaited {
    /// The challenge to send, and what its answer is awaited with.
    fn begin(scheme: Scheme, key: Key, nonce: [u8; CHALLENGE_LEN]) -> ([u8; CHALLENGE_LEN], Self) {
        match scheme {
            Scheme::HmacMd5 => {
                let (challenge, answer) = hmac_md5::Challenge::new(key, nonce).send();
                (challenge, Self::HmacMd5(answer))
            }
            Scheme::MutualSha256 => {
                let (challenge, proof) = mutual::Challenge::new(key, nonce).send();
                (challenge, Self::MutualSha256(proof))
            }
        }
    }

    const fn have(&self) -> usize {
        match self {
            Self::HmacMd5(answer) => answer.have(),
            Self::MutualSha256(proof) => proof.have(),
        }
    }

    const fn need(&self) -> usize {
        match self {
            Self::HmacMd5(_) => Scheme::HmacMd5.client_len(),
            Self::MutualSha256(_) => Scheme::MutualSha256.client_len(),
        }
    }

    fn handle_chunk(self, chunk: &[u8]) -> Step<Self, Unverified> {
        match self {
            Self::HmacMd5(answer) => match answer.handle_chunk(chunk) {
                Step::NeedMore(answer) => Step::NeedMore(Self::HmacMd5(answer)),
                Step::Done { next, used } => {
                    let next = Unverified::HmacMd5(next);
                    Step::Done { next, used }
                }
            },
            Self::MutualSha256(proof) => match proof.handle_chunk(chunk) {
                Step::NeedMore(proof) => Step::NeedMore(Self::MutualSha256(proof)),
                Step::Done { next, used } => {
                    let next = Unverified::MutualSha256(next);
                    Step::Done { next, used }
                }
            },
        }
    }
}

impl Unverified {
    /// Bytes of the client in front of its first frame.
    const fn len(&self) -> usize {
        match self {
            Self::HmacMd5(_) => Scheme::HmacMd5.client_len(),
            Self::MutualSha256(_) => Scheme::MutualSha256.client_len(),
        }
    }

    fn verify(self) -> Verdict {
        match self {
            Self::HmacMd5(answer) => match answer.verify() {
                hmac_md5::Verdict::Accepted(_) => Verdict::Accepted(None),
                hmac_md5::Verdict::Rejected(_) => Verdict::Rejected(Refusal::WrongAnswer),
            },
            Self::MutualSha256(proof) => match proof.verify() {
                mutual::Verdict::Accepted(accepted) => {
                    Verdict::Accepted(Some(Bytes::copy_from_slice(&accepted.send())))
                }
                mutual::Verdict::Rejected(_) => Verdict::Rejected(Refusal::WrongProof),
            },
        }
    }
}
