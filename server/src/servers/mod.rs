//! The servers: thin drivers that carry bytes between a socket and the
//! machines of [`protocol::peer`]. They take a listener and a shutdown signal
//! and don't know whether they are watched.

pub mod auth;
mod conduct;
pub mod framed;
pub mod length_prefix;
pub mod ready_ack;
pub mod report;
pub mod sink;
pub mod stream;
pub mod tcp_echo;
#[cfg(test)]
mod tests;
pub mod udp_echo;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use protocol::auth::{Key, Scheme};
use protocol::framing::{DEFAULT_MAX_FRAME, LengthPrefix};
use protocol::peer::Deadlines;
use protocol::{Framing, System, Transport};
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;

use crate::net::{Audit, BindError, Capacity, Descriptors, bind_udp, listen_tcp};

pub use conduct::Conduct;
pub use report::Report;
pub use stream::{StreamConfig, serve_stream};
pub use udp_echo::{DatagramConfig, serve_datagrams};

/// Room the article's servers give each recv, in bytes.
pub const DEFAULT_BUFFER: usize = 1024;

/// Connections that may wait for accept where many are served at once.
pub const BACKLOG: u32 = 1024;

/// What can be asked of any of them.
#[derive(Clone, Debug)]
pub struct Options {
    /// Room for each recv, in bytes; at least 1.
    pub buffer: usize,
    /// Sleep before each recv.
    pub read_delay: Duration,
    /// Largest message accepted, in bytes.
    pub max_frame: u32,
    /// How `framed` and its clients frame messages.
    pub framing: Framing,
    /// The key of `auth`.
    pub key: Key,
    /// How `auth` has its clients prove that they know the key.
    pub scheme: Scheme,
    /// Where messages go.
    pub report: Report,
    /// How many connections are let in.
    pub limits: Capacity,
    /// What all listeners of the process share.
    pub descriptors: Descriptors,
    /// Receives the decisions about them.
    pub audit: Audit,
    /// How long a client may take. Not applied with a `read_delay`, because the
    /// server itself causes the delay then.
    pub deadlines: Deadlines,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            buffer: DEFAULT_BUFFER,
            read_delay: Duration::ZERO,
            max_frame: DEFAULT_MAX_FRAME,
            framing: Framing::LengthPrefix(LengthPrefix::default()),
            key: Key::default(),
            scheme: Scheme::default(),
            report: Report::Silent,
            limits: Capacity::CONNECTIONS,
            descriptors: Descriptors::default(),
            audit: Audit::default(),
            deadlines: Deadlines::SERVER,
        }
    }
}

/// A system's socket, bound and not served yet.
#[derive(Debug)]
pub struct Bound {
    system: System,
    socket: Socket,
}

/// The article's key on an address that others can reach.
#[derive(Debug, thiserror::Error)]
#[error("auth at {address}: everybody knows the article's key, give it one of your own")]
pub struct DemoKeyError {
    /// Where the server would have listened.
    pub address: SocketAddr,
}

#[derive(Debug)]
enum Socket {
    Stream(TcpListener),
    Datagrams(UdpSocket),
}

impl Bound {
    /// Binds `system` to `address`; port 0 takes a free one.
    pub fn bind(system: System, address: SocketAddr) -> Result<Self, BindError> {
        let socket = match system.transport() {
            Transport::Udp => Socket::Datagrams(bind_udp(address)?),
            Transport::Tcp => Socket::Stream(listen_tcp(address, backlog(system))?),
        };
        Ok(Self { system, socket })
    }

    /// Which system.
    pub const fn system(&self) -> System {
        self.system
    }

    /// The address it is bound to, with its real port.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Socket::Stream(listener) => listener.local_addr(),
            Socket::Datagrams(socket) => socket.local_addr(),
        }
    }

    /// Refuses the article's key where others than this machine can reach the
    /// server: everybody knows it.
    ///
    /// # Errors
    /// [`DemoKeyError`] for `auth` on an address that is not loopback.
    pub fn check_key(&self, key: &Key) -> Result<(), DemoKeyError> {
        match self.local_addr() {
            Ok(address)
                if self.system == System::Auth
                    && !address.ip().to_canonical().is_loopback()
                    && key.is_equivalent(&Key::default()) =>
            {
                Err(DemoKeyError { address })
            }
            _ => Ok(()),
        }
    }

    /// Serves until `shutdown`.
    pub async fn serve(self, options: &Options, shutdown: CancellationToken) {
        match self.socket {
            Socket::Stream(listener) => {
                serve_stream(listener, stream_config(self.system, options), shutdown).await;
            }
            Socket::Datagrams(socket) => {
                serve_datagrams(socket, udp_echo::config(options), shutdown).await;
            }
        }
    }
}

fn stream_config(system: System, options: &Options) -> StreamConfig {
    match system {
        System::ReadyAck => ready_ack::config(options),
        System::LengthPrefix => length_prefix::config(options),
        System::Auth => auth::config(options),
        System::Framed => framed::config(options),
        System::Sink => sink::config(options),
        System::TcpEcho | System::UdpEcho => tcp_echo::config(options),
    }
}

/// Connections that may wait for accept: five as in the article where one
/// client is served at a time. Else the queue is for bursts: a short one would
/// be full of one source's connections, and others would not even be heard.
const fn backlog(system: System) -> u32 {
    if system.is_serial() {
        tcp_echo::BACKLOG
    } else {
        BACKLOG
    }
}
