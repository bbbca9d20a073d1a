//! packet(7) sockets: the interface they are bound to, and their ring.

use std::ffi::{CStr, c_int};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

use super::check;

/// The index of a network interface (if_nametoindex(3)).
pub(crate) fn interface(name: &CStr) -> io::Result<c_int> {
    // SAFETY: `name` ends in a zero byte.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    match c_int::try_from(index) {
        Ok(0) | Err(_) => Err(io::Error::last_os_error()),
        Ok(index) => Ok(index),
    }
}

/// Binds a packet(7) socket to an interface: from now on it sees the packets
/// of all protocols there, both ways.
pub(crate) fn bind_packets(fd: BorrowedFd<'_>, interface: c_int) -> io::Result<()> {
    // SAFETY: a `sockaddr_ll` of zeros is valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    let number = |value: c_int| u16::try_from(value).map_err(io::Error::other);
    address.sll_family = number(libc::AF_PACKET)?;
    address.sll_protocol = number(libc::ETH_P_ALL)?.to_be();
    address.sll_ifindex = interface;
    let length = mem::size_of_val(&address);
    let length = libc::socklen_t::try_from(length).map_err(io::Error::other)?;
    // SAFETY: `address` is a socket address of `length` bytes.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(())
}

/// The memory that a packet(7) socket with TPACKET_V3 shares with its kernel.
#[derive(Debug)]
pub(crate) struct Ring {
    start: NonNull<u8>,
    block: usize,
    blocks: usize,
}

// SAFETY: the mapping belongs to the ring alone, and to no thread.
unsafe impl Send for Ring {}

impl Ring {
    /// Where `struct tpacket_block_desc` says whose turn it is, and how much is in it.
    const STATUS: usize = 8;
    const LENGTH: usize = 20;

    /// Maps the ring that was set up on `fd` as `blocks` blocks of `block`
    /// bytes, a multiple of the page size. It outlives the socket.
    pub(crate) fn map(fd: BorrowedFd<'_>, block: usize, blocks: usize) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let (length, raw) = (block * blocks, fd.as_raw_fd());
        // SAFETY: the kernel chooses where; nothing of ours is replaced.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                protection,
                libc::MAP_SHARED,
                raw,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at 0"))?;
        Ok(Self {
            start,
            block,
            blocks,
        })
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    /// Copies block `index` into `copy` and gives it back to the kernel;
    /// false if the kernel is not done with it.
    pub(crate) fn take(&mut self, index: usize, copy: &mut Vec<u8>) -> bool {
        assert!(index < self.blocks, "the ring has {} blocks", self.blocks);
        // SAFETY: the block is inside the mapping, which begins at a page and
        // is as long as `blocks` times `block`; kernel and program both change
        // the status with atomic stores. While it says "user" the kernel
        // writes nothing into the block.
        unsafe {
            let block = self.start.as_ptr().add(index * self.block);
            #[expect(clippy::cast_ptr_alignment, reason = "blocks begin at pages")]
            let status = &*block.add(Self::STATUS).cast::<AtomicU32>();
            if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return false;
            }
            #[expect(clippy::cast_ptr_alignment, reason = "blocks begin at pages")]
            let length = block.add(Self::LENGTH).cast::<u32>().read() as usize;
            copy.clear();
            copy.extend_from_slice(slice::from_raw_parts(block, length.min(self.block)));
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        }
        true
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing points into it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.block * self.blocks) };
    }
}
