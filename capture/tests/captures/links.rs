//! What stands in front of a packet, and how far it was captured.

use super::build::{ACK, DOWN, PSH, SYN, UP, datagram, ipv4, ipv6, pcap, segment, tcp, udp};
use super::{check, contents};

/// A file with one frame of this link.
fn of_link(link: u32, front: &[u8], packet: &[u8]) -> Vec<u8> {
    let frame = [front, packet].concat();
    pcap(link, &[(0, &frame, frame.len())])
}

#[test]
fn each_link_is_read() {
    let four = udp(UP, b"four");
    let six = ipv6(17, &datagram(UP, b"sixes"));
    let ethernet = |kinds: &[u8]| [&[7; 12][..], kinds].concat();
    let cooked = |kind: &[u8]| [&[0, 4, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..], kind].concat();
    let cooked2 = |kind: &[u8]| {
        [
            kind,
            &[0, 0, 0, 0, 0, 1, 3, 4, 4, 6, 0, 0, 0, 0, 0, 0, 0, 0][..],
        ]
        .concat()
    };
    let tags = [0x88, 0xa8, 0, 7, 0x81, 0, 0, 9];
    for (link, of_four, of_six) in [
        (1, ethernet(&[8, 0]), ethernet(&[0x86, 0xdd])),
        (
            1,
            ethernet(&[&tags[..], &[8, 0]].concat()),
            ethernet(&[&tags[..], &[0x86, 0xdd]].concat()),
        ),
        (101, vec![], vec![]),
        (228, vec![], vec![]),
        (229, vec![], vec![]),
        (113, cooked(&[8, 0]), cooked(&[0x86, 0xdd])),
        (276, cooked2(&[8, 0]), cooked2(&[0x86, 0xdd])),
        (0, vec![2, 0, 0, 0], vec![30, 0, 0, 0]),
        (0, vec![0, 0, 0, 2], vec![0, 0, 0, 10]),
        (108, vec![0, 0, 0, 2], vec![0, 0, 0, 24]),
    ] {
        check(&of_link(link, &of_four, &four), &["#0 opener 0+4"]);
        let contents = check(&of_link(link, &of_six, &six), &["#0 opener 0+5"]);
        let opener = contents.connections[0].0.opener.address.as_deref();
        assert_eq!(opener, Some("[::1]:40000"), "{link}");
        let header = contents.record.events()[0].header.as_ref().unwrap();
        assert_eq!(header.raw, [&of_six, &six[..48]].concat(), "{link}");
        assert_eq!(header.ports(), Some([UP.0, UP.1]));
    }
}

#[test]
fn other_packets_are_counted() {
    let icmp = ipv4(1, 0, &[8, 0, 0, 0, 0, 0, 0, 0]);
    let arp = [&[7; 12][..], &[8, 6], &[0; 28]].concat();
    let short = &udp(UP, b"x")[..24];
    let frames = [icmp, short.to_vec(), vec![0x45; 10], udp(UP, b"x")];
    let passed = contents(&super::build::raw(&frames)).passed;
    assert_eq!((passed.packets, passed.other, passed.unreadable), (4, 1, 2));
    let passed = contents(&pcap(1, &[(0, &arp, arp.len())])).passed;
    assert_eq!((passed.packets, passed.other, passed.unreadable), (1, 1, 0));
    let passed = contents(&pcap(147, &[(0, &arp, arp.len())])).passed;
    assert_eq!(
        (passed.packets, passed.other),
        (1, 1),
        "nobody knows this link"
    );
}

#[test]
fn extension_headers_are_passed_over() {
    // Hop-by-hop options, a routing header, destination options.
    let extensions = |last: u8| {
        [
            43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, last, 0, 1, 4, 0, 0, 0, 0,
        ]
    };
    let payload = [&extensions(17)[..], &datagram(UP, b"hi")].concat();
    check(&of_link(101, &[], &ipv6(0, &payload)), &["#0 opener 0+2"]);
    let payload = [&extensions(6)[..], &segment(UP, (9, 0), SYN, b"")].concat();
    check(
        &of_link(101, &[], &ipv6(0, &payload)),
        &["#0 opener 0+0 ack 0 SYN"],
    );
}

#[test]
fn what_was_cut_off_is_told_by_the_headers() {
    let data = tcp(UP, (1, 0), PSH | ACK, &[b'x'; 100]);
    let more = tcp(UP, (101, 0), PSH | ACK, b"y");
    let reply = udp(DOWN, &[b'z'; 50]);
    let file = pcap(
        101,
        &[
            (0, &data[..44], data.len()),
            (1_000, &more, more.len()),
            (2_000, &reply[..30], reply.len()),
        ],
    );
    let lines = [
        "#0 opener 0+4 of 100 ack 0 PSH,ACK",
        "#0 opener 100+1 ack 0 PSH,ACK",
        "#1 opener 0+2 of 50",
    ];
    let contents = check(&file, &lines);
    assert_eq!(contents.connections[0].1.bytes, [101, 0]);
    assert_eq!(contents.connections[1].1.bytes, [50, 0]);
}

#[test]
fn padding_behind_a_short_packet_is_no_payload() {
    let mut frame = [&[7; 12][..], &[8, 0], &tcp(UP, (1, 0), ACK, b"a")].concat();
    frame.resize(60, 0);
    check(&pcap(1, &[(0, &frame, 60)]), &["#0 opener 0+1 ack 0 ACK"]);
}

#[test]
fn a_packet_that_the_network_card_was_to_cut_has_no_length() {
    let mut packet = tcp(UP, (1, 0), ACK, &[b'x'; 30]);
    packet[2..4].copy_from_slice(&[0, 0]);
    check(&of_link(101, &[], &packet), &["#0 opener 0+30 ack 0 ACK"]);
    let cut = pcap(101, &[(0, &packet[..50], packet.len())]);
    check(&cut, &["#0 opener 0+10 of 30 ack 0 ACK"]);
}
