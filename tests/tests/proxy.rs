//! `stickylab proxy`: what one side sends, the other receives; how a connection ends,
//! it ends on both sides; and the record has every byte of both connections.

#[path = "proxy/bounds.rs"]
mod bounds;
#[path = "proxy/datagrams.rs"]
mod datagrams;
#[path = "proxy/endings.rs"]
mod endings;
#[path = "proxy/page.rs"]
mod page;
#[path = "proxy/unix.rs"]
mod unix;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;
use tests::{Finished, Listener, Program, Stream, stickylab};

/// A proxy that runs, and where it writes what it records.
struct Proxy {
    program: Program,
    folder: tempfile::TempDir,
    listening: String,
}

impl Proxy {
    /// One that writes a trace.
    fn start(listen: &str, to: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trace.jsonl");
        let file = file.to_str().expect("UTF-8");
        let first = ["proxy", "--listen", listen, "--to", to, "--json", file];
        Self::run(folder, &[&first[..], flags].concat())
    }

    fn run(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let program = Program::start(&mut stickylab(arguments));
        let start = "listening proxy ";
        let line = program
            .out
            .wait_for("where it listens", |line| line.starts_with(start));
        Self {
            listening: line[start.len()..].to_owned(),
            program,
            folder,
        }
    }

    /// One of TCP in front of `server`.
    fn of(server: SocketAddr, flags: &[&str]) -> Self {
        Self::start("127.0.0.1:0", &server.to_string(), flags)
    }

    /// The address behind the transport that it listens on.
    fn address(&self) -> SocketAddr {
        let address = self.listening.split(' ').nth(1).expect("an address");
        address.parse().expect("HOST:PORT")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("trace.jsonl")
    }

    /// Ends it, and takes what it recorded: `show` reads it, too.
    fn stop(self, signal: Signal) -> Record {
        let Self {
            program, folder, ..
        } = self;
        let finished = program.stop(signal);
        let file = folder.path().join("trace.jsonl");
        let text = fs::read_to_string(&file).expect("it was written");
        let shown = tests::run(stickylab(&["show", file.to_str().expect("UTF-8")]), b"");
        let lines = text.lines();
        Record {
            lines: lines
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect(),
            finished,
            shown,
        }
    }
}

/// What a proxy recorded.
struct Record {
    lines: Vec<Value>,
    finished: Finished,
    shown: Finished,
}

impl Record {
    fn of_type(&self, kind: &str) -> Vec<&Value> {
        let lines = self.lines.iter();
        lines.filter(|line| line["type"] == kind).collect()
    }

    /// The calls on a connection, in order: `recv 6869`, `send 6869`, `shutdown`.
    fn calls(&self, connection: u64) -> Vec<String> {
        let events = self.of_type("event").into_iter();
        let events = events.filter(|event| event["connection"] == connection);
        events
            .map(|event| {
                let call = event["call"].as_str().expect("a call");
                let said = if event["error"].is_null() {
                    event["bytes"].as_str().unwrap_or("")
                } else {
                    "failed"
                };
                format!("{call} {said}").trim_end().to_owned()
            })
            .collect()
    }

    /// All bytes of a call on a connection.
    fn bytes(&self, connection: u64, call: &str) -> String {
        let events = self.of_type("event").into_iter();
        let events =
            events.filter(|event| event["connection"] == connection && event["call"] == call);
        events
            .map(|event| event["bytes"].as_str().unwrap_or(""))
            .collect()
    }

    fn ending(&self) -> &Value {
        &self.lines.last().expect("a line")["why"]
    }
}

/// Both ends of what is passed on: the client's, and the server's.
fn pair(proxy: &Proxy, server: &Listener) -> (Stream, Stream) {
    let client = Stream::connect(proxy.address());
    (client, server.accept())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[test]
fn bytes_pass_both_ways_and_both_connections_are_recorded() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &[]);
    assert!(proxy.listening.starts_with("tcp "), "{}", proxy.listening);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"hello");
    peer.expect(b"hello");
    peer.send(b"HELLO");
    client.expect(b"HELLO");
    client.finish();
    assert!(peer.rest().is_empty(), "the end is passed on");
    drop(peer);
    assert!(client.rest().is_empty());
    let own = client.address();
    drop(client);
    let record = proxy.stop(Signal::INT);
    let hello = ["68656c6c6f", "48454c4c4f"];
    let both = [
        [
            "accept".to_owned(),
            format!("recv {}", hello[0]),
            format!("send {}", hello[1]),
            "recv".to_owned(),
            "shutdown".to_owned(),
            "close".to_owned(),
        ],
        [
            "connect".to_owned(),
            format!("send {}", hello[0]),
            format!("recv {}", hello[1]),
            "shutdown".to_owned(),
            "recv".to_owned(),
            "close".to_owned(),
        ],
    ];
    assert_eq!(record.calls(1), both[0]);
    assert_eq!(record.calls(2), both[1]);
    assert_eq!(record.ending(), "finished");
    let parties = record.of_type("party");
    assert_eq!(parties.len(), 1);
    assert_eq!(
        (&parties[0]["name"], &parties[0]["proxy"]),
        (&"proxy".into(), &true.into())
    );
    let connections = record.of_type("connection");
    assert_eq!(connections[0]["opener"]["address"], own.to_string());
    assert_eq!(connections[0]["acceptor"]["party"], 1);
    assert_eq!(connections[1]["opener"]["party"], 1);
    assert_eq!(
        connections[1]["acceptor"]["address"],
        server.address().to_string()
    );
    // What was not watched is not said to have been.
    for (connection, theirs) in [(0, "opener"), (1, "acceptor")] {
        assert!(connections[connection][theirs]["observed"].is_null());
        assert!(connections[connection][theirs]["party"].is_null());
    }
    let shown = record.shown.out.join("\n");
    assert!(shown.contains("proxy are its own"), "{shown}");
    assert!(shown.contains("not observed"), "{shown}");
}

#[test]
fn without_a_file_the_lanes_come_on_standard_error() {
    let server = Listener::new();
    let to = server.address().to_string();
    for (signal, language, own) in [
        (Signal::INT, "en", "proxy are its own"),
        (Signal::TERM, "zh", "是它自己的"),
    ] {
        let arguments = ["proxy", "--listen", ":0", "--to", &to, "--lang", language];
        let folder = tempfile::tempdir().expect("a folder");
        let proxy = Proxy::run(
            folder,
            &[&arguments[..], &["--framing", "delimiter"]].concat(),
        );
        let (mut client, mut peer) = pair(&proxy, &server);
        client.send(b"one\ntwo\n");
        peer.expect(b"one\ntwo\n");
        drop((client, peer));
        let finished = proxy.program.stop(signal);
        let text = finished.err.join("\n");
        assert!(text.contains(own), "{text}");
        assert!(text.contains("one\\n│two\\n"), "{text}");
        assert_eq!(finished.out.len(), 1, "{finished:?}");
    }
}

#[test]
fn of_many_connections_there_is_a_list() {
    let server = Listener::new();
    let to = server.address().to_string();
    let arguments = ["proxy", "--listen", ":0", "--to", &to];
    let proxy = Proxy::run(tempfile::tempdir().expect("a folder"), &arguments);
    for _ in 0..3 {
        let (mut client, mut peer) = pair(&proxy, &server);
        client.send(b"hello");
        peer.expect(b"hello");
    }
    let text = proxy.program.stop(Signal::INT).err.join("\n");
    assert!(text.contains("6 connections"), "{text}");
    assert!(text.contains("opener → acceptor"), "{text}");
    assert!(text.contains("--json FILE"), "{text}");
    assert!(!text.contains("│hello│"), "{text}");
}

#[test]
fn a_place_that_cannot_be_is_said() {
    let refused = |arguments: &[&str], part: &str| {
        let finished = tests::run(stickylab(&[&["proxy"], arguments].concat()), b"");
        assert_ne!(finished.code, Some(0), "{finished:?}");
        assert!(
            finished.err.join("\n").contains(part),
            "{part}: {finished:?}"
        );
    };
    refused(&["--listen", "9000", "--to", ":1"], "no port");
    refused(&["--listen", ":0", "--to", ":0"], "--to");
    refused(&["--listen", "udp::0", "--to", ":1"], "write udp:");
    refused(&["--listen", "192.0.2.1:0", "--to", ":1"], "--listen");
    let taken = Listener::new();
    let taken = taken.address().to_string();
    refused(&["--listen", &taken, "--to", ":1"], "is in use");
}
