//! What a call that moves bytes was asked for and what it moved, read from its
//! arguments: one message for each `struct msghdr`, and one for any other call.

use kernel::syscall::Syscall;
use kernel::tracee::Thread;

use super::world::{World, bytes};

/// Which way a call moves bytes, seen from the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the socket.
    Out,
    /// From the socket.
    In,
}

/// The way of a call that moves bytes between memory and a socket; none of others.
pub(super) fn way(call: Syscall) -> Option<Way> {
    use Syscall::{
        Preadv2, Pwritev2, Read, Readv, Recvfrom, Recvmmsg, Recvmsg, Sendmmsg, Sendmsg, Sendto,
        Write, Writev,
    };
    match call {
        Read | Readv | Preadv2 | Recvfrom | Recvmsg | Recvmmsg => Some(Way::In),
        Write | Writev | Pwritev2 | Sendto | Sendmsg | Sendmmsg => Some(Way::Out),
        _ => None,
    }
}

/// Flags of send(2) and recv(2) that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags(pub(super) u32);

impl Flags {
    /// Bytes out of band.
    pub(super) const OOB: Self = Self(1);
    /// Looks at bytes and leaves them in the queue.
    pub(super) const PEEK: Self = Self(2);
    /// Of a datagram, the real length is returned; of a stream, bytes are discarded.
    pub(super) const TRUNC: Self = Self(0x20);
    /// Fails where it would have to wait.
    pub(super) const DONTWAIT: Self = Self(0x40);
    /// Waits until there is as much as was asked for.
    pub(super) const WAITALL: Self = Self(0x100);
    /// Takes from the queue of errors.
    pub(super) const ERRQUEUE: Self = Self(0x2000);
    /// Connects, and sends with the SYN.
    pub(super) const FASTOPEN: Self = Self(0x2000_0000);

    /// Whether one of these is among them.
    pub(super) const fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// One message that a call was asked to move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Where its bytes are in the program's memory: addresses and lengths.
    parts: Vec<(u64, usize)>,
    /// What the call returned of it; of an error 0.
    pub(super) moved: usize,
    /// Where the address of the peer is, and its length; of a length of 0 none.
    pub(super) name: (u64, usize),
    /// Its control messages: where, and how long.
    pub(super) control: (u64, usize),
    /// The flags that a recvmsg(2) returned.
    pub(super) returned: Flags,
}

/// Most parts of a message (IOV_MAX, readv(2)).
const MAX_PARTS: u64 = 1024;
/// Most messages of one call (UIO_MAXIOV, sendmmsg(2)).
const MAX_MESSAGES: u64 = 1024;
/// Bytes of `struct msghdr`, and of `struct mmsghdr`.
const MSGHDR: usize = 56;
const MMSGHDR: usize = 64;

impl Message {
    /// One whose bytes are nowhere in the program's memory.
    pub(super) fn without_parts(moved: usize, asked: u64) -> Self {
        Self {
            parts: vec![(0, size(asked))],
            moved,
            ..Self::default()
        }
    }

    /// Where its bytes are in the program's memory: addresses and lengths.
    pub(super) fn parts(&self) -> &[(u64, usize)] {
        &self.parts
    }

    /// Bytes offered, or room given.
    pub(super) fn asked(&self) -> usize {
        let lengths = self.parts.iter().map(|(_, length)| *length);
        lengths.fold(0, usize::saturating_add)
    }

    /// The first `most` bytes that it moved, at most as many as there was room for; none
    /// if they cannot be read.
    pub(super) fn bytes(
        &self,
        most: usize,
        world: &mut dyn World,
        thread: Thread,
    ) -> Option<Vec<u8>> {
        let wanted = self.moved.min(self.asked()).min(most);
        let mut bytes = Vec::new();
        for &(address, length) in &self.parts {
            let length = length.min(wanted - bytes.len());
            if length > 0 {
                bytes.extend(world.memory(thread, address, length));
            }
        }
        (bytes.len() == wanted).then_some(bytes)
    }
}

/// The flags that a call was made with.
pub(super) fn flags(call: Syscall, arguments: &[u64; 6]) -> Flags {
    #[expect(clippy::cast_possible_truncation, reason = "an int in a register")]
    let flags = |index: usize| Flags(arguments[index] as u32);
    match call {
        Syscall::Recvfrom | Syscall::Sendto | Syscall::Recvmmsg | Syscall::Sendmmsg => flags(3),
        Syscall::Recvmsg | Syscall::Sendmsg => flags(2),
        _ => Flags::default(),
    }
}

/// The messages of a call that has returned `result`, 0 for an error. `room` is the
/// room for an address that a recvfrom(2) was given.
pub(super) fn messages(
    call: Syscall,
    arguments: &[u64; 6],
    result: u64,
    room: usize,
    world: &mut dyn World,
    thread: Thread,
) -> Vec<Message> {
    let [_, first, second, _, fourth, fifth] = *arguments;
    let moved = size(result);
    match call {
        Syscall::Recvmsg | Syscall::Sendmsg => {
            let header = world.memory(thread, first, MSGHDR);
            let message = message(&header, moved, world, thread);
            message.into_iter().collect()
        }
        Syscall::Recvmmsg | Syscall::Sendmmsg => {
            // Of one that failed, the first is what failed.
            let count = result.clamp(1, MAX_MESSAGES);
            let headers = world.memory(thread, first, size(count) * MMSGHDR);
            let headers = headers.chunks_exact(MMSGHDR).map(<[u8]>::to_vec);
            let messages = headers.filter_map(|header| {
                let moved = if result == 0 {
                    0
                } else {
                    word(&header, 56, 4)?
                };
                message(&header, size(moved), world, thread)
            });
            messages.collect()
        }
        Syscall::Readv | Syscall::Writev | Syscall::Preadv2 | Syscall::Pwritev2 => {
            let message = Message {
                parts: parts(first, second, world, thread),
                moved,
                ..Message::default()
            };
            vec![message]
        }
        _ => {
            let name = match call {
                Syscall::Sendto => (fourth, size(fifth)),
                Syscall::Recvfrom if fourth != 0 && fifth != 0 => {
                    let length = bytes(world, thread, fifth).map_or(0, u32::from_ne_bytes);
                    (fourth, size(u64::from(length)).min(room))
                }
                _ => (0, 0),
            };
            vec![Message {
                parts: vec![(first, size(second))],
                moved,
                name,
                ..Message::default()
            }]
        }
    }
}

/// Reads a `struct msghdr` and the parts that it points to.
fn message(header: &[u8], moved: usize, world: &mut dyn World, thread: Thread) -> Option<Message> {
    let name = (word(header, 0, 8)?, size(word(header, 8, 4)?));
    let (vector, count) = (word(header, 16, 8)?, word(header, 24, 8)?);
    let control = (word(header, 32, 8)?, size(word(header, 40, 8)?));
    let returned = u32::try_from(word(header, 48, 4)?).ok()?;
    Some(Message {
        parts: parts(vector, count, world, thread),
        moved,
        name: if name.0 == 0 { (0, 0) } else { name },
        control,
        returned: Flags(returned),
    })
}

/// Reads an array of `struct iovec`.
fn parts(address: u64, count: u64, world: &mut dyn World, thread: Thread) -> Vec<(u64, usize)> {
    let array = world.memory(thread, address, 16 * size(count.min(MAX_PARTS)));
    let parts = array.chunks_exact(16).filter_map(|part| {
        let (base, length) = (word(part, 0, 8)?, word(part, 8, 8)?);
        Some((base, size(length)))
    });
    parts.collect()
}

/// A number of `width` bytes, 4 or 8.
fn word(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + width)?;
    match width {
        4 => bytes
            .first_chunk()
            .map(|&b| u64::from(u32::from_ne_bytes(b))),
        _ => bytes.first_chunk().map(|&b| u64::from_ne_bytes(b)),
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The descriptors in control messages (SCM_RIGHTS, unix(7); cmsg(3): a length that
/// counts its own 16 bytes of header, a level, a type, then data, padded to 8 bytes).
pub(super) fn descriptors(message: &Message, world: &mut dyn World, thread: Thread) -> Vec<i32> {
    /// More than the 253 descriptors that fit into one (SCM_MAX_FD).
    const MOST: usize = 4096;
    const RIGHTS: u64 = 1;
    const SOL_SOCKET: u64 = 1;
    let (address, length) = message.control;
    let control = world.memory(thread, address, length.min(MOST));
    let mut rest = &control[..];
    let mut found = Vec::new();
    while let Some(length) = word(rest, 0, 8).map(size).filter(|length| *length >= 16) {
        let (level, kind) = (word(rest, 8, 4), word(rest, 12, 4));
        if (level, kind) == (Some(SOL_SOCKET), Some(RIGHTS)) {
            let data = rest.get(16..length).unwrap_or_default();
            let fds = data.chunks_exact(4).filter_map(|fd| fd.first_chunk());
            found.extend(fds.map(|fd| i32::from_ne_bytes(*fd)));
        }
        let next = length.checked_next_multiple_of(8).unwrap_or(usize::MAX);
        rest = rest.get(next..).unwrap_or_default();
    }
    found
}
