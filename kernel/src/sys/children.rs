//! What a child does before it is a program of its own.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::check;

/// Has the kernel kill the program that `command` starts when the thread that started it
/// ends.
pub(crate) fn tie(command: &mut Command) {
    // SAFETY: the call reads and writes no memory.
    let parent = unsafe { libc::getpid() };
    let tied = move || {
        // SAFETY: both calls may be made between fork(2) and execve(2) (signal-safety(7)),
        // and read and write no memory.
        unsafe {
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
            // It may have ended before.
            if libc::getppid() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
        }
        Ok(())
    };
    // SAFETY: `tied` makes system calls alone: it allocates nothing and takes no lock.
    unsafe { command.pre_exec(tied) };
}

/// Sets a variable of this process's environment. To be called without other threads.
pub(crate) fn set_variable(name: &OsStr, value: &OsStr) {
    // SAFETY: there is no other thread that could read or write the environment meanwhile.
    unsafe { std::env::set_var(name, value) };
}

/// Has the calling process scheduled as one that computes (sched(7), SCHED_BATCH), with all
/// threads that it makes from now on.
pub(crate) fn schedule_as_batch() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: `parameters` outlives the call, which reads it.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) })?;
    Ok(())
}
