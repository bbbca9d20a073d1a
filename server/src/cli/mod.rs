//! The command line: flags and commands only. What a command does is in the
//! library; here it is bound, announced and ended.

mod address;
#[cfg(target_os = "linux")]
mod chop;
mod client;
mod completions;
mod decoder;
mod duel;
mod files;
mod framing;
mod guess;
mod input;
mod join;
mod lesson_folder;
mod lessons;
mod limits;
mod manual;
#[cfg(target_os = "linux")]
mod net;
mod output;
mod outputs;
mod packets;
mod page_address;
#[cfg(target_os = "linux")]
mod program;
mod proxy;
mod record_page;
mod recording;
mod run;
mod screen;
mod sender;
mod serve;
mod server;
mod show;
mod shown;
mod size;
#[cfg(target_os = "linux")]
mod standard_error;
mod suggestion;
mod target;
mod times;
mod worker;

use std::future::Future;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use protocol::System;
use protocol::auth::{Key, Scheme};
use stickylab::printable;
use stickylab::worker::SECRET;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use outputs::Outputs;

/// Where did my send() go? Real servers, real sockets, every byte.
#[derive(Debug, Parser)]
#[command(name = "stickylab", version)]
struct Cli {
    /// How log lines on standard error look
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    log: Log,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Log {
    /// Lines for people
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The page and all five systems
    Serve(Box<serve::Serve>),
    /// One system's server, without the page
    Server(server::Server),
    /// One system's client
    Client(client::Client),
    /// Runs one experiment and prints what every call carried
    Run(run::Run),
    /// Prints a saved run, or what a capture file has
    Show(show::Show),
    /// Says which framing the bytes of a record or a capture seem to have
    Guess(guess::Guess),
    /// Shows where decoders that make a common mistake part from the right one
    Duel(duel::Duel),
    /// Prints source code of a reader and a writer for a framing, or a test of one
    Decoder(decoder::Decoder),
    /// Puts traces of programs that talked to each other together
    Join(join::Join),
    /// Runs a program of yours and shows what its calls carried
    #[cfg(target_os = "linux")]
    Trace(program::Program),
    /// Runs a program of yours under every chunking that a kernel may give it, and says what
    /// breaks it
    #[cfg(target_os = "linux")]
    Chop(Box<chop::Chop>),
    /// Runs programs of yours on the two sides of a link that delays and loses packets
    #[cfg(target_os = "linux")]
    Net(net::Net),
    /// Passes on what two programs of yours say, and shows what passed
    Proxy(proxy::Proxy),
    /// Lists the lessons that can be run
    Lessons(lessons::Lessons),
    /// Prints a shell's completion script
    Completions(completions::Completions),
    /// Writes the manual pages into a folder
    #[command(hide = true)]
    Man(manual::Manual),
    /// Runs one experiment for another process of this program, by requests on standard input
    #[command(hide = true)]
    LabWorker(worker::Worker),
}

/// Does what the command line says; errors are one line each on standard error.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let log = cli.log;
    match cli.command {
        Command::Serve(command) => serving(false, log, |outputs| {
            until_signalled(|shutdown| command.run(outputs, log, shutdown))
        }),
        Command::Server(command) => serving(command.prints_json(), log, |outputs| {
            until_signalled(|shutdown| command.run(outputs, shutdown))
        }),
        Command::Client(client) => {
            log_to(std::io::stderr, LevelFilter::INFO, log);
            ended(client.run(), |line| eprintln!("{line}"))
        }
        Command::Run(run) => {
            stickylab::net::budget::raise_limit();
            // What its private server refuses is on the screen already.
            log_to(std::io::stderr, LevelFilter::ERROR, log);
            ended(run.run(log), |line| eprintln!("{line}"))
        }
        Command::Join(join) => ended(join.run(), |line| eprintln!("{line}")),
        Command::Duel(duel) => ended(duel.run(), |line| eprintln!("{line}")),
        Command::Decoder(decoder) => ended(decoder.run(), |line| eprintln!("{line}")),
        Command::Guess(guess) => ended(guess.run(), |line| eprintln!("{line}")),
        Command::Show(show) => ended(show.run(), |line| eprintln!("{line}")),
        #[cfg(target_os = "linux")]
        Command::Trace(program) => ended(program.run(), |line| eprintln!("{line}")),
        #[cfg(target_os = "linux")]
        Command::Chop(chop) => chop.run(),
        #[cfg(target_os = "linux")]
        Command::Net(net) => ended(net.run(), |line| eprintln!("{line}")),
        Command::Proxy(proxy) => {
            log_to(std::io::stderr, LevelFilter::WARN, log);
            ended(proxy.run(), |line| eprintln!("{line}"))
        }
        Command::Lessons(lessons) => ended(lessons.run(log), |line| eprintln!("{line}")),
        Command::LabWorker(worker) => {
            log_to(std::io::stderr, LevelFilter::ERROR, log);
            ended(worker.run(), |line| eprintln!("{line}"))
        }
        Command::Completions(shell) => ended(shell.print(Cli::command()), |line| {
            eprintln!("{line}");
        }),
        Command::Man(manual) => ended(manual.write(Cli::command()), |line| eprintln!("{line}")),
    }
}

/// Runs a server; writing its lines never blocks it.
fn serving(json: bool, log: Log, serve: impl FnOnce(Outputs) -> Result<()>) -> ExitCode {
    let outputs = match Outputs::new(json, log) {
        Ok(outputs) => outputs,
        Err(error) => return ended(Err(error), |line| eprintln!("{line}")),
    };
    log_to(outputs.err.clone(), LevelFilter::INFO, log);
    outputs.tell_panics();
    let code = ended(serve(outputs.clone()), |line| outputs.err.print(line));
    outputs.flush();
    code
}

/// An error is one line, in which no terminal finds something to obey.
fn ended(done: Result<()>, print: impl FnOnce(&str)) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads on, as `head` does.
        Err(error) if error.is::<output::Closed>() => ExitCode::from(output::Closed::CODE),
        Err(error) => {
            // It may have words of a file in it.
            print(&printable::lines(&format!("stickylab: {error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// What the servers have to say about themselves; `RUST_LOG` chooses how much.
fn log_to<W>(stderr: W, level: LevelFilter, log: Log)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // What is embedded of the page is no news.
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},memory_serve=warn")));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    match log {
        Log::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        Log::Json => lines.json().init(),
    }
}

/// Runs servers on all cores; Ctrl-C and SIGTERM are their shutdown signal.
fn until_signalled<Servers, Done>(
    servers: impl FnOnce(CancellationToken) -> Servers,
) -> Result<Done>
where
    Servers: Future<Output = Result<Done>> + Send + 'static,
    Done: Send + 'static,
{
    let runtime = runtime()?;
    stickylab::net::bulk::start();
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let signalled = signalled().context("cannot listen for signals")?;
        let ended = shutdown.clone();
        tokio::spawn(async move {
            signalled.await;
            ended.cancel();
        });
        // On the runtime's own threads: from this one each connection would
        // have to be handed over.
        let servers = tokio::spawn(servers(shutdown));
        servers.await.context("the servers failed")?
    })
}

/// A runtime on all cores.
fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().context("cannot start")
}

/// Completes at the first Ctrl-C or SIGTERM. Listens from now on, so that none
/// is missed that comes before the first poll.
#[cfg(unix)]
fn signalled() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at the first SIGTERM. Listens from now on.
#[cfg(unix)]
fn terminated() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        terminate.recv().await;
    })
}

#[cfg(not(unix))]
fn terminated() -> std::io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}

#[cfg(not(unix))]
fn signalled() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the system ends the program itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Refuses a scheme for a system that has no handshake.
fn check_scheme(system: System, scheme: Scheme) -> Result<()> {
    ensure!(
        system == System::Auth || scheme == Scheme::default(),
        "{system} has no handshake: --scheme is for auth"
    );
    Ok(())
}

/// The key in `file`, without the line ending an editor leaves; no file: the
/// one in the environment, else the article's key.
fn key(file: Option<&Path>) -> Result<Key> {
    let Some(file) = file else {
        return match std::env::var_os(SECRET) {
            Some(secret) => {
                ensure!(
                    !secret.is_empty(),
                    "{SECRET} is empty: set it to the key that server and clients share, or unset it"
                );
                Ok(Key::new(secret.as_encoded_bytes()))
            }
            None => Ok(Key::default()),
        };
    };
    let bytes = std::fs::read(file)
        .with_context(|| format!("cannot read the secret file {}", file.display()))?;
    let key = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let key = key.strip_suffix(b"\r").unwrap_or(key);
    ensure!(
        !key.is_empty(),
        "the secret file {} is empty: it holds the key that server and clients share",
        file.display()
    );
    Ok(Key::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_secret_file_is_bytes_without_one_line_ending() {
        fn check(content: &[u8], expected: Option<&[u8]>) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            assert_eq!(key(Some(file.path())).ok(), expected.map(Key::new));
        }
        check(b"wan yifei\n", Some(b"wan yifei"));
        check(b"wan yifei\r\n", Some(b"wan yifei"));
        check(b"a\n\n", Some(b"a\n"));
        check(b"\xff\0", Some(b"\xff\0"));
        check(b"", None);
        check(b"\n", None);
        assert_eq!(key(None).unwrap(), Key::default());
        let missing = key(Some(Path::new("/no/such/file"))).unwrap_err();
        assert!(format!("{missing:#}").contains("/no/such/file"));
    }
}
