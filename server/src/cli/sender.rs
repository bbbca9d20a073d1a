//! `--direction`: which end of a connection sent what is looked at.

use clap::ValueEnum;
use trace::lane::Direction;

/// Whose bytes are looked at. `--direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Sender {
    /// Whoever opened the connection
    Opener,
    /// Whoever accepted it
    Acceptor,
}

impl Sender {
    /// Who sends in a direction.
    pub(super) const fn of(direction: Direction) -> Self {
        match direction {
            Direction::FromOpener => Self::Opener,
            Direction::FromAcceptor => Self::Acceptor,
        }
    }

    /// As it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Opener => "opener",
            Self::Acceptor => "acceptor",
        }
    }
}
