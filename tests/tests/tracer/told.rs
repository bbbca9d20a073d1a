//! What stands beside the calls: packets, what the kernel tells of a socket, what tracing
//! costs; and records that are joined.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::Program;

use super::{Place, call, of_type, read, stickylab};

/// Four sends over TCP that a second thread receives, with options set in between.
const FOUR: &str = "
import socket, threading
listener = socket.create_server(('127.0.0.1', 0))
def serve():
    c, _ = listener.accept()
    while c.recv(100): pass
    c.close()
thread = threading.Thread(target=serve); thread.start()
c = socket.create_connection(listener.getsockname())
c.send(b'four')
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for n in range(3): c.send(b'four')
c.close(); thread.join()
";

fn calls<'a>(lines: &'a [Value], call: &str) -> Vec<&'a Value> {
    let mut events = of_type(lines, "event");
    events.retain(|event| event["call"] == call);
    events
}

#[test]
fn queues_options_and_counts_are_told() {
    let place = Place::new();
    let (finished, lines) = place.trace(&[], &["python3", "-c", FOUR]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let sends = calls(&lines, "send");
    let nodelay = |event: &Value| event["socket"]["options"]["nodelay"].clone();
    let connect = calls(&lines, "connect");
    assert_eq!(nodelay(connect[0]), false);
    let told: Vec<_> = sends.iter().map(|send| nodelay(send)).collect();
    assert_eq!(told, [Value::Null, true.into(), Value::Null, Value::Null]);
    for send in &sends {
        assert!(send["socket"]["unacked"].is_u64(), "{send}");
    }
    let last = calls(&lines, "recv").pop().expect("the end of the stream");
    assert_eq!(last["socket"]["waiting"], 0, "{last}");
    let closes = calls(&lines, "close");
    let counted = |close: &&Value| close["socket"]["counts"]["data-out"] == 4;
    assert!(closes.iter().any(counted), "{closes:?}");
    let file = place.text("trace.jsonl");
    let shown = call(&["show", &file]).out.join("\n");
    assert!(shown.contains("under trace, which adds about"), "{shown}");
    let added = lines[0]["added-per-call"].as_u64().expect("a number");
    assert!((500..1_000_000_000).contains(&added), "{added} ns");
}

#[test]
fn calls_that_would_block_count_with_the_next_one() {
    let script = "
import socket, time
a, b = socket.socketpair()
b.setblocking(False)
for n in range(3):
    try: b.recv(10)
    except BlockingIOError: pass
a.send(b'x')
b.recv(10)
";
    let place = Place::new();
    let (_, lines) = place.trace(&[], &["python3", "-c", script]);
    let recvs = calls(&lines, "recv");
    assert_eq!(recvs.len(), 1);
    assert_eq!(recvs[0]["would-block"], 3, "{}", recvs[0]);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn packets_of_the_programs_connections_are_captured_from_the_syn_on() {
    const SYN: u64 = 2;
    // Another program's connection to the same port, and one to another, are nobody's here.
    let script = "
import socket, subprocess, sys
for host in ['127.0.0.1', '::1']:
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ':' in host else socket.AF_INET)
    c = socket.create_connection(listener.getsockname()[:2])
    d, _ = listener.accept()
    for n in range(5): c.send(b'four')
    d.recv(20, socket.MSG_WAITALL)
    c.close(); d.close()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v.sendto(b'datagram', u.getsockname())
u.recvfrom(100)
";
    let place = Place::new();
    let packets = place.text("trace.pcapng");
    let flags = ["--pcapng", &packets];
    let (finished, lines) = place.trace(&flags, &["python3", "-c", script]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(lines[0]["capture"], "on");
    assert_eq!(lines.last().expect("lines")["missed"], 0);
    assert_eq!(of_type(&lines, "connection").len(), 3);
    let segments = calls(&lines, "segment");
    for connection in [1, 2] {
        let own = segments
            .iter()
            .filter(|segment| segment["connection"] == connection);
        let own: Vec<_> = own.collect();
        assert_eq!(own[0]["header"]["flags"], SYN, "{}", own[0]);
        let bytes = own.iter().filter_map(|segment| segment["bytes"].as_str());
        assert_eq!(bytes.collect::<String>(), "666f7572".repeat(5));
        let connects = calls(&lines, "connect");
        let mut connects = connects.iter();
        let connect = connects.find(|event| event["connection"] == connection);
        let connect = connect.expect("a connect");
        assert!(connect["at"].as_u64() <= own[0]["at"].as_u64());
    }
    assert_eq!(calls(&lines, "datagram").len(), 1);
    let said = finished.err.join("\n");
    assert!(said.contains("packets as they were captured"), "{said}");
    let shown = call(&["show", &packets]).out.join("\n");
    assert!(shown.contains("3 connections"), "{shown}");
}

#[test]
fn without_the_capability_a_line_says_so_and_the_calls_are_there() {
    // Of root, too, nothing is left that is not in the bounding set.
    let drops = Command::new("setpriv")
        .args(["--bounding-set", "-net_raw", "true"])
        .status()
        .is_ok_and(|status| status.success());
    let original = stickylab(&["trace", "--", "python3", "-c", FOUR]);
    let mut command = if drops {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-net_raw"]);
        command.arg(original.get_program());
        command.args(original.get_args());
        for (name, value) in original.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    } else {
        original
    };
    command.env("COLUMNS", "200");
    let finished = tests::run(command, b"");
    let shown = finished.err.join("\n");
    assert!(shown.contains("4 sends"), "{shown}");
    assert!(shown.contains("CAP_NET_RAW"), "{shown}");
}

/// Nothing of CAP_NET_RAW is left to the program, and a file with that capability can
/// trace.
#[test]
#[ignore = "needs CAP_NET_RAW"]
fn a_user_with_a_file_capability_traces_and_captures() {
    let place = Place::new();
    let program = place.path("stickylab");
    let original = stickylab(&[]);
    std::fs::copy(original.get_program(), &program).expect("a copy");
    let setcap = |what: &str| {
        let mut setcap = Command::new("/usr/sbin/setcap");
        setcap.arg(what).arg(&program).status()
    };
    if !setcap("cap_net_raw+ep").is_ok_and(|status| status.success()) {
        // Not as root, or on a file system without extended attributes.
        return;
    }
    let folder = place.path("");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&folder, open).expect("a folder for all");
    let file = place.text("trace.jsonl");
    let script = "
import socket
l = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(l.getsockname()); c.send(b'x')
print([line for line in open('/proc/self/status') if line.startswith('CapEff')])
";
    let program = program.to_str().expect("UTF-8");
    let command = [
        "--reuid",
        "65534",
        "--clear-groups",
        program,
        "trace",
        "--json",
        &file,
        "--",
        "/usr/bin/python3",
        "-c",
        script,
    ];
    let mut command_line = Command::new("setpriv");
    let finished = tests::run(
        {
            command_line.args(command).env("HOME", "/");
            command_line
        },
        b"",
    );
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.out[0].contains("0000000000000000"), "{finished:?}");
    let lines = read(Path::new(&file));
    assert_eq!(lines[0]["capture"], "on");
    assert!(!calls(&lines, "segment").is_empty());
}

#[test]
fn traces_of_two_programs_are_joined() {
    let place = Place::new();
    let (one, other) = (place.text("server.jsonl"), place.text("client.jsonl"));
    let server = "
import socket
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
c, _ = listener.accept()
while c.recv(100): pass
";
    let command = ["trace", "--json", &one, "--", "python3", "-c", server];
    let program = Program::start(&mut stickylab(&command));
    let port = program.out.wait_for("its port", |_| true);
    let client = format!(
        "
import socket
c = socket.create_connection(('127.0.0.1', {port}))
for n in range(3): c.send(b'four')
"
    );
    let command = ["trace", "--json", &other, "--", "python3", "-c", &client];
    assert_eq!(call(&command).code, Some(0));
    assert_eq!(program.finish().code, Some(0));
    for files in [[&one, &other], [&other, &one]] {
        let [first, second] = files.map(String::as_str);
        let joined = call(&["join", "--json", first, second]);
        assert_eq!(joined.code, Some(0), "{joined:?}");
        let lines: Vec<Value> = joined
            .out
            .iter()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(of_type(&lines, "connection").len(), 1);
        assert_eq!(of_type(&lines, "party").len(), 2);
        let first = |kind| calls(&lines, kind)[0]["at"].as_u64().expect("a time");
        // The client may send before the server has run to take the connection.
        let [connect, accept, send, recv] = ["connect", "accept", "send", "recv"].map(first);
        assert!(connect < send && send < recv, "{connect} {send} {recv}");
        assert!(accept < recv, "{accept} {recv}");
        let bytes = |kind| {
            let all = calls(&lines, kind).into_iter();
            let bytes = all.map(|event| event["bytes"].as_str().unwrap_or("").to_owned());
            bytes.collect::<String>()
        };
        assert_eq!(bytes("send"), bytes("recv"));
        let shown = call(&["join", files[0], files[1]]).out.join("\n");
        assert!(shown.contains("3 sends"), "{shown}");
    }
    let twice = call(&["join", &one, "/no/such/file"]);
    assert_eq!(twice.code, Some(1), "{twice:?}");
    assert_eq!(call(&["join", &one]).code, Some(2));
    let written = call(&["join", "--pcapng", &one, &one, &other]);
    assert!(written.err[0].contains("it is what is read"), "{written:?}");
}
