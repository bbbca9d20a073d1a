//! `stickylab serve`: the page and all five systems.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use protocol::System;
use protocol::auth::{Key, Scheme};
use stickylab::gateway::{self, Bridge, Network, Origin, Target};
use stickylab::net::budget::{Budget, raise_limit};
use stickylab::net::{Address, Audit, listen_tcp};
use stickylab::servers::{Bound, Options, Report};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Log;
use super::address;
use super::lesson_folder::Folder;
use super::limits::{self, Admission, Deadlines};
use super::outputs::Outputs;
use super::page_address::PageAddress;
use super::server::{announce, bind, check_key};

/// Connections to the page that may wait for accept.
const PAGE_BACKLOG: u32 = 1024;
/// Scrapes that may wait for accept.
const METRICS_BACKLOG: u32 = 16;
/// The longest time that a shutdown may take.
const LONGEST_DRAIN: Duration = Duration::from_hours(1);
/// How long everything may take to end after the signal and the drain.
const FAREWELL: Duration = Duration::from_secs(5);

/// The page and all five systems.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where the page is: HOST:PORT, such as localhost:7878, or :7878, which is
    /// on 127.0.0.1; port 0 takes a free one, here and below. unix:PATH is a Unix
    /// socket for a proxy on this machine, open to the owner and the group
    #[arg(long, value_name = "ADDR|unix:PATH", default_value = "127.0.0.1:7878")]
    page: PageAddress,
    /// A listener of its own for /metrics, which the page then does not have
    #[arg(long, value_name = "ADDR")]
    metrics: Option<Address>,
    /// Default: 127.0.0.1:8000
    #[arg(long, value_name = "ADDR")]
    udp_echo: Option<Address>,
    /// Default: 127.0.0.2:8000, or 127.0.0.1:8002 where there is none
    #[arg(long, value_name = "ADDR")]
    tcp_echo: Option<Address>,
    /// Default: 127.0.0.1:8000
    #[arg(long, value_name = "ADDR")]
    ready_ack: Option<Address>,
    /// Default: 127.0.0.1:8001
    #[arg(long, value_name = "ADDR")]
    length_prefix: Option<Address>,
    /// Default: 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    auth: Option<Address>,
    /// A folder with lesson files (*.toml) of your own, which the page lists as well; they
    /// are read again when they change
    #[arg(long, value_name = "DIR")]
    lessons: Option<PathBuf>,
    /// Another server that WebSocket clients may reach, at /bridge/NAME; can be
    /// given again. One behind a Unix socket is not told its visitors' addresses
    #[arg(
        long,
        value_name = "NAME=tcp:HOST:PORT|NAME=udp:HOST:PORT|NAME=unix:PATH"
    )]
    bridge: Vec<Bridge>,
    /// Another page that may connect, and a name this server may be called by;
    /// can be given again
    #[arg(long, value_name = "http[s]://HOST[:PORT]")]
    allow_origin: Vec<Origin>,
    /// A proxy in front of the page, or a network of them such as 10.0.0.0/8: whom
    /// it names in X-Forwarded-For counts as the client; can be given again
    #[arg(long, value_name = "IP|NETWORK")]
    trust_proxy: Vec<Network>,
    /// How long sessions of the page may go on after SIGTERM or Ctrl-C, such as
    /// 30s or 2m; a number alone counts seconds. At most 1h
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = drain)]
    drain: Duration,
    /// File with the key of auth; its line ending does not count. Without it
    /// the environment's STICKYLAB_SECRET, else the article's key
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// How clients of auth prove that they know the key: hmac-md5 is the
    /// article's; in mutual-sha256 the server proves itself, too
    #[arg(long, value_name = "NAME", default_value_t)]
    auth_scheme: Scheme,
    /// Print no messages of the five systems
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    admission: Admission,
    #[command(flatten)]
    deadlines: Deadlines,
    /// Sessions of the page's lab at a time; a quarter of them of one address.
    /// Default: 256, or half of the connections there are file descriptors for
    #[arg(long, value_name = "N", help_heading = "Limits of each listener")]
    max_sessions: Option<usize>,
    /// Runs of the page's lab that are running at a time, half of them of one
    /// address; others wait in turn. Default: 4 for each processor, at least 8,
    /// or as many as there are file descriptors for
    #[arg(long, value_name = "N", help_heading = "Limits of each listener")]
    max_runs: Option<NonZeroUsize>,
    /// For the head of each HTTP request to the page
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = limits::deadline)]
    head_deadline: Duration,
    /// For a client of the page to take some of its reply
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = limits::deadline)]
    reply_deadline: Duration,
}

impl Serve {
    pub(super) async fn run(
        self,
        outputs: Outputs,
        log: Log,
        shutdown: CancellationToken,
    ) -> Result<()> {
        let metrics = gateway::Metrics::new();
        metrics.count_dropped("stdout", outputs.out.clone());
        metrics.count_dropped("stderr", outputs.err.clone());
        let descriptors = raise_limit();
        let max_runs = self.max_runs.map(NonZeroUsize::get);
        let runs = max_runs.unwrap_or_else(gateway::running_runs);
        let budget = Budget::new(descriptors, runs);
        let options = Arc::new(Options {
            key: super::key(self.secret_file.as_deref())?,
            scheme: self.auth_scheme,
            report: if self.quiet {
                Report::Silent
            } else {
                Report::Lines(outputs.out.clone())
            },
            limits: self.admission.limits(&budget),
            descriptors: self.admission.descriptors(&budget),
            audit: Audit::to(metrics.clone()),
            deadlines: self.deadlines.all(),
            ..Options::default()
        });
        let (folder, telling) = match self.lessons.clone().map(Folder::open).transpose()? {
            Some((folder, telling)) => (Some(folder), Some(telling)),
            None => (None, None),
        };
        // Everything is bound before anything is announced or served.
        let page = self.page.listen(PAGE_BACKLOG).await?;
        let listen = |address| listen_tcp(address, METRICS_BACKLOG);
        let beside = match &self.metrics {
            Some(at) => Some(address::bind("metrics", at, "--metrics", listen).await?),
            None => None,
        };
        let mut systems = Vec::new();
        for (system, address) in self.addresses() {
            let flag = format!("--{system}");
            systems.push(bind(system, address, &flag).await?);
        }
        let config = gateway::Config {
            farewell: gateway::FAREWELL,
            bridges: bridges(&systems, self.bridge)?,
            origins: self.allow_origin,
            drain: self.drain,
            limits: options.limits,
            proxies: self.trust_proxy.clone(),
            metrics,
            head: self.head_deadline,
            reply: self.reply_deadline,
            sessions: self.max_sessions.unwrap_or(budget.sessions),
            runs: gateway::RUNS,
            running: max_runs.unwrap_or(budget.runs),
            runner: super::worker::runner(log, true)?,
            files: Some(gateway::Files {
                folder: telling,
                read: super::lesson_folder::read,
            }),
            descriptors: options.descriptors.clone(),
            operators: budget.operators,
        };
        for bound in &systems {
            check_key(bound, &options)?;
        }
        if let Some(address) = page.address() {
            check_page_key(address, &options)?;
        }
        let behind_proxy = !self.trust_proxy.is_empty() || page.address().is_none();
        if behind_proxy && options.key.is_equivalent(&Key::default()) {
            tracing::warn!(
                "auth has the article's key, which everybody knows, and the page behind the proxy \
                 leads to it by its bridge: give it one of your own with --secret-file or {}",
                stickylab::worker::SECRET
            );
        }
        limits::tell(descriptors, &budget, true);
        self.admission.warn(&budget);
        limits::warn_of_connections(&budget, "--max-sessions", self.max_sessions);
        limits::warn_of_runs(&budget, "--max-runs", max_runs);
        let listeners = gateway::Listeners {
            page,
            metrics: beside.map(gateway::Listener::from),
        };
        let of_gateway = listeners.metrics.iter().map(|at| format!("metrics {at}"));
        let of_gateway: Vec<_> = of_gateway
            .chain([format!("page {}", listeners.page)])
            .collect();
        // The lab's threads are there before anything is announced.
        let gateway = gateway::serve(listeners, config, shutdown.clone()).context("the lab")?;
        for bound in &systems {
            announce(bound, &outputs)?;
        }
        for listener in of_gateway {
            outputs.out.print(&format!("listening {listener}"));
        }

        // The gateway takes leave first: a bridge whose server ended before
        // would tell its peer of an end instead of a shutdown.
        let farewell = CancellationToken::new();
        let watching = folder.map(|folder| tokio::spawn(folder.watch()));
        let mut tasks = JoinSet::new();
        for bound in systems {
            let (options, farewell) = (Arc::clone(&options), farewell.clone());
            tasks.spawn(async move { bound.serve(&options, farewell).await });
        }
        tasks.spawn(async move {
            gateway.await;
            farewell.cancel();
        });
        let supervised = supervise(tasks, &shutdown, self.drain + FAREWELL).await;
        if let Some(watching) = watching {
            watching.abort();
        }
        supervised
    }

    fn addresses(&self) -> [(System, Option<&Address>); 5] {
        let addresses = [
            &self.udp_echo,
            &self.tcp_echo,
            &self.ready_ack,
            &self.length_prefix,
            &self.auth,
        ];
        std::array::from_fn(|at| (System::ARTICLE[at], addresses[at].as_ref()))
    }
}

/// A time of at most an hour.
fn drain(text: &str) -> Result<Duration, String> {
    let time = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text).map_err(|error| error.to_string())?,
    };
    if time <= LONGEST_DRAIN {
        Ok(time)
    } else {
        Err("it can be at most 1h".to_owned())
    }
}

/// Refuses the article's key where others than this machine can reach the
/// page: its bridge leads to auth.
fn check_page_key(page: SocketAddr, options: &Options) -> Result<()> {
    ensure!(
        page.ip().to_canonical().is_loopback() || !options.key.is_equivalent(&Key::default()),
        "the page at {page} leads to auth by its bridge: everybody knows the article's key, give \
         it one of your own with --secret-file or {}",
        stickylab::worker::SECRET
    );
    Ok(())
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
        let address = reachable(bound.local_addr()?);
        bridges.push(Bridge {
            name: system.name().to_owned(),
            target: Target::new(system.transport(), address.into()),
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
    fn a_drain_is_a_time_of_at_most_an_hour() {
        fn check(text: &str, expected: Option<u64>) {
            let time = drain(text).ok();
            assert_eq!(time, expected.map(Duration::from_millis), "{text:?}");
        }
        check("3s", Some(3_000));
        check("250ms", Some(250));
        check("3", Some(3_000));
        check("0", Some(0));
        check("1h", Some(3_600_000));
        check("3601", None);
        check("61m", None);
        check("-1", None);
        check("1.5", None);
        check("soon", None);
        check("99999999999999999999", None);
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
