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
