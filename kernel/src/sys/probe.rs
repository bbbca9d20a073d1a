//! A child that measures how long its calls take, before it is stopped at them and while
//! it is.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};

use super::processes::{Child, fork, install, wait_to_go};
use super::sockets::monotonic;

/// How often bytes are sent and received, each way of measuring.
const ROUNDS: usize = 100;
/// Bytes that are sent at a time.
const LENGTH: usize = 64;

/// Forks a child that sends through the first socket of a connected pair what it
/// receives from the second one. It writes to its pipe how long a send and a recv take
/// together, in nanoseconds, the median of all rounds: a `u64` without the filter and one
/// with it, in the machine's byte order. Nothing comes if it could not measure.
pub(crate) fn start(
    pair: [BorrowedFd<'_>; 2],
    filter: &mut [libc::sock_filter],
) -> io::Result<Child> {
    let pair = pair.map(|end| end.as_raw_fd());
    fork(filter, |program, wait, tell| {
        let plain = measure(pair);
        wait_to_go(wait);
        let traced = install(program).then(|| measure(pair)).flatten();
        if let (Some(plain), Some(traced)) = (plain, traced) {
            let words = [plain, traced].map(u64::to_ne_bytes);
            let bytes = words.as_flattened();
            // SAFETY: as many bytes are read as there are.
            unsafe { libc::write(tell, bytes.as_ptr().cast(), bytes.len()) };
        }
    })
}

/// The median of all rounds, in nanoseconds.
fn measure([from, to]: [RawFd; 2]) -> Option<u64> {
    let mut rounds = [0; ROUNDS];
    let mut buffer = [0_u8; LENGTH];
    for round in &mut rounds {
        let begun = now()?;
        let bytes = buffer.as_mut_ptr().cast::<libc::c_void>();
        // SAFETY: both calls stay within the buffer.
        let moved = unsafe {
            libc::send(from, bytes, LENGTH, libc::MSG_NOSIGNAL) > 0
                && libc::recv(to, bytes, LENGTH, libc::MSG_WAITALL) > 0
        };
        if !moved {
            return None;
        }
        *round = now()?.saturating_sub(begun);
    }
    rounds.sort_unstable();
    Some(rounds[ROUNDS / 2])
}

fn now() -> Option<u64> {
    let now = monotonic().ok()?;
    let parts = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    let (Ok(seconds), Ok(nanos)) = parts else {
        return None;
    };
    Some(seconds * 1_000_000_000 + nanos)
}

/// Bytes of what a child writes.
pub(crate) const ANSWER: usize = 2 * mem::size_of::<u64>();
