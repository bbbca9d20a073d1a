//! The private server of a run, on its own thread: the same code as
//! `stickylab server`, with the tap around its socket.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use protocol::Transport;
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use trace::Experiment;

use super::LabError;
use crate::net::{Recorder, bind_udp, listen_tcp};
use crate::servers::{DatagramConfig, Report, StreamConfig, serve_datagrams, serve_stream};

/// Starts it; returns where it listens.
pub(super) fn start(
    experiment: &Experiment,
    recorder: &Recorder,
    stop: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), LabError> {
    let (ready, listening) = mpsc::channel();
    let experiment = experiment.clone();
    let recorder = recorder.clone();
    let thread = thread::Builder::new()
        .name("lab-server".to_owned())
        .spawn(move || {
            let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = ready.send(Err(error.into()));
                    return;
                }
            };
            runtime.block_on(async {
                match bind(&experiment, &recorder, stop) {
                    Ok((address, serving)) => {
                        let _ = ready.send(Ok(address));
                        serving.await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
        })?;
    let ended = |_| std::io::Error::other("the server's thread ended before it listened");
    let address = listening.recv().map_err(ended)??;
    Ok((address, thread))
}

type Serving = Pin<Box<dyn Future<Output = ()>>>;

fn bind(
    experiment: &Experiment,
    recorder: &Recorder,
    stop: CancellationToken,
) -> Result<(SocketAddr, Serving), LabError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let buffer = experiment.buffer as usize;
    let read_delay = Duration::from_millis(experiment.read_delay_ms.into());
    match experiment.transport() {
        Transport::Tcp => {
            let listener = listen_tcp(any, experiment.backlog)?;
            let address = listener.local_addr()?;
            let config = StreamConfig {
                system: experiment.system,
                rules: experiment.rules(),
                buffer,
                read_delay,
                serial: experiment.is_serial(),
                report: Report::Silent,
            };
            let tapped = recorder.tap_listener(listener);
            Ok((address, Box::pin(serve_stream(tapped, config, stop))))
        }
        Transport::Udp => {
            let socket = bind_udp(any)?;
            let address = socket.local_addr()?;
            let config = DatagramConfig {
                buffer,
                read_delay,
                report: Report::Silent,
            };
            let tapped = recorder.tap_datagrams(socket);
            Ok((address, Box::pin(serve_datagrams(tapped, config, stop))))
        }
    }
}
