//! What no kernel does is not done to a program, and what cannot be compared is not judged.

use super::victim::{Bench, Judged};

/// Both ends of a TCP connection, `a` and `b`, in one Python program.
const PAIR: &str = "\
import os, select, socket, sys, threading
s = socket.create_server(('127.0.0.1', 0))
a = socket.create_connection(s.getsockname())
b, _ = s.accept()
";

fn judge(program: &str, flags: &[&str]) -> Judged {
    let bench = Bench::new();
    let file = bench.write("program.py", program);
    bench.chop(flags, &["python3", "-B", &file])
}

fn survives(program: &str, flags: &[&str]) {
    judge(&format!("{PAIR}{program}"), flags).survived(program);
}

fn refused(program: &str, flags: &[&str], why: &str) {
    let judged = judge(program, flags);
    assert_eq!(judged.code, Some(2), "{judged:#?}");
    assert!(judged.err.contains(why), "{}", judged.err);
}

#[test]
fn a_long_stream_in_small_pieces_is_no_call_without_end() {
    let program = "\
threading.Thread(target=lambda: (a.sendall(bytes(150_000)), a.close())).start()
total = 0
while count := len(b.recv(4096)):
    total += count
print(total)
";
    survives(program, &["--schedule", "c:max1"]);
    survives(program, &["--schedule", "s:max1"]);
}

#[test]
fn looking_again_shows_more() {
    let program = "\
threading.Thread(target=lambda: a.sendall(b'header and more')).start()
while len(b.recv(6, socket.MSG_PEEK)) < 6:
    pass
print(b.recv(6))
print(b.recv(9, socket.MSG_WAITALL))
";
    survives(program, &["--schedule", "c:max1"]);
}

#[test]
fn a_recv_returns_what_its_socket_waits_for() {
    let program = "\
b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 4)
a.sendall(b'abcd')
print(len(b.recv(64)))
a.sendall(b'xy')
a.close()
b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
while b.recv(64):
    pass
";
    survives(program, &["--schedule", "c:max1"]);
}

#[test]
fn a_call_that_has_something_to_return_is_not_interrupted() {
    // A timeout of the socket: a signal may interrupt it, if it waits.
    let program = "\
import struct
b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('ll', 60, 0))
a.sendall(b'hello')
select.select([b], [], [])
import ctypes
bytes = ctypes.create_string_buffer(64)
print(ctypes.CDLL(None).recv(b.fileno(), bytes, 64, 0))
";
    refused(
        &format!("{PAIR}{program}"),
        &["--schedule", "c:eintr"],
        "no call was changed",
    );
}

/// Waits with each of three calls for what does not come, or with one for what is there.
const WAITS: &str = "\
a.sendall(b'x')
print(b.recv(1))
poll, epoll = select.poll(), select.epoll()
poll.register(b, select.POLLIN)
epoll.register(b, select.EPOLLIN)
print(select.select([b], [], [], 0.02), poll.poll(20), epoll.poll(0.02))
";

#[test]
fn calls_that_wait_are_interrupted_once_and_made_again() {
    for call in ["connect", "select", "poll", "epoll"] {
        survives(WAITS, &["--schedule", &format!("{call}:eintr")]);
    }
}

#[test]
fn a_call_that_no_signal_could_hit_is_not_interrupted() {
    let unchanged = |first: &str, call: &str| {
        let program = format!("import signal\n{first}\n{PAIR}{WAITS}");
        let schedule = format!("{call}:eintr");
        refused(&program, &["--schedule", &schedule], "no call was changed");
    };
    let default = "signal.signal(signal.SIGINT, signal.SIG_DFL)";
    let blocked = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])";
    for call in ["connect", "select", "poll"] {
        unchanged(default, call);
        unchanged(blocked, call);
    }
    // A handler after which calls are restarted wakes them, all but connect().
    let restarts = "signal.siginterrupt(signal.SIGINT, False)";
    unchanged(restarts, "connect");
    let program = format!("import signal\n{restarts}\n{PAIR}{WAITS}");
    judge(&program, &["--schedule", "poll:eintr"]).survived("poll");
    // Where there is no handler the process may have been stopped meanwhile.
    let program = format!("import signal\n{default}\n{PAIR}{WAITS}");
    judge(&program, &["--schedule", "epoll:eintr"]).survived("epoll");
}

#[test]
fn a_call_that_would_not_wait_is_not_interrupted() {
    let ready = "\
a.sendall(b'x')
b.recv(1, socket.MSG_PEEK)
poll, epoll = select.poll(), select.epoll()
poll.register(b, select.POLLIN)
epoll.register(b, select.EPOLLIN)
print(poll.poll(), len(epoll.poll()), b.recv(1))
print(select.select([b], [], [], 0), poll.poll(0), epoll.poll(0))
";
    for call in ["select", "poll", "epoll"] {
        let schedule = format!("{call}:eintr");
        refused(
            &format!("{PAIR}{ready}"),
            &["--schedule", &schedule],
            "no call was changed",
        );
    }
}

#[test]
fn a_connection_that_is_gone_is_announced_again_or_left_alone() {
    let program = "\
s.setblocking(False)
poll = select.epoll()
poll.register(s, EVENTS)
c = socket.create_connection(s.getsockname())
d = None
while d is None:
    poll.poll()
    try:
        d, _ = s.accept()
    except BlockingIOError:
        pass
c.sendall(b'x')
print(d.recv(1))
";
    let schedule = ["--schedule", "accept:eagain"];
    survives(&program.replace("EVENTS", "select.EPOLLIN"), &schedule);
    let edges = program.replace("EVENTS", "select.EPOLLIN | select.EPOLLET");
    refused(&format!("{PAIR}{edges}"), &schedule, "no call was changed");
}

#[test]
fn non_blocking_unix_sockets_are_read_as_they_are() {
    let program = "\
import os, select, socket
name = '\\0' + os.urandom(8).hex()
s = socket.socket(socket.AF_UNIX)
s.bind(name)
s.listen()
a = socket.socket(socket.AF_UNIX)
a.connect(name)
b, _ = s.accept()
b.setblocking(False)
poll = select.epoll()
poll.register(b, select.EPOLLIN | select.EPOLLET)
a.sendall(b'hello')
got = b''
while len(got) < 5:
    poll.poll()
    got += b.recv(64)
print(got)
";
    refused(
        program,
        &["--side", "recv", "--schedule", "c:max1"],
        "no call was changed",
    );
    refused(program, &["--schedule", "c:eagain"], "no call was changed");
}

#[test]
fn a_schedule_that_changes_nothing_is_not_survived() {
    let program = "a.sendall(b'hello')\nprint(b.recv(5))\n";
    let program = format!("{PAIR}{program}");
    refused(&program, &["--schedule", "c9:1"], "no call was changed");
    let judged = judge(&program, &["--budget", "10m", "--side", "recv"]);
    // No call of it fails with EAGAIN or EINTR.
    let fates: Vec<_> = judged
        .of_type("family")
        .iter()
        .map(|family| (family["family"].clone(), family["fate"].clone()))
        .collect();
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let fate = |name: &str| {
        &fates
            .iter()
            .find(|(family, _)| family == name)
            .expect(name)
            .1
    };
    assert_eq!(fate("eagain"), "not-tried", "{fates:?}");
    assert_eq!(fate("eintr"), "not-tried", "{fates:?}");
}

#[test]
fn sends_alone_are_short_and_fail_where_they_may() {
    // It sends the rest, and takes EAGAIN for a failure.
    let program = "\
a.setblocking(False)
data = b'hello'
while data:
    try:
        data = data[a.send(data):]
    except BlockingIOError:
        break
a.close()
while b.recv(64):
    pass
";
    let program = format!("{PAIR}{program}");
    let judged = judge(&program, &["--side", "send", "--budget", "10m"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let families = judged.of_type("family").into_iter();
    let fates: Vec<_> = families
        .map(|family| [&family["family"], &family["fate"]])
        .filter(|[family, _]| **family != "random")
        .collect();
    let expected = [
        ["short-sends", "survived"],
        ["eagain", "broke"],
        ["eintr", "not-tried"],
    ];
    assert_eq!(fates, expected, "{judged:#?}");
    let schedule = judged.schedules()[0];
    assert!(schedule.contains(":eagain"), "{schedule}");
    let finding = judged.of_type("finding")[0];
    assert_eq!(finding["whose"], "program", "{finding:#}");
}

#[test]
fn what_is_too_much_to_be_recorded_is_not_judged() {
    let program = "\
def send():
    for _ in range(80):
        a.sendall(bytes(1 << 20))
    a.close()
threading.Thread(target=send).start()
while b.recv(1 << 20):
    pass
";
    refused(&format!("{PAIR}{program}"), &[], "moves more than 64 MiB");
}

#[test]
fn a_thread_that_never_stops_does_not_keep_a_held_call() {
    let program = "\
c = socket.create_connection(s.getsockname())
d, _ = s.accept()
d.setblocking(False)
is_over = False
def spin():
    while not is_over:
        try:
            d.recv(1)
        except BlockingIOError:
            pass
threading.Thread(target=spin).start()
a.sendall(b'hello')
print(b.recv(5))
a.sendall(b'you')
print(b.recv(3))
is_over = True
";
    // What came by then may be all there is, so that nothing is changed.
    let judged = judge(&format!("{PAIR}{program}"), &["--schedule", "c1a:glue"]);
    assert!(matches!(judged.code, Some(0 | 2)), "{judged:#?}");
    assert!(
        judged.code == Some(0) || judged.err.contains("no call was changed"),
        "{judged:#?}"
    );
}

#[test]
fn what_comes_in_one_piece_is_not_glued() {
    let program = "\
def other():
    me = threading.main_thread().native_id
    while open(f'/proc/self/task/{me}/stat').read().rsplit(') ')[1][0] not in 'St':
        pass
    a.sendall(b'hello')
threading.Thread(target=other).start()
print(b.recv(64))
";
    let why = "no call was changed in 1 run:";
    refused(
        &format!("{PAIR}{program}"),
        &["--schedule", "c1a:glue"],
        why,
    );
}

#[test]
fn a_crash_is_told() {
    let program = "\
a.sendall(b'ab')
if len(b.recv(2)) < 2:
    os.abort()
";
    let judged = judge(&format!("{PAIR}{program}"), &["--schedule", "c1a:1"]);
    assert_eq!(judged.code, Some(1), "{judged:#?}");
    let told = &judged.of_type("finding")[0]["differences"];
    let told = told.as_array().expect("a list");
    assert!(told.contains(&"crash".into()), "{judged:#?}");
}

#[test]
fn another_thread_may_run_another_program_while_a_call_is_changed() {
    let program = "\
a.sendall(b'x')
def other():
    me = threading.main_thread().native_id
    while open(f'/proc/self/task/{me}/stat').read().rsplit(') ')[1][0] != 'S':
        pass
    os.execvp('python3', ['python3', '-B', '-c', 'print(5 * 5)'])
b.recv(1)
a.sendall(b'y')
b.recv(1)
threading.Thread(target=other).start()
b.recv(64)
";
    // The last recv waits for ever, with less room than it asked for.
    survives(program, &["--schedule", "c:max1+s:max1"]);
}

#[test]
fn a_fixed_port_is_free_again_for_the_next_run() {
    // The server closes first, so that its port is in TIME_WAIT, and says nothing of that.
    let program = "\
import socket
server = socket.socket()
server.bind(('127.77.1.9', PORT))
server.listen(5)
conn, _ = server.accept()
got = b''
while len(got) < 5:
    got += conn.recv(5)
conn.sendall(got)
conn.close()
";
    let bench = Bench::new();
    let (_held, port) = super::victim::port("127.77.1.9");
    let file = bench.write("once.py", &program.replace("PORT", &port.to_string()));
    let trace = super::victim::trace(&[(0, b"hello"), (5, b"")]);
    let trace = bench.write("client.jsonl", &trace);
    let flags = ["--replay", &trace, "--budget", "3s"];
    let judged = bench.chop(&flags, &["python3", "-B", &file]);
    judged.survived("once");
    assert_eq!(judged.of_type("judged")[0]["unsteady"], 0, "{judged:#?}");
}
