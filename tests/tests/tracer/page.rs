//! `--page`: the record of programs under trace, while they run and until Ctrl-C.

use std::net::TcpStream;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;
use tests::record_page::{Session, announced};
use tests::{Program, eventually, python};

use super::{Place, call, of_type, read, stickylab};

/// Sends over TCP to a thread of its own, waits for a line of standard input, sends again.
const TWICE: &str = "
import socket, sys, threading
listener = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(listener.getsockname())
d, _ = listener.accept()
c.send(b'first'); d.recv(100)
print('waiting', flush=True)
sys.stdin.readline()
c.send(b'second'); d.recv(100)
c.close(); d.close()
sys.exit(7)
";

/// The events among lines, as they stand in a file: those of hosts have no party there.
fn events(lines: &[Value]) -> Vec<String> {
    let events = of_type(lines, "event").into_iter().cloned();
    let mut events: Vec<_> = events
        .map(|mut event| {
            if event["call"] == "segment" {
                event["party"] = Value::Null;
            }
            event.to_string()
        })
        .collect();
    events.sort_unstable();
    events
}

fn is_sent(bytes: &str) -> impl Fn(&Value) -> bool {
    move |line| line["call"] == "send" && line["bytes"] == bytes
}

#[test]
fn a_record_grows_on_its_page_and_stays_when_the_program_has_ended() {
    let place = Place::new();
    let file = place.text("trace.jsonl");
    let packets = place.text("trace.pcapng");
    let flags = ["--page", "--live", "--json", &file, "--pcapng", &packets];
    let command = [&["trace"], &flags[..], &["--", "python3", "-c", TWICE]].concat();
    let mut program = Program::start(&mut stickylab(&command));
    let (address, path) = announced(&program);
    assert!(address.ip().is_loopback());
    let mut session = Session::open(address, &path);
    assert_eq!(session.line()["record"], true);
    let lines = session.until(is_sent("6669727374"));
    let first = |kind: &str| lines.iter().position(|line| line["type"] == kind);
    assert!(first("run") < first("party") && first("party") < first("connection"));
    assert!(first("connection") < first("event"));
    program.out.wait_for("it waits", |line| line == "waiting");
    program.type_in(b"\n");
    session.until(is_sent("7365636f6e64"));
    let ended = session.until(|line| line["type"] == "ended");
    let stays = |line: &str| line.contains("until Ctrl-C");
    program.err.wait_for("the page stays", stays);
    let of_file = read(file.as_ref());
    let end = of_type(&of_file, "ended");
    assert_eq!(&ended.last(), &end.last().copied().as_ref().map(|v| *v));
    // Who comes later has all of it, as the file has.
    let mut late = Session::open(address, &path);
    let lines = late.until(|line| line["type"] == "ended");
    assert_eq!(events(&lines), events(&of_file));
    program.signal(Signal::INT);
    let finished = program.finish();
    assert_eq!(finished.code, Some(7), "{finished:?}");
    assert_eq!(finished.out, ["waiting"]);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn packets_come_on_the_page_while_the_program_runs() {
    let command = ["trace", "--page", "--", "python3", "-c", TWICE];
    let mut program = Program::start(&mut stickylab(&command));
    let (address, path) = announced(&program);
    let mut session = Session::open(address, &path);
    let is_segment = |line: &Value| line["call"] == "segment" && line["bytes"] == "6669727374";
    let lines = session.until(is_segment);
    let connection = of_type(&lines, "connection").pop().expect("a connection");
    assert_eq!(connection["opener"]["observed"]["packets"], true);
    // One party has both ends.
    let parties = of_type(&lines, "party");
    assert_eq!(
        lines.last().map(|packet| &packet["party"]),
        Some(&parties[0]["party"])
    );
    program.type_in(b"\n");
    session.until(|line| line["type"] == "ended");
    program
        .err
        .wait_for("it stays", |line| line.contains("until Ctrl-C"));
    program.signal(Signal::INT);
    assert_eq!(program.finish().code, Some(7));
}

#[test]
fn signals_reach_the_program_and_then_the_page() {
    let script = "trap 'echo caught; exit 5' TERM INT; echo ready; while :; do sleep 0.05; done";
    let command = ["trace", "--page", "--", "sh", "-c", script];
    // The one who asks for the end of all is asked once.
    let program = Program::start(&mut stickylab(&command));
    program.out.wait_for("it has begun", |line| line == "ready");
    program.signal(Signal::TERM);
    let finished = program.finish();
    assert_eq!(finished.code, Some(5), "{finished:?}");
    assert_eq!(finished.out, ["ready", "caught"]);
    let program = Program::start(&mut stickylab(&command));
    program.out.wait_for("it has begun", |line| line == "ready");
    program.signal(Signal::INT);
    program
        .err
        .wait_for("it stays", |line| line.contains("until Ctrl-C"));
    let (address, path) = announced(&program);
    Session::open(address, &path).until(|line| line["type"] == "ended");
    program.signal(Signal::TERM);
    let finished = program.finish();
    assert_eq!(finished.code, Some(5), "{finished:?}");
}

#[test]
fn what_ended_the_program_ends_the_tracer_when_the_page_is_over() {
    let command = ["trace", "--page", "--", "sh", "-c", "kill -KILL $$"];
    let program = Program::start(&mut stickylab(&command));
    program
        .err
        .wait_for("it stays", |line| line.contains("until Ctrl-C"));
    program.signal(Signal::INT);
    let finished = program.finish();
    assert_eq!(finished.code, None, "a signal: {finished:?}");
    let finished = call(&["trace", "--page", "--", "/no/such/program"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let finished = call(&["trace", "--page=0.0.0.0:0", "--", "true"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.err[0].contains("other machines"), "{finished:?}");
}

#[test]
fn a_process_that_runs_is_shown_and_goes_on() {
    let script = "
import os, socket, sys
a, b = socket.socketpair()
print(os.getpid(), flush=True)
for line in sys.stdin:
    a.send(line.encode()); print(b.recv(100), flush=True)
";
    let mut server = Program::start(python::python().args(["-c", script]));
    let process = server.out.wait_for("its process", |_| true);
    let mut command = stickylab(&["trace", "--page", "--pid", &process]);
    let program = Program::start(command.stdin(Stdio::null()));
    let (address, path) = announced(&program);
    let mut session = Session::open(address, &path);
    session.until(|line| line["type"] == "run");
    // What it does before it is attached to is not seen: it does something until it is.
    let seen = std::thread::spawn(move || {
        session.until(|line| line["call"] == "send");
        session
    });
    eventually("a call is seen", || {
        server.type_in(b"more\n");
        seen.is_finished().then_some(())
    });
    let mut session = seen.join().expect("a call was seen");
    program.signal(Signal::INT);
    session.until(|line| line["type"] == "ended");
    program
        .err
        .wait_for("it stays", |line| line.contains("until Ctrl-C"));
    let answers = server.out.all().len();
    server.type_in(b"on\n");
    eventually("it goes on", || {
        (server.out.all().len() > answers).then_some(())
    });
    program.signal(Signal::INT);
    let finished = program.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    server.signal(Signal::KILL);
    server.finish();
}
