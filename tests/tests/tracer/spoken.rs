//! The recorded bytes are those that the programs say they passed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Place, Said, of_type, programs, recorded, spoken};

/// Traces a program that says what it passes, and ends with a code.
fn check(place: &Place, command: &[&str], code: i32) -> Vec<Value> {
    let (finished, lines) = place.trace(&[], command);
    assert_eq!(finished.code, Some(code), "{finished:?}");
    let said = spoken(&finished);
    assert!(said.len() >= 4, "both ends send and receive: {finished:?}");
    assert_eq!(recorded(&lines), said);
    lines
}

/// The one connection of a record, both of whose ends were traced.
fn check_connection(lines: &[Value], transport: &str) {
    let connections = of_type(lines, "connection");
    let [connection] = connections[..] else {
        panic!("one connection: {connections:?}");
    };
    assert_eq!(connection["transport"], transport);
    for end in ["opener", "acceptor"] {
        assert_eq!(connection[end]["observed"]["calls"], true, "{connection}");
    }
    let calls = of_type(lines, "event");
    let calls = calls
        .iter()
        .map(|event| event["call"].as_str().expect("a call"));
    let mut counts = BTreeMap::<&str, usize>::new();
    calls.for_each(|call| *counts.entry(call).or_default() += 1);
    for (call, count) in [("connect", 1), ("accept", 1), ("close", 2), ("shutdown", 1)] {
        assert_eq!(counts.get(call), Some(&count), "{call}: {counts:?}");
    }
}

#[test]
fn a_c_program_with_threads_over_each_transport() {
    let place = Place::new();
    let path = place.text("socket");
    for flags in [&[][..], &["-static"]] {
        let program = place.compile("talk", flags);
        for kind in ["tcp", "tcp6", "unix"] {
            let _ = std::fs::remove_file(&path);
            let lines = check(&place, &[&program, kind, &path], 3);
            let transport = if kind == "unix" { "unix" } else { "tcp" };
            check_connection(&lines, transport);
        }
    }
}

#[test]
fn a_python_program_of_two_processes() {
    let place = Place::new();
    let script = programs().join("talk.py");
    let lines = check(&place, &["python3", script.to_str().expect("UTF-8")], 5);
    check_connection(&lines, "tcp");
    let parties = of_type(&lines, "party");
    let names: Vec<_> = parties.iter().map(|party| &party["name"]).collect();
    assert_eq!(names.len(), 2, "{parties:?}");
    assert!(names.iter().any(|name| **name == "talk.py"), "{names:?}");
    assert_ne!(parties[0]["process"], parties[1]["process"]);
}

#[test]
fn a_node_program_that_never_blocks() {
    let place = Place::new();
    let script = programs().join("talk.js");
    // What `cargo xtask test` found.
    let node = std::env::var("NODE").unwrap_or_else(|_| "node".to_owned());
    let command = [&node[..], script.to_str().expect("UTF-8")];
    let (finished, lines) = place.trace(&[], &command);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let all = |said: Said| -> BTreeMap<_, String> {
        let joined = said.into_iter().map(|(key, calls)| (key, calls.concat()));
        joined.collect()
    };
    let said = all(spoken(&finished));
    assert_eq!(said.len(), 4, "{finished:?}");
    // Node has sockets of its own beside the connection.
    let of_tcp = of_type(&lines, "connection");
    let of_tcp: Vec<_> = of_tcp
        .iter()
        .filter(|connection| connection["transport"] == "tcp")
        .map(|connection| &connection["connection"])
        .collect();
    assert_eq!(of_tcp.len(), 1);
    let events = lines.iter().filter(|line| line["connection"] == *of_tcp[0]);
    let events: Vec<_> = events.cloned().collect();
    assert_eq!(all(recorded(&events)), said);
}

/// Offsets count on without a gap, and no byte is taken before it was handed over.
#[test]
fn ten_thousand_round_trips_lose_and_double_no_byte() {
    let program = "
import socket, threading
a, b = socket.socketpair()
listener = socket.create_server(('127.0.0.1', 0))
def serve():
    c, _ = listener.accept()
    while data := c.recv(64): c.sendall(data)
t = threading.Thread(target=serve); t.start()
c = socket.create_connection(listener.getsockname())
for n in range(10_000):
    c.sendall(n.to_bytes(4))
    assert c.recv(64) == n.to_bytes(4)
c.close(); t.join()
";
    let place = Place::new();
    let (finished, lines) = place.trace(&[], &["python3", "-c", program]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let numbers = (0..10_000_u32).map(|n| format!("{n:08x}"));
    let expected = numbers.collect::<Vec<_>>().concat();
    let said = recorded(&lines);
    assert_eq!(said.len(), 4);
    for (key, calls) in &said {
        assert_eq!(calls.concat(), expected, "{key:?}");
    }
    let mut handed = BTreeMap::new();
    for event in of_type(&lines, "event") {
        let end = event["end"].as_str().expect("an end");
        let length = event["bytes"]
            .as_str()
            .map_or(0, |bytes| bytes.len() as u64 / 2);
        let until = event["offset"].as_u64().unwrap_or(0) + length;
        match event["call"].as_str() {
            Some("send") => drop(handed.insert(end, until)),
            Some("recv") => {
                let sender = if end == "opener" {
                    "acceptor"
                } else {
                    "opener"
                };
                let sent = handed.get(sender).copied().unwrap_or(0);
                assert!(until <= sent, "{event} took what was not sent yet");
            }
            _ => {}
        }
    }
}

#[test]
fn a_shell_pipeline_with_files_and_pipes() {
    let place = Place::new();
    let server = "
import socket, sys
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
c, _ = listener.accept()
while data := c.recv(100): sys.stderr.write(data.decode())
";
    let client = "
import socket, sys
c = socket.create_connection(('127.0.0.1', int(sys.stdin.readline())))
c.sendall(b'through a pipe')
";
    let script = "python3 -c \"$1\" | python3 -c \"$2\"; exit 4";
    let command = ["sh", "-c", script, "sh", server, client];
    let (finished, lines) = place.trace(&[], &command);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
    assert!(
        finished.err[0].starts_with("through a pipe"),
        "{finished:?}"
    );
    let said = recorded(&lines);
    let key = |end: &str, call: &str| (end.to_owned(), call.to_owned());
    let expected = "7468726f75676820612070697065".to_owned();
    assert_eq!(said[&key("acceptor", "recv")].concat(), expected);
    assert_eq!(said[&key("opener", "send")], [expected]);
}

#[test]
fn a_datagram_has_its_sender_and_its_reader() {
    let program = "
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); server.bind(('127.0.0.1', 0))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b'ping', server.getsockname())
data, peer = server.recvfrom(2)
server.sendto(b'', peer)
client.connect(server.getsockname())
assert client.recv(100) == b''
client.send(b'again')
assert server.recvfrom(100)[0] == b'again'
";
    let place = Place::new();
    let (finished, lines) = place.trace(&[], &["python3", "-c", program]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let connections = of_type(&lines, "connection");
    assert_eq!(connections.len(), 1, "{connections:?}");
    let hex = |calls: &[&str]| {
        calls
            .iter()
            .map(|&call| call.to_owned())
            .collect::<Vec<_>>()
    };
    let said = recorded(&lines);
    let calls = |end: &str, call: &str| said[&(end.to_owned(), call.to_owned())].clone();
    assert_eq!(calls("opener", "send"), hex(&["70696e67", "616761696e"]));
    assert_eq!(calls("acceptor", "recv"), hex(&["7069", "616761696e"]));
    assert_eq!(calls("acceptor", "send"), hex(&[""]));
    assert_eq!(calls("opener", "recv"), hex(&[""]));
}
