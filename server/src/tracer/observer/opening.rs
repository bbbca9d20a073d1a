//! How sockets become ends of connections, and how they close.

use kernel::descriptor::{Address, Descriptor, SocketKind, SocketState};
use kernel::tracee::Thread;
use protocol::Nanos;
use record::{Call, End, Event, Timing, Transport};

use super::super::connections::{At, Joining};
use super::super::notice::Notice;
use super::super::tables::{Entry, SocketId};
use super::super::transfer::Way;
use super::super::world::{World, bytes};
use super::Observer;
use super::call::{
    EALREADY, ECONNREFUSED, EINPROGRESS, EISCONN, ENOENT, Outcome, Pending, error_text,
};
use super::sockets::Socket;

/// More than the bytes of any address (`struct sockaddr_storage`).
const MAX_ADDRESS: u64 = 128;

impl Observer {
    /// The socket that a descriptor is; none if it is something else.
    pub(super) fn resolve(
        &mut self,
        thread: Thread,
        fd: i32,
        world: &mut dyn World,
    ) -> Option<SocketId> {
        match self.tables.entry(thread, fd) {
            Some(Entry::Socket(socket)) => return Some(socket),
            Some(Entry::Other) => return None,
            None => {}
        }
        let Some(found) = world.descriptor(thread, fd) else {
            self.notice(thread, Notice::Descriptors, world);
            return None;
        };
        let state = match found {
            Descriptor::Closed => return None,
            Descriptor::NoSocket => None,
            Descriptor::Socket(state) => Some(state),
        };
        let Some(state) = state.filter(|state| state.kind != SocketKind::Other) else {
            self.tables.set(thread, fd, Some(Entry::Other));
            return None;
        };
        let socket = self.sockets.open(state);
        self.tables.set(thread, fd, Some(Entry::Socket(socket)));
        Some(socket)
    }

    /// Whether a descriptor is the socket that it was.
    pub(super) fn is_still(
        &mut self,
        thread: Thread,
        fd: i32,
        socket: SocketId,
        world: &mut dyn World,
    ) -> bool {
        let state = ask(thread, fd, world);
        let known = self.sockets.get(socket).map(|socket| socket.inode);
        state.is_some_and(|state| Some(state.inode) == known)
    }

    /// Sets what a descriptor is; what it was is closed.
    pub(super) fn set(
        &mut self,
        thread: Thread,
        fd: i32,
        entry: Option<Entry>,
        at: Nanos,
        world: &mut dyn World,
    ) {
        if let Some(closed) = self.tables.set(thread, fd, entry) {
            self.release(self.tables.process(thread), closed, at, world);
        }
    }

    pub(super) fn release_all(
        &mut self,
        thread: Thread,
        sockets: Vec<SocketId>,
        at: Nanos,
        world: &mut dyn World,
    ) {
        let process = self.tables.process(thread);
        for socket in sockets {
            self.release(process, socket, at, world);
        }
    }

    /// A descriptor of a socket was closed by a process. With the last one its
    /// connection is.
    pub(super) fn release(
        &mut self,
        process: Thread,
        socket: SocketId,
        at: Nanos,
        world: &mut dyn World,
    ) {
        let Some(mut closed) = self.sockets.release(socket) else {
            return;
        };
        if let (Some(end), Some(mut event)) = (closed.at, closed.connecting.take()) {
            // All that was ever learned of it.
            event.error = Some(error_text(EINPROGRESS));
            self.record(process, end, event, world);
        }
        let told = record::Socket {
            counts: closed.counts,
            options: closed.has_new_options.then_some(closed.options),
            ..record::Socket::default()
        };
        let mut ends: Vec<At> = closed
            .at
            .into_iter()
            .chain(closed.peers.into_values())
            .collect();
        ends.sort_by_key(|at| at.connection);
        for end in ends {
            let timing = Timing { at, took: Nanos(0) };
            let calls = self.connections.calls(end);
            let event = calls.bare(Call::Close, timing, Ok(()), told);
            self.record(process, end, event, world);
        }
    }

    /// A stream's socket is an end of a connection from now on.
    fn join(&mut self, socket: SocketId, end: End, state: SocketState) -> Option<At> {
        let known = self.sockets.get_mut(socket)?;
        let transport = match state.kind {
            SocketKind::Tcp => Transport::Tcp,
            SocketKind::UnixStream => Transport::Unix,
            _ => return None,
        };
        let opener = match (transport, end) {
            (Transport::Unix, End::Opener) => Some(state.inode),
            (Transport::Unix, End::Acceptor) => state.peer_inode,
            _ => None,
        };
        let joining = Joining {
            end,
            transport,
            local: state.local,
            peer: state.peer,
            opener,
        };
        known.at = self.connections.join(&joining);
        known.at
    }

    /// The end that a stream's socket is. One that did not call connect(2), and whose
    /// accept(2) was not seen, was inherited or received: it is taken for the end that
    /// accepted, unless its other end is known.
    pub(super) fn stream_end(
        &mut self,
        thread: Thread,
        fd: i32,
        socket: SocketId,
        world: &mut dyn World,
    ) -> Option<At> {
        let known = self.sockets.get(socket)?;
        if known.at.is_some() || known.is_listening {
            return known.at;
        }
        let (inode, has_connected) = (known.inode, known.has_connected);
        let state = ask(thread, fd, world)?;
        let is_connected = state.peer.is_some() || state.peer_inode.is_some();
        if state.inode != inode || !is_connected {
            return None;
        }
        let end = if has_connected {
            End::Opener
        } else {
            End::Acceptor
        };
        let at = self.join(socket, end, state);
        self.learn_options(thread, fd, socket, None, world);
        at
    }

    /// socketpair(2): the first one counts as the one that opened.
    pub(super) fn paired(&mut self, thread: Thread, pending: &Pending, world: &mut dyn World) {
        let Some(pair) = bytes::<8>(world, thread, pending.arguments[3]) else {
            return;
        };
        let fds = [0, 4].map(|at| pair[at..].first_chunk().copied().map(i32::from_ne_bytes));
        for (fd, end) in fds.into_iter().flatten().zip(End::ALL) {
            let Some(socket) = self.resolve(thread, fd, world) else {
                continue;
            };
            if let Some(state) = ask(thread, fd, world) {
                self.join(socket, end, state);
            }
        }
    }

    pub(super) fn connected(
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
        let [_, address, length, ..] = pending.arguments;
        let length = usize::try_from(length.min(MAX_ADDRESS)).unwrap_or(0);
        let target = Address::parse(&world.memory(thread, address, length));
        let state = ask(thread, pending.fd(0), world);
        let Some(known) = self.sockets.get_mut(socket) else {
            return;
        };
        let state = state.filter(|state| state.inode == known.inode);
        if known.kind == SocketKind::Udp {
            if let (Ok(_), Some(state)) = (outcome, state) {
                known.peer = state.peer;
                known.local = state.local;
            }
            return;
        }
        known.has_connected = true;
        match outcome {
            Ok(_) | Err(EISCONN) if known.connecting.is_some() => {
                self.resolve_connect(thread, socket, None, world);
                return;
            }
            Err(EALREADY | EISCONN) => return,
            Err(error) if known.connecting.is_some() => {
                self.resolve_connect(thread, socket, Some(error), world);
                return;
            }
            _ => {}
        }
        if is_lookup(target.as_ref(), outcome) && !self.connections.is_filtered() {
            self.notice(thread, Notice::Lookups, world);
            return;
        }
        let Some(mut state) = state else {
            return;
        };
        // While it connects, and when that failed, it has no peer.
        state.peer = state.peer.or(target);
        let Some(end) = self.join(socket, End::Opener, state) else {
            return;
        };
        self.learn_options(thread, pending.fd(0), socket, None, world);
        let told = self.options_told(socket);
        let failed = match outcome {
            Ok(_) | Err(EINPROGRESS) => None,
            Err(error) => Some(error),
        };
        let result = failed.map_or(Ok(()), |error| Err(error_text(error)));
        let timing = pending.handing(at);
        let calls = self.connections.calls(end);
        let event = calls.bare(Call::Connect, timing, result, told);
        let Some(known) = self.sockets.get_mut(socket) else {
            return;
        };
        if outcome == Err(EINPROGRESS) {
            known.connecting = Some(event);
            return;
        }
        if failed.is_some() {
            // What it connects to next is another connection.
            known.at = None;
        }
        self.record(self.tables.process(thread), end, event, world);
    }

    /// A connect(2) that returned before the connection was there has succeeded, or
    /// failed with an error.
    pub(super) fn resolve_connect(
        &mut self,
        thread: Thread,
        socket: SocketId,
        error: Option<i32>,
        world: &mut dyn World,
    ) {
        let Some(known) = self.sockets.get_mut(socket) else {
            return;
        };
        let (Some(end), Some(mut event)) = (known.at, known.connecting.take()) else {
            return;
        };
        if error.is_some() {
            known.at = None;
        }
        event.error = error.map(error_text);
        self.record(self.tables.process(thread), end, event, world);
    }

    /// getsockopt(2) of SO_ERROR, which tells how a connect(2) went.
    pub(super) fn asked_error(&mut self, thread: Thread, pending: &Pending, world: &mut dyn World) {
        const SOL_SOCKET: i32 = 1;
        let Some(socket) = pending.socket.filter(|_| pending.fd(1) == SOL_SOCKET) else {
            return;
        };
        match bytes(world, thread, pending.arguments[3]).map(i32::from_ne_bytes) {
            Some(0) => {
                // Asked early, it is 0 as well.
                let state = ask(thread, pending.fd(0), world);
                if state.is_some_and(|state| state.peer.is_some()) {
                    self.resolve_connect(thread, socket, None, world);
                }
            }
            Some(error) => self.resolve_connect(thread, socket, Some(error), world),
            None => {}
        }
    }

    pub(super) fn accepted(
        &mut self,
        thread: Thread,
        pending: &Pending,
        fd: i32,
        at: Nanos,
        world: &mut dyn World,
    ) {
        // The number is that of a new descriptor, whatever it was before.
        self.set(thread, fd, None, at, world);
        let Some(socket) = self.resolve(thread, fd, world) else {
            return;
        };
        let Some(state) = ask(thread, fd, world) else {
            return;
        };
        let Some(end) = self.join(socket, End::Acceptor, state) else {
            return;
        };
        self.learn_options(thread, fd, socket, pending.socket, world);
        let told = record::Socket {
            options: self.new_options(socket),
            ..pending.told
        };
        let listening = pending.socket;
        let would_block = listening.map_or(0, |id| self.sockets.unblock(id, Way::In));
        let calls = self.connections.calls(end);
        let event = Event {
            would_block,
            ..calls.bare(Call::Accept, pending.taking(at), Ok(()), told)
        };
        self.record(self.tables.process(thread), end, event, world);
    }

    pub(super) fn shut_down(
        &mut self,
        thread: Thread,
        pending: &Pending,
        outcome: Outcome,
        at: Nanos,
        world: &mut dyn World,
    ) {
        const RECEIVING: i32 = 0;
        let Some(socket) = pending.socket.filter(|_| pending.fd(1) != RECEIVING) else {
            return;
        };
        let kind = self.sockets.get(socket).map(|socket| socket.kind);
        if kind == Some(SocketKind::Udp) {
            return;
        }
        let Some(end) = self.stream_end(thread, pending.fd(0), socket, world) else {
            return;
        };
        let result = outcome.map(drop).map_err(error_text);
        let told = self.options_told(socket);
        let calls = self.connections.calls(end);
        let event = calls.bare(Call::Shutdown, pending.handing(at), result, told);
        self.record(self.tables.process(thread), end, event, world);
    }
}

/// Whether the C library looked for its name service cache (nscd(8)) in vain.
fn is_lookup(target: Option<&Address>, outcome: Outcome) -> bool {
    const CACHES: [&[u8]; 2] = [b"/var/run/nscd/socket", b"/run/nscd/socket"];
    let is_cache = |path: &Vec<u8>| CACHES.contains(&path.as_slice());
    let is_absent = matches!(outcome, Err(ENOENT | ECONNREFUSED));
    is_absent && matches!(target, Some(Address::Unix(path)) if is_cache(path))
}

/// What the kernel says of a descriptor now, if it is a socket.
fn ask(thread: Thread, fd: i32, world: &mut dyn World) -> Option<SocketState> {
    match world.descriptor(thread, fd)? {
        Descriptor::Socket(state) => Some(state),
        Descriptor::Closed | Descriptor::NoSocket => None,
    }
}

impl Socket {
    /// Whether its own address is worth nothing yet: it gets its port with the first
    /// datagram.
    pub(super) fn lacks_port(&self) -> bool {
        match &self.local {
            Some(Address::Internet(address)) => address.port() == 0,
            _ => true,
        }
    }

    /// What is known of it, as the kernel says it later.
    pub(super) fn learn(&mut self, state: SocketState) {
        if state.inode == self.inode {
            self.local = state.local;
        }
    }
}
