//! Reports servers' decisions about their connections to an [`Auditor`]. A server
//! has a handle only, and does not know what receives them.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use protocol::{Offset, System, peer};
use trace::Reason;

use super::admission;

/// What a server decided about a connection, or about a datagram.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    /// The client proved that it knows the key.
    Authenticated,
    /// It was not let in.
    TurnedAway(admission::Refusal),
    /// It was let in, and broke the protocol's rules.
    Refused(&'a peer::Refusal),
    /// A datagram repeated once too often what had been echoed to its sender,
    /// and gets no answer (see [`super::echoes`]).
    LoopBroken,
}

impl Decision<'_> {
    /// Why it was refused; none if it was not.
    pub const fn reason(&self) -> Option<Reason> {
        Some(match self {
            Self::Authenticated | Self::LoopBroken => return None,
            Self::TurnedAway(refusal) => match refusal {
                admission::Refusal::Full => Reason::Full,
                admission::Refusal::SourceFull => Reason::SourceFull,
                admission::Refusal::TooFast => Reason::TooFast,
                admission::Refusal::Unproven => Reason::Unproven,
                admission::Refusal::Backoff => Reason::Backoff,
            },
            Self::Refused(refusal) => match refusal {
                peer::Refusal::Frame(_) | peer::Refusal::Reply { .. } => Reason::BadFrame,
                peer::Refusal::WrongAnswer | peer::Refusal::WrongProof => Reason::WrongAnswer,
                peer::Refusal::NotVerified => Reason::Backoff,
                peer::Refusal::NoAnswer { .. } => Reason::NoAnswer,
                peer::Refusal::HandshakeTimeout { .. } => Reason::HandshakeTimeout,
                peer::Refusal::FrameTimeout { .. } => Reason::FrameTimeout,
                peer::Refusal::Idle { .. } => Reason::Idle,
            },
        })
    }

    /// Where in the client's stream; 0 of a connection that was not admitted.
    pub const fn offset(&self) -> Offset {
        match self {
            Self::Authenticated | Self::TurnedAway(_) | Self::LoopBroken => Offset(0),
            Self::Refused(refusal) => refusal.offset(),
        }
    }
}

/// Receives decisions. Called on the server's own task: it must not block.
pub trait Auditor: Debug + Send + Sync {
    /// `system` has decided this about `peer`, and acts on it next.
    fn decided(&self, system: System, peer: SocketAddr, decision: Decision<'_>);
}

/// A server's handle to an [`Auditor`]; by default there is none.
#[derive(Clone, Debug, Default)]
pub struct Audit(Option<Arc<dyn Auditor>>);

impl Audit {
    /// Reports to `auditor`.
    pub fn to(auditor: impl Auditor + 'static) -> Self {
        Self(Some(Arc::new(auditor)))
    }

    /// `system` has decided this about `peer`.
    pub fn decided(&self, system: System, peer: SocketAddr, decision: Decision<'_>) {
        if let Some(auditor) = &self.0 {
            auditor.decided(system, peer, decision);
        }
    }
}
