//! Ctrl-C and SIGTERM end everything cleanly.

use rustix::process::Signal;
use tests::{Datagrams, SYSTEMS, Serve, Server, transport};

const SIGNALS: [Signal; 2] = [Signal::TERM, Signal::INT];

#[test]
fn a_server_ends_with_0_on_either_signal() {
    for system in SYSTEMS {
        for signal in SIGNALS {
            let finished = Server::start(system, &[]).program.stop(signal);
            assert_eq!(finished.out.len(), 1, "{finished:?}");
            assert!(finished.complaints().is_empty(), "{finished:?}");
        }
    }
}

#[test]
fn a_server_in_the_middle_of_a_conversation_ends_with_0() {
    for system in SYSTEMS {
        let server = Server::start(system, &[]);
        if transport(system) == "udp" {
            let client = Datagrams::to(server.address);
            client.send(b"hello");
            client.receive();
            server.stop();
            continue;
        }
        let mut client = server.begin(system);
        server.stop();
        // Closed or reset: what is certain is that it is over.
        while client.try_send(b"x") {}
    }
}

#[test]
fn serve_ends_with_0_on_either_signal() {
    for signal in SIGNALS {
        let serve = Serve::start(&[]);
        let mut client = tests::Stream::connect(serve.system("auth"));
        client.take(32);
        let finished = serve.program.stop(signal);
        assert!(finished.complaints().is_empty(), "{finished:?}");
    }
}
