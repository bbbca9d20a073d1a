//! The client's side of one connection.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes, BytesMut};

use super::{Reply, Rules};
use crate::Counted;
use crate::auth::hmac_md5::client::{Challenge, Sent};
use crate::auth::mutual::NONCE_LEN;
use crate::auth::mutual::client as mutual;
use crate::auth::{Scheme, Step};
use crate::framing::{Decode, Decoder, EncodeError, FrameError, Framing, Parts, READY};

/// What the driver has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientOutput {
    /// Send these bytes in one call, or as many as it takes.
    Send(Bytes),
    /// The whole reply to the oldest unanswered message.
    Reply(Bytes),
}

/// Why a client gives up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Closed by the server before it said anything to the answer: refused.
    #[error(
        "the server closed the connection without a reply: \
         wrong key, or it demands another scheme"
    )]
    Rejected,
    /// Closed by the server before it proved itself: refused.
    #[error("the server closed inside the handshake: wrong key, or it demands another scheme")]
    Unproven,
    /// The server's proof was wrong; it has been sent no message.
    #[error("the server did not prove that it knows the key: nothing was sent to it")]
    Impostor,
    /// Closed by the server while something was still owed.
    #[error("the server closed the connection with {} unfinished", Counted(*.unanswered, "message"))]
    Closed {
        /// Messages not sent or not answered in full.
        unanswered: usize,
    },
    /// The server sent what this protocol has no place for.
    #[error("the server sent {} that answer nothing", Counted(bytes.len(), "byte"))]
    Unexpected {
        /// Which bytes.
        bytes: Bytes,
    },
    /// A reply that its framing refuses.
    #[error("the server's reply can't be decoded: {0}")]
    Reply(FrameError),
    /// Something else than `ready` in answer to a length.
    #[error("the server answered a length with {0:?}, not \"ready\"")]
    NotReady(Bytes),
}

/// One connection as its client sees it.
#[derive(Debug)]
pub struct Client {
    stage: Stage,
    framing: Framing,
    reply: Reply,
    /// Messages waiting for the handshake or for the one before.
    waiting: VecDeque<Pending>,
    /// Lengths of the replies to what has been sent, oldest first. An empty
    /// message has no reply, so there is nothing to wait for. Of framed replies their frames
    /// tell.
    owed: VecDeque<usize>,
    /// Decodes replies, if they are framed.
    replies: Option<Decoder>,
    received: BytesMut,
    outputs: VecDeque<ClientOutput>,
}

/// A message not sent in full yet.
#[derive(Debug)]
struct Pending {
    parts: Parts,
    /// Bytes of reply that it is owed once it is sent.
    reply: usize,
}

#[derive(Debug)]
enum Stage {
    Challenge(Challenge),
    /// The answer is out; whether it was right is not known yet.
    Answered(Sent),
    MutualChallenge(mutual::Challenge),
    /// The proof is out; the server's is to come before anything else is sent.
    MutualProof(mutual::Proof),
    Frames,
    /// A length is out; its body follows `ready`, which comes behind the
    /// replies to what was sent before.
    AwaitReady {
        body: Bytes,
        reply: usize,
    },
    Closed,
}

impl Client {
    /// A connection just made. With a key in `rules`, nothing is sent before
    /// the challenge has come. `nonce` is what the client brings to it, if the
    /// scheme has it do so: fresh from a cryptographic random source, used for
    /// no other connection.
    pub fn new(rules: &Rules, nonce: [u8; NONCE_LEN]) -> Self {
        Self {
            stage: match (&rules.key, rules.scheme) {
                (Some(key), Scheme::HmacMd5) => Stage::Challenge(Challenge::new(key.clone())),
                (Some(key), Scheme::MutualSha256) => {
                    Stage::MutualChallenge(mutual::Challenge::new(key.clone(), nonce))
                }
                (None, _) => Stage::Frames,
            },
            framing: rules.framing.clone(),
            reply: rules.reply,
            waiting: VecDeque::new(),
            owed: VecDeque::new(),
            replies: match rules.reply_framing() {
                Framing::None => None,
                framing => Some(Decoder::new(&framing)),
            },
            received: BytesMut::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Queues a message for sending.
    pub fn handle_message(&mut self, message: &[u8]) -> Result<(), EncodeError> {
        let parts = self.framing.parts(message)?;
        self.handle_parts(parts, message.len());
        Ok(())
    }

    /// Queues a message already cut into header and body, however wrong the
    /// header may be; `length` is how many bytes of reply it is owed.
    pub fn handle_parts(&mut self, parts: Parts, length: usize) {
        let reply = match self.reply {
            // Its frame tells; one is owed to an empty message, too.
            Reply::Framed if self.replies.is_some() => length.max(1),
            Reply::Uppercase | Reply::Framed => length,
            Reply::None => 0,
        };
        self.waiting.push_back(Pending { parts, reply });
        self.advance();
    }

    /// The socket gave `chunk` (not empty).
    pub fn handle_chunk(&mut self, chunk: &[u8]) -> Result<(), ClientError> {
        let mut rest = chunk;
        loop {
            match std::mem::replace(&mut self.stage, Stage::Closed) {
                Stage::Challenge(stage) => match stage.handle_chunk(rest) {
                    Step::NeedMore(stage) => {
                        self.stage = Stage::Challenge(stage);
                        return Ok(());
                    }
                    Step::Done { next, used } => {
                        rest = &rest[used..];
                        let (answer, sent) = next.send();
                        self.stage = Stage::Answered(sent);
                        self.outputs
                            .push_back(ClientOutput::Send(Bytes::copy_from_slice(&answer)));
                        self.advance();
                    }
                },
                Stage::MutualChallenge(stage) => match stage.handle_chunk(rest) {
                    Step::NeedMore(stage) => {
                        self.stage = Stage::MutualChallenge(stage);
                        return Ok(());
                    }
                    Step::Done { next, used } => {
                        rest = &rest[used..];
                        let (answer, proof) = next.send();
                        self.stage = Stage::MutualProof(proof);
                        self.outputs
                            .push_back(ClientOutput::Send(Bytes::copy_from_slice(&answer)));
                    }
                },
                Stage::MutualProof(stage) => match stage.handle_chunk(rest) {
                    Step::NeedMore(stage) => {
                        self.stage = Stage::MutualProof(stage);
                        return Ok(());
                    }
                    Step::Done { next, used } => {
                        if let mutual::Verdict::Rejected(_) = next {
                            return Err(ClientError::Impostor);
                        }
                        rest = &rest[used..];
                        self.stage = Stage::Frames;
                        self.advance();
                    }
                },
                Stage::Answered(sent) if !rest.is_empty() => {
                    sent.handle_chunk();
                    self.stage = Stage::Frames;
                }
                Stage::AwaitReady { body, reply } if !rest.is_empty() => {
                    self.take_replies(rest);
                    let answer = self.received.len().min(READY.len());
                    if self.owed.is_empty() && !READY.starts_with(&self.received[..answer]) {
                        let answer = self.received.split_to(answer).freeze();
                        self.received.clear();
                        return Err(ClientError::NotReady(answer));
                    }
                    if !self.owed.is_empty() || answer < READY.len() {
                        self.stage = Stage::AwaitReady { body, reply };
                        return Ok(());
                    }
                    self.received.advance(READY.len());
                    // What was held before is used up by now.
                    rest = &rest[rest.len() - self.received.len()..];
                    self.received.clear();
                    self.stage = Stage::Frames;
                    if !body.is_empty() {
                        self.outputs.push_back(ClientOutput::Send(body));
                    }
                    self.owe(reply);
                    self.advance();
                }
                Stage::Frames if !rest.is_empty() => {
                    self.stage = Stage::Frames;
                    return match self.replies {
                        Some(_) => self.framed_replies(|decoder| {
                            decoder.handle_chunk(rest);
                            Ok(())
                        }),
                        None => self.reply(rest),
                    };
                }
                stage => {
                    self.stage = stage;
                    return Ok(());
                }
            }
        }
    }

    /// The server has sent all it will.
    pub fn handle_eof(&mut self) -> Result<(), ClientError> {
        self.framed_replies(Decode::handle_eof)?;
        let awaits_ready = matches!(self.stage, Stage::AwaitReady { .. });
        let unanswered = usize::from(awaits_ready) + self.waiting.len() + self.owed.len();
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Challenge(_) => Err(ClientError::Rejected),
            Stage::Answered(sent) => {
                sent.handle_eof();
                Err(ClientError::Rejected)
            }
            Stage::MutualChallenge(_) | Stage::MutualProof(_) => Err(ClientError::Unproven),
            Stage::Frames | Stage::AwaitReady { .. } if unanswered > 0 => {
                Err(ClientError::Closed { unanswered })
            }
            _ => Ok(()),
        }
    }

    /// What to do next, or `None`: wait for input.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    /// How messages are framed.
    pub const fn framing(&self) -> &Framing {
        &self.framing
    }

    /// Whether every message is sent and, where replies are due, answered.
    pub fn is_idle(&self) -> bool {
        self.can_send()
            && self.waiting.is_empty()
            && self.owed.is_empty()
            && self.outputs.is_empty()
    }

    /// Whether a message given now would go out now.
    pub const fn can_send(&self) -> bool {
        matches!(self.stage, Stage::Frames | Stage::Answered(_))
    }

    /// Sends what may be sent in this stage.
    fn advance(&mut self) {
        while self.can_send() {
            let Some(Pending { parts, reply }) = self.waiting.pop_front() else {
                return;
            };
            let Parts { header, body } = parts;
            if !header.is_empty() {
                self.outputs.push_back(ClientOutput::Send(header));
            }
            if self.framing.waits_for_ready() {
                self.stage = Stage::AwaitReady { body, reply };
                return;
            }
            if !body.is_empty() || self.framing == Framing::None {
                // Without framing an empty message is still a send() of 0 bytes.
                self.outputs.push_back(ClientOutput::Send(body));
            }
            self.owe(reply);
        }
    }

    /// A message is sent in full.
    fn owe(&mut self, reply: usize) {
        if reply > 0 {
            self.owed.push_back(reply);
        }
    }

    /// Whether only a pause of the server can end the reply at hand.
    pub fn awaits_quiet(&self) -> bool {
        self.replies.as_ref().is_some_and(Decode::awaits_quiet)
    }

    /// The server has paused (see [`Client::awaits_quiet`]).
    pub fn handle_quiet(&mut self) -> Result<(), ClientError> {
        self.framed_replies(|decoder| {
            decoder.handle_quiet();
            Ok(())
        })
    }

    /// Gives something to the decoder of framed replies, and takes what comes of it.
    fn framed_replies(
        &mut self,
        handle: impl FnOnce(&mut Decoder) -> Result<(), FrameError>,
    ) -> Result<(), ClientError> {
        let Some(decoder) = &mut self.replies else {
            return Ok(());
        };
        let ended = handle(decoder);
        let mut unexpected = Vec::new();
        let mut answers_nothing = false;
        while let Some(frame) = decoder.poll_frame().map_err(ClientError::Reply)? {
            if self.owed.pop_front().is_some() {
                self.outputs.push_back(ClientOutput::Reply(frame.body));
            } else {
                answers_nothing = true;
                unexpected.extend_from_slice(&frame.body);
            }
        }
        if answers_nothing {
            let bytes = unexpected.into();
            return Err(ClientError::Unexpected { bytes });
        }
        ended.map_err(ClientError::Reply)
    }

    fn reply(&mut self, chunk: &[u8]) -> Result<(), ClientError> {
        self.take_replies(chunk);
        if self.received.is_empty() || !self.owed.is_empty() {
            return Ok(());
        }
        let bytes = self.received.split().freeze();
        Err(ClientError::Unexpected { bytes })
    }

    /// What has come of a reply that is not complete; its rest is still owed.
    pub fn partial_reply(&self) -> &[u8] {
        match self.stage {
            Stage::Frames if !self.owed.is_empty() => &self.received,
            _ => &[],
        }
    }

    /// Takes the first `count` bytes of [`Client::partial_reply`]. The reply that
    /// completes it has the others.
    pub fn take_partial_reply(&mut self, count: usize) -> Bytes {
        let count = count.min(self.partial_reply().len());
        if let Some(owed) = self.owed.front_mut() {
            *owed -= count;
        }
        self.received.split_to(count).freeze()
    }

    /// Waits no longer for the rest of the oldest reply; how many bytes were missing.
    pub fn give_up_reply(&mut self) -> usize {
        let missing = self.owed.pop_front().unwrap_or(0);
        let missing = missing.saturating_sub(self.received.len());
        self.received.clear();
        self.advance();
        missing
    }

    /// Passes on the replies that are complete with `chunk`; what is behind
    /// them stays in `received`.
    fn take_replies(&mut self, chunk: &[u8]) {
        self.received.extend_from_slice(chunk);
        while let Some(length) = self
            .owed
            .pop_front_if(|length| *length <= self.received.len())
        {
            let reply = self.received.split_to(length).freeze();
            self.outputs.push_back(ClientOutput::Reply(reply));
        }
    }
}
