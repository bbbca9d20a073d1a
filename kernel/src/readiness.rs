//! Has the kernel say once more that a socket is ready.
//!
//! A program that waits for edges (EPOLLET, epoll(7)) hears of bytes when they arrive. Where a
//! call was made to move fewer bytes than it could, the rest counts as having arrived
//! afterwards, and nothing arrives that would tell.

use std::io;

use crate::AsSocket;
use crate::sys;

/// Whoever waits for input hears of it, if there is any: TCP looks whenever SO_RCVLOWAT is
/// set (socket(7)), here to what it is.
pub fn tell_readable(socket: &impl AsSocket) -> io::Result<()> {
    let mut lowest = [0; 4];
    sys::option(
        socket.as_fd(),
        libc::SOL_SOCKET,
        libc::SO_RCVLOWAT,
        &mut lowest,
    )?;
    sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVLOWAT, &lowest)
}

/// Whoever waits for room hears of it, if there is any: each socket looks whenever SO_SNDBUF
/// is set (socket(7)), here to what it is, or to the largest that may be set.
pub fn tell_writable(socket: &impl AsSocket) -> io::Result<()> {
    let mut size = [0; 4];
    sys::option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF, &mut size)?;
    // The kernel doubles what it is given.
    let half = (i32::from_ne_bytes(size) / 2).to_ne_bytes();
    sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF, &half)
}

/// Whether a recv or a send on it waits for a limited time only (SO_RCVTIMEO and SO_SNDTIMEO,
/// socket(7)): then a signal interrupts it even if its handler has calls restarted (signal(7)).
pub fn has_timeout(socket: &impl AsSocket, sends: bool) -> bool {
    let name = if sends {
        libc::SO_SNDTIMEO
    } else {
        libc::SO_RCVTIMEO
    };
    let mut time = [0; 16];
    let known = sys::option(socket.as_fd(), libc::SOL_SOCKET, name, &mut time);
    known.is_ok() && time != [0; 16]
}

/// Bytes that have to wait until a recv on it returns (SO_RCVLOWAT, socket(7)); 1 where that is
/// not known.
pub fn least_received(socket: &impl AsSocket) -> u32 {
    let mut lowest = [0; 4];
    let name = libc::SO_RCVLOWAT;
    match sys::option(socket.as_fd(), libc::SOL_SOCKET, name, &mut lowest) {
        Ok(_) => u32::try_from(i32::from_ne_bytes(lowest)).map_or(1, |least| least.max(1)),
        Err(_) => 1,
    }
}

/// Whether a recv on it, or a send, has something to return at once: bytes, room, an end or an
/// error (poll(2)). True where that is not known.
pub fn is_ready(socket: &impl AsSocket, sends: bool) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let wanted = if sends { PollFlags::OUT } else { PollFlags::IN };
    let fd = socket.as_fd();
    let mut polled = [PollFd::new(&fd, wanted)];
    poll(&mut polled, Some(&Timespec::default())) != Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn options_are_as_they_were_and_bytes_still_come() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(b"hello").unwrap();
        tell_readable(&server).unwrap();
        tell_writable(&server).unwrap();
        let mut bytes = [0; 5];
        server.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"hello");
        assert!(!is_ready(&server, false) && is_ready(&server, true));
        assert_eq!(least_received(&server), 1);
        assert!(!has_timeout(&server, false));
        let second = Some(std::time::Duration::from_secs(1));
        server.set_read_timeout(second).unwrap();
        assert!(has_timeout(&server, false) && !has_timeout(&server, true));
        drop(client);
        // The end of the stream has something to say as well, once it has come.
        server.set_read_timeout(None).unwrap();
        assert_eq!(server.read(&mut bytes).unwrap(), 0);
        assert!(is_ready(&server, false));
    }
}
