//! Packets that were captured in two places.

use super::build::{
    ACK, SYN, UP, block, datagram, handshake, ipv4, ipv6, pcap, raw, segment, tcp, udp,
};
use super::{check, contents};

/// Each packet twice, two microseconds apart.
fn twice(packets: &[Vec<u8>]) -> Vec<u8> {
    let pairs = (0_u64..).zip(packets).flat_map(|(number, packet)| {
        let at = number * 1_000_000;
        [at, at + 2_000].map(|at| (at, &packet[..], packet.len()))
    });
    pcap(101, &pairs.collect::<Vec<_>>())
}

#[test]
fn segments_that_stand_twice_are_one() {
    let mut packets = handshake();
    packets.push(tcp(UP, (101, 501), ACK, b"hi"));
    packets.push(ipv6(6, &segment(UP, (9, 0), SYN, b"")));
    let lines = [
        "#0 opener 0+0 ack 0 SYN",
        "#0 acceptor 0+0 ack 0 SYN,ACK",
        "#0 opener 0+0 ack 0 ACK",
        "#0 opener 0+2 ack 0 ACK",
        "#1 opener 0+0 ack 0 SYN",
    ];
    let contents = check(&twice(&packets), &lines);
    assert_eq!(contents.passed.doubled, 5);
}

#[test]
fn a_retransmission_is_no_double() {
    let again = ipv4(6, 9, &segment(UP, (101, 501), ACK, b"hi"));
    let later = ipv4(6, 10, &segment(UP, (101, 501), ACK, b"hi"));
    let contents = contents(&raw(&[again.clone(), later]));
    assert_eq!(
        (contents.record.events().len(), contents.passed.doubled),
        (2, 0)
    );
    // The same packet much later is no double either.
    let file = pcap(
        101,
        &[(0, &again, again.len()), (200_000_000, &again, again.len())],
    );
    assert_eq!(super::contents(&file).passed.doubled, 0);
}

#[test]
fn equal_datagrams_are_two_unless_the_file_tells() {
    let plain = udp(UP, b"tick");
    let lines = ["#0 opener 0+4", "#0 opener 4+4"];
    check(&raw(&[plain.clone(), plain.clone()]), &lines);
    // Their identification is the same, and no other packet's.
    let numbered = ipv4(17, 77, &datagram(UP, b"tick"));
    check(&raw(&[numbered.clone(), numbered]), &lines[..1]);
    // A cooked capture says that one went out (4) and one came in (0).
    let cooked = |kind: u8| {
        [
            &[0, kind, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0][..],
            &plain,
        ]
        .concat()
    };
    let frames = [4, 0, 4, 0].map(cooked);
    let frames = [0, 1, 2, 3].map(|at| (at as u64 * 10_000, &frames[at][..], frames[at].len()));
    let contents = check(&pcap(113, &frames), &lines);
    assert_eq!(contents.passed.doubled, 2, "each is doubled once");
}

#[test]
fn two_interfaces_are_two_places() {
    let plain = udp(UP, b"tick");
    let section = block(
        0x0a0d_0d0a,
        &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    let interface = block(1, &[101, 0, 0, 0, 0, 0, 0, 0]);
    let packet = |interface: u8| {
        let length = u8::try_from(plain.len()).unwrap();
        let head = [
            interface, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, length, 0, 0, 0, length, 0, 0, 0,
        ];
        block(6, &[&head[..], &plain].concat())
    };
    let file = [section, interface.clone(), interface, packet(0), packet(1)].concat();
    assert_eq!(check(&file, &["#0 opener 0+4"]).passed.doubled, 1);
}
