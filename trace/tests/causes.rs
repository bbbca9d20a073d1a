//! Literal traces in, causes of changed boundaries out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use std::collections::BTreeSet;

use dsl::{check_explained, trace};
use proptest::prelude::*;
use protocol::{Nanos, Offset, System};
use trace::cause::Change;
use trace::counterfactual::{counterfactual_at, remaining};
use trace::lane::Direction;
use trace::{Analysis, Call, ClientId, Event, Socket};

/// The boundaries of the first lane that has any, one a line: offset, change,
/// cause, event.
fn check(system: System, settings: &[&str], script: &str, expected: &[&str]) {
    let analysis = Analysis::new(&trace(system, settings, script));
    let lanes = analysis.lanes.iter();
    let boundaries = lanes.flat_map(|lane| &lane.boundaries);
    let found: Vec<_> = boundaries
        .map(|b| format!("{} {:?} {:?} @{}", b.offset, b.change, b.cause, b.event))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn apart_on_the_wire_and_together_at_the_reader() {
    let script = "c1 send a
         c1 segment 0 PSH,ACK a
         c1 send b
         c1 segment 1 PSH,ACK b
         c1 send c
         c1 segment 2 PSH,ACK c
         s1 recv 1024 abc | waiting=3";
    check(
        System::TcpEcho,
        &[],
        script,
        &[
            "1 Vanished ReaderLate { packets: 3, waiting: Some(3), since: 0 } @6",
            "2 Vanished ReaderLate { packets: 3, waiting: Some(3), since: 0 } @6",
        ],
    );
    check_explained(
        &trace(System::TcpEcho, &[], script),
        7,
        "The server's recv(1024) #1 returned 3 bytes. It holds bytes of 3 sends, client 1's send() #1 to #3, in one \
         piece. They were apart on the wire, in 3 segments: the reader was late, 3 bytes \
         waited by then. The run is over.",
    );
}

#[test]
fn one_segment_of_two_sends_was_merged_by_the_sender() {
    let script = "c1 send ab
         c1 send cd
         c1 segment 0 PSH,ACK abcd
         s1 recv 1024 abcd | waiting=4";
    check(
        System::LengthPrefix,
        &["nagle=on", "framing=none"],
        script,
        &["2 Vanished Merged { hold: Unknown { nodelay: false } } @3"],
    );
    check(
        System::TcpEcho,
        &[],
        script,
        &["2 Vanished Merged { hold: Unknown { nodelay: true } } @3"],
    );
    let held = "c1 send x | unacked=1 unsent=0
         c1 segment 0 PSH,ACK x
         c1 send ab | unacked=3 unsent=2 send-mss=32741 send-window=65483
         c1 send cd | unacked=5 unsent=4 send-mss=32741 send-window=65483
         s1 recv 1024 x | waiting=1
         s1 segment 0 ACK | ack=1
         c1 segment 1 PSH,ACK abcd
         s1 recv 1024 abcd | waiting=4";
    check(
        System::TcpEcho,
        &["nagle=on"],
        held,
        &["3 Vanished Merged { hold: Nagle } @7"],
    );
    check_explained(
        &trace(System::TcpEcho, &["nagle=on"], held),
        8,
        "The server's recv(1024) #2 returned 4 bytes. Just before, 4 bytes waited in the receive \
         queue. Its bytes had come in 1 segment. It holds bytes of 2 sends, client 1's send() #2 to #3, in one \
         piece. The sender's kernel put them into one segment: Nagle's algorithm held them back. \
         The run is over.",
    );
}

#[test]
fn what_left_together_without_nagle_waited_in_the_send_queue() {
    let script = "c1 send ab
         c1 send cd
         c1 segment 0 PSH,ACK abcd
         s1 recv 1024 abcd";
    let text = dsl::explained(&trace(System::TcpEcho, &[], script), 4);
    assert!(text.contains("waited in its send queue"), "{text}");
    assert!(!text.contains("autocork"), "{text}");
}

#[test]
fn both_directions_have_causes_and_the_server_never_uses_nagle() {
    check(
        System::TcpEcho,
        &["nagle=on"],
        "s1 send AB
         s1 send CD
         s1 segment 0 PSH,ACK ABCD
         c1 recv 1024 ABCD",
        &["2 Vanished Merged { hold: Unknown { nodelay: true } } @3"],
    );
}

#[test]
fn a_full_buffer_cuts_what_waits() {
    // Told by the queue, by the wire, or by the recv that follows.
    check(
        System::TcpEcho,
        &["buffer=2"],
        "c1 send abcde
         s1 recv 2 ab | waiting=5
         s1 recv 2 cd | waiting=3
         s1 recv 2 e | waiting=1",
        &[
            "2 Appeared BufferSmall { asked: 2, waiting: Some(5) } @1",
            "4 Appeared BufferSmall { asked: 2, waiting: Some(3) } @2",
        ],
    );
    check(
        System::TcpEcho,
        &[],
        "c1 send abc
         c1 segment 0 PSH,ACK abc
         s1 recv 2 ab",
        &["2 Appeared BufferSmall { asked: 2, waiting: None } @2"],
    );
    check(
        System::TcpEcho,
        &[],
        "c1 send abc
         s1 recv 2 ab
         s1 recv 2 c",
        &["2 Appeared BufferSmall { asked: 2, waiting: None } @1"],
    );
    check_explained(
        &trace(
            System::TcpEcho,
            &[],
            "c1 send abc
             s1 recv 2 ab | waiting=3",
        ),
        2,
        "The server's recv(2) #1 returned 2 bytes. It is 2 of the 3 bytes that client 1's send() #1 was given: a \
         piece, not the message. The buffer was smaller than what waited: room for 2, and 3 bytes in the \
         queue. The run is over.",
    );
}

#[test]
fn a_send_in_two_segments_comes_out_in_two() {
    check(
        System::TcpEcho,
        &[],
        "c1 send abcdef
         c1 segment 0 ACK abcd
         s1 recv 1024 abcd | waiting=4
         c1 segment 4 PSH,ACK ef
         s1 recv 1024 ef | waiting=2",
        &["4 Appeared Split { packets: 2 } @2"],
    );
}

#[test]
fn without_a_capture_only_the_queue_can_tell() {
    check(
        System::TcpEcho,
        &[],
        "c1 send ab
         c1 send cd
         s1 recv 1024 abcd | waiting=4",
        &["2 Vanished ReaderLate { packets: 0, waiting: Some(4), since: 0 } @2"],
    );
    check(
        System::TcpEcho,
        &[],
        "c1 send ab
         c1 send cd
         s1 recv 1024 abcd | waiting=2",
        &["2 Vanished Unknown @2"],
    );
    check(
        System::TcpEcho,
        &[],
        "c1 send abcd
         s1 recv 1024 ab | waiting=2
         s1 recv 1024 cd",
        &["2 Appeared NotYetThere @1"],
    );
    check(
        System::TcpEcho,
        &[],
        "c1 send abcd
         s1 recv 2 ab | waiting=2
         s1 recv 2 cd",
        &["2 Appeared NotYetThere @1"],
    );
    check(
        System::TcpEcho,
        &[],
        "c1 send abcd
         s1 recv 2 ab",
        &["2 Appeared Unknown @1"],
    );
}

#[test]
fn boundaries_that_stayed_have_no_entry() {
    check(
        System::TcpEcho,
        &[],
        "c1 send
         c1 send ab
         c1 send
         c1 send cd
         s1 recv 1024 ab
         s1 recv 1024 cd
         c1 send unread",
        &[],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Sends, packets and recvs that tile the same stream in any way: each
    /// boundary that changed has one entry, and no other has.
    #[test]
    fn what_changed_and_nothing_else_has_a_cause(
        sends in proptest::collection::vec(0_usize..6, 1..12),
        packets in proptest::collection::vec(1_usize..6, 0..12),
        recvs in proptest::collection::vec((1_usize..6, 0_u32..8, proptest::option::of(0_u32..9)), 0..12),
        up: bool,
    ) {
        let mut random = trace(System::TcpEcho, &[], "running");
        let (writer, reader, direction) = if up {
            (ClientId::FIRST.opener(), ClientId::FIRST.acceptor(), Direction::FromOpener)
        } else {
            (ClientId::FIRST.acceptor(), ClientId::FIRST.opener(), Direction::FromAcceptor)
        };
        let all: usize = sends.iter().sum();
        let mut put = |actor, call, offset: usize, length: usize, asked, waiting| {
            random.insert(Event {
                offset: Offset(offset as u64),
                asked,
                bytes: vec![b'x'; length],
                socket: Socket { waiting, ..Socket::default() },
                ..Event::new(Nanos(0), actor, call)
            });
        };
        let (mut ends, mut at) = (BTreeSet::new(), 0);
        for length in sends {
            put(writer, Call::Send, at, length, 0, None);
            at += length;
            ends.insert(at as u64);
        }
        let mut at = 0;
        for length in packets {
            let length = length.min(all - at);
            put(writer, Call::Segment, at, length, 0, None);
            at += length;
        }
        let (mut pieces, mut at) = (vec![0], 0);
        for (length, room, waiting) in recvs {
            let length = length.min(all - at);
            if length > 0 {
                put(reader, Call::Recv, at, length, room, waiting);
                at += length;
                pieces.push(at as u64);
            }
        }
        let read = at as u64;
        let mut expected = BTreeSet::new();
        for end in 1..=read {
            let (sent, taken) = (ends.contains(&end), pieces.contains(&end));
            if sent && !taken {
                expected.insert((end, "vanished"));
            } else if taken && !sent {
                expected.insert((end, "appeared"));
            }
        }
        expected.remove(&(all as u64, "vanished"));
        let analysis = Analysis::new(&random);
        let lane = analysis.lane(ClientId::FIRST.connection(0), direction);
        let boundaries = lane.map_or(&[][..], |lane| &lane.boundaries);
        let found: Vec<_> = boundaries
            .iter()
            .map(|b| (b.offset.0, if b.change == Change::Vanished { "vanished" } else { "appeared" }))
            .collect();
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        for boundary in boundaries {
            if let Some(counterfactual) = counterfactual_at(&random, &analysis, boundary.event) {
                prop_assert!(remaining(&random, &analysis, counterfactual.knob) > 0);
                let mut turned = random.plan.as_ref().unwrap().clone();
                counterfactual.knob.set(&mut turned, &counterfactual.value).unwrap();
            }
        }
        for step in 0..=random.events().len() {
            let text = dsl::explained(&random, step);
            prop_assert!(!text.contains(['{', '}', '[']), "{}", text);
        }
    }
}
