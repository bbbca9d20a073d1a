//! `udp-echo`'s client: each line a datagram, each datagram awaited for a
//! while. Wire format: [`crate::servers::udp_echo`].

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use protocol::{System, Transport};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{Console, Failure};

/// How long a reply may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);
/// No datagram is longer, in bytes (RFC 768: a 16-bit length).
const LARGEST: usize = 65_535;

/// Sends each line, empty ones too, and prints each reply.
pub async fn run(address: &str, console: &mut Console) -> Result<(), Failure> {
    let unreachable = |error| Failure::Unreachable {
        address: address.to_owned(),
        error,
    };
    let socket = connect(address).await.map_err(unreachable)?;
    let mut buffer = vec![0; LARGEST];
    let mut lost = 0;
    while let Some(message) = console.line().await {
        // What comes too late for one message is no reply to the next.
        while socket.try_recv(&mut buffer).is_ok() {}
        match ask(&socket, &message, &mut buffer).await {
            Ok(reply) => console.reply(reply).map_err(Failure::Output)?,
            Err(error) => {
                lost += 1;
                console.note(&explain(&error, address));
            }
        }
    }
    match lost {
        0 => Ok(()),
        count => Err(Failure::Lost(count)),
    }
}

/// A socket that talks to `address` only, and so hears when nobody is there.
async fn connect(address: &str) -> io::Result<UdpSocket> {
    let server = tokio::net::lookup_host(address).await?.next();
    let server = server.ok_or_else(|| io::Error::other("the name has no address"))?;
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}

async fn ask<'a>(socket: &UdpSocket, message: &[u8], buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    socket.send(message).await?;
    let count = timeout(PATIENCE, socket.recv(buffer)).await??;
    Ok(&buffer[..count])
}

fn explain(error: &io::Error, address: &str) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => format!("no reply within {} s: lost", PATIENCE.as_secs()),
        io::ErrorKind::ConnectionRefused => Failure::NobodyListens {
            system: System::UdpEcho,
            transport: Transport::Udp,
            address: address.to_owned(),
        }
        .to_string(),
        _ => format!("not sent: {error}"),
    }
}
