//! Where connections and datagrams come from, and how a socket is bound.
//!
//! The servers are generic over these traits, so that a watched socket and a
//! plain one run the same code and the plain one pays nothing.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

use protocol::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A stream that may hold back what does not fill a segment.
pub trait Cork {
    /// Holds segments that are not full back until it is told otherwise, for 200 ms at most
    /// (TCP_CORK, tcp(7)). Where there is no such option, nothing happens.
    fn cork(&mut self, on: bool);
}

impl Cork for TcpStream {
    fn cork(&mut self, on: bool) {
        // A connection that is broken says so at the next call.
        let _ = kernel::cork(self, on);
    }
}

/// A socket that accepts connections.
pub trait Listener: Send + Sync {
    /// One accepted connection.
    type Stream: AsyncRead + AsyncWrite + Cork + Unpin + Send + 'static;

    /// Waits for the next connection; gives it with the peer's address.
    /// Dropping the future before it is ready loses no connection.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;

    /// The address it is bound to, with its real port.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        TcpListener::accept(self).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}

/// A datagram socket.
pub trait Datagrams: Send + Sync {
    /// Waits for one datagram; what exceeds `buffer` is gone (see recvfrom(2)).
    fn recv_from(
        &self,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send;

    /// Sends `bytes`, which may be none, as one datagram.
    fn send_to(
        &self,
        bytes: &[u8],
        to: SocketAddr,
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// The address it is bound to, with its real port.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

impl Datagrams for UdpSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        UdpSocket::recv_from(self, buffer).await
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        UdpSocket::send_to(self, bytes, to).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        UdpSocket::local_addr(self)
    }
}

/// Listens on `addr` with SO_REUSEADDR, so that a server can start again while
/// connections of the last one are in TIME_WAIT. Up to about `backlog`
/// connections wait for accept (see listen(2)). Port 0 takes a free one.
pub fn listen_tcp(addr: SocketAddr, backlog: u32) -> Result<TcpListener, BindError> {
    let listener = TcpListener::from_std(listening(addr, backlog, None)?.into());
    listener.map_err(|error| BindError::new(Transport::Tcp, addr, error))
}

/// Binds a datagram socket to `addr`. Port 0 takes a free one.
pub fn bind_udp(addr: SocketAddr) -> Result<UdpSocket, BindError> {
    let socket = UdpSocket::from_std(datagram_socket(addr, None)?.into());
    socket.map_err(|error| BindError::new(Transport::Udp, addr, error))
}

/// As [`listen_tcp`], with SO_RCVBUF set for the connections that will come;
/// needs no runtime. The socket does not block.
pub fn listening(
    addr: SocketAddr,
    backlog: u32,
    receive_buffer: Option<NonZeroUsize>,
) -> Result<Socket, BindError> {
    let listening = stream_socket(addr, receive_buffer)?;
    let listened = listening.listen(i32::try_from(backlog).unwrap_or(i32::MAX));
    listened.map_err(|error| BindError::new(Transport::Tcp, addr, error))?;
    Ok(listening)
}

/// The same before it listens: who connects to it is refused.
pub fn stream_socket(
    addr: SocketAddr,
    receive_buffer: Option<NonZeroUsize>,
) -> Result<Socket, BindError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // On Windows the option would let two programs share one port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        // Before listen(2): the window scale is agreed on with the first SYN.
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size.get())?;
        }
        // Accepted connections inherit it: a reply is never held back to wait
        // for more (RFC 896).
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        Ok(socket)
    };
    bind().map_err(|error| BindError::new(Transport::Tcp, addr, error))
}

/// As [`bind_udp`], with SO_RCVBUF set; needs no runtime. The socket does not block.
pub fn datagram_socket(
    addr: SocketAddr,
    receive_buffer: Option<NonZeroUsize>,
) -> Result<Socket, BindError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size.get())?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        Ok(socket)
    };
    bind().map_err(|error| BindError::new(Transport::Udp, addr, error))
}

/// An address that can't be listened on. Displays as one line that ends in
/// `choose another address`, so that a command line can add with which flag.
#[derive(Debug)]
pub struct BindError {
    /// What was to be carried.
    pub transport: Transport,
    /// The address.
    pub address: SocketAddr,
    /// What the kernel said.
    pub error: io::Error,
}

impl BindError {
    fn new(transport: Transport, address: SocketAddr, error: io::Error) -> Self {
        Self {
            transport,
            address,
            error,
        }
    }

    /// Whether this machine has no such address, as macOS has no 127.0.0.2.
    pub fn is_no_such_address(&self) -> bool {
        self.error.kind() == io::ErrorKind::AddrNotAvailable
    }
}

impl std::fmt::Display for BindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            transport, address, ..
        } = self;
        match self.error.kind() {
            io::ErrorKind::AddrInUse => write!(
                f,
                "{transport} {address} is in use: end the other program or choose another address"
            ),
            io::ErrorKind::AddrNotAvailable => write!(
                f,
                "{transport} {address} can't be listened on: this machine has no address {}; \
                 choose another address",
                address.ip()
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "{transport} {address} can't be listened on: port {} is not for this user; \
                 choose another address",
                address.port()
            ),
            _ => write!(
                f,
                "{transport} {address} can't be listened on: {}; choose another address",
                self.error
            ),
        }
    }
}

impl std::error::Error for BindError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_port_is_named_with_what_to_do() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = listen_tcp(any, 5).unwrap();
        let busy = first.local_addr().unwrap();
        let line = listen_tcp(busy, 5).unwrap_err().to_string();
        assert_eq!(
            line,
            format!("tcp {busy} is in use: end the other program or choose another address")
        );
        let first = bind_udp(any).unwrap();
        let busy = first.local_addr().unwrap();
        let line = bind_udp(busy).unwrap_err().to_string();
        assert!(line.starts_with(&format!("udp {busy} is in use: ")));
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_said_to_be_one() {
        // TEST-NET-1, RFC 5737: nobody has it.
        let error = listen_tcp(SocketAddr::from(([192, 0, 2, 1], 0)), 5).unwrap_err();
        assert!(error.is_no_such_address());
        let line = error.to_string();
        assert!(line.contains("has no address 192.0.2.1"), "{line}");
        assert!(!line.contains('\n'));
    }

    #[tokio::test]
    async fn accepted_connections_do_not_wait_for_more() {
        let listener = listen_tcp(SocketAddr::from(([127, 0, 0, 1], 0)), 5).unwrap();
        let address = Listener::local_addr(&listener).unwrap();
        let connecting = TcpStream::connect(address);
        let (client, accepted) = tokio::join!(connecting, Listener::accept(&listener));
        let (stream, peer) = accepted.unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(peer, client.unwrap().local_addr().unwrap());
    }
}
