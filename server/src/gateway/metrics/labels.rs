//! What the counts are told apart by.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(in crate::gateway) enum Reason {
    /// All places for lab sessions or bridges were taken.
    Sessions,
    /// All places for runs were taken.
    Runs,
    /// `Host` was another's.
    Host,
    /// `Origin` was another's.
    Origin,
    /// The gateway is about to end.
    Draining,
    /// The bridge's server was not there: it took no connection, or nobody
    /// listened where the datagrams went.
    Unreachable,
    /// A message was larger than is taken.
    TooBig,
    /// A WebSocket broke another rule.
    Protocol,
    /// A peer took nothing for too long.
    Stalled,
    /// A WebSocket message was begun and not finished in time.
    Unfinished,
    /// A client did not read its HTTP replies.
    Unread,
}

/// What goes on over a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(in crate::gateway) enum Service {
    /// A bridge to a server.
    Bridge,
    /// A lab session.
    Lab,
}

/// Which way bytes go through a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(in crate::gateway) enum Way {
    /// From the WebSocket to the server.
    Up,
    /// From the server to the WebSocket.
    Down,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Refused {
    pub(super) reason: Reason,
}

/// What a run had too much of (see [`Reason::name`](trace::Reason::name)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Cut {
    pub(super) reason: &'static str,
}

/// Which events of runs are not in their traces: `calls` or `packets`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Dropped {
    pub(super) kind: &'static str,
}

/// Which listener refused a connection, and why (see [`Reason::name`](trace::Reason::name)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TurnedAway {
    pub(super) listener: &'static str,
    pub(super) reason: &'static str,
}

/// Where lines were to be printed: `stdout` or `stderr`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Output {
    pub(super) stream: &'static str,
}

/// How a handshake went: `authenticated`, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Handshake {
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Session {
    pub(super) kind: Service,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Flow {
    pub(super) way: Way,
}
