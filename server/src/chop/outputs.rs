//! The standard streams of a program: a file to read, a pseudo-terminal to write to, so that
//! nothing is held back in a buffer, and a pipe for errors.

use std::fs::File;
use std::io::{self, PipeReader, Read, Seek as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

/// Most bytes that are kept of each; what comes later is read and dropped.
const MOST: usize = 1 << 20;

/// What a program writes.
#[derive(Debug)]
pub(super) struct Outputs {
    terminal: File,
    pipe: PipeReader,
    /// What came so far on standard output.
    pub(super) output: Vec<u8>,
    /// What came so far on standard error.
    pub(super) errors: Vec<u8>,
}

impl Outputs {
    /// Standard streams of a program that reads `input`, and where what it writes arrives.
    pub(super) fn open(input: &[u8]) -> io::Result<(Self, [OwnedFd; 3])> {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&terminal)?;
        unlockpt(&terminal)?;
        let name = ptsname(&terminal, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let program = rustix::fs::open(&name, flags, Mode::empty())?;
        // Bytes pass as they are.
        let mut modes = tcgetattr(&program)?;
        modes.make_raw();
        tcsetattr(&program, OptionalActions::Now, &modes)?;
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&program, size)?;
        let (pipe, errors) = io::pipe()?;
        let mut file = tempfile::tempfile()?;
        file.write_all(input)?;
        file.rewind()?;
        for ours in [terminal.as_fd(), pipe.as_fd()] {
            let flags = rustix::fs::fcntl_getfl(ours)?;
            rustix::fs::fcntl_setfl(ours, flags | OFlags::NONBLOCK)?;
        }
        let this = Self {
            terminal: File::from(terminal),
            pipe,
            output: Vec::new(),
            errors: Vec::new(),
        };
        Ok((this, [file.into(), program, errors.into()]))
    }

    /// Takes what has been written.
    pub(super) fn drain(&mut self) {
        drain(&mut self.terminal, &mut self.output);
        drain(&mut self.pipe, &mut self.errors);
    }
}

/// Reads until nothing is left, as much as a pipe holds at most, or nobody writes any more: EIO
/// where the last program has closed a terminal (pty(7)).
fn drain(from: &mut impl Read, to: &mut Vec<u8>) {
    /// A program may write without end.
    const PIECES: usize = 16;
    let mut buffer = [0; 8192];
    for _ in 0..PIECES {
        match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) | Ok(0) => return,
            Ok(count) => {
                let room = MOST.saturating_sub(to.len());
                to.extend_from_slice(&buffer[..count.min(room)]);
            }
        }
    }
}
