//! Our own servers and clients live with every chunking.

use super::victim::{Bench, Steps};

/// One of the servers, with a recorded client.
fn check(flags: &[&str], steps: Steps<'_>) {
    let bench = Bench::new();
    let trace = bench.write("client.jsonl", &super::victim::trace(steps));
    let program = tests::stickylab(&[]);
    let program = program.get_program().to_str().expect("text").to_owned();
    let command = [&[&*program, "server"], flags, &["--listen", "127.0.0.1:0"]].concat();
    let judged = bench.chop(&["--replay", &trace, "--budget", "3s"], &command);
    judged.survived(flags[0]);
}

#[test]
fn the_servers_survive() {
    check(
        // What it prints are the chunks that it received.
        &["tcp-echo", "--quiet"],
        &[(0, b"hello"), (5, "粘包".as_bytes()), (11, b"")],
    );
    check(
        &["length-prefix"],
        &[(0, b"\x05\0\0\0hello"), (0, b"\x03\0\0\0bye")],
    );
    check(
        &["framed", "--framing", "delimiter"],
        &[(0, b"one\ntwo\n"), (8, b"three\n"), (14, b"")],
    );
}

#[test]
fn the_client_of_auth_survives_and_so_does_its_server() {
    let bench = Bench::new();
    let program = tests::stickylab(&[]);
    let program = program.get_program().to_str().expect("text").to_owned();
    let peer = format!("printf 'hello\\n' | {program} client auth --connect $STICKYLAB_ADDRESS");
    let command = [&*program, "server", "auth", "--listen", "127.0.0.1:0"];
    let judged = bench.chop(&["--peer", &peer, "--budget", "3s"], &command);
    judged.survived("auth");
}
