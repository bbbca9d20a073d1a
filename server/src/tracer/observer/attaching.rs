//! A process that ran before it was traced: its threads, and the sockets that it has.

use std::collections::HashSet;

use kernel::Watched;
use kernel::descriptor::{Address, SocketKind};
use kernel::tracee::Thread;

use super::super::tables::{CLONE_FILES, CLONE_THREAD};
use super::super::world::World;
use super::Observer;

impl Observer {
    /// A process that runs is under trace from now on, with these threads.
    pub(in crate::tracer) fn attach(&mut self, process: Thread, threads: &[Thread]) {
        self.tables.begin(process, process);
        for &thread in threads.iter().filter(|thread| **thread != process) {
            self.tables
                .make(process, thread, CLONE_FILES | CLONE_THREAD);
        }
    }

    /// All threads under trace.
    pub(in crate::tracer) fn threads(&self) -> Vec<Thread> {
        self.tables.threads()
    }

    /// The sockets that a process has open already. One whose port is that of a socket on
    /// which it listens was accepted, another one that is connected has connected.
    pub(in crate::tracer) fn find_sockets(
        &mut self,
        process: Thread,
        fds: &[i32],
        world: &mut dyn World,
    ) {
        let mut connected = Vec::new();
        let mut ports = HashSet::new();
        for &fd in fds {
            let Some(id) = self.resolve(process, fd, world) else {
                continue;
            };
            let Some(socket) = self.sockets.get(id) else {
                continue;
            };
            let port = match &socket.local {
                Some(Address::Internet(local)) => Some(local.port()),
                _ => None,
            };
            match (socket.kind, port) {
                (SocketKind::Tcp, Some(port)) if socket.is_listening => {
                    ports.insert(port);
                    world.watch(Watched::Port(port));
                }
                (SocketKind::Tcp, Some(port)) => connected.push((fd, id, port)),
                (SocketKind::Udp, Some(port)) if port != 0 => {
                    world.watch(Watched::Port(port));
                }
                (SocketKind::UnixStream, _) => connected.push((fd, id, 0)),
                _ => {}
            }
        }
        for (fd, id, port) in connected {
            if let Some(socket) = self.sockets.get_mut(id) {
                socket.has_connected = socket.kind == SocketKind::Tcp && !ports.contains(&port);
            }
            self.stream_end(process, fd, id, world);
        }
    }
}
