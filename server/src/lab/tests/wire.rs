//! The wire of a run beside what its programs did. Tests that capture it need
//! CAP_NET_RAW and are ignored unless they are asked for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use trace::link::Capture;
use trace::{Flags, IpVersion};

use super::super::wire::Budget;
use super::*;

/// Fails unless the wire was watched.
pub(super) fn check_captured(run: &Run) {
    assert_eq!(run.capture, Capture::On, "{:?}", run.errors);
}

/// The payload of one side's segments. Every byte must have been on the wire
/// exactly once, but for those that the kernel says it sent again.
fn wire(run: &Run, actor: PartyId, client: ClientId) -> Vec<u8> {
    let of = |call| {
        run.calls(actor, call)
            .filter(|event| ClientId::of(event.connection).0 == client)
    };
    let (mut bytes, mut again) = (Vec::new(), 0);
    for segment in of(Call::Segment).filter(|segment| !segment.is_empty()) {
        let start = usize::try_from(segment.offset.0).unwrap();
        let end = start + segment.len();
        assert!(start <= bytes.len(), "a gap before offset {start}");
        if start < bytes.len() {
            again += 1;
            let known = bytes.len().min(end);
            assert!(bytes[start..known] == segment.bytes[..known - start]);
            bytes.extend(&segment.bytes[known - start..]);
        } else {
            bytes.extend(&segment.bytes);
        }
    }
    let counts = of(Call::Close).next().unwrap().socket.counts.unwrap();
    assert!(
        again <= counts.retransmitted,
        "{actor:?}: {again}, {counts:?}"
    );
    bytes
}

/// What was sent, was on the wire, and was received is the same, both ways;
/// and nothing was anywhere before it was where it came from.
fn check_all_layers(run: &Run, client: ClientId) {
    for (from, to) in [(client.party(), SERVER), (SERVER, client.party())] {
        let sent = run.stream(from, Call::Send, client);
        assert!(
            run.stream(to, Call::Recv, client) == sent,
            "{from:?} → {to:?}"
        );
        assert!(wire(run, from, client) == sent, "{from:?} → {to:?}");
        let of = |actor, call| {
            let calls = run.calls(actor, call);
            calls.filter(move |event| event.connection == client.connection(0) && !event.is_empty())
        };
        let mut end = 0;
        let mut first_time = |segment: &Event| {
            let is_new = segment.offset.0 >= end;
            end = end.max(segment.end().0);
            is_new
        };
        for segment in of(from, Call::Segment) {
            // The sends of its first byte and the recv of its last one.
            let from = of(from, Call::Send).find(|send| send.end() > segment.offset);
            let taken = of(to, Call::Recv).find(|recv| recv.end() >= segment.end());
            let (given, taken) = (from.unwrap().at, taken.unwrap().at);
            assert!(given <= segment.at, "{given:?} {:?}", segment.at);
            // What is sent again may have come before.
            if first_time(segment) {
                assert!(taken >= segment.at, "{taken:?} {:?}", segment.at);
            }
        }
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn five_sends_are_five_segments_and_one_recv() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.read_delay_ms = 200;
    experiment.echo = Some(false);
    let run = run(experiment, &[b"a", b"b", b"c", b"d", b"e"], Duration::ZERO);
    let recv = run.calls(SERVER, Call::Recv).next().unwrap();
    assert_eq!(recv.bytes, b"abcde");
    check_captured(&run);
    assert_eq!(run.missed, Some(0));
    check_all_layers(&run, ClientId::FIRST);
    let ranges = |call| -> Vec<_> {
        let calls = run
            .calls(ClientId::FIRST.party(), call)
            .filter(|e| !e.is_empty());
        calls.map(|event| (event.offset, event.len())).collect()
    };
    assert_eq!(ranges(Call::Segment), ranges(Call::Send));
    assert_eq!(ranges(Call::Segment).len(), 5);
    let flags: Vec<_> = run
        .events
        .iter()
        .filter(|event| event.call.is_packet())
        .map(Event::flags)
        .collect();
    assert_eq!(flags[..3], [Flags::SYN, Flags(0x12), Flags::ACK]);
    let fins = flags.iter().filter(|flags| flags.has(Flags::FIN)).count();
    assert_eq!(fins, 2);
    assert_eq!(flags.last(), Some(&Flags::ACK), "of the last FIN");
    let counts = |actor| {
        let close = run.calls(actor, Call::Close).next().unwrap();
        close.socket.counts.unwrap()
    };
    assert_eq!(counts(ClientId::FIRST.party()).data_out, 5);
    assert_eq!(counts(SERVER).data_in, 5);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn every_byte_was_on_the_wire_once_whatever_its_size_and_however_many_clients() {
    for (system, size) in [
        (System::TcpEcho, 1),
        // As much as the ring takes if nobody reads it for a while.
        (System::TcpEcho, 50_000),
        (System::Auth, 16),
    ] {
        let mut experiment = Experiment::new(system, &[]);
        experiment.buffer = 60_000;
        experiment.clients = vec![experiment.clients[0].clone(); ClientId::ALL.len()];
        let lab = Lab::start(experiment, 0).unwrap();
        let message = vec![b'x'; size];
        for client in ClientId::ALL {
            lab.send(client, sends(&[&message[..]; 3], Duration::ZERO));
            lab.close(client, Nanos(0));
        }
        let run = Run::of(lab);
        assert_eq!(run.why, Ending::Finished, "{system} {size}");
        check_captured(&run);
        assert_eq!(run.missed, Some(0), "{system} {size}");
        if system == System::Auth {
            // Refused: what it sent behind the answer nobody need read.
            continue;
        }
        for client in ClientId::ALL {
            check_all_layers(&run, client);
        }
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn over_ipv6_every_byte_is_captured_as_well() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("not compared: there is no IPv6 here");
        return;
    }
    for system in [System::TcpEcho, System::UdpEcho] {
        let mut experiment = Experiment::new(system, &[]);
        experiment.ip = IpVersion::V6;
        experiment.serial = Some(false);
        experiment.clients = vec![experiment.clients[0].clone(); 3];
        let clients = &ClientId::ALL[..3];
        let lab = Lab::start(experiment, 0).unwrap();
        assert!(lab.server().is_ipv6());
        for client in clients {
            lab.send(*client, sends(&[b"one", b"two"], Duration::ZERO));
            lab.close(*client, Nanos::from_millis(50));
        }
        let run = Run::of(lab);
        assert_eq!(run.why, Ending::Finished, "{system}");
        check_captured(&run);
        assert_eq!(run.missed, Some(0), "{system}");
        let packets: Vec<_> = run
            .events
            .iter()
            .filter(|event| event.call.is_packet())
            .collect();
        assert!(
            packets.len() >= 4 * clients.len(),
            "{system}: {}",
            packets.len()
        );
        for packet in packets {
            let raw = &packet.header.as_ref().unwrap().raw;
            assert_eq!(raw[12..15], [0x86, 0xdd, 0x60], "{system}");
            let transport = if system == System::UdpEcho { 8 } else { 20 };
            assert!(raw.len() >= 14 + 40 + transport, "{system}: {}", raw.len());
        }
        if system == System::TcpEcho {
            for client in clients {
                check_all_layers(&run, *client);
            }
        }
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn nobody_elses_packets_are_captured() {
    let mut experiment = Experiment::new(System::Auth, &[]);
    experiment.serial = Some(false);
    let lab = Lab::start(experiment, 0).unwrap();
    let mut stranger = TcpStream::connect(lab.server()).unwrap();
    let mut challenge = [0; 32];
    stranger.read_exact(&mut challenge).unwrap();
    stranger.write_all(b"a stranger's secret").unwrap();
    // A second run at the same time has ports of its own.
    let other = run(
        Experiment::new(System::TcpEcho, &[]),
        &[b"the other's secret"],
        Duration::ZERO,
    );
    assert_eq!(other.why, Ending::Finished);
    lab.close(ClientId::FIRST, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    for event in &run.events {
        let raw = event.header.as_ref().map(|header| &header.raw[..]);
        for bytes in [&event.bytes[..], raw.unwrap_or_default()] {
            assert!(!bytes.windows(6).any(|part| part == b"secret"), "{event:?}");
            assert!(!bytes.windows(32).any(|part| part == challenge));
        }
    }
    check_captured(&run);
    assert!(wire(&run, ClientId::FIRST.party(), ClientId::FIRST).is_empty());
    assert_eq!(wire(&run, SERVER, ClientId::FIRST).len(), 32);
    let syns = run
        .calls(SERVER, Call::Segment)
        .filter(|e| e.flags().has(Flags::SYN));
    assert_eq!(syns.count(), 1);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn a_capture_that_breaks_off_takes_no_call_with_it() {
    let lab = Lab::start(Experiment::new(System::TcpEcho, &[]), 0).unwrap();
    let breaker = lab.breaker.clone().expect("the wire is captured");
    lab.send(ClientId::FIRST, sends(&[b"one"], Duration::ZERO));
    breaker.store(true, std::sync::atomic::Ordering::Relaxed);
    let gap = Duration::from_millis(30);
    lab.send(ClientId::FIRST, sends(&[b"two", b"three"], gap));
    lab.close(ClientId::FIRST, gap.into());
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    assert_eq!(run.capture, Capture::On, "so it began");
    assert_eq!(run.missed, None);
    assert_eq!(run.errors.len(), 1, "{:?}", run.errors);
    assert!(run.errors[0].contains("the capture broke off"));
    let sent = run.stream(ClientId::FIRST.party(), Call::Send, ClientId::FIRST);
    assert_eq!(sent, b"onetwothree");
    let received = run.stream(SERVER, Call::Recv, ClientId::FIRST);
    assert_eq!(received, sent);
    let back = run.stream(ClientId::FIRST.party(), Call::Recv, ClientId::FIRST);
    assert_eq!(back, b"ONETWOTHREE");
    assert_eq!(run.calls(SERVER, Call::Close).count(), 1);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn packets_beyond_their_budget_are_counted_and_end_no_run() {
    let budget = Budget {
        packets: 4,
        bytes: 4096,
    };
    let limits = Limits {
        wire: budget,
        ..Limits::default()
    };
    let experiment = Experiment::new(System::TcpEcho, &[]);
    let lab = started(experiment, limits).unwrap();
    let gap = Duration::from_micros(100);
    lab.send(ClientId::FIRST, sends(&[&b"message"[..]; 20], gap));
    lab.close(ClientId::FIRST, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    let sent = run.stream(ClientId::FIRST.party(), Call::Send, ClientId::FIRST);
    assert_eq!(sent.len(), 20 * 7);
    check_captured(&run);
    let packets = run.events.iter().filter(|event| event.call.is_packet());
    assert_eq!(packets.count(), 4);
    let cuts = run.cuts();
    let [(at, Reason::Packets)] = cuts[..] else {
        panic!("{cuts:?}");
    };
    let behind = &run.events[at..];
    assert!(!behind.iter().any(|event| event.call.is_packet()));
    assert!(
        behind.iter().any(|event| event.call.is_call()),
        "it goes on"
    );
    assert!(run.missed.unwrap() > 20, "{:?}", run.missed);
}

/// Datagrams into a small buffer in front of a slow reader.
fn loss() -> Run {
    let mut experiment = Experiment::new(System::UdpEcho, &[]);
    experiment.receive_buffer = 4096;
    experiment.read_delay_ms = 1;
    let datagrams: Vec<_> = (0..60_u8).map(|number| vec![number; 100]).collect();
    let datagrams: Vec<_> = datagrams.iter().map(Vec::as_slice).collect();
    run(experiment, &datagrams, Duration::from_millis(5))
}

#[test]
fn what_the_server_did_not_receive_the_kernel_had_dropped() {
    let runs = thread::scope(|scope| {
        let several = || (0..5).map(|_| loss()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(several)).collect();
        let runs = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        runs.collect::<Vec<_>>()
    });
    assert_eq!(runs.len(), 50);
    for run in runs {
        assert_eq!(run.why, Ending::Finished);
        let sent = run.calls(ClientId::FIRST.party(), Call::Send).count();
        let received = run.calls(SERVER, Call::Recv).count();
        let Some(dropped) = run.dropped else {
            eprintln!("not compared: nothing tells the drops here");
            return;
        };
        assert_eq!((sent, sent - received), (60, dropped as usize));
        assert!(dropped > 0);
    }
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn datagrams_that_the_server_did_not_receive_were_on_the_wire() {
    let run = loss();
    check_captured(&run);
    assert_eq!(run.missed, Some(0));
    let sent = run.calls(ClientId::FIRST.party(), Call::Send).count();
    let received = run.calls(SERVER, Call::Recv).count();
    assert!(received < sent, "some were dropped");
    assert_eq!(
        run.calls(ClientId::FIRST.party(), Call::Datagram).count(),
        sent
    );
}

#[test]
fn with_nagle_a_second_write_waits_for_the_acknowledgment_of_the_first() {
    for nagle in [true, false] {
        let mut experiment = Experiment::new(System::LengthPrefix, &[]);
        experiment.echo = Some(true);
        experiment.clients[0].nagle = nagle;
        let mut lab = Lab::start(experiment, 0).unwrap();
        let (mut events, mut unsent) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            lab.send(
                ClientId::FIRST,
                sends(&[b"\x02\0\0\0", b"hi"], Duration::ZERO),
            );
            // A turn: the reply comes before the next message.
            while !events.last().is_some_and(|event: &Event| {
                event.party == ClientId::FIRST.party() && event.call == Call::Recv
            }) {
                if let Line::Event(event) = lab.blocking_line().unwrap() {
                    events.push(event);
                }
            }
            events.push(Event::new(
                Nanos(0),
                ClientId::FIRST.acceptor(),
                Call::Close,
            ));
        }
        let bodies = events
            .iter()
            .filter(|e| e.call == Call::Send && e.bytes == b"hi");
        unsent.extend(bodies.map(|event| event.socket.unsent));
        assert_eq!(unsent.len(), 4, "{events:?}");
        if unsent[0].is_none() {
            eprintln!("not compared: nothing tells the send queue here");
            return;
        }
        let waited = unsent.iter().filter(|unsent| **unsent == Some(2)).count();
        // The first exchange is acknowledged at once (quick ACK).
        assert_eq!(waited >= 2, nagle, "{unsent:?}");
        assert_eq!(waited == 0, !nagle, "{unsent:?}");
    }
}

#[test]
fn the_second_client_is_seen_in_the_accept_queue() {
    let mut experiment = Experiment::new(System::TcpEcho, &[]);
    experiment.clients.push(experiment.clients[0].clone());
    experiment.clients[1].start_ms = 100;
    let lab = Lab::start(experiment, 0).unwrap();
    lab.close(ClientId::FIRST, Nanos::from_millis(300));
    lab.close(ClientId::SECOND, Nanos(0));
    let run = Run::of(lab);
    assert_eq!(run.why, Ending::Finished);
    let second = run
        .calls(ClientId::SECOND.party(), Call::Connect)
        .next()
        .unwrap();
    let accept = run.calls(SERVER, Call::Accept).last().unwrap();
    if kernel::SUPPORTED {
        assert_eq!(second.socket.accept_queue, Some(1));
        assert_eq!(accept.socket.accept_queue, Some(1));
    }
}
