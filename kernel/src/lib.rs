//! What Linux tells about sockets and packets: queue lengths, counts, drops,
//! and a capture of the loopback interface; programs under trace; and networks of this
//! process's own. Safe to call; everything unsafe is in the folder `sys`, one file a
//! topic. Elsewhere each question is answered with "unknown", and nothing is traced.

#[cfg(target_os = "linux")]
mod cable;
#[cfg(target_os = "linux")]
mod capture;
#[cfg(target_os = "linux")]
pub mod child;
#[cfg(target_os = "linux")]
pub mod dependent;
#[cfg(target_os = "linux")]
pub mod descriptor;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod fragments;
#[cfg(target_os = "linux")]
pub mod isolation;
#[cfg(target_os = "linux")]
pub mod mounts;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
pub mod options;
#[cfg(target_os = "linux")]
mod port;
#[cfg(target_os = "linux")]
mod port_filter;
#[cfg(target_os = "linux")]
pub mod readiness;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "system calls that no safe wrapper offers")]
mod sys;
#[cfg(target_os = "linux")]
pub mod syscall;
#[cfg(target_os = "linux")]
pub mod tracee;
#[cfg(target_os = "linux")]
mod unix_peer;

pub mod told;

#[cfg(not(target_os = "linux"))]
mod elsewhere;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A socket of the standard library, tokio or socket2.
#[cfg(unix)]
pub use std::os::fd::AsFd as AsSocket;
/// A socket of the standard library, tokio or socket2.
#[cfg(windows)]
pub use std::os::windows::io::AsSocket;

#[cfg(target_os = "linux")]
pub use cable::{Cable, Side};
#[cfg(target_os = "linux")]
pub use capture::{Capture, Prepared};
#[cfg(not(target_os = "linux"))]
pub use elsewhere::*;
#[cfg(target_os = "linux")]
pub use namespace::NetworkNamespace;
#[cfg(target_os = "linux")]
pub use port::{Port, wait};
#[cfg(target_os = "linux")]
pub use port_filter::{PortFilter, Watched};
#[cfg(target_os = "linux")]
pub use socket::*;

/// Whether this system answers at all.
pub const SUPPORTED: bool = cfg!(target_os = "linux");

/// What bounds the next segment of one end of a TCP connection (TCP_INFO, tcp(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Largest payload of a segment now, in bytes (`tcpi_snd_mss`).
    pub mss: u32,
    /// The receiver's window, in bytes from the first one that is not acknowledged
    /// (`tcpi_snd_wnd`, since Linux 5.4).
    pub window: u32,
    /// Bytes in the send queue that were not sent yet (`tcpi_notsent_bytes`).
    pub unsent: u32,
}

/// A socket's receive memory (SO_MEMINFO, `linux/sock_diag.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of kernel memory that wait to be read, overhead included; 0 only
    /// if not even an empty datagram waits (`SK_MEMINFO_RMEM_ALLOC`).
    pub waiting: u32,
    /// Datagrams dropped because the buffer was full (`SK_MEMINFO_DROPS`).
    pub dropped: u32,
}

/// A datagram that was received, and what the kernel told beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Its real length in bytes, also if the buffer was smaller (MSG_TRUNC, recv(2)).
    pub length: usize,
    /// Who sent it.
    pub from: SocketAddr,
    /// Datagrams the socket had dropped when this one was queued; 0 unless
    /// [`count_drops`] was called before (SO_RXQ_OVFL, socket(7)).
    pub dropped: u32,
}

/// Protocols that packets can be captured of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
}

/// Which packets are captured: those between `server` and each of `clients`,
/// both ways. All of them are in 127.0.0.0/16, or all are ::1. All other packets are dropped
/// in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The transport protocol.
    pub protocol: Protocol,
    /// The server's address.
    pub server: SocketAddr,
    /// The clients' addresses, of the server's version of IP; at most 64.
    pub clients: Vec<SocketAddr>,
}

/// A packet as it left its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The kernel's time of its transmission, since 1970 (CLOCK_REALTIME).
    pub at: Duration,
    /// Its length in bytes, from the Ethernet header on.
    pub length: usize,
    /// What was captured of it: all, unless it is larger than [`MAX_FRAME`].
    pub bytes: &'a [u8],
    /// Payload of each segment that it is cut into on its way out, in bytes
    /// (`gso_size` of its `virtio_net_hdr`, packet(7)); none if it is one
    /// segment, or if this kernel does not tell.
    pub gso: Option<u16>,
    /// The index of the interface that it was seen on (netdevice(7)).
    pub interface: u32,
}

/// Length up to which frames are surely captured whole, in bytes. An IPv4
/// packet has at most 64 KiB.
pub const MAX_FRAME: usize = 96 * 1024;

/// How many packets passed the filter so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// All of them.
    pub passed: u64,
    /// Those that were lost because the ring was full.
    pub dropped: u64,
}

/// Why packets can't be captured.
#[derive(Debug)]
pub enum CaptureError {
    /// The program lacks CAP_NET_RAW (capabilities(7)).
    NotPermitted,
    /// This system has no packet(7) sockets.
    Unsupported,
    /// What was tried, and what the kernel said.
    Failed(&'static str, io::Error),
}
