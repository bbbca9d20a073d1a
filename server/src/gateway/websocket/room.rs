//! Rooms for bytes under way. A connection borrows one from its thread while
//! something is under way, so that idle connections hold none.

use std::cell::RefCell;
use std::ops::Range;

/// Most bytes of a message in one piece, and of one recv: any datagram fits.
pub(crate) const PIECE: usize = 64 * 1024;
/// What a room has beyond a piece: headers, and control frames.
const MARGIN: usize = 512;
/// Rooms a thread keeps for the next connection.
const KEPT: usize = 8;
/// Of so few bytes a copy is kept instead of a room.
const FEW: usize = 1024;

thread_local! {
    static ROOMS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn borrow() -> Vec<u8> {
    let kept = ROOMS.with_borrow_mut(Vec::pop);
    kept.unwrap_or_else(|| vec![0; PIECE + MARGIN])
}

fn give_back(room: Vec<u8>) {
    ROOMS.with_borrow_mut(|rooms| {
        if room.len() == PIECE + MARGIN && rooms.len() < KEPT {
            rooms.push(room);
        }
    });
}

/// Bytes in a room, some of them in use.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) bytes: Vec<u8>,
}

impl Room {
    /// Grows the buffer to its full size if needed; `used` is at its beginning then.
    pub(super) fn whole(&mut self, used: Range<usize>) {
        if self.bytes.len() < PIECE + MARGIN {
            let mut room = borrow();
            let used = &self.bytes[used];
            room[..used.len()].copy_from_slice(used);
            self.bytes = room;
        } else if used.start > 0 {
            self.bytes.copy_within(used, 0);
        }
    }

    /// Gives the room back if `used` is nothing or can be kept elsewhere.
    /// Then `used` lies at the beginning, and the answer is true.
    pub(super) fn settle(&mut self, used: Range<usize>) -> bool {
        if used.len() > FEW || self.bytes.len() <= FEW {
            return false;
        }
        let few = self.bytes[used].to_vec();
        give_back(std::mem::replace(&mut self.bytes, few));
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.bytes));
    }
}
