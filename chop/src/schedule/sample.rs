//! What the tests of schedules cut.

use record::End;

use super::{Place, Stream, Way};

/// The only place of a server with one connection.
pub(super) const PLACE: Place = Place {
    connection: 1,
    end: End::Acceptor,
};

/// Seven bytes, received by two calls.
pub(super) fn stream() -> Stream {
    Stream {
        place: PLACE,
        way: Way::Recv,
        bytes: b"\x05\0hello".to_vec(),
        ends: vec![2, 7],
    }
}
