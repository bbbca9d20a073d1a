//! A call between its beginning and its end, and what it returned.

use kernel::syscall::Syscall;
use protocol::Nanos;
use record::Timing;

use super::super::tables::SocketId;

/// A call that a thread is in.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) call: Syscall,
    pub(super) arguments: [u64; 6],
    /// When it was entered.
    pub(super) at: Nanos,
    /// The socket that it is about; the descriptor may be another one when it returns.
    pub(super) socket: Option<SocketId>,
    /// The room for an address that a recvfrom(2) was given.
    pub(super) room: usize,
    /// What the kernel told before it.
    pub(super) told: record::Socket,
}

impl Pending {
    pub(super) fn fd(&self, index: usize) -> i32 {
        descriptor(self.arguments[index])
    }

    /// The times of a call that hands something over, which returned at `at`.
    pub(super) fn handing(&self, at: Nanos) -> Timing {
        Timing {
            at: self.at,
            took: Nanos(at.0.saturating_sub(self.at.0)),
        }
    }

    /// The times of a call that takes something.
    pub(super) fn taking(&self, at: Nanos) -> Timing {
        Timing {
            at,
            ..self.handing(at)
        }
    }
}

/// What a call returned.
pub(super) type Outcome = Result<u64, i32>;

// errno(3).
pub(super) const EINTR: i32 = 4;
const EAGAIN: i32 = 11;

/// Whether a call failed because it would have had to wait.
pub(super) const fn would_block(result: i64) -> bool {
    result == -(EAGAIN as i64)
}

pub(super) const EISCONN: i32 = 106;
pub(super) const EALREADY: i32 = 114;
pub(super) const ENOENT: i32 = 2;
pub(super) const ECONNREFUSED: i32 = 111;
pub(super) const EINPROGRESS: i32 = 115;

/// The outcome of a call; none if it was interrupted and is made again, or counts for
/// nothing to its caller, because nothing happened.
pub(super) fn outcome(result: i64) -> Option<Outcome> {
    match result {
        // ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND and ERESTART_RESTARTBLOCK, which
        // no program ever sees (linux/errno.h).
        -514..=-512 | -516 => None,
        // The numbers of errors.
        -4095..=-1 => match i32::try_from(-result).ok()? {
            EINTR | EAGAIN => None,
            error => Some(Err(error)),
        },
        _ => Some(Ok(result.cast_unsigned())),
    }
}

/// What an error is called.
pub(super) fn error_text(error: i32) -> String {
    std::io::Error::from_raw_os_error(error).to_string()
}

/// The descriptor in an argument, which is an `int`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the kernel takes the lower half"
)]
pub(in crate::tracer) fn descriptor(argument: u64) -> i32 {
    (argument as u32).cast_signed()
}
