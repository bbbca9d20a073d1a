//! The sockets of the programs under trace, by the numbers that the kernel gives them,
//! and how many descriptors there are of each.

use std::collections::HashMap;

use kernel::descriptor::{Address, SocketKind, SocketState};
use kernel::syscall::Syscall;
use record::{Counts, Event, Options};

use super::super::connections::At;
use super::super::tables::SocketId;
use super::super::transfer::Way;

/// What is known of a socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) inode: u64,
    pub(super) kind: SocketKind,
    pub(super) is_listening: bool,
    pub(super) local: Option<Address>,
    /// Of datagrams: the peer of a socket that is connected.
    pub(super) peer: Option<Address>,
    /// Of a stream: which end of a connection it is.
    pub(super) at: Option<At>,
    /// Whether it called connect(2).
    pub(super) has_connected: bool,
    /// A connect(2) that returned before the connection was there.
    pub(super) connecting: Option<Event>,
    /// Those of its options that are known: what it was made with, and what its program
    /// set.
    pub(super) options: Options,
    /// Whether no event has said so yet.
    pub(super) has_new_options: bool,
    /// How often calls failed with EAGAIN since the last one that is recorded: sends,
    /// and calls that take something.
    would_block: [u32; 2],
    /// What it counted, just before its close.
    pub(super) counts: Option<Counts>,
    /// Of datagrams: the connection with each peer.
    pub(super) peers: HashMap<Address, At>,
    descriptors: usize,
    /// How often it was sent to another process, and not yet received (SCM_RIGHTS).
    in_flight: usize,
}

impl Socket {
    /// Whether closing one descriptor closes it.
    pub(super) fn is_last(&self) -> bool {
        self.descriptors + self.in_flight <= 1
    }
}

/// All sockets that are open.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    all: HashMap<SocketId, Socket>,
    by_inode: HashMap<u64, SocketId>,
    made: u64,
}

impl Sockets {
    pub(super) fn get(&self, socket: SocketId) -> Option<&Socket> {
        self.all.get(&socket)
    }

    pub(super) fn get_mut(&mut self, socket: SocketId) -> Option<&mut Socket> {
        self.all.get_mut(&socket)
    }

    /// The socket that the kernel describes, which has one descriptor more.
    pub(super) fn open(&mut self, state: SocketState) -> SocketId {
        let known = self.by_inode.get(&state.inode).copied();
        let known = known.filter(|id| self.all[id].kind == state.kind);
        let id = known.unwrap_or_else(|| {
            self.made += 1;
            let id = SocketId(self.made);
            self.by_inode.insert(state.inode, id);
            self.all.insert(
                id,
                Socket {
                    inode: state.inode,
                    kind: state.kind,
                    is_listening: state.is_listening,
                    local: state.local,
                    peer: state.peer,
                    at: None,
                    has_connected: false,
                    connecting: None,
                    options: Options::default(),
                    has_new_options: false,
                    would_block: [0; 2],
                    counts: None,
                    peers: HashMap::new(),
                    descriptors: 0,
                    in_flight: 0,
                },
            );
            id
        });
        self.retain(&[id]);
        id
    }

    /// Each of these has one descriptor more.
    pub(super) fn retain(&mut self, sockets: &[SocketId]) {
        for id in sockets {
            if let Some(socket) = self.all.get_mut(id) {
                socket.descriptors += 1;
            }
        }
    }

    /// A socket has one descriptor less. Returns it if that was the last one.
    pub(super) fn release(&mut self, id: SocketId) -> Option<Socket> {
        let socket = self.all.get_mut(&id)?;
        socket.descriptors = socket.descriptors.saturating_sub(1);
        if socket.descriptors + socket.in_flight > 0 {
            return None;
        }
        let socket = self.all.remove(&id)?;
        if self.by_inode.get(&socket.inode) == Some(&id) {
            self.by_inode.remove(&socket.inode);
        }
        Some(socket)
    }

    /// A call on a socket failed with EAGAIN.
    pub(super) fn block(&mut self, id: SocketId, way: Way) {
        if let Some(socket) = self.all.get_mut(&id) {
            let count = &mut socket.would_block[way as usize];
            *count = count.saturating_add(1);
        }
    }

    /// How often calls failed with EAGAIN before the one that is recorded now.
    pub(super) fn unblock(&mut self, id: SocketId, way: Way) -> u32 {
        let socket = self.all.get_mut(&id);
        socket.map_or(0, |socket| {
            std::mem::take(&mut socket.would_block[way as usize])
        })
    }

    /// A socket was sent to another process.
    pub(super) fn send(&mut self, id: SocketId) {
        if let Some(socket) = self.all.get_mut(&id) {
            socket.in_flight += 1;
        }
    }

    /// A socket was received from another process.
    pub(super) fn receive(&mut self, id: SocketId) {
        if let Some(socket) = self.all.get_mut(&id) {
            socket.in_flight = socket.in_flight.saturating_sub(1);
        }
    }

    /// Whether the end of a call on a socket tells anything.
    pub(super) fn is_of_interest(&self, id: SocketId, call: Syscall) -> bool {
        let Some(socket) = self.all.get(&id) else {
            return false;
        };
        match (socket.kind, call) {
            // Descriptors may be sent through it.
            (SocketKind::UnixOther, Syscall::Sendmsg | Syscall::Recvmsg) => true,
            (SocketKind::UnixOther | SocketKind::Other, _)
            | (SocketKind::UnixStream, Syscall::Setsockopt | Syscall::Bind) => false,
            (_, Syscall::Getsockopt) => socket.connecting.is_some(),
            (_, Syscall::Accept | Syscall::Accept4) => socket.kind != SocketKind::Udp,
            _ => true,
        }
    }
}
