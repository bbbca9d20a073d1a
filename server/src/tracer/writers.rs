//! Whether several threads write to standard output, or to standard error: then it is chance
//! whose lines come first.

use kernel::syscall::Syscall;
use kernel::tracee::Thread;

/// The threads that write to the descriptors 1 and 2.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Writers {
    first: [Option<Thread>; 2],
    are_several: [bool; 2],
}

impl Writers {
    /// A thread is about to make a call.
    pub(super) fn enter(&mut self, thread: Thread, call: Syscall, fd: i32) {
        let index = match (call, fd) {
            (Syscall::Write | Syscall::Writev, 1) => 0,
            (Syscall::Write | Syscall::Writev, 2) => 1,
            _ => return,
        };
        let first = *self.first[index].get_or_insert(thread);
        self.are_several[index] |= first != thread;
    }

    /// Whether several have written to standard output, and to standard error.
    pub(super) const fn are_several(&self) -> [bool; 2] {
        self.are_several
    }
}
