//! Each server against a client in Python that uses the standard library only.

use tests::{SYSTEMS, Server, python, run};

const MESSAGES: [&str; 3] = ["hello", "粘包 sticky", "Straße 123"];
const UPPER: [&str; 3] = ["HELLO", "粘包 STICKY", "STRAßE 123"];

fn ask(server: &Server, system: &str, key: &str, messages: &[&str]) -> tests::Finished {
    ask_by("hmac-md5", server, system, key, messages)
}

fn ask_by(
    scheme: &str,
    server: &Server,
    system: &str,
    key: &str,
    messages: &[&str],
) -> tests::Finished {
    let (host, port) = (server.address.ip(), server.address.port());
    let (host, port) = (host.to_string(), port.to_string());
    let mut arguments = vec![
        "client", "--key", key, "--scheme", scheme, system, &host, &port,
    ];
    arguments.extend(messages);
    run(python::script("peer.py", &arguments), b"")
}

fn check(system: &str, replies: &[&str]) {
    let server = Server::start(system, &[]);
    let asked = ask(&server, system, "wan yifei", &MESSAGES);
    assert_eq!(asked.code, Some(0), "{asked:?}");
    assert_eq!(asked.out, replies, "{system}");
    let printed = server.stop().out;
    let texts: Vec<_> = printed[1..]
        .iter()
        .map(|line| line.splitn(4, ' ').nth(3).unwrap_or_default())
        .collect();
    // One message a frame or datagram; an echo's chunks are as they come, but
    // this client waits for each reply.
    assert_eq!(texts, MESSAGES, "{system}");
}

#[test]
fn a_python_client_works_with_every_server() {
    for system in SYSTEMS {
        let replies = match system {
            "ready-ack" | "length-prefix" => &[][..],
            _ => &UPPER,
        };
        check(system, replies);
    }
}

#[test]
fn a_python_client_and_our_server_prove_themselves_to_each_other() {
    let server = Server::start("auth", &["--scheme", "mutual-sha256"]);
    let asked = ask_by("mutual-sha256", &server, "auth", "wan yifei", &MESSAGES);
    assert_eq!(asked.code, Some(0), "{asked:?}");
    assert_eq!(asked.out, UPPER);
    assert_eq!(server.stop().out.len(), 1 + MESSAGES.len());
}

#[test]
fn a_python_client_with_another_key_is_closed() {
    for scheme in ["hmac-md5", "mutual-sha256"] {
        let server = Server::start("auth", &["--scheme", scheme]);
        let asked = ask_by(scheme, &server, "auth", "wan yifej", &["hello"]);
        assert_eq!(asked.code, Some(1), "{asked:?}");
        assert!(asked.out.is_empty(), "{asked:?}");
        let finished = server.stop();
        assert_eq!(finished.out.len(), 1, "{:?}", finished.out);
    }
}
