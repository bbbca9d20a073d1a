//! The next message of a page, in whatever pieces it comes.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::gateway::websocket::{Close, End, Event, WebSocket, code};
use crate::net::TimeSlice;

/// How long a message may take from its first byte to its last, while the
/// session waits for it.
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
    /// How long its further frames have been waited for; none: it has not begun.
    waited: Option<Duration>,
    deadline: Duration,
    slice: TimeSlice,
}

impl Incoming {
    pub(super) fn new(deadline: Duration) -> Self {
        Self {
            bytes: Vec::new(),
            waited: None,
            deadline,
            slice: TimeSlice::default(),
        }
    }

    /// The next message from `web`. What has come of it is kept, so that this
    /// is safe to cancel.
    pub(super) async fn next(&mut self, web: &mut WebSocket) -> Result<Message, Failure> {
        loop {
            self.slice.pause_if_over().await;
            let event = match &mut self.waited {
                Some(waited) => {
                    let left = self.deadline.saturating_sub(*waited);
                    let waiting = Waiting::new(waited);
                    // What is there already is taken also when no time is left.
                    let event = timeout(left, web.event()).await;
                    drop(waiting);
                    event.map_err(|_| self.late())?
                }
                None => web.event().await,
            };
            let (text, end) = match event {
                Ok(Event::Data { text, end }) => (text, end),
                // Pongs do not put it off.
                Ok(Event::Control) if self.waited >= Some(self.deadline) => {
                    return Err(self.late());
                }
                Ok(Event::Control) => return Ok(Message::Control),
                Err(End::Closed(close)) => return Ok(Message::Close(close)),
                Err(End::Gone) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Err(End::Violated(violation)) => {
                    return Err(Failure::Violated(violation.code(), violation.to_string()));
                }
            };
            self.waited.get_or_insert_default();
            let piece = web.payload();
            self.bytes.extend_from_slice(piece);
            web.pass(piece.len());
            if !end {
                continue;
            }
            self.waited = None;
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

/// Adds its lifetime to a sum. While the session does anything else, such as
/// waiting for its turn or for a slow page to read, no time is counted.
struct Waiting<'a> {
    sum: &'a mut Duration,
    since: Instant,
}

impl<'a> Waiting<'a> {
    fn new(sum: &'a mut Duration) -> Self {
        let since = Instant::now();
        Self { sum, since }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.sum += self.since.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::sleep;

    use super::*;
    use crate::gateway::stream::Stream;
    use crate::gateway::websocket::MessageLimits;

    #[tokio::test]
    async fn time_in_which_nobody_waits_for_a_message_does_not_count() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut page = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let limits = MessageLimits {
            message: 100,
            frames: 10,
        };
        let mut web = WebSocket::new(Stream::Tcp(stream), &Bytes::new(), limits);
        let deadline = Duration::from_secs(1);
        let mut incoming = Incoming::new(deadline);
        // A message begins, and a pong follows.
        for (there, later) in [
            // The rest of it is there when the session reads again.
            (&b"\x80\x81\0\0\0\0}"[..], &b""[..]),
            // A part of the rest still has to come.
            (b"\x80\x81\0", b"\0\0\0}"),
        ] {
            page.write_all(b"\x01\x81\0\0\0\0{\x8a\x80\0\0\0\0")
                .await
                .unwrap();
            let begun = incoming.next(&mut web).await;
            assert!(matches!(begun, Ok(Message::Control)));
            page.write_all(there).await.unwrap();
            sleep(deadline * 2).await;
            let writing = async {
                sleep(deadline / 4).await;
                page.write_all(later).await
            };
            let (message, written) = tokio::join!(incoming.next(&mut web), writing);
            written.unwrap();
            match message {
                Ok(Message::Text(text)) => assert_eq!(text, b"{}"),
                Err(Failure::Violated(_, reason)) => panic!("{reason}"),
                _ => panic!("no text"),
            }
        }
    }
}
