//! Programs that are chopped, and the clients that talk to them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
pub(super) use tests::recorded::client as trace;
use tests::{installed, python, stickylab, workspace};

/// What a client sends: after how many bytes of replies, and what; a send of nothing only
/// waits.
pub(super) type Steps<'a> = &'a [(usize, &'a [u8])];

/// A port of an address that nobody else is given while the socket is there; a program may
/// listen on it if its socket has SO_REUSEADDR (socket(7)), as those of `chop` have.
pub(super) fn port(address: &str) -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("an option");
    let address: SocketAddr = format!("{address}:0").parse().expect("an address");
    socket.bind(&address.into()).expect("a free port");
    let bound = socket.local_addr().expect("it is bound");
    let port = bound.as_socket().expect("an address").port();
    (socket, port)
}

/// A folder for a program, its traces and what is written of it.
pub(super) struct Bench {
    pub(super) folder: TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().expect("text").to_owned()
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// The words of a command that runs a victim, compiled if need be.
    pub(super) fn victim(&self, file: &str) -> Vec<String> {
        let source = workspace::root()
            .join("tests/tests/chop/victims")
            .join(file);
        let built = self.path("victim");
        let source = source.to_str().expect("text").to_owned();
        match Path::new(file).extension().and_then(|name| name.to_str()) {
            Some("py") => vec!["python3".to_owned(), "-B".to_owned(), source],
            Some("mjs") => {
                let node = installed("NODE", "node");
                vec![node.to_str().expect("text").to_owned(), source]
            }
            Some("c") => {
                let mut compiler = Command::new("cc");
                compiler.args(["-O1", "-Wall", "-Wextra", "-Werror", "-o", &built, &source]);
                build(compiler);
                vec![built]
            }
            _ => {
                let mut compiler = Command::new("rustc");
                compiler.args(["--edition", "2021", "-O", "-o", &built, &source]);
                build(compiler);
                vec![built]
            }
        }
    }

    /// `stickylab chop` with these flags, for this command.
    pub(super) fn chop(&self, flags: &[&str], command: &[&str]) -> Judged {
        let output = self.path("found");
        let all = [
            &["chop", "--json", "--output", &output],
            flags,
            &["--"],
            command,
        ]
        .concat();
        let mut program = stickylab(&all);
        program.env("PATH", python::path()).env("HOME", "/");
        // However long it takes on a loaded machine: it has a budget of its own.
        let done = program.stdin(Stdio::null()).output();
        Judged::of(&done.expect("stickylab starts"))
    }

    /// Fails unless a test that was written ends with a code; it is about `command`, or without
    /// one about the program that it was written of.
    pub(super) fn tested(test: &str, command: &[&str], code: Option<i32>, what: &str) {
        let mut script = Command::new("python3");
        script.arg("-B").arg(test).args(command).env_clear();
        script.env("PATH", python::path()).env("HOME", "/");
        let done = script.stdin(Stdio::null()).output();
        let done = done.expect("python3 starts");
        assert_eq!(done.status.code(), code, "{what} {command:?}: {done:?}");
        // What a server says of being ended is not passed on.
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(!said.contains("KeyboardInterrupt"), "{what}: {said}");
    }
}

/// Runs a compiler, however long it takes.
fn build(mut command: Command) {
    // It may be a proxy that looks into its home for what it runs.
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}:\n{said}");
}

/// What `chop --json` said.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) code: Option<i32>,
    pub(super) lines: Vec<Value>,
    pub(super) err: String,
}

impl Judged {
    pub(super) fn of(done: &Output) -> Self {
        let text = String::from_utf8_lossy(&done.stdout);
        // What a server says of being ended as by Ctrl-C is no part of what is compared.
        assert!(!text.contains("KeyboardInterrupt"), "{text}");
        let lines = text.lines();
        Self {
            code: done.status.code(),
            lines: lines
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    pub(super) fn of_type(&self, name: &str) -> Vec<&Value> {
        let lines = self.lines.iter();
        lines.filter(|line| line["type"] == name).collect()
    }

    /// The schedules of all findings.
    pub(super) fn schedules(&self) -> Vec<&str> {
        let findings = self.of_type("finding").into_iter();
        findings
            .map(|finding| finding["schedule"].as_str().expect("text"))
            .collect()
    }

    /// Nothing was found.
    pub(super) fn survived(&self, what: &str) {
        assert_eq!(self.code, Some(0), "{what}: {self:#?}");
        let judged = self.of_type("judged");
        assert_eq!(judged.len(), 1, "{what}");
        assert!(judged[0]["schedules"].as_u64() > Some(0), "{what}");
    }
}
