//! The next message of a page, in whatever pieces it comes.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::gateway::websocket::{Close, End, Event, WebSocket, code};
use crate::net::TimeSlice;

/// How long a message may take from its first byte to its last.
pub(in crate::gateway) const DEADLINE: Duration = Duration::from_secs(30);

/// Why a session ends without a close of the page's.
pub(super) enum Failure {
    /// The page broke a rule of WebSocket, or took too long; the code and
    /// reason to close with.
    Violated(u16, String),
    /// It is not there any more.
    Gone(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// What the page sent.
pub(super) enum Message {
    Text(Vec<u8>),
    Binary,
    Control,
    Close(Option<Close>),
}

/// What has come of the message at hand.
#[derive(Debug)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// When its first frame came.
    since: Option<Instant>,
    deadline: Duration,
    slice: TimeSlice,
}

impl Incoming {
    pub(super) fn new(deadline: Duration) -> Self {
        Self {
            bytes: Vec::new(),
            since: None,
            deadline,
            slice: TimeSlice::default(),
        }
    }

    /// The next message from `web`. What has come of it is kept, so that this
    /// is safe to cancel.
    pub(super) async fn next(&mut self, web: &mut WebSocket) -> Result<Message, Failure> {
        loop {
            self.slice.pause_if_over().await;
            let event = match self.since.map(|since| since + self.deadline) {
                // Pongs do not put it off.
                Some(due) if due <= Instant::now() => return Err(self.late()),
                Some(due) => match timeout_at(due, web.event()).await {
                    Ok(event) => event,
                    Err(_) => return Err(self.late()),
                },
                None => web.event().await,
            };
            let (text, end) = match event {
                Ok(Event::Data { text, end }) => (text, end),
                Ok(Event::Control) => return Ok(Message::Control),
                Err(End::Closed(close)) => return Ok(Message::Close(close)),
                Err(End::Gone) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Err(End::Violated(violation)) => {
                    return Err(Failure::Violated(violation.code(), violation.to_string()));
                }
            };
            self.since.get_or_insert_with(Instant::now);
            let piece = web.payload();
            self.bytes.extend_from_slice(piece);
            web.pass(piece.len());
            if !end {
                continue;
            }
            self.since = None;
            let message = std::mem::take(&mut self.bytes);
            return Ok(if text {
                Message::Text(message)
            } else {
                Message::Binary
            });
        }
    }

    fn late(&self) -> Failure {
        let reason = format!("a message took longer than {:?}", self.deadline);
        Failure::Violated(code::POLICY, reason)
    }
}
