//! `stickylab serve`: the page and all five systems.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use protocol::System;
use stickylab::gateway::{self, Bridge, Origin};
use stickylab::net::listen_tcp;
use stickylab::servers::report::{self, Report};
use stickylab::servers::{Bound, Options};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::limits::Admission;
use super::server::{announce, bind, check_key};

/// Connections to the page that may wait for accept.
const PAGE_BACKLOG: u32 = 1024;
/// How long everything may take to end after the signal and the drain.
const FAREWELL: Duration = Duration::from_secs(5);

/// The page and all five systems.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where the page is; port 0 takes a free one, here and below
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7878")]
    page: SocketAddr,
    /// Default: 127.0.0.1:8000
    #[arg(long, value_name = "ADDR")]
    udp_echo: Option<SocketAddr>,
    /// Default: 127.0.0.2:8000, or 127.0.0.1:8002 where there is none
    #[arg(long, value_name = "ADDR")]
    tcp_echo: Option<SocketAddr>,
    /// Default: 127.0.0.1:8000
    #[arg(long, value_name = "ADDR")]
    ready_ack: Option<SocketAddr>,
    /// Default: 127.0.0.1:8001
    #[arg(long, value_name = "ADDR")]
    length_prefix: Option<SocketAddr>,
    /// Default: 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    auth: Option<SocketAddr>,
    /// Another server the page's bridge may reach; can be given again
    #[arg(long, value_name = "NAME=tcp:HOST:PORT|NAME=udp:HOST:PORT")]
    bridge: Vec<Bridge>,
    /// Another page that may connect, and a name this server may be called by;
    /// can be given again
    #[arg(long, value_name = "http[s]://HOST[:PORT]")]
    allow_origin: Vec<Origin>,
    /// Seconds that sessions of the page may go on after SIGTERM or Ctrl-C
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=3_600))]
    drain: u16,
    /// File with the key of auth; its line ending does not count. Without it
    /// the environment's STICKYLAB_SECRET, else the article's key
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    admission: Admission,
}

impl Serve {
    pub(super) async fn run(self, shutdown: CancellationToken) -> Result<()> {
        let options = Arc::new(Options {
            key: super::key(self.secret_file.as_deref())?,
            report: Report::Lines,
            limits: self.admission.limits(),
            ..Options::default()
        });
        // Everything is bound before anything is announced or served.
        let page = listen_tcp(self.page, PAGE_BACKLOG)
            .map_err(|error| anyhow::anyhow!("page: {error} with --page"))?;
        let systems = System::ALL
            .into_iter()
            .map(|system| bind(system, self.address(system), &format!("--{system}")))
            .collect::<Result<Vec<_>>>()?;
        let drain = Duration::from_secs(self.drain.into());
        let config = gateway::Config {
            bridges: bridges(&systems, self.bridge)?,
            origins: self.allow_origin,
            drain,
            limits: options.limits,
        };
        for bound in &systems {
            check_key(bound, &options)?;
        }
        for bound in &systems {
            announce(bound)?;
        }
        report::print_line(&format!("listening page tcp {}", page.local_addr()?));

        // The gateway takes leave first: a bridge whose server ended before
        // would tell its peer of an end instead of a shutdown.
        let farewell = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for bound in systems {
            let (options, farewell) = (Arc::clone(&options), farewell.clone());
            tasks.spawn(async move { bound.serve(&options, farewell).await });
        }
        let gateway = gateway::serve(page, config, shutdown.clone());
        tasks.spawn(async move {
            gateway.await;
            farewell.cancel();
        });
        supervise(tasks, &shutdown, drain + FAREWELL).await
    }

    fn address(&self, system: System) -> Option<SocketAddr> {
        match system {
            System::UdpEcho => self.udp_echo,
            System::TcpEcho => self.tcp_echo,
            System::ReadyAck => self.ready_ack,
            System::LengthPrefix => self.length_prefix,
            System::Auth => self.auth,
        }
    }
}

/// Waits for the signal, and then for every task, but not forever. A task that
/// ends unasked takes the others with it.
async fn supervise(
    mut tasks: JoinSet<()>,
    shutdown: &CancellationToken,
    patience: Duration,
) -> Result<()> {
    let unasked = tokio::select! {
        () = shutdown.cancelled() => None,
        ended = tasks.join_next() => ended,
    };
    shutdown.cancel();
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(patience, all).await.is_err() {
        tracing::warn!("connections were cut off at shutdown");
    }
    match unasked {
        Some(ended) => ended.context("a server or the page failed"),
        None => Ok(()),
    }
}

/// The five systems and what the operator added, each under its own name.
fn bridges(systems: &[Bound], added: Vec<Bridge>) -> Result<Vec<Bridge>> {
    let mut bridges = Vec::new();
    for bound in systems {
        let system = bound.system();
        bridges.push(Bridge {
            name: system.name().to_owned(),
            transport: system.transport(),
            address: reachable(bound.local_addr()?).to_string(),
        });
    }
    for bridge in added {
        let name = &bridge.name;
        let taken = bridges.iter().any(|other| other.name == *name);
        ensure!(
            !taken,
            "there are two bridges called {name}: choose another name with --bridge"
        );
        bridges.push(bridge);
    }
    Ok(bridges)
}

/// Where a server that listens on every address is reached from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_reached_through_loopback() {
        fn check(bound: &str, expected: &str) {
            let bound: SocketAddr = bound.parse().unwrap();
            assert_eq!(reachable(bound).to_string(), expected);
        }
        check("0.0.0.0:8000", "127.0.0.1:8000");
        check("[::]:8000", "[::1]:8000");
        check("127.0.0.2:8000", "127.0.0.2:8000");
    }

    #[test]
    fn a_bridge_name_is_taken_once() {
        let bridge = |text: &str| text.parse::<Bridge>().unwrap();
        let mine = bridge("mine=tcp:127.0.0.1:9000");
        let added = bridges(&[], vec![mine.clone(), mine.clone()]);
        let error = added.unwrap_err().to_string();
        assert!(error.contains("called mine"), "{error}");
        assert_eq!(bridges(&[], vec![mine.clone()]).unwrap(), vec![mine]);
    }
}
