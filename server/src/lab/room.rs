//! How much may wait for the clients of a run.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::net::{Backlog, Held};

/// Bytes of commands that may wait for a run's clients, each call counted as
/// [`COMMAND`] more: twice what any valid experiment sends.
pub(super) const ROOM: usize = 4 * 1024 * 1024;
/// What a command, and each call in it, counts beside its bytes.
pub(super) const COMMAND: usize = 64;

/// Room for a command among those that wait for a run's clients. It is free
/// again when the command was followed, or this is dropped.
#[derive(Debug)]
pub struct Room {
    _permit: OwnedSemaphorePermit,
    _held: Option<Held>,
}

/// All the room that a run has. Clones are the same room.
#[derive(Clone, Debug)]
pub struct Rooms {
    all: Arc<Semaphore>,
    backlog: Option<Arc<Backlog>>,
}

impl Rooms {
    /// Nothing waits; what will counts in `backlog`, too, if there is one.
    pub fn new(backlog: Option<Arc<Backlog>>) -> Self {
        Self {
            all: Arc::new(Semaphore::new(ROOM)),
            backlog,
        }
    }

    /// Room for a command of `calls` calls that send `bytes` bytes in all, as soon as there
    /// is some. None once it is [closed](Self::close).
    pub fn room(
        &self,
        calls: usize,
        bytes: usize,
    ) -> impl Future<Output = Option<Room>> + use<> + Send {
        let calls = calls.saturating_add(1);
        let size = bytes.saturating_add(calls.saturating_mul(COMMAND));
        let permits = u32::try_from(size.min(ROOM)).unwrap_or(u32::MAX);
        let (all, backlog) = (Arc::clone(&self.all), self.backlog.clone());
        async move {
            let permit = all.acquire_many_owned(permits).await.ok()?;
            Some(Room {
                _permit: permit,
                _held: backlog.map(|backlog| backlog.hold(size)),
            })
        }
    }

    /// The run is over: no command waits any more.
    pub fn close(&self) {
        self.all.close();
    }
}
