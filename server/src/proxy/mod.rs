//! A proxy between two programs of the user's, which records what passes through it.
//!
//! Each connection of a client is followed by one to the server, and each datagram
//! socket of a client by a socket of its own. What one side sends is passed on to the
//! other as it came, with the end of a stream and with a reset. [`passing`] decides
//! what follows from what; `streams` and `datagrams` make the calls. Memory is bounded:
//! a side that reads slowly slows down the one that sends. No TLS is opened.

mod datagrams;
mod passing;
mod place;
mod recording;
mod side;
mod streams;

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::filter::{Filter, Limits};
use crate::journal::Journal;
use recording::Recording;

pub use place::{Listener, Listening, Place};

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Connections and senders of datagrams that were turned away, because there were
    /// as many as may be.
    pub refused: u64,
    /// Those that were served and not recorded: a record has no more connections.
    pub unrecorded: u64,
}

/// What a proxy does, and how much of it is recorded.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub listening: Listening,
    /// Where it connects to.
    pub to: Place,
    /// Connections at a time, and senders of datagrams.
    pub most: usize,
    /// What the record may have.
    pub limits: Limits,
    /// Which connections are recorded.
    pub filter: Filter,
}

impl Proxy {
    /// Passes on what comes until `shutdown`; then everything is closed. What is
    /// observed is added to `journal`, the line that ends it included. `started` is 0 in
    /// the times.
    pub async fn run(
        self,
        started: Instant,
        journal: Arc<Journal>,
        shutdown: CancellationToken,
    ) -> LeftOut {
        let (recording, collector) = Recording::start(started, self.limits, self.filter, journal);
        let recording = Arc::new(recording);
        let over = CancellationToken::new();
        let collecting = tokio::spawn(collector.run(over.clone()));
        let (was_open, refused) = match self.listening {
            Listening::Udp(socket) => {
                datagrams::serve(socket, self.to, self.most, &recording, shutdown).await
            }
            Listening::Stream(listener) => {
                streams::serve(listener, self.to, self.most, &recording, shutdown).await
            }
        };
        let unrecorded = recording.unrecorded();
        recording.stopped(was_open);
        drop(recording);
        over.cancel();
        if let Err(error) = collecting.await {
            tracing::error!("the record could not be completed: {error}");
        }
        LeftOut {
            refused,
            unrecorded,
        }
    }
}
