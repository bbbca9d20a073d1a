//! A client's socket before it connects: its address, and its options.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use protocol::Transport;
use socket2::{Domain, TcpKeepalive, Type};
use trace::{Client as Plan, ClientId, IpVersion};

use crate::lab::place::Place;
use crate::lab::server::local_address;

/// A client's socket with an address and no peer: who it is is known before
/// its first packet.
pub(in crate::lab) struct Bound {
    pub(super) transport: Transport,
    pub(super) socket: socket2::Socket,
    pub(in crate::lab) address: SocketAddr,
    /// Those of the further connections.
    pub(in crate::lab) further: Vec<Self>,
}

impl Bound {
    /// A socket on a free port, with the options that `plan` asks for; and
    /// one more for each further connection of a stream.
    pub(in crate::lab) fn new(
        transport: Transport,
        ip: IpVersion,
        plan: &Plan,
        id: ClientId,
        place: &Place,
    ) -> io::Result<Self> {
        let further = match transport {
            Transport::Tcp => plan.connections.saturating_sub(1),
            Transport::Udp => 0,
        };
        let source = place.client(ip, id, further == 0);
        let further = (0..further).map(|_| Self::at(source, transport, plan));
        Ok(Self {
            further: further.collect::<io::Result<_>>()?,
            ..Self::at(source, transport, plan)?
        })
    }

    fn at(source: IpAddr, transport: Transport, plan: &Plan) -> io::Result<Self> {
        let kind = match transport {
            Transport::Tcp => Type::STREAM,
            Transport::Udp => Type::DGRAM,
        };
        let address = SocketAddr::new(source, 0);
        let socket = socket2::Socket::new(Domain::for_address(address), kind, None)?;
        socket.set_nonblocking(true)?;
        if plan.send_buffer > 0 {
            socket.set_send_buffer_size(plan.send_buffer as usize)?;
        }
        match transport {
            Transport::Tcp => {
                socket.set_tcp_nodelay(!plan.nagle)?;
                keep_alive(&socket, plan)?;
            }
            // Where there is no such option, nothing is told.
            Transport::Udp => drop(kernel::count_drops(&socket)),
        }
        socket.bind(&address.into())?;
        Ok(Self {
            transport,
            address: local_address(&socket)?,
            socket,
            further: Vec::new(),
        })
    }
}

/// SO_KEEPALIVE and its times, as `plan` asks for them.
fn keep_alive(socket: &socket2::Socket, plan: &Plan) -> io::Result<()> {
    if plan.keep_alive_s == 0 {
        return Ok(());
    }
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let mut times = TcpKeepalive::new().with_time(seconds(plan.keep_alive_s));
    if plan.keep_alive_interval_s > 0 {
        times = times.with_interval(seconds(plan.keep_alive_interval_s));
    }
    #[cfg(not(windows))]
    if plan.keep_alive_probes > 0 {
        times = times.with_retries(plan.keep_alive_probes);
    }
    socket.set_tcp_keepalive(&times)
}
