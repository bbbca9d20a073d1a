//! Options of a socket that decide when bytes leave it and how it closes.

use std::os::fd::BorrowedFd;

use record::Options;

use crate::{AsSocket, sys};

/// An option, as setsockopt(2) names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketOption {
    /// TCP_NODELAY.
    Nodelay,
    /// TCP_CORK.
    Cork,
    /// TCP_QUICKACK.
    Quickack,
    /// SO_KEEPALIVE.
    Keepalive,
    /// SO_LINGER.
    Linger,
    /// SO_SNDBUF or SO_SNDBUFFORCE.
    SendBuffer,
    /// SO_RCVBUF or SO_RCVBUFFORCE.
    ReceiveBuffer,
}

impl SocketOption {
    /// The option with this level and name; none if it is another one.
    pub const fn of(level: i32, name: i32) -> Option<Self> {
        Some(match (level, name) {
            (libc::IPPROTO_TCP, libc::TCP_NODELAY) => Self::Nodelay,
            (libc::IPPROTO_TCP, libc::TCP_CORK) => Self::Cork,
            (libc::IPPROTO_TCP, libc::TCP_QUICKACK) => Self::Quickack,
            (libc::SOL_SOCKET, libc::SO_KEEPALIVE) => Self::Keepalive,
            (libc::SOL_SOCKET, libc::SO_LINGER) => Self::Linger,
            (libc::SOL_SOCKET, libc::SO_SNDBUF | libc::SO_SNDBUFFORCE) => Self::SendBuffer,
            (libc::SOL_SOCKET, libc::SO_RCVBUF | libc::SO_RCVBUFFORCE) => Self::ReceiveBuffer,
            _ => return None,
        })
    }

    /// Copies this option from others.
    pub const fn copy(self, from: &Options, to: &mut Options) {
        match self {
            Self::Nodelay => to.nodelay = from.nodelay,
            Self::Cork => to.cork = from.cork,
            Self::Quickack => to.quickack = from.quickack,
            Self::Keepalive => to.keepalive = from.keepalive,
            Self::Linger => to.linger = from.linger,
            Self::SendBuffer => to.send_buffer = from.send_buffer,
            Self::ReceiveBuffer => to.receive_buffer = from.receive_buffer,
        }
    }
}

/// All options of a socket; what it does not have is none.
pub fn options(socket: &impl AsSocket) -> Options {
    let fd = socket.as_fd();
    let flag = |level, name| number(fd, level, name).map(|value| value != 0);
    let size = |name| u32::try_from(number(fd, libc::SOL_SOCKET, name)?).ok();
    Options {
        nodelay: flag(libc::IPPROTO_TCP, libc::TCP_NODELAY),
        cork: flag(libc::IPPROTO_TCP, libc::TCP_CORK),
        quickack: flag(libc::IPPROTO_TCP, libc::TCP_QUICKACK),
        keepalive: flag(libc::SOL_SOCKET, libc::SO_KEEPALIVE),
        linger: linger(fd),
        send_buffer: size(libc::SO_SNDBUF),
        receive_buffer: size(libc::SO_RCVBUF),
    }
}

fn number(fd: BorrowedFd<'_>, level: i32, name: i32) -> Option<i32> {
    let mut value = [0; 4];
    let length = sys::option(fd, level, name, &mut value).ok()?;
    (length == value.len()).then(|| i32::from_ne_bytes(value))
}

/// `struct linger`: whether it is on, and how many seconds.
fn linger(fd: BorrowedFd<'_>) -> Option<i32> {
    let mut value = [0; 8];
    let length = sys::option(fd, libc::SOL_SOCKET, libc::SO_LINGER, &mut value).ok()?;
    let word = |at: usize| {
        value
            .get(at..)?
            .first_chunk()
            .copied()
            .map(i32::from_ne_bytes)
    };
    let (is_on, seconds) = (word(0)?, word(4)?);
    (length == value.len()).then_some(if is_on == 0 { -1 } else { seconds.max(0) })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::time::Duration;

    use super::*;

    #[test]
    fn options_are_what_was_set() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let before = options(&client);
        assert_eq!((before.nodelay, before.linger), (Some(false), Some(-1)));
        client.set_nodelay(true).unwrap();
        let socket = socket2::SockRef::from(&client);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        socket.set_send_buffer_size(8192).unwrap();
        let after = options(&client);
        assert_eq!((after.nodelay, after.linger), (Some(true), Some(0)));
        assert_eq!(after.send_buffer, Some(16_384), "the kernel doubles it");
        assert_eq!(after.receive_buffer, before.receive_buffer);
        let datagrams = options(&UdpSocket::bind("127.0.0.1:0").unwrap());
        assert_eq!(
            (datagrams.nodelay, datagrams.keepalive),
            (None, Some(false))
        );
    }

    #[test]
    fn an_option_is_known_by_its_level_and_name() {
        assert_eq!(SocketOption::of(6, 1), Some(SocketOption::Nodelay));
        assert_eq!(SocketOption::of(1, 13), Some(SocketOption::Linger));
        // SO_DEBUG, and an option of another level.
        assert_eq!(SocketOption::of(1, 1), None);
        assert_eq!(SocketOption::of(41, 9), None);
        let from = Options {
            cork: Some(true),
            ..Options::default()
        };
        let mut to = Options::default();
        SocketOption::Nodelay.copy(&from, &mut to);
        assert_eq!(to, Options::default());
        SocketOption::Cork.copy(&from, &mut to);
        assert_eq!(to, from);
    }
}
