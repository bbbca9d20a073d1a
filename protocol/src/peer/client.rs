//! The client's side of one connection.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{Reply, Rules};
use crate::auth::hmac_md5::client::{Challenge, Sent};
use crate::auth::mutual::NONCE_LEN;
use crate::auth::mutual::client as mutual;
use crate::auth::{Scheme, Step};
use crate::framing::{EncodeError, Framing, Parts, READY};

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
    #[error("the server closed the connection with {unanswered} messages unfinished")]
    Closed {
        /// Messages not sent or not answered in full.
        unanswered: usize,
    },
    /// The server sent what this protocol has no place for.
    #[error("the server sent {count} bytes that answer nothing")]
    Unexpected {
        /// How many.
        count: usize,
    },
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
    waiting: VecDeque<Parts>,
    /// Lengths of the replies still owed, oldest first.
    owed: VecDeque<usize>,
    received: BytesMut,
    outputs: VecDeque<ClientOutput>,
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
    /// A length is out; its body follows `ready`.
    AwaitReady(Bytes),
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
        self.waiting.push_back(parts);
        if self.reply == Reply::Uppercase {
            self.owed.push_back(length);
        }
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
                Stage::AwaitReady(body) if !rest.is_empty() => {
                    let used = rest.len().min(READY.len() - self.received.len());
                    self.received.extend_from_slice(&rest[..used]);
                    rest = &rest[used..];
                    if !READY.starts_with(&self.received) {
                        return Err(ClientError::NotReady(self.received.split().freeze()));
                    }
                    if self.received.len() < READY.len() {
                        self.stage = Stage::AwaitReady(body);
                        return Ok(());
                    }
                    self.received.clear();
                    self.stage = Stage::Frames;
                    if !body.is_empty() {
                        self.outputs.push_back(ClientOutput::Send(body));
                    }
                    self.advance();
                }
                Stage::Frames if !rest.is_empty() => {
                    self.stage = Stage::Frames;
                    return self.reply(rest);
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
        let awaits_ready = matches!(self.stage, Stage::AwaitReady(_));
        let unanswered = usize::from(awaits_ready) + self.waiting.len().max(self.owed.len());
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Challenge(_) => Err(ClientError::Rejected),
            Stage::Answered(sent) => {
                sent.handle_eof();
                Err(ClientError::Rejected)
            }
            Stage::MutualChallenge(_) | Stage::MutualProof(_) => Err(ClientError::Unproven),
            Stage::Frames | Stage::AwaitReady(_) if unanswered > 0 => {
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
            let Some(parts) = self.waiting.pop_front() else {
                return;
            };
            let Parts { header, body } = parts;
            if !header.is_empty() {
                self.outputs.push_back(ClientOutput::Send(header));
            }
            if self.framing.waits_for_ready() {
                self.stage = Stage::AwaitReady(body);
            } else if !body.is_empty() || self.framing == Framing::None {
                // Without framing an empty message is still a send() of 0 bytes.
                self.outputs.push_back(ClientOutput::Send(body));
            }
            self.settle_empty_replies();
        }
    }

    fn reply(&mut self, chunk: &[u8]) -> Result<(), ClientError> {
        self.received.extend_from_slice(chunk);
        while let Some(&length) = self.owed.front() {
            if self.received.len() < length {
                return Ok(());
            }
            self.owed.pop_front();
            let reply = self.received.split_to(length).freeze();
            self.outputs.push_back(ClientOutput::Reply(reply));
        }
        match self.received.len() {
            0 => Ok(()),
            count => {
                self.received.clear();
                Err(ClientError::Unexpected { count })
            }
        }
    }

    /// An empty message is answered by nothing at all: nobody waits for that.
    fn settle_empty_replies(&mut self) {
        while self.owed.front() == Some(&0) {
            self.owed.pop_front();
        }
    }
}
