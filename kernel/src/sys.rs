//! The system calls that no safe wrapper offers. All unsafe code of the
//! workspace is in this file.

use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

/// What CLOCK_MONOTONIC shows (clock_gettime(2)).
pub(crate) fn monotonic() -> io::Result<libc::timespec> {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time is stored where the argument points to.
    check(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) })?;
    Ok(now)
}

/// The number that ioctl(2) gives for `request`, which must be one that stores
/// one `int`: FIONREAD, TIOCOUTQ, SIOCOUTQNSD.
pub(crate) fn number(fd: BorrowedFd<'_>, request: libc::Ioctl) -> io::Result<u32> {
    debug_assert!([libc::FIONREAD, libc::TIOCOUTQ, libc::SIOCOUTQNSD].contains(&request));
    let mut value: c_int = 0;
    // SAFETY: these requests store one int where the argument points to.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut value) })?;
    u32::try_from(value).map_err(io::Error::other)
}

/// getsockopt(2): fills the beginning of `value`, returns how many bytes.
pub(crate) fn option(
    fd: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &mut [u8],
) -> io::Result<usize> {
    let mut length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    let to = value.as_mut_ptr().cast::<c_void>();
    // SAFETY: at most `length` bytes are stored at `to`, which has as many.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, to, &raw mut length) })?;
    Ok(value.len().min(length as usize))
}

/// setsockopt(2) with a value that holds no pointer.
pub(crate) fn set_option(
    fd: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &[u8],
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    let from = value.as_ptr().cast::<c_void>();
    // SAFETY: `length` bytes are read at `from`, which has as many.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, from, length) })?;
    Ok(())
}

/// send(2) with `flags`.
pub(crate) fn send(fd: BorrowedFd<'_>, bytes: &[u8], flags: c_int) -> io::Result<usize> {
    let from = bytes.as_ptr().cast::<c_void>();
    // SAFETY: `bytes.len()` bytes are read at `from`, which has as many.
    let sent = unsafe { libc::send(fd.as_raw_fd(), from, bytes.len(), flags) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// What recvmsg(2) stored beside the datagram.
pub(crate) struct Received {
    /// The datagram's real length.
    pub(crate) length: usize,
    /// The sender's `struct sockaddr`.
    pub(crate) address: Vec<u8>,
    /// Its control messages.
    pub(crate) control: Vec<u8>,
}

/// recvmsg(2) with MSG_TRUNC.
pub(crate) fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Received> {
    let mut address = [0_u8; mem::size_of::<libc::sockaddr_storage>()];
    // Words, as control messages are aligned to.
    let mut control = [0_usize; 16];
    let mut room = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: a `msghdr` of zeros is valid: no pointers, no lengths.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = address.as_mut_ptr().cast();
    header.msg_namelen = libc::socklen_t::try_from(address.len()).map_err(io::Error::other)?;
    header.msg_iov = &raw mut room;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = mem::size_of_val(&control) as _;
    // SAFETY: all that `header` points to outlives the call and has the length said.
    let length = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, libc::MSG_TRUNC) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let control: Vec<u8> = control.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let told = control.len().min(header.msg_controllen as usize);
    let named = address.len().min(header.msg_namelen as usize);
    Ok(Received {
        length,
        address: address[..named].to_vec(),
        control: control[..told].to_vec(),
    })
}

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

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
