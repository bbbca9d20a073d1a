//! A lesson: an experiment, a question about it, and what to look for.

pub mod file;

use protocol::Nanos;
use serde::{Deserialize, Serialize};

use crate::duel;
use crate::knob::Knob;
use crate::lane::{Direction, Integrity, MessageKind};
use crate::link::ReadLesson;
use crate::opponent::Opponent;
use crate::{Analysis, Call, End, Experiment, Trace};

pub use file::LessonError;

pub use crate::claim::{Misconception, Shows};
pub use crate::reference::{Count, Group, Predict, Reference, Translations, Words};

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
    #[serde(default)]
    pub group: Group,
    /// Place within the group, lowest first.
    #[serde(default)]
    pub order: u32,
    /// The knobs worth turning here.
    #[serde(default)]
    pub knobs: Vec<Knob>,
    /// The guess, if one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict: Option<Predict>,
    /// The wrong decoder that is shown beside the right one, over the same chunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duel: Option<Opponent>,
    /// What its runs show to be wrong, and by which count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<Shows>,
    /// Its words: a table for each language, and no other key.
    #[serde(flatten)]
    pub words: Translations,
    /// What it runs.
    pub experiment: Experiment,
}

impl From<Lesson> for ReadLesson {
    fn from(lesson: Lesson) -> Self {
        Self {
            about: Reference {
                id: lesson.id,
                predict: lesson.predict,
                duel: lesson.duel,
                words: Some(lesson.words),
            },
            group: lesson.group,
            order: lesson.order,
            knobs: lesson.knobs,
            shows: lesson.shows,
            experiment: lesson.experiment,
        }
    }
}

impl From<ReadLesson> for Lesson {
    fn from(read: ReadLesson) -> Self {
        Self {
            id: read.about.id,
            group: read.group,
            order: read.order,
            knobs: read.knobs,
            predict: read.about.predict,
            duel: read.about.duel,
            shows: read.shows,
            words: read.about.words.unwrap_or_default(),
            experiment: read.experiment,
        }
    }
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
        Agreed,
    }

    /// Whether boundaries that moved, datagrams that were lost or bytes that were held
    /// back change it: a lesson that asks for it is about those.
    pub const fn follows_boundaries(self) -> bool {
        matches!(
            self,
            Self::ServerRecvs
                | Self::ClientRecvs
                | Self::ServerBytes
                | Self::LateReplies
                | Self::Agreed
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
            Self::Agreed => "count.agreed",
        }
    }

    /// What a run gives; with the wrong decoder of its lesson, without which none agrees.
    pub fn of(self, trace: &Trace, analysis: &Analysis, opponent: Option<Opponent>) -> u64 {
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
            Self::Agreed => {
                let duels = opponent.map(|opponent| duel::of_lanes(trace, analysis, opponent));
                let duels = duels.into_iter().flatten();
                let server = duels.filter(|duel| duel.direction == Direction::FromOpener);
                server.map(|duel| duel.duel.agreed).sum()
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

impl Shows {
    /// What was counted, and whether it shows the misconception.
    pub fn of(
        &self,
        trace: &Trace,
        analysis: &Analysis,
        opponent: Option<Opponent>,
    ) -> (u64, bool) {
        let count = self.count.of(trace, analysis, opponent);
        let is_shown = count >= self.least && self.most.is_none_or(|most| count <= most);
        (count, is_shown)
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
        assert_eq!(Count::ClientSends.of(&trace, &analysis, None), 2);
        assert_eq!(Count::LateReplies.of(&trace, &analysis, None), 1);
        assert_eq!(Count::Refusals.of(&trace, &analysis, None), 1);
    }

    #[test]
    fn messages_that_a_wrong_decoder_has_right_are_those_to_the_server() {
        let mut experiment = Experiment::new(System::TcpEcho, &["a\n", "b\n"]);
        experiment.framing = crate::framing::parse("delimiter").ok();
        let mut trace = Trace::new(experiment, Head::new("test", Capture::Unknown));
        let mut put = |at, actor, call, bytes: &[u8]| {
            trace.insert(Event {
                bytes: bytes.to_vec(),
                ..Event::new(Nanos::from_millis(at), actor, call)
            });
        };
        put(0, ClientId::FIRST.opener(), Call::Send, b"a\n");
        put(1, ClientId::FIRST.acceptor(), Call::Recv, b"a\n");
        put(2, ClientId::FIRST.opener(), Call::Send, b"b\nc\n");
        put(3, ClientId::FIRST.acceptor(), Call::Recv, b"b\nc\n");
        // The replies come one by one, and are not counted.
        for (at, reply) in [(4, b"A\n"), (5, b"B\n"), (6, b"C\n")] {
            put(at, ClientId::FIRST.acceptor(), Call::Send, reply);
            put(at, ClientId::FIRST.opener(), Call::Recv, reply);
        }
        let analysis = Analysis::new(&trace);
        let agreed = |opponent| Count::Agreed.of(&trace, &analysis, opponent);
        assert_eq!(agreed(Some(Opponent::OneRecv)), 1);
        assert_eq!(agreed(Some(Opponent::BufferCleared)), 2);
        assert_eq!(agreed(Some(Opponent::SplitEachRecv)), 3);
        assert_eq!(agreed(None), 0);
    }
}
