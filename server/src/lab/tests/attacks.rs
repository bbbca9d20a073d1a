//! What the lessons about attacks rest on: many connections of one source, and
//! a client that takes its time.

use super::*;

/// Both say something; the first with this many connections.
fn flood(connections: u16, per_source: u32) -> Run {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.serial = Some(false);
    experiment.backlog = 128;
    experiment.max_per_source = per_source;
    experiment.clients[0].connections = connections;
    experiment.clients.push(trace::Client {
        start_ms: 50,
        ..trace::Client::default()
    });
    let lab = Lab::start(experiment, 0).unwrap();
    for client in [ClientId::FIRST, ClientId::SECOND] {
        lab.send(client, sends(&[b"here"], Duration::ZERO));
        lab.close(client, Nanos::from_millis(150));
    }
    Run::of(lab)
}

#[test]
fn a_flood_takes_the_places_of_its_own_source_alone() {
    let run = flood(24, 8);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(run.errors, Vec::<String>::new());
    let refused: Vec<_> = run.calls(SERVER, Call::Refuse).collect();
    assert_eq!(refused.len(), 16);
    assert!(refused.iter().all(|event| {
        (ClientId::of(event.connection).0, event.reason)
            == (ClientId::FIRST, Some(Reason::SourceFull))
    }));
    // Each of its connections has a life of its own, and is refused for good.
    for connection in 0..24 {
        let of = |actor, call| {
            let calls = run.calls(actor, call);
            let own = calls.filter(|e| e.connection == ClientId::FIRST.connection(connection));
            own.count()
        };
        assert_eq!(
            of(ClientId::FIRST.party(), Call::Connect),
            1,
            "{connection}"
        );
        assert_eq!(of(SERVER, Call::Accept), 1, "{connection}");
        assert_eq!(of(SERVER, Call::Close), 1, "{connection}");
        assert_eq!(of(ClientId::FIRST.party(), Call::Close), 1, "{connection}");
        let refused = refused
            .iter()
            .any(|event| event.connection == ClientId::FIRST.connection(connection));
        assert_eq!(
            of(ClientId::FIRST.party(), Call::Shutdown),
            usize::from(!refused)
        );
        assert_eq!(refused, connection >= 8, "first come, first served");
    }
    // Conversations are whole, and nothing else is in them.
    for client in [ClientId::FIRST, ClientId::SECOND] {
        let actor = client.party();
        let talk = |event: &&Event| event.connection == client.connection(0) && !event.is_empty();
        let back = run.calls(actor, Call::Recv).filter(talk);
        assert_eq!(back.map(|e| &e.bytes[..]).collect::<Vec<_>>(), [b"HERE"]);
    }
    if run.capture == Capture::On {
        let packets = run.events.iter().filter(|event| event.call.is_packet());
        let data = packets.filter(|event| !event.is_empty());
        assert_eq!(data.count(), 4, "of the conversations, both ways");
        assert_eq!(run.missed, Some(0));
    }
}

#[test]
fn with_room_for_all_nobody_is_refused() {
    let run = flood(24, 0);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(run.calls(SERVER, Call::Refuse).count(), 0);
    assert_eq!(run.calls(SERVER, Call::Close).count(), 25);
}

#[test]
fn further_connections_end_with_their_run() {
    let mut experiment = Experiment::new(System::Auth, &[]);
    experiment.clients[0].connections = 64;
    let lab = Lab::start(experiment, 0).unwrap();
    let server = lab.server();
    lab.stop();
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Stopped);
    freed(Transport::Tcp, server);
}

#[test]
fn what_waits_for_a_serial_server_is_let_go() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.clients[0].connections = 4;
    let lab = Lab::start(experiment, 0).unwrap();
    lab.send(ClientId::FIRST, sends(&[b"hi"], Duration::ZERO));
    lab.close(ClientId::FIRST, Nanos::from_millis(30));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(run.calls(SERVER, Call::Close).count(), 4);
}

/// A client that sends a byte each 20 ms, to a server that waits 200 ms.
fn drip(system: System, bytes: &[u8]) -> Run {
    let mut experiment = Experiment::new(system, &[]);
    experiment.deadline_ms = 200;
    let lab = Lab::start(experiment, 0).unwrap();
    let bytes: Vec<_> = bytes.chunks(1).collect();
    lab.send(ClientId::FIRST, sends(&bytes, Duration::from_millis(20)));
    lab.close(ClientId::FIRST, Nanos(0));
    Run::of(lab)
}

#[test]
fn who_takes_too_long_is_refused_in_the_middle_of_a_frame_or_of_the_handshake() {
    for (system, reason) in [
        (System::LengthPrefix, Reason::FrameTimeout),
        (System::Auth, Reason::HandshakeTimeout),
    ] {
        let run = drip(system, &[&[100, 0, 0, 0][..], &[b'x'; 100]].concat());
        assert_eq!(run.why, Ending::Finished);
        let refusals: Vec<_> = run.calls(SERVER, Call::Refuse).collect();
        let [refusal] = refusals[..] else {
            panic!("{refusals:?}");
        };
        assert_eq!(refusal.reason, Some(reason));
        assert!(refusal.at >= Nanos::from_millis(200), "{refusal:?}");
        let sent = run.stream(ClientId::FIRST.party(), Call::Send, ClientId::FIRST);
        assert!(sent.len() < 104, "it learns of it");
        assert!(refusal.offset.0 > 0 && refusal.offset.0 <= sent.len() as u64);
    }
}
