//! `stickylab proxy`: passes on what two programs of the user's say, and records it.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use record::{Head, Transport};
use stickylab::journal::Journal;
use stickylab::net::{bind_udp, listen_tcp};
use stickylab::proxy::{self, LeftOut, Listening, Place};
use stickylab::terminal::Screen;
use stickylab::{lab, net};
use tokio_util::sync::CancellationToken;
use trace::link::Capture;
use trace::text::Sentence;
use trace::{Setup, Trace};

use super::record_page::RecordPage;
use super::recording::{Files, Opened, Recording};
use super::screen::{Spoken, Stream};
use super::{address, output, signalled, terminated, until_signalled};

/// Connections that may wait for accept.
const BACKLOG: u32 = 1024;
/// Most connections at a time, and most senders of datagrams.
const MOST: usize = 1024;
/// Descriptors that are no connection's.
const OWN: usize = 32;

#[derive(Debug, Args)]
pub(super) struct Proxy {
    /// Where clients connect: 127.0.0.1:9000, udp:127.0.0.1:9000 or unix:/path
    #[arg(long, value_name = "PLACE")]
    listen: Place,
    /// Where the server is, as --listen has it; what it is connected with may differ, but
    /// UDP is passed on as UDP
    #[arg(long, value_name = "PLACE")]
    to: Place,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    page: RecordPage,
    #[command(flatten)]
    spoken: Spoken,
}

impl Proxy {
    /// Until Ctrl-C or SIGTERM; then shows what was recorded.
    pub(super) fn run(self) -> Result<()> {
        let datagrams = [&self.listen, &self.to].map(|place| place.transport() == Transport::Udp);
        if datagrams[0] != datagrams[1] {
            bail!("datagrams are passed on as datagrams: write udp: on both sides, or on none");
        }
        if matches!(&self.to, Place::Tcp(address) | Place::Udp(address) if address.port() == 0) {
            bail!("nothing can be connected to at port 0: write the server's port with --to");
        }
        let Opened {
            setup,
            limits,
            filter,
            files,
        } = self.recording.open()?;
        let screen = self.spoken.screen(Stream::Error);
        let descriptors = net::budget::raise_limit().unwrap_or(usize::MAX);
        let most = (descriptors.saturating_sub(OWN) / 2).clamp(1, MOST);
        let (listen, to, page) = (self.listen, self.to, self.page);
        let results = Results { files, screen };
        until_signalled(|shutdown| async move {
            let listening = bind(&listen).await?;
            if listening.is_reached_at(&to).await {
                bail!(
                    "--to {to} is where the proxy itself listens: name the server's address there, and \
                     another one with --listen"
                );
            }
            let proxy = proxy::Proxy {
                listening,
                to,
                most,
                limits,
                filter,
            };
            pass_on(proxy, setup, page, results, shutdown).await
        })
    }
}

/// Where what was recorded goes.
struct Results {
    files: Files,
    screen: Screen,
}

impl Results {
    fn tell(self, trace: &Trace, left_out: LeftOut) -> Result<()> {
        let say = |line: &str| eprintln!("stickylab: {line}");
        if !self.files.write(trace, say)? {
            output::print_beside(trace, self.screen).context("cannot show the lanes")?;
        }
        for (key, n) in [
            ("terminal.proxy-refused", left_out.refused),
            ("terminal.proxy-unrecorded", left_out.unrecorded),
        ] {
            if n > 0 {
                let sentence = Sentence::new(key).with("n", n);
                eprintln!("stickylab: {}", self.screen.say(&sentence));
            }
        }
        Ok(())
    }
}

async fn bind(place: &Place) -> Result<Listening> {
    Ok(match place {
        Place::Tcp(address) => {
            let listen = |address| listen_tcp(address, BACKLOG);
            let listener = address::bind("proxy", address, "--listen", listen).await?;
            Listening::Stream(proxy::Listener::Tcp(listener))
        }
        Place::Udp(address) => {
            Listening::Udp(address::bind("proxy", address, "--listen", bind_udp).await?)
        }
        #[cfg(unix)]
        Place::Unix(path) => {
            let (listener, file) = net::listen_unix(path, BACKLOG)
                .map_err(|error| anyhow::anyhow!("proxy: {error} with --listen"))?;
            Listening::Stream(proxy::Listener::Unix(listener, file))
        }
    })
}

/// Passes on what comes until `shutdown`, and shows what was recorded. The page is
/// served meanwhile, and then until the next Ctrl-C, or SIGTERM.
async fn pass_on(
    proxy: proxy::Proxy,
    setup: Setup,
    page: RecordPage,
    results: Results,
    shutdown: CancellationToken,
) -> Result<()> {
    let started = Instant::now();
    let head = Head {
        snap: proxy.limits.snap,
        ..lab::head(started, Capture::Unknown)
    };
    let journal = Arc::new(Journal::new(head, setup));
    let terminated = terminated().context("cannot listen for signals")?;
    let listening = &proxy.listening;
    let line = format!(
        "listening proxy {} {}\n",
        listening.transport().name(),
        listening.address().context("cannot listen")?
    );
    let over = CancellationToken::new();
    let serving = match page.bind().await? {
        Some(bound) => {
            let serving = bound.serve(Arc::clone(&journal), over.clone());
            Some(tokio::spawn(serving.context("the page")?))
        }
        None => None,
    };
    output::print(line.as_bytes())?;
    let left_out = proxy.run(started, Arc::clone(&journal), shutdown).await;
    let screen = results.screen;
    results.tell(&journal.trace(), left_out)?;
    if let Some(serving) = serving {
        let again = signalled().context("cannot listen for signals")?;
        eprintln!(
            "stickylab: {}",
            screen.say(&Sentence::new("terminal.page-stays"))
        );
        tokio::select! {
            () = again => {}
            () = terminated => {}
        }
        over.cancel();
        serving.await.context("the page failed")?;
    }
    Ok(())
}
