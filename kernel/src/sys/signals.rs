//! Signals to this program while it traces others.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::{io, mem, ptr};

use super::check;

/// Where [`forward`] sends signals to; 0: nowhere.
static TARGET: AtomicI32 = AtomicI32::new(0);
/// The last signal that came while there was nowhere to send it to; 0: none.
static HELD: AtomicI32 = AtomicI32::new(0);

/// Sends each of `signals` that another program sends to this one on to
/// `process`, and ignores those that the terminal sends, because it sends them
/// to the process as well. `ignored` are ignored. With 0 as the process a signal waits until
/// there is one.
pub(crate) fn forward(
    process: libc::pid_t,
    signals: &[c_int],
    ignored: &[c_int],
) -> io::Result<()> {
    TARGET.store(process, Ordering::SeqCst);
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_signal;
    for &signal in signals {
        dispose(signal, handler as libc::sighandler_t, libc::SA_SIGINFO)?;
    }
    for &signal in ignored {
        dispose(signal, libc::SIG_IGN, 0)?;
    }
    if process > 0 {
        let held = HELD.swap(0, Ordering::SeqCst);
        if held != 0 {
            // SAFETY: the call reads and writes no memory.
            unsafe { libc::kill(process, held) };
        }
    }
    Ok(())
}

/// No signal is sent on any more: the process is gone.
pub(crate) fn forward_no_more() {
    TARGET.store(0, Ordering::SeqCst);
}

/// No signal is sent on to this process any more: it is gone. Others are sent on.
pub(crate) fn forward_no_more_to(process: libc::pid_t) {
    let _ = TARGET.compare_exchange(process, 0, Ordering::SeqCst, Ordering::SeqCst);
}

/// Whether a signal came that asks for the end of this program, and not of what it traces
/// alone.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether SIGTERM or SIGHUP came.
pub(crate) fn is_to_end() -> bool {
    ENDING.load(Ordering::SeqCst)
}

fn note_end(signal: c_int) {
    if [libc::SIGTERM, libc::SIGHUP].contains(&signal) {
        ENDING.store(true, Ordering::SeqCst);
    }
}

extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    note_end(signal);
    let process = TARGET.load(Ordering::SeqCst);
    // SAFETY: the kernel passes a `siginfo_t`; kill(2) may be called in a signal
    // handler, and the error number is left as it was.
    unsafe {
        // Sent by a process, not by the kernel (sigaction(2), SI_USER and below).
        if (*info).si_code > 0 {
            return;
        }
        if process == 0 {
            HELD.store(signal, Ordering::SeqCst);
        } else {
            let error = libc::__errno_location();
            let before = *error;
            libc::kill(process, signal);
            *error = before;
        }
    }
}

/// What happens at a signal (sigaction(2)).
fn dispose(signal: c_int, handler: libc::sighandler_t, flags: c_int) -> io::Result<()> {
    act(signal, handler, flags | libc::SA_RESTART)
}

fn act(signal: c_int, handler: libc::sighandler_t, flags: c_int) -> io::Result<()> {
    // SAFETY: a `sigaction` of zeros is valid.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: `action` outlives the call, and its handler is one for its flags.
    check(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })?;
    Ok(())
}

/// Whether a signal came that [`notice`] is for.
static NOTICED: AtomicBool = AtomicBool::new(false);

/// From now on these signals end a [`wait`](super::processes::wait), and nothing else.
pub(crate) fn notice(signals: &[c_int]) -> io::Result<()> {
    let handler: extern "C" fn(c_int) = on_noticed;
    for &signal in signals.iter().chain(&[libc::SIGALRM]) {
        // Without SA_RESTART.
        act(signal, handler as libc::sighandler_t, 0)?;
    }
    Ok(())
}

/// Whether one of them came.
pub(crate) fn has_noticed() -> bool {
    NOTICED.load(Ordering::SeqCst)
}

/// A wait is not ended by a signal any more.
pub(crate) fn notice_no_more() {
    NOTICED.store(false, Ordering::SeqCst);
}

extern "C" fn on_noticed(signal: c_int) {
    note_end(signal);
    if signal != libc::SIGALRM {
        NOTICED.store(true, Ordering::SeqCst);
    }
    if NOTICED.load(Ordering::SeqCst) {
        // It may have come just before waitpid(2), which another signal ends then.
        // SAFETY: alarm(2) may be called in a signal handler.
        unsafe { libc::alarm(1) };
    }
}
