//! What the kernel tells about a socket beside a call.

use serde::{Deserialize, Serialize};

use crate::Options;

/// What the kernel told about the socket beside a call; only what was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Socket {
    /// Bytes in the receive queue just before a recv (SIOCINQ, tcp(7)); of a
    /// datagram socket the length of the next datagram alone (udp(7)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
    /// Bytes in the send queue just after a send: taken from the program and
    /// not yet acknowledged (SIOCOUTQ, tcp(7)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unacked: Option<u32>,
    /// The part of `unacked` that has not even been sent (SIOCOUTQNSD).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsent: Option<u32>,
    /// Largest payload of the segments that the sender makes now, in bytes
    /// (TCP_INFO, `tcpi_snd_mss`). Linux bounds it by half of the receiver's
    /// largest window. Asked after a send that left bytes unsent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mss: Option<u32>,
    /// The receiver's window as the sender knows it, in bytes from the first
    /// one that is not acknowledged (TCP_INFO, `tcpi_snd_wnd`). Asked with
    /// `mss`, and told only if the send queue has not changed meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// Connections that waited for accept: just after a connect, just before
    /// an accept (TCP_INFO of the listening socket, `tcpi_unacked`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_queue: Option<u32>,
    /// Requests for a connection that the listening socket had dropped by then,
    /// as it does while its accept queue is full (SO_MEMINFO,
    /// `SK_MEMINFO_DROPS`). Asked with `accept_queue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_drops: Option<u32>,
    /// Real length of the datagram that a recv took, its cut part included
    /// (MSG_TRUNC, recv(2)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Datagrams the socket had lost to its full buffer when the one that
    /// this recv took was queued (SO_RXQ_OVFL, socket(7)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u32>,
    /// Counts of the connection's segments, just before its close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Its options: told with the first call at an end, and with the next one when the
    /// program has set one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// Segments of one end of a connection so far (TCP_INFO, tcp(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Segments sent, those without data included (`tcpi_segs_out`).
    pub segments_out: u32,
    /// Segments received (`tcpi_segs_in`).
    pub segments_in: u32,
    /// Segments sent that carried data (`tcpi_data_segs_out`).
    pub data_out: u32,
    /// Segments received that carried data (`tcpi_data_segs_in`).
    pub data_in: u32,
    /// Segments sent again (`tcpi_total_retrans`).
    pub retransmitted: u32,
}
