//! What a descriptor of a traced process is: its socket, and the addresses of that.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _};

use crate::socket::internet_address;
use crate::sys::{self, processes};
use crate::tracee::Thread;
use crate::unix_peer;

/// What a descriptor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// It is none: it was closed, or its process is gone.
    Closed,
    /// A file, a pipe, a terminal: no socket.
    NoSocket,
    /// A socket.
    Socket(SocketState),
}

/// A socket at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketState {
    /// Which: no two sockets that exist at the same time have the same number.
    pub inode: u64,
    /// What kind.
    pub kind: SocketKind,
    /// Whether it listens.
    pub is_listening: bool,
    /// Its own address (getsockname(2)); none if it has none.
    pub local: Option<Address>,
    /// Its peer's (getpeername(2)); none if it has no peer, or one without an address.
    pub peer: Option<Address>,
    /// Of a Unix stream: the number of the socket it is connected with.
    pub peer_inode: Option<u64>,
}

/// What kind of socket it is, as far as that is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketKind {
    /// tcp(7) over IPv4 or IPv6, also if it may use several paths (MPTCP).
    Tcp,
    /// udp(7) over IPv4 or IPv6.
    Udp,
    /// A stream of unix(7).
    UnixStream,
    /// Datagrams or packets of unix(7).
    UnixOther,
    /// Another one: netlink(7), packet(7), …
    Other,
}

/// An address of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Of ip(7) or ipv6(7); an IPv4 address that is mapped into IPv6 is one of IPv4.
    Internet(SocketAddr),
    /// A path of unix(7), or an abstract name, which begins with a zero byte.
    Unix(Vec<u8>),
}

impl Address {
    /// Reads a `struct sockaddr`; none of another family, or of a Unix socket that
    /// has no name.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let family = u16::from_ne_bytes(*bytes.first_chunk()?);
        if i32::from(family) != libc::AF_UNIX {
            let address = internet_address(bytes)?;
            let host = address.ip().to_canonical();
            return Some(Self::Internet(SocketAddr::new(host, address.port())));
        }
        let name = &bytes[2..];
        let name = match name.first()? {
            // Abstract: every byte counts.
            0 => name,
            _ => name.split(|&byte| byte == 0).next()?,
        };
        let is_named = name.iter().any(|&byte| byte != 0);
        is_named.then(|| Self::Unix(name.to_vec()))
    }
}

/// The descriptors that a process has open (proc(5)), ascending; at most `most`.
pub fn open(process: Thread, most: usize) -> io::Result<Vec<i32>> {
    let entries = std::fs::read_dir(format!("/proc/{process}/fd"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut fds: Vec<i32> = names
        .filter_map(|name| name.parse().ok())
        .take(most)
        .collect();
    fds.sort_unstable();
    Ok(fds)
}

/// Looks at descriptors of traced threads, which are stopped meanwhile.
///
/// What stands for a thread (pidfd_open(2)) is kept for the next time: it costs more to
/// make than all else that is asked. It stands for that thread as long as it is there, and
/// the tracer says when it is gone ([`forget`](Self::forget)).
#[derive(Debug, Default)]
pub struct Descriptors {
    /// The last used one is the last.
    threads: Vec<(Thread, OwnedFd)>,
}

/// PIDFD_THREAD (pidfd_open(2), since Linux 6.9).
const THREAD: u32 = libc::O_EXCL.cast_unsigned();

impl Descriptors {
    /// Most threads that something is kept for: each takes a descriptor of this process.
    const MOST: usize = 32;

    /// What descriptor `fd` of a thread is. An error says that the kernel does not tell.
    pub fn describe(&mut self, thread: Thread, fd: i32) -> io::Result<Descriptor> {
        // The copy is closed at once: as long as it is open the socket is.
        match self.copy(thread, fd) {
            Ok(copy) => describe(copy),
            Err(error) => match error.raw_os_error() {
                Some(libc::EBADF | libc::ESRCH) => Ok(Descriptor::Closed),
                _ => Err(error),
            },
        }
    }

    /// The first so many of the last `length` bytes of a file of a thread before `end`; none if it is no file
    /// that can be read at an offset. Where `end` is none, those before its position.
    pub fn file_bytes(
        &mut self,
        thread: Thread,
        fd: i32,
        end: Option<u64>,
        (length, first): (usize, usize),
    ) -> Option<Vec<u8>> {
        use std::io::Seek as _;
        let mut file = File::from(self.copy(thread, fd).ok()?);
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let end = match end {
            Some(end) => end,
            None => file.stream_position().ok()?,
        };
        let start = end.checked_sub(length as u64)?;
        let mut bytes = vec![0; first.min(length)];
        file.read_exact_at(&mut bytes, start).ok()?;
        Some(bytes)
    }

    /// A copy of a descriptor of a thread. To be closed at once: as long as it is open the
    /// socket is, whatever the program closes.
    pub fn copy(&mut self, thread: Thread, fd: i32) -> io::Result<OwnedFd> {
        processes::copy_descriptor(self.thread(thread)?, fd)
    }

    /// A thread is gone, and its number may become another's.
    pub fn forget(&mut self, thread: Thread) {
        self.threads.retain(|(known, _)| *known != thread);
    }

    fn thread(&mut self, thread: Thread) -> io::Result<BorrowedFd<'_>> {
        let known = self.threads.iter().rposition(|(known, _)| *known == thread);
        if let Some(index) = known {
            self.threads[index..].rotate_left(1);
        } else {
            let opened = open_thread(thread)?;
            if self.threads.len() == Self::MOST {
                self.threads.remove(0);
            }
            self.threads.push((thread, opened));
        }
        let (_, last) = self.threads.last().expect("it was just put there");
        Ok(last.as_fd())
    }
}

fn open_thread(thread: Thread) -> io::Result<OwnedFd> {
    match processes::pidfd(thread.0, THREAD) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            processes::pidfd(group(thread).unwrap_or(thread.0), 0)
        }
        done => done,
    }
}

/// The process of a thread (proc(5)).
pub fn process(thread: Thread) -> Thread {
    Thread(group(thread).unwrap_or(thread.0))
}

fn group(thread: Thread) -> Option<i32> {
    status(thread, "Tgid:")
}

/// The process that made the process of a thread (proc(5)), unless that is gone.
pub fn parent(thread: Thread) -> Option<Thread> {
    status(thread, "PPid:").map(Thread)
}

/// The signals that a thread blocks: bit 0 for signal 1 (proc(5)).
pub fn blocked(thread: Thread) -> Option<u64> {
    u64::from_str_radix(&status_text(thread, "SigBlk:")?, 16).ok()
}

fn status(thread: Thread, field: &str) -> Option<i32> {
    status_text(thread, field)?.parse().ok()
}

fn status_text(thread: Thread, field: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().to_owned())
}

fn describe(copy: OwnedFd) -> io::Result<Descriptor> {
    let file = File::from(copy);
    let metadata = file.metadata()?;
    if !metadata.file_type().is_socket() {
        return Ok(Descriptor::NoSocket);
    }
    let fd = file.as_fd();
    let kind = kind(fd)?;
    let inode = metadata.ino();
    let address = |side| Address::parse(&processes::address(fd, side).ok()?);
    Ok(Descriptor::Socket(SocketState {
        inode,
        kind,
        is_listening: number(fd, libc::SO_ACCEPTCONN)? != 0,
        local: address(processes::Side::Local),
        peer: address(processes::Side::Peer),
        peer_inode: match kind {
            SocketKind::UnixStream => unix_peer::inode(inode),
            _ => None,
        },
    }))
}

fn kind(fd: BorrowedFd<'_>) -> io::Result<SocketKind> {
    let domain = number(fd, libc::SO_DOMAIN)?;
    let is_stream = number(fd, libc::SO_TYPE)? == libc::SOCK_STREAM;
    Ok(match (domain, number(fd, libc::SO_PROTOCOL)?) {
        (libc::AF_INET | libc::AF_INET6, libc::IPPROTO_TCP | libc::IPPROTO_MPTCP) => {
            SocketKind::Tcp
        }
        (libc::AF_INET | libc::AF_INET6, libc::IPPROTO_UDP) => SocketKind::Udp,
        (libc::AF_UNIX, _) if is_stream => SocketKind::UnixStream,
        (libc::AF_UNIX, _) => SocketKind::UnixOther,
        _ => SocketKind::Other,
    })
}

/// An option of the level SOL_SOCKET that is an `int` (socket(7)).
fn number(fd: BorrowedFd<'_>, option: libc::c_int) -> io::Result<i32> {
    let mut value = [0; 4];
    sys::option(fd, libc::SOL_SOCKET, option, &mut value)?;
    Ok(i32::from_ne_bytes(value))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd as _;
    use std::sync::{Barrier, mpsc};

    use super::*;

    fn own_number() -> Thread {
        let path = std::fs::read_link("/proc/thread-self").expect("a thread has a folder");
        let name = path.file_name().expect("its number").to_string_lossy();
        Thread(name.parse().expect("a number"))
    }

    #[test]
    fn each_of_many_threads_is_looked_at_and_one_that_is_gone_has_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let fd = listener.as_raw_fd();
        let mut descriptors = Descriptors::default();
        let many = Descriptors::MOST + 5;
        let end = Barrier::new(many + 1);
        let (tell, told) = mpsc::channel();
        let mut threads = Vec::new();
        std::thread::scope(|scope| {
            for _ in 0..many {
                let (tell, end) = (tell.clone(), &end);
                scope.spawn(move || {
                    tell.send(own_number()).expect("somebody listens");
                    end.wait();
                });
            }
            threads.extend(told.iter().take(many));
            for thread in threads.iter().chain(&threads[3..]) {
                let found = descriptors.describe(*thread, fd).expect("it is told");
                let Descriptor::Socket(socket) = found else {
                    panic!("{found:?}");
                };
                assert!(socket.is_listening);
                assert!(descriptors.threads.len() <= Descriptors::MOST);
            }
            end.wait();
        });
        let last = threads[many - 1];
        let is_gone = || !std::path::Path::new(&format!("/proc/self/task/{last}")).exists();
        while !is_gone() {
            std::thread::yield_now();
        }
        for _ in 0..2 {
            let found = descriptors.describe(last, fd).expect("it is told");
            assert_eq!(found, Descriptor::Closed);
            descriptors.forget(last);
            let mut known = descriptors.threads.iter();
            assert!(known.all(|(thread, _)| *thread != last));
        }
    }
}
