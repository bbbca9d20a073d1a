//! Peers written by hand: plain sockets of the standard library that send and
//! expect literal bytes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::{PATIENCE, eventually};

const ANY: &str = "127.0.0.1:0";

/// One end of a TCP connection, without Nagle's algorithm.
#[derive(Debug)]
pub struct Stream(TcpStream);

impl Stream {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("somebody listens there"))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket takes options");
        let patience = Some(PATIENCE);
        stream.set_read_timeout(patience).expect("a timeout");
        stream.set_write_timeout(patience).expect("a timeout");
        Self(stream)
    }

    /// The address of this end.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a connected socket has one")
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the peer takes bytes");
    }

    /// Sends `bytes` to a peer that may close meanwhile.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// What the next recv gives; none at the end of the stream.
    pub fn receive(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let count = self.0.read(&mut buffer).expect("the peer sends or closes");
        buffer.truncate(count);
        buffer
    }

    /// Exactly `count` bytes, in however many recv.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let mut rest = vec![0; count - bytes.len()];
            match self.0.read(&mut rest).expect("the peer sends or closes") {
                0 => panic!("closed after {:?}", bytes.escape_ascii().to_string()),
                more => bytes.extend_from_slice(&rest[..more]),
            }
        }
        bytes
    }

    /// The next bytes are exactly these.
    pub fn expect(&mut self, bytes: &[u8]) {
        let taken = self.take(bytes.len());
        assert_eq!(shown(&taken), shown(bytes));
    }

    /// All bytes up to the end of the stream.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).expect("the peer closes");
        bytes
    }

    /// Whether nothing has come that was not received yet.
    pub fn is_silent(&mut self) -> bool {
        self.0
            .set_nonblocking(true)
            .expect("a socket takes options");
        let peeked = self.0.peek(&mut [0]);
        self.0
            .set_nonblocking(false)
            .expect("a socket takes options");
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// The same connection for tests that wait for more than one thing.
    /// Panics outside a tokio runtime.
    pub fn into_tokio(self) -> tokio::net::TcpStream {
        self.0
            .set_nonblocking(true)
            .expect("a socket takes options");
        tokio::net::TcpStream::from_std(self.0).expect("a runtime")
    }

    /// All bytes up to the end of the stream, or up to a reset: then true.
    pub fn rest_or_reset(&mut self) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => (bytes, false),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => (bytes, true),
            Err(error) => panic!("the peer neither closes nor resets: {error}"),
        }
    }

    /// Ends the connection with a reset: what the peer sent and nobody read is
    /// lost, what was sent here and not taken yet too.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.0);
        let linger = Some(Duration::ZERO);
        socket.set_linger(linger).expect("a socket takes options");
    }

    /// The same end of the connection once more, for another thread.
    #[must_use]
    pub fn another(&self) -> Self {
        Self(self.0.try_clone().expect("a descriptor"))
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) {
        self.0.shutdown(Shutdown::Write).expect("it is connected");
    }
}

/// Bytes as an assertion shows them.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A listening socket on a free port.
#[derive(Debug)]
pub struct Listener(TcpListener);

impl Listener {
    /// Listens.
    #[expect(
        clippy::new_without_default,
        reason = "a port is taken, which no default does"
    )]
    pub fn new() -> Self {
        Self(TcpListener::bind(ANY).expect("a free port"))
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket has one")
    }

    /// The next connection, which must come within [`PATIENCE`].
    pub fn accept(&self) -> Stream {
        self.0
            .set_nonblocking(true)
            .expect("a socket takes options");
        let stream = eventually("a connection", || match self.0.accept() {
            Ok((stream, _)) => Some(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("accept: {error}"),
        });
        stream
            .set_nonblocking(false)
            .expect("a socket takes options");
        Stream::over(stream)
    }
}

/// A datagram socket on a free port.
#[derive(Debug)]
pub struct Datagrams(UdpSocket);

impl Datagrams {
    /// Binds.
    #[expect(
        clippy::new_without_default,
        reason = "a port is taken, which no default does"
    )]
    pub fn new() -> Self {
        let socket = UdpSocket::bind(ANY).expect("a free port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self(socket)
    }

    /// Binds, and talks to `peer` only.
    pub fn to(peer: SocketAddr) -> Self {
        let socket = Self::new();
        socket.0.connect(peer).expect("an address");
        socket
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket has one")
    }

    /// Sends one datagram to the peer.
    pub fn send(&self, bytes: &[u8]) {
        let sent = self.0.send(bytes).expect("the kernel takes a datagram");
        assert_eq!(sent, bytes.len());
    }

    /// The next datagram.
    pub fn receive(&self) -> Vec<u8> {
        self.receive_from().0
    }

    /// The next datagram and where it came from.
    pub fn receive_from(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 65_536];
        let (count, peer) = self.0.recv_from(&mut buffer).expect("a datagram");
        buffer.truncate(count);
        (buffer, peer)
    }

    /// Sends one datagram to `peer`.
    pub fn send_to(&self, bytes: &[u8], peer: SocketAddr) {
        self.0.send_to(bytes, peer).expect("the kernel takes it");
    }
}

/// A TCP address that refuses connections, and that nobody else can take
/// while the socket lives: bound, but not listening.
pub fn nobody_tcp() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP));
    let socket = socket.expect("a socket");
    let any: SocketAddr = ANY.parse().expect("an address");
    socket.bind(&any.into()).expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    (socket, address.as_socket().expect("an IPv4 address"))
}

/// A UDP address that refuses datagrams: its socket talks to itself only.
pub fn nobody_udp() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(ANY).expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    socket.connect(address).expect("an address");
    (socket, address)
}
