//! `stickylab server` and `stickylab serve` on free ports.

use std::net::SocketAddr;
use std::process::Command;

use rustix::process::Signal;

use crate::{Finished, Program, Stream, stickylab};

/// The five systems.
pub const SYSTEMS: [&str; 5] = ["udp-echo", "tcp-echo", "ready-ack", "length-prefix", "auth"];

/// What carries a system's bytes, as `listening` lines say it.
pub fn transport(system: &str) -> &'static str {
    match system {
        "udp-echo" => "udp",
        _ => "tcp",
    }
}

/// The address in a line `listening <name> <transport> <address>`.
fn announced(program: &Program, name: &str, transport: &str) -> SocketAddr {
    let start = format!("listening {name} {transport} ");
    let line = program
        .out
        .wait_for(&start, |line| line.starts_with(&start));
    let address = line[start.len()..].parse();
    address.unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// One system's server, headless.
#[derive(Debug)]
pub struct Server {
    /// The program.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// `stickylab server <system> --listen 127.0.0.1:0` and `arguments`; waits
    /// until it listens.
    pub fn start(system: &str, arguments: &[&str]) -> Self {
        let mut command = stickylab(&["server", system, "--listen", "127.0.0.1:0"]);
        let program = Program::start(command.args(arguments));
        let address = announced(&program, system, transport(system));
        assert_ne!(address.port(), 0, "the real port is announced");
        Self { program, address }
    }

    /// A connection to it.
    pub fn connect(&self) -> Stream {
        Stream::connect(self.address)
    }

    /// A connection in the middle of a conversation: accepted for certain, with
    /// nothing from the server left to read.
    pub fn begin(&self, system: &str) -> Stream {
        let mut client = self.connect();
        match system {
            "auth" => drop(client.take(32)),
            "length-prefix" => {
                client.send(b"\x01\0\0\0x\x05\0\0\0he");
                let taken = |line: &str| line.starts_with("message ");
                self.program.out.wait_for("the first message", taken);
            }
            "ready-ack" => {
                client.send(b"5");
                client.expect(b"ready");
            }
            _ => {
                client.send(b"hello");
                client.expect(b"HELLO");
            }
        }
        client
    }

    /// Ends it with SIGTERM and takes all that it printed.
    pub fn stop(self) -> Finished {
        self.program.stop(Signal::TERM)
    }
}

/// The page and all five systems.
#[derive(Debug)]
pub struct Serve {
    /// The program.
    pub program: Program,
    /// Where the page is.
    pub page: SocketAddr,
    systems: Vec<SocketAddr>,
}

impl Serve {
    /// `stickylab serve` with every address on a free port.
    pub fn start(arguments: &[&str]) -> Self {
        Self::at("127.0.0.1:0", &[], arguments)
    }

    /// The same with the page at `page` and variables set.
    pub fn at(page: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = Self::command(page);
        command.args(arguments).envs(variables.iter().copied());
        Self::of(command)
    }

    /// The same with so many file descriptors (`ulimit -n`).
    pub fn start_limited(descriptors: usize, arguments: &[&str]) -> Self {
        let mut command = Self::command("127.0.0.1:0");
        command.args(arguments);
        Self::of(crate::program::limited(
            &format!("-n {descriptors}"),
            &command,
        ))
    }

    /// The same without CAP_NET_RAW: the wire is not captured.
    pub fn without_capture() -> Self {
        Self::of(crate::capture::without(&Self::command("127.0.0.1:0")))
    }

    /// `stickylab serve` with the page at `page` and all else on free ports.
    pub fn command(page: &str) -> Command {
        let mut command = stickylab(&["serve", "--page", page]);
        for system in SYSTEMS {
            command.args([&format!("--{system}"), "127.0.0.1:0"]);
        }
        command
    }

    fn of(mut command: Command) -> Self {
        let program = Program::start(&mut command);
        let systems = SYSTEMS.map(|system| announced(&program, system, transport(system)));
        Self {
            page: announced(&program, "page", "tcp"),
            systems: systems.to_vec(),
            program,
        }
    }

    /// Where it says that its listener called `name` is, beside the page and the
    /// systems.
    pub fn announced(&self, name: &str) -> SocketAddr {
        announced(&self.program, name, "tcp")
    }

    /// Where `system` listens.
    pub fn system(&self, system: &str) -> SocketAddr {
        let index = SYSTEMS.iter().position(|name| *name == system);
        self.systems[index.expect("one of the five")]
    }
}
