//! The programs that are measured: started quietly, killed when dropped, each
//! with the command line that goes into the report.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tests::{SYSTEMS, transport, workspace};

/// Flags that let everybody in: all load comes from one machine.
pub(crate) const NO_LIMITS: [&str; 4] = [
    "--max-connections=100000",
    "--max-per-source=100000",
    "--rate-per-source=1000000",
    "--max-unproven=100000",
];

/// Descriptors that 10,000 connections need, with some to spare.
const DESCRIPTORS: u64 = 12_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that listens; it ends with this value.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // websockify has a process for each client; they end with their sockets.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `stickylab` with `arguments`; listens where its line for `name` says.
pub(crate) fn stickylab(name: &str, arguments: &[&str]) -> Running {
    let lines = [format!("listening {name} tcp ")];
    let (running, _) = announced(own(arguments), &lines);
    running
}

/// `stickylab serve` with `arguments`, and where everything listens.
#[derive(Debug)]
pub(crate) struct Serve {
    /// The program; its address is the page's.
    pub(crate) running: Running,
    systems: Vec<SocketAddr>,
}

impl Serve {
    /// Where `system` listens.
    pub(crate) fn address(&self, system: &str) -> SocketAddr {
        let index = SYSTEMS.iter().position(|name| *name == system);
        self.systems[index.expect("one of the five")]
    }
}

/// `stickylab serve` with everything on free ports, and `arguments`.
pub(crate) fn serve(arguments: &[&str]) -> Serve {
    let mut all = vec!["serve", "--quiet", "--page=127.0.0.1:0"];
    all.extend([
        "--udp-echo=127.0.0.1:0",
        "--tcp-echo=127.0.0.1:0",
        "--ready-ack=127.0.0.1:0",
        "--length-prefix=127.0.0.1:0",
        "--auth=127.0.0.1:0",
    ]);
    all.extend(NO_LIMITS);
    all.extend(arguments);
    let mut lines = SYSTEMS
        .map(|name| format!("listening {name} {} ", transport(name)))
        .to_vec();
    lines.push("listening page tcp ".to_owned());
    let (running, systems) = announced(own(&all), &lines);
    Serve { running, systems }
}

fn own(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("STICKYLAB_BIN"));
    // A line for each client is nothing that the peers do.
    command.args(arguments).env("RUST_LOG", "warn");
    command
}

/// This program's own echo server, as a process of its own.
pub(crate) fn echo() -> Running {
    itself("echo")
}

/// What connecting, a few bytes and closing cost without a protocol.
pub(crate) fn floor() -> Running {
    itself("floor")
}

fn itself(part: &str) -> Running {
    let own = std::env::current_exe().expect("a program knows where it is");
    let mut command = Command::new(own);
    command.arg(part);
    announced(command, &["listening ".to_owned()]).0
}

/// websocat 1 in front of `server`: binary messages, room for 64 KiB.
pub(crate) fn websocat(server: SocketAddr) -> Running {
    let address = free();
    let mut command = Command::new(program("WEBSOCAT"));
    command.args(["-q", "--binary", "--buffer-size=65536"]);
    command.args([format!("ws-l:{address}"), format!("tcp:{server}")]);
    listening(command, "websocat", address)
}

/// websockify in front of `server`.
pub(crate) fn websockify(server: SocketAddr) -> Running {
    let address = free();
    let mut command = Command::new(program("PEERS_PYTHON"));
    command.args(["-m", "websockify"]);
    command.args([address.to_string(), server.to_string()]);
    listening(command, "websockify", address)
}

/// `tests/peers/auth_server.py`: `socketserver.ThreadingTCPServer`.
pub(crate) fn python_auth() -> Running {
    let mut command = Command::new(program("PEERS_PYTHON"));
    command.arg(workspace::root().join("tests/peers/auth_server.py"));
    tell(&command, "socketserver");
    announced(command, &["listening ".to_owned()]).0
}

/// Raises this process's limit of descriptors, and so that of all it starts.
pub(crate) fn allow_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < DESCRIPTORS) {
        limit.current = limit
            .maximum
            .map_or(Some(DESCRIPTORS), |most| Some(most.min(DESCRIPTORS)));
        if limit.current.is_none_or(|now| now < DESCRIPTORS)
            || setrlimit(Resource::Nofile, limit).is_err()
        {
            eprintln!(
                "at most {:?} descriptors: some cases need {DESCRIPTORS}",
                limit.current
            );
        }
    }
}

fn program(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.unwrap_or_else(|| panic!("`cargo xtask bench` sets {variable}"))
        .into()
}

/// A free port: the peers can't tell which one they took.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound")
}

/// Starts what prints each of `starts` with an address behind it, in this
/// order; the last one is its own, the others come beside it.
fn announced(mut command: Command, starts: &[String]) -> (Running, Vec<SocketAddr>) {
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for start in starts {
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        let address = line.strip_prefix(start.as_str());
        let address = address.and_then(|address| address.parse().ok());
        addresses.push(address.unwrap_or_else(|| panic!("{command:?}: {line:?}, not {start:?}")));
    }
    let address = addresses.pop().expect("it listens somewhere");
    // Its standard output stays open for as long as it runs.
    thread::spawn(move || lines.for_each(drop));
    (Running { child, address }, addresses)
}

/// Starts what says nothing, and waits until it listens at `address`.
fn listening(mut command: Command, name: &str, address: SocketAddr) -> Running {
    tell(&command, name);
    command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::null());
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let running = Running { child, address };
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(
            Instant::now() < deadline,
            "{command:?} does not listen at {address}"
        );
        thread::sleep(Duration::from_millis(20));
    }
    running
}

/// Prints the command line for the report.
fn tell(command: &Command, name: &str) {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    println!("{}", json!({"subject": name, "command": words.join(" ")}));
}
