//! `--pcapng FILE`: a run's packets as a file for Wireshark.
//!
//! The file is known to be writable before there is something to write, so that no
//! run is made in vain, and it is replaced as a whole: until all is written, what was
//! there stays.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;
use trace::link::Capture;
use trace::{Analysis, Trace, pcapng};

/// Where what is shown comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// Standard input.
    Standard,
    /// A file, or a lesson's name, which is none.
    File(&'a Path),
}

/// Where the packets go.
#[derive(Debug)]
pub(super) struct Packets {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// A file in the same folder, which takes the place of the one at this path.
    Replaced(NamedTempFile, PathBuf),
    /// A pipe or a device.
    Written(File),
}

/// Where `--pcapng` writes: a file. Standard output has the lanes or lines.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("name a file, such as run.pcapng: standard output is taken".to_owned()),
        text => Ok(text.into()),
    }
}

impl Packets {
    /// Makes sure that `path` can be written; what it holds stays until
    /// [`write`](Self::write). Refuses to write over `input`, the file that the
    /// packets come from, and into what the program prints.
    pub(super) fn open(path: PathBuf, input: Input<'_>) -> Result<Self> {
        let name = path.display().to_string();
        if let Ok(found) = fs::metadata(&path) {
            let read = match input {
                Input::Standard => standard(&io::stdin()),
                Input::File(file) => fs::metadata(file),
            };
            if is_same(&found, read) {
                bail!("cannot write {name}: it is what is read; name another file");
            }
            if is_same(&found, standard(&io::stdout())) || is_same(&found, standard(&io::stderr()))
            {
                bail!("cannot write {name}: it is what is printed to; name another file");
            }
        }
        let target = target(&path).with_context(|| format!("cannot write {name}"))?;
        Ok(Self { path, target })
    }

    /// Writes the trace's packets, and says so on standard error.
    pub(super) fn write(self, trace: &Trace) -> Result<()> {
        let bytes = pcapng::write(trace, &Analysis::new(trace));
        let name = self.path.display().to_string();
        let written = match self.target {
            Target::Written(mut file) => file.write_all(&bytes),
            Target::Replaced(file, path) => replace(file, &path, &bytes),
        };
        written.with_context(|| format!("cannot write {name}"))?;
        let headers = match trace.head.capture {
            Capture::On => "packets as they were captured",
            _ => "synthetic headers around the bytes of the calls: the wire was not captured",
        };
        eprintln!("stickylab: wrote {name}: {} bytes, {headers}", bytes.len());
        Ok(())
    }
}

fn target(path: &Path) -> io::Result<Target> {
    let found = fs::metadata(path);
    if found.as_ref().is_ok_and(|found| !found.is_file()) {
        return OpenOptions::new()
            .write(true)
            .open(path)
            .map(Target::Written);
    }
    // A link stays one, and the file it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if found.is_ok() {
        // One that may not be written is not replaced either.
        OpenOptions::new().write(true).open(&path)?;
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".stickylab-").suffix(".pcapng");
    let permissions = found.map(|found| found.permissions());
    #[cfg(unix)]
    let permissions = permissions.or_else(|_| {
        use std::os::unix::fs::PermissionsExt as _;
        // Less what umask(2) takes away.
        io::Result::Ok(fs::Permissions::from_mode(0o666))
    });
    if let Ok(permissions) = permissions {
        builder.permissions(permissions);
    }
    Ok(Target::Replaced(builder.tempfile_in(folder)?, path))
}

fn replace(mut file: NamedTempFile, path: &Path, bytes: &[u8]) -> io::Result<()> {
    check_size(bytes.len())?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// An error if a file may not be so large (setrlimit(2), RLIMIT_FSIZE): a write beyond
/// that would end the program with a signal.
#[cfg(unix)]
fn check_size(bytes: usize) -> io::Result<()> {
    use rustix::process::{Resource, getrlimit};
    let most = getrlimit(Resource::Fsize).current;
    if most.is_some_and(|most| bytes as u64 > most) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_size(_: usize) -> io::Result<()> {
    Ok(())
}

/// What a standard stream is.
#[cfg(unix)]
fn standard(stream: &impl std::os::fd::AsFd) -> io::Result<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned()?).metadata()
}

/// A standard stream cannot be compared with a file here.
#[cfg(not(unix))]
fn standard<T>(_: &T) -> io::Result<Metadata> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether two files are one. Of a device, such as /dev/null, that does not matter,
/// unless it is a terminal.
#[cfg(unix)]
fn is_same(one: &Metadata, other: io::Result<Metadata>) -> bool {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let is_device = one.file_type().is_char_device() && !io::stdout().is_terminal();
    let identity = |file: &Metadata| (file.dev(), file.ino());
    !is_device && other.is_ok_and(|other| identity(one) == identity(&other))
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: io::Result<Metadata>) -> bool {
    false
}
