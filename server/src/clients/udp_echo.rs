//! `udp-echo`'s client: each line a datagram, each datagram awaited for a
//! while. Wire format: [`crate::servers::udp_echo`].

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use protocol::{System, Transport};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::tunnel::Tunnel;
use super::{Console, Endpoint, Failure};

/// How long a reply may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);
/// No datagram is longer, in bytes (RFC 768: a 16-bit length).
const LARGEST: usize = 65_535;

/// Sends each line, empty ones too, and prints each reply.
pub async fn run(endpoint: &Endpoint, console: &mut Console) -> Result<(), Failure> {
    let mut peer = Peer::connect(endpoint).await?;
    let mut lost = 0;
    loop {
        let message = tokio::select! {
            message = console.line() => message,
            failure = peer.idle() => return Err(failure),
        };
        let Some(message) = message else { break };
        match peer.ask(&message).await {
            Ok(reply) => console.reply(&reply).map_err(Failure::Output)?,
            Err(error) => match Failure::of_connection(error) {
                Failure::Broken(error) => {
                    lost += 1;
                    console.note(&explain(&error, endpoint));
                }
                failure => return Err(failure),
            },
        }
    }
    match lost {
        0 => Ok(()),
        count => Err(Failure::Lost(count)),
    }
}

/// What carries the datagrams.
enum Peer {
    Server(Server),
    Bridge(Box<Tunnel>),
}

impl Peer {
    async fn connect(endpoint: &Endpoint) -> Result<Self, Failure> {
        match endpoint {
            Endpoint::Server(address) => {
                let connecting = async { Server::connect(address.to_connect().await?).await };
                let server = connecting.await.map_err(|error| Failure::Unreachable {
                    address: address.to_string(),
                    error,
                })?;
                Ok(Self::Server(server))
            }
            Endpoint::Bridge { url, trust } => {
                let tunnel = Tunnel::connect(url, trust.as_ref(), System::UdpEcho).await?;
                Ok(Self::Bridge(Box::new(tunnel)))
            }
        }
    }

    /// Until the connection ends while nothing is awaited. What comes
    /// meanwhile is too late for the message before.
    async fn idle(&mut self) -> Failure {
        let Self::Bridge(tunnel) = self else {
            return std::future::pending().await;
        };
        loop {
            // Read also to answer pings: a silent client is left.
            match poll_fn(|cx| tunnel.poll_message(cx)).await {
                Ok(Some(_)) => {}
                Ok(None) => return Failure::HungUp,
                Err(error) => return Failure::of_connection(error),
            }
        }
    }

    /// Sends a message and waits for the reply.
    async fn ask(&mut self, message: &[u8]) -> io::Result<Bytes> {
        match self {
            Self::Server(server) => server.ask(message).await.map(Bytes::copy_from_slice),
            Self::Bridge(tunnel) => {
                let closed = || io::Error::other("the bridge closed the connection");
                // What comes too late for one message is no reply to the next.
                while let Some(late) = poll_fn(|cx| tunnel.poll_message(cx)).now_or_never() {
                    late?.ok_or_else(closed)?;
                }
                poll_fn(|cx| tunnel.poll_send(cx, message)).await?;
                let reply = timeout(PATIENCE, poll_fn(|cx| tunnel.poll_message(cx)));
                reply.await??.ok_or_else(closed)
            }
        }
    }
}

/// The server, at the first of its addresses where somebody listens.
struct Server {
    /// It talks to one address only, and so hears when nobody is there.
    socket: UdpSocket,
    /// The addresses that were not tried yet. None any more once somebody has
    /// replied.
    others: VecDeque<SocketAddr>,
    buffer: Vec<u8>,
}

impl Server {
    async fn connect(found: Vec<SocketAddr>) -> io::Result<Self> {
        let mut others = VecDeque::from(found);
        Ok(Self {
            socket: next(&mut others).await?,
            others,
            buffer: vec![0; LARGEST],
        })
    }

    /// Sends a message and waits for the reply. An address that refuses the
    /// datagram is given up for the next one, as TCP's connect does it.
    async fn ask(&mut self, message: &[u8]) -> io::Result<&[u8]> {
        // What comes too late for one message is no reply to the next.
        while self.socket.try_recv(&mut self.buffer).is_ok() {}
        let count = loop {
            match exchange(&self.socket, message, &mut self.buffer).await {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    self.socket = match next(&mut self.others).await {
                        Ok(socket) => socket,
                        Err(_) => return Err(error),
                    };
                }
                Err(error) => return Err(error),
            }
        };
        self.others.clear();
        Ok(&self.buffer[..count])
    }
}

/// A socket for the first of these addresses that there is a route to.
async fn next(others: &mut VecDeque<SocketAddr>) -> io::Result<UdpSocket> {
    let mut failure = io::Error::other("the name has no further address");
    while let Some(server) = others.pop_front() {
        match connect(server).await {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

async fn exchange(socket: &UdpSocket, message: &[u8], buffer: &mut [u8]) -> io::Result<usize> {
    socket.send(message).await?;
    timeout(PATIENCE, socket.recv(buffer)).await?
}

fn explain(error: &io::Error, endpoint: &Endpoint) -> String {
    match (error.kind(), endpoint) {
        (io::ErrorKind::TimedOut, _) => format!("no reply within {} s: lost", PATIENCE.as_secs()),
        (io::ErrorKind::ConnectionRefused, Endpoint::Server(address)) => Failure::NobodyListens {
            system: System::UdpEcho,
            transport: Transport::Udp,
            address: address.to_string(),
        }
        .to_string(),
        _ => format!("not sent: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bound socket, which answers nothing by itself, and its address.
    async fn bound() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    /// An address whose socket talks to itself only: others are refused.
    async fn refusing() -> (UdpSocket, SocketAddr) {
        let (socket, address) = bound().await;
        socket.connect(address).await.unwrap();
        (socket, address)
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_given_up_for_the_next_one() {
        let ((_one, first), (_two, second)) = (refusing().await, refusing().await);
        let (server, third) = bound().await;
        let answering = async {
            for _ in 0..2 {
                let mut room = [0; 16];
                let (count, peer) = server.recv_from(&mut room).await.unwrap();
                assert_eq!(&room[..count], b"a");
                server.send_to(b"A", peer).await.unwrap();
            }
        };
        let asking = async {
            let mut asked = Server::connect(vec![first, second, third]).await.unwrap();
            for _ in 0..2 {
                assert_eq!(asked.ask(b"a").await.unwrap(), b"A");
            }
            asked
        };
        let both = async { tokio::join!(asking, answering) };
        let (mut asked, ()) = timeout(Duration::from_secs(10), both).await.unwrap();
        // An address that has replied once is kept.
        drop(server);
        let error = asked.ask(b"a").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let mut asked = Server::connect(vec![first, second]).await.unwrap();
        let error = asked.ask(b"a").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn what_a_bridge_sends_too_late_is_no_reply_to_the_next_message() {
        use futures_util::{SinkExt as _, StreamExt as _};
        use tokio_tungstenite::tungstenite::Message;

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/bridge/udp-echo", listener.local_addr().unwrap());
        let bridge = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut web = tokio_tungstenite::accept_async(stream).await.unwrap();
            for reply in ["A", "B"] {
                web.next().await.unwrap().unwrap();
                // In one write: the second is there with the first.
                for message in [reply, "LATE"] {
                    web.feed(Message::binary(message)).await.unwrap();
                }
                web.flush().await.unwrap();
            }
            web
        };
        let client = async {
            let url = url.parse().unwrap();
            let endpoint = Endpoint::Bridge { url, trust: None };
            let mut peer = Peer::connect(&endpoint).await.unwrap();
            for (message, reply) in [(b"a", b"A"), (b"b", b"B")] {
                assert_eq!(peer.ask(message).await.unwrap(), &reply[..]);
            }
        };
        let both = async { tokio::join!(client, bridge) };
        timeout(Duration::from_secs(10), Box::pin(both))
            .await
            .unwrap();
    }
}
