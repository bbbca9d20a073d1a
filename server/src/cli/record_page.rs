//! `--page`: one record on a page of its own, for whoever knows its address.

use std::io;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use stickylab::gateway::{Config, Listener, Secret, serve_record};
use stickylab::journal::Journal;
use stickylab::net::{Address, listen_tcp};
use tokio_util::sync::CancellationToken;
use trace::Trace;

use super::{address, runtime, signalled};

/// Connections that may wait for accept.
const BACKLOG: u32 = 128;
/// A free port of this machine alone.
const ANY: &str = "127.0.0.1:0";

/// `--page`.
#[derive(Debug, Args)]
pub(super) struct RecordPage {
    /// Shows the record in a browser, while it grows and until Ctrl-C: on a page for it
    /// alone, whose address is printed. ADDR is one of this machine, 127.0.0.1:0 unless
    /// it is said
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ANY
    )]
    page: Option<Address>,
}

/// A page that listens and is not served yet.
#[derive(Debug)]
pub(super) struct Bound {
    listener: Listener,
    secret: Secret,
}

impl RecordPage {
    /// Whether there is to be a page.
    pub(super) const fn is_wanted(&self) -> bool {
        self.page.is_some()
    }

    /// Listens, and prints the page's address on standard error; none if no page is
    /// wanted.
    pub(super) async fn bind(&self) -> Result<Option<Bound>> {
        let Some(address) = &self.page else {
            return Ok(None);
        };
        let listen = |address| listen_tcp(address, BACKLOG);
        let listener = address::bind("page", address, "--page", listen).await?;
        let bound = listener.local_addr().context("cannot listen")?;
        ensure!(
            bound.ip().to_canonical().is_loopback(),
            "page: {bound} can be reached from other machines, and a record is nobody else's: \
             choose an address of this machine, such as 127.0.0.1:0, with --page"
        );
        let secret = Secret::new();
        eprintln!("stickylab: page http://{bound}/{secret}/#yours");
        let listener = listener.into();
        Ok(Some(Bound { listener, secret }))
    }
}

impl Bound {
    /// Serves the page until `shutdown`.
    pub(super) fn serve(
        self,
        journal: Arc<Journal>,
        shutdown: CancellationToken,
    ) -> io::Result<impl Future<Output = ()> + Send> {
        serve_record(
            self.listener,
            Config::default(),
            journal,
            self.secret,
            shutdown,
        )
    }

    /// Serves a record that grows no more until Ctrl-C or SIGTERM.
    async fn serve_to_the_end(self, journal: Arc<Journal>) -> Result<()> {
        let shutdown = CancellationToken::new();
        let signalled = signalled().context("cannot listen for signals")?;
        let serving = self.serve(journal, shutdown.clone());
        let serving = serving.context("the page")?;
        tokio::join!(serving, async {
            signalled.await;
            shutdown.cancel();
        });
        Ok(())
    }
}

/// Serves a record that is complete until Ctrl-C or SIGTERM.
pub(super) fn serve(page: RecordPage, trace: &Trace) -> Result<()> {
    let journal = Arc::new(Journal::of(trace));
    let serving = async move {
        match page.bind().await? {
            Some(bound) => bound.serve_to_the_end(journal).await,
            None => Ok(()),
        }
    };
    runtime()?.block_on(async { tokio::spawn(serving).await.context("the page failed")? })
}
