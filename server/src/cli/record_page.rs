//! `--page`: one record on a page of its own, for whoever knows its address.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use stickylab::gateway::{Config, Listener, Secret, serve_record};
use stickylab::journal::Journal;
use stickylab::net::{Address, listening};
#[cfg(target_os = "linux")]
use tokio::runtime::{Builder, Runtime};
#[cfg(target_os = "linux")]
use tokio::signal::unix::{SignalKind, signal};
#[cfg(target_os = "linux")]
use tokio::task::JoinHandle;
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
    /// Two connections that are shown one above the other.
    #[arg(skip)]
    compare: Option<[u32; 2]>,
}

/// A page that listens and is not served yet.
#[derive(Debug)]
pub(super) struct Bound {
    listener: TcpListener,
    secret: Secret,
}

/// A page that is served while this thread does something else.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Serving {
    runtime: Runtime,
    task: JoinHandle<()>,
    over: CancellationToken,
}

impl RecordPage {
    /// The page shows two connections of the record one above the other.
    pub(super) const fn compare(&mut self, connections: [u32; 2]) {
        self.compare = Some(connections);
    }

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
        let listen = |address| listening(address, BACKLOG, None);
        let listener = address::bind("page", address, "--page", listen).await?;
        let listener = TcpListener::from(listener);
        let bound = listener.local_addr().context("cannot listen")?;
        ensure!(
            bound.ip().to_canonical().is_loopback(),
            "page: {bound} can be reached from other machines, and a record is nobody else's: \
             choose an address of this machine, such as 127.0.0.1:0, with --page"
        );
        let secret = Secret::new();
        let compare = self
            .compare
            .map(|[upper, lower]| format!("&compare={upper},{lower}"));
        let compare = compare.unwrap_or_default();
        eprintln!("stickylab: page http://{bound}/{secret}/#yours{compare}");
        Ok(Some(Bound { listener, secret }))
    }

    /// As [`bind`](Self::bind), by a process that has no other threads and has none then.
    #[cfg(target_os = "linux")]
    pub(super) fn bind_alone(&self) -> Result<Option<Bound>> {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().build().context("cannot start")?;
        runtime.block_on(self.bind())
    }
}

impl Bound {
    /// Serves the page until `shutdown`.
    pub(super) fn serve(
        self,
        journal: Arc<Journal>,
        shutdown: CancellationToken,
    ) -> io::Result<impl Future<Output = ()> + Send> {
        let listener = Listener::from(tokio::net::TcpListener::from_std(self.listener)?);
        serve_record(listener, Config::default(), journal, self.secret, shutdown)
    }

    /// Serves the page on threads of its own.
    #[cfg(target_os = "linux")]
    pub(super) fn serve_beside(self, journal: Arc<Journal>) -> Result<Serving> {
        let runtime = runtime()?;
        let over = CancellationToken::new();
        let task = {
            let _inside = runtime.enter();
            let serving = self.serve(journal, over.clone()).context("the page")?;
            runtime.spawn(serving)
        };
        Ok(Serving {
            runtime,
            task,
            over,
        })
    }

    /// Serves a record that grows no more until it is `signalled` to end.
    async fn serve_to_the_end(
        self,
        journal: Arc<Journal>,
        signalled: impl Future<Output = ()>,
    ) -> Result<()> {
        let shutdown = CancellationToken::new();
        let serving = self.serve(journal, shutdown.clone());
        let serving = serving.context("the page")?;
        tokio::join!(serving, async {
            signalled.await;
            shutdown.cancel();
        });
        Ok(())
    }
}

#[cfg(target_os = "linux")]
impl Serving {
    /// Serves a record that grows no more until Ctrl-C or another signal that ends programs.
    /// `listening` is called once no signal is missed; false if the page is to end at once.
    pub(super) fn stay(&self, listening: impl FnOnce() -> bool) -> Result<()> {
        let stayed = self.runtime.block_on(async {
            let mut hangup = signal(SignalKind::hangup())?;
            let mut quit = signal(SignalKind::quit())?;
            let signalled = signalled()?;
            if listening() {
                tokio::select! {
                    () = signalled => {}
                    _ = hangup.recv() => {}
                    _ = quit.recv() => {}
                }
            }
            io::Result::Ok(())
        });
        stayed.context("cannot listen for signals")
    }

    /// Ends the page.
    pub(super) fn end(self) -> Result<()> {
        self.over.cancel();
        self.runtime.block_on(self.task).context("the page failed")
    }
}

/// Serves a record that is complete until Ctrl-C or SIGTERM.
pub(super) fn serve(page: RecordPage, trace: &Trace) -> Result<()> {
    let journal = Arc::new(Journal::of(trace));
    let serving = async move {
        // Whoever reads the address may send a signal at once.
        let signalled = signalled().context("cannot listen for signals")?;
        match page.bind().await? {
            Some(bound) => bound.serve_to_the_end(journal, signalled).await,
            None => Ok(()),
        }
    };
    runtime()?.block_on(async { tokio::spawn(serving).await.context("the page failed")? })
}
