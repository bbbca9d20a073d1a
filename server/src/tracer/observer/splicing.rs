//! Bytes that go from a file or a pipe to a socket, or from a socket to a pipe: they never
//! are in the program's memory.

use kernel::descriptor::SocketKind;
use kernel::syscall::Syscall;
use kernel::tracee::Thread;
use protocol::Nanos;

use super::super::notice::Notice;
use super::super::transfer::{Flags, Message, Way};
use super::super::world::{World, bytes};
use super::Observer;
use super::call::{Outcome, Pending};
use super::moving::Moved;

impl Observer {
    /// Bytes went from a file or a pipe to a socket, or from a socket to a pipe.
    pub(super) fn spliced(
        &mut self,
        thread: Thread,
        pending: &Pending,
        outcome: Outcome,
        at: Nanos,
        world: &mut dyn World,
    ) {
        let Some(socket) = pending.socket else {
            return;
        };
        let kind = self.sockets.get(socket).map(|socket| socket.kind);
        if !matches!(kind, Some(SocketKind::Tcp | SocketKind::UnixStream)) {
            return;
        }
        let [_, second, third, fourth, fifth, _] = pending.arguments;
        let (fd, way, asked) = if pending.call == Syscall::Sendfile {
            (pending.fd(0), Way::Out, fourth)
        } else if self.resolve(thread, pending.fd(2), world) == Some(socket) {
            (pending.fd(2), Way::Out, fifth)
        } else {
            (pending.fd(0), Way::In, fifth)
        };
        let Some(end) = self.stream_end(thread, fd, socket, world) else {
            return;
        };
        let moved = usize::try_from(outcome.unwrap_or(0)).unwrap_or(usize::MAX);
        let timing = pending.handing(at);
        let process = self.tables.process(thread);
        // A file that is at its end gives nothing: nothing was sent.
        let is_nothing = moved == 0 && outcome.is_ok() && way == Way::Out;
        if is_nothing || !self.has_room(process, end, timing.at, moved, world) {
            return;
        }
        let message = Message::without_parts(moved, asked);
        let kept = self.connections.calls(end).kept(moved);
        let content = if moved == 0 || kept == 0 {
            Some(Vec::new())
        } else if pending.call == Syscall::Sendfile {
            let offset = match third {
                0 => None,
                // It has been moved on by what was sent.
                address => bytes(world, thread, address).map(u64::from_ne_bytes),
            };
            #[expect(clippy::cast_possible_truncation, reason = "an int in a register")]
            let file = second as u32;
            world.file(thread, file.cast_signed(), offset, (moved, kept))
        } else {
            None
        };
        let Some(content) = content else {
            self.lose(thread, end, way, Notice::Unseen, world);
            return;
        };
        let flags = Flags::default();
        let (told, would_block) = self.beside(thread, (pending, fd, socket), (way, flags), world);
        let moved = Moved {
            told,
            would_block,
            message: &message,
            way,
            flags,
            timing: match way {
                Way::Out => timing,
                Way::In => pending.taking(at),
            },
            error: outcome.err(),
        };
        self.transferred(process, end, &moved, &content, None, world);
    }
}
