//! From the system calls of the programs under trace to the facts of a record.
//!
//! Sans-IO: threads that begin, enter calls, return from them and end go in, parties,
//! connections and events come out. What has to be asked of a stopped thread is asked
//! of a [`World`].

mod attaching;
mod call;
mod due;
mod moving;
mod opening;
mod sockets;
mod splicing;
mod telling;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use kernel::descriptor::SocketKind;
use kernel::syscall::Syscall;
use kernel::tracee::Thread;
use protocol::Nanos;
use record::{Call, Connection, Event, Head, Origin, PartyId, Reason, Record};

pub(super) use self::call::descriptor;
use self::call::{EINPROGRESS, EINTR, Pending, outcome, would_block};
pub(super) use self::due::Due;
use self::sockets::Sockets;
use self::telling::bound;
use super::connections::{At, Connections};
use super::facts::Facts;
use super::notice::{Notice, Noticed};
use super::parties::{self, Parties};
use super::tables::{CLONE_FILES, Entry, SocketId, Tables};
use super::transfer;
use super::world::{World, bytes};
use crate::filter::{Filter, Limits};
use crate::news::Telling;

/// All that is known of the programs under trace, and the record that comes of it.
#[derive(Debug)]
pub(super) struct Observer {
    tables: Tables,
    sockets: Sockets,
    connections: Connections,
    parties: Parties,
    facts: Facts,
    pending: HashMap<Thread, Pending>,
    /// Flags of the clone(2) that a thread is in.
    cloning: HashMap<Thread, u64>,
}

impl Observer {
    /// Nothing was observed yet.
    pub(super) fn new(head: Head, limits: Limits, filter: Filter, telling: Telling) -> Self {
        Self {
            tables: Tables::default(),
            sockets: Sockets::default(),
            connections: Connections::new(filter, limits.snap),
            parties: Parties::default(),
            facts: Facts::new(head, limits, telling),
            pending: HashMap::new(),
            cloning: HashMap::new(),
        }
    }

    /// A thread whose maker is not known is under trace from now on.
    pub(super) fn begin(&mut self, thread: Thread, process: Thread) {
        self.tables.begin(thread, process);
    }

    /// A thread made another one, or a process.
    pub(super) fn make(&mut self, parent: Thread, child: Thread) {
        let flags = self.cloning.remove(&parent).unwrap_or(0);
        let more = self.tables.make(parent, child, flags);
        self.sockets.retain(&more);
    }

    /// Whether a process has threads under trace.
    pub(super) fn has_process(&self, process: Thread) -> bool {
        self.tables.has_process(process)
    }

    /// Whether no thread is under trace any more.
    pub(super) fn is_alone(&self) -> bool {
        self.tables.is_empty()
    }

    /// Whether a thread is under trace.
    pub(super) fn has(&self, thread: Thread) -> bool {
        self.tables.has(thread)
    }

    /// A process runs another program. `former` is the number that the thread which
    /// made the call had.
    pub(super) fn execute(
        &mut self,
        thread: Thread,
        former: Thread,
        at: Nanos,
        world: &mut dyn World,
    ) {
        for gone in [thread, former] {
            self.pending.remove(&gone);
            self.cloning.remove(&gone);
        }
        let (fewer, more) = self.tables.execute(thread, former);
        self.sockets.retain(&more);
        self.release_all(thread, fewer, at, world);
        // Those that are close-on-exec are closed by now.
        for (fd, entry) in self.tables.known(thread, 0, i32::MAX) {
            let is_open = match entry {
                Entry::Other => false,
                Entry::Socket(socket) => self.is_still(thread, fd, socket, world),
            };
            if !is_open {
                self.set(thread, fd, None, at, world);
            }
        }
        self.parties.forget(self.tables.process(thread));
    }

    /// A thread ends, or has ended.
    pub(super) fn end(&mut self, thread: Thread, at: Nanos, world: &mut dyn World) {
        self.pending.remove(&thread);
        self.cloning.remove(&thread);
        // Its calls are over, and its process is still the one that made them.
        let process = self.tables.process(thread);
        let closed = self.tables.end(thread);
        for socket in closed {
            self.release(process, socket, at, world);
        }
        if !self.tables.has_process(process) {
            self.parties.forget(process);
        }
    }

    /// A process does what cannot be seen.
    pub(super) fn notice(&mut self, thread: Thread, notice: Notice, world: &mut dyn World) {
        let process = self.tables.process(thread);
        let who = || parties::name(&world.command(process));
        self.facts.notice(notice, who);
    }

    /// The record, and what could not be seen.
    pub(super) fn finish(self) -> (Record, BTreeMap<Notice, Noticed>) {
        self.facts.finish()
    }

    /// Whether a thread is in a call whose end is of interest.
    pub(super) fn is_inside(&self, thread: Thread) -> bool {
        self.pending.contains_key(&thread)
    }

    /// A thread is about to make a call. Returns whether its end is of interest.
    pub(super) fn enter(
        &mut self,
        thread: Thread,
        (call, arguments): (Syscall, [u64; 6]),
        at: Nanos,
        world: &mut dyn World,
    ) -> bool {
        // An earlier one that never returned was restarted.
        self.pending.remove(&thread);
        let mut pending = Pending {
            call,
            arguments,
            at,
            socket: None,
            room: 0,
            told: record::Socket::default(),
        };
        let fd = pending.fd(0);
        match call {
            Syscall::Clone => {
                self.cloning.insert(thread, arguments[0]);
                return false;
            }
            Syscall::Clone3 => {
                let flags = bytes(world, thread, arguments[0]).map_or(0, u64::from_ne_bytes);
                self.cloning.insert(thread, flags);
                return false;
            }
            Syscall::Close => {
                self.count_segments(thread, fd, world);
                self.set(thread, fd, None, at, world);
                return false;
            }
            Syscall::CloseRange => {
                self.close_range(thread, arguments, at, world);
                return false;
            }
            Syscall::Dup2 | Syscall::Dup3 => {
                let to = pending.fd(1);
                match self.tables.entry(thread, fd) {
                    Some(Entry::Socket(socket)) if fd != to => pending.socket = Some(socket),
                    _ if fd == to => return false,
                    // What it becomes is asked for when it is used.
                    _ => {
                        self.set(thread, to, None, at, world);
                        return false;
                    }
                }
            }
            Syscall::Dup | Syscall::Fcntl => match self.tables.entry(thread, fd) {
                Some(Entry::Socket(socket)) => pending.socket = Some(socket),
                _ => return false,
            },
            Syscall::RtSigaction => return false,
            call if call.is_wait() => return false,
            Syscall::Unshare => {
                if arguments[0] & CLONE_FILES == 0 {
                    return false;
                }
            }
            Syscall::IoUringSetup | Syscall::Socketpair => {}
            _ if self.facts.is_full() => return false,
            Syscall::Splice => {
                let to = self.resolve(thread, pending.fd(2), world);
                pending.socket = to.or_else(|| self.resolve(thread, fd, world));
                if pending.socket.is_none() {
                    return false;
                }
            }
            _ => {
                let Some(socket) = self.resolve(thread, fd, world) else {
                    return false;
                };
                if !self.sockets.is_of_interest(socket, call) {
                    self.tell_if_missed(thread, socket, call, world);
                    return false;
                }
                pending.socket = Some(socket);
                self.ask_before(thread, &mut pending, world);
                self.watch_target(thread, &pending, world);
                if call == Syscall::Recvfrom && arguments[5] != 0 {
                    let room = bytes(world, thread, arguments[5]).map_or(0, u32::from_ne_bytes);
                    pending.room = room as usize;
                }
            }
        }
        self.pending.insert(thread, pending);
        true
    }

    /// The call that a thread was in has returned.
    pub(super) fn leave(&mut self, thread: Thread, result: i64, at: Nanos, world: &mut dyn World) {
        let Some(pending) = self.pending.remove(&thread) else {
            return;
        };
        let Some(outcome) = outcome(self.connecting(&pending, result)) else {
            if would_block(result) {
                self.blocked(&pending);
            }
            return;
        };
        match (pending.call, outcome) {
            (Syscall::IoUringSetup, Ok(_)) => self.notice(thread, Notice::IoUring, world),
            (Syscall::Unshare, Ok(_)) => {
                let more = self.tables.unshare(thread);
                self.sockets.retain(&more);
            }
            (Syscall::Dup | Syscall::Dup2 | Syscall::Dup3 | Syscall::Fcntl, Ok(fd)) => {
                // The descriptor may be taken by now, and another one may have come.
                if let Some(socket) = pending.socket.filter(|&s| self.sockets.get(s).is_some()) {
                    self.sockets.retain(&[socket]);
                    let entry = Entry::Socket(socket);
                    self.set(thread, descriptor(fd), Some(entry), at, world);
                }
            }
            (Syscall::Socketpair, Ok(_)) => self.paired(thread, &pending, world),
            (Syscall::Connect, outcome) => self.connected(thread, &pending, outcome, at, world),
            (Syscall::Accept | Syscall::Accept4, Ok(fd)) => {
                self.accepted(thread, &pending, descriptor(fd), at, world);
            }
            (Syscall::Bind, Ok(_)) => bound(thread, &pending, world),
            (Syscall::Setsockopt, Ok(_)) => self.set_option(thread, &pending, world),
            (Syscall::Getsockopt, Ok(_)) => self.asked_error(thread, &pending, world),
            (Syscall::Shutdown, outcome) => self.shut_down(thread, &pending, outcome, at, world),
            (Syscall::Sendfile | Syscall::Splice, outcome) => {
                self.spliced(thread, &pending, outcome, at, world);
            }
            (call, outcome) => {
                if let Some(way) = transfer::way(call) {
                    self.moved(thread, &pending, (way, outcome), at, world);
                }
            }
        }
    }

    /// What a call has returned. A connect(2) of TCP that was interrupted goes on, as one that
    /// does not wait.
    fn connecting(&self, pending: &Pending, result: i64) -> i64 {
        let is_interrupted = pending.call == Syscall::Connect && result == -i64::from(EINTR);
        let socket = pending.socket.and_then(|socket| self.sockets.get(socket));
        if is_interrupted && socket.is_some_and(|socket| socket.kind == SocketKind::Tcp) {
            return -i64::from(EINPROGRESS);
        }
        result
    }

    /// Says that a call moves bytes which are not recorded.
    fn tell_if_missed(
        &mut self,
        thread: Thread,
        socket: SocketId,
        call: Syscall,
        world: &mut dyn World,
    ) {
        let kind = self.sockets.get(socket).map(|socket| socket.kind);
        if kind == Some(SocketKind::UnixOther) && transfer::way(call).is_some() {
            self.notice(thread, Notice::UnixDatagrams, world);
        }
    }

    fn close_range(
        &mut self,
        thread: Thread,
        [first, last, flags, ..]: [u64; 6],
        at: Nanos,
        world: &mut dyn World,
    ) {
        const UNSHARE: u64 = 2;
        const CLOEXEC: u64 = 4;
        let bound = |fd: u64| i32::try_from(fd & u64::from(u32::MAX)).unwrap_or(i32::MAX);
        let (first, last) = (bound(first), bound(last));
        if first > last || flags & !(UNSHARE | CLOEXEC) != 0 {
            return;
        }
        if flags & UNSHARE != 0 {
            let more = self.tables.unshare(thread);
            self.sockets.retain(&more);
        }
        if flags & CLOEXEC == 0 {
            for (fd, _) in self.tables.known(thread, first, last) {
                self.set(thread, fd, None, at, world);
            }
        }
    }

    /// The party that a thread's process is; none if the record has as many as it may.
    fn party(
        &mut self,
        process: Thread,
        at: (At, Nanos),
        world: &mut dyn World,
    ) -> Option<PartyId> {
        if let Some(party) = self.parties.of(process) {
            return Some(party);
        }
        let Some(party) = self.parties.add(process, world.command(process)) else {
            self.cut_at(at);
            return None;
        };
        let id = party.party;
        self.facts.add_party(party);
        Some(id)
    }

    /// The record has as many parties as it may: it ends at an end that it has.
    fn cut_at(&mut self, (at, when): (At, Nanos)) {
        let party = self.facts.party_at(at.connection, at.end);
        let last = self.facts.last().map(Event::origin);
        let origin = party.map(|party| Origin {
            party,
            connection: at.connection,
            end: at.end,
        });
        if let Some(origin) = origin.or(last) {
            let event = Event::new(when, origin, Call::Cut);
            self.facts.cut(Reason::Calls, &event);
        }
    }

    /// Records what a process did at an end of a connection.
    fn record(&mut self, process: Thread, at: At, mut event: Event, world: &mut dyn World) {
        if self.facts.is_full() || !self.connections.is_wanted(at.connection) {
            return;
        }
        let Some(party) = self.party(process, (at, event.at), world) else {
            return;
        };
        event.party = party;
        if let Some(connection) = self.connections.note_party(at, party) {
            self.add_connection(connection);
        }
        self.facts.add(event);
    }

    fn add_connection(&mut self, connection: Connection) {
        self.facts.add_connection(connection);
    }
}
