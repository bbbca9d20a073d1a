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

/// How long the foreground is held at most. A program that sleeps may be about to listen all the
/// same: its timers cannot be seen (setitimer(2)).
const PATIENCE: Duration = Duration::from_secs(10);
/// After which time it is said what it is held for.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a program that listens for its own host alone has to listen elsewhere, too.
const ELSEWHERE: Duration = Duration::from_secs(1);
/// More than the bytes of any address (`struct sockaddr_storage`).
const MAX_ADDRESS: usize = 128;

/// The programs in the background that the foreground is held for.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Until when it is held; none if it has begun.
    until: Option<Instant>,
    /// When it has not begun by then, it is said why; none if it was.
    told_at: Option<Instant>,
    /// Those that are not ready.
    processes: HashSet<Thread>,
    /// Those of them that listen where the foreground cannot reach them: since when, and the
    /// address.
    own: HashMap<Thread, (Instant, Address)>,
    /// Threads of theirs that are in a call which may make them ready: which, and its
    /// descriptor.
    calls: HashMap<Thread, (Syscall, i32)>,
}

impl Awaited {
    pub(super) fn of<'a>(processes: impl Iterator<Item = &'a Thread>) -> Self {
        let now = Instant::now();
        Self {
            until: Some(now + PATIENCE),
            told_at: Some(now + SILENCE),
            processes: processes.copied().collect(),
            own: HashMap::new(),
            calls: HashMap::new(),
        }
    }

    /// One of them listens, or all its processes have ended.
    pub(super) fn is_ready(&mut self, background: Thread) {
        self.processes.remove(&background);
        self.own.remove(&background);
    }

    /// One of them listens for its own host.
    fn is_ready_there(&mut self, background: Thread, address: Address) {
        let since = Instant::now();
        self.own.entry(background).or_insert((since, address));
    }

    /// When there is something to do next, if nothing happens until then.
    fn next(&self) -> Option<Instant> {
        let own = self.own.values().map(|(since, _)| *since + ELSEWHERE);
        own.chain(self.told_at).chain(self.until).min()
    }
}

impl Driver {
    /// How much longer the foreground is held; none once it has begun.
    pub(super) fn hold(&mut self, tracer: &mut Tracer) -> Option<Duration> {
        let until = self.awaited.until?;
        let now = Instant::now();
        self.tell_who_is_apart(now);
        if !self.awaited.processes.is_empty() && now < until {
            if self.awaited.told_at.is_some_and(|at| at <= now) {
                self.awaited.told_at = None;
                let (so_far, most) = (SILENCE.as_secs(), PATIENCE.as_secs());
                self.tell_of_awaited(&format!(
                    "listens on no port after {so_far} s: CMD is run once it does, or has ended, \
                     or after {most} s"
                ));
            }
            let next = self.awaited.next().unwrap_or(until);
            return Some(next.saturating_duration_since(now));
        }
        let seconds = PATIENCE.as_secs();
        self.tell_of_awaited(&format!("listens on no port after {seconds} s: CMD is run"));
        self.awaited = Awaited::default();
        // An error says that it was killed, which is noticed elsewhere.
        let _ = tracer.begin();
        None
    }

    /// Says of those that had time enough to listen elsewhere that nobody on the other side can
    /// reach them, and waits for them no longer.
    fn tell_who_is_apart(&mut self, now: Instant) {
        let own = &mut self.awaited.own;
        let is_due = |_: &Thread, (since, _): &mut (Instant, Address)| now >= *since + ELSEWHERE;
        let due: Vec<_> = own.extract_if(is_due).collect();
        for (process, (_, address)) in due {
            self.awaited.is_ready(process);
            let mut all = self.background.going_on.iter();
            if let Some(background) = all.find(|one| one.process == process)
                && let Some(side) = &background.apart_from
                && let Address::Internet(address) = address
            {
                let (name, host) = (&background.name, address.ip());
                let line = format!("{name}: listens on {host} alone: {side} cannot reach it");
                (background.tell)(&line);
            }
        }
    }

    /// Says so of each one that is not ready, and listens for nobody.
    fn tell_of_awaited(&self, what: &str) {
        for background in &self.background.going_on {
            let process = &background.process;
            let awaited = &self.awaited;
            if awaited.processes.contains(process) && !awaited.own.contains_key(process) {
                (background.tell)(&format!("{}: {what}", background.name));
            }
        }
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
            let local = socket.local.filter(is_loopback);
            match local.filter(|_| self.is_apart(background)) {
                Some(address) => self.awaited.is_ready_there(background, address),
                None => self.awaited.is_ready(background),
            }
        }
    }

    /// Whether a program in the background is on another side than the foreground.
    fn is_apart(&self, background: Thread) -> bool {
        let mut all = self.background.going_on.iter();
        all.any(|one| one.process == background && one.apart_from.is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_elsewhere_too_is_not_apart() {
        let [one, other] = [Thread(7), Thread(8)];
        let mut awaited = Awaited::of([one, other].iter());
        let said = awaited.told_at.expect("it is to be said");
        assert_eq!(awaited.next(), Some(said));
        awaited.told_at = None;
        let address = Address::Internet(([127, 0, 0, 1], 9000).into());
        awaited.is_ready_there(one, address.clone());
        let (since, _) = awaited.own[&one];
        assert_eq!(awaited.next(), Some(since + ELSEWHERE));
        // The first time counts.
        awaited.is_ready_there(one, address);
        assert_eq!(awaited.own[&one].0, since);
        awaited.is_ready(one);
        assert_eq!(awaited.next(), awaited.until);
        assert_eq!(awaited.processes, HashSet::from([other]));
    }
}
