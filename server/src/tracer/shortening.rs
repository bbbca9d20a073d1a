//! How a call is changed that a thread has entered: its arguments in registers and in memory,
//! and what it returns.

use std::os::fd::OwnedFd;

use kernel::syscall::Syscall;
use kernel::tracee::{self, Thread};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::observer::Due;
use super::world::World;

/// errno(3).
pub(super) const EINTR: i64 = 4;
/// errno(3).
pub(super) const EAGAIN: i64 = 11;

/// errno(3).
pub(super) const EALREADY: i64 = 114;
/// errno(3).
pub(super) const EINPROGRESS: i64 = 115;

/// What was changed of a call that a thread is in.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// An argument's register, and what it was.
    pub(super) argument: Option<(usize, u64)>,
    /// Words of memory, and what they were.
    pub(super) memory: Vec<(u64, u64)>,
    /// What it returns in place of what the kernel does.
    pub(super) result: Option<i64>,
    /// The socket of a connect(2) that does not wait.
    pub(super) unblocked: Option<Unblocked>,
}

/// A socket that is non-blocking as long as this is there.
#[derive(Debug)]
pub(super) struct Unblocked {
    socket: OwnedFd,
    flags: OFlags,
}

impl Drop for Unblocked {
    fn drop(&mut self) {
        // It was set a moment ago in the same way.
        let _ = fcntl_setfl(&self.socket, self.flags);
    }
}

/// Has a call fail: it is made on no descriptor, and its error is replaced.
pub(super) fn fail(
    thread: Thread,
    (call, arguments): (Syscall, [u64; 6]),
    error: i64,
) -> Option<Changed> {
    // Of poll(2) the number of descriptors: the kernel refuses one that is too large.
    let index = usize::from(matches!(call, Syscall::Poll | Syscall::Ppoll));
    tracee::set_argument(thread, index, u64::MAX).ok()?;
    Some(Changed {
        argument: Some((index, arguments[index])),
        result: Some(-error),
        ..Changed::default()
    })
}

/// Has a connect(2) on a blocking socket begin and not wait, as one that a signal interrupts at
/// once: the connection is made all the same.
pub(super) fn hurry(socket: OwnedFd) -> Option<Changed> {
    let flags = fcntl_getfl(&socket).ok()?;
    fcntl_setfl(&socket, flags | OFlags::NONBLOCK).ok()?;
    Some(Changed {
        unblocked: Some(Unblocked { socket, flags }),
        ..Changed::default()
    })
}

/// Has a call move `most` bytes at most; none if that cannot be done.
pub(super) fn shorten(
    thread: Thread,
    (call, arguments): (Syscall, [u64; 6]),
    due: &Due,
    most: u64,
    world: &mut dyn World,
) -> Option<Changed> {
    let in_register = |index: usize, value: u64| {
        tracee::set_argument(thread, index, value).ok()?;
        Some((index, arguments[index]))
    };
    match call {
        Syscall::Sendfile => Some(Changed {
            argument: Some(in_register(3, most)?),
            ..Changed::default()
        }),
        Syscall::Read | Syscall::Write | Syscall::Recvfrom | Syscall::Sendto => Some(Changed {
            argument: Some(in_register(2, most)?),
            ..Changed::default()
        }),
        Syscall::Readv | Syscall::Writev | Syscall::Preadv2 | Syscall::Pwritev2 => {
            let last = last_part(arguments[1], due, most)?;
            write_word(thread, last.length_at, last.left)?;
            Some(Changed {
                argument: Some(in_register(2, last.count)?),
                memory: vec![(last.length_at, last.length)],
                ..Changed::default()
            })
        }
        Syscall::Recvmsg | Syscall::Sendmsg => {
            let header = world.memory(thread, arguments[1], 32);
            let field = |at: usize| {
                let bytes = header.get(at..at + 8)?.first_chunk()?;
                Some(u64::from_ne_bytes(*bytes))
            };
            let (vector, count) = (field(16)?, field(24)?);
            let last = last_part(vector, due, most)?;
            let count_at = arguments[1].checked_add(24)?;
            write_word(thread, last.length_at, last.left)?;
            if write_word(thread, count_at, last.count).is_none() {
                write_word(thread, last.length_at, last.length)?;
                return None;
            }
            Some(Changed {
                memory: vec![(last.length_at, last.length), (count_at, count)],
                ..Changed::default()
            })
        }
        _ => None,
    }
}

/// The part of a message in which a cut is.
struct LastPart {
    /// Where its length stands in the program's memory, and what that is.
    length_at: u64,
    length: u64,
    /// What is left of its length.
    left: u64,
    /// How many parts are left.
    count: u64,
}

/// Finds the part in which `most` bytes end, of an array of `struct iovec` at `vector`.
fn last_part(vector: u64, due: &Due, most: u64) -> Option<LastPart> {
    let mut left = most;
    for (index, (_, length)) in (0_u64..).zip(&due.parts) {
        let length = *length as u64;
        if left <= length {
            return Some(LastPart {
                length_at: vector.checked_add(16 * index + 8)?,
                length,
                left,
                count: index + 1,
            });
        }
        left -= length;
    }
    None
}

fn write_word(thread: Thread, address: u64, word: u64) -> Option<()> {
    tracee::write_memory(thread, address, &word.to_ne_bytes()).ok()
}
