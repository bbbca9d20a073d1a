//! `--pid`: a process that runs already.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use rustix::process::Signal;
use tests::{Program, eventually};

use super::{Place, call, of_type, read, recorded, stickylab};

/// Answers what it receives, on each connection in a thread, and waits with another one.
const ECHO: &str = "
import os, socket, threading, time
listener = socket.create_server(('127.0.0.1', 0))
def serve(c):
    while data := c.recv(64): c.sendall(data)
def idle():
    while True: time.sleep(0.01)
threading.Thread(target=idle, daemon=True).start()
print(os.getpid(), listener.getsockname()[1], flush=True)
while True:
    c, _ = listener.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
";

/// A process that runs [`ECHO`].
struct EchoServer {
    program: Program,
    process: String,
    port: u16,
}

impl EchoServer {
    fn start() -> Self {
        let mut command = tests::python::python();
        command.args(["-c", ECHO]).stdin(Stdio::null());
        let program = Program::start(&mut command);
        let said = program.out.wait_for("its process", |_| true);
        let (process, port) = said.split_once(' ').expect("two numbers");
        Self {
            process: process.to_owned(),
            port: port.parse().expect("a port"),
            program,
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).expect("it listens")
    }

    fn kill(self) {
        self.program.signal(Signal::KILL);
        self.program.finish();
    }
}

fn status(process: &str, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.unwrap_or("gone").trim().to_owned()
}

fn echo(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).expect("it is sent");
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).expect("it comes back");
    assert_eq!(back, text);
}

#[test]
fn a_process_is_attached_to_and_goes_on_unharmed() {
    let server = EchoServer::start();
    let process = &*server.process;
    let mut early = server.connect();
    echo(&mut early, b"before");
    let place = Place::new();
    for round in 0..3 {
        let file = place.text("trace.jsonl");
        let command = ["trace", "--live", "--json", &file, "--pid", process];
        let tracer = Program::start(&mut stickylab(&command));
        // A thread that waited in recv before has stopped once when its next one is seen.
        eventually("its calls are seen", || {
            echo(&mut early, b".");
            let seen = tracer.err.all();
            seen.iter()
                .any(|line| line.contains("recv()"))
                .then_some(())
        });
        echo(&mut early, b"early");
        let mut late = server.connect();
        echo(&mut late, b"late");
        drop(late);
        eventually("its end is seen", || {
            tracer.signal(Signal::INT);
            (status(process, "TracerPid:") == "0").then_some(())
        });
        let finished = tracer.finish();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert_eq!(call(&["show", &file]).code, Some(0));
        let lines = read(file.as_ref());
        let said = recorded(&lines);
        let of = |kind: &str| said[&("acceptor".to_owned(), kind.to_owned())].concat();
        // "early" and "late", in whatever pieces; before them what was said until then.
        for bytes in [of("recv"), of("send")] {
            let before = bytes.strip_suffix("6561726c796c617465");
            let before = before.unwrap_or_else(|| panic!("round {round}: {said:?}"));
            assert!(
                before.replace("2e", "").is_empty(),
                "round {round}: {said:?}"
            );
        }
        let ends = of_type(&lines, "connection");
        assert!(ends.len() >= 2, "{ends:?}");
        assert!(
            ends.iter()
                .all(|c| c["acceptor"]["observed"]["calls"] == true)
        );
        // It is as before.
        let state = status(process, "State:");
        assert!(state.starts_with('S') || state.starts_with('R'), "{state}");
        echo(&mut early, b"after");
    }
    drop(early);
    server.kill();
}

#[test]
fn a_process_outlives_a_killed_tracer_and_may_end_while_it_is_traced() {
    let server = EchoServer::start();
    let process = &*server.process;
    let attach = || {
        let tracer = Program::start(&mut stickylab(&["trace", "--pid", process]));
        eventually("it is traced", || {
            (status(process, "TracerPid:") != "0").then_some(())
        });
        tracer
    };
    let tracer = attach();
    tracer.signal(Signal::KILL);
    tracer.finish();
    eventually("it is detached", || {
        (status(process, "TracerPid:") == "0").then_some(())
    });
    let mut stream = server.connect();
    echo(&mut stream, b"on");
    let tracer = attach();
    let twice = call(&["trace", "--pid", process]);
    assert_eq!(twice.code, Some(1), "{twice:?}");
    assert!(twice.err[0].contains("cannot attach"), "{twice:?}");
    server.kill();
    let finished = tracer.finish();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn what_is_no_process_is_one_line() {
    let finished = call(&["trace", "--pid", "2147483647"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.err[0].contains("no process 2147483647"),
        "{finished:?}"
    );
    assert_eq!(call(&["trace", "--pid", "0"]).code, Some(2));
    assert_eq!(call(&["trace", "--pid", "1", "--", "true"]).code, Some(2));
}
