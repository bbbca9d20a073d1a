//! What can be pointed at on the stage.

use protocol::Offset;
use trace::ConnectionId;
use trace::lane::Direction;

/// Something on the stage that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An event, by its index in the trace.
    Event(usize),
    /// A byte of one direction of one client's connection.
    Byte {
        /// Whose connection.
        connection: ConnectionId,
        /// Which way.
        direction: Direction,
        /// Where in the stream.
        offset: Offset,
    },
}
