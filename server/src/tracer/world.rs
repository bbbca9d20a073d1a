//! What the observer asks of the programs under trace while one of their threads is
//! stopped. The tests answer with what they please.

use kernel::descriptor::Descriptor;
use kernel::tracee::Thread;

/// The programs under trace, as the observer sees them.
pub(super) trait World {
    /// Memory of a thread from `address` on: at most `length` bytes, as many of them
    /// as can be read.
    fn memory(&mut self, thread: Thread, address: u64, length: usize) -> Vec<u8>;

    /// What a descriptor of a thread is; none if the kernel does not tell.
    fn descriptor(&mut self, thread: Thread, fd: i32) -> Option<Descriptor>;

    /// The last `length` bytes of a file before `end`, or before its position; none
    /// if it is no file that can be read there.
    fn file(&mut self, thread: Thread, fd: i32, end: Option<u64>, length: usize)
    -> Option<Vec<u8>>;

    /// The words of the command that a process runs.
    fn command(&mut self, process: Thread) -> Vec<String>;
}

/// The first `N` bytes at an address; none if they cannot be read.
pub(super) fn bytes<const N: usize>(
    world: &mut dyn World,
    thread: Thread,
    address: u64,
) -> Option<[u8; N]> {
    world.memory(thread, address, N).first_chunk().copied()
}
