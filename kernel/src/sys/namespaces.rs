//! Namespaces: leaving them, and a trial of what is refused.

use std::io;

use rustix::thread::UnshareFlags;

use super::check;

/// Gives the calling thread namespaces of its own (unshare(2)).
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES), "descriptors stay");
    // SAFETY: the table of descriptors stays shared, so that a descriptor means the same in
    // all threads; other namespaces change nothing that this program's memory depends on.
    unsafe { rustix::thread::unshare_unsafe(flags) }?;
    Ok(())
}

/// Whether a child of this process succeeds in `task`. It is called without other threads,
/// so that the child may allocate.
pub(crate) fn succeeds_in_a_child(task: impl FnOnce() -> bool) -> io::Result<bool> {
    // SAFETY: there is no other thread whose locks the child could find taken.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        let code = i32::from(!task());
        // SAFETY: it ends the child at once, and runs nothing of the parent's.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    loop {
        // SAFETY: one `int` is stored where the argument points to.
        match check(unsafe { libc::waitpid(child, &raw mut status, 0) }) {
            Ok(_) => return Ok(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
