//! Mounts of this process's own, once it has a mount namespace
//! ([`crate::isolation::enter_with_mounts`], mount_namespaces(7)).

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::path::Path;

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount,
};

/// From now on nothing that is mounted in this namespace is seen outside of it; what is
/// mounted outside is still seen here.
pub(crate) fn keep_to_this_process() -> io::Result<()> {
    let flags = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", flags)?;
    Ok(())
}

/// Mounts an empty folder, in memory, over a folder (tmpfs(5)).
///
/// # Errors
/// What the kernel refuses.
pub fn mount_memory(folder: &Path) -> io::Result<()> {
    let flags = MountFlags::NODEV | MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("tmpfs", folder, "tmpfs", flags, Some(c"mode=0755,size=1m"))?;
    Ok(())
}

/// Has `file` in the place of another file, which has to be there.
///
/// # Errors
/// What the kernel refuses.
pub fn put(file: &Path, in_place_of: &Path) -> io::Result<()> {
    mount_bind(file, in_place_of)?;
    Ok(())
}

/// Has a namespace in the place of a file, so that whoever opens it has the namespace
/// (namespaces(7)).
///
/// # Errors
/// What the kernel refuses.
pub fn put_namespace(namespace: impl AsFd, in_place_of: &Path) -> io::Result<()> {
    let number = namespace.as_fd().as_raw_fd();
    mount_bind(format!("/proc/thread-self/fd/{number}"), in_place_of)?;
    Ok(())
}

/// Takes away what is mounted there, once nobody uses it any more.
///
/// # Errors
/// What the kernel refuses.
pub fn take_away(path: &Path) -> io::Result<()> {
    unmount(path, UnmountFlags::DETACH)?;
    Ok(())
}
