//! A program under trace (ptrace(2)): it is started, and with all threads and
//! children that it makes it stops at the system calls of interest alone.
//!
//! The tracer attaches with PTRACE_SEIZE, before the program begins. A filter
//! (seccomp(2)) that all its children inherit stops a thread at a [`Syscall`] and
//! nowhere else; a filter needs `no_new_privs` (prctl(2)), so that a setuid program
//! gets no privilege. PTRACE_O_EXITKILL: if the tracer is killed, the kernel kills
//! the program. Otherwise the filter would stay in force without a tracer, and each
//! call of interest would fail with ENOSYS from then on.
//!
//! A process that runs already gets no filter: its threads stop at every call, and it
//! goes on without a tracer.

mod altering;
mod attaching;
mod launching;
mod polling;

use std::ffi::{CString, OsString};
use std::fmt;
use std::io::{self, Read as _};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Instant;

use crate::sys::processes::{self, Request, Stage};
use crate::sys::{probe, signals};
use crate::syscall::{self, Scope, Syscall};
pub use altering::{restore, set_argument, write_memory};
pub use launching::Waited;
use polling::{Outcome, Polling};

/// A thread, by its number (gettid(2)). That of a process's first thread is the
/// number of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thread(pub i32);

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a thread stopped, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is about to make a system call; its arguments are six words.
    Entered(Syscall, [u64; 6]),
    /// The call that it was let into with [`Resume::UntilReturn`] has returned: what,
    /// negative for an error (errno(3)).
    Returned(i64),
    /// A signal is about to be delivered to it, if it is resumed with
    /// [`Resume::Deliver`].
    Signal(i32),
    /// It is stopped by a signal such as SIGTSTP, as all threads of its process.
    GroupStopped(i32),
    /// It made this thread or process, which stops as well.
    Made(Thread),
    /// The process runs another program now. Its other threads are gone, and the
    /// thread that made the call had this number before.
    Executed(Thread),
    /// It is about to end; its descriptors are still open.
    Exiting,
    /// It is gone. Not to be resumed.
    Ended(ExitStatus),
    /// Something else, such as the end of a group-stop: to be resumed.
    Other,
}

/// How a stopped thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// Until the next call of interest.
    Go,
    /// Until the call that it has entered returns.
    UntilReturn,
    /// With this signal, until the next call of interest.
    Deliver(i32),
    /// It stays stopped, until its process is continued (SIGCONT).
    StayStopped,
}

/// Why a program could not be traced.
#[derive(Debug)]
pub enum StartError {
    /// This architecture is not supported.
    Unsupported,
    /// A word of the command has a zero byte in it, or there is none.
    Command,
    /// The kernel lets this program trace nothing.
    NotPermitted(io::Error),
    /// The program was not started.
    Failed(io::Error),
}

/// Traces the program that it started. To be used by the thread that started it.
#[derive(Debug)]
pub struct Tracer {
    process: Thread,
    /// Where a child is told to begin; none of one that was told.
    go: Option<OwnedFd>,
    /// Where a child that it started says why it could not run a program.
    failure: Option<OwnedFd>,
    /// Whether threads stop at every call, because no filter could be installed.
    stops_everywhere: bool,
    polling: Polling,
}

// PTRACE_O_… (linux/ptrace.h).
const TRACE_SYSCALLS_GOOD: usize = 1;
const TRACE_FORK: usize = 1 << EVENT_FORK;
const TRACE_VFORK: usize = 1 << EVENT_VFORK;
const TRACE_CLONE: usize = 1 << EVENT_CLONE;
const TRACE_EXEC: usize = 1 << EVENT_EXEC;
const TRACE_EXIT: usize = 1 << EVENT_EXIT;
const TRACE_SECCOMP: usize = 1 << EVENT_SECCOMP;
const EXIT_KILL: usize = 1 << 20;

/// Threads and children are traced, too.
const FOLLOWING: usize =
    TRACE_SYSCALLS_GOOD | TRACE_FORK | TRACE_VFORK | TRACE_CLONE | TRACE_EXEC | TRACE_EXIT;

// PTRACE_EVENT_…
const EVENT_FORK: i32 = 1;
const EVENT_VFORK: i32 = 2;
const EVENT_CLONE: i32 = 3;
const EVENT_EXEC: i32 = 4;
const EVENT_EXIT: i32 = 6;
const EVENT_SECCOMP: i32 = 7;
const EVENT_STOP: i32 = 128;

/// Signals that another program may send to the tracer in place of the program.
const FORWARDED: [i32; 9] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGWINCH,
    libc::SIGTSTP,
];
/// The terminal's, when a background process reads from it or writes to it.
const IGNORED: [i32; 2] = [libc::SIGTTIN, libc::SIGTTOU];

impl Tracer {
    /// Starts a program, which is searched for as execvp(3) does, with the standard
    /// streams and the environment of this process, and attaches to it before it
    /// begins. This process should have no other threads.
    ///
    /// From now on signals that another process sends to this one are sent on to the
    /// program; those of the terminal reach both, and are the program's matter.
    pub fn start(command: &[OsString]) -> Result<Self, StartError> {
        let mut this = Self::hold(command)?;
        this.begin().map_err(StartError::Failed)?;
        Ok(this)
    }

    /// Starts a child of this program that measures what it costs to be stopped at a
    /// call, with a connected pair of sockets: see [`measured`](Self::measured). This
    /// process should have no other threads.
    pub fn start_probe(pair: [BorrowedFd<'_>; 2]) -> Result<Self, StartError> {
        let mut filter = syscall::program(Scope::Connections).ok_or(StartError::Unsupported)?;
        let child = probe::start(pair, &mut filter).map_err(StartError::Failed)?;
        let mut this = Self::attach(child, |_| Ok(()))?;
        this.begin().map_err(StartError::Failed)?;
        Ok(this)
    }

    /// Attaches to a child, which waits until it is told to begin.
    fn attach(
        child: processes::Child,
        prepare: impl FnOnce(i32) -> io::Result<()>,
    ) -> Result<Self, StartError> {
        let options = FOLLOWING | TRACE_SECCOMP | EXIT_KILL;
        let seized = processes::request(Request::Seize, child.process, options);
        if let Err(error) = seized {
            // It ends by itself, because nobody tells it to go on.
            drop(child.go);
            let _ = processes::wait();
            return Err(StartError::NotPermitted(error));
        }
        prepare(child.process).map_err(StartError::Failed)?;
        Ok(Self {
            process: Thread(child.process),
            go: Some(child.go),
            failure: Some(child.failure),
            stops_everywhere: false,
            polling: Polling::default(),
        })
    }

    /// How long a send and a recv of 64 bytes took together, without a tracer and with
    /// one, in nanoseconds: once the process of a probe is gone.
    pub fn measured(&self) -> Option<[u64; 2]> {
        let mut bytes = [0; probe::ANSWER];
        let mut pipe = std::fs::File::from(self.failure.as_ref()?.try_clone().ok()?);
        pipe.read_exact(&mut bytes).ok()?;
        let (plain, traced) = bytes.split_first_chunk()?;
        let traced = traced.first_chunk()?;
        Some([plain, traced].map(|word| u64::from_ne_bytes(*word)))
    }

    /// The process that was started.
    pub fn process(&self) -> Thread {
        self.process
    }

    /// Why the program was not run, once its process is gone; none if it was.
    pub fn failure(&self) -> Option<StartError> {
        let mut words = [[0; 4]; 2];
        let mut pipe = std::fs::File::from(self.failure.as_ref()?.try_clone().ok()?);
        pipe.read_exact(words.as_flattened_mut()).ok()?;
        let [stage, error] = words.map(i32::from_ne_bytes);
        let error = io::Error::from_raw_os_error(error);
        Some(if stage == Stage::Filter as i32 {
            StartError::NotPermitted(error)
        } else {
            StartError::Failed(error)
        })
    }

    /// Waits until a thread stops or ends; none if there is none any more.
    pub fn wait(&mut self) -> io::Result<Option<(Thread, Stop)>> {
        let (thread, status) = match self.next_change() {
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(None),
            done => done?,
        };
        Ok(Some(self.told(thread, status)))
    }

    /// What a change of a thread means. No signal is sent on to a program that is gone.
    fn told(&self, thread: i32, status: i32) -> (Thread, Stop) {
        if thread == self.process.0 && !libc::WIFSTOPPED(status) {
            signals::forward_no_more_to(thread);
        }
        (Thread(thread), stop(thread, status))
    }

    /// Polls for a moment if that has paid, and sleeps then.
    fn next_change(&mut self) -> io::Result<(i32, i32)> {
        if self.polling.is_due() {
            let (outcome, change) = poll()?;
            self.polling.learn(outcome);
            if let Some(change) = change {
                return Ok(change);
            }
        }
        processes::wait()
    }

    /// Lets a stopped thread go on. If it was killed meanwhile, it has gone on.
    pub fn resume(&self, thread: Thread, how: Resume) {
        let go = if self.stops_everywhere {
            Request::UntilReturn
        } else {
            Request::Continue
        };
        let (request, data) = match how {
            Resume::Go => (go, 0),
            Resume::UntilReturn => (Request::UntilReturn, 0),
            Resume::Deliver(signal) => (go, signal.unsigned_abs() as usize),
            Resume::StayStopped => (Request::Listen, 0),
        };
        // The only error of a thread that is stopped is that it was killed (ESRCH).
        let _ = processes::request(request, thread.0, data);
    }

    /// Stops this process as the terminal has stopped the program, so that a shell
    /// that waits for this one knows, and lets the program go on as soon as this one
    /// does.
    pub fn stop_with(&self) {
        processes::stop();
        let _ = processes::kill(self.process.0, libc::SIGCONT);
    }
}

/// The words of a command, each as the kernel takes it.
fn words(command: &[OsString]) -> Result<Vec<CString>, StartError> {
    let words = command.iter().cloned().map(OsString::into_vec);
    let words: Result<Vec<_>, _> = words.map(CString::new).collect();
    let words = words.map_err(|_| StartError::Command)?;
    if words.is_empty() {
        return Err(StartError::Command);
    }
    Ok(words)
}

/// Asks for the next change until there is one or it has taken too long.
fn poll() -> io::Result<(Outcome, Option<(i32, i32)>)> {
    if let Some(change) = processes::poll()? {
        return Ok((Outcome::AtOnce, Some(change)));
    }
    let begun = Instant::now();
    let (mut last, mut has_shared) = (begun, false);
    loop {
        std::hint::spin_loop();
        let change = processes::poll()?;
        let now = Instant::now();
        has_shared |= now - last > polling::GAP;
        last = now;
        if change.is_some() && !has_shared {
            return Ok((Outcome::Came, change));
        }
        if change.is_some() || now - begun > polling::LONGEST {
            return Ok((Outcome::InVain, change));
        }
    }
}

/// Whether a signal stops a process on behalf of its terminal.
pub fn is_of_terminal(stop: i32) -> bool {
    [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&stop)
}

/// Whether SIGTERM or SIGHUP came to this process since it traces a program: it is to end as
/// well.
pub fn is_to_end() -> bool {
    signals::is_to_end()
}

/// Ends this process as another one ended: with its code or by its signal.
pub fn end_as(status: ExitStatus) -> ! {
    if let Some(signal) = status.signal() {
        processes::die_of(signal);
        // As a shell says it.
        std::process::exit(128 + signal);
    }
    std::process::exit(status.code().unwrap_or(1))
}

/// What a status of waitpid(2) means.
fn stop(thread: i32, status: i32) -> Stop {
    if !libc::WIFSTOPPED(status) {
        return Stop::Ended(ExitStatus::from_raw(status));
    }
    let signal = libc::WSTOPSIG(status);
    let message = || {
        let number = processes::event_message(thread).ok()?;
        i32::try_from(number).ok()
    };
    match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => at_syscall(thread).unwrap_or(Stop::Other),
        0 => Stop::Signal(signal),
        EVENT_SECCOMP => at_syscall(thread).unwrap_or(Stop::Other),
        EVENT_FORK | EVENT_VFORK | EVENT_CLONE => {
            message().map_or(Stop::Other, |made| Stop::Made(Thread(made)))
        }
        EVENT_EXEC => Stop::Executed(Thread(message().unwrap_or(thread))),
        EVENT_EXIT => Stop::Exiting,
        EVENT_STOP if signal != libc::SIGTRAP => Stop::GroupStopped(signal),
        _ => Stop::Other,
    }
}

// PTRACE_SYSCALL_INFO_… (linux/ptrace.h).
const INFO_ENTRY: u8 = 1;
const INFO_EXIT: u8 = 2;
const INFO_SECCOMP: u8 = 3;
/// Where the part that depends on the kind of stop begins.
const INFO_PART: usize = 24;

/// The system call at which a thread is stopped; none if it was killed meanwhile.
fn at_syscall(thread: i32) -> Option<Stop> {
    let info = processes::syscall_info(thread).ok()?;
    let word = |index: usize| {
        let bytes = info.get(INFO_PART + 8 * index..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*bytes))
    };
    match info[0] {
        INFO_ENTRY | INFO_SECCOMP => {
            let call = Syscall::of(word(0)?)?;
            let mut arguments = [0; 6];
            for (index, argument) in arguments.iter_mut().enumerate() {
                *argument = word(1 + index)?;
            }
            Some(Stop::Entered(call, arguments))
        }
        INFO_EXIT => Some(Stop::Returned(word(0)?.cast_signed())),
        _ => None,
    }
}

/// Copies memory of a thread from `address` on: at most `length` bytes, as many of
/// them as can be read.
pub fn memory(thread: Thread, address: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut read = 0;
    while read < length {
        let from = usize::try_from(address)
            .ok()
            .and_then(|a| a.checked_add(read));
        let Some(from) = from else { break };
        match processes::read_memory(thread.0, from, &mut bytes[read..]) {
            Ok(more) if more > 0 => read += more,
            _ => break,
        }
    }
    bytes.truncate(read);
    bytes
}
