//! A file that is written at the end, besides what is printed.
//!
//! It is known to be writable before there is something to write, so that nothing is
//! done in vain, and it is replaced as a whole: until all is written, what was there
//! stays.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

/// What is read while it is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// Nothing.
    Nothing,
    /// Standard input.
    Standard,
    /// A file, or a lesson's name, which is none.
    File(&'a Path),
    /// Several files.
    Files(&'a [PathBuf]),
}

/// Where it is written.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file in the same folder, which takes the place of the one at this path.
    Replaced(NamedTempFile, PathBuf),
    /// A pipe or a device.
    Written(File),
}

/// A path that can be written to. Standard output has something else.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("name a file: standard output is taken".to_owned()),
        text => Ok(text.into()),
    }
}

impl Target {
    /// Makes sure that `path` can be written; what it holds stays until
    /// [`write`](Self::write). Refuses to write over `input`, and into what the program
    /// prints.
    pub(super) fn open(path: PathBuf, input: Input<'_>) -> Result<Self> {
        let name = path.display().to_string();
        if let Ok(found) = fs::metadata(&path) {
            let files = match input {
                Input::File(file) => vec![file],
                Input::Files(files) => files.iter().map(PathBuf::as_path).collect(),
                Input::Nothing | Input::Standard => Vec::new(),
            };
            let mut read = files.into_iter().map(fs::metadata);
            let is_standard = matches!(input, Input::Standard);
            if read.any(|file| is_same(&found, file))
                || is_standard && is_same(&found, standard(&io::stdin()))
            {
                bail!("cannot write {name}: it is what is read; name another file");
            }
            if is_same(&found, standard(&io::stdout())) || is_same(&found, standard(&io::stderr()))
            {
                bail!("cannot write {name}: it is what is printed to; name another file");
            }
        }
        let place = place(&path).with_context(|| format!("cannot write {name}"))?;
        Ok(Self { path, place })
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Writes all of it.
    pub(super) fn write(self, bytes: &[u8]) -> Result<()> {
        let name = self.name();
        let written = match self.place {
            Place::Written(mut file) => file.write_all(bytes),
            Place::Replaced(file, path) => replace(file, &path, bytes),
        };
        written.with_context(|| format!("cannot write {name}"))
    }
}

fn place(path: &Path) -> io::Result<Place> {
    let found = fs::metadata(path);
    if found.as_ref().is_ok_and(|found| !found.is_file()) {
        return OpenOptions::new()
            .write(true)
            .open(path)
            .map(Place::Written);
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
    // What is missing is the folder, and no file of another name in it.
    fs::metadata(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".stickylab-");
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
    let file = builder.tempfile_in(folder);
    // Its error names the file with the passing name.
    let file = file.map_err(|error| io::Error::from(error.kind()))?;
    Ok(Place::Replaced(file, path))
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
