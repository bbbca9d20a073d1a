//! The page for one record alone: where it is, and what a session of it says.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::websocket::{LAST, frame, opcode, open, read_frame};
use crate::{PATIENCE, Program};

/// Where a program's page is, and the path that it has.
pub fn announced(program: &Program) -> (SocketAddr, String) {
    let start = "stickylab: page http://";
    let line = program
        .err
        .wait_for("the page's address", |line| line.starts_with(start));
    let rest = line[start.len()..].strip_suffix("#yours").expect("a place");
    let (address, path) = rest.split_once('/').expect("a path");
    (address.parse().expect("an address"), format!("/{path}"))
}

/// The lines of a record's session, as they come.
#[derive(Debug)]
pub struct Session(TcpStream);

impl Session {
    /// Opens one.
    pub fn open(address: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let opened = open(&mut stream, &address.to_string(), &format!("{path}lab"));
        opened.expect("a WebSocket");
        Self(stream)
    }

    /// The next line.
    pub fn line(&mut self) -> Value {
        let (opcode, text) = read_frame(&mut self.0).expect("a frame");
        assert_eq!(opcode, opcode::TEXT);
        serde_json::from_slice(&text).expect("JSON")
    }

    /// The lines up to the first that `wanted` accepts.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let is_it = wanted(&line);
            lines.push(line);
            if is_it {
                return lines;
            }
        }
    }

    /// Sends a line.
    pub fn say(&mut self, text: &str) {
        let frame = frame(LAST | opcode::TEXT, text.as_bytes());
        self.0.write_all(&frame).expect("it is there");
    }
}
