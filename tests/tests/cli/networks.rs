//! `stickylab net`: programs of the user's on the two sides of a link. These tests need
//! network namespaces: as root, or with user namespaces.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use super::links::without_user_namespaces;
use super::{check_error, check_usage};
use tests::{Finished, PROGRAM, Program, by_somebody, eventually, python, run, stickylab};

/// Sends back what comes on one connection.
const SERVER: &str = "import socket
with socket.create_server(('b', 9000)) as listener:
    connection, peer = listener.accept()
    while data := connection.recv(65536):
        connection.sendall(data)
";
/// Says how long a reply took, in milliseconds, who it is, and whether 100,000 bytes came
/// back as they were.
const CLIENT: &str = "import os, socket, time
deadline = time.monotonic() + 60
while True:
    try:
        connection = socket.create_connection(('b', 9000))
        break
    except ConnectionRefusedError:
        assert time.monotonic() < deadline
        time.sleep(0.01)
start = time.monotonic()
connection.sendall(b'hello')
reply = connection.recv(5, socket.MSG_WAITALL)
print((time.monotonic() - start) * 1000)
print(reply.decode(), connection.getsockname()[0], connection.getpeername()[0])
data = os.urandom(100_000)
connection.sendall(data)
print(connection.recv(len(data), socket.MSG_WAITALL) == data)
";

/// `stickylab net` with a Python that other users may run.
fn net(arguments: &[&str]) -> Command {
    let mut command = stickylab(&[&["net"], arguments].concat());
    command.env("PATH", python::path()).env("HOME", "/");
    let program = command.get_program().to_owned();
    command.env(PROGRAM, program);
    command
}

fn check_round_trip(by: impl Fn(Command) -> Finished) {
    let server = format!("exec python3 -c \"{SERVER}\"");
    let arguments = ["--link", "rtt=10ms", "--b", &server, "--", "python3", "-c"];
    let finished = by(net(&[&arguments[..], &[CLIENT]].concat()));
    assert_eq!(
        (finished.code, &finished.err[..]),
        (Some(0), &[][..]),
        "are user namespaces allowed? {finished:?}"
    );
    let [time, who, same] = &finished.out[..] else {
        panic!("three lines: {finished:?}");
    };
    let time: f64 = time.parse().expect("a number");
    assert!(time >= 10.0, "{time} ms");
    assert_eq!([who.as_str(), same], ["hello 10.0.0.1 10.0.0.2", "True"]);
}

#[test]
fn a_server_on_one_side_is_a_round_trip_from_a_client_on_the_other() {
    check_round_trip(|command| run(command, b""));
}

#[test]
fn a_user_without_privileges_has_both_sides() {
    check_round_trip(by_somebody);
}

/// Who the names are and whether loopback works, on both sides, and what the numbers of the
/// user are.
fn check_sides(by: impl Fn(Command) -> Finished) -> Vec<String> {
    let look = "import socket
for name in ('a', 'b', 'localhost'):
    print(socket.gethostbyname(name))
print(socket.getaddrinfo('ip6-b', None)[0][4][0])
with socket.create_server(('127.0.0.1', 0)) as listener:
    print(socket.create_connection(listener.getsockname()).getpeername()[0])
for name in ('a', 'b'):
    try:
        socket.create_server((name, 0))
        print('on', name)
    except OSError:
        pass
";
    let script = "id -u; python3 -c \"$1\"; \"$PROGRAM\" net --enter b -- python3 -c \"$1\"";
    let arguments = ["--", "sh", "-c", script, "sh", look];
    let finished = by(net(&arguments));
    assert_eq!(
        (finished.code, &finished.err[..]),
        (Some(0), &[][..]),
        "{finished:?}"
    );
    let both = ["10.0.0.1", "10.0.0.2", "127.0.0.1", "fd00::2", "127.0.0.1"];
    assert_eq!(finished.out[1..6], both);
    assert_eq!(finished.out[6], "on a");
    assert_eq!(finished.out[7..12], both);
    assert_eq!(finished.out[12..], ["on b"]);
    finished.out
}

#[test]
fn both_sides_have_names_and_a_loopback_interface() {
    check_sides(|command| run(command, b""));
    let seen = check_sides(by_somebody);
    assert_ne!(seen[0], "0", "the user stays who it is");
}

#[test]
fn it_ends_as_the_program_in_the_foreground_does() {
    for code in [0, 1, 7] {
        let finished = run(net(&["--", "sh", "-c", &format!("exit {code}")]), b"");
        assert_eq!(finished.code, Some(code), "{finished:?}");
    }
    let finished = run(net(&["--", "sh", "-c", "kill -TERM $$"]), b"");
    assert_eq!(finished.code, None, "{finished:?}");
    // Standard input is its own; without a command it is the user's shell.
    let mut shell = net(&[]);
    shell.env("SHELL", "/bin/sh");
    let finished = run(shell, b"echo hello; exit 5");
    assert_eq!(
        (finished.code, &finished.out[..]),
        (Some(5), &["hello".to_owned()][..])
    );
}

#[test]
fn a_command_in_the_background_that_fails_is_told_of() {
    // It ends when the background has: 3 is on standard error by then.
    let wait = "while [ -e /proc/$1 ]; do sleep 0.01; done";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("number");
    let file = file.to_str().expect("it is UTF-8");
    let background = format!("echo $$ > {file}.new; mv {file}.new {file}; exit 3");
    let script = format!("until [ -e {file} ]; do sleep 0.01; done; set -- $(cat {file}); {wait}");
    let finished = run(net(&["--b", &background, "--", "sh", "-c", &script]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let [line] = &finished.err[..] else {
        panic!("one line: {finished:?}");
    };
    assert!(line.starts_with("stickylab: side b: "), "{line}");
    assert!(line.ends_with("exit status: 3"), "{line}");
}

/// Starts a program in the foreground, and in the background one that has made another, in a
/// session of its own; gives the numbers of all three when they run, that of the last one first.
fn start(foreground: &str) -> (Program, Vec<String>) {
    let background = "setsid sleep 1000 & echo +$! $$; wait";
    let script = format!("{foreground}; echo $$; while :; do sleep 0.01; done");
    let mut command = net(&["--b", background, "--", "sh", "-c", &script]);
    let program = Program::start(&mut command);
    let numbers = eventually("three numbers", || {
        let lines = program.out.all().join(" ");
        let mut all: Vec<_> = lines.split_whitespace().collect();
        // The plus is in front of all digits.
        all.sort_unstable();
        let all = all.into_iter().map(|number| number.replace('+', ""));
        let all: Vec<_> = all.collect();
        (all.len() == 3).then_some(all)
    });
    (program, numbers)
}

/// Whether a process is there, and is not dead.
fn is_alive(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| !state.trim().starts_with(['Z', 'X']))
}

#[test]
fn signals_are_the_program_s_and_nothing_outlives_it() {
    for (signal, name) in [
        (Signal::INT, "INT"),
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
    ] {
        let (program, numbers) = start(&format!("trap 'exit 9' {name}"));
        program.signal(signal);
        let finished = program.finish();
        assert_eq!(finished.code, Some(9), "{name}: {finished:?}");
        for process in &numbers {
            assert!(!is_alive(process), "{name}: {process} of {numbers:?}");
        }
    }
}

#[test]
fn the_programs_die_with_it() {
    let (program, numbers) = start("trap '' TERM HUP");
    program.signal(Signal::KILL);
    let [orphan, tied @ ..] = &numbers[..] else {
        panic!("three numbers: {numbers:?}");
    };
    for process in tied {
        eventually("its death", || (!is_alive(process)).then_some(()));
    }
    // The program of a program is nobody's to kill.
    let orphan = orphan.parse().ok().and_then(rustix::process::Pid::from_raw);
    let _ = rustix::process::kill_process(orphan.expect("a number"), Signal::KILL);
    assert_eq!(program.finish().code, None);
}

#[test]
fn where_there_can_be_no_link_it_says_which_setting_forbids_it() {
    let finished = without_user_namespaces(&["net", "--", "echo", "hello"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.out.is_empty(), "{finished:?}");
    let said = finished.err.join("\n");
    for part in ["there can be no link here", "user.max_user_namespaces is 0"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn mistakes_are_said() {
    check_error(
        &["net", "--", "/no/such/program"],
        &["cannot run /no/such/program"],
    );
    check_error(
        &["net", "--enter", "b", "--", "true"],
        &["stickylab net", "STICKYLAB_NET"],
    );
    check_usage(&["net", "--link", "rtt=never", "--", "true"], "rtt");
    check_usage(&["net", "--enter", "c"], "c");
    check_usage(&["net", "--enter", "b", "--b", "true"], "--enter");
}
