//! Traced processes: starting one, ptrace(2), its memory and its descriptors.

use std::ffi::{CString, c_char, c_int, c_long, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;

use super::{check, signals};

/// What ptrace(2) is asked for where nothing is returned and `data` is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Attaches without stopping; `data` are options.
    Seize = 0x4206,
    /// Goes on until the next stop; `data` is a signal to deliver, or 0.
    Continue = 7,
    /// The same, and stops at the end of the system call.
    UntilReturn = 24,
    /// Stays in its group-stop, and reports when that ends.
    Listen = 0x4208,
    /// Stops it, without a signal.
    Interrupt = 0x4207,
    /// Is traced no more; `data` is a signal to deliver, or 0.
    Detach = 17,
}

const PTRACE_GETEVENTMSG: c_long = 0x4201;
const PTRACE_GET_SYSCALL_INFO: c_long = 0x420e;

/// Bytes of `struct ptrace_syscall_info` (linux/ptrace.h).
pub(crate) const SYSCALL_INFO: usize = 88;

/// A request that returns nothing.
pub(crate) fn request(request: Request, thread: libc::pid_t, data: usize) -> io::Result<()> {
    let (what, thread) = (request as c_long, c_long::from(thread));
    // SAFETY: these requests neither read nor write this program's memory.
    let done = unsafe { libc::syscall(libc::SYS_ptrace, what, thread, 0_usize, data) };
    returned(done).map(drop)
}

/// The number that belongs to the event at which a thread is stopped.
pub(crate) fn event_message(thread: libc::pid_t) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    let (thread, to) = (c_long::from(thread), &raw mut message);
    // SAFETY: one `unsigned long` is stored where the last argument points to.
    let done = unsafe { libc::syscall(libc::SYS_ptrace, PTRACE_GETEVENTMSG, thread, 0_usize, to) };
    returned(done)?;
    // As wide as a word.
    Ok(message as u64)
}

/// The system call at whose beginning or end a thread is stopped; what the
/// kernel does not fill in is 0.
pub(crate) fn syscall_info(thread: libc::pid_t) -> io::Result<[u8; SYSCALL_INFO]> {
    let mut info = [0; SYSCALL_INFO];
    let (thread, size, to) = (c_long::from(thread), info.len(), info.as_mut_ptr());
    // SAFETY: at most `size` bytes are stored at `to`, which has as many.
    let done =
        unsafe { libc::syscall(libc::SYS_ptrace, PTRACE_GET_SYSCALL_INFO, thread, size, to) };
    returned(done)?;
    Ok(info)
}

/// Whether a thread under trace has stopped or ended, and nobody has waited for that yet
/// (waitid(2)); a [`wait`] still gives it.
pub(crate) fn has_changed(thread: i32) -> io::Result<bool> {
    let options = libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::WNOHANG | libc::__WALL;
    // SAFETY: a `siginfo_t` of zeros is valid.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    // SAFETY: `info` is a `siginfo_t`, which the kernel may fill.
    check(unsafe { libc::waitid(libc::P_PID, thread.unsigned_abs(), &raw mut info, options) })?;
    // SAFETY: it is zeros still, or what the kernel tells of a child.
    Ok(unsafe { info.si_pid() } != 0)
}

/// Waits for the next change of any traced thread or child (waitpid(2),
/// `__WALL`) that this thread traces or started: which, and its status. Fails with EINTR once a signal was noticed that
/// [`signals::notice`] is for.
pub(crate) fn wait() -> io::Result<(libc::pid_t, c_int)> {
    loop {
        match change(0) {
            Ok(None) => {}
            Err(error) if is_interrupted(&error) && !signals::has_noticed() => {}
            Ok(Some(change)) => return Ok(change),
            Err(error) => return Err(error),
        }
    }
}

/// The same without waiting; none if nothing has changed.
pub(crate) fn poll() -> io::Result<Option<(libc::pid_t, c_int)>> {
    change(libc::WNOHANG)
}

fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

fn change(options: c_int) -> io::Result<Option<(libc::pid_t, c_int)>> {
    if signals::has_noticed() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let mut status: c_int = 0;
    // SAFETY: one `int` is stored where the argument points to.
    let thread = unsafe {
        libc::waitpid(
            -1,
            &raw mut status,
            libc::__WALL | libc::__WNOTHREAD | options,
        )
    };
    let thread = check(thread)?;
    Ok((thread != 0).then_some((thread, status)))
}

/// Copies memory of another process from `address` on into `buffer`
/// (process_vm_readv(2)): as much of it as can be read in one go.
pub(crate) fn read_memory(
    thread: libc::pid_t,
    address: usize,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: ptr::without_provenance_mut(address),
        iov_len: buffer.len(),
    };
    // SAFETY: `buffer.len()` bytes are stored in `buffer`; the other address is
    // one of the other process, and the kernel checks it.
    let read =
        unsafe { libc::process_vm_readv(thread, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

/// A descriptor that stands for a process or, with `PIDFD_THREAD`, a thread
/// (pidfd_open(2)).
pub(crate) fn pidfd(process: libc::pid_t, flags: u32) -> io::Result<OwnedFd> {
    // SAFETY: the call reads and writes no memory.
    let opened = unsafe {
        libc::syscall(
            libc::SYS_pidfd_open,
            c_long::from(process),
            c_long::from(flags),
        )
    };
    own(opened)
}

/// A copy of a descriptor of the process that `process` stands for
/// (pidfd_getfd(2)); it is close-on-exec.
pub(crate) fn copy_descriptor(process: BorrowedFd<'_>, fd: RawFd) -> io::Result<OwnedFd> {
    let (process, fd) = (c_long::from(process.as_raw_fd()), c_long::from(fd));
    // SAFETY: the call reads and writes no memory.
    let copied = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process, fd, 0_usize) };
    own(copied)
}

/// Bytes of `struct sockaddr_storage`.
const ADDRESS: usize = mem::size_of::<libc::sockaddr_storage>();

/// Which address of a socket is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Its own (getsockname(2)).
    Local,
    /// Its peer's (getpeername(2)).
    Peer,
}

/// A `struct sockaddr` of any family, as many bytes as there are of it.
pub(crate) fn address(socket: BorrowedFd<'_>, side: Side) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0_u8; ADDRESS];
    let mut length = libc::socklen_t::try_from(bytes.len()).map_err(io::Error::other)?;
    let (fd, to) = (socket.as_raw_fd(), bytes.as_mut_ptr().cast());
    // SAFETY: at most `length` bytes are stored at `to`, which has as many, and
    // the length is stored where the last argument points to.
    check(unsafe {
        match side {
            Side::Local => libc::getsockname(fd, to, &raw mut length),
            Side::Peer => libc::getpeername(fd, to, &raw mut length),
        }
    })?;
    bytes.truncate(length as usize);
    Ok(bytes)
}

/// What a child of [`start`] could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Install the filter of system calls (seccomp(2)).
    Filter,
    /// Run the program (execve(2)).
    Run,
}

/// A child that waits to be seized.
#[derive(Debug)]
pub(crate) struct Child {
    /// Its process.
    pub(crate) process: libc::pid_t,
    /// One byte written here lets it go on.
    pub(crate) go: OwnedFd,
    /// It writes here why it could not run the program: a [`Stage`] and a number
    /// (errno(3)), each an `i32` in the machine's byte order; nothing comes if it
    /// could.
    pub(crate) failure: OwnedFd,
}

/// Forks a child that installs the filter and runs a program as soon as it is
/// told to. The calling process should have no other threads: the child
/// allocates (execvp(3)).
pub(crate) fn start(arguments: &[CString], filter: &mut [libc::sock_filter]) -> io::Result<Child> {
    let mut pointers: Vec<*const c_char> = arguments.iter().map(|word| word.as_ptr()).collect();
    pointers.push(ptr::null());
    fork(filter, |program, wait, tell| {
        run(&pointers, program, wait, tell);
    })
}

/// Forks a child that does `task` and ends: with the filter, the descriptor where it is told
/// to go on, and the one where it tells. The calling process should have no other threads.
pub(super) fn fork(
    filter: &mut [libc::sock_filter],
    task: impl FnOnce(&libc::sock_fprog, RawFd, RawFd),
) -> io::Result<Child> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_mut_ptr(),
    };
    let (wait, go) = pipe()?;
    let (failure, tell) = pipe()?;
    let yes: libc::c_ulong = 1;
    // A program with capabilities of its file is not dumpable, nor is its child, and that
    // cannot be traced then (ptrace(2)). Whoever may trace this one needs its capabilities.
    // SAFETY: the call reads and writes no memory.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, yes) })?;
    // SAFETY: the child ends behind `task`, and calls nothing that another
    // thread could have left locked, as there is none.
    let process = unsafe { libc::fork() };
    if process == 0 {
        drop(go);
        drop(failure);
        task(&program, wait.as_raw_fd(), tell.as_raw_fd());
        // SAFETY: it ends this process.
        unsafe { libc::_exit(0) };
    }
    check(process)?;
    Ok(Child {
        process,
        go,
        failure,
    })
}

/// Waits until the tracer says that it has attached; without one this process ends.
pub(super) fn wait_to_go(wait: RawFd) {
    let mut byte = 0_u8;
    // SAFETY: one byte is stored in `byte`.
    let told = unsafe { libc::read(wait, (&raw mut byte).cast(), 1) };
    if told != 1 {
        // SAFETY: it ends this process.
        unsafe { libc::_exit(1) };
    }
}

/// Installs the filter for this process and its children. False if that is refused.
pub(super) fn install(program: &libc::sock_fprog) -> bool {
    let on: libc::c_ulong = 1;
    let off: libc::c_ulong = 0;
    let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: `program` points to as many instructions as it says, and outlives the call.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, on, off, off, off) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, mode, ptr::from_ref(program)) == 0
    }
}

/// The child's part of [`start`].
fn run(pointers: &[*const c_char], program: &libc::sock_fprog, wait: RawFd, tell: RawFd) {
    wait_to_go(wait);
    execute(pointers, program, tell);
}

/// Installs the filter and runs a program in place of this process; if that fails it says why,
/// and ends.
pub(super) fn execute(pointers: &[*const c_char], program: &libc::sock_fprog, tell: RawFd) {
    // SAFETY: `pointers` ends in a null pointer and points to strings that end in a zero
    // byte, which outlive the call. SIGPIPE is as the standard library found it.
    let stage = unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if install(program) {
            libc::execvp(pointers[0], pointers.as_ptr());
            Stage::Run
        } else {
            Stage::Filter
        }
    };
    let error = io::Error::last_os_error().raw_os_error().unwrap_or(0);
    let words = [stage as i32, error].map(i32::to_ne_bytes);
    let bytes = words.as_flattened();
    // SAFETY: as many bytes are read as there are; then this process ends.
    unsafe {
        libc::write(tell, bytes.as_ptr().cast::<c_void>(), bytes.len());
        libc::_exit(127)
    }
}

/// A pipe (pipe(2)) that no program inherits: its end to read from, and to write to.
fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: two descriptors are stored in the array.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((own(c_long::from(ends[0]))?, own(c_long::from(ends[1]))?))
}

/// Sends a signal (kill(2)).
pub(crate) fn kill(process: libc::pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: the call reads and writes no memory.
    check(unsafe { libc::kill(process, signal) }).map(drop)
}

/// Ends this process by a signal, as another one ended, without a dump of its
/// memory; returns if that signal ends no process.
pub(crate) fn die_of(signal: c_int) {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `none` outlives the call, `set` is initialised before it is used.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
        libc::raise(signal);
    }
}

/// Stops this process until it is continued (SIGSTOP, SIGCONT).
pub(crate) fn stop() {
    // SAFETY: the call reads and writes no memory.
    unsafe { libc::raise(libc::SIGSTOP) };
}

fn returned(result: c_long) -> io::Result<c_long> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// The descriptor that a call returned.
fn own(result: c_long) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(returned(result)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made it, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
