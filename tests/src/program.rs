//! A program that runs beside the test and ends with it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{Lines, eventually, workspace};

/// The binary under test with `arguments`.
pub fn stickylab(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).env_remove("RUST_LOG");
    // Whatever the language and terminal of whoever runs the tests.
    command.env("LC_ALL", "C.UTF-8").env_remove("COLUMNS");
    command
}

/// `STICKYLAB_BIN`, or what `cargo build -p stickylab` makes.
fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("STICKYLAB_BIN") {
        return binary.into();
    }
    let name = format!("stickylab{}", std::env::consts::EXE_SUFFIX);
    let binary = workspace::target().join("debug").join(name);
    assert!(
        binary.is_file(),
        "{} is not there: run `cargo build -p stickylab`, or set STICKYLAB_BIN",
        binary.display()
    );
    binary
}

/// `command` within what `ulimit` with `limits` says, such as `-n 64`.
pub fn limited(limits: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit {limits} && exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_remove("RUST_LOG").env("LC_ALL", "C.UTF-8");
    shell
}

/// Where Debian keeps programs that are not on everybody's PATH.
const SYSTEM: &str = "/usr/sbin";

/// The program that the environment names, or else the one on PATH.
pub fn installed(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).chain([PathBuf::from(SYSTEM)]);
    let found = places.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("set {variable}, or install {name}: `cargo xtask setup` does"))
}

/// A running program. It is killed when the test is done with it, with all
/// that it started itself.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Its standard output.
    pub out: Lines,
    /// Its standard error.
    pub err: Lines,
}

/// How a program ended and what it printed.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output, line by line.
    pub out: Vec<String>,
    /// Its standard error, line by line.
    pub err: Vec<String>,
}

impl Finished {
    /// Its log, but for the line about its limits that every server begins with.
    pub fn complaints(&self) -> Vec<&String> {
        let lines = self.err.iter();
        lines
            .filter(|line| !line.contains(" file descriptors: at most "))
            .collect()
    }
}

/// Runs `command` to its end with `input` on its standard input.
pub fn run(mut command: Command, input: &[u8]) -> Finished {
    let mut program = Program::start(&mut command);
    program.write(input);
    program.finish()
}

impl Program {
    /// Starts `command` in a process group of its own.
    pub fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt as _;
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{command:?} does not start: {error}"),
        };
        let out = child.stdout.take().expect("stdout is piped");
        let err = child.stderr.take().expect("stderr is piped");
        Self {
            stdin: child.stdin.take(),
            child,
            out: Lines::of(out),
            err: Lines::of(err),
        }
    }

    /// Writes to its standard input from a thread of its own: it may be slow
    /// to read, or end before it has read everything.
    pub fn write(&mut self, input: &[u8]) {
        let mut stdin = self.stdin.take().expect("its input is still open");
        let input = input.to_vec();
        thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
    }

    /// Writes to its standard input, which stays open.
    pub fn type_in(&mut self, input: &[u8]) {
        let stdin = self.stdin.as_mut().expect("its input is still open");
        stdin.write_all(input).expect("it reads its input");
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is still running");
    }

    /// Its process id, as a number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its process id.
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it is still running.
    pub fn is_running(&mut self) -> bool {
        self.exited().is_none()
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        self.stdin = None;
        let (out, err) = (self.out.clone(), self.err.clone());
        let what = format!("the end of a program that printed {out:?} {err:?}");
        let status = eventually(&what, || self.exited());
        Finished {
            code: status.code(),
            out: out.to_end(),
            err: err.to_end(),
        }
    }

    /// Asks it to end, and takes what it printed. It must end well.
    pub fn stop(self, signal: Signal) -> Finished {
        self.signal(signal);
        let finished = self.finish();
        assert_eq!(finished.code, Some(0), "{signal:?}: {finished:?}");
        finished
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Only while it has not been waited for is its id surely its own.
        if self.exited().is_none() {
            let _ = kill_process_group(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
