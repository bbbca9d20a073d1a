//! Questions about one socket, asked beside the calls a program makes on it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use record::Counts;

use crate::{AsSocket, Datagram, Memory, Sending, sys};

/// What CLOCK_MONOTONIC shows (clock_gettime(2)): the clock that
/// [`Instant`](std::time::Instant) reads.
pub fn monotonic() -> Option<Duration> {
    let now = sys::monotonic().ok()?;
    let seconds = u64::try_from(now.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(now.tv_nsec).ok()?))
}

/// Holds segments that are not full back, for 200 ms at most, or no longer (TCP_CORK, tcp(7)).
pub fn cork(socket: &impl AsSocket, on: bool) -> io::Result<()> {
    let value = i32::from(on).to_ne_bytes();
    sys::set_option(socket.as_fd(), libc::IPPROTO_TCP, libc::TCP_CORK, &value)
}

/// Bytes in the receive queue (SIOCINQ, tcp(7)); of a datagram socket the
/// length of the next datagram alone (udp(7)).
pub fn receive_queue(socket: &impl AsSocket) -> Option<u32> {
    sys::number(socket.as_fd(), libc::FIONREAD).ok()
}

/// Bytes of a stream in the send queue: taken from the program and not yet
/// acknowledged by the peer (SIOCOUTQ, tcp(7)).
pub fn send_queue(socket: &impl AsSocket) -> Option<u32> {
    sys::number(socket.as_fd(), libc::TIOCOUTQ).ok()
}

/// The part of [`send_queue`] that has not even been sent (SIOCOUTQNSD).
pub fn unsent(socket: &impl AsSocket) -> Option<u32> {
    sys::number(socket.as_fd(), libc::SIOCOUTQNSD).ok()
}

/// Counts of a connection's segments (TCP_INFO, tcp(7)).
pub fn counts(socket: &impl AsSocket) -> Option<Counts> {
    let info = tcp_info(socket)?;
    // Where the fields stand in `struct tcp_info` (linux/tcp.h); they never move.
    Some(Counts {
        segments_out: info.at(136)?,
        segments_in: info.at(140)?,
        data_out: info.at(156)?,
        data_in: info.at(152)?,
        retransmitted: info.at(100)?,
    })
}

/// What bounds the next segment of a connection.
pub fn sending(socket: &impl AsSocket) -> Option<Sending> {
    let info = tcp_info(socket)?;
    Some(Sending {
        mss: info.at(16)?,
        window: info.at(228)?,
        unsent: info.at(144)?,
    })
}

/// Connections that wait for accept(2) on a listening socket; of any other
/// socket the answer is something else (`tcpi_unacked`).
pub fn accept_queue(socket: &impl AsSocket) -> Option<u32> {
    tcp_info(socket)?.at(24)
}

/// A socket's receive memory; of a listening socket the drops are the requests
/// for a connection that found its accept queue full.
pub fn memory(socket: &impl AsSocket) -> Option<Memory> {
    let info = Numbers::ask(socket, libc::SOL_SOCKET, SO_MEMINFO)?;
    // SK_MEMINFO_RMEM_ALLOC and SK_MEMINFO_DROPS.
    Some(Memory {
        waiting: info.at(0)?,
        dropped: info.at(8 * 4)?,
    })
}

const SO_MEMINFO: libc::c_int = 55;

/// Makes [`receive`] tell the drops.
pub fn count_drops(socket: &impl AsSocket) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_RXQ_OVFL);
    sys::set_option(socket.as_fd(), level, option, &on.to_ne_bytes())
}

/// A socket that is bound to an address without a port gets its port from
/// connect(2), so that connections to different peers may share one
/// (IP_BIND_ADDRESS_NO_PORT, ip(7)).
pub fn bind_address_no_port(socket: &impl AsSocket) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = (libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT);
    sys::set_option(socket.as_fd(), level, option, &on.to_ne_bytes())
}

/// Bounds the bytes of a TCP stream that were written and not yet sent: above
/// `bytes` the socket takes nothing more until half of them have left
/// (TCP_NOTSENT_LOWAT, tcp(7)). Without it the send buffer grows to
/// `net.ipv4.tcp_wmem`, usually 4 MiB. What is in flight does not count, so
/// that a fast connection stays fast. Connections accepted from a listening
/// socket inherit its bound.
pub fn bound_unsent(socket: &impl AsSocket, bytes: u32) -> io::Result<()> {
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT);
    sys::set_option(socket.as_fd(), level, option, &bytes.to_ne_bytes())
}

/// One send(2) on a stream, behind which another follows at once: the kernel
/// may put both into one segment, and waits for the next up to 200 ms
/// (MSG_MORE, tcp(7)).
pub fn send_more(socket: &impl AsSocket, bytes: &[u8]) -> io::Result<usize> {
    sys::send(socket.as_fd(), bytes, libc::MSG_MORE | libc::MSG_NOSIGNAL)
}

/// One recvmsg(2) on a datagram socket. What exceeds `buffer` is gone.
pub fn receive(socket: &impl AsSocket, buffer: &mut [u8]) -> io::Result<Datagram> {
    let received = sys::receive(socket.as_fd(), buffer)?;
    let from = internet_address(&received.address)
        .ok_or_else(|| io::Error::other("the datagram's sender has no internet address"))?;
    Ok(Datagram {
        length: received.length,
        from,
        dropped: drops(&received.control).unwrap_or(0),
    })
}

/// `struct sockaddr_in` or `struct sockaddr_in6` (ip(7), ipv6(7)).
pub(crate) fn internet_address(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(*bytes.first_chunk()?);
    let port = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
    match i32::from(family) {
        libc::AF_INET => {
            let host: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
            Some((Ipv4Addr::from(host), port).into())
        }
        libc::AF_INET6 => {
            let flow = u32::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
            let host: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
            let scope = u32::from_ne_bytes(*bytes.get(24..)?.first_chunk()?);
            Some(SocketAddrV6::new(Ipv6Addr::from(host), port, flow, scope).into())
        }
        _ => None,
    }
}

/// The counter in control messages (cmsg(3)): each a length as `usize` that
/// counts from itself, level and type as `int`, then data, padded to `usize`.
fn drops(mut control: &[u8]) -> Option<u32> {
    const WORD: usize = size_of::<usize>();
    const HEADER: usize = WORD + 8;
    loop {
        let length = usize::from_ne_bytes(*control.first_chunk()?);
        let level = i32::from_ne_bytes(*control.get(WORD..)?.first_chunk()?);
        let kind = i32::from_ne_bytes(*control.get(WORD + 4..)?.first_chunk()?);
        let data = control.get(HEADER..length)?;
        if (level, kind) == (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) {
            return Some(u32::from_ne_bytes(*data.first_chunk()?));
        }
        control = control.get(length.next_multiple_of(WORD)..)?;
    }
}

fn tcp_info(socket: &impl AsSocket) -> Option<Numbers> {
    Numbers::ask(socket, libc::IPPROTO_TCP, libc::TCP_INFO)
}

/// A socket option's value: a structure that newer kernels made longer.
struct Numbers {
    bytes: [u8; 256],
    length: usize,
}

impl Numbers {
    fn ask(socket: &impl AsSocket, level: libc::c_int, option: libc::c_int) -> Option<Self> {
        let mut bytes = [0; 256];
        let length = sys::option(socket.as_fd(), level, option, &mut bytes).ok()?;
        Some(Self { bytes, length })
    }

    /// The `u32` at byte `offset`, if this kernel has it.
    fn at(&self, offset: usize) -> Option<u32> {
        let known = self.bytes.get(..self.length)?;
        Some(u32::from_ne_bytes(*known.get(offset..)?.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::time::{Duration, Instant};

    use super::*;

    /// Asks until the kernel's answer is `expected`.
    fn until<T: Copy + PartialEq + std::fmt::Debug>(expected: T, ask: impl Fn() -> T) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while ask() != expected {
            assert!(Instant::now() < deadline, "{:?}, not {expected:?}", ask());
        }
    }

    #[test]
    fn queues_and_counts_of_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(accept_queue(&listener), Some(0));
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        until(Some(1), || accept_queue(&listener));
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(accept_queue(&listener), Some(0));
        client.write_all(b"hello").unwrap();
        until(Some(5), || receive_queue(&server));
        until(Some(0), || send_queue(&client));
        assert_eq!(unsent(&client), Some(0));
        assert_eq!(counts(&client).unwrap().data_out, 1);
        assert_eq!(counts(&server).unwrap().data_in, 1);
        assert_eq!(counts(&server).unwrap().retransmitted, 0);
        server.read_exact(&mut [0; 5]).unwrap();
        assert_eq!(receive_queue(&server), Some(0));
    }

    #[test]
    fn a_send_nobody_reads_waits_in_both_queues() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.set_nonblocking(true).unwrap();
        let mut taken = 0;
        while let Ok(count) = client.write(&[0; 16_384]) {
            taken += count;
        }
        let waits = || receive_queue(&server).unwrap() + send_queue(&client).unwrap();
        until(u32::try_from(taken).unwrap(), waits);
        assert!(unsent(&client) > Some(0));
        let told = sending(&client).unwrap();
        assert_eq!(Some(told.unsent), unsent(&client));
        let in_flight = send_queue(&client).unwrap() - told.unsent;
        assert!(told.window >= in_flight, "{told:?}");
        // Less than a segment has room: that is why the rest waits.
        assert!(told.window - in_flight < told.mss, "{told:?}");
    }

    #[test]
    fn a_listener_counts_what_its_full_queue_dropped() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        let any = std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
        socket.bind(&any.into()).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let _first = TcpStream::connect(address).unwrap();
        until(Some(1), || accept_queue(&listener));
        let dropped = || memory(&listener).map(|memory| memory.dropped);
        assert_eq!(dropped(), Some(0));
        let second = std::thread::spawn(move || TcpStream::connect(address));
        until(Some(1), dropped);
        listener.accept().unwrap();
        // Its SYN is sent again after a second.
        second.join().unwrap().unwrap();
        assert_eq!(dropped(), Some(1));
    }

    #[test]
    fn datagrams_tell_their_real_length_and_the_drops_before_them() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket2::SockRef::from(&socket)
            .set_recv_buffer_size(4096)
            .unwrap();
        count_drops(&socket).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = socket.local_addr().unwrap();
        for _ in 0..50 {
            client.send_to(b"0123456789", to).unwrap();
        }
        let memory_now = || memory(&socket).unwrap();
        assert!(memory_now().waiting > 0);
        let dropped = memory_now().dropped;
        assert!(dropped > 0 && dropped < 50, "{dropped}");
        let mut buffer = [0; 4];
        for _ in dropped..50 {
            let datagram = receive(&socket, &mut buffer).unwrap();
            assert_eq!((datagram.length, &buffer), (10, b"0123"));
            assert_eq!(datagram.from, client.local_addr().unwrap());
            assert_eq!(datagram.dropped, 0, "none was before this one");
        }
        assert_eq!(memory_now().waiting, 0);
        client.send_to(b"", to).unwrap();
        let datagram = receive(&socket, &mut buffer).unwrap();
        assert_eq!((datagram.length, datagram.dropped), (0, dropped));
    }

    #[test]
    fn what_is_no_such_socket_has_no_answer() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(send_queue(&file), None);
        assert_eq!(counts(&file), None);
        assert_eq!(accept_queue(&file), None);
        assert_eq!(memory(&file), None);
        assert_eq!(sending(&file), None);
        assert!(count_drops(&file).is_err());
        assert!(receive(&file, &mut [0; 4]).is_err());
    }

    #[test]
    fn control_messages_that_lie_about_their_length_are_passed_over() {
        let message = |length: usize, kind: i32, data: &[u8]| {
            let header = [
                &length.to_ne_bytes()[..],
                &libc::SOL_SOCKET.to_ne_bytes(),
                &kind.to_ne_bytes(),
                data,
            ];
            header.concat()
        };
        let header = size_of::<usize>() + 8;
        let right = message(header + 4, libc::SO_RXQ_OVFL, &7_u32.to_ne_bytes());
        assert_eq!(drops(&right), Some(7));
        let other = message(header + 8, libc::SO_TIMESTAMP, &[0; 8]);
        assert_eq!(drops(&[other, right].concat()), Some(7));
        for length in [0, 1, header, header + 3, header + 5, 4096, usize::MAX - 3] {
            let wrong = message(length, libc::SO_RXQ_OVFL, &7_u32.to_ne_bytes());
            assert_eq!(drops(&wrong), None, "{length}");
        }
        let other = message(usize::MAX, libc::SO_TIMESTAMP, &[0; 8]);
        assert_eq!(drops(&other), None);
        assert_eq!(drops(&[]), None);
    }

    #[test]
    fn addresses_of_both_families() {
        let v4 = [2, 0, 0x1f, 0x40, 127, 0, 0, 1, 0, 0];
        if cfg!(target_endian = "little") {
            assert_eq!(internet_address(&v4), "127.0.0.1:8000".parse().ok());
            let mut v6 = [0; 28];
            v6[..4].copy_from_slice(&[10, 0, 0x1f, 0x40]);
            v6[23] = 1;
            assert_eq!(internet_address(&v6), "[::1]:8000".parse().ok());
            assert_eq!(internet_address(&v6[..20]), None);
        }
        assert_eq!(internet_address(&v4[..6]), None);
        assert_eq!(internet_address(&[0; 28]), None);
    }
}
