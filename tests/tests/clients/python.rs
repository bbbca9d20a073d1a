//! Each client against a server in Python that uses the standard library only.

use super::{check_failed, client};
use tests::{Finished, Program, SYSTEMS, python};

const INPUT: &str = "hello\n\n粘包 sticky\nStraße 123\n";
const MESSAGES: [&str; 3] = ["hello", "粘包 sticky", "Straße 123"];
const UPPER: [&str; 3] = ["HELLO", "粘包 STICKY", "STRAßE 123"];

/// Runs our client against Python's server; what each of them printed.
fn converse(system: &str, arguments: &[&str]) -> (Finished, Vec<String>) {
    converse_by("hmac-md5", system, arguments)
}

/// The same, both sides with `scheme`.
fn converse_by(scheme: &str, system: &str, arguments: &[&str]) -> (Finished, Vec<String>) {
    let mut all = vec!["server", system, "127.0.0.1", "--scheme", scheme];
    all.extend(arguments);
    let server = Program::start(&mut python::script("peer.py", &all));
    let line = server
        .out
        .wait_for("a port", |l| l.starts_with("listening "));
    let port: u16 = line["listening ".len()..].parse().expect("a port");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let finished = client(system, address, &["--scheme", scheme], INPUT.as_bytes()).finish();
    let mut printed = if system == "udp-echo" {
        // It has no end of its own.
        let last = |line: &str| line == MESSAGES[2];
        server.out.wait_for("the last message", last);
        server.out.all()
    } else {
        let ended = server.finish();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.out
    };
    printed.remove(0);
    (finished, printed)
}

#[test]
fn every_client_works_with_a_python_server() {
    for system in SYSTEMS {
        let (finished, printed) = converse(system, &[]);
        assert_eq!(finished.code, Some(0), "{system}: {finished:?}");
        let (mut received, mut replies) = (MESSAGES.to_vec(), UPPER.to_vec());
        match system {
            // An empty line is a datagram, too.
            "udp-echo" => {
                received.insert(1, "");
                replies.insert(1, "");
            }
            "ready-ack" | "length-prefix" => {
                received.insert(1, "");
                replies.clear();
            }
            "auth" => {
                received.insert(1, "");
                received.insert(0, "accepted");
            }
            _ => {}
        }
        assert_eq!(printed, received, "{system}");
        assert_eq!(finished.out, replies, "{system}");
    }
}

#[test]
fn our_client_and_a_python_server_prove_themselves_to_each_other() {
    let (finished, printed) = converse_by("mutual-sha256", "auth", &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(printed[0], "accepted");
    let mut received = MESSAGES.to_vec();
    received.insert(1, "");
    assert_eq!(printed[1..], received);
    assert_eq!(finished.out, UPPER);
}

#[test]
fn a_python_server_with_another_key_rejects_our_client() {
    for scheme in ["hmac-md5", "mutual-sha256"] {
        let (finished, printed) = converse_by(scheme, "auth", &["--key", "wan yifej"]);
        assert_eq!(printed, ["rejected"], "{scheme}");
        check_failed(&finished, "refused: ");
    }
}
