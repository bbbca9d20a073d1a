//! Waiting until the programs in the background listen: the one in the foreground is held until
//! then. Their own calls say it; nobody connects to them.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use kernel::descriptor::{Address, Descriptor, SocketKind, SocketState};
use kernel::syscall::Syscall;
use kernel::tracee::{Thread, Tracer};

use super::super::observer::descriptor;
use super::super::transfer;
use super::super::world::World as _;
use super::Driver;

/// How long the foreground is held at most.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than the bytes of any address (`struct sockaddr_storage`).
const MAX_ADDRESS: usize = 128;

/// The programs in the background that the foreground is held for.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Until when it is held; none if it has begun.
    until: Option<Instant>,
    /// Those that are not ready.
    processes: HashSet<Thread>,
    /// Threads of theirs that are in a call which may make them ready: which, and its
    /// descriptor.
    calls: HashMap<Thread, (Syscall, i32)>,
}

impl Awaited {
    pub(super) fn of<'a>(processes: impl Iterator<Item = &'a Thread>) -> Self {
        Self {
            until: Some(Instant::now() + PATIENCE),
            processes: processes.copied().collect(),
            calls: HashMap::new(),
        }
    }

    /// One of them listens, or all its processes have ended.
    pub(super) fn is_ready(&mut self, background: Thread) {
        self.processes.remove(&background);
    }
}

impl Driver {
    /// How much longer the foreground is held; none once it has begun.
    pub(super) fn hold(&mut self, tracer: &mut Tracer) -> Option<Duration> {
        let until = self.awaited.until?;
        let left = until.saturating_duration_since(Instant::now());
        if !self.awaited.processes.is_empty() && !left.is_zero() {
            return Some(left);
        }
        for background in &self.background.going_on {
            if self.awaited.processes.contains(&background.process) {
                let (name, seconds) = (&background.name, PATIENCE.as_secs());
                let line = format!("{name}: listens on no port after {seconds} s: CMD is run");
                (background.tell)(&line);
            }
        }
        self.awaited = Awaited::default();
        // An error says that it was killed, which is noticed elsewhere.
        let _ = tracer.begin();
        None
    }

    /// A thread is about to make a call; whether its end is awaited.
    pub(super) fn await_call(
        &mut self,
        thread: Thread,
        call: Syscall,
        arguments: [u64; 6],
    ) -> bool {
        // One that was interrupted may not have returned.
        self.awaited.calls.remove(&thread);
        let Some(background) = self.awaited_one(thread) else {
            return false;
        };
        let fd = descriptor(arguments[0]);
        match call {
            // A client has nothing to wait for.
            Syscall::Connect if self.is_to_other_host(thread, fd, arguments) => {
                self.awaited.is_ready(background);
                false
            }
            Syscall::Sendto | Syscall::Sendmsg | Syscall::Sendmmsg
                if self.is_to_own_host(thread, call, arguments) =>
            {
                false
            }
            Syscall::Listen
            | Syscall::Bind
            | Syscall::Sendto
            | Syscall::Sendmsg
            | Syscall::Sendmmsg => {
                self.awaited.calls.insert(thread, (call, fd));
                true
            }
            _ => false,
        }
    }

    /// The call that a thread was in has returned.
    pub(super) fn look_if_ready(&mut self, thread: Thread, result: i64) {
        let Some((call, fd)) = self.awaited.calls.remove(&thread) else {
            return;
        };
        if result >= 0
            && let Some(background) = self.awaited_one(thread)
            && let Some(Descriptor::Socket(socket)) = self.world.descriptor(thread, fd)
            && is_ready(call, &socket)
        {
            self.awaited.is_ready(background);
        }
    }

    /// The program in the background that a thread is of, if that is awaited.
    fn awaited_one(&self, thread: Thread) -> Option<Thread> {
        if self.awaited.processes.is_empty() {
            return None;
        }
        let process = self.observer.process(thread);
        let background = self.background.processes.get(&process).copied();
        background.filter(|background| self.awaited.processes.contains(background))
    }

    /// Whether a connect(2) opens a TCP connection that leaves the host.
    fn is_to_other_host(&mut self, thread: Thread, fd: i32, arguments: [u64; 6]) -> bool {
        let [_, address, length, ..] = arguments;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(Address::Internet(target)) = self.address(thread, (address, length)) else {
            return false;
        };
        let socket = self.world.descriptor(thread, fd);
        let is_tcp =
            matches!(socket, Some(Descriptor::Socket(socket)) if socket.kind == SocketKind::Tcp);
        is_tcp && !target.ip().is_loopback() && !target.ip().is_unspecified()
    }

    /// Whether a call sends its first datagram to an address of the loopback that it names.
    fn is_to_own_host(&mut self, thread: Thread, call: Syscall, arguments: [u64; 6]) -> bool {
        let messages = transfer::messages(call, &arguments, 0, 0, &mut self.world, thread);
        let name = messages.first().map(|message| message.name);
        let target = name.and_then(|name| self.address(thread, name));
        target.as_ref().is_some_and(is_loopback)
    }

    /// The address that is there in the memory of a program.
    fn address(&mut self, thread: Thread, (address, length): (u64, usize)) -> Option<Address> {
        Address::parse(&self.world.memory(thread, address, length.min(MAX_ADDRESS)))
    }
}

fn is_loopback(address: &Address) -> bool {
    match address {
        Address::Internet(address) => address.ip().is_loopback(),
        Address::Unix(_) => false,
    }
}

/// Whether a socket says after a call that its program waits for a client, or is one itself:
/// it listens, it has a port for datagrams, or it has sent one to another host. What it sends
/// to its own is a question for a name.
fn is_ready(call: Syscall, socket: &SocketState) -> bool {
    let port = match &socket.local {
        Some(Address::Internet(address)) => address.port(),
        _ => 0,
    };
    match (socket.kind, call) {
        (SocketKind::Tcp, Syscall::Listen) => socket.is_listening,
        (SocketKind::Udp, Syscall::Bind) => port > 0,
        (SocketKind::Udp, Syscall::Sendto | Syscall::Sendmsg | Syscall::Sendmmsg) => {
            port > 0 && !socket.peer.as_ref().is_some_and(is_loopback)
        }
        _ => false,
    }
}
