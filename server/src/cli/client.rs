//! `stickylab client <system>`: one system's client.

use std::io;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use protocol::System;
use protocol::auth::Scheme;
use stickylab::clients::{self, Console, Failure};

/// One system's client: a prompt on a terminal, one message a line from a pipe.
#[derive(Debug, Args)]
pub(super) struct Client {
    /// udp-echo, tcp-echo, ready-ack, length-prefix or auth
    system: System,
    /// Where the server is, such as 127.0.0.1:9000. Default: the system's own
    #[arg(long, value_name = "ADDR")]
    connect: Option<String>,
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
        let key = super::key(self.secret_file.as_deref())?;
        let address = self.connect.as_deref();
        let address = address.unwrap_or(self.system.default_address());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start")?;
        let mut console = Console::standard();
        let done = runtime.block_on(clients::run(
            self.system,
            address,
            key,
            self.scheme,
            &mut console,
        ));
        match done {
            // Whoever read the replies has read enough.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => Ok(done?),
        }
    }
}
