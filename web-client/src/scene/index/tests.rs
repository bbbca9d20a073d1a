use proptest::prelude::*;
use protocol::System;
use trace::link::{Capture, Ending};
use trace::{ClientId, Experiment, SERVER};

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
        missed in prop::sample::select(vec![None, Some(0), Some(3)]),
    ) {
        let mut run = sample::chunked(system, &messages, &sizes, 2);
        if captured {
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
