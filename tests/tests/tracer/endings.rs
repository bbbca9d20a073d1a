//! Programs, and the tracer, that are killed.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tests::{Program, eventually};

use super::{Place, call, of_type, read, recorded, stickylab};

/// Round trips until it is killed.
const ENDLESS: &str = "
import os, socket, threading
listener = socket.create_server(('127.0.0.1', 0))
def serve():
    c, _ = listener.accept()
    while data := c.recv(64): c.sendall(data)
threading.Thread(target=serve).start()
c = socket.create_connection(listener.getsockname())
print(os.getpid(), flush=True)
while True:
    c.sendall(b'12345678'); c.recv(64)
";

/// Whether a process is there, and not merely waited for.
fn is_there(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[test]
fn a_program_killed_at_any_moment_leaves_a_readable_file() {
    for wait in [0, 1, 3, 10, 30, 100] {
        let place = Place::new();
        let file = place.text("trace.jsonl");
        let command = ["trace", "--json", &file, "--", "python3", "-c", ENDLESS];
        let program = Program::start(&mut stickylab(&command));
        let process = program.out.wait_for("its process", |_| true);
        std::thread::sleep(Duration::from_millis(wait));
        let kill = Command::new("kill").args(["-KILL", &process]).status();
        assert!(kill.expect("kill(1)").success());
        let finished = program.finish();
        assert_eq!(finished.code, None, "{finished:?}");
        let shown = call(&["show", &file]);
        assert_eq!(shown.code, Some(0), "after {wait} ms: {shown:?}");
        let said = recorded(&read(file.as_ref()));
        for calls in said.values() {
            let all = calls.concat();
            assert_eq!(all, "3132333435363738".repeat(all.len() / 16));
        }
    }
}

#[test]
fn a_killed_tracer_leaves_no_process_behind() {
    let script = format!("import os\nif os.fork(): os.wait()\n{ENDLESS}");
    for script in [ENDLESS, &script] {
        let command = ["trace", "--", "python3", "-c", script];
        let program = Program::start(&mut stickylab(&command));
        let process = program.out.wait_for("its process", |_| true);
        assert!(is_there(&process));
        program.signal(Signal::KILL);
        program.finish();
        eventually("the program is gone, too", || {
            (!is_there(&process)).then_some(())
        });
    }
}

#[test]
fn a_thousand_children_are_followed() {
    let script = "
import os, socket
a, b = socket.socketpair()
for n in range(1000):
    child = os.fork()
    if child == 0:
        b.send(n.to_bytes(2)); os._exit(0)
    assert a.recv(2) == n.to_bytes(2)
    os.waitpid(child, 0)
print('all')
";
    let place = Place::new();
    let (finished, lines) = place.trace(&[], &["python3", "-c", script]);
    assert_eq!(finished.out, ["all"], "{finished:?}");
    let sends = of_type(&lines, "event")
        .into_iter()
        .filter(|event| event["call"] == "send");
    assert_eq!(sends.count(), 1000);
    assert_eq!(of_type(&lines, "party").len(), 1001);
    assert_eq!(of_type(&lines, "connection").len(), 1);
}
