//! A network of its own for this process, without a privilege: a user namespace that it is
//! the owner of, and a network namespace in it (user_namespaces(7), network_namespaces(7)).

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{DumpableBehavior, getegid, geteuid};
use rustix::thread::{
    CapabilitySet, UnshareFlags, capabilities, configure_capability_in_ambient_set,
    set_capabilities,
};
use socket2::{Domain, Socket, Type};

use crate::mounts;
use crate::namespace::NetworkNamespace;
use crate::sys::namespaces;

/// Why a process gets no network of its own.
#[derive(Debug)]
pub enum Refused {
    /// `user.max_user_namespaces` is 0 (namespaces(7)).
    UserNamespaces,
    /// `user.max_net_namespaces` is 0.
    NetworkNamespaces,
    /// `kernel.unprivileged_userns_clone` is 0, as Debian has it.
    UnprivilegedClone,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1, as Ubuntu has it.
    AppArmor,
    /// A filter of system calls is installed, as containers have it (seccomp(2)).
    Seccomp,
    /// The process has several threads already.
    Threads,
    /// What was tried, and what the kernel said.
    Failed(&'static str, io::Error),
}

/// Moves this process into a network namespace of its own, in which it has all
/// capabilities and of which the loopback interface is up and nothing else. With
/// CAP_SYS_ADMIN that is all; else it is also the owner of a new user namespace, in which
/// its user and its group keep their numbers and all others are nobody. Programs that it
/// starts are in there too.
///
/// Call it at the start of a process, before there is a second thread.
///
/// # Errors
/// Why that is refused. The process is then what it was before, unless the reason is
/// [`Refused::Failed`] with something else than the namespace itself.
pub fn enter() -> Result<(), Refused> {
    enter_with(UnshareFlags::NEWNET)
}

/// As [`enter`], with mounts of its own as well (mount_namespaces(7)): what it mounts from
/// now on it and its programs have, and nobody else.
///
/// # Errors
/// As [`enter`].
pub fn enter_with_mounts() -> Result<(), Refused> {
    enter_with(UnshareFlags::NEWNET | UnshareFlags::NEWNS)?;
    let own = mounts::keep_to_this_process();
    own.map_err(|error| Refused::Failed("the mounts are not its own", error))
}

fn enter_with(flags: UnshareFlags) -> Result<(), Refused> {
    if !is_single_threaded() {
        return Err(Refused::Threads);
    }
    if namespaces::unshare(flags).is_err() {
        return enter_owned_with(flags);
    }
    bring_up()
}

/// The same in a user namespace of its own in any case: there it has capabilities that it
/// lacks outside, even if it may make network namespaces without one.
///
/// # Errors
/// As [`enter`].
pub fn enter_owned() -> Result<(), Refused> {
    enter_owned_with(UnshareFlags::NEWNET)
}

fn enter_owned_with(flags: UnshareFlags) -> Result<(), Refused> {
    if !is_single_threaded() {
        return Err(Refused::Threads);
    }
    if number("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        // Where AppArmor restricts it, a process is let in and is powerless inside.
        let tried = namespaces::succeeds_in_a_child(|| enter_user_namespace(flags).is_ok());
        if !matches!(tried, Ok(true)) {
            return Err(Refused::AppArmor);
        }
    }
    enter_user_namespace(flags).map_err(|(what, error)| reason(what, error))?;
    bring_up()
}

fn bring_up() -> Result<(), Refused> {
    let up = NetworkNamespace::bring_up_loopback();
    up.map_err(|error| Refused::Failed("the loopback interface does not come up", error))
}

/// Whether this process may capture packets as it is (CAP_NET_RAW, packet(7)).
pub fn may_capture() -> bool {
    Socket::new(Domain::PACKET, Type::RAW, None).is_ok()
}

fn enter_user_namespace(flags: UnshareFlags) -> Result<(), (&'static str, io::Error)> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    // The files in /proc/self belong to root where the program has file capabilities.
    let dumpable = rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable);
    dumpable.map_err(|error| ("it cannot be made dumpable", error.into()))?;
    namespaces::unshare(UnshareFlags::NEWUSER | flags)
        .map_err(|error| ("no user and network namespace", error))?;
    let write = |file: &str, text: String| fs::write(format!("/proc/self/{file}"), text);
    let maps = write("setgroups", "deny".to_owned())
        .and_then(|()| write("uid_map", format!("{user} {user} 1")))
        .and_then(|()| write("gid_map", format!("{group} {group} 1")));
    maps.map_err(|error| ("the user's numbers are not mapped", error))
}

/// Which setting forbids what was refused.
fn reason(what: &'static str, error: io::Error) -> Refused {
    if number("user/max_user_namespaces") == Some(0) {
        return Refused::UserNamespaces;
    }
    if number("user/max_net_namespaces") == Some(0) {
        return Refused::NetworkNamespaces;
    }
    if number("kernel/unprivileged_userns_clone") == Some(0) {
        return Refused::UnprivilegedClone;
    }
    if number("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        return Refused::AppArmor;
    }
    let is_refusal = matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
    );
    match status("Seccomp:") {
        Some(2) if is_refusal => Refused::Seccomp,
        _ => Refused::Failed(what, error),
    }
}

/// A setting of the kernel that is a number.
fn number(name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
    text.trim().parse().ok()
}

/// A number in /proc/self/status (proc(5)).
fn status(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line?.trim().parse().ok()
}

/// Lets the programs that the calling thread starts administer the network that it has
/// entered, though their user is not root: they may enter its namespaces, capture packets
/// and listen on ports below 1024 (capabilities(7), the ambient set). Root may anyway.
///
/// # Errors
/// What the kernel refuses, as outside of a user namespace of this process's own.
pub fn pass_on_capabilities() -> io::Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    let all = [
        CapabilitySet::SYS_ADMIN,
        CapabilitySet::NET_ADMIN,
        CapabilitySet::NET_RAW,
        CapabilitySet::NET_BIND_SERVICE,
    ];
    let mut sets = capabilities(None)?;
    for capability in all {
        sets.inheritable |= capability;
    }
    set_capabilities(None, sets)?;
    for capability in all {
        configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}

/// Whether this process has one thread. One that was joined may be counted for a moment: the
/// kernel tells who joins it before it is gone (clone(2), CLONE_CHILD_CLEARTID).
pub(crate) fn is_single_threaded() -> bool {
    const PATIENCE: Duration = Duration::from_millis(500);
    let begun = Instant::now();
    loop {
        match status("Threads:") {
            Some(1) => return true,
            Some(_) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(1)),
            _ => return false,
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = match self {
            Self::UserNamespaces => {
                "user namespaces are off: user.max_user_namespaces is 0 (sysctl)"
            }
            Self::NetworkNamespaces => {
                "network namespaces are off: user.max_net_namespaces is 0 (sysctl)"
            }
            Self::UnprivilegedClone => {
                "user namespaces are for root alone: kernel.unprivileged_userns_clone is 0 (sysctl)"
            }
            Self::AppArmor => {
                "AppArmor restricts user namespaces: kernel.apparmor_restrict_unprivileged_userns is 1 (sysctl)"
            }
            Self::Seccomp => {
                "a filter of system calls forbids namespaces, as containers have it (seccomp): allow unshare(2), or run it outside"
            }
            Self::Threads => "it was asked for too late: the process has several threads",
            Self::Failed(what, error) => return write!(f, "{what}: {error}"),
        };
        f.write_str(why)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_stays_where_it_is() {
        let refused = std::thread::spawn(enter).join().expect("it ends");
        let said = refused.expect_err("there are two threads").to_string();
        assert!(said.contains("several threads"), "{said}");
    }
}
