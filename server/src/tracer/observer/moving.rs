//! Bytes that calls move: between memory and a socket, and from files to a socket.

use kernel::descriptor::{Address, SocketKind};
use kernel::syscall::Syscall;
use kernel::tracee::Thread;
use protocol::Nanos;
use record::{Call, End, Event, Origin, Timing, Transport};

use super::super::connections::{At, Joining};
use super::super::notice::Notice;
use super::super::tables::SocketId;
use super::super::transfer::{self, Flags, Message, Way};
use super::super::world::World;
use super::Observer;
use super::call::{Outcome, Pending, error_text};
use super::telling::waited;

/// One message that a call moved, or failed to move.
pub(super) struct Moved<'a> {
    pub(super) message: &'a Message,
    pub(super) way: Way,
    pub(super) flags: Flags,
    pub(super) timing: Timing,
    pub(super) error: Option<i32>,
    /// What the kernel told beside the call.
    pub(super) told: record::Socket,
    pub(super) would_block: u32,
}

impl Observer {
    /// A call that moves bytes between memory and a socket has returned.
    pub(super) fn moved(
        &mut self,
        thread: Thread,
        pending: &Pending,
        (way, outcome): (Way, Outcome),
        at: Nanos,
        world: &mut dyn World,
    ) {
        let Some(socket) = pending.socket else {
            return;
        };
        let Some(kind) = self.sockets.get(socket).map(|socket| socket.kind) else {
            return;
        };
        let (call, arguments) = (pending.call, &pending.arguments);
        let result = outcome.unwrap_or(0);
        let is_many = matches!(call, Syscall::Recvmmsg | Syscall::Sendmmsg);
        if is_many && outcome == Ok(0) {
            return;
        }
        let messages = transfer::messages(call, arguments, result, pending.room, world, thread);
        let flags = transfer::flags(call, arguments);
        if !flags.has(Flags::ERRQUEUE) {
            let timing = match way {
                Way::Out => pending.handing(at),
                Way::In => pending.taking(at),
            };
            let (told, would_block) = self.beside(
                thread,
                (pending, pending.fd(0), socket),
                (way, flags),
                world,
            );
            for message in &messages {
                let moved = Moved {
                    told,
                    would_block,
                    message,
                    way,
                    flags,
                    timing,
                    error: outcome.err(),
                };
                match kind {
                    SocketKind::Udp => self.datagram(thread, pending, socket, &moved, world),
                    SocketKind::UnixOther => self.notice(thread, Notice::UnixDatagrams, world),
                    _ => self.stretch(thread, pending, socket, &moved, world),
                }
            }
        }
        if matches!(call, Syscall::Recvmsg | Syscall::Sendmsg) && outcome.is_ok() {
            self.pass(thread, way, flags, &messages, world);
        }
    }

    /// Descriptors that were sent or received with messages.
    fn pass(
        &mut self,
        thread: Thread,
        way: Way,
        flags: Flags,
        messages: &[Message],
        world: &mut dyn World,
    ) {
        for message in messages {
            for fd in transfer::descriptors(message, world, thread) {
                let Some(socket) = self.resolve(thread, fd, world) else {
                    continue;
                };
                match way {
                    Way::Out => self.sockets.send(socket),
                    // Looking at a message makes descriptors, too.
                    Way::In if flags.has(Flags::PEEK) => {}
                    Way::In => self.sockets.receive(socket),
                }
            }
        }
    }

    /// Bytes of a stream.
    fn stretch(
        &mut self,
        thread: Thread,
        pending: &Pending,
        socket: SocketId,
        moved: &Moved<'_>,
        world: &mut dyn World,
    ) {
        /// It is not connected, which it may still become.
        const ENOTCONN: i32 = 107;
        let is_connecting = |observer: &Self| {
            let socket = observer.sockets.get(socket);
            socket.is_some_and(|socket| socket.connecting.is_some())
        };
        if is_connecting(self) {
            if moved.error == Some(ENOTCONN) {
                return;
            }
            self.resolve_connect(thread, socket, moved.error, world);
            if moved.error.is_some() {
                return;
            }
        }
        if moved.flags.has(Flags::FASTOPEN)
            && let Some(known) = self.sockets.get_mut(socket)
        {
            known.has_connected = true;
        }
        let Some(end) = self.stream_end(thread, pending.fd(0), socket, world) else {
            return;
        };
        let (message, flags) = (moved.message, moved.flags);
        match moved.way {
            Way::In if flags.has(Flags::PEEK) => return,
            Way::In if flags.has(Flags::OOB) => {
                self.notice(thread, Notice::OutOfBand, world);
                return;
            }
            // Room for nothing: that is no end of the stream.
            Way::In if moved.error.is_none() && message.asked() == 0 => return,
            Way::Out if flags.has(Flags::OOB) && moved.error.is_none() => {
                self.lose(thread, end, Way::Out, Notice::OutOfBand, world);
                return;
            }
            _ => {}
        }
        let process = self.tables.process(thread);
        if !self.has_room(process, end, moved.timing.at, message.moved, world) {
            return;
        }
        let discards = moved.way == Way::In && flags.has(Flags::TRUNC) && message.moved > 0;
        let kept = self.connections.calls(end).kept(message.moved);
        let is_there = message.moved <= message.asked() && !discards;
        match message.bytes(kept, world, thread) {
            Some(content) if is_there => {
                self.transferred(process, end, moved, &content, None, world);
            }
            _ => self.lose(thread, end, moved.way, Notice::Unseen, world),
        }
    }

    /// A datagram.
    fn datagram(
        &mut self,
        thread: Thread,
        pending: &Pending,
        socket: SocketId,
        moved: &Moved<'_>,
        world: &mut dyn World,
    ) {
        let (message, flags) = (moved.message, moved.flags);
        if moved.way == Way::In && flags.has(Flags::PEEK) {
            return;
        }
        let (address, length) = message.name;
        let named = Address::parse(&world.memory(thread, address, length.min(128)));
        let Some(known) = self.sockets.get_mut(socket) else {
            return;
        };
        let Some(peer) = named.or_else(|| known.peer.clone()) else {
            if moved.error.is_none() {
                self.notice(thread, Notice::Anonymous, world);
            }
            return;
        };
        if known.lacks_port()
            && let Some(kernel::descriptor::Descriptor::Socket(state)) =
                world.descriptor(thread, pending.fd(0))
        {
            known.learn(state);
        }
        let Some(end) = self.datagram_end(socket, &peer, moved.way) else {
            return;
        };
        let process = self.tables.process(thread);
        if !self.has_room(process, end, moved.timing.at, message.moved, world) {
            return;
        }
        let kept = self.connections.calls(end).kept(message.moved);
        let Some(content) = message.bytes(kept, world, thread) else {
            self.lose(thread, end, moved.way, Notice::Unseen, world);
            return;
        };
        let is_whole = message.moved < message.asked()
            || flags.has(Flags::TRUNC)
            || pending.call == Syscall::Recvmsg && !message.returned.has(Flags::TRUNC);
        let length = u32::try_from(message.moved).ok();
        let length = length.filter(|_| moved.way == Way::In && is_whole && moved.error.is_none());
        self.transferred(process, end, moved, &content, length, world);
    }

    /// The end of the connection that a socket has with a peer.
    fn datagram_end(&mut self, socket: SocketId, peer: &Address, way: Way) -> Option<At> {
        let known = self.sockets.get_mut(socket)?;
        if let Some(&at) = known.peers.get(peer) {
            return Some(at);
        }
        let at = self.connections.join(&Joining {
            // Who sent the first datagram opened.
            end: match way {
                Way::Out => End::Opener,
                Way::In => End::Acceptor,
            },
            transport: Transport::Udp,
            local: known.local.clone(),
            peer: Some(peer.clone()),
            opener: None,
        })?;
        known.peers.insert(peer.clone(), at);
        Some(at)
    }

    /// Records what a call moved.
    pub(super) fn transferred(
        &mut self,
        process: Thread,
        end: At,
        moved: &Moved<'_>,
        content: &[u8],
        length: Option<u32>,
        world: &mut dyn World,
    ) {
        let told = record::Socket {
            length,
            ..match moved.way {
                Way::In => waited(moved.told, moved.message.moved, moved.flags),
                Way::Out => moved.told,
            }
        };
        let error = moved.error.map(error_text);
        let calls = self.connections.calls(end);
        let call = match moved.way {
            Way::Out => Call::Send,
            Way::In => Call::Recv,
        };
        let count = match error {
            // A datagram may have been longer than the room it was given.
            None => moved.message.moved.min(moved.message.asked()),
            Some(_) => 0,
        };
        let event = Event {
            error,
            would_block: moved.would_block,
            asked: u32::try_from(moved.message.asked()).unwrap_or(u32::MAX),
            ..calls.moved(call, moved.timing, count, content, told)
        };
        let sender = sender(end, moved.way);
        let unseen = self.connections.unseen_from(sender);
        if unseen.is_some_and(|unseen| event.end() > unseen || event.is_empty()) {
            return;
        }
        self.record(process, end, event, world);
    }

    /// What goes a way is not seen from here on.
    pub(super) fn lose(
        &mut self,
        thread: Thread,
        at: At,
        way: Way,
        notice: Notice,
        world: &mut dyn World,
    ) {
        let calls = self.connections.calls(at);
        let call = match way {
            Way::Out => Call::Send,
            Way::In => Call::Recv,
        };
        let here = calls.moved(call, Timing::default(), 0, &[], record::Socket::default());
        let sender = sender(at, way);
        self.connections.lose(sender, here.offset);
        self.notice(thread, notice, world);
    }

    /// Whether a call that moved so many bytes is recorded: those that are kept are read from the
    /// program's memory only then.
    pub(super) fn has_room(
        &mut self,
        process: Thread,
        at: At,
        when: Nanos,
        bytes: usize,
        world: &mut dyn World,
    ) -> bool {
        if self.facts.is_full() {
            return false;
        }
        if !self.connections.is_wanted(at.connection) {
            return false;
        }
        let Some(party) = self.party(process, (at, when), world) else {
            return false;
        };
        if let Some(connection) = self.connections.note_party(at, party) {
            self.add_connection(connection);
        }
        let origin = Origin {
            party,
            connection: at.connection,
            end: at.end,
        };
        let event = Event::new(when, origin, Call::Cut);
        let kept = self.connections.calls(at).kept(bytes);
        self.facts.has_room(kept, &event)
    }
}

/// The end whose bytes a call at an end moves.
fn sender(at: At, way: Way) -> At {
    At {
        end: match way {
            Way::Out => at.end,
            Way::In => at.end.other(),
        },
        ..at
    }
}
