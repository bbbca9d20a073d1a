//! What a server does that its clients have to live with, and how it sends its replies.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::net::Cork;

/// What a server does that its clients have to live with: an experiment's own may.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    /// Rooms of the first recvs on a connection, in bytes; at least 1 each.
    pub recv_sizes: Vec<usize>,
    /// After how many recvs it closes, whatever has not been read; none: never.
    pub close_after: Option<u32>,
    /// Most bytes of a reply in one send; 0: all.
    pub reply_piece: usize,
    /// How long it takes before each reply.
    pub reply_delay: Duration,
    /// Whether small segments of a reply wait until all of it was sent (TCP_CORK, tcp(7)).
    pub cork: bool,
    /// Whether the replies to all messages of one recv are one send.
    pub replies_together: bool,
}

/// A reply of which the client does not get all.
pub(super) struct Unsent {
    /// What failed.
    pub error: io::Error,
    /// Bytes that were not given to the kernel.
    pub bytes: usize,
}

impl Conduct {
    /// The largest room that a recv has, where the others have `buffer`.
    pub(super) fn room(&self, buffer: usize) -> usize {
        let sizes = self.recv_sizes.iter().copied();
        sizes.fold(buffer, usize::max).max(1)
    }

    /// Sends a reply to a client that reads some of it within `patience`, again and again.
    pub(super) async fn reply<S>(
        &self,
        stream: &mut S,
        bytes: &[u8],
        patience: Option<Duration>,
    ) -> Result<(), Unsent>
    where
        S: AsyncWrite + Cork + Unpin,
    {
        if !self.reply_delay.is_zero() {
            tokio::time::sleep(self.reply_delay).await;
        }
        let most = match self.reply_piece {
            0 => bytes.len(),
            piece => piece,
        };
        if self.cork {
            stream.cork(true);
        }
        for piece in bytes.chunks(most.max(1)) {
            send(stream, piece, patience).await?;
        }
        if self.cork {
            stream.cork(false);
        }
        Ok(())
    }
}

/// Sends all of `bytes` to a client that takes some of them now and then.
async fn send<S>(stream: &mut S, mut bytes: &[u8], patience: Option<Duration>) -> Result<(), Unsent>
where
    S: AsyncWrite + Unpin,
{
    while !bytes.is_empty() {
        let writing = stream.write(bytes);
        let written = match patience {
            None => writing.await,
            Some(patience) => timeout(patience, writing).await.unwrap_or_else(|_| {
                let seconds = patience.as_secs();
                let error = format!("it has read nothing for {seconds} s");
                Err(io::Error::new(io::ErrorKind::TimedOut, error))
            }),
        };
        let written = match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        };
        let bytes_left = bytes.len();
        let unsent = |error| Unsent {
            error,
            bytes: bytes_left,
        };
        bytes = &bytes[written.map_err(unsent)?..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_reads_nothing_is_left_with_what_was_not_sent() {
        let (mut ours, _theirs) = tokio::io::duplex(8);
        let sent = send(&mut ours, &[b'x'; 20], Some(Duration::from_millis(20))).await;
        let Err(Unsent { error, bytes }) = sent else {
            panic!("it waits no longer");
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(bytes, 12);
    }
}
