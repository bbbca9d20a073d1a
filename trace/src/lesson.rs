//! A lesson: an experiment, a question about it, and what to look for.

mod misconception;

use protocol::Nanos;
use serde::{Deserialize, Serialize};

use crate::knob::Knob;
use crate::lane::{Direction, Integrity, MessageKind};
use crate::{Analysis, Call, End, Experiment, Trace};

pub use misconception::{Misconception, Shows};

pub use crate::reference::{Count, Predict, Reference, Translations, Words};

/// Where a lesson stands in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// UDP.
    Datagrams,
    /// TCP without framing.
    Streams,
    /// Marking messages off.
    Framing,
    /// Authentication of the peer.
    Trust,
}

impl Group {
    protocol::all_variants! {
        /// All of them in order.
        Datagrams, Streams, Framing, Trust
    }

    /// Key of its heading in the catalogs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Datagrams => "group.datagrams",
            Self::Streams => "group.streams",
            Self::Framing => "group.framing",
            Self::Trust => "group.trust",
        }
    }
}

/// What counts as a late reply: far longer than a round trip on loopback,
/// half of the least time by which a kernel delays an acknowledgment (40 ms
/// on Linux, `TCP_DELACK_MIN`).
pub const LATE: Nanos = Nanos::from_millis(20);

/// A lesson as its file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// The file's name without its ending; not in the file.
    #[serde(default)]
    pub id: String,
    /// Which part of the list.
    pub group: Group,
    /// Place within the group, lowest first.
    pub order: u32,
    /// The knobs worth turning here.
    pub knobs: Vec<Knob>,
    /// The guess, if one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict: Option<Predict>,
    /// What its runs show to be wrong, and by which count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<Shows>,
    /// Its words: a table for each language, and no other key.
    #[serde(flatten)]
    pub words: Translations,
    /// What it runs.
    pub experiment: Experiment,
}

impl Count {
    protocol::all_variants! {
        /// All of them.
        ServerRecvs,
        ClientRecvs,
        ServerBytes,
        GoodMessages,
        ServerMessages,
        Replied,
        ClientSends,
        LateReplies,
        Refusals,
    }

    /// Whether boundaries that moved, datagrams that were lost or bytes that were held
    /// back change it: a lesson that asks for it is about those.
    pub const fn follows_boundaries(self) -> bool {
        matches!(
            self,
            Self::ServerRecvs | Self::ClientRecvs | Self::ServerBytes | Self::LateReplies
        )
    }

    /// Key of its noun in the catalogs, such as "recv() calls of the server".
    pub const fn key(self) -> &'static str {
        match self {
            Self::ServerRecvs => "count.server-recvs",
            Self::ClientRecvs => "count.client-recvs",
            Self::ServerBytes => "count.server-bytes",
            Self::GoodMessages => "count.good-messages",
            Self::ServerMessages => "count.server-messages",
            Self::Replied => "count.replied",
            Self::ClientSends => "count.client-sends",
            Self::LateReplies => "count.late-replies",
            Self::Refusals => "count.refusals",
        }
    }

    /// What a run gives.
    pub fn of(self, trace: &Trace, analysis: &Analysis) -> u64 {
        let lanes = |direction| {
            analysis
                .lanes
                .iter()
                .filter(move |l| l.direction == direction)
        };
        let count = match self {
            Self::ServerRecvs => lanes(Direction::FromOpener).map(|l| l.recvs.len()).sum(),
            Self::ClientRecvs => lanes(Direction::FromAcceptor).map(|l| l.recvs.len()).sum(),
            Self::ServerBytes => {
                let events = trace.events().iter();
                let recvs = events.filter(|e| (e.end, e.call) == (End::Acceptor, Call::Recv));
                recvs.map(crate::Event::len).sum()
            }
            Self::GoodMessages => {
                let messages = lanes(Direction::FromOpener).flat_map(|lane| &lane.messages);
                let good = messages.filter(|message| {
                    message.kind == MessageKind::Message && message.integrity == Integrity::Whole
                });
                good.count()
            }
            Self::ServerMessages => {
                let messages = lanes(Direction::FromOpener).flat_map(|lane| &lane.messages);
                let made = messages.filter(|message| message.kind == MessageKind::Message);
                made.count()
            }
            Self::ClientSends => lanes(Direction::FromOpener).map(|l| l.sends.len()).sum(),
            Self::LateReplies => {
                let recvs = lanes(Direction::FromAcceptor).flat_map(|lane| &lane.recvs);
                let late = recvs.filter(|recv| trace.events()[recv.event].took > LATE);
                late.count()
            }
            Self::Refusals => {
                let events = trace.events().iter();
                events.filter(|event| event.call == Call::Refuse).count()
            }
            Self::Replied => {
                let replied = |l: &&crate::lane::Lane| {
                    l.messages.iter().any(|m| m.kind == MessageKind::Message)
                };
                lanes(Direction::FromAcceptor).filter(replied).count()
            }
        };
        count as u64
    }
}

#[cfg(test)]
mod tests {
    use protocol::System;

    use super::*;
    use crate::link::{Capture, Head};
    use crate::{ClientId, Event};

    #[test]
    fn sends_are_counted_by_call_and_replies_late_beyond_the_limit() {
        let experiment = Experiment::new(System::TcpEcho, &["ab"]);
        let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
        let mut put = |at, actor, call, took| {
            trace.insert(Event {
                took,
                asked: 1,
                bytes: b"x".to_vec(),
                ..Event::new(Nanos::from_millis(at), actor, call)
            });
        };
        put(0, ClientId::FIRST.opener(), Call::Send, Nanos(0));
        put(1, ClientId::FIRST.opener(), Call::Send, Nanos(0));
        // How late the server is does not count, nor what its sends take.
        put(50, ClientId::FIRST.acceptor(), Call::Recv, LATE + Nanos(1));
        put(51, ClientId::FIRST.acceptor(), Call::Send, LATE + Nanos(1));
        put(52, ClientId::FIRST.acceptor(), Call::Send, Nanos(0));
        put(53, ClientId::FIRST.opener(), Call::Recv, LATE + Nanos(1));
        put(73, ClientId::FIRST.opener(), Call::Recv, LATE);
        put(74, ClientId::FIRST.acceptor(), Call::Refuse, Nanos(0));
        let analysis = Analysis::new(&trace);
        assert_eq!(Count::ClientSends.of(&trace, &analysis), 2);
        assert_eq!(Count::LateReplies.of(&trace, &analysis), 1);
        assert_eq!(Count::Refusals.of(&trace, &analysis), 1);
    }
}
