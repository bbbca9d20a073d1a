//! Literal traces in, wire lanes and explanations of packets out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use std::fmt::Write as _;

use dsl::{check_explained, explained, explained_in, trace};
use proptest::prelude::*;
use protocol::{Offset, System};
use trace::lane::{Direction, Lane};
use trace::{Analysis, Call, ClientId, Event, Trace};

/// The wire as text: offsets, `again` for a retransmission, `*n` for a
/// super-segment; then the packet of each byte.
fn wire(lane: &Lane) -> String {
    let packets = lane.wire.iter().map(|packet| {
        let mut text = format!("{}..{}", packet.span.start, packet.span.end);
        if packet.resent {
            text.push_str(" again");
        }
        if packet.segments > 1 {
            write!(text, " *{}", packet.segments).unwrap();
        }
        text
    });
    packets.collect::<Vec<_>>().join(", ")
}

fn up(trace: &Trace) -> Lane {
    let analysis = Analysis::new(trace);
    analysis
        .lane(ClientId::FIRST.connection(0), Direction::FromOpener)
        .unwrap()
        .clone()
}

fn carriers(lane: &Lane) -> String {
    let bytes = 0..lane.end().0;
    let digits = bytes.map(|offset| match lane.packet_at(Offset(offset)) {
        Some(packet) => packet.to_string(),
        None => "-".to_owned(),
    });
    digits.collect()
}

#[test]
fn segments_tile_the_stream_and_acks_are_none_of_it() {
    let trace = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN | mss=4
         s1 segment 0 SYN,ACK | mss=9
         c1 segment 0 ACK
         c1 send hello
         c1 segment 0 PSH,ACK hello
         s1 segment 0 ACK | ack=5
         c1 send 0123456789
         c1 segment 5 PSH,ACK 0123456789 | gso=9
         s1 recv 1024 hello0123456789
         s1 send HELLO
         s1 segment 0 PSH,ACK HELLO | ack=15",
    );
    let lane = up(&trace);
    assert_eq!(wire(&lane), "0..5, 5..15 *2");
    assert_eq!(carriers(&lane), "000001111111111");
    let analysis = Analysis::new(&trace);
    let down = analysis
        .lane(ClientId::FIRST.connection(0), Direction::FromAcceptor)
        .unwrap();
    assert_eq!(wire(down), "0..5");
    assert!(analysis.role(&trace, 4).is_none(), "a packet has no role");
    assert!(analysis.role(&trace, 9).is_some());
    assert_eq!(
        analysis
            .lane_of(&trace.events()[10])
            .map(|lane| lane.direction),
        Some(Direction::FromAcceptor)
    );
}

#[test]
fn what_was_on_the_wire_before_is_sent_again() {
    let trace = trace(
        System::TcpEcho,
        &[],
        "c1 send abcdefgh
         c1 segment 4 ACK ef
         c1 segment 0 ACK abcd
         c1 segment 2 ACK cdef
         c1 segment 3 ACK defgh
         c1 segment 6 ACK gh
         c1 segment 18446744073709551614 ACK weird",
    );
    let lane = up(&trace);
    assert_eq!(
        wire(&lane),
        "4..6, 0..4, 2..6 again, 3..8, 6..8 again, 18446744073709551614..18446744073709551615"
    );
    assert_eq!(carriers(&lane), "11110033");
    assert_eq!(lane.packets_in(&(Offset(2)..Offset(7))), 3);
    assert_eq!(lane.itinerary(Offset(7)).unwrap().packet, Some(3));
}

#[test]
fn packets_are_explained_by_what_they_carry() {
    let trace = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN | mss=65495
         s1 segment 0 SYN,ACK | mss=4
         c1 segment 0 ACK
         c1 send hello
         c1 send abc
         c1 segment 0 PSH,ACK hell
         c1 segment 4 PSH,ACK oabc
         s1 segment 0 ACK | ack=8 window=0
         c1 segment 4 PSH,ACK oabc
         s1 recv 6 helloa | waiting=8
         s1 recv 6 bc
         c1 send x
         c1 segment 8 PSH,ACK,FIN x
         s1 segment 0 ACK | ack=10
         s1 segment 0 RST,ACK | ack=10
         ended missed=0",
    );
    let client = "Client 1's kernel put a segment on the wire: ";
    let server = "The server's kernel put a segment on the wire: ";
    for (step, head, rest) in [
        (
            0,
            "",
            "Nothing has happened yet: 5 calls and 10 packets on the wire to come. Step forward with →.",
        ),
        (
            1,
            client,
            "SYN, 0 bytes. It asks for a connection, and the server's program takes no part.",
        ),
        (
            2,
            server,
            "SYN,ACK, 0 bytes. It grants the connection, and no program has to call accept() for that: the server's kernel answers while its accept queue has room.",
        ),
        (
            3,
            client,
            "ACK, 0 bytes. It carries nothing and completes the handshake. No program asked for it.",
        ),
        (
            6,
            client,
            "PSH,ACK, 4 bytes. It carries 4 of the 5 bytes of client 1's send() #1. Its bytes came out of the server's recv() #1.",
        ),
        (
            7,
            client,
            "PSH,ACK, 4 bytes. It carries bytes of client 1's send() #1 to #2: the sender's kernel merged them. Its bytes came out of the server's recv() #1 to #2.",
        ),
        (
            8,
            server,
            "ACK, 0 bytes. It carries nothing and confirms the first 8 bytes of the other side. No program asked for it. Its window is 0: the server's receive queue is full, and client 1 has to wait.",
        ),
        (
            9,
            client,
            "PSH,ACK, 4 bytes. It carries bytes of client 1's send() #1 to #2: the sender's kernel merged them. All its bytes had been on the wire before: it is a retransmission. The server's kernel had these bytes already and discarded this copy: no recv() took it.",
        ),
        (
            13,
            client,
            "FIN,PSH,ACK, 1 byte. It carries all of client 1's send() #3, and nothing else. Nobody ever read its bytes. Client 1 sends no more after this: once all is read, the server's recv() returns 0.",
        ),
        (
            14,
            server,
            "ACK, 0 bytes. It carries nothing and confirms everything of the other side, its FIN too.",
        ),
        (
            15,
            server,
            "RST,ACK, 0 bytes. It ends the connection at once: what is still on its way, or not sent yet, is lost. Under Linux client 1 can read what its receive queue holds already; then recv() fails with ECONNRESET. The run is over.",
        ),
    ] {
        check_explained(&trace, step, &format!("{head}{rest}"));
    }
    check_explained(
        &trace,
        4,
        "Client 1's send() #1 handed 5 bytes to the kernel. On the wire its bytes are in 2 segments. It \
         came out of the server's recv() #1, together with bytes of 1 other send.",
    );
    assert_eq!(
        explained_in("zh", &trace, 7),
        "客户端 1 的内核在线路上发出一个段：PSH,ACK，4 字节。 它带着客户端 1 的 send() #1 到 #2 的字节：发送端的\
         内核把它们合并了。 它的字节从服务端的 recv() #1 到 #2 读出。"
    );
}

#[test]
fn a_super_segment_is_shown_as_what_it_is() {
    let trace = trace(
        System::TcpEcho,
        &[],
        "s1 segment 0 SYN,ACK | mss=4
         c1 send 0123456789
         c1 segment 0 ACK 0123456789 | gso=4",
    );
    check_explained(
        &trace,
        3,
        "Client 1's kernel put a segment on the wire: ACK, 10 bytes. It carries all of client 1's \
         send() #1, and nothing else. It is one packet here, and 3 segments of at most 4 bytes \
         for the receiver's kernel (GSO). Nobody ever read its bytes. The run is over.",
    );
}

#[test]
fn a_size_of_nothing_cuts_nothing() {
    let trace = trace(
        System::TcpEcho,
        &[],
        "c1 send abc
         c1 segment 0 ACK abc | gso=0",
    );
    assert_eq!(wire(&up(&trace)), "0..3");
}

#[test]
fn what_the_kernel_told_beside_a_call_is_said() {
    let trace = trace(
        System::TcpEcho,
        &["nagle=on"],
        "c1 connect | accept-queue=1
         s1 accept | accept-queue=2
         c1 send a
         c1 send bc | unacked=3 unsent=2 send-mss=32741 send-window=65483
         c1 send defg | unacked=7 unsent=7 asked=9
         s1 recv 9 abcdefg | waiting=7
         s1 close | segments=7",
    );
    let wanted = [
        (1, "Then 1 connection waited in the accept queue."),
        (2, "Just before, 2 connections waited in the accept queue."),
        (
            4,
            "Nagle's algorithm holds 2 bytes back: they wait for the ACK of all before offset 1.",
        ),
        (
            5,
            "It was given 9 bytes; the kernel took only 4. The rest has to be offered again. The send queue was full: it holds 7 bytes that nobody has acknowledged yet. The kernel has taken 7 bytes and not sent them yet.",
        ),
        (
            6,
            "7 bytes waited together when recv() was called; how many segments they came in was not captured.",
        ),
        (
            7,
            "The wire was not captured. TCP_INFO's counts: 7 segments out, 5 with data; 8 in, 6 with data. 1 segment was sent again.",
        ),
    ];
    for (step, part) in wanted {
        let text = dsl::explained(&trace, step);
        assert!(text.contains(part), "step {step}: {text}");
    }
    let mut captured = trace;
    captured.head.capture = trace::link::Capture::On;
    let text = dsl::explained(&captured, 7);
    assert!(!text.contains("TCP_INFO"), "{text}");
}

#[test]
fn only_the_client_completes_a_handshake() {
    let trace = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN
         s1 segment 0 ACK
         c1 segment 0 ACK
         c1 segment 0 ACK",
    );
    for (step, key) in [
        (2, "explain.packet.ack"),
        (3, "explain.packet.ack-nothing"),
        (4, "explain.packet.ack"),
    ] {
        let explanation = trace::explain(&trace, &Analysis::new(&trace), step);
        assert_eq!(explanation.rest[0].key, key, "step {step}");
    }
}

#[test]
fn ten_thousands_of_packets_stay_quick() {
    let mut long = trace(System::TcpEcho, &[], "running");
    for at in 0..20_000_u64 {
        for (call, actor) in [
            (Call::Send, ClientId::FIRST.opener()),
            (Call::Segment, ClientId::FIRST.opener()),
            (Call::Recv, ClientId::FIRST.acceptor()),
        ] {
            long.insert(Event {
                offset: Offset(at),
                asked: 1,
                bytes: vec![b'x'],
                ..Event::new(protocol::Nanos(at), actor, call)
            });
        }
    }
    let lane = up(&long);
    // Each look-up is a search, not a walk: a million take well under a second
    // even in a debug build; walks would take minutes.
    let found = (0..1_000_000).map(|n| lane.packet_at(Offset(n % 20_000)));
    assert_eq!(found.flatten().count(), 1_000_000);
}

proptest! {
    /// Whatever packets come in whatever order: a byte's packet is the first
    /// that carried it.
    #[test]
    fn the_first_to_carry_a_byte_is_its_packet(
        packets in proptest::collection::vec((0_u64..40, 1_usize..12), 0..20),
    ) {
        let mut random = trace(System::TcpEcho, &[], "running");
        random.insert(Event {
            bytes: vec![b'x'; 50],
            ..Event::new(protocol::Nanos(0), ClientId::FIRST.opener(), Call::Send)
        });
        for (at, &(offset, length)) in packets.iter().enumerate() {
            random.insert(Event {
                offset: Offset(offset),
                bytes: vec![b'x'; length],
                ..Event::new(protocol::Nanos(at as u64), ClientId::FIRST.opener(), Call::Segment)
            });
        }
        let lane = up(&random);
        let mut seen = [false; 64];
        for (packet, &(offset, length)) in packets.iter().enumerate() {
            let mut fresh = false;
            for byte in offset..offset + length as u64 {
                if !std::mem::replace(&mut seen[usize::try_from(byte).unwrap()], true) {
                    fresh = true;
                    prop_assert_eq!(lane.packet_at(Offset(byte)), Some(packet));
                }
            }
            prop_assert_eq!(lane.wire[packet].resent, !fresh);
        }
        let untouched = (0..64).filter(|&byte| !seen[byte]);
        for byte in untouched {
            prop_assert_eq!(lane.packet_at(Offset(byte as u64)), None);
        }
    }
}

#[test]
fn what_a_link_lost_is_why_a_recv_ends_and_why_another_one_waited() {
    let run = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN | arrived=10
         s1 segment 0 SYN,ACK | arrived=10
         c1 send abcdefghi
         c1 segment 0 ACK abc | arrived=10
         c1 segment 3 ACK def | lost=chance
         c1 segment 6 ACK ghi | arrived=10
         s1 recv 1024 abc
         c1 segment 3 ACK def | arrived=44
         running",
    );
    let analysis = Analysis::new(&run);
    let says = |step: usize| explained(&run, step);
    assert_eq!(analysis.lanes[0].recvs.len(), 1);
    let at_first = says(7);
    assert!(
        at_first.contains(
            "It ends here because the segment with the next byte was lost on the link: that \
             byte came 40.0 ms after it was first sent, and nothing behind it is read before."
        ),
        "{at_first}"
    );
    let whole = trace(
        System::TcpEcho,
        &[],
        "c1 segment 0 SYN | arrived=1
         s1 segment 0 SYN,ACK | arrived=2
         c1 send abcdef
         c1 segment 0 ACK abc | lost=chance
         c1 segment 3 ACK def | arrived=5
         c1 segment 0 ACK abc | arrived=6
         s1 send x
         s1 recv 1024 abcdef",
    );
    let at_last = explained(&whole, 8);
    assert!(
        at_last.contains(
            "Its first byte was in a segment that the link lost, and came with another one, 3.00 ms \
             after the lost one was sent: what came behind it had to wait."
        ),
        "{at_last}"
    );
}
