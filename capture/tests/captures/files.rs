//! Both formats, in both byte orders, whole and damaged.

use capture::{Damage, Fault, is_capture, list};
use record::{Capture, ClockName, Ending};

use super::build::{DOWN, UP, block, pcap, udp};
use super::{check, contents};

/// UDP from port 1 to port 2 with `hi`, behind its IPv4 header.
#[rustfmt::skip]
const HI: [u8; 30] = [
    0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1,
    0, 1, 0, 2, 0, 10, 0, 0, b'h', b'i',
];

/// A file whose packet was captured 1.000000002 or 1.000002 seconds after 2001-09-09.
fn classic(header: &[u8; 24], packet: &[u8; 16]) -> Vec<u8> {
    [&header[..], packet, &HI].concat()
}

#[test]
#[rustfmt::skip]
fn classic_files_have_either_order_and_either_unit() {
    let little = [2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    let big = [0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 101];
    let header = |magic: [u8; 4], rest: [u8; 20]| {
        let mut header = [0; 24];
        header[..4].copy_from_slice(&magic);
        header[4..].copy_from_slice(&rest);
        header
    };
    let small = [0x01, 0xca, 0x9a, 0x3b, 2, 0, 0, 0, 30, 0, 0, 0, 30, 0, 0, 0];
    let great = [0x3b, 0x9a, 0xca, 0x01, 0, 0, 0, 2, 0, 0, 0, 30, 0, 0, 0, 30];
    for (magic, rest, packet, zero) in [
        ([0xd4, 0xc3, 0xb2, 0xa1], little, small, 1_000_000_001_000_002_000_u64),
        ([0x4d, 0x3c, 0xb2, 0xa1], little, small, 1_000_000_001_000_000_002),
        ([0xa1, 0xb2, 0xc3, 0xd4], big, great, 1_000_000_001_000_002_000),
        ([0xa1, 0xb2, 0x3c, 0x4d], big, great, 1_000_000_001_000_000_002),
    ] {
        let file = classic(&header(magic, rest), &packet);
        assert!(is_capture(&file));
        let contents = check(&file, &["#0 opener 0+2"]);
        let clock = contents.record.head.clock.expect("the file's times are a clock's");
        assert_eq!((clock.name, clock.zero), (ClockName::Realtime, zero));
        let connection = &contents.connections[0].0;
        assert_eq!(connection.opener.address.as_deref(), Some("127.0.0.1:1"));
        assert_eq!(connection.acceptor.address.as_deref(), Some("127.0.0.1:2"));
        assert_eq!(contents.record.events()[0].bytes, b"hi");
        assert_eq!(contents.record.ending(), Some(Ending::Finished));
        assert_eq!(contents.record.head.capture, Capture::Unknown);
    }
}

/// Section, two interfaces (raw IP in 1/1024 s with an offset of 2 s; Ethernet in
/// microseconds), and on each of them a packet; then what was missed.
fn newer() -> Vec<u8> {
    #[rustfmt::skip]
    let section = [
        0x0a, 0x0d, 0x0d, 0x0a, 44, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255,
        3, 0, 5, 0, b'L', b'i', b'n', b'u', b'x', 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
    ];
    #[rustfmt::skip]
    let raw = [
        1, 0, 0, 0, 44, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0,
        9, 0, 1, 0, 0x8a, 0, 0, 0, 14, 0, 8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
    ];
    let ethernet = [1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0];
    #[rustfmt::skip]
    let first = [
        &[6, 0, 0, 0, 76, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 30, 0, 0, 0, 40, 0, 0, 0][..],
        &HI, &[0, 0],
        &[1, 0, 4, 0, b'n', b'o', b't', b'e', 0, 0, 0, 0, 76, 0, 0, 0],
    ].concat();
    let frame = [&[0; 12][..], &[8, 0], &HI[..29], b"o"].concat();
    let times = [1, 0, 0, 0, 0, 0, 0, 0, 0xa0, 0x25, 0x26, 0];
    let second = [&times[..], &[44, 0, 0, 0, 44, 0, 0, 0], &frame].concat();
    let missed = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let missed = [
        &missed[..],
        &[5, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let unknown = block(0x0bad_cafe, b"whatever");
    [
        &section[..],
        &raw,
        &ethernet,
        &first,
        &unknown,
        &block(6, &second),
        &block(5, &missed),
    ]
    .concat()
}

#[test]
fn newer_files_have_interfaces_with_clocks_of_their_own() {
    let contents = check(&newer(), &["#0 opener 0+2", "#0 opener 2+2"]);
    let events = contents.record.events();
    // 512 / 1024 s and 2 s; 2,500,000 µs.
    let times: Vec<_> = events.iter().map(|event| event.at.0).collect();
    assert_eq!(times, [2_500_000_000, 2_500_000_000]);
    let header = events[0].header.as_ref().unwrap();
    assert_eq!(header.comment.as_deref(), Some("note"));
    assert_eq!(header.link.0, 101);
    assert_eq!(header.raw, HI[..28]);
    assert_eq!(events[1].header.as_ref().unwrap().link.0, 1);
    assert_eq!(contents.record.head.kernel, "Linux");
    assert_eq!(contents.record.missed, Some(3));
    assert_eq!(contents.record.head.capture, Capture::On);
}

#[test]
fn a_section_may_have_the_other_byte_order() {
    #[rustfmt::skip]
    let big = [
        0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 28,
        0, 0, 0, 1, 0, 0, 0, 32, 0, 101, 0, 0, 0, 0, 0, 0,
        0, 14, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 32,
    ];
    let head = [
        0, 0, 0, 6, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x26, 0x25, 0xa0,
    ];
    let packet = [
        &head[..],
        &[0, 0, 0, 30, 0, 0, 0, 30],
        &HI,
        &[0, 0, 0, 0, 0, 64],
    ]
    .concat();
    let file = [&big[..], &packet].concat();
    let contents = check(&file, &["#0 opener 0+2"]);
    assert_eq!(contents.record.events()[0].at.0, 3_500_000_000);
    // Behind a section of the one order comes one of the other, with interfaces of its
    // own.
    let lines = ["#0 opener 0+2", "#0 opener 2+2", "#0 opener 4+2"];
    check(&[newer(), file].concat(), &lines);
}

#[test]
fn packets_of_older_kinds_are_read() {
    let section = block(
        0x0a0d_0d0a,
        &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    let interface = block(1, &[101, 0, 0, 0, 29, 0, 0, 0]);
    let obsolete = [0, 0, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 30, 0, 0, 0, 30, 0, 0, 0];
    let obsolete = block(2, &[&obsolete[..], &HI].concat());
    // Has no time and no captured length: the interface's limit says what is there.
    let simple = block(3, &[&[30, 0, 0, 0][..], &HI[..29]].concat());
    let file = [section, interface, obsolete, simple].concat();
    let contents = check(&file, &["#0 opener 0+2", "#0 opener 2+1 of 2"]);
    let times = contents.record.events().iter().map(|event| event.at.0);
    assert_eq!(times.collect::<Vec<_>>(), [7_000, 7_000]);
}

#[test]
fn what_is_no_capture_is_refused() {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];
    let text = b"{\"type\":\"run\"}";
    let half = [0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 1, 2, 3, 4];
    for bytes in [&b""[..], b"\xd4\xc3", &gzip, text, &half] {
        assert!(!is_capture(bytes), "{bytes:?}");
        assert!(list(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_damaged_file_gives_what_was_before_the_damage() {
    let packets = [udp(UP, b"one"), udp(DOWN, b"two"), udp(UP, b"three")];
    let packets = packets
        .each_ref()
        .map(|packet| (0, &packet[..], packet.len()));
    let file = pcap(101, &packets);
    let whole = contents(&file);
    assert_eq!((whole.damage, whole.record.events().len()), (None, 3));
    for end in 4..file.len() {
        let cut = contents(&file[..end]);
        let starts = [24, 24 + 16 + 31, 24 + 2 * (16 + 31)];
        let read = starts.iter().filter(|&&start| end >= start).count();
        let events = cut.record.events();
        if starts.contains(&end) {
            assert_eq!((cut.damage, events.len()), (None, read - 1), "{end}");
            continue;
        }
        let offset = read.checked_sub(1).map_or(0, |at| starts[at]);
        let damage = Damage {
            offset,
            fault: Fault::CutOff,
        };
        assert_eq!(cut.damage, Some(damage), "{end}");
        assert_eq!(events, &whole.record.events()[..read.saturating_sub(1)]);
        assert_eq!(cut.record.ending(), Some(Ending::Stopped));
        assert_eq!(cut.record.missed, None);
    }
    let said = contents(&file[..60]).damage.unwrap().to_string();
    let expected = "it is damaged at byte 24: the file ends in the middle of a packet or block";
    assert_eq!(said, expected);
}

#[test]
fn damage_to_a_block_is_named() {
    let file = newer();
    let check = |at: usize, byte: u8, offset: usize, fault: Fault, events: usize| {
        let mut damaged = file.clone();
        damaged[at] = byte;
        let contents = contents(&damaged);
        assert_eq!(contents.damage, Some(Damage { offset, fault }), "{at}");
        assert_eq!(contents.record.events().len(), events, "{at}");
    };
    let (raw, ethernet, first) = (44, 88, 108);
    let second = first + 76 + 20;
    check(raw + 4, 43, raw, Fault::Length, 0);
    check(raw + 4, 8, raw, Fault::Length, 0);
    check(raw + 4, 48, raw, Fault::Length, 0);
    check(raw + 7, 1, raw, Fault::CutOff, 0);
    // The second interface becomes a block that nobody knows.
    check(ethernet, 99, second, Fault::Interface, 1);
    check(first + 8, 7, first, Fault::Interface, 0);
    check(first + 20, 255, first, Fault::Length, 0);
    check(second + 72, 1, second, Fault::Length, 1);
    assert_eq!(
        contents(&[file.clone(), vec![1, 2, 3]].concat())
            .damage
            .map(|d| d.offset),
        Some(file.len())
    );
}
