//! Starting a program under trace with standard streams of its own.

use std::ffi::{CString, c_char, c_int};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;

use super::processes::{Child, execute, fork, wait_to_go};

/// As [`start`](super::processes::start), with these as standard input, output and error, in a
/// session of its own (setsid(2)), and with each signal that a terminal sends at its default.
/// This process may have other threads: between fork(2) and execvp(3) the child only makes
/// calls that are safe then (signal-safety(7)), with memory that was allocated before.
pub(crate) fn launch(
    arguments: &[CString],
    filter: &mut [libc::sock_filter],
    streams: [BorrowedFd<'_>; 3],
) -> io::Result<Child> {
    let mut pointers: Vec<*const c_char> = arguments.iter().map(|word| word.as_ptr()).collect();
    pointers.push(ptr::null());
    let streams = streams.map(|stream| stream.as_raw_fd());
    fork(filter, |program, wait, tell| {
        wait_to_go(wait);
        if prepare(streams) {
            execute(&pointers, program, tell);
        }
    })
}

/// Has the kernel kill a process when the thread that starts it ends.
pub(crate) fn ends_with_its_thread(command: &mut Command) {
    let prepare = || {
        // SAFETY: the call reads and writes no memory.
        match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork(2) and execve(2) it makes one system call, and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// False if a standard stream could not be set, which no descriptor that is open does.
fn prepare(streams: [RawFd; 3]) -> bool {
    const SIGNALS: [c_int; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTERM];
    // SAFETY: the calls read and write no memory but `set`, which is initialised before it is
    // used. The three descriptors are above 2, as this process has its standard streams.
    unsafe {
        libc::setsid();
        for signal in SIGNALS {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut());
        let numbers = 0..;
        numbers
            .zip(streams)
            .all(|(number, stream)| libc::dup2(stream, number) == number)
    }
}
