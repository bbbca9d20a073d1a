//! Processes that this one starts.

use std::io;
use std::process::Command;

use crate::sys;

/// Has a process killed when the thread that starts it ends, however it ends: by SIGKILL as well
/// (PR_SET_PDEATHSIG, prctl(2)). What that process starts is not.
pub fn ends_with_its_thread(command: &mut Command) {
    sys::ends_with_its_thread(command);
}

/// Has the calling thread, and all that it makes from now on, take no processor away from
/// others when it has something to do again (sched(7), SCHED_BATCH). To be called by a process's
/// first thread before there are others.
///
/// # Errors
/// What the kernel refuses.
pub fn schedule_as_batch() -> io::Result<()> {
    sys::children::schedule_as_batch()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Stdio;
    use std::thread;

    use super::*;

    #[test]
    fn a_process_is_killed_when_its_thread_ends() {
        let starting = thread::spawn(|| {
            let mut command = Command::new("cat");
            ends_with_its_thread(&mut command);
            command.stdin(Stdio::piped()).spawn().unwrap()
        });
        let mut child = starting.join().unwrap();
        // Its standard input stays open, so that it would wait for ever.
        let input = child.stdin.take();
        let status = child.wait().unwrap();
        drop(input);
        assert_eq!(status.signal(), Some(9));
    }
}
