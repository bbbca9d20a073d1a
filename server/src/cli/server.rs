//! `stickylab server <system>`: one system's server, without the page.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use protocol::auth::Scheme;
use protocol::{Framing, System};
use stickylab::net::Address;
use stickylab::net::budget::{Budget, raise_limit};
use stickylab::servers::Report;
use stickylab::servers::{Bound, Options};
use tokio_util::sync::CancellationToken;

use super::limits::{self, Admission, Deadlines};
use super::outputs::Outputs;
use super::{address, framing, size};

/// Where `tcp-echo` goes on a machine that has only one loopback address.
const WITHOUT_127_0_0_2: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8002);

/// One system's server, without the page.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// udp-echo, tcp-echo, ready-ack, length-prefix, auth, framed or sink
    system: System,
    /// Address to listen on, such as 127.0.0.1:9000, localhost:9000 or :9000,
    /// which is on 127.0.0.1; port 0 takes a free one. Default: the system's own
    #[arg(long, value_name = "ADDR")]
    listen: Option<Address>,
    /// Room for each recv: 1 byte to 1MiB
    #[arg(long, value_name = "SIZE", default_value = "1024", value_parser = size::buffer)]
    buffer: usize,
    /// Sleep before each recv, such as 50ms or 2s
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = humantime::parse_duration)]
    read_delay: Duration,
    /// How messages of framed and the replies to them are framed: a name, and settings
    /// behind commas, as in length-prefix,width=2. Default: length-prefix
    #[arg(long, value_name = "FRAMING", value_parser = framing::parse)]
    framing: Option<Framing>,
    /// Largest message accepted: 1 byte to 1GiB
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = size::max_frame)]
    max_frame: u32,
    /// File with the key of auth; its line ending does not count. Without it
    /// the environment's STICKYLAB_SECRET, else the article's key
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// How clients of auth prove that they know the key: hmac-md5 is the
    /// article's; in mutual-sha256 the server proves itself, too
    #[arg(long, value_name = "NAME", default_value_t)]
    scheme: Scheme,
    /// Print each message as a JSON object
    #[arg(long)]
    json: bool,
    /// Print no messages
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    admission: Admission,
    #[command(flatten)]
    deadlines: Deadlines,
}

impl Server {
    /// Whether its standard output is JSON.
    pub(super) const fn prints_json(&self) -> bool {
        self.json
    }

    pub(super) async fn run(self, outputs: Outputs, shutdown: CancellationToken) -> Result<()> {
        super::check_scheme(self.system, self.scheme)?;
        let framing = framing::of_system(self.system, self.framing.as_ref())?;
        let descriptors = raise_limit();
        let budget = Budget::new(descriptors, 0);
        let options = Options {
            buffer: self.buffer,
            read_delay: self.read_delay,
            max_frame: self.max_frame,
            framing,
            key: super::key(self.secret_file.as_deref())?,
            scheme: self.scheme,
            report: match (self.quiet, self.json) {
                (true, _) => Report::Silent,
                (false, true) => Report::Json(outputs.out.clone()),
                (false, false) => Report::Lines(outputs.out.clone()),
            },
            limits: self.admission.limits(&budget),
            descriptors: self.admission.descriptors(&budget),
            deadlines: self.deadlines.all(),
            ..Options::default()
        };
        let bound = bind(self.system, self.listen.as_ref(), "--listen").await?;
        check_key(&bound, &options)?;
        limits::tell(descriptors, &budget, false);
        self.admission.warn(&budget);
        announce(&bound, &outputs)?;
        bound.serve(&options, shutdown).await;
        Ok(())
    }
}

/// Binds `system` to `address`, or else to its default. `flag` is what chooses
/// another.
pub(super) async fn bind(system: System, address: Option<&Address>, flag: &str) -> Result<Bound> {
    let bind = |address| Bound::bind(system, address);
    if let Some(address) = address {
        return address::bind(system.name(), address, flag, bind).await;
    }
    let default = system
        .default_address()
        .parse()
        .context("a default address is one")?;
    let bound = match bind(default) {
        Err(error) if error.is_no_such_address() && system == System::TcpEcho => {
            eprintln!(
                "stickylab: this machine has no {}, so tcp-echo is at {WITHOUT_127_0_0_2}",
                default.ip()
            );
            bind(WITHOUT_127_0_0_2)
        }
        bound => bound,
    };
    bound.map_err(|error| anyhow::anyhow!("{system}: {error} with {flag}"))
}

/// Refuses a key that is none, with what to do.
pub(super) fn check_key(bound: &Bound, options: &Options) -> Result<()> {
    let checked = bound.check_key(&options.key);
    checked.map_err(|error| {
        anyhow::anyhow!(
            "{error} with --secret-file or {}",
            stickylab::worker::SECRET
        )
    })
}

/// Says on standard output that `bound` is ready.
pub(super) fn announce(bound: &Bound, outputs: &Outputs) -> Result<()> {
    let system = bound.system();
    let address = bound.local_addr()?;
    outputs.out.print(&format!(
        "listening {system} {} {address}",
        system.transport()
    ));
    Ok(())
}
