//! What a record of programs has more, for whoever reads along while it is made.

use std::sync::mpsc::Sender;

use record::{Connection, Event, Party};

/// Something that was just observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A party is known from now on.
    Party(Party),
    /// A connection is known from now on, or more of it is.
    Connection(Connection),
    /// A call of a program returned, or a bound of the record was reached.
    Event(Event),
    /// A connection of captured packets, whose number is the capture's own.
    Flow(Connection),
    /// A captured packet of a [`Flow`](Self::Flow).
    Packet(Event),
}

/// Tells somebody, if there is somebody to be told. Never blocks: what waits is bounded
/// by the record, which has as much.
#[derive(Clone, Debug, Default)]
pub(crate) struct Telling(pub(crate) Option<Sender<News>>);

impl Telling {
    /// Whoever listens is told; one who does not listen any more is not.
    pub(crate) fn tell(&self, news: impl FnOnce() -> News) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(news());
        }
    }
}
