//! Why a program could not be judged.

use std::time::Duration;

use chop::Exit;

use super::run::{LIMITS, RunError, last_said};

/// Why nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub enum Unjudged {
    /// There was no run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The program made no connection.
    #[error("as is it makes no TCP or Unix stream connection: there is nothing to cut")]
    NoConnection,
    /// Its connection failed before it received or sent anything.
    #[error(
        "as is its connection to {to} fails before a byte is received or sent: {error}. A client \
         needs the server that it talks to"
    )]
    NoServer {
        /// The address to which it connects.
        to: String,
        /// How the call failed.
        error: String,
    },
    /// The command that was to talk to it did not.
    #[error("as is its peer {what}, and ended {}{}", how(*.exit), last_said(.said))]
    Peer {
        /// What it does not do for that.
        what: &'static str,
        /// How that command ended.
        exit: Exit,
        /// The last line of its standard error.
        said: String,
    },
    /// It received and sent nothing that could be cut.
    #[error("as is it receives and sends nothing on its connections that could be cut")]
    NoBytes,
    /// It does not come to its end as is.
    #[error(
        "as is it does not come to its end: it still waits after {0:?}. A server needs --peer or \
         --replay, which say who talks to it"
    )]
    Endless(Duration),
    /// Neither it nor the command that talks to it comes to its end as is.
    #[error("as is neither it nor its peer comes to an end: both still wait after {0:?}")]
    EndlessPeer(Duration),
    /// It fails as is.
    #[error("as is it ends by signal {0}")]
    Fails(i32),
    /// Runs as is have nothing in common.
    #[error(
        "it is not deterministic: two runs as is {0}. --mask REGEX takes away what does not count"
    )]
    Unsteady(&'static str),
    /// Calls of it are not seen.
    #[error("it uses io_uring, whose calls are not seen")]
    Unseen,
    /// Bytes of it are not seen.
    #[error("as is it moves bytes that never were in its memory (splice(2)): they are not seen")]
    UnseenBytes,
    /// It does more than is recorded.
    #[error(
        "{0} it makes more than {calls} calls, or moves more than {mib} MiB: no more is recorded \
         of a run. Have it do less, or its peer ask for less",
        calls = LIMITS.events, mib = LIMITS.bytes >> 20
    )]
    Full(&'static str),
    /// A server that goes on does not do the same again.
    #[error(
        "it does something else when it is talked to again: --reuse needs a server that does the \
         same for each new connection. Without --reuse each run starts it afresh"
    )]
    NotKept,
    /// No schedule changed anything.
    #[error(
        "no call was changed in {0} {runs}: none of those that the schedules are about was made, or \
         the kernel would not have cut any of them. --budget, --side and --schedule say what is tried",
        runs = if *.0 == 1 { "run" } else { "runs" }
    )]
    Unchanged(usize),
}

/// How a command ended.
fn how(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("with code {code}"),
        Exit::Signal(signal) => format!("by signal {signal}"),
        Exit::Killed | Exit::Running => "without a code".to_owned(),
    }
}
