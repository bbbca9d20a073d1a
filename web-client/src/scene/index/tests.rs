use proptest::prelude::*;
use protocol::System;
use trace::link::{Capture, Ending};
use trace::{ClientId, Experiment, Loss, SERVER, Transit};

use super::*;
use crate::sample;

#[test]
fn counts_and_acknowledgments_are_those_of_the_step() {
    let trace = sample::wired(&sample::five_sends());
    let index = Index::new(&trace, &Analysis::new(&trace));
    let conversation = index.connection(ClientId::FIRST.connection(0));
    let server = index.party(SERVER);
    for step in 0..=trace.events().len() {
        let happened = &trace.events()[..step];
        let calls = happened
            .iter()
            .filter(|event| event.party == SERVER && event.call.is_call());
        assert_eq!(server.happened(step), calls.count());
        let packets = happened.iter().filter(|event| event.call.is_packet());
        assert_eq!(conversation.packets.happened(step), packets.count());
        let acks = happened
            .iter()
            .filter(|event| event.end == End::Acceptor && event.flags().has(Flags::ACK));
        let acks = acks.filter_map(|event| Some(event.header.as_ref()?.ack));
        let highest = acks.max().unwrap_or_default();
        assert_eq!(conversation.acknowledged(End::Acceptor, step), highest);
        let closed = happened
            .iter()
            .any(|event| event.end == End::Acceptor && event.call == Call::Close);
        assert_eq!(conversation.is_closed(End::Acceptor, step), closed);
    }
    assert_eq!(server.len(), server.happened(usize::MAX));
    assert!(index.party(PartyId(7)).events.is_empty());
}

#[test]
fn what_an_acceptor_has_acknowledged_does_not_empty_its_own_queue() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("s1", Call::Send, b"a long answer"),
        ("c1", Call::Recv, b"a long answer"),
        ("c1", Call::Send, b"ok"),
    ];
    let trace = sample::wired(&sample::trace(
        Experiment::new(System::TcpEcho, &["ok"]),
        calls,
    ));
    let index = Index::new(&trace, &Analysis::new(&trace));
    let queue = index.connection(ClientId::FIRST.connection(0)).send_queue();
    let levels: Vec<_> = queue.iter().map(|change| change.level).collect();
    // The server's answer acknowledges nothing yet; then sent, on the wire,
    // measured, acknowledged. The client's own acknowledgment of 13 bytes is
    // about the other direction.
    assert_eq!(levels, [0, 2, 2, 2, 0]);
}

#[test]
fn what_a_link_lost_or_doubled_is_not_under_way_for_ever() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"one"),
        ("c1", Call::Send, b"lost"),
        ("c1", Call::Send, b"twice"),
        ("s1", Call::Recv, b"one"),
        ("s1", Call::Recv, b"twice"),
        ("s1", Call::Recv, b"twice"),
    ];
    let plan = Experiment::new(System::UdpEcho, &["one", "lost", "twice"]);
    let wired = sample::wired(&sample::trace(plan.clone(), calls));
    let mut trace = Trace::new(plan, wired.head.clone());
    for event in wired.events() {
        let mut event = event.clone();
        let is_lost = event.bytes == b"lost";
        if event.call == Call::Datagram {
            event.header.as_mut().unwrap().transit = Some(Transit {
                lost: is_lost.then_some(Loss::Chance),
                arrived: (!is_lost).then_some(event.at),
                twice: event.bytes == b"twice",
                ..Transit::default()
            });
        }
        trace.insert(event);
    }
    let index = Index::new(&trace, &Analysis::new(&trace));
    let changes = index.under_way(ClientId::FIRST.connection(0), Direction::FromOpener);
    let levels: Vec<_> = changes.iter().map(|change| change.level).collect();
    assert_eq!(levels, [3, 7, 3, 8, 5, 0]);
}

#[test]
fn over_a_link_a_queue_changes_when_a_packet_arrives() {
    // Sends at 10, 20 and 30 µs; packets 1 µs behind them, 100 µs on their way. The second is
    // lost and sent again 200 µs later.
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"one"),
        ("c1", Call::Send, b"lost"),
        ("c1", Call::Send, b"third"),
    ];
    let plan = Experiment::new(System::TcpEcho, &["one", "lost", "third"]);
    let trace = sample::linked(&sample::trace(plan, calls), 100_000, b"lost");
    let index = Index::new(&trace, &Analysis::new(&trace));
    let known = index.connection(ClientId::FIRST.connection(0));
    let received = known.receive_queue().iter();
    let received: Vec<_> = received
        .map(|change| (change.at, change.level, change.unsent))
        .collect();
    // The third is there, and cannot be read until the second is.
    assert_eq!(
        received,
        [(111_000.0, 3, 0), (131_000.0, 8, 5), (321_000.0, 12, 0),]
    );
    // Nothing is acknowledged before the acknowledgment has come back.
    let acknowledged = known.send_queue().iter();
    let first = acknowledged.filter(|change| change.is_after && !change.measured);
    let first = first.map(|change| (change.at, change.level)).next();
    assert_eq!(first, Some((112_500.0, 9)));
}

#[test]
fn the_kernel_is_asked_when_a_send_over_a_link_has_returned() {
    let calls: &[(&str, Call, &[u8])] = &[
        ("c1", Call::Send, b"one"),
        ("c1", Call::Send, b"two"),
        ("c1", Call::Send, b"third"),
    ];
    let plan = Experiment::new(System::TcpEcho, &["one", "two", "third"]);
    let linked = sample::linked(&sample::trace(plan, calls), 100_000, b"");
    let mut trace = Trace::new(linked.plan.clone().unwrap(), linked.head.clone());
    for event in linked.events() {
        let mut event = event.clone();
        if event.call == Call::Send {
            // Longer than until the next packets leave and are acknowledged.
            event.took = protocol::Nanos(250_000);
        }
        trace.insert(event);
    }
    trace.end(Ending::Finished, Some(0), None);
    let index = Index::new(&trace, &Analysis::new(&trace));
    let queue = index.connection(ClientId::FIRST.connection(0)).send_queue();
    let measured = queue.iter().filter(|change| change.measured).count();
    assert_eq!(measured, 3);
    assert!(queue.is_sorted_by_key(|change| change.at), "{queue:?}");
    let first = queue.iter().position(|change| change.measured);
    assert!(first > Some(3), "it is among others: {queue:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn brought_up_to_date_it_is_that_of_the_whole_run(
        messages in prop::collection::vec("[a-z]{0,6}", 1..200),
        sizes in prop::collection::vec(1..12_usize, 1..4),
        late in prop::collection::vec(0..9_usize, 1..20),
        looks in prop::collection::vec(1..40_usize, 1..8),
        system in prop::sample::select(vec![System::TcpEcho, System::LengthPrefix, System::UdpEcho]),
        captured in any::<bool>(),
        delay in prop::sample::select(vec![0, 70_000]),
        missed in prop::sample::select(vec![None, Some(0), Some(3)]),
    ) {
        let mut run = sample::chunked(system, &messages, &sizes, 2);
        if captured && delay > 0 {
            run = sample::linked(&run, delay, messages[0].as_bytes());
        } else if captured {
            run = sample::wired(&run);
        }
        let capture = if captured { Capture::On } else { Capture::Unknown };
        let mut order: Vec<_> = run.events().iter().enumerate().collect();
        order.sort_by_key(|(number, _)| number + late[number % late.len()]);
        let mut trace = Trace::new(run.plan.clone().unwrap(), trace::link::Head::new("", capture));
        let (mut analysis, mut index) = (Analysis::default(), Index::default());
        let mut from = 0;
        let mut next = looks.iter().cycle();
        let mut look = *next.next().unwrap();
        for (_, event) in order {
            from = from.min(trace.insert(event.clone()));
            look -= 1;
            if look == 0 {
                look = *next.next().unwrap();
                analysis.update(&trace, from);
                index.update(&trace, &analysis, from);
                prop_assert_eq!(&index, &Index::new(&trace, &analysis));
                from = trace.events().len();
            }
        }
        trace.end(Ending::Finished, missed, None);
        analysis.update(&trace, from);
        index.update(&trace, &analysis, from);
        prop_assert_eq!(index, Index::new(&trace, &Analysis::new(&trace)));
    }
}
