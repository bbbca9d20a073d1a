//! `--live`: the calls, line by line while the program runs.

use tests::Program;

use super::{Place, call, of_type, read, recorded, stickylab};

/// Two ends of a Unix stream: one line goes over it, and after a line of standard input
/// another one, with an escape and a character that is no ASCII.
const TWICE: &str = "
import socket, sys
a, b = socket.socketpair()
a.send(b'one\\ntwo\\n'); a.send(b'three\\n'); b.recv(100)
print('waiting', flush=True)
sys.stdin.readline()
b.send('粘\\x1b[31m'.encode()); a.recv(100)
sys.exit(7)
";

#[test]
fn calls_are_printed_while_the_program_runs_and_lanes_when_it_has_ended() {
    let command = ["trace", "--live", "--framing", "delimiter", "--"];
    let command = [&command[..], &["python3", "-c", TWICE]].concat();
    let mut program = Program::start(&mut stickylab(&command));
    program.out.wait_for("it waits", |line| line == "waiting");
    let is_recv = |line: &str| line.contains("recv()");
    let recv = program.err.wait_for("the first recv", is_recv);
    for part in [
        "python3 ← python3",
        "14 B",
        r"one\ntwo",
        "bytes of 2 sends, 3 messages",
    ] {
        assert!(recv.contains(part), "{part}: {recv}");
    }
    let all = program.err.all();
    let sends = all.iter().filter(|line| line.contains("send()"));
    assert_eq!(sends.count(), 2, "{all:?}");
    assert!(
        !all.iter().any(|line| line.starts_with("recv()")),
        "{all:?}"
    );
    program.type_in(b"\n");
    let finished = program.finish();
    assert_eq!(finished.code, Some(7), "{finished:?}");
    assert_eq!(finished.out, ["waiting"]);
    // No time is before an earlier one, unless its line says why.
    let times = finished.err.iter().filter_map(|line| {
        let time = line.trim_start().split("  ").next()?;
        let micros = time.replacen('.', "", 1).parse::<u64>().ok();
        Some((micros?, line.ends_with("(known only now)")))
    });
    let mut latest = 0;
    for (time, is_late) in times {
        assert!(time >= latest || is_late, "{finished:?}");
        latest = time.max(latest);
    }
    assert!(latest > 0, "{finished:?}");
    let shown = finished.err.join("\n");
    assert!(shown.contains(r"粘\1b[31m"), "{shown}");
    assert!(!shown.contains('\x1b'), "{shown:?}");
    assert!(shown.contains("2 sends, "), "the lanes: {shown}");
    assert!(finished.err.iter().any(|line| line.starts_with("recv()")));
}

#[test]
fn a_signal_ends_both_and_errors_and_bounds_are_lines() {
    let script = "
import os, socket
s = socket.socket()
try: s.connect(('127.0.0.1', 1))
except ConnectionRefusedError: pass
a, b = socket.socketpair()
for n in range(9): a.send(b'x')
os.kill(os.getpid(), 9)
";
    let command = ["trace", "--live", "--max-events", "4", "--"];
    let finished = call(&[&command[..], &["python3", "-c", script]].concat());
    assert_eq!(finished.code, None, "{finished:?}");
    let shown = finished.err.join("\n");
    assert!(shown.contains("connect()  failed: "), "{shown}");
    let live = finished.err.iter().filter(|line| line.ends_with("1 B  x"));
    assert_eq!(live.count(), 2, "{shown}");
}

#[test]
fn neither_the_program_nor_the_tracer_waits_for_a_reader_of_standard_error() {
    let script = "
import socket, sys
a, b = socket.socketpair()
for n in range(2000):
    a.send(b'ping'); b.recv(4)
print('done', flush=True)
sys.exit(7)
";
    let place = Place::new();
    let file = place.text("trace.jsonl");
    let command = ["trace", "--live", "--json", &file, "--"];
    let mut command = stickylab(&[&command[..], &["python3", "-c", script]].concat());
    let program = Program::start(&mut command);
    program.err.pause();
    let finished = program.finish();
    assert_eq!(finished.code, Some(7));
    assert_eq!(finished.out, ["done"]);
    let lines = read(file.as_ref());
    let moved = recorded(&lines);
    let of = |end: &str, call: &str| moved[&(end.to_owned(), call.to_owned())].len();
    assert_eq!([of("opener", "send"), of("acceptor", "recv")], [2000, 2000]);
    assert_eq!(of_type(&lines, "ended").len(), 1);
}
