//! Each of the five clients, run as the real program, against servers written
//! by hand: what must come from the client are literal bytes.

#[path = "clients/auth.rs"]
mod auth;
#[path = "clients/bridge.rs"]
mod bridge;
#[path = "clients/code_panel.rs"]
mod code_panel;
#[path = "clients/framed.rs"]
mod framed;
#[path = "clients/mutual.rs"]
mod mutual;
#[path = "clients/nobody.rs"]
mod nobody;
#[path = "clients/python.rs"]
mod python;
#[path = "clients/tcp_echo.rs"]
mod tcp_echo;
#[path = "clients/udp_echo.rs"]
mod udp_echo;

use std::net::SocketAddr;

use tests::{Finished, Listener, Program, Stream, stickylab};

/// Starts `stickylab client <system>` and gives it its lines.
fn client(system: &str, address: SocketAddr, arguments: &[&str], input: &[u8]) -> Program {
    let address = address.to_string();
    let mut command = stickylab(&["client", system, "--connect", &address]);
    let mut program = Program::start(command.args(arguments));
    program.write(input);
    program
}

/// Runs a client against `serve`, which plays its server.
fn converse(
    system: &str,
    arguments: &[&str],
    input: &[u8],
    serve: impl FnOnce(&mut Stream),
) -> Finished {
    let listener = Listener::new();
    let program = client(system, listener.address(), arguments, input);
    let mut stream = listener.accept();
    serve(&mut stream);
    drop(stream);
    program.finish()
}

/// A conversation that goes well: the client prints `printed` and exits with 0.
fn check(system: &str, input: &[u8], serve: impl FnOnce(&mut Stream), printed: &[&str]) {
    let finished = converse(system, &[], input, |stream| {
        serve(stream);
        assert_eq!(stream.rest(), b"", "the client sends nothing else");
    });
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.out, printed);
    assert_eq!(said(&finished), [""; 0], "{finished:?}");
}

/// What it said on standard error, but for what it says where the machine is so loaded that the
/// server's part of a conversation takes seconds.
fn said(finished: &Finished) -> Vec<&str> {
    let lines = finished.err.iter().map(String::as_str);
    lines.filter(|line| !line.contains(WAITS)).collect()
}

/// In the note that a silent server is waited for.
const WAITS: &str = "still waiting for ";

/// A conversation that fails: exit code 1, and one line says why.
fn check_fails(system: &str, input: &[u8], serve: impl FnOnce(&mut Stream), reason: &str) {
    let finished = converse(system, &[], input, serve);
    check_failed(&finished, reason);
}

fn check_failed(finished: &Finished, reason: &str) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let [line] = said(finished)[..] else {
        panic!("one line: {finished:?}");
    };
    assert!(line.starts_with("stickylab: "), "{line}");
    assert!(line.contains(reason), "{reason}: {line}");
}
