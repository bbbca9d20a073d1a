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

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Nanos, System};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Options, Report};
use crate::net::admission::{Admission, Capacity};
use crate::net::{Audit, Datagrams, Decision, Echoes};

/// Pause after a failed recvfrom, so that an error that stays is no spin.
const AFTER_ERROR: Duration = Duration::from_millis(10);
/// How often loops that were broken are logged at most.
const LOOP_LOG: Duration = Duration::from_secs(1);

/// How a datagram server behaves.
#[derive(Clone, Debug)]
pub struct DatagramConfig {
    /// Room for each recvfrom, in bytes; at least 1.
    pub buffer: usize,
    /// Sleep before each recvfrom.
    pub read_delay: Duration,
    /// Where messages go.
    pub report: Report,
    /// How often one source is answered.
    pub admission: Arc<Admission>,
    /// Whether echo loops are broken. Where no other program can send, each
    /// datagram gets its answer.
    pub breaks_loops: bool,
    /// Receives the decisions.
    pub audit: Audit,
    /// Whether it is an experiment's own server: its refusals are not logged.
    pub private: bool,
}

/// The server's configuration.
pub fn config(options: &Options) -> DatagramConfig {
    DatagramConfig {
        buffer: options.buffer,
        read_delay: options.read_delay,
        report: options.report.clone(),
        admission: Admission::new(Capacity::DATAGRAMS),
        breaks_loops: true,
        audit: options.audit.clone(),
        private: false,
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
    let own = socket.local_addr().ok();
    let mut echoes = config.breaks_loops.then(Echoes::default);
    let started = Instant::now();
    let mut logged: Option<Instant> = None;
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
        if is_service(peer, own) {
            debug!("udp-echo: {peer} is a service: no answer");
            continue;
        }
        if let Err(refusal) = config.admission.check_rate(peer) {
            let decision = Decision::TurnedAway(refusal);
            config.audit.decided(System::UdpEcho, peer, decision);
            if !config.private {
                config.admission.log("udp-echo", peer, refusal);
            }
            continue;
        }
        let echo = bytes.to_ascii_uppercase();
        if let Some(echoes) = &mut echoes
            && !echoes.handle_datagram(peer, bytes, &echo, Nanos::from(started.elapsed()))
        {
            config
                .audit
                .decided(System::UdpEcho, peer, Decision::LoopBroken);
            if logged.is_none_or(|at| at.elapsed() >= LOOP_LOG) {
                logged = Some(Instant::now());
                warn!("udp-echo: {peer} sends back what it is sent: one datagram not answered");
            }
            continue;
        }
        config.report.message(System::UdpEcho, peer, bytes);
        if let Err(error) = socket.send_to(&echo, peer).await {
            debug!("udp-echo: sendto {peer}: {error}");
        }
    }
}

/// Whether an answer to `peer` could be answered again: with a forged source
/// address of a service, or of this server itself, two servers would answer
/// each other without end (CVE-2024-2169). Services have the ports below 1024
/// (RFC 6335, system ports); the lab's own is named.
fn is_service(peer: SocketAddr, own: Option<SocketAddr>) -> bool {
    peer.port() < 1024 || own.is_some_and(|own| own.port() == peer.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_the_server_itself_get_no_answer() {
        let case = |peer: &str| is_service(peer.parse().unwrap(), "127.0.0.1:8000".parse().ok());
        assert!(case("192.0.2.1:7") && case("192.0.2.1:53") && case("192.0.2.1:1023"));
        assert!(case("127.0.0.1:8000") && case("192.0.2.1:8000") && case("127.0.0.1:0"));
        assert!(!case("127.0.0.1:8001") && !case("192.0.2.1:1024"));
    }
}
