//! A packet(7) socket on one interface or on all, its packets in a ring that
//! the kernel fills and nobody is woken for (TPACKET_V3,
//! `Documentation/networking/packet_mmap.rst`).

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io;
use std::os::fd::AsFd as _;
use std::time::Duration;

use socket2::{Domain, SockFilter, Socket, Type};

use crate::fragments::Fragments;
use crate::port_filter::{self, PortFilter};
use crate::{CaptureError, Filter, Frame, Statistics, filter, sys};

/// A block holds any frame of [`crate::MAX_FRAME`] bytes.
const BLOCK: usize = 128 * 1024;
/// Together 1 MiB. It counts as resident memory from the start of a run.
const BLOCKS: usize = 8;
/// After this time the kernel hands over a block that is not full, in milliseconds.
const RETIRE: u32 = 4;
/// The unit of the ring's bookkeeping; TPACKET_V3 packs frames of any length.
const UNIT: usize = 2048;
/// Where a `struct sockaddr_ll` stands behind the start of a `struct tpacket3_hdr`
/// (TPACKET_ALIGN).
const ADDRESS: usize = 48;
/// Of a `struct virtio_net_hdr`, in bytes.
const OFFLOAD: usize = 10;

/// Captures what a [`Filter`] lets pass, from [`open`](Self::open) on.
#[derive(Debug)]
pub struct Capture {
    socket: Socket,
    ring: sys::Ring,
    /// The block that is filled next.
    next: usize,
    /// A copy of the block in hand.
    block: Vec<u8>,
    /// Whether a `struct virtio_net_hdr` stands in front of each frame.
    offload: bool,
    statistics: Statistics,
    fragments: Fragments,
    /// Later fragments that passed the filter and were another program's.
    foreign: u64,
}

impl Capture {
    /// Begins to capture on the loopback interface.
    ///
    /// # Errors
    /// [`CaptureError::NotPermitted`] without CAP_NET_RAW.
    pub fn open(filter: &Filter) -> Result<Self, CaptureError> {
        let loopback = loopback()?;
        Self::begin(&filter::program(filter), loopback)
    }

    /// Begins to capture nothing yet on all interfaces: of what packets are taken is named
    /// later.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_by_port() -> Result<(Self, PortFilter), CaptureError> {
        /// All of them (packet(7)).
        const ANY: c_int = 0;
        let loopback = loopback()?;
        let this = Self::begin(&port_filter::program(loopback, &BTreeMap::new()), ANY)?;
        let ports = PortFilter::of(&this.socket, loopback);
        let ports = ports.map_err(|error| CaptureError::Failed("no second handle", error))?;
        Ok((this, ports))
    }

    fn begin(program: &[SockFilter], interface: c_int) -> Result<Self, CaptureError> {
        Prepared::new()?.begin(program, interface)
    }

    /// Gives all frames that are there to `each`, in the order they were sent.
    /// A frame is there about 4 ms after it was sent.
    ///
    /// # Errors
    /// The capture has broken off, as when the interface was taken down.
    pub fn take(&mut self, mut each: impl FnMut(Frame<'_>)) -> io::Result<()> {
        // No more than there are, however quickly the kernel fills them again.
        for _ in 0..self.ring.blocks() {
            if !self.ring.take(self.next, &mut self.block) {
                break;
            }
            self.next = (self.next + 1) % self.ring.blocks();
            for frame in Frames::of(&self.block, self.offload) {
                if self.fragments.are_wanted(frame.bytes, frame.interface) {
                    each(frame);
                } else {
                    self.foreign += 1;
                }
            }
        }
        match self.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// How many packets have passed the filter, in all; without the fragments of other programs
    /// that were taken.
    pub fn statistics(&mut self) -> io::Result<Statistics> {
        // `struct tpacket_stats_v3`; reading it sets it back to 0.
        let mut value = [0; 12];
        let fd = self.socket.as_fd();
        let length = sys::option(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut value)?;
        let known = &value[..length];
        let number = |at| number(known, at).unwrap_or(0);
        self.statistics.passed += u64::from(number(0));
        self.statistics.dropped += u64::from(number(4));
        Ok(Statistics {
            passed: self.statistics.passed.saturating_sub(self.foreign),
            ..self.statistics
        })
    }
}

/// A capture that sees nothing yet. Setting up its ring takes the kernel about 10 ms, in which
/// it waits for all processors (`synchronize_net` in `packet_set_ring`).
#[derive(Debug)]
pub struct Prepared {
    socket: Socket,
    ring: sys::Ring,
    offload: bool,
}

impl Prepared {
    /// For the network namespace of the calling thread.
    ///
    /// # Errors
    /// As [`Capture::open`].
    pub fn new() -> Result<Self, CaptureError> {
        // Without a protocol it sees nothing until it is bound, and then only
        // through the filter.
        let kind = Type::RAW.nonblocking();
        let socket = Socket::new(Domain::PACKET, kind, None).map_err(refused)?;
        // Where this is refused the frames come without, and all else is told.
        // It has to be asked for before there is a ring.
        let on = 1_u32.to_ne_bytes();
        let fd = socket.as_fd();
        let offload = sys::set_option(fd, libc::SOL_PACKET, libc::PACKET_VNET_HDR, &on).is_ok();
        let ring = ring(&socket);
        let ring = ring.map_err(|error| CaptureError::Failed("the ring was not set up", error))?;
        Ok(Self {
            socket,
            ring,
            offload,
        })
    }

    /// Begins to capture on the loopback interface.
    ///
    /// # Errors
    /// As [`Capture::open`].
    pub fn open(self, filter: &Filter) -> Result<Capture, CaptureError> {
        self.begin(&filter::program(filter), loopback()?)
    }

    fn begin(self, program: &[SockFilter], interface: c_int) -> Result<Capture, CaptureError> {
        let failed = |what| move |error| CaptureError::Failed(what, error);
        let attached = self.socket.attach_filter(program);
        attached.map_err(failed("the filter was not attached"))?;
        let bound = sys::bind_packets(self.socket.as_fd(), interface);
        bound.map_err(failed("no interface can be watched"))?;
        Ok(Capture {
            socket: self.socket,
            ring: self.ring,
            next: 0,
            block: Vec::with_capacity(BLOCK),
            offload: self.offload,
            statistics: Statistics::default(),
            fragments: Fragments::default(),
            foreign: 0,
        })
    }
}

/// The index of the loopback interface.
fn loopback() -> Result<c_int, CaptureError> {
    let found = sys::interface(c"lo");
    found.map_err(|error| CaptureError::Failed("there is no interface lo", error))
}

fn refused(error: io::Error) -> CaptureError {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => CaptureError::NotPermitted,
        Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ESOCKTNOSUPPORT) => {
            CaptureError::Unsupported
        }
        _ => CaptureError::Failed("no packet socket", error),
    }
}

fn ring(socket: &Socket) -> io::Result<sys::Ring> {
    let fd = socket.as_fd();
    let version = (libc::tpacket_versions::TPACKET_V3 as libc::c_int).to_ne_bytes();
    sys::set_option(fd, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
    // `struct tpacket_req3`: block size, blocks, frame size, frames, time to
    // retire a block, private bytes, features.
    let number = |value| u32::try_from(value).expect("a ring of some MiB");
    let request = [
        number(BLOCK),
        number(BLOCKS),
        number(UNIT),
        number(BLOCK / UNIT * BLOCKS),
        RETIRE,
        0,
        0,
    ];
    let request = request.map(u32::to_ne_bytes).concat();
    sys::set_option(fd, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
    sys::Ring::map(fd, BLOCK, BLOCKS)
}

/// The frames in a block.
struct Frames<'a> {
    block: &'a [u8],
    /// Where the next one's header is.
    at: usize,
    left: u32,
    offload: bool,
}

impl<'a> Frames<'a> {
    /// `struct tpacket_block_desc`: version, offset of private bytes, status,
    /// number of packets, offset of the first one, length.
    fn of(block: &'a [u8], offload: bool) -> Self {
        let (left, at) = (number(block, 12), number(block, 16));
        Self {
            block,
            at: at.unwrap_or(0) as usize,
            left: left.unwrap_or(0),
            offload,
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    /// `struct tpacket3_hdr`: offset of the next one, seconds, nanoseconds,
    /// length captured, length, status, offset of the frame. Behind it, at 48, is a
    /// `struct sockaddr_ll`, whose interface is at 4.
    fn next(&mut self) -> Option<Frame<'a>> {
        self.left = self.left.checked_sub(1)?;
        let header = self.block.get(self.at..)?;
        let (seconds, nanos) = (number(header, 4)?, number(header, 8)?);
        let (captured, length) = (number(header, 12)? as usize, number(header, 16)?);
        let start: usize = u16::from_ne_bytes(*header.get(24..)?.first_chunk()?).into();
        let frame = Frame {
            at: Duration::from_secs(seconds.into()) + Duration::from_nanos(nanos.into()),
            length: length as usize,
            bytes: header.get(start..start.checked_add(captured)?)?,
            gso: gso(header, start).filter(|_| self.offload),
            interface: number(header, ADDRESS + 4).unwrap_or(0),
        };
        self.at += number(header, 0)? as usize;
        Some(frame)
    }
}

/// What the `struct virtio_net_hdr` says that ends where the frame starts:
/// flags, kind of offload, length of the headers, `gso_size`, two of the
/// checksum; in the machine's byte order.
fn gso(header: &[u8], start: usize) -> Option<u16> {
    let told = header.get(start.checked_sub(OFFLOAD)?..start)?;
    let size = u16::from_ne_bytes(*told.get(4..)?.first_chunk()?);
    (told[1] != 0 && size > 0).then_some(size)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
