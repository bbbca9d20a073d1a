//! What the observer asks of the programs under trace while one of their threads is
//! stopped. The tests answer with what they please.

use kernel::Watched;
use kernel::descriptor::Descriptor;
use kernel::tracee::Thread;
use record::{Options, Socket};

/// Beside which call a socket is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Before a recv.
    Recv,
    /// After a send on a TCP stream.
    Send,
    /// Before an accept on a listening TCP socket.
    Accept,
    /// Before the close of a TCP stream.
    Close,
}

/// The programs under trace, as the observer sees them.
pub(super) trait World {
    /// Memory of a thread from `address` on: at most `length` bytes, as many of them
    /// as can be read.
    fn memory(&mut self, thread: Thread, address: u64, length: usize) -> Vec<u8>;

    /// What a descriptor of a thread is; none if the kernel does not tell.
    fn descriptor(&mut self, thread: Thread, fd: i32) -> Option<Descriptor>;

    /// Of so many bytes of a file before `end`, or before its position, the first so
    /// many, as the two parts of `count`; none if it is no file that can be read there.
    fn file(
        &mut self,
        thread: Thread,
        fd: i32,
        end: Option<u64>,
        count: (usize, usize),
    ) -> Option<Vec<u8>>;

    /// What the kernel tells about a socket of a thread beside a call; nothing where it
    /// does not tell.
    fn told(&mut self, thread: Thread, fd: i32, beside: Beside) -> Socket;

    /// The options of a socket of a thread; none where the kernel does not tell.
    fn options(&mut self, thread: Thread, fd: i32) -> Option<Options>;

    /// Packets from and to this are those of a socket under trace from now on.
    fn watch(&mut self, watched: Watched);

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
