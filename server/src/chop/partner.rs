//! Who talks to the program.

use std::io;
use std::time::Duration;

use chop::Exit;
use kernel::descriptor::Address;

use super::peer::Peer;
use super::recorded::Recorded;
use super::replay::Replay;

/// Who talks to the program.
#[derive(Clone, Debug)]
pub enum Partner {
    /// Somebody that the program itself starts, or a server that runs already.
    Inside,
    /// A command, started once the program listens.
    Command(String),
    /// Clients that were recorded, played once the program listens.
    Recorded(Vec<Recorded>),
}

/// One that talks to it now.
#[derive(Debug)]
pub(super) enum Talking {
    Nobody,
    Peer(Peer),
    Replay(Replay),
}

impl Talking {
    pub(super) fn start(partner: &Partner, address: &Address) -> io::Result<Self> {
        match partner {
            Partner::Inside => Ok(Self::Nobody),
            Partner::Command(command) => Peer::start(command, Some(address)).map(Self::Peer),
            Partner::Recorded(clients) => {
                Replay::start(clients.clone(), address.clone()).map(Self::Replay)
            }
        }
    }

    /// Whether it has nothing more to say.
    pub(super) fn is_over(&mut self) -> bool {
        match self {
            Self::Nobody => false,
            Self::Peer(peer) => peer.is_over(),
            Self::Replay(replay) => replay.is_over(),
        }
    }

    /// Takes what it has written, so that it can go on.
    pub(super) fn drain(&mut self) {
        if let Self::Peer(peer) = self {
            peer.drain();
        }
    }

    /// How a command has ended, if it has within a time, and the last line of its standard error.
    pub(super) fn left(&mut self, most: Duration) -> Option<(Exit, String)> {
        match self {
            Self::Nobody | Self::Replay(_) => None,
            Self::Peer(peer) => peer.left(most),
        }
    }

    /// Whether it waits for something.
    pub(super) fn is_asleep(&self) -> bool {
        match self {
            Self::Nobody => true,
            Self::Peer(peer) => peer.is_asleep(),
            Self::Replay(replay) => replay.is_asleep(),
        }
    }
}
