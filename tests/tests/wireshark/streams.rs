//! `show` on captures, beside what tshark makes of them: the same connections, the same
//! bytes at the same offsets.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;
use tests::events::{hex, unhex};
use tests::{eventually, run, stickylab};

use super::capture::Connection;
use super::{fields, tshark};

/// What each way of a connection carried, by the address of its sender.
type Stream = BTreeMap<String, Vec<u8>>;

/// The streams as tshark follows them, by number.
fn followed(file: &Path) -> Vec<Stream> {
    let numbers = fields(file, &["-Y", "tcp"], &["tcp.stream"]);
    let count = numbers.iter().map(|values| values[0].parse::<usize>());
    let count = count.map(|number| number.expect("a number") + 1).max();
    (0..count.unwrap_or(0))
        .map(|number| follow(file, number))
        .collect()
}

fn follow(file: &Path, number: usize) -> Stream {
    let what = format!("follow,tcp,raw,{number}");
    let finished = run(tshark(file, &["-q", "-z", &what]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let node = |name: &str| {
        let mut lines = finished.out.iter();
        let found = lines.find_map(|line| line.strip_prefix(name));
        found.expect("both nodes are named").to_owned()
    };
    let nodes = [node("Node 0: "), node("Node 1: ")];
    let mut stream = Stream::new();
    for line in &finished.out {
        let bytes = line.trim_start_matches('\t');
        if bytes.is_empty() || !bytes.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        // What the second node sent is indented.
        let node = &nodes[usize::from(line.starts_with('\t'))];
        stream.entry(node.clone()).or_default().extend(unhex(bytes));
    }
    stream
}

/// What `show --json` has of a file, parsed.
fn shown(file: &Path) -> Vec<Value> {
    let path = file.to_str().expect("a plain path");
    let finished = run(stickylab(&["show", path, "--json"]), b"");
    assert_eq!(finished.code, Some(0), "{:?}", finished.err);
    let lines = finished.out.iter();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The same streams from the events of `show`: what came first at an offset counts, and
/// what is missing is told as tshark tells it.
fn put_together(lines: &[Value]) -> Vec<Stream> {
    let of = |name: &'static str| lines.iter().filter(move |line| line["type"] == name);
    let streams = of("connection").filter(|connection| connection["transport"] == "tcp");
    let streams = streams.map(|connection| {
        let mut stream = Stream::new();
        for end in ["opener", "acceptor"] {
            let mut bytes = BTreeMap::new();
            for event in of("event") {
                if event["connection"] != connection["connection"] || event["end"] != end {
                    continue;
                }
                let carried = unhex(event["bytes"].as_str().unwrap_or_default());
                let offset = event["offset"].as_u64().unwrap_or(0);
                for (at, byte) in (offset..).zip(carried) {
                    bytes.entry(at).or_insert(byte);
                }
            }
            let (mut joined, mut next) = (Vec::new(), 0);
            for (at, byte) in bytes {
                if at > next {
                    let gap = format!("[{} bytes missing in capture file]\0", at - next);
                    joined.extend(gap.as_bytes());
                }
                joined.push(byte);
                next = at + 1;
            }
            if !joined.is_empty() {
                let address = connection[end]["address"].as_str().expect("it is known");
                stream.insert(address.to_owned(), joined);
            }
        }
        stream
    });
    streams.collect()
}

/// Where each segment with data stands: its port, offset and length.
fn check_offsets(file: &Path, lines: &[Value]) {
    let names = ["tcp.srcport", "tcp.seq", "tcp.len"];
    let told = fields(file, &["-Y", "tcp.len > 0"], &names);
    let told = told.iter().map(|values| {
        let number = |at: usize| values[at].parse::<u64>().expect("a number");
        // Relative numbers begin with the SYN's.
        (number(0), number(1) - 1, number(2))
    });
    let address = |event: &Value| {
        let same = |line: &&Value| {
            line["type"] == "connection" && line["connection"] == event["connection"]
        };
        let connection = lines.iter().find(same).expect("it has a line");
        let end = event["end"].as_str().expect("an end");
        let address = connection[end]["address"].as_str().expect("it is known");
        let port = address.rsplit(':').next().expect("a port");
        port.parse::<u64>().expect("a number")
    };
    let segments = lines.iter().filter(|line| line["call"] == "segment");
    let ours = segments.filter_map(|event| {
        let length = event["bytes"].as_str()?.len() as u64 / 2;
        Some((
            address(event),
            event["offset"].as_u64().unwrap_or(0),
            length,
        ))
    });
    let ours: Vec<_> = ours.filter(|(.., length)| *length > 0).collect();
    assert_eq!(ours, told.collect::<Vec<_>>());
}

fn check(file: &Path) -> Vec<Stream> {
    let lines = shown(file);
    check_offsets(file, &lines);
    let streams = followed(file);
    let readable = |streams: &[Stream]| -> Vec<Vec<(String, String)>> {
        let each = streams.iter().map(|stream| {
            let ways = stream.iter();
            ways.map(|(node, bytes)| (node.clone(), hex(bytes)))
                .collect()
        });
        each.collect()
    };
    assert_eq!(readable(&put_together(&lines)), readable(&streams));
    streams
}

#[test]
fn segments_out_of_order_and_again() {
    let connection = || {
        let connection = Connection::new()
            .client(b"one ")
            .client(b"two ")
            .client(b"three ");
        connection
            .client(b"four ")
            .client(b"five")
            .server(b"thanks")
    };
    let sent = b"one two three four five";
    for order in [
        [0, 1, 2, 3, 4, 5, 6, 7, 8],
        [0, 1, 2, 4, 3, 5, 6, 7, 8],
        [0, 1, 2, 7, 6, 5, 4, 3, 8],
        [0, 1, 2, 3, 5, 5, 4, 6, 7],
        [0, 1, 2, 3, 4, 4, 5, 6, 7],
    ] {
        let file = connection().in_order(&order).file();
        let streams = check(file.path());
        assert!(streams[0].values().any(|bytes| bytes == sent), "{order:?}");
    }
}

#[test]
fn what_was_lost_is_missing_in_both() {
    let connection = Connection::new()
        .client(b"one ")
        .client(b"two ")
        .client(b"three ");
    let connection = connection.server(b"thanks").client(b"four");
    let file = connection.in_order(&[0, 1, 2, 3, 5, 6, 7]).file();
    let streams = check(file.path());
    let expected = b"one [4 bytes missing in capture file]\0three four";
    assert!(
        streams[0].values().any(|bytes| bytes == expected),
        "{streams:?}"
    );
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn what_programs_said_to_each_other_on_loopback() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("loopback.pcapng");
    let filter = format!("tcp port {}", address.port());
    let mut command = Command::new("dumpcap");
    command
        .args(["-q", "-i", "lo", "-f", &filter, "-w"])
        .arg(&file);
    let mut dumpcap = command
        .stderr(Stdio::null())
        .spawn()
        .expect("dumpcap starts");
    // It captures as soon as a connection that it cannot miss is in the file.
    eventually("the capture has begun", || {
        drop(TcpStream::connect(address));
        drop(listener.accept());
        let size = std::fs::metadata(&file).map_or(0, |file| file.len());
        (size > 1_000).then_some(())
    });
    let server = thread::spawn(move || {
        for stream in listener.incoming().take(3) {
            let mut stream = stream.expect("a client");
            let mut said = Vec::new();
            stream.read_to_end(&mut said).expect("it ends");
            said.reverse();
            stream.write_all(&said).expect("it is read");
        }
    });
    let said: Vec<Vec<u8>> = [1, 9_000, 60_000]
        .into_iter()
        .map(|length: usize| {
            let bytes = (0..length).map(|at| u8::try_from((at * 31 + at / 251) % 256));
            bytes.map(|byte| byte.expect("it is small")).collect()
        })
        .collect();
    for bytes in &said {
        let mut client = TcpStream::connect(address).expect("it listens");
        for chunk in bytes.chunks(10_007) {
            client.write_all(chunk).expect("it is read");
        }
        client.shutdown(Shutdown::Write).expect("it is open");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("it ends");
        assert_eq!(answer.len(), bytes.len());
    }
    server.join().expect("it serves three");
    // All of it is in the file once its last FINs are.
    eventually("the capture is complete", || {
        let lines = shown_so_far(&file)?;
        let carried: usize = put_together(&lines)
            .iter()
            .flat_map(BTreeMap::values)
            .map(Vec::len)
            .sum();
        (carried == 2 * said.iter().map(Vec::len).sum::<usize>()).then_some(())
    });
    let pid = rustix::process::Pid::from_child(&dumpcap);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    dumpcap.wait().expect("it ends");
    let streams = check(&file);
    for bytes in &said {
        let found = streams.iter().flat_map(BTreeMap::values);
        assert!(
            found.into_iter().any(|sent| sent == bytes),
            "{}",
            bytes.len()
        );
    }
}

/// What `show` has of a file that is being written, if that can be read.
fn shown_so_far(file: &Path) -> Option<Vec<Value>> {
    let path = file.to_str().expect("a plain path");
    let finished = run(stickylab(&["show", path, "--json"]), b"");
    let lines = finished.out.iter();
    lines.map(|line| serde_json::from_str(line).ok()).collect()
}

/// A run's own packets are the same facts when they are read from its pcapng file.
#[test]
#[ignore = "needs CAP_NET_RAW"]
fn every_lessons_packets_come_back() {
    // Fragments in a file are put together again to the datagram that they are of, which
    // fragments.rs compares.
    let whole = tests::workspace::lessons().into_iter();
    for lesson in whole.filter(|lesson| lesson != "a-fragment-is-lost") {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("run.pcapng");
        let path = file.to_str().expect("a plain path");
        let finished = run(
            stickylab(&["run", &lesson, "--json", "--pcapng", path]),
            b"",
        );
        assert_eq!(finished.code, Some(0), "{lesson}: {finished:?}");
        let before: Vec<Value> = finished
            .out
            .iter()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let facts = |lines: &[Value]| -> Vec<Value> {
            let packets = lines
                .iter()
                .filter(|line| matches!(line["call"].as_str(), Some("segment" | "datagram")));
            let facts = packets.map(|line| {
                let mut fact = line.clone();
                let fields = fact.as_object_mut().expect("an object");
                // Who it was is not in a packet, nor how it was to be cut; the file's
                // comments name calls.
                fields.remove("party");
                fields.remove("connection");
                let header = fields["header"].as_object_mut().expect("a header");
                header.remove("gso");
                header.remove("comment");
                // Nor what becomes of it on its way.
                header.remove("transit");
                fact
            });
            facts.collect()
        };
        let after = shown(&file);
        assert!(!facts(&before).is_empty(), "{lesson}");
        assert_eq!(facts(&after), facts(&before), "{lesson}");
        let missed = |lines: &[Value]| lines.last().map(|line| line["missed"].clone());
        assert_eq!(missed(&after), missed(&before), "{lesson}");
    }
}
