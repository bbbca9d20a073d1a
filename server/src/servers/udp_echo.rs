//! `udp-echo`: each datagram answered with its bytes, ASCII-uppercased.
//!
//! ```text
//! client  [hello]         one datagram
//! server       [HELLO]    one datagram to where it came from
//! client  []              an empty one is one too
//! server       []
//! ```
//!
//! What exceeds the receive buffer is gone.

use std::time::Duration;

use protocol::System;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Options, Report};
use crate::net::Datagrams;

/// Pause after a failed recvfrom, so that an error that stays is no spin.
const AFTER_ERROR: Duration = Duration::from_millis(10);

/// How a datagram server behaves.
#[derive(Clone, Debug)]
pub struct DatagramConfig {
    /// Room for each recvfrom, in bytes; at least 1.
    pub buffer: usize,
    /// Sleep before each recvfrom.
    pub read_delay: Duration,
    /// Where messages go.
    pub report: Report,
}

/// The server's configuration.
pub fn config(options: &Options) -> DatagramConfig {
    DatagramConfig {
        buffer: options.buffer,
        read_delay: options.read_delay,
        report: options.report,
    }
}

/// Answers datagrams until `shutdown`. No error ends it: on a datagram socket
/// an error is about one peer, such as a port that nobody has any more.
pub async fn serve_datagrams<D: Datagrams>(
    socket: D,
    config: DatagramConfig,
    shutdown: CancellationToken,
) {
    shutdown.run_until_cancelled(answer(&socket, &config)).await;
}

async fn answer<D: Datagrams>(socket: &D, config: &DatagramConfig) {
    let mut buffer = vec![0; config.buffer.max(1)];
    loop {
        if !config.read_delay.is_zero() {
            tokio::time::sleep(config.read_delay).await;
        }
        let (bytes, peer) = match socket.recv_from(&mut buffer).await {
            Ok((count, peer)) => (&buffer[..count], peer),
            Err(error) => {
                debug!("udp-echo: recvfrom: {error}");
                tokio::time::sleep(AFTER_ERROR).await;
                continue;
            }
        };
        config.report.message(System::UdpEcho, peer, bytes);
        if let Err(error) = socket.send_to(&bytes.to_ascii_uppercase(), peer).await {
            debug!("udp-echo: sendto {peer}: {error}");
        }
    }
}
