//! A Unix socket to listen on, and the file that names it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

/// The owner and the group may connect (which takes write permission, unix(7)).
const MODE: u32 = 0o660;
/// How often, and after which pause, the folder's lock is tried.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A path that can't be listened on.
#[derive(Debug, thiserror::Error)]
pub enum UnixError {
    /// A program listens there.
    #[error("{} is in use: end the program that listens there, or choose another path", .0.display())]
    InUse(PathBuf),
    /// The path leads to something else.
    #[error("{} is there and is no socket: remove it, or choose another path", .0.display())]
    NoSocket(PathBuf),
    /// The system said no.
    #[error("{}: {what}: {error}; choose another path", .path.display())]
    Failed {
        /// The socket's path.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

/// A socket's file, removed when this is dropped, if it is still this socket's.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    id: Id,
}

/// Device, inode, and, where the file system knows it, the time of its birth:
/// an inode's number is soon another file's.
type Id = (u64, u64, Option<SystemTime>);

impl SocketFile {
    /// Its path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|file| id(&file) == self.id);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!("{}: it can't be removed: {error}", self.path.display());
        }
    }
}

fn id(file: &fs::Metadata) -> Id {
    (file.dev(), file.ino(), file.created().ok())
}

/// Listens on `path`; up to about `backlog` connections wait for accept (see
/// listen(2)). The file's mode is 0660 before anybody can connect. A file that
/// a program left behind is replaced, one at which a program listens is not.
pub fn listen_unix(path: &Path, backlog: u32) -> Result<(UnixListener, SocketFile), UnixError> {
    let failed = |what| {
        let path = path.to_owned();
        move |error| UnixError::Failed { path, what, error }
    };
    // Two programs that start at once must not remove each other's file.
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = File::open(folder).map_err(failed("its folder can't be opened"))?;
    lock(&folder).map_err(failed("its folder can't be locked"))?;
    remove_stale(path)?;

    let address = SockAddr::unix(path).map_err(failed("no path of a socket"))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed("socket"))?;
    socket.bind(&address).map_err(failed("bind"))?;
    let file = fs::symlink_metadata(path).map_err(failed("its file"))?;
    let file = SocketFile {
        path: path.to_owned(),
        id: id(&file),
    };
    // Before listen(2): until then nobody can connect.
    fs::set_permissions(path, fs::Permissions::from_mode(MODE)).map_err(failed("chmod"))?;
    socket.set_nonblocking(true).map_err(failed("O_NONBLOCK"))?;
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    socket.listen(backlog).map_err(failed("listen"))?;
    let listener = UnixListener::from_std(socket.into()).map_err(failed("listen"))?;
    Ok((listener, file))
}

/// Takes the lock of `folder` until it is dropped; not for ever: anybody who
/// may open the folder may hold it.
fn lock(folder: &File) -> io::Result<()> {
    for _ in 1..TRIES {
        match folder.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(folder.try_lock()?)
}

/// Removes a socket's file at which nobody listens any more.
fn remove_stale(path: &Path) -> Result<(), UnixError> {
    let failed = |what| {
        let path = path.to_owned();
        move |error| UnixError::Failed { path, what, error }
    };
    match fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => {}
        Ok(_) => return Err(UnixError::NoSocket(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("it can't be looked at")(error)),
    }
    let address = SockAddr::unix(path).map_err(failed("no path of a socket"))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed("socket"))?;
    // A full accept queue would make it wait.
    socket.set_nonblocking(true).map_err(failed("O_NONBLOCK"))?;
    match socket.connect(&address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed("the file of an ended program can't be removed"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) => Err(UnixError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(UnixError::InUse(path.to_owned()))
        }
        Err(error) => Err(failed("connect")(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener as Other, UnixStream};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        (folder, path)
    }

    #[tokio::test]
    async fn its_file_is_for_owner_and_group_and_goes_with_it() {
        let (_folder, path) = folder();
        let (listener, file) = listen_unix(&path, 5).unwrap();
        assert_eq!(file.path(), path);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"hello").await.unwrap();
        server.read_exact(&mut [0; 5]).await.unwrap();
        drop((listener, file));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_a_program_left_behind_is_replaced() {
        let (_folder, path) = folder();
        drop(Other::bind(&path).unwrap());
        assert!(path.exists() && UnixStream::connect(&path).is_err());
        let (_listener, _file) = listen_unix(&path, 5).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[tokio::test]
    async fn where_a_program_listens_nobody_else_does() {
        let (_folder, path) = folder();
        let _other = Other::bind(&path).unwrap();
        let error = listen_unix(&path, 5).unwrap_err();
        assert!(matches!(error, UnixError::InUse(_)), "{error}");
        UnixStream::connect(&path).unwrap();
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let (folder, path) = folder();
        fs::write(&path, "mine").unwrap();
        let error = listen_unix(&path, 5).unwrap_err();
        assert!(matches!(error, UnixError::NoSocket(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let error = listen_unix(&folder.path().join("no/where"), 5).unwrap_err();
        assert!(error.to_string().contains("folder"), "{error}");
        let long = folder.path().join("x".repeat(200));
        assert!(listen_unix(&long, 5).is_err());
    }

    #[tokio::test]
    async fn the_file_of_a_successor_is_not_removed() {
        let (_folder, path) = folder();
        let (listener, file) = listen_unix(&path, 5).unwrap();
        drop(listener);
        let (_next, _its_file) = listen_unix(&path, 5).unwrap();
        drop(file);
        UnixStream::connect(&path).unwrap();
    }
}
