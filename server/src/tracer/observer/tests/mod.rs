//! System calls as literals in, facts as text out.

mod datagrams;
mod lives;
mod streams;
mod telling;

use std::collections::HashMap;
use std::net::SocketAddr;

use kernel::Watched;
use kernel::descriptor::{Address, Descriptor, SocketKind, SocketState};
use kernel::syscall::Syscall;
use kernel::tracee::Thread;
use protocol::Nanos;
use record::{Capture, Head, Options, Record};

use super::Observer;
use crate::filter::{Filter, Limits};
use crate::news::Telling;
use crate::tracer::notice::Notice;
use crate::tracer::world::{Beside, World};

/// The two programs of most tests.
const CLIENT: Thread = Thread(10);
const SERVER: Thread = Thread(20);

/// Where the tests put bytes into the programs' memory.
const BUFFER: u64 = 0x1000;
const NAME: u64 = 0x2000;
const LENGTH: u64 = 0x3000;
const HEADER: u64 = 0x4000;
const PARTS: u64 = 0x5000;

/// Programs whose memory and descriptors the test says.
#[derive(Default)]
struct Fake {
    memory: HashMap<u64, Vec<u8>>,
    descriptors: HashMap<(Thread, i32), Descriptor>,
    file: Option<Vec<u8>>,
    /// What the kernel tells of every socket.
    told: record::Socket,
    options: Option<Options>,
    /// Of which ports the packets are captured.
    watched: Vec<u16>,
}

impl World for Fake {
    fn memory(&mut self, _: Thread, address: u64, length: usize) -> Vec<u8> {
        let bytes = self.memory.get(&address).map_or(&[][..], |bytes| bytes);
        bytes[..length.min(bytes.len())].to_vec()
    }

    fn descriptor(&mut self, thread: Thread, fd: i32) -> Option<Descriptor> {
        let found = self.descriptors.get(&(thread, fd)).cloned();
        Some(found.unwrap_or(Descriptor::Closed))
    }

    fn file(
        &mut self,
        _: Thread,
        _: i32,
        end: Option<u64>,
        (length, first): (usize, usize),
    ) -> Option<Vec<u8>> {
        let file = self.file.as_ref()?;
        let end = usize::try_from(end?).ok()?;
        file.get(end - length..end - length + first)
            .map(<[u8]>::to_vec)
    }

    fn told(&mut self, _: Thread, _: i32, beside: Beside) -> record::Socket {
        match beside {
            Beside::Recv => record::Socket {
                waiting: self.told.waiting,
                ..record::Socket::default()
            },
            Beside::Send => record::Socket {
                unsent: self.told.unsent,
                ..record::Socket::default()
            },
            Beside::Accept => record::Socket {
                accept_queue: self.told.accept_queue,
                ..record::Socket::default()
            },
            Beside::Close => record::Socket {
                counts: self.told.counts,
                ..record::Socket::default()
            },
        }
    }

    fn options(&mut self, _: Thread, _: i32) -> Option<Options> {
        self.options
    }

    fn watch(&mut self, watched: Watched) {
        self.watched.push(match watched {
            Watched::Port(port) => port,
            Watched::Address(address) => address.port(),
        });
    }

    fn command(&mut self, process: Thread) -> Vec<String> {
        let name = match process {
            CLIENT => "client",
            SERVER => "server",
            _ => "worker",
        };
        vec![name.to_owned()]
    }
}

/// The programs and the observer. Each call takes 10 ns, and 10 ns pass before it.
struct Stage {
    observer: Observer,
    world: Fake,
    now: u64,
}

const ROOMY: Limits = Limits {
    events: 1000,
    bytes: 1000,
    snap: None,
};

impl Stage {
    fn new() -> Self {
        Self::within(ROOMY, Filter::default())
    }

    fn within(limits: Limits, filter: Filter) -> Self {
        let head = Head::new("Linux", Capture::Unknown);
        let mut this = Self {
            observer: Observer::new(head, limits, filter, Telling::default()),
            world: Fake::default(),
            now: 0,
        };
        this.observer.begin(CLIENT, CLIENT);
        this.observer.begin(SERVER, SERVER);
        this
    }

    fn tick(&mut self) -> Nanos {
        self.now += 10;
        Nanos(self.now)
    }

    fn enter(&mut self, thread: Thread, call: Syscall, arguments: &[u64]) -> bool {
        let mut all = [0; 6];
        all[..arguments.len()].copy_from_slice(arguments);
        let at = self.tick();
        self.observer
            .enter(thread, (call, all), at, &mut self.world)
    }

    fn leave(&mut self, thread: Thread, result: i64) {
        let at = self.tick();
        self.observer.leave(thread, result, at, &mut self.world);
    }

    fn call(&mut self, thread: Thread, call: Syscall, arguments: &[u64], result: i64) {
        if self.enter(thread, call, arguments) {
            self.leave(thread, result);
        } else {
            self.tick();
        }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) {
        self.world.memory.insert(address, bytes.to_vec());
    }

    /// send(2) of `bytes`, which returns `result`.
    fn send(&mut self, thread: Thread, fd: u64, bytes: &[u8], result: i64) {
        self.write(BUFFER, bytes);
        let length = bytes.len() as u64;
        self.call(thread, Syscall::Sendto, &[fd, BUFFER, length], result);
    }

    /// recv(2) with room for 100 bytes and these flags, which gives `bytes`.
    fn recv(&mut self, thread: Thread, fd: u64, bytes: &[u8], flags: u64) {
        self.write(BUFFER, bytes);
        let result = i64::try_from(bytes.len()).unwrap();
        self.call(thread, Syscall::Recvfrom, &[fd, BUFFER, 100, flags], result);
    }

    fn open(&mut self, thread: Thread, fd: i32, state: SocketState) {
        let found = Descriptor::Socket(state);
        self.world.descriptors.insert((thread, fd), found);
    }

    /// A connection of the client's descriptor 3 with descriptor 4 of the server, which
    /// listens at descriptor 3.
    fn connect(&mut self) {
        self.open(SERVER, 3, listening("127.0.0.1:80"));
        self.open(CLIENT, 3, tcp(1, Some("0.0.0.0:0"), None));
        self.write(NAME, &sockaddr("127.0.0.1:80"));
        assert!(self.enter(CLIENT, Syscall::Connect, &[3, NAME, 16]));
        self.open(
            CLIENT,
            3,
            tcp(1, Some("127.0.0.1:999"), Some("127.0.0.1:80")),
        );
        self.leave(CLIENT, 0);
        self.accept(4, 2);
    }

    fn accept(&mut self, fd: i32, inode: u64) {
        assert!(self.enter(SERVER, Syscall::Accept4, &[3]));
        let accepted = tcp(inode, Some("127.0.0.1:80"), Some("127.0.0.1:999"));
        self.open(SERVER, fd, accepted);
        self.leave(SERVER, i64::from(fd));
    }

    fn end(mut self) -> (Record, Vec<Notice>) {
        for thread in [CLIENT, SERVER] {
            let at = self.tick();
            self.observer.end(thread, at, &mut self.world);
        }
        let (record, notices) = self.observer.finish();
        (record, notices.into_keys().collect())
    }

    /// The events so far, and nothing that could not be seen.
    fn check(self, expected: &[&str]) -> Record {
        self.check_noticing(expected, &[])
    }

    fn check_noticing(self, expected: &[&str], notices: &[Notice]) -> Record {
        let (record, seen) = self.end();
        let events = record.events().iter().map(|event| {
            let name = &record.party(event.party).unwrap().name;
            let bytes = String::from_utf8_lossy(&event.bytes);
            let error = event.error.as_deref().map(|error| format!("! {error}"));
            let parts = [
                format!("{name} c{} {}", event.connection.0, event.call),
                format!("@{} {bytes}/{}", event.offset.0, event.asked),
                error.unwrap_or_default(),
            ];
            parts.join(" ").trim_end().replace(" @0 /0", "")
        });
        let events: Vec<_> = events.collect();
        assert_eq!(events, expected);
        assert_eq!(seen, notices);
        record
    }
}

fn state(inode: u64, kind: SocketKind) -> SocketState {
    SocketState {
        inode,
        kind,
        is_listening: false,
        local: None,
        peer: None,
        peer_inode: None,
    }
}

fn internet(text: &str) -> Address {
    Address::Internet(text.parse().unwrap())
}

fn socket(kind: SocketKind, inode: u64, local: Option<&str>, peer: Option<&str>) -> SocketState {
    SocketState {
        local: local.map(internet),
        peer: peer.map(internet),
        ..state(inode, kind)
    }
}

fn tcp(inode: u64, local: Option<&str>, peer: Option<&str>) -> SocketState {
    socket(SocketKind::Tcp, inode, local, peer)
}

fn listening(local: &str) -> SocketState {
    SocketState {
        is_listening: true,
        ..tcp(900, Some(local), None)
    }
}

/// A `struct sockaddr_in`.
fn sockaddr(text: &str) -> Vec<u8> {
    let SocketAddr::V4(address) = text.parse().unwrap() else {
        panic!("IPv4");
    };
    let mut bytes = 2_u16.to_ne_bytes().to_vec();
    bytes.extend(address.port().to_be_bytes());
    bytes.extend(address.ip().octets());
    bytes.extend([0; 8]);
    bytes
}
