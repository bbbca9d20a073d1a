//! Many frames in one call (recvmmsg(2), sendmmsg(2)).

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;
use std::time::Duration;

/// Most frames of one call.
pub(crate) const BATCH: usize = 64;
/// Room for the control messages of a frame, in words; a time takes four.
const CONTROL: usize = 8;

/// A frame that was received: its length in bytes, and the kernel's time (CLOCK_REALTIME).
pub(crate) type Told = (usize, Option<Duration>);

/// Receives what is there, at most [`BATCH`] frames, each into a piece of `room` of `size`
/// bytes. What does not fit is cut off, and the length is the real one. Never waits.
pub(crate) fn receive(
    fd: BorrowedFd<'_>,
    room: &mut [u8],
    size: usize,
    told: &mut Vec<Told>,
) -> io::Result<()> {
    told.clear();
    let mut control = [[0_usize; CONTROL]; BATCH];
    // SAFETY: `mmsghdr` and `iovec` of zeros are valid: no pointers, no lengths.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let mut vectors: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
    let mut count = 0;
    let all = headers.iter_mut().zip(&mut vectors).zip(&mut control);
    for (((header, vector), control), piece) in all.zip(room.chunks_exact_mut(size)) {
        vector.iov_base = piece.as_mut_ptr().cast();
        vector.iov_len = piece.len();
        header.msg_hdr.msg_iov = ptr::from_mut(vector);
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_control = control.as_mut_ptr().cast();
        header.msg_hdr.msg_controllen = mem::size_of_val(control) as _;
        count += 1;
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    // SAFETY: `count` headers are initialised; what they point to outlives the call and has
    // the lengths they say.
    let received = unsafe {
        libc::recvmmsg(
            fd.as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            flags as _,
            ptr::null_mut(),
        )
    };
    let received = match usize::try_from(received) {
        Ok(received) => received,
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => 0,
            error => return Err(error),
        },
    };
    for (header, control) in headers.iter().zip(&control).take(received) {
        let words = header.msg_hdr.msg_controllen / mem::size_of::<usize>();
        let at = time(&control[..words.min(CONTROL)]);
        told.push((header.msg_len as usize, at));
    }
    Ok(())
}

/// The time in a frame's first control message, as words: length, level and type in one or
/// two, then seconds and nanoseconds.
fn time(control: &[usize]) -> Option<Duration> {
    let word = mem::size_of::<usize>();
    // Level and type are two numbers of 32 bits.
    let (kind, behind) = control.get(1..)?.split_at_checked(8 / word)?;
    let kind = kind.last()?.to_ne_bytes();
    let (_, kind) = kind.split_last_chunk()?;
    if i32::from_ne_bytes(*kind) != libc::SCM_TIMESTAMPNS {
        return None;
    }
    let nanos = u32::try_from(*behind.get(1)?).ok()?;
    Some(Duration::new(*behind.first()? as u64, nanos))
}

/// Sends frames, each as it is; gives how many were sent, at most [`BATCH`]. An error is
/// that of the first one.
pub(crate) fn send(fd: BorrowedFd<'_>, frames: &[&[u8]]) -> io::Result<usize> {
    // SAFETY: `mmsghdr` and `iovec` of zeros are valid: no pointers, no lengths.
    let mut headers: [libc::mmsghdr; BATCH] = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let mut vectors: [libc::iovec; BATCH] = unsafe { mem::zeroed() };
    let mut count = 0;
    for ((header, vector), frame) in headers.iter_mut().zip(&mut vectors).zip(frames) {
        // The kernel reads it only.
        vector.iov_base = frame.as_ptr().cast_mut().cast();
        vector.iov_len = frame.len();
        header.msg_hdr.msg_iov = ptr::from_mut(vector);
        header.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    // SAFETY: `count` headers are initialised; what they point to outlives the call and has
    // the lengths they say.
    let sent = unsafe {
        libc::sendmmsg(
            fd.as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            libc::MSG_DONTWAIT as _,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}
