//! How far a session's run is, and what it is told meanwhile.

use std::pin::Pin;

use protocol::Nanos;
use trace::{ClientId, Experiment};

use super::queue::{Entry, Standing};
use crate::lab::Room;
use crate::net::Held;
use crate::net::admission::Place;
use crate::worker::{Running, Told};

/// How far the session's run is.
pub(super) enum Stage {
    /// There is none.
    Idle,
    /// It waits for others to end.
    Waits(Box<Waiting>),
    /// It goes on, or its last lines are passed on.
    Goes(Running),
}

pub(super) struct Waiting {
    pub(super) run: u32,
    pub(super) experiment: Experiment,
    pub(super) place: Place,
    pub(super) entry: Entry,
    /// What its clients were told already, in memory that counts.
    pub(super) early: Vec<(ClientId, Command, Held)>,
    /// What that counts.
    pub(super) size: usize,
}

/// What a run's client is told.
pub(super) enum Command {
    Part(Vec<u8>),
    Send(Vec<trace::link::Send>),
    Close(Nanos),
}

impl Command {
    /// Calls, and bytes in them.
    pub(super) fn count(&self) -> (usize, usize) {
        match self {
            Self::Part(bytes) => (0, bytes.len()),
            Self::Send(sends) => (sends.len(), sends.iter().map(|send| send.bytes.len()).sum()),
            Self::Close(_) => (0, 0),
        }
    }

    pub(super) fn tell(self, lab: &Running, client: ClientId, room: Option<Room>) {
        match self {
            Self::Part(bytes) => lab.part(client, bytes, room),
            Self::Send(sends) => lab.send(client, sends, room),
            Self::Close(after) => lab.close(client, after),
        }
    }
}

/// A command that waits for room. Nothing is read from the page meanwhile.
pub(super) struct Postponed {
    pub(super) client: ClientId,
    pub(super) command: Command,
    pub(super) room: Pin<Box<dyn Future<Output = Option<Room>> + Send>>,
}

/// What comes from the run or from the queue.
pub(super) enum News {
    Told(Option<Told>),
    Standing(Standing),
}

/// The room for the command that waits for some.
pub(super) async fn room(held: &mut Option<Postponed>) -> Option<Room> {
    match held {
        Some(held) => held.room.as_mut().await,
        None => std::future::pending().await,
    }
}

/// What the run, or the queue, has to say next.
pub(super) async fn news(stage: &mut Stage) -> News {
    match stage {
        Stage::Idle => std::future::pending().await,
        Stage::Waits(waiting) => News::Standing(waiting.entry.changed().await),
        Stage::Goes(lab) => News::Told(lab.told().await),
    }
}
