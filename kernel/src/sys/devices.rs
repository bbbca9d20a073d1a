//! Settings of a network interface (netdevice(7), `linux/ethtool.h`).

use std::ffi::{CStr, c_char};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use super::check;

/// Sets one of the settings that are a number (`struct ethtool_value`) of the interface
/// called `name`, at most 15 bytes. `fd` is any socket of its network namespace.
pub(crate) fn set(fd: BorrowedFd<'_>, name: &CStr, command: u32, value: u32) -> io::Result<()> {
    let mut value = [command, value];
    // SAFETY: an `ifreq` of zeros is valid.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    let name = name.to_bytes();
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = from.cast_signed() as c_char;
    }
    request.ifr_ifru.ifru_data = value.as_mut_ptr().cast();
    // SAFETY: the request's data are the two numbers of an `ethtool_value`, which outlive
    // the call; the commands that take one read and write no more.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request) })?;
    Ok(())
}
