//! What a proxy takes at most, and that one peer hurts no other.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::proc::Status;
use tests::{Listener, Program, Stream, limited, stickylab};

use super::{Proxy, hex, pair};

#[test]
fn a_slow_reader_slows_its_peer_and_costs_no_memory() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--max-bytes", "1KiB"]);
    let (mut client, mut peer) = pair(&proxy, &server);
    let (mut quick, mut answering) = pair(&proxy, &server);
    quick.send(b"hello");
    answering.expect(b"hello");
    let id = proxy.program.id();
    let resident = || Status::of(id).expect("it runs").resident;
    let before = resident();
    // Until nothing more goes: the buffers of four sockets are full.
    let sending = std::thread::spawn(move || {
        let piece = vec![7; 1 << 20];
        let mut sent = 0_usize;
        while sent < 64 << 20 {
            if !client.try_send(&piece) {
                break;
            }
            sent += piece.len();
        }
        (client, sent)
    });
    // Meanwhile the other pair is peer.
    let until = Instant::now() + Duration::from_millis(500);
    while Instant::now() < until {
        answering.send(b"ping");
        quick.expect(b"ping");
    }
    assert!(!sending.is_finished(), "64 MiB are in no buffer");
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 10, "{grown} KiB more");
    // And when it reads, all comes.
    let mut taken = 0;
    while taken < 64 << 20 {
        taken += peer.receive().len();
    }
    let (client, sent) = sending.join().expect("a thread");
    assert_eq!((sent, taken), (64 << 20, 64 << 20));
    drop(client);
    let record = proxy.stop(Signal::INT);
    assert_eq!(record.ending(), "limit");
    assert_eq!(record.finished.code, Some(0));
}

#[test]
fn a_bound_of_the_record_is_said_and_bytes_still_pass() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--max-events", "4"]);
    let (mut client, mut peer) = pair(&proxy, &server);
    for _ in 0..20 {
        client.send(b"hello");
        peer.expect(b"hello");
    }
    drop((client, peer));
    let record = proxy.stop(Signal::INT);
    let events = record.of_type("event");
    assert_eq!(events.len(), 4);
    assert_eq!(events[3]["call"], "cut");
    assert_eq!(record.ending(), "limit");
    let said = record.finished.err.join("\n");
    assert!(said.contains("--max-events"), "{said}");
}

#[test]
fn all_bytes_pass_and_the_first_of_each_call_are_kept() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--snap", "2", "--max-bytes", "100"]);
    let (mut client, mut peer) = pair(&proxy, &server);
    for _ in 0..20 {
        client.send(b"hello");
        peer.expect(b"hello");
    }
    drop((client, peer));
    let record = proxy.stop(Signal::INT);
    assert_eq!(record.ending(), "finished");
    let events = record.of_type("event").into_iter();
    let moved: Vec<_> = events.filter(|event| event["length"] == 5).collect();
    assert_eq!(moved.len(), 40, "{moved:?}");
    assert!(moved.iter().all(|event| event["bytes"] == "6865"));
    let last = moved.last().expect("events");
    assert_eq!(last["offset"], 95);
}

#[test]
fn only_what_fits_is_recorded_and_all_is_passed_on() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &["--only", "udp", "--only", ":1"]);
    let (mut client, mut peer) = pair(&proxy, &server);
    client.send(b"unseen");
    peer.expect(b"unseen");
    drop((client, peer));
    let record = proxy.stop(Signal::INT);
    assert!(record.of_type("connection").is_empty());
    assert!(record.of_type("event").is_empty());
}

#[test]
fn without_descriptors_the_next_is_turned_away_and_those_that_are_there_go_on() {
    let server = Listener::new();
    let to = server.address().to_string();
    let command = stickylab(&["proxy", "--listen", ":0", "--to", &to]);
    // 64 less 32 of its own: 16 at a time.
    let mut command = limited("-n 64", &command);
    let program = Program::start(&mut command);
    let start = "listening proxy tcp ";
    let line = program
        .out
        .wait_for("where it listens", |line| line.starts_with(start));
    let address = line[start.len()..].parse().expect("an address");
    let mut pairs: Vec<_> = (0..16)
        .map(|_| (Stream::connect(address), server.accept()))
        .collect();
    let mut refused = Stream::connect(address);
    assert_eq!(refused.rest_or_reset(), (Vec::new(), true));
    for (client, peer) in &mut pairs {
        client.send(b"still here");
        peer.expect(b"still here");
    }
    // A place is free again soon after a pair has gone.
    pairs.pop();
    let ending = std::thread::spawn(move || {
        let mut peer = server.accept();
        peer.expect(b"x");
        peer.send(b"welcome");
    });
    tests::eventually("a place", || {
        let mut client = Stream::connect(address);
        let is_served = client.try_send(b"x") && client.rest_or_reset().0 == b"welcome";
        is_served.then_some(())
    });
    ending.join().expect("it was connected to");
    let finished = program.stop(Signal::INT);
    let said = finished.err.join("\n");
    assert!(said.contains("turned away"), "{said}");
}

#[test]
fn a_megabyte_each_way_at_once_arrives_and_is_recorded() {
    let server = Listener::new();
    let proxy = Proxy::of(server.address(), &[]);
    let (client, peer) = pair(&proxy, &server);
    let bytes: Vec<u8> = (0..1_u32 << 20).map(|n| (n % 251) as u8).collect();
    let talk = |mut stream: Stream, bytes: Vec<u8>| {
        std::thread::spawn(move || {
            let mut writer = stream.another();
            let sending = std::thread::spawn(move || {
                writer.send(&bytes);
                writer.finish();
            });
            let rest = stream.rest();
            sending.join().expect("it sends all");
            rest
        })
    };
    let talks = [client, peer].map(|stream| talk(stream, bytes.clone()));
    for heard in talks {
        assert!(heard.join().expect("it hears all") == bytes);
    }
    let record = proxy.stop(Signal::INT);
    let expected = hex(&bytes);
    for (connection, call) in [(1, "recv"), (1, "send"), (2, "recv"), (2, "send")] {
        assert!(
            record.bytes(connection, call) == expected,
            "{connection} {call}"
        );
    }
    assert_eq!(record.ending(), "finished");
}
