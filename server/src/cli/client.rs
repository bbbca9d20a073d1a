//! `stickylab client <system>`: one system's client.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use protocol::auth::Scheme;
use protocol::{Framing, System};
use stickylab::clients::{self, Agreed, BridgeUrl, Console, Endpoint, Failure, Trust};
use stickylab::net::Address;

use super::framing;
use super::output::Closed;

/// One system's client: a prompt on a terminal, one message a line from a pipe.
#[derive(Debug, Args)]
pub(super) struct Client {
    /// udp-echo, tcp-echo, ready-ack, length-prefix, auth, framed or sink
    system: System,
    /// Where the server is, such as 127.0.0.1:9000, localhost:9000 or :9000,
    /// which is on 127.0.0.1; or a bridge to it, such as ws://HOST/bridge/auth,
    /// or wss:// for TLS. A URL without a path means /bridge/SYSTEM. Default:
    /// the system's own address
    #[arg(long, value_name = "ADDR|URL", value_parser = target)]
    connect: Option<Target>,
    /// File with the certificates (PEM) that a bridge at wss:// is trusted by,
    /// instead of those that this machine trusts
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How messages of framed and the replies to them are framed: a name, and settings
    /// behind commas, as in length-prefix,width=2. Default: length-prefix
    #[arg(long, value_name = "FRAMING", value_parser = framing::parse)]
    framing: Option<Framing>,
    /// Print no replies
    #[arg(long)]
    quiet: bool,
    /// File with the key of auth; its line ending does not count
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// How auth proves the key, as the server demands it: hmac-md5 is the
    /// article's; in mutual-sha256 the server proves itself, too
    #[arg(long, value_name = "NAME", default_value_t)]
    scheme: Scheme,
}

impl Client {
    pub(super) fn run(self) -> Result<()> {
        super::check_scheme(self.system, self.scheme)?;
        let framing = framing::of_system(self.system, self.framing.as_ref())?;
        let agreed = Agreed {
            key: super::key(self.secret_file.as_deref())?,
            scheme: self.scheme,
            framing,
        };
        let endpoint = self.endpoint()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start")?;
        let mut console = if self.quiet {
            Console::quiet()
        } else {
            Console::standard()
        };
        let done = runtime.block_on(clients::run(self.system, &endpoint, agreed, &mut console));
        match done {
            // EPIPE: the reader of standard output has closed it, as `head` does.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(Closed.into())
            }
            done => Ok(done?),
        }
    }

    fn endpoint(&self) -> Result<Endpoint> {
        let endpoint = match self.connect.clone() {
            None => Endpoint::Server(self.system.default_address().parse()?),
            Some(Target::Server(address)) => Endpoint::Server(address),
            Some(Target::Bridge(url)) if url.is_tls() => {
                let trust = self.ca.as_deref().map(trust).transpose()?;
                return Ok(Endpoint::Bridge { url, trust });
            }
            Some(Target::Bridge(url)) => Endpoint::Bridge { url, trust: None },
        };
        ensure!(
            self.ca.is_none(),
            "--ca is for a bridge with TLS: name one with --connect wss://HOST"
        );
        Ok(endpoint)
    }
}

/// What `--connect` names.
#[derive(Clone, Debug)]
enum Target {
    Server(Address),
    Bridge(BridgeUrl),
}

fn target(text: &str) -> Result<Target, String> {
    if text.contains("://") {
        let url = text
            .parse::<BridgeUrl>()
            .map_err(|error| error.to_string())?;
        return Ok(Target::Bridge(url));
    }
    let address = text.parse::<Address>().and_then(Address::to_connect_to);
    address
        .map(Target::Server)
        .map_err(|error| error.to_string())
}

fn trust(file: &Path) -> Result<Trust> {
    let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Trust::only(&pem).with_context(|| format!("cannot trust {}", file.display()))
}
