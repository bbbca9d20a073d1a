//! Programs that this one starts, and that are to end with it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, wait};

use crate::sys::{children, signals};

/// Signals that another program may send to this one in place of the one that it runs.
const FORWARDED: [i32; 6] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// Has the program that `command` starts killed when the calling thread ends, which is to be
/// this process's first one (prctl(2), PR_SET_PDEATHSIG).
pub fn tie(command: &mut Command) {
    children::tie(command);
}

/// Sets a variable of the environment for the programs that this one is to start.
///
/// # Errors
/// There are other threads, which may be reading the environment.
pub fn set_variable(name: &str, value: &OsStr) -> io::Result<()> {
    if !crate::isolation::is_single_threaded() {
        return Err(io::Error::other("there are other threads"));
    }
    children::set_variable(name.as_ref(), value);
    Ok(())
}

/// From now on signals that another process sends to this one wait for
/// [`forward_signals`]; those of the terminal are for whoever else it sends them to.
///
/// # Errors
/// What the kernel refuses.
pub fn hold_signals() -> io::Result<()> {
    signals::forward(0, &FORWARDED, &[])
}

/// From now on signals that another process sends to this one are sent on to `process`;
/// those of the terminal reach both, and are that process's matter.
///
/// # Errors
/// What the kernel refuses.
pub fn forward_signals(process: u32) -> io::Result<()> {
    signals::forward(process.cast_signed(), &FORWARDED, &[])
}

/// That process is gone: those signals are ignored.
pub fn forward_no_more() {
    signals::forward_no_more();
}

/// From now on processes become children of this one when the program that made them ends
/// (prctl(2), PR_SET_CHILD_SUBREAPER).
///
/// # Errors
/// What the kernel refuses.
pub fn adopt() -> io::Result<()> {
    // Any process number sets it.
    set_child_subreaper(Some(Pid::INIT))?;
    Ok(())
}

/// What has become of the children.
#[derive(Debug)]
pub enum Waited {
    /// This one has ended.
    Ended(u32, ExitStatus),
    /// None has ended since.
    Alive,
    /// There are none.
    None,
}

/// The next child that has ended and was not told of; does not wait for it.
///
/// # Errors
/// What the kernel refuses.
pub fn next_ended() -> io::Result<Waited> {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((process, status))) => {
            let process = process.as_raw_nonzero().get().unsigned_abs();
            let status = ExitStatus::from_raw(status.as_raw());
            Ok(Waited::Ended(process, status))
        }
        Ok(None) => Ok(Waited::Alive),
        Err(rustix::io::Errno::CHILD) => Ok(Waited::None),
        Err(error) => Err(error.into()),
    }
}

/// Asks each child to end that was not asked before, with SIGTERM; kills all if that is
/// `certain`. Children are found in /proc/self/task (proc(5), `children`).
pub fn tell_all_to_end(certain: bool, asked: &mut Vec<Pid>) {
    for child in children() {
        // It may be gone, or stopped.
        if certain {
            let _ = kill_process(child, Signal::KILL);
        } else if !asked.contains(&child) {
            asked.push(child);
            let _ = kill_process(child, Signal::TERM);
            let _ = kill_process(child, Signal::CONT);
        }
    }
}

fn children() -> Vec<Pid> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let all = lists.collect::<Vec<_>>().join(" ");
    let numbers = all.split_whitespace().filter_map(|word| word.parse().ok());
    numbers.filter_map(Pid::from_raw).collect()
}
