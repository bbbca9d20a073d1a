//! Has the kernel say once more that a socket is ready.
//!
//! A program that waits for edges (EPOLLET, epoll(7)) hears of bytes when they arrive. Where a
//! call was made to move fewer bytes than it could, the rest counts as having arrived
//! afterwards, and nothing arrives that would tell.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use crate::AsSocket;
use crate::sys;
use crate::tracee::Thread;

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

/// Whether one of these has what is asked of it at once: `events` and `revents` of poll(2). True
/// where that is not known.
pub fn is_any_ready(descriptors: &[(OwnedFd, i16)]) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let polled = descriptors.iter().map(|(fd, events)| {
        let wanted = PollFlags::from_bits_retain(events.cast_unsigned());
        PollFd::new(fd, wanted)
    });
    let mut polled: Vec<_> = polled.collect();
    poll(&mut polled, Some(&Timespec::default())) != Ok(0)
}

/// Whether it listens (SO_ACCEPTCONN, socket(7)).
pub fn listens(socket: &impl AsSocket) -> bool {
    let mut is = [0; 4];
    let known = sys::option(
        socket.as_fd(),
        libc::SOL_SOCKET,
        libc::SO_ACCEPTCONN,
        &mut is,
    );
    known.is_ok() && i32::from_ne_bytes(is) != 0
}

/// Whether a process waits for edges of a socket (EPOLLET, epoll(7)): then it hears of a
/// connection that it may accept when that comes, and not again. True where that is not known.
pub fn has_edges(process: Thread, socket: &impl AsSocket) -> bool {
    waits_for_edges(process, socket).unwrap_or(true)
}

/// Looks at what the descriptors of epoll(7) of a process wait for (proc(5), `fdinfo`).
fn waits_for_edges(process: Thread, socket: &impl AsSocket) -> io::Result<bool> {
    let wanted = rustix::fs::fstat(socket.as_fd())?.st_ino;
    for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
        let entry = entry?;
        // One that was closed meanwhile waits for nothing.
        let is_epoll = fs::read_link(entry.path())
            .is_ok_and(|target| target.as_os_str() == "anon_inode:[eventpoll]");
        if !is_epoll {
            continue;
        }
        let number = entry.file_name();
        let number = number.to_string_lossy();
        let told = match fs::read_to_string(format!("/proc/{process}/fdinfo/{number}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            told => told?,
        };
        if told.lines().any(|line| is_edge_of(line, wanted)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a line of `fdinfo` says that edges of the file with a number are waited for.
fn is_edge_of(line: &str, inode: u64) -> bool {
    let mut words = line.split_whitespace();
    let (mut events, mut found) = (0, None);
    while let Some(word) = words.next() {
        if word == "events:" {
            let bits = words
                .next()
                .and_then(|bits| u32::from_str_radix(bits, 16).ok());
            events = bits.unwrap_or(0);
        } else if let Some(number) = word.strip_prefix("ino:") {
            found = u64::from_str_radix(number, 16).ok();
        }
    }
    found == Some(inode) && events & libc::EPOLLET.cast_unsigned() != 0
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

    #[test]
    fn one_of_several_that_is_ready_is_enough() {
        const IN: i16 = libc::POLLIN;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let idle = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(listens(&listener));
        let address = listener.local_addr().unwrap();
        let polled = [&listener, &idle].map(|one| (OwnedFd::from(one.try_clone().unwrap()), IN));
        assert!(!is_any_ready(&polled));
        let client = TcpStream::connect(address).unwrap();
        assert!(is_any_ready(&polled) && !is_any_ready(&polled[1..]));
        assert!(!listens(&client) && !is_any_ready(&[]));
    }

    #[test]
    fn edges_of_a_socket_are_those_that_are_waited_for() {
        use rustix::event::epoll;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = Thread(i32::try_from(std::process::id()).unwrap());
        let check = |flags: epoll::EventFlags, expected: bool| {
            let poll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
            epoll::add(&poll, &listener, epoll::EventData::new_u64(7), flags).unwrap();
            assert_eq!(has_edges(own, &listener), expected, "{flags:?}");
            let other = TcpListener::bind("127.0.0.1:0").unwrap();
            assert!(!has_edges(own, &other));
        };
        check(epoll::EventFlags::IN, false);
        check(epoll::EventFlags::IN | epoll::EventFlags::ET, true);
        assert!(!has_edges(own, &listener));
        assert!(has_edges(Thread(i32::MAX), &listener), "nobody knows");
    }
}
