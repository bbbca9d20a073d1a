//! Literal traces in, matched datagrams and their fates out.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod dsl;

use std::fmt::Write as _;

use dsl::{check_explained, trace};
use protocol::System;
use trace::{Analysis, Trace};

/// Each lane: the send of each recv (`?` if unsure, `-n` if cut), the fate of
/// each packet, and the boundaries.
fn matched(trace: &Trace) -> Vec<String> {
    let analysis = Analysis::new(trace);
    let lanes = analysis.lanes.iter().map(|lane| {
        let recvs = lane.recvs.iter().enumerate().map(|(number, recv)| {
            let mut text = format!("#{}", lane.sends_of_recv(number).start + 1);
            if recv.cut > 0 {
                write!(text, "-{}", recv.cut).unwrap();
            }
            if lane.unsure.contains(&recv.event) {
                text.push('?');
            }
            text
        });
        let recvs = recvs.collect::<Vec<_>>().join(" ");
        let packets = lane.wire.iter().enumerate().map(|(number, packet)| {
            format!(
                "#{} {:?}",
                lane.sends_of_packet(number).start + 1,
                packet.fate
            )
        });
        let packets = packets.collect::<Vec<_>>().join(" ");
        let boundaries = lane.boundaries.iter();
        let boundaries = boundaries.map(|b| format!("{} {:?}@{}", b.offset, b.cause, b.event));
        let boundaries = boundaries.collect::<Vec<_>>().join(" ");
        format!("[{recvs}] [{packets}] [{boundaries}]")
    });
    lanes.collect()
}

fn check(script: &str, expected: &[&str]) {
    let trace = trace(System::UdpEcho, &["clients=2"], script);
    assert_eq!(matched(&trace), expected);
}

#[test]
fn the_drop_counter_tells_equal_datagrams_apart() {
    check(
        "c1 send a
         c1 datagram a
         c2 send a
         c2 datagram a
         c1 send a
         c1 datagram a
         c1 send a
         c1 datagram a
         s1 recv 1024 a
         s1 recv 1024 a | dropped=2
         ended missed=0 dropped=2",
        &[
            "[#1 #3] [#1 Read(8) #2 Dropped #3 Read(9)] [1 DatagramDropped@5]",
            "[] [#1 Dropped] [0 DatagramDropped@3]",
        ],
    );
}

#[test]
fn what_the_counter_did_not_reach_is_lost_or_left() {
    let sent = "c1 send a
         c1 datagram a
         c1 send b
         c1 datagram b
         s1 recv 1024 a
         ended missed=0";
    check(
        &format!("{sent} dropped=1"),
        &["[#1] [#1 Read(4) #2 Dropped] [1 DatagramDropped@3]"],
    );
    check(
        &format!("{sent} dropped=0"),
        &["[#1] [#1 Read(4) #2 Unread] []"],
    );
    check(sent, &["[#1] [#1 Read(4) #2 Unknown] [1 Unknown@3]"]);
}

#[test]
fn content_tells_where_the_counter_contradicts_it() {
    check(
        "c1 send a
         c1 datagram a
         c1 send b
         c1 datagram b
         s1 recv 1024 b | dropped=0
         ended missed=0 dropped=1",
        &["[#2] [#1 Dropped #2 Read(4)] [0 DatagramDropped@1]"],
    );
}

#[test]
fn equal_datagrams_of_which_one_was_lost_are_unsure() {
    check(
        "c1 send a
         c1 send b
         c1 send a
         s1 recv 1024 a
         ended",
        &["[#1?] [] [1 Unknown@1 2 Unknown@2]"],
    );
    // Its place among the others tells.
    check(
        "c1 send a
         c1 send b
         c1 send a
         s1 recv 1024 b
         s1 recv 1024 a
         ended dropped=1",
        &["[#2 #3] [] [0 DatagramDropped@0]"],
    );
    // Nothing was lost: the first is the first.
    check(
        "c1 send a
         c1 send a
         s1 recv 1024 a
         ended dropped=0",
        &["[#1] [] []"],
    );
    // The second was not sent yet.
    check(
        "c1 send a
         s1 recv 1024 a
         c1 send a
         ended",
        &["[#1] [] [1 Unknown@2]"],
    );
    // It may still come.
    check(
        "c1 send a
         c1 send a
         s1 recv 1024 a
         running",
        &["[#1] [] []"],
    );
}

#[test]
fn the_real_length_tells_cut_datagrams_apart() {
    check(
        "c1 send abcX
         c1 send abcdef
         s1 recv 3 abc | length=6
         ended dropped=1",
        &["[#2-3] [] [0 DatagramDropped@0 7 DatagramCut { bytes: 3 }@2]"],
    );
    check(
        "c1 send abcX
         c1 send abcdef
         s1 recv 3 abc
         ended dropped=1",
        &["[#1-1?] [] [3 DatagramCut { bytes: 1 }@2 4 DatagramDropped@1]"],
    );
}

#[test]
fn empty_datagrams_are_datagrams() {
    check(
        "c1 send
         c1 datagram
         c1 send
         c1 datagram
         s1 recv 8 | dropped=1
         s1 send
         s1 datagram
         c1 recv 8
         ended missed=0 dropped=1",
        &[
            "[#2] [#1 Dropped #2 Read(4)] [0 DatagramDropped@1]",
            "[#1] [#1 Read(7)] []",
        ],
    );
}

#[test]
fn datagrams_are_explained() {
    let sent = trace(
        System::UdpEcho,
        &[],
        "c1 send abc
         c1 datagram abc
         c1 send abc
         c1 datagram abc
         s1 recv 2 ab | dropped=1 length=3
         c1 send x
         c1 datagram x
         ended missed=0 dropped=1",
    );
    let packet =
        "Client 1's kernel put a datagram of 3 bytes on the wire. It is client 1's sendto() ";
    check_explained(
        &sent,
        1,
        "Client 1's sendto() #1 handed over a datagram of 3 bytes. The reader's receive buffer was full: \
         the kernel dropped it, and it is gone.",
    );
    let gone = "#1. The reader's receive buffer was full: the kernel dropped it, and it is gone.";
    check_explained(&sent, 2, &format!("{packet}{gone}"));
    check_explained(
        &sent,
        4,
        &format!("{packet}#2. The server's recvfrom() #1 took it."),
    );
    check_explained(
        &sent,
        5,
        "The server's recvfrom(2) #1 returned a datagram of 2 bytes. It is client 1's sendto() #2. There was \
         room for 2 bytes; the other 1 byte of this datagram was thrown away. Before it came, \
         the kernel dropped 1 datagram more: the receive buffer was full.",
    );
    check_explained(
        &sent,
        7,
        "Client 1's kernel put a datagram of 1 byte on the wire. It is client 1's sendto() #3. \
         Nobody read it before the run was over. The run is over.",
    );
}

/// Two datagrams of nine bytes in three fragments each, of which the second one of the first
/// is lost.
const FRAGMENTS: &str = "c1 send abcdefghi
     c1 datagram abcd | fragment=7/0/9 arrived=20
     c1 datagram efgh | fragment=7/4/9 lost=chance
     c1 datagram i | fragment=7/8/9 arrived=20
     c1 send ABCDEFGHI
     c1 datagram ABCD | fragment=8/0/9 arrived=21
     c1 datagram EFGH | fragment=8/4/9 arrived=22
     c1 datagram I | fragment=8/8/9 arrived=23
     s1 recv 1024 ABCDEFGHI
     ended missed=0";

#[test]
fn a_datagram_is_lost_with_one_of_its_fragments() {
    check(
        FRAGMENTS,
        &["[#2] [#1 Lost #1 Lost #1 Lost #2 Read(8) #2 Read(8) #2 Read(8)] [0 FragmentLost@2]"],
    );
    let trace = trace(System::UdpEcho, &[], FRAGMENTS);
    let analysis = Analysis::new(&trace);
    let lane = &analysis.lanes[0];
    let fragments = lane.wire.iter().map(|packet| {
        let (span, number) = (packet.span, packet.fragment);
        (
            span.start.0,
            span.end.0,
            number.number,
            number.of,
            packet.lost,
        )
    });
    let expected = [
        (0, 4, 1, 3, false),
        (4, 8, 2, 3, true),
        (8, 9, 3, 3, false),
        (9, 13, 1, 3, false),
        (13, 17, 2, 3, false),
        (17, 18, 3, 3, false),
    ];
    assert_eq!(fragments.collect::<Vec<_>>(), expected);
    check_explained(
        &trace,
        3,
        "Client 1's kernel put fragment 2 of 3 of a datagram on the wire: 4 bytes of it. The \
         datagram has 9 bytes, which is more than one packet may carry here (the MTU): the \
         sender's kernel sends it in fragments, and the reader's puts them together again. The \
         link lost it: it loses a share of all packets, and this one was chosen. It is client 1's \
         sendto() #1. 1 of its 3 fragments was lost: the datagram never arrived. What did arrive \
         of it is thrown away, and nobody sends it again.",
    );
}

#[test]
fn fragments_are_numbered_only_if_all_were_captured() {
    let whole = trace(
        System::UdpEcho,
        &[],
        "c1 send abcdefghi
         c1 datagram abcd | fragment=7/0/9 arrived=20
         c1 datagram i | fragment=7/8/9 lost=chance
         c1 send another
         ended missed=0",
    );
    // Of a call four bytes were kept: the datagrams are compared by as many.
    let mut trace = Trace::new(whole.plan.clone().expect("a plan"), whole.head.clone());
    for event in whole.events() {
        let mut event = event.clone();
        if event.bytes == b"another" {
            event.bytes.truncate(4);
            event.length = Some(7);
        }
        trace.insert(event);
    }
    let analysis = Analysis::new(&trace);
    let lane = &analysis.lanes[0];
    assert!(lane.wire.iter().all(|packet| packet.fragment.of == 0));
    check_explained(
        &trace,
        3,
        "Client 1's kernel put a fragment of a datagram on the wire: 1 byte of it. The \
         datagram has 9 bytes, which is more than one packet may carry here (the MTU): the \
         sender's kernel sends it in fragments, and the reader's puts them together again. The \
         link lost it: it loses a share of all packets, and this one was chosen. It is client 1's \
         sendto() #1. Not all of its fragments arrived: the datagram never did. What did arrive \
         of it is thrown away, and nobody sends it again.",
    );
}

#[test]
fn fragments_may_come_between_those_of_another_datagram_and_lack_the_first() {
    check(
        "c1 send abcd
         c1 send efgh
         c1 datagram ab | fragment=7/0/4 arrived=20
         c1 datagram ef | fragment=8/0/4 arrived=21
         c1 datagram cd | fragment=7/2/4 arrived=22
         c1 datagram gh | fragment=8/2/4 arrived=20
         c1 datagram xy | fragment=9/2/4 arrived=20
         s1 recv 1024 efgh
         s1 recv 1024 abcd
         ended missed=0",
        &["[#2 #1] [#1 Read(8) #2 Read(7) #1 Read(8) #2 Read(7)] []"],
    );
}

#[test]
fn thousands_of_equal_datagrams_stay_quick() {
    // Half of 20,000 equal ones are lost: by walking, each recv would look at
    // all that were lost before it.
    let mut script = String::new();
    for n in 0..20_000 {
        script += "c1 send x\nc1 datagram x\n";
        if n % 2 == 0 {
            script += "s1 recv 8 x\n";
        }
    }
    let trace = trace(System::UdpEcho, &[], &script);
    let lane = &Analysis::new(&trace).lanes[0];
    assert_eq!((lane.recvs.len(), lane.unsure.is_empty()), (10_000, false));
}
