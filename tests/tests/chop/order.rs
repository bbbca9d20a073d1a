//! The order in which a program prints its lines: chance where it varies as is, or where several
//! threads print, and else as much a finding as anything else.

use std::fs;

use super::victim::{Bench, Judged};

/// Receives two pieces that begin with `a` and with `b`, however they come, and prints both.
const SERVER: &str = "\
import os, socket, sys, threading
server = socket.create_server(('127.0.0.1', 0))
conn, _ = server.accept()
received = b''
count = 0
while more := conn.recv(64):
    received += more
    count += 1
lines = [f'{len(received)} bytes\\n', 'first\\n', 'second\\n']
def say(line):
    os.write(1, line.encode())
";

fn judge(program: &str, flags: &[&str]) -> (Judged, Bench) {
    let bench = Bench::new();
    let server = bench.write("server.py", &format!("{SERVER}{program}"));
    let trace = super::victim::trace(&[(0, b"abcd")]);
    let trace = bench.write("client.jsonl", &trace);
    let runs = bench.write("runs", "");
    let flags = [&["--replay", &trace, "--jobs", "1"], flags].concat();
    let judged = bench.chop(&flags, &["python3", "-B", &server, &runs]);
    (judged, bench)
}

#[test]
fn an_order_that_follows_from_the_chunks_is_found() {
    let program = "\
if count > 1:
    lines.reverse()
for line in lines:
    say(line)
";
    let (judged, bench) = judge(program, &["--side", "recv", "--budget", "10m"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let finding = judged.of_type("finding")[0];
    assert_eq!(finding["differences"][0], "output", "{finding:#}");
    // The test that was written tells it, too.
    let test = finding["test"].as_str().expect("a test");
    Bench::tested(test, &[], Some(1), "order");
    drop(bench);
}

#[test]
fn an_order_that_varies_as_is_now_and_then_is_none() {
    // As is it is the same in the first eight runs, when all has been compared, and another one
    // in each second one after that; with cuts it is always another one.
    let program = "\
with open(sys.argv[1], 'a+') as runs:
    runs.write('x')
    runs.flush()
    number = os.fstat(runs.fileno()).st_size
if count > 1 or number > 8 and number % 2:
    lines.reverse()
for line in lines:
    say(line)
";
    let (judged, bench) = judge(program, &["--side", "recv", "--schedule", "c1:2"]);
    judged.survived("now and then");
    let runs = fs::read(bench.path("runs")).expect("a file");
    assert!(runs.len() > 8, "{judged:#?}");
}

#[test]
fn the_order_of_what_several_threads_print_is_chance() {
    // Each thread waits until the one before has printed; which one is the first follows from
    // the chunks, as it may from how long these take.
    let program = "\
if count > 1:
    lines.reverse()
for line in lines:
    thread = threading.Thread(target=say, args=(line,))
    thread.start()
    thread.join()
";
    let (judged, _bench) = judge(program, &["--side", "recv", "--budget", "3s"]);
    judged.survived("threads");
    // Other lines are found all the same.
    let other = format!("lines[0] = f'{{count}} chunks\\n'\n{program}");
    let (judged, _bench) = judge(&other, &["--side", "recv", "--budget", "10m"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
}

#[test]
fn lines_written_into_each_other_are_the_same_lines() {
    let program = "\
def tear():
    for half in ('fir', 'second\\n', 'st\\n') if count > 1 else ('first\\n', 'second\\n'):
        thread = threading.Thread(target=say, args=(half,))
        thread.start()
        thread.join()
tear()
";
    let (judged, _bench) = judge(program, &["--side", "recv", "--schedule", "c1:2"]);
    judged.survived("torn");
}
