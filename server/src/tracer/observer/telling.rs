//! What the kernel tells beside the calls: queues, counts and options of sockets; and
//! the calls that failed because they would have had to wait.

use kernel::Watched;
use kernel::descriptor::{Address, Descriptor, SocketKind};
use kernel::options::SocketOption;
use kernel::syscall::Syscall;
use kernel::tracee::Thread;
use record::{Options, Socket};

use super::super::tables::{Entry, SocketId};
use super::super::transfer::{self, Flags, Way};
use super::super::world::{Beside, World};
use super::Observer;
use super::call::Pending;

/// More than the bytes of any address (`struct sockaddr_storage`).
const MAX_ADDRESS: usize = 128;

impl Observer {
    /// Asks what is asked before a call: how much waits to be taken.
    pub(super) fn ask_before(
        &mut self,
        thread: Thread,
        pending: &mut Pending,
        world: &mut dyn World,
    ) {
        let socket = pending.socket.and_then(|id| self.sockets.get(id));
        let Some(kind) = socket.map(|socket| socket.kind) else {
            return;
        };
        let beside = match pending.call {
            Syscall::Accept | Syscall::Accept4 if kind == SocketKind::Tcp => Beside::Accept,
            call if transfer::way(call) == Some(Way::In) && kind != SocketKind::UnixOther => {
                Beside::Recv
            }
            _ => return,
        };
        pending.told = world.told(thread, pending.fd(0), beside);
    }

    /// A call is about to send the first packet of a connection: packets of the port that
    /// it goes to are captured from now on.
    pub(super) fn watch_target(&self, thread: Thread, pending: &Pending, world: &mut dyn World) {
        let socket = pending.socket.and_then(|id| self.sockets.get(id));
        let [_, first, second, ..] = pending.arguments;
        let names = match (socket.map(|socket| socket.kind), pending.call) {
            (Some(SocketKind::Tcp | SocketKind::Udp), Syscall::Connect) => {
                vec![(first, usize::try_from(second).unwrap_or(0))]
            }
            (Some(SocketKind::Udp), Syscall::Sendto | Syscall::Sendmsg | Syscall::Sendmmsg)
            | (Some(SocketKind::Tcp), Syscall::Sendto) => {
                let arguments = &pending.arguments;
                let messages = transfer::messages(pending.call, arguments, 0, 0, world, thread);
                messages.into_iter().map(|message| message.name).collect()
            }
            _ => return,
        };
        for (address, length) in names.into_iter().filter(|(_, length)| *length > 0) {
            let target = Address::parse(&world.memory(thread, address, length.min(MAX_ADDRESS)));
            if let Some(Address::Internet(target)) = target {
                world.watch(Watched::Address(target));
            }
        }
    }

    /// A call failed with EAGAIN: it counts with the next one of its kind.
    pub(super) fn blocked(&mut self, pending: &Pending) {
        let way = match pending.call {
            Syscall::Accept | Syscall::Accept4 => Some(Way::In),
            Syscall::Sendfile => Some(Way::Out),
            call => transfer::way(call),
        };
        if let (Some(socket), Some(way)) = (pending.socket, way) {
            self.sockets.block(socket, way);
        }
    }

    /// What the kernel tells beside a call that has returned, and how often it was made
    /// in vain before. What only looks at bytes is told nothing.
    pub(super) fn beside(
        &mut self,
        thread: Thread,
        (pending, fd, socket): (&Pending, i32, SocketId),
        (way, flags): (Way, Flags),
        world: &mut dyn World,
    ) -> (Socket, u32) {
        if way == Way::In && flags.has(Flags::PEEK) {
            return Default::default();
        }
        let told = match way {
            Way::In => pending.told,
            Way::Out => self.ask_after_send(thread, fd, socket, world),
        };
        let options = self.new_options(socket);
        let told = Socket { options, ..told };
        (told, self.sockets.unblock(socket, way))
    }

    /// What the kernel tells beside a send that has just returned.
    fn ask_after_send(
        &self,
        thread: Thread,
        fd: i32,
        socket: SocketId,
        world: &mut dyn World,
    ) -> Socket {
        let kind = self.sockets.get(socket).map(|socket| socket.kind);
        match kind {
            Some(SocketKind::Tcp) => world.told(thread, fd, Beside::Send),
            _ => Socket::default(),
        }
    }

    /// A socket is about to be closed: what it counted, if this is its last descriptor.
    pub(super) fn count_segments(&mut self, thread: Thread, fd: i32, world: &mut dyn World) {
        let Some(Entry::Socket(id)) = self.tables.entry(thread, fd) else {
            return;
        };
        let Some(socket) = self.sockets.get_mut(id) else {
            return;
        };
        if socket.kind == SocketKind::Tcp && socket.at.is_some() && socket.is_last() {
            socket.counts = world.told(thread, fd, Beside::Close).counts;
        }
    }

    /// setsockopt(2): the kernel says what it made of it.
    pub(super) fn set_option(&mut self, thread: Thread, pending: &Pending, world: &mut dyn World) {
        let option = SocketOption::of(pending.fd(1), pending.fd(2));
        let known = pending.socket.and_then(|id| self.sockets.get_mut(id));
        let (Some(option), Some(known)) = (option, known) else {
            return;
        };
        if let Some(all) = world.options(thread, pending.fd(0)) {
            option.copy(&all, &mut known.options);
            known.has_new_options = true;
        }
    }

    /// A TCP socket is an end of a connection now: whether it uses Nagle's algorithm, and
    /// what it has of the socket that it was accepted from.
    pub(super) fn learn_options(
        &mut self,
        thread: Thread,
        fd: i32,
        socket: SocketId,
        from: Option<SocketId>,
        world: &mut dyn World,
    ) {
        let inherited = from.and_then(|id| self.sockets.get(id));
        let inherited = inherited.map(|socket| socket.options).unwrap_or_default();
        let Some(known) = self.sockets.get_mut(socket) else {
            return;
        };
        if known.kind != SocketKind::Tcp {
            return;
        }
        let Some(all) = world.options(thread, fd) else {
            return;
        };
        if from.is_some() {
            known.options = all.of_those_in(&inherited);
        }
        known.options.nodelay = all.nodelay;
        known.has_new_options = true;
    }

    /// The same as what the kernel told beside a call.
    pub(super) fn options_told(&mut self, socket: SocketId) -> Socket {
        Socket {
            options: self.new_options(socket),
            ..Socket::default()
        }
    }

    /// The options of a socket, if no event has said them yet; the next one does.
    pub(super) fn new_options(&mut self, socket: SocketId) -> Option<Options> {
        let known = self.sockets.get_mut(socket)?;
        let is_new = std::mem::take(&mut known.has_new_options);
        is_new.then_some(known.options)
    }
}

/// bind(2): whoever connects to its port, and sends datagrams there, sends packets of a
/// connection of it.
pub(super) fn bound(thread: Thread, pending: &Pending, world: &mut dyn World) {
    let found = world.descriptor(thread, pending.fd(0));
    if let Some(Descriptor::Socket(state)) = found
        && let Some(Address::Internet(local)) = state.local
    {
        world.watch(Watched::Port(local.port()));
    }
}

/// What waited just before a call that took `moved` bytes of a stream or a datagram. Where
/// nothing waited and still something came, the call has waited: how much there was when
/// it took it, nobody asked.
pub(super) fn waited(told: Socket, moved: usize, flags: Flags) -> Socket {
    let enough = |waiting: u32| {
        let waiting = waiting as usize;
        match moved {
            0 => true,
            _ if flags.has(Flags::WAITALL) => waiting >= moved,
            _ => waiting > 0,
        }
    };
    Socket {
        waiting: told.waiting.filter(|&waiting| enough(waiting)),
        ..told
    }
}
