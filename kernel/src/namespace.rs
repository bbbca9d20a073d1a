//! Network namespaces (network_namespaces(7)). A socket belongs to the one in which the
//! thread was that made it, for good.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::netlink::Netlink;
use crate::sys::namespaces;

/// A network namespace. It is there for as long as this is, or a thread or a socket in it.
#[derive(Debug)]
pub struct NetworkNamespace(OwnedFd);

impl NetworkNamespace {
    /// A new one, in which only the loopback interface is up. Needs CAP_SYS_ADMIN, which
    /// [`crate::isolation::enter`] gives.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn new() -> io::Result<Self> {
        apart(|| {
            namespaces::unshare(UnshareFlags::NEWNET)?;
            Self::bring_up_loopback()?;
            Self::current()
        })
    }

    /// That of the calling thread.
    ///
    /// # Errors
    /// There is no /proc, or no descriptor left.
    pub fn current() -> io::Result<Self> {
        Ok(Self(File::open("/proc/thread-self/ns/net")?.into()))
    }

    /// The one that a descriptor stands for, as /proc/PID/ns/net gives it.
    pub const fn of(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// The same one again.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn duplicate(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// Moves the calling thread into it (setns(2)), and so the threads and programs that it
    /// starts from now on.
    ///
    /// # Errors
    /// What the kernel refuses, as without CAP_SYS_ADMIN.
    pub fn enter(&self) -> io::Result<()> {
        move_into_link_name_space(self.as_fd(), Some(LinkNameSpaceType::Network))?;
        Ok(())
    }

    /// Does `task` in it, on a thread of its own.
    ///
    /// # Errors
    /// As [`enter`](Self::enter), or what `task` fails with.
    pub fn within<T: Send>(&self, task: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        apart(|| {
            self.enter()?;
            task()
        })
    }

    /// Brings up the loopback interface of the calling thread's namespace.
    pub(crate) fn bring_up_loopback() -> io::Result<()> {
        let index = crate::sys::interface(c"lo")?;
        Netlink::new()?.bring_up(index.unsigned_abs())
    }
}

impl AsFd for NetworkNamespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Does `task` on a thread of its own, which ends with it.
fn apart<T: Send>(task: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let name = thread::Builder::new().name("namespace".to_owned());
        let thread = name.spawn_scoped(scope, task)?;
        let ended = |_| Err(io::Error::other("its thread ended badly"));
        thread.join().unwrap_or_else(ended)
    })
}
