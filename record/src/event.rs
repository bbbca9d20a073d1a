//! One observed fact: a system call that returned, a packet on the wire, or a
//! decision of the server or of the lab.

use protocol::{Nanos, Offset};
use serde::{Deserialize, Serialize};

use crate::{
    Call, ConnectionId, End, Flags, Header, PartyId, Piece, Reason, Socket, Transit, is_default,
};

/// Who made an event, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The party that called or decided, or whose kernel sent the packet.
    pub party: PartyId,
    /// On which connection.
    pub connection: ConnectionId,
    /// At which end of it.
    pub end: End,
}

/// One call, as seen by the program that made it; one packet, as it left its
/// sender; or one decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Calls that hand something to the kernel (connect, send, shutdown,
    /// close) carry the time just before the call; calls that take something
    /// from it (accept, recv) the time just after. So nothing is taken before
    /// it was handed over, whatever cores the two programs ran on. Packets
    /// carry the kernel's time of their transmission, decisions the time they
    /// were made: before what follows from them.
    pub at: Nanos,
    /// How long the caller was in the call; of accept and recv with the wait
    /// for what they took. Calls that hand over never overlap: a send that had
    /// to wait for room counts the attempt that succeeded alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub took: Nanos,
    /// Who called or decided, or whose kernel sent the packet.
    pub party: PartyId,
    /// Which connection it was about.
    pub connection: ConnectionId,
    /// At which end of it. Both ends may be of one party.
    pub end: End,
    /// Which call.
    pub call: Call,
    /// Bytes the caller sent (or received) on this connection before. Of a
    /// segment: its sequence number, counted from the first byte of data. Of
    /// a datagram: the bytes of the captured ones before it. Of a refusal:
    /// where in the client's stream it is about.
    #[serde(default, skip_serializing_if = "is_default")]
    pub offset: Offset,
    /// Bytes offered to send, or room given to recv.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asked: u32,
    /// The bytes the kernel took or gave, or a packet's payload; none for
    /// other calls and at EOF.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::hex")]
    pub bytes: Vec<u8>,
    /// How many bytes a call transferred, where fewer of them were kept: `bytes` are the
    /// first of them then. Packets have theirs in [`Header::length`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// How often the same call had been made at this end since the one before, and had
    /// failed with EAGAIN: there was nothing to take, or no room.
    #[serde(default, skip_serializing_if = "is_default", rename = "would-block")]
    pub would_block: u32,
    /// What the kernel said if the call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it was decided; decisions have one, calls and packets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What the kernel told beside the call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub socket: Socket,
    /// What a packet's headers said; calls have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
}

impl Event {
    /// A call that transferred nothing and took no time: what is to be said
    /// beyond that is for the caller to fill in.
    pub const fn new(at: Nanos, origin: Origin, call: Call) -> Self {
        Self {
            at,
            took: Nanos(0),
            party: origin.party,
            connection: origin.connection,
            end: origin.end,
            call,
            offset: Offset(0),
            asked: 0,
            bytes: Vec::new(),
            length: None,
            would_block: 0,
            error: None,
            reason: None,
            socket: Socket {
                waiting: None,
                unacked: None,
                unsent: None,
                mss: None,
                window: None,
                accept_queue: None,
                listen_drops: None,
                length: None,
                dropped: None,
                counts: None,
                options: None,
            },
            header: None,
        }
    }

    /// The flags of a segment; none of anything else.
    pub fn flags(&self) -> Flags {
        self.header.as_ref().map_or(Flags(0), |header| header.flags)
    }

    /// What a link did to a packet; none of anything else, and where there was no link.
    pub fn transit(&self) -> Option<&Transit> {
        self.header.as_ref()?.transit.as_ref()
    }

    /// Which part of a datagram a packet carries, where that was sent in fragments.
    pub fn fragment(&self) -> Option<Piece> {
        self.header.as_ref()?.fragment.as_deref().copied()
    }

    /// Who made it, and where.
    pub const fn origin(&self) -> Origin {
        Origin {
            party: self.party,
            connection: self.connection,
            end: self.end,
        }
    }

    /// The end whose bytes it moved; none for what moves none.
    pub const fn sender(&self) -> Option<End> {
        match self.call {
            Call::Send | Call::Segment | Call::Datagram => Some(self.end),
            Call::Recv => Some(self.end.other()),
            _ => None,
        }
    }

    /// Bytes transferred; of a packet those that were captured.
    pub fn len(&self) -> usize {
        let length = self.length.map_or(0, |length| length as usize);
        self.bytes.len().max(length)
    }

    /// Whether no byte was transferred.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes transferred that were not kept.
    pub fn not_kept(&self) -> usize {
        self.len() - self.bytes.len()
    }

    /// Whether its length is one that it may have: a call has one where it transferred
    /// more than was kept, and at most `snap` bytes of a call are kept; none: all are.
    pub fn has_fitting_length(&self, snap: Option<u32>) -> bool {
        let Some(length) = self.length else {
            return true;
        };
        let kept = self.bytes.len();
        let is_transfer = matches!(self.call, Call::Send | Call::Recv);
        let is_within = snap.is_some_and(|snap| kept <= snap as usize);
        is_transfer && self.error.is_none() && is_within && (length as usize) > kept
    }

    /// Whether it has a reason that fits its call, or none where none belongs.
    pub fn has_fitting_reason(&self) -> bool {
        let decided = self.call.is_decision().then_some(self.call);
        self.reason.map(Reason::call) == decided
    }

    /// Offset behind the last byte transferred.
    pub fn end(&self) -> Offset {
        self.offset + self.len()
    }

    /// Bytes that a recv took although they were not in the receive queue when
    /// it was measured just before: they came in between. 0 where nothing was
    /// measured.
    pub fn came_since(&self) -> u32 {
        let waiting = self.socket.waiting.map_or(usize::MAX, |n| n as usize);
        u32::try_from(self.len().saturating_sub(waiting)).unwrap_or(u32::MAX)
    }

    /// Whether this is a recv that told its program that the connection is gone: reset, or
    /// given up by the kernel (ECONNRESET and ETIMEDOUT, recv(2)).
    pub fn is_broken(&self) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        self.call == Call::Recv && (error.contains("reset") || error.contains("timed out"))
    }

    /// Whether this is a recv that found the end of the stream.
    pub fn is_eof(&self) -> bool {
        self.call == Call::Recv && self.is_empty() && self.error.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin {
        party: PartyId(2),
        connection: ConnectionId(7),
        end: End::Acceptor,
    };

    #[test]
    fn an_event_is_one_short_json_object() {
        let event = Event {
            offset: Offset(8),
            asked: 1024,
            bytes: b"hi".to_vec(),
            would_block: 3,
            ..Event::new(Nanos(81_000), ORIGIN, Call::Recv)
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"at":81000,"party":2,"connection":7,"end":"acceptor","call":"recv","offset":8,"asked":1024,"bytes":"6869","would-block":3}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }

    #[test]
    fn a_packet_is_an_event_with_a_header() {
        let event = Event {
            bytes: b"hi".to_vec(),
            socket: Socket {
                accept_queue: Some(1),
                ..Socket::default()
            },
            header: Some(Header {
                flags: Flags(0x18),
                ack: Offset(3),
                window: 65_536,
                mss: None,
                raw: vec![0, 1],
                ..Header::default()
            }),
            ..Event::new(Nanos(5), ORIGIN, Call::Segment)
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"at":5,"party":2,"connection":7,"end":"acceptor","call":"segment","bytes":"6869","socket":{"accept-queue":1},"header":{"flags":24,"ack":3,"window":65536,"raw":"0001"}}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        assert_eq!(event.flags().names(), "PSH,ACK");
        assert!(event.flags().has(Flags::PSH) && !event.flags().has(Flags::SYN));
    }

    #[test]
    fn a_call_of_which_less_was_kept_has_a_length() {
        let mut event = Event {
            asked: 1024,
            bytes: b"hi".to_vec(),
            length: Some(500),
            ..Event::new(Nanos(5), ORIGIN, Call::Recv)
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"at":5,"party":2,"connection":7,"end":"acceptor","call":"recv","asked":1024,"bytes":"6869","length":500}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        assert_eq!((event.len(), event.not_kept()), (500, 498));
        assert_eq!(event.end(), Offset(500));
        assert!(event.has_fitting_length(Some(2)) && event.has_fitting_length(Some(9)));
        assert!(!event.has_fitting_length(Some(1)) && !event.has_fitting_length(None));
        event.length = Some(2);
        assert!(!event.has_fitting_length(Some(2)), "all were kept");
        event.length = None;
        assert!(event.has_fitting_length(None));
        event.length = Some(9);
        event.error = Some("Broken pipe".to_owned());
        assert!(!event.has_fitting_length(Some(2)), "it moved nothing");
        event.error = None;
        event.call = Call::Segment;
        assert!(!event.has_fitting_length(Some(2)), "that is in its header");
        event.call = Call::Recv;
        event.bytes.clear();
        assert!(!event.is_eof() && !event.is_empty());
    }

    #[test]
    fn a_refusal_is_an_event_with_a_reason() {
        let mut event = Event {
            reason: Some(Reason::SourceFull),
            ..Event::new(Nanos(5), ORIGIN, Call::Refuse)
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"at":5,"party":2,"connection":7,"end":"acceptor","call":"refuse","reason":"source-full"}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
        assert!(event.has_fitting_reason());
        event.reason = Some(Reason::Time);
        assert!(!event.has_fitting_reason(), "that is no server's reason");
        event.reason = None;
        assert!(!event.has_fitting_reason());
        event.call = Call::Close;
        assert!(event.has_fitting_reason());
        let unknown = json.replace("source-full", "bad-mood");
        let error = serde_json::from_str::<Event>(&unknown).unwrap_err();
        assert!(
            error.to_string().contains("unknown variant `bad-mood`"),
            "{error}"
        );
    }

    #[test]
    fn names_are_those_in_json() {
        for end in End::ALL {
            let json = serde_json::to_string(&end).unwrap();
            assert_eq!(json, format!("\"{end}\""));
        }
    }
}
