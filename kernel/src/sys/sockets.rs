//! Sockets of this program, and the clock that calls are timed with.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use super::check;

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
