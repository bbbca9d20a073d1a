//! Packets that were sent in fragments.

use super::build::{ACK, UP, datagram, fragment, ipv6, raw, segment, udp};
use super::{check, contents};

const MORE: u16 = 0x2000;

/// A datagram of 40 bytes: header and payload are 48.
fn whole() -> Vec<u8> {
    datagram(UP, b"0123456789abcdefghijABCDEFGHIJ!?$%&/()=#")
}

fn parts() -> [Vec<u8>; 3] {
    let whole = whole();
    [
        fragment(17, 7, MORE, &whole[..16]),
        fragment(17, 7, 2 | MORE, &whole[16..32]),
        fragment(17, 7, 4, &whole[32..]),
    ]
}

#[test]
fn fragments_are_put_together_in_any_order() {
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let packets = order.map(|at| parts()[at].clone());
        let contents = check(&raw(&packets), &["#0 opener 0+40"]);
        let event = &contents.record.events()[0];
        assert_eq!(event.bytes, whole()[8..]);
        // Its time is that of the first bytes.
        let first = order.iter().position(|&at| at == 0).unwrap() as u64;
        assert_eq!(event.at.0, first * 1_000);
        // Its headers are those of a packet that needs no fragments.
        let raw = &event.header.as_ref().unwrap().raw;
        assert_eq!((raw[2..4].to_vec(), &raw[6..8]), (vec![0, 68], &[0, 0][..]));
        let sum: u32 = raw[..20]
            .chunks(2)
            .map(|two| u32::from(two[0]) << 8 | u32::from(two[1]))
            .sum();
        assert_eq!(
            (sum & 0xffff) + (sum >> 16),
            0xffff,
            "the checksum is right"
        );
    }
}

#[test]
fn what_came_first_counts_where_fragments_overlap() {
    let whole = whole();
    let wrong = [b'X'; 24];
    let packets = [
        fragment(17, 7, MORE, &whole[..16]),
        fragment(17, 7, 1 | MORE, &wrong),
        fragment(17, 7, 4, &whole[32..]),
    ];
    let contents = check(&raw(&packets), &["#0 opener 0+40"]);
    let expected = [&whole[8..16], &[b'X'; 16], &whole[32..]].concat();
    assert_eq!(contents.record.events()[0].bytes, expected);
}

#[test]
fn packets_with_different_numbers_do_not_mix() {
    let other: Vec<u8> = datagram(UP, &[b'*'; 24]);
    let packets = [
        fragment(17, 7, MORE, &whole()[..16]),
        fragment(17, 8, MORE, &other[..16]),
        fragment(17, 8, 2, &other[16..]),
        fragment(17, 7, 2, &whole()[16..]),
    ];
    let contents = check(&raw(&packets), &["#0 opener 24+40", "#0 opener 0+24"]);
    assert_eq!(contents.passed.unreadable, 0);
}

#[test]
fn a_packet_of_which_parts_are_missing_is_told_as_far_as_it_came() {
    let [first, second, third] = parts();
    let contents = check(
        &raw(&[first.clone(), third.clone()]),
        &["#0 opener 0+8 of 40"],
    );
    assert_eq!(contents.record.events()[0].bytes, whole()[8..16]);
    check(&raw(&[first, second.clone()]), &["#0 opener 0+24 of 40"]);
    // Without its header nobody knows whose it is.
    let contents = check(&raw(&[second, third, udp(UP, b"x")]), &["#0 opener 0+1"]);
    assert_eq!(contents.passed.unreadable, 1);
}

#[test]
fn a_segment_may_be_sent_in_fragments() {
    let whole = segment(UP, (1, 0), ACK, b"0123456789ab");
    let packets = [
        fragment(6, 7, 3, &whole[24..]),
        fragment(6, 7, MORE, &whole[..24]),
    ];
    check(&raw(&packets), &["#0 opener 0+12 ack 0 ACK"]);
}

#[test]
fn fragments_of_version_6_are_put_together() {
    let whole = whole();
    // Destination options, then the fragment header with the number 0x01020304.
    let part = |position: u8, more: u8, payload: &[u8]| {
        let headers = [
            44,
            0,
            1,
            4,
            0,
            0,
            0,
            0,
            17,
            0,
            0,
            position | more,
            1,
            2,
            3,
            4,
        ];
        ipv6(60, &[&headers[..], payload].concat())
    };
    let packets = [part(16, 0, &whole[16..]), part(0, 1, &whole[..16])];
    let contents = check(&raw(&packets), &["#0 opener 0+40"]);
    let header = contents.record.events()[0].header.as_ref().unwrap();
    assert_eq!(header.raw.len(), 40 + 8 + 8, "without the fragment header");
    assert_eq!((header.raw[5], header.raw[40]), (56, 17));
    assert_eq!(header.ports(), Some([UP.0, UP.1]));
}

#[test]
fn memory_is_bounded_and_hostile_fragments_do_no_harm() {
    // Far more packets begun than are kept, one that would be too large, one that is
    // empty, and one that ends before it begins.
    let mut packets: Vec<_> = (0..5_000_u16)
        .map(|id| fragment(17, id, MORE, &whole()[..16]))
        .collect();
    packets.push(fragment(17, 9, 0x1fff, &[0; 16]));
    packets.push(fragment(17, 9, 1 | MORE, b""));
    packets.push(fragment(17, 9, 0x1000, b""));
    let contents = contents(&raw(&packets));
    assert_eq!(contents.record.events().len(), 5_000);
    assert_eq!(contents.connections[0].1.bytes, [5_000 * 40, 0]);
}
