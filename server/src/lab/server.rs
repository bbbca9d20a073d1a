//! The private server of a run, on its own thread: the same code as
//! `stickylab server`, with the tap around its socket.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use protocol::peer::Deadlines;
use protocol::{Nanos, Transport};
use socket2::Socket;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use trace::Experiment;

use super::LabError;
use crate::net::{Admission, Audit, Capacity, Recorder, datagram_socket, listening, stream_socket};
use crate::priority::Priority;
use crate::servers::{
    Conduct, DatagramConfig, Report, StreamConfig, serve_datagrams, serve_stream,
};

/// Its socket, listening and not served yet.
pub(super) struct Bound {
    socket: Socket,
    pub(super) address: SocketAddr,
}

impl Bound {
    /// On a free port of `address`, with the options that `experiment` asks for.
    pub(super) fn new(experiment: &Experiment, address: IpAddr) -> Result<Self, LabError> {
        let any = SocketAddr::from((address, 0));
        let receive_buffer = NonZeroUsize::new(experiment.receive_buffer as usize);
        let socket = match experiment.transport() {
            Transport::Tcp => {
                let socket = if experiment.server_absent {
                    stream_socket(any, receive_buffer)?
                } else {
                    listening(any, experiment.backlog, receive_buffer)?
                };
                // Accepted connections inherit it.
                if experiment.server_nagle {
                    socket.set_tcp_nodelay(false)?;
                }
                socket
            }
            Transport::Udp => datagram_socket(any, receive_buffer)?,
        };
        // Accepted connections inherit it.
        if experiment.server_send_buffer > 0 {
            socket.set_send_buffer_size(experiment.server_send_buffer as usize)?;
        }
        let address = local_address(&socket)?;
        if experiment.server_absent && experiment.transport() == Transport::Udp {
            // The port stays its own, and nobody else's datagrams are for it.
            socket.connect(&address.into())?;
        }
        Ok(Self { socket, address })
    }

    /// The same socket once more, to ask the kernel about it. It stays open
    /// until this is dropped too.
    pub(super) fn socket(&self) -> io::Result<Socket> {
        self.socket.try_clone()
    }

    /// Serves it until `stop`.
    pub(super) fn start(
        self,
        experiment: &Experiment,
        recorder: &Recorder,
        stop: CancellationToken,
        priority: Priority,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serving = {
            let _inside = runtime.enter();
            self.serving(experiment, recorder, stop)?
        };
        let serve = move || {
            priority.apply();
            runtime.block_on(serving);
        };
        let thread = thread::Builder::new().name("lab-server".to_owned());
        thread.spawn(serve)
    }

    fn serving(
        self,
        experiment: &Experiment,
        recorder: &Recorder,
        stop: CancellationToken,
    ) -> io::Result<Serving> {
        let buffer = experiment.buffer as usize;
        let read_delay = Duration::from_millis(experiment.read_delay_ms.into());
        if experiment.server_absent {
            let socket = self.socket;
            return Ok(Box::pin(async move {
                stop.cancelled().await;
                drop(socket);
            }));
        }
        Ok(match experiment.transport() {
            Transport::Tcp => {
                let config = StreamConfig {
                    system: experiment.system,
                    rules: experiment.rules(),
                    buffer,
                    read_delay,
                    conduct: conduct(experiment),
                    serial: experiment.is_serial(),
                    report: Report::Silent,
                    deadlines: deadlines(experiment),
                    // The run has its own.
                    patience: None,
                    admission: Admission::new(limits(experiment)),
                    audit: Audit::to(recorder.clone()),
                    private: true,
                };
                let listener = TcpListener::from_std(self.socket.into())?;
                let tapped = recorder.tap_listener(listener);
                Box::pin(serve_stream(tapped, config, stop))
            }
            Transport::Udp => {
                let config = DatagramConfig {
                    buffer,
                    read_delay,
                    report: Report::Silent,
                    admission: Admission::new(Capacity::DATAGRAMS),
                    breaks_loops: false,
                    audit: Audit::to(recorder.clone()),
                    private: true,
                };
                let socket = UdpSocket::from_std(self.socket.into())?;
                let tapped = recorder.tap_datagrams(socket);
                Box::pin(serve_datagrams(tapped, config, stop))
            }
        })
    }
}

/// Where a bound socket is.
pub(super) fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    let address = socket.local_addr()?.as_socket();
    address.ok_or_else(|| io::Error::other("a socket without an address"))
}

/// What the experiment's server does otherwise than others.
fn conduct(experiment: &Experiment) -> Conduct {
    Conduct {
        recv_sizes: experiment
            .recv_sizes
            .iter()
            .map(|size| *size as usize)
            .collect(),
        close_after: Some(experiment.close_after).filter(|recvs| *recvs > 0),
        reply_piece: experiment.reply_piece as usize,
        reply_delay: Duration::from_millis(experiment.reply_delay_ms.into()),
        cork: experiment.server_cork,
        replies_together: experiment.replies_together,
    }
}

/// What the experiment says; of a server that sleeps on purpose none.
fn deadlines(experiment: &Experiment) -> Deadlines {
    let deadline = match (experiment.deadline_ms, experiment.read_delay_ms) {
        (0, _) | (_, 1..) => None,
        (deadline, 0) => Some(Nanos::from_millis(deadline.into())),
    };
    Deadlines {
        handshake: deadline,
        frame: deadline,
        idle: None,
    }
}

/// Those of a server on a network, but for what the experiment says.
fn limits(experiment: &Experiment) -> Capacity {
    let network = Capacity::CONNECTIONS;
    Capacity {
        per_source: match experiment.max_per_source {
            0 => network.per_source,
            most => most as usize,
        },
        ..network
    }
}

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
