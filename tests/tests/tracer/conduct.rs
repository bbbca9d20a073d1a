//! A program under trace prints and ends as it does without.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tests::{Program, run};

use super::{Place, call, stickylab};

/// The same with and without the tracer: standard output, code, signal.
fn check_same(command: &[&str], input: &[u8]) {
    let plain = |mut command: Command| {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            let _ = std::io::Write::write_all(&mut stdin, &input);
        });
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("it is written");
        (output.stdout, output.status.code(), output.status.signal())
    };
    let mut alone = Command::new(command[0]);
    alone.args(&command[1..]);
    let traced = stickylab(&[&["trace", "--"], command].concat());
    assert_eq!(plain(traced), plain(alone), "{command:?}");
}

#[test]
fn output_codes_and_signals_pass_through() {
    check_same(&["sh", "-c", "echo out; exit 7"], b"");
    check_same(&["cat"], b"through\0it\n");
    check_same(&["sh", "-c", "kill -TERM $$"], b"");
    check_same(&["sh", "-c", "kill -KILL $$"], b"");
    check_same(
        &[
            "sh",
            "-c",
            "trap 'echo caught' USR1; kill -USR1 $$; echo on",
        ],
        b"",
    );
    check_same(
        &[
            "sh",
            "-c",
            "seq 20000 | tail -n 1; sh -c 'exit 3' || echo $?",
        ],
        b"",
    );
    check_same(&["sh", "-c", "yes | head -n 2"], b"");
    check_same(
        &[
            "sh",
            "-c",
            "(sleep 0.1; kill -CONT $$) & kill -STOP $$; echo on",
        ],
        b"",
    );
    check_same(
        &[
            "python3",
            "-c",
            "import subprocess; print(subprocess.run(['true']))",
        ],
        b"",
    );
}

#[test]
fn a_program_run_by_a_second_thread_goes_on() {
    let place = Place::new();
    let program = place.compile("exec", &[]);
    for _ in 0..20 {
        check_same(&[&program], b"");
    }
}

#[test]
fn signals_to_the_tracer_reach_the_program() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1] {
        let script = "trap 'echo caught; exit 5' TERM INT HUP USR1; echo ready; \
                      while :; do sleep 0.05; done";
        let program = Program::start(&mut stickylab(&["trace", "--", "sh", "-c", script]));
        program.out.wait_for("it has begun", |line| line == "ready");
        program.signal(signal);
        let finished = program.finish();
        assert_eq!(finished.code, Some(5), "{signal:?}: {finished:?}");
        assert_eq!(finished.out.last().map(String::as_str), Some("caught"));
    }
}

#[test]
fn what_cannot_be_run_is_one_line() {
    for (command, part) in [
        (
            "/no/such/program",
            "cannot run /no/such/program: No such file",
        ),
        ("/etc/passwd", "cannot run /etc/passwd: Permission denied"),
    ] {
        let finished = call(&["trace", "--", command]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let [line] = &finished.err[..] else {
            panic!("one line: {finished:?}");
        };
        assert!(line.contains(part), "{line}");
    }
    let finished = call(&["trace"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn a_program_with_nothing_to_see_is_told_so_and_escapes_are_not_obeyed() {
    let finished = call(&["trace", "--", "true"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.err[0].contains("no connection was seen"),
        "{finished:?}"
    );
    let script = "
import ctypes, socket
ctypes.CDLL(None).prctl(15, b'\\x1b[31mred')
a, b = socket.socketpair()
a.send(b'\\x1b]0;title\\x07'); b.recv(100)
";
    let finished = run(stickylab(&["trace", "--", "python3", "-c", script]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let shown = finished.err.join("\n");
    assert!(
        shown.contains("1 send") && shown.contains("1 recv"),
        "{shown}"
    );
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn what_cannot_be_seen_is_said() {
    let script = "
import ctypes, socket
ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120))
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.send(b'x'); b.recv(1)
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.bind(('127.0.0.1', 0))
d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); d.sendto(b'x', c.getsockname())
c.recv(1)
";
    let finished = run(stickylab(&["trace", "--", "python3", "-c", script]), b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let said = finished.err.join("\n");
    for part in ["Unix socket of datagrams", "without asking who sent them"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Some machines and containers have none.
    let asked = "import ctypes; \
                 print(ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120)) >= 0)";
    let mut python = Command::new("python3");
    let output = python.args(["-c", asked]).output().expect("python3");
    let has_uring = output.stdout.starts_with(b"True");
    assert_eq!(said.contains("io_uring"), has_uring, "{said}");
}

#[test]
fn a_child_that_outlives_the_program_is_followed_to_its_end() {
    let finished = call(&["trace", "--", "sh", "-c", "(sleep 0.3; echo late) & exit 6"]);
    assert_eq!(finished.code, Some(6), "{finished:?}");
    assert_eq!(finished.out, ["late"]);
}
