//! Boundaries that changed between a sender's calls and its reader's, and why.

use protocol::Offset;

/// A boundary that is not where the sender put it, or a datagram that did not
/// arrive as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Where: the end of the earlier send, of the earlier recv, or of what is
    /// left of a datagram (its start, if nothing is left).
    pub offset: Offset,
    /// What happened to it.
    pub change: Change,
    /// Why.
    pub cause: Cause,
    /// Index of the event at which it shows: the recv; for a lost datagram,
    /// its packet (or its send, if the wire was not captured).
    pub event: usize,
}

/// What happened to a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Two sends came out of one recv.
    Vanished,
    /// A recv ended inside a send.
    Appeared,
    /// A datagram lost its end.
    Cut,
    /// A datagram was lost.
    Lost,
}

/// What bytes in a send queue waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nagle's algorithm (RFC 896): they were less than a segment, and earlier
    /// bytes were not acknowledged.
    Nagle,
    /// The receiver's window had no room for the next segment.
    Window {
        /// Bytes for which it had room.
        room: u64,
    },
    /// What was observed does not tell.
    Unknown {
        /// Nagle's algorithm is known to be off (TCP_NODELAY).
        nodelay: bool,
    },
}

/// Why a boundary changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The bytes came apart and waited together in the receive queue when
    /// recv was called.
    ReaderLate {
        /// How many packets the recv took bytes of: at least 2. 0 if the wire
        /// was not captured: then that all its bytes waited together is what
        /// was observed, and whether they came apart is not.
        packets: usize,
        /// Bytes in the receive queue just before, if the kernel was asked.
        waiting: Option<u32>,
        /// Bytes that the recv took beyond those: they came after the queue
        /// was measured. 0 if the kernel was not asked.
        since: u32,
    },
    /// The recv filled its buffer, and more waited.
    BufferSmall {
        /// Room the recv was given, in bytes.
        asked: u32,
        /// Bytes in the receive queue just before, if the kernel was asked.
        waiting: Option<u32>,
    },
    /// The sender's kernel put several sends into one segment: the earlier one
    /// waited in the send queue until the later one was there.
    Merged {
        /// What it waited for.
        hold: Hold,
    },
    /// The sender's kernel put one send into several segments.
    Split {
        /// How many.
        packets: usize,
    },
    /// The rest had not arrived when recv was called.
    NotYetThere,
    /// The datagram was longer than the reader's buffer.
    DatagramCut {
        /// Bytes thrown away.
        bytes: usize,
    },
    /// The reader's kernel dropped the datagram: its receive buffer was full.
    DatagramDropped,
    /// A link lost the datagram on the way.
    DatagramLost,
    /// A link lost a fragment of the datagram on the way.
    FragmentLost,
    /// What was observed does not tell.
    Unknown,
}
