//! The end of a process in words.

use std::process::ExitStatus;

/// How a process ended.
#[derive(Debug)]
pub(super) struct Exit {
    /// What the system says of it, if it does.
    pub(super) status: Option<ExitStatus>,
    /// Why it was killed, if it was killed from here.
    pub(super) killed: Option<Killed>,
}

/// Why this program killed a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Killed {
    /// What it said was not taken in time.
    Unread,
    /// It said nothing any more and did not end.
    Silent,
    /// A line was longer than any may be.
    LongLine,
}

/// What is said of a process that ended before its run did.
pub(super) fn words(exit: &Exit) -> String {
    match exit.killed {
        Some(Killed::Silent) => {
            return "its process went on for longer than a run may and was killed".to_owned();
        }
        Some(Killed::LongLine) => {
            return "its process wrote a longer line than any run has and was killed".to_owned();
        }
        Some(Killed::Unread) => return "its lines were not read in time".to_owned(),
        None => {}
    }
    let Some(status) = exit.status else {
        return "its process ended before it did".to_owned();
    };
    if let Some(signal) = signal(status) {
        let name = match signal {
            4 => " (SIGILL)",
            6 => " (SIGABRT: out of memory, or an error that cannot be handled)",
            7 => " (SIGBUS)",
            9 => " (SIGKILL: somebody killed it, or the system had no memory left)",
            11 => " (SIGSEGV)",
            15 => " (SIGTERM)",
            24 => " (SIGXCPU: it had used all the processor time that a run may have)",
            31 => " (SIGSYS: a filter of system calls forbids what it called)",
            _ => "",
        };
        return format!("its process was ended by signal {signal}{name}");
    }
    match status.code() {
        Some(code) => format!("its process ended before it did, with exit code {code}"),
        None => "its process ended before it did".to_owned(),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}
