//! `--link`: programs under trace on the two sides of a link. These tests need network
//! namespaces: as root, or with user namespaces.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::record_page::{Session, announced};
use tests::{Finished, PROGRAM, Program, by_somebody, run};

use super::{Place, of_type, read, stickylab};

/// Sends back what comes on one connection, and waits for another one that never comes.
const SERVER: &str = "import socket
with socket.create_server(('10.0.0.2', 9000)) as listener:
    connection, peer = listener.accept()
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()
    listener.accept()
";
/// Says whether 100,000 bytes came back as they were.
const CLIENT: &str = "import os, socket, time
deadline = time.monotonic() + 60
while True:
    try:
        connection = socket.create_connection(('10.0.0.2', 9000))
        break
    except ConnectionRefusedError:
        assert time.monotonic() < deadline
        time.sleep(0.01)
data = os.urandom(100_000)
connection.sendall(data)
print(connection.recv(len(data), socket.MSG_WAITALL) == data)
connection.close()
";
/// A daemon that hears of nothing: it says its number, in a session of its own.
const DAEMON: &str = "import os, signal, socket, sys, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(('', 9000))
    with open(sys.argv[1] + '.new', 'w') as file:
        file.write(str(os.getpid()))
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    time.sleep(600)
";
const LOSSY: &str = "rtt=4ms,loss=10%";

/// `stickylab trace` on the two sides of a link.
pub(super) fn trace(place: &Place, arguments: &[&str]) -> (Command, String) {
    // Others write there, too.
    let mode = fs::Permissions::from_mode(0o777);
    fs::set_permissions(place.folder.path(), mode).expect("it is ours");
    let file = place.text("trace.jsonl");
    let mut command = stickylab(&[&["trace", "--json", &file], arguments].concat());
    let program = command.get_program().to_owned();
    command.env(PROGRAM, program);
    (command, file)
}

pub(super) fn as_itself(command: Command) -> Finished {
    run(command, b"")
}

/// A server for `--b` and its client.
fn with_client(server: &str) -> [&str; 8] {
    [
        "--link", LOSSY, "--b", server, "--", "python3", "-c", CLIENT,
    ]
}

/// The connection to the server, and its events.
fn conversation(lines: &[Value]) -> Vec<&Value> {
    let is_server = |line: &&&Value| line["acceptor"]["address"] == "10.0.0.2:9000";
    let events = of_type(lines, "event");
    let accepted = of_type(lines, "connection")
        .iter()
        .filter(is_server)
        .map(|line| line["connection"].clone())
        .find(|connection| {
            let is_accept = |e: &&Value| e["call"] == "accept" && &e["connection"] == connection;
            events.iter().copied().any(|event| is_accept(&event))
        });
    let connection = accepted.expect("it was accepted");
    let mut own = events;
    own.retain(|event| event["connection"] == connection);
    own
}

fn length(event: &Value) -> u64 {
    event["bytes"]
        .as_str()
        .map_or(0, |hex| hex.len() as u64 / 2)
}

fn offset(event: &Value) -> u64 {
    event["offset"].as_u64().unwrap_or(0)
}

/// What each end read had been on the wire before; what was lost is there, and came again.
fn check_record(lines: &[Value]) {
    let head = of_type(lines, "run")[0];
    assert_eq!(head["capture"], "on", "{head}");
    let ended = of_type(lines, "ended")[0];
    assert_eq!(ended["missed"], 0, "{ended}");
    let events = conversation(lines);
    let mut lost = 0;
    for [sender, reader] in [["opener", "acceptor"], ["acceptor", "opener"]] {
        let of = |end: &str, call: &str| {
            let is_it = |event: &&&Value| event["end"] == end && event["call"] == call;
            events
                .iter()
                .copied()
                .filter(|e| is_it(&e))
                .collect::<Vec<_>>()
        };
        let segments = of(sender, "segment");
        let arrived = |segment: &Value| segment["header"]["transit"]["arrived"].as_u64();
        // Behind the segment that had carried this byte by then.
        let carried = |byte: u64, by: u64| {
            let mut ends = segments.iter().filter_map(|segment| {
                let range = offset(segment)..offset(segment) + length(segment);
                let is_it = range.contains(&byte) && arrived(segment).is_some_and(|at| at <= by);
                is_it.then_some(range.end)
            });
            ends.next()
        };
        let mut read = 0;
        for recv in of(reader, "recv") {
            let at = recv["at"].as_u64().expect("a time");
            let (mut next, end) = (offset(recv), offset(recv) + length(recv));
            while next < end {
                next = carried(next, at).unwrap_or_else(|| panic!("byte {next} of {sender}"));
            }
            read += length(recv);
        }
        assert_eq!(read, 100_000, "{sender}");
        for segment in segments.iter().filter(|s| length(s) > 0) {
            let transit = &segment["header"]["transit"];
            if transit["lost"] == "chance" {
                lost += 1;
                assert!(carried(offset(segment), u64::MAX).is_some(), "{segment}");
            }
        }
    }
    assert!(lost > 0, "a tenth of 140 segments");
}

/// A program of the test's, for `sh`.
pub(super) fn python(place: &Place, name: &str, text: &str) -> String {
    let file = place.text(name);
    fs::write(&file, text).expect("there is room");
    format!("exec python3 {file}")
}

/// Traces a server and its client, which says that it got back what it sent.
fn check_traced(place: &Place, arguments: &[&str], by: impl Fn(Command) -> Finished) {
    let (command, file) = trace(place, arguments);
    let finished = by(command);
    assert_eq!(
        (finished.code, &finished.out[..]),
        (Some(0), &["True".to_owned()][..]),
        "are user namespaces allowed? {finished:?}"
    );
    check_record(&read(Path::new(&file)));
}

fn check_two_programs(by: impl Fn(Command) -> Finished) {
    let place = Place::new();
    let server = python(&place, "server.py", SERVER);
    let arguments = with_client(&server);
    check_traced(&place, &arguments, by);
}

#[test]
fn a_python_server_and_its_client_are_traced_over_a_link_that_loses() {
    check_two_programs(as_itself);
}

#[test]
fn a_user_without_privileges_traces_over_a_link() {
    check_two_programs(by_somebody);
}

fn check_one_command(by: impl Fn(Command) -> Finished) {
    let place = Place::new();
    let server = python(
        &place,
        "server.py",
        &SERVER.replace("    listener.accept()\n", ""),
    );
    let client = python(&place, "client.py", CLIENT);
    let script = format!("\"${PROGRAM}\" net --enter b -- sh -c '{server}' & {client}");
    let arguments = ["--link", LOSSY, "--", "sh", "-c", &script];
    check_traced(&place, &arguments, by);
}

#[test]
fn a_program_enters_the_other_side_by_itself() {
    check_one_command(as_itself);
    check_one_command(by_somebody);
}

#[test]
fn the_program_in_the_foreground_may_be_on_side_b() {
    let place = Place::new();
    let client = python(&place, "client.py", CLIENT);
    let server = SERVER.replace("    listener.accept()\n", "");
    let link = ["--link", LOSSY, "--a", &client, "--side", "b"];
    let (command, file) = trace(
        &place,
        &[&link[..], &["--", "python3", "-c", &server]].concat(),
    );
    let finished = as_itself(command);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    check_record(&read(Path::new(&file)));
}

#[test]
fn it_ends_as_the_foreground_does_and_a_background_that_fails_is_told_of() {
    let place = Place::new();
    let file = place.text("number");
    let fails = format!("echo $$ > {file}.new; mv {file}.new {file}; exit 3");
    let wait = "while [ -e /proc/$1 ]; do sleep 0.01; done; exit 7";
    let wait = format!("until [ -e {file} ]; do sleep 0.01; done; set -- $(cat {file}); {wait}");
    // It does not end when it is asked to.
    let stays = python(
        &place,
        "stays.py",
        "import signal, socket
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.create_server(('', 9000)) as listener:
    while True:
        signal.pause()
",
    );
    let link = ["--link", "rtt=1ms", "--a", &stays, "--b", &fails];
    let (command, _) = trace(&place, &[&link[..], &["--", "sh", "-c", &wait]].concat());
    let finished = as_itself(command);
    assert_eq!(finished.code, Some(7), "{finished:?}");
    let said = finished.err.join("\n");
    assert!(
        said.contains("side b: echo") && said.contains("exit status: 3"),
        "{said}"
    );
}

#[test]
fn a_background_that_left_its_session_is_ended_as_well() {
    let place = Place::new();
    let number = place.text("number");
    let daemon = format!("{} {number}", python(&place, "daemon.py", DAEMON));
    let wait = format!("until [ -e {number} ]; do sleep 0.01; done");
    let link = ["--link", "rtt=1ms", "--b", &daemon];
    let (command, _) = trace(&place, &[&link[..], &["--", "sh", "-c", &wait]].concat());
    // It waits for all that it traces: this ends long before the daemon would.
    let finished = as_itself(command);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let number = fs::read_to_string(&number).expect("it was started");
    // Nobody may have waited for it yet.
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

#[test]
fn what_became_of_packets_is_in_the_lanes_and_on_the_page() {
    let place = Place::new();
    let server = python(&place, "server.py", SERVER);
    let arguments = with_client(&server);
    let finished = as_itself(stickylab(&[&["trace"], &arguments[..]].concat()));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lanes = finished.err.join("\n");
    assert!(
        lanes.contains(" lost, ") && lanes.contains(" sent again"),
        "{lanes}"
    );

    let mut command = stickylab(&[&["trace", "--page"], &arguments[..]].concat());
    let program = Program::start(&mut command);
    let (address, path) = announced(&program);
    let mut session = Session::open(address, &path);
    let lost = session.until(|line| line["header"]["transit"]["lost"] == "chance");
    assert!(!lost.is_empty());
    let stays = |line: &str| line.contains("until Ctrl-C");
    program.err.wait_for("the page stays", stays);
    program.signal(rustix::process::Signal::INT);
    assert_eq!(program.finish().code, Some(0));
}

#[test]
fn without_a_link_there_are_no_sides() {
    let finished = as_itself(stickylab(&["trace", "--b", "true", "--", "true"]));
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.err.join("\n").contains("--link"), "{finished:?}");
}
