//! A server that goes on from schedule to schedule.

use std::fs;

use super::victim::{Bench, Judged, Steps};

const STEPS: Steps<'static> = &[(0, b"\x05\0\0\0hello"), (5, b"\x03\0\0\0bye"), (8, b"")];

/// A server of length-prefixed messages that notes each start in a file. Wrong, unless it is
/// mended: it takes the header from one recv().
const SERVER: &str = "\
import socket, sys
open(sys.argv[2], 'a').write('started\\n')
def exactly(conn, count):
    data = b''
    while len(data) < count and (more := conn.recv(count - len(data))):
        data += more
    return data
server = socket.create_server(('127.0.0.1', 0))
OWN
while True:
    conn, _ = server.accept()
    while header := exactly(conn, 4) if sys.argv[1] == 'mended' else conn.recv(4):
        if len(header) < 4:
            break
        conn.sendall(exactly(conn, int.from_bytes(header, 'little')).upper())
    conn.close()
";

/// Judges the server with `own` lines before it serves: what came of it, and how often it was
/// started.
fn judge(own: &str, word: &str, flags: &[&str]) -> (Judged, usize) {
    let bench = Bench::new();
    let server = bench.write("server.py", &SERVER.replace("OWN", own));
    let starts = bench.write("starts", "");
    let trace = bench.write("client.jsonl", &super::victim::trace(STEPS));
    let flags = [&["--reuse", "--jobs", "1", "--replay", &trace], flags].concat();
    let judged = bench.chop(&flags, &["python3", "-B", &server, word, &starts]);
    let starts = fs::read_to_string(starts).expect("a file");
    (judged, starts.lines().count())
}

#[test]
fn a_server_that_lives_with_every_chunking_is_started_a_few_times() {
    // One family of many schedules, however long that takes.
    let flags = ["--side", "recv", "--budget", "30s"];
    let (judged, starts) = judge("", "mended", &flags);
    judged.survived("mended");
    // Twice as is, once to learn what it does from one run to the next, once for each family, and
    // for each sixteen that are random.
    let families = judged.of_type("family").len();
    let random = judged.of_type("family").into_iter();
    let random = random.filter(|one| one["family"] == "random");
    let random: u64 = random.filter_map(|one| one["tried"].as_u64()).sum();
    let most = 5 + families + usize::try_from(random / 16 + 1).expect("small");
    let unsteady = judged.of_type("judged")[0]["unsteady"].as_u64();
    let unsteady = usize::try_from(unsteady.expect("a number")).expect("small");
    // One that took too long is tried again with a few fresh starts.
    assert!(starts <= most + 6 * unsteady, "{starts}: {judged:#?}");
}

#[test]
fn calls_that_wait_are_those_of_a_fresh_start() {
    let bench = Bench::new();
    let command = bench.victim("accepting.c");
    let trace = super::victim::trace(&[(0, b"!"), (1, b"")]);
    let trace = bench.write("client.jsonl", &trace);
    let flags = [
        "--reuse",
        "--replay",
        &trace,
        "--schedule",
        "accept:eintr@1",
    ];
    for (word, code) in [("wrong", 1), ("mended", 0)] {
        let judged = bench.chop(&flags, &[&command[0], word]);
        assert_eq!(judged.code, Some(code), "{word}: {judged:#?}");
    }
}

#[test]
fn a_server_on_a_fixed_port_is_gone_before_the_next_one() {
    let bench = Bench::new();
    let (_taken, port) = super::victim::port("127.77.1.10");
    let server = SERVER
        .replace("OWN", "")
        .replace("('127.0.0.1', 0)", &format!("('127.77.1.10', {port})"));
    let server = bench.write("server.py", &server);
    let starts = bench.path("starts");
    let trace = bench.write("client.jsonl", &super::victim::trace(STEPS));
    let flags = [
        "--reuse", "--replay", &trace, "--side", "recv", "--budget", "3s",
    ];
    let judged = bench.chop(&flags, &["python3", "-B", &server, "mended", &starts]);
    judged.survived("a fixed port");
}

#[test]
fn what_ends_it_because_of_an_earlier_connection_is_counted() {
    let bench = Bench::new();
    let server = SERVER
        .replace("OWN", "")
        .replace("while True:", "for _ in range(6):");
    let server = bench.write("server.py", &server);
    let trace = bench.write("client.jsonl", &super::victim::trace(STEPS));
    let flags = [
        "--reuse", "--jobs", "1", "--replay", &trace, "--side", "recv",
    ];
    let command = ["python3", "-B", &server, "mended", &bench.path("starts")];
    let judged = bench.chop(&[&flags[..], &["--budget", "5s"]].concat(), &command);
    judged.survived("an end after six connections");
    let unsteady = judged.of_type("judged")[0]["unsteady"].as_u64();
    assert!(unsteady > Some(0), "{judged:#?}");
}

#[test]
fn what_breaks_it_breaks_it_with_a_fresh_start_too() {
    let (judged, _) = judge("", "wrong", &["--budget", "10m"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    assert_eq!(judged.schedules()[0], "c1:1", "{judged:#?}");
}

#[test]
fn connections_that_it_makes_once_keep_their_numbers() {
    // It talks to itself before it listens to others: that is connection 1.
    let own = "\
a = socket.create_connection(server.getsockname())
b, _ = server.accept()
a.sendall(b'hello')
if len(b.recv(5)) < 5 and WRONG: sys.exit(3)
";
    let whole = own.replace("WRONG", "False");
    let (judged, _) = judge(&whole, "wrong", &["--budget", "10m"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    assert_eq!(judged.schedules()[0], "c2:1", "{judged:#?}");
    // A mistake in what is done once is found as well.
    let once = own.replace("WRONG", "True");
    let (judged, _) = judge(&once, "mended", &["--budget", "10m"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    assert_eq!(judged.schedules()[0], "c1a:1", "{judged:#?}");
}

#[test]
fn a_server_that_does_something_else_the_next_time_is_refused() {
    let bench = Bench::new();
    let trace = bench.write(
        "client.jsonl",
        &super::victim::trace(&[(0, b"x"), (1, b"")]),
    );
    let once = "\
import socket
server = socket.create_server(('127.0.0.1', 0))
conn, _ = server.accept()
conn.sendall(conn.recv(1))
conn.close()
";
    let once = bench.write("once.py", once);
    let command = ["python3", "-B", &once];
    let judged = bench.chop(&["--reuse", "--replay", &trace], &command);
    assert_eq!(judged.code, Some(2), "{judged:#?}");
    let said = judged.err;
    assert!(said.contains("when it is talked to again"), "{said}");
    let alone = bench.chop(&["--reuse"], &command);
    assert_eq!(alone.code, Some(2), "{alone:#?}");
    assert!(alone.err.contains("who talks to it"), "{}", alone.err);
}

#[test]
fn bytes_that_it_leaves_unread_do_not_end_it() {
    let own = "\
a = socket.create_connection(server.getsockname())
b, _ = server.accept()
a.sendall(b'hello')
";
    let flags = ["--side", "recv", "--schedule", "c2:1"];
    let (judged, starts) = judge(own, "mended", &flags);
    judged.survived("unread");
    assert_eq!(starts, 4, "{judged:#?}");
}
