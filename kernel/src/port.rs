//! One of the middle's ends of a [`crate::Cable`]: frames in and out, many in a call.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Socket, Type};

use crate::sys::{self, batches};

/// Room for frames that wait to be taken, in bytes; the kernel counts it twice.
const ROOM: u32 = 16 * 1024 * 1024;
/// In front of the IP packet: an Ethernet header, and one tag more than anybody uses here.
const HEADERS: usize = 14 + 4;

/// Frames that come from a side of the cable, and go to it.
#[derive(Debug)]
pub struct Port {
    socket: Socket,
    /// Of one frame, in bytes.
    size: usize,
    room: Vec<u8>,
    told: Vec<batches::Told>,
    lost: u64,
}

impl Port {
    /// Those of an interface, whose IP packets have at most `mtu` bytes.
    pub(crate) fn open(interface: c_int, mtu: u32) -> io::Result<Self> {
        let kind = Type::RAW.nonblocking();
        let socket = Socket::new(Domain::PACKET, kind, None)?;
        let set = |level, name, value: u32| {
            sys::set_option(socket.as_fd(), level, name, &value.to_ne_bytes())
        };
        set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
        set(libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)?;
        set(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        // More than `net.core.rmem_max` is not for everybody.
        if set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, ROOM).is_err() {
            set(libc::SOL_SOCKET, libc::SO_RCVBUF, ROOM)?;
        }
        if set(libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, ROOM).is_err() {
            set(libc::SOL_SOCKET, libc::SO_SNDBUF, ROOM)?;
        }
        sys::bind_packets(socket.as_fd(), interface)?;
        let size = mtu as usize + HEADERS;
        Ok(Self {
            socket,
            size,
            room: vec![0; size * batches::BATCH],
            told: Vec::with_capacity(batches::BATCH),
            lost: 0,
        })
    }

    /// Gives the frames that are there to `each`, at most 64, with the kernel's time of each
    /// (CLOCK_REALTIME), and how many they were.
    ///
    /// # Errors
    /// The interface is gone.
    pub fn take(&mut self, mut each: impl FnMut(Option<Duration>, &[u8])) -> io::Result<usize> {
        let fd = self.socket.as_fd();
        batches::receive(fd, &mut self.room, self.size, &mut self.told)?;
        for (piece, &(length, at)) in self.room.chunks_exact(self.size).zip(&self.told) {
            if let Some(frame) = piece.get(..length) {
                each(at, frame);
            }
        }
        Ok(self.told.len())
    }

    /// Sends frames to the side of the cable that this is the end of; gives how many of
    /// them, from the first one on, at most 64.
    ///
    /// # Errors
    /// That of the first one; EAGAIN and ENOBUFS where there is no room now.
    pub fn send(&self, frames: &[&[u8]]) -> io::Result<usize> {
        batches::send(self.socket.as_fd(), frames)
    }

    /// How many frames were lost because they were not taken in time.
    ///
    /// # Errors
    /// None that is known of.
    pub fn lost(&mut self) -> io::Result<u64> {
        // `struct tpacket_stats`: packets and drops; reading it sets it back to 0.
        let mut value = [0; 8];
        let fd = self.socket.as_fd();
        sys::option(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut value)?;
        let [.., a, b, c, d] = value;
        self.lost += u64::from(u32::from_ne_bytes([a, b, c, d]));
        Ok(self.lost)
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Waits until one of `sockets` has something to be taken, or `at_most` has passed (poll(2)).
///
/// # Errors
/// What the kernel says; a signal is none.
pub fn wait(sockets: &[BorrowedFd<'_>], at_most: Option<Duration>) -> io::Result<()> {
    let mut all: Vec<_> = sockets
        .iter()
        .map(|socket| PollFd::from_borrowed_fd(*socket, PollFlags::IN))
        .collect();
    let time = at_most.map(|time| Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    match poll(&mut all, time.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
