//! Calls that are about to move bytes of a stream, before they do.

use kernel::descriptor::SocketKind;
use kernel::syscall::Syscall;
use kernel::tracee::Thread;
use record::{Call, Record, Timing, Transport};

use super::super::connections::At;
use super::super::transfer::{self, Flags, Way};
use super::super::world::World;
use super::Observer;

/// A call that is about to move bytes of a stream.
#[derive(Clone, Debug)]
pub(in crate::tracer) struct Due {
    /// Which end of which connection.
    pub(in crate::tracer) at: At,
    /// What carries it.
    pub(in crate::tracer) transport: Transport,
    pub(in crate::tracer) way: Way,
    /// The offset of its first byte.
    pub(in crate::tracer) offset: u64,
    /// Where its bytes are in the program's memory: addresses and lengths.
    pub(in crate::tracer) parts: Vec<(u64, usize)>,
    pub(in crate::tracer) flags: Flags,
    pub(in crate::tracer) fd: i32,
}

impl Due {
    /// Bytes that it offers, or has room for.
    pub(in crate::tracer) fn length(&self) -> u64 {
        let lengths = self.parts.iter().map(|(_, length)| *length as u64);
        lengths.fold(0, u64::saturating_add)
    }
}

impl Observer {
    /// The call that a thread has entered, if it moves bytes of a stream that is connected with
    /// somebody: not one of a pair, which a program has for itself.
    pub(in crate::tracer) fn due(&mut self, thread: Thread, world: &mut dyn World) -> Option<Due> {
        let pending = self.pending.get(&thread)?.clone();
        let is_many = matches!(pending.call, Syscall::Recvmmsg | Syscall::Sendmmsg);
        let way = match pending.call {
            Syscall::Sendfile => Way::Out,
            call => transfer::way(call).filter(|_| !is_many)?,
        };
        let socket = pending.socket?;
        let transport = match self.sockets.get(socket)?.kind {
            SocketKind::Tcp => Transport::Tcp,
            SocketKind::UnixStream => Transport::Unix,
            _ => return None,
        };
        let at = self.stream_end(thread, pending.fd(0), socket, world)?;
        if self.connections.is_pair(at.connection) {
            return None;
        }
        let call = match way {
            Way::Out => Call::Send,
            Way::In => Call::Recv,
        };
        let calls = self.connections.calls(at);
        let here = calls.moved(call, Timing::default(), 0, &[], record::Socket::default());
        let arguments = &pending.arguments;
        let parts = match pending.call {
            Syscall::Sendfile => vec![(0, usize::try_from(arguments[3]).unwrap_or(usize::MAX))],
            call => {
                let messages = transfer::messages(call, arguments, 0, 0, world, thread);
                messages.first()?.parts().to_vec()
            }
        };
        Some(Due {
            at,
            transport,
            way,
            offset: here.offset.0,
            parts,
            flags: transfer::flags(pending.call, arguments),
            fd: pending.fd(0),
        })
    }

    /// Of what waits to be received by the call that a thread has entered, no more than this
    /// counts as having arrived.
    pub(in crate::tracer) fn conceal(&mut self, thread: Thread, most: u64) {
        if let Some(pending) = self.pending.get_mut(&thread)
            && let Some(waiting) = &mut pending.told.waiting
        {
            *waiting = u32::try_from(most).map_or(*waiting, |most| most.min(*waiting));
        }
    }

    /// What kind of socket the call is about that a thread has entered.
    pub(in crate::tracer) fn socket_kind(&self, thread: Thread) -> Option<SocketKind> {
        let socket = self.pending.get(&thread)?.socket?;
        self.sockets.get(socket).map(|socket| socket.kind)
    }

    /// The process of a thread.
    pub(in crate::tracer) fn process(&self, thread: Thread) -> Thread {
        self.tables.process(thread)
    }

    /// The ends of streams that are open, each with a thread and a descriptor by which it is.
    pub(in crate::tracer) fn streams(&self) -> Vec<(Thread, i32)> {
        let sockets = self.tables.sockets().into_iter();
        let streams = sockets.filter(|(_, _, socket)| {
            let known = self.sockets.get(*socket);
            known.is_some_and(|known| known.at.is_some())
        });
        streams.map(|(thread, fd, _)| (thread, fd)).collect()
    }

    /// The record so far.
    pub(in crate::tracer) fn record_so_far(&self) -> &Record {
        self.facts.record()
    }
}
