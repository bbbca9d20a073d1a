//! Frames byte by byte.

use core::net::{Ipv4Addr, SocketAddrV4};

use super::*;
use crate::{ConnectionId, End, PartyId};

const SERVER: u16 = 8000;
const CLIENT: u16 = 40_000;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

fn frames() -> Frames {
    let address = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let openers = [(CLIENT, 1), (40_001, 2)];
    let openers = openers.map(|(port, number)| (address(port), origins(number)));
    Frames::new(address(SERVER), &openers)
}

/// Of what the opener of a connection sends, and its acceptor, party 0.
fn origins(number: u32) -> [Origin; 2] {
    [(End::Opener, number), (End::Acceptor, 0)].map(|(end, party)| Origin {
        party: PartyId(party),
        connection: ConnectionId(number),
        end,
    })
}

/// A SYN with the options that Linux sends: 127.0.0.1:40000 to :8000,
/// sequence number 0xfffffffe, window 65495, MSS 65495, SACK permitted,
/// timestamps, window scale 7.
#[rustfmt::skip]
const LITERAL_SYN: [u8; 74] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00,
    0x45, 0, 0, 60, 0x1c, 0x46, 0x40, 0, 64, 6, 0x20, 0x74, 127, 0, 0, 1, 127, 0, 0, 1,
    0x9c, 0x40, 0x1f, 0x40, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0xa0, 0x02, 0xff, 0xd7,
    0xfe, 0x30, 0, 0, 2, 4, 0xff, 0xd7, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7,
];

/// Ethernet and IPv4 around `transport`.
fn packet(protocol: u8, total: usize, transport: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(total).unwrap_or(0).to_be_bytes();
    let mut frame = LITERAL_SYN[..34].to_vec();
    frame[16..18].copy_from_slice(&[high, low]);
    frame[23] = protocol;
    frame.extend(transport);
    frame
}

struct Segment<'a> {
    ports: (u16, u16),
    numbers: (u32, u32),
    flags: u8,
    window: u16,
    options: &'a [u8],
    payload: &'a [u8],
}

impl Segment<'_> {
    fn frame(&self) -> Vec<u8> {
        let header = 20 + self.options.len();
        let bytes = [
            &self.ports.0.to_be_bytes()[..],
            &self.ports.1.to_be_bytes(),
            &self.numbers.0.to_be_bytes(),
            &self.numbers.1.to_be_bytes(),
            &[u8::try_from(header / 4).unwrap() << 4, self.flags],
            &self.window.to_be_bytes(),
            &[0; 4],
            self.options,
            self.payload,
        ];
        packet(6, 20 + header + self.payload.len(), &bytes.concat())
    }
}

const UP: (u16, u16) = (CLIENT, SERVER);
const DOWN: (u16, u16) = (SERVER, CLIENT);

fn segment(ports: (u16, u16), numbers: (u32, u32), flags: u8, payload: &[u8]) -> Vec<u8> {
    let segment = Segment {
        ports,
        numbers,
        flags,
        window: 512,
        options: &[],
        payload,
    };
    segment.frame()
}

fn syn_ack(isn: u32, ack: u32) -> Vec<u8> {
    let segment = Segment {
        ports: DOWN,
        numbers: (isn, ack),
        flags: SYN | ACK,
        window: 65_483,
        // MSS 1460, no operation, window scale 10.
        options: &[2, 4, 0x05, 0xb4, 1, 3, 3, 10],
        payload: &[],
    };
    segment.frame()
}

/// `client1 0+5 ack 3 window 65536 PSH,ACK`
fn line(frames: &mut Frames, frame: &[u8]) -> String {
    let event = match frames.read(Nanos(7), frame) {
        Ok(Some(event)) => event,
        Ok(None) => return "somebody else's".to_owned(),
        Err(Unreadable) => return "unreadable".to_owned(),
    };
    let header = event.header.as_ref().unwrap();
    assert_eq!(event.at, Nanos(7));
    assert_eq!([&header.raw[..], &event.bytes].concat(), frame);
    format!(
        "{} {}+{} ack {} window {} {}",
        match event.party {
            PartyId(0) => "server".to_owned(),
            client => format!("client{}", client.0),
        },
        event.offset,
        event.len(),
        header.ack,
        header.window,
        header.flags.names()
    )
}

#[test]
fn a_conversation_whose_numbers_wrap() {
    let mut frames = frames();
    assert!(frames.are_over(), "nothing has begun");
    let first = frames.read(Nanos(7), &LITERAL_SYN).unwrap().unwrap();
    assert_eq!(first.header.as_ref().unwrap().mss, Some(65_495));
    let mut check = |frame: &[u8], expected: &str| {
        assert_eq!(line(&mut frames, frame), expected);
        frames.are_over()
    };
    // The first byte of data has number 0xffffffff, the third 1.
    check(&LITERAL_SYN, "client1 0+0 ack 0 window 65495 SYN");
    check(
        &syn_ack(9, u32::MAX),
        "server 0+0 ack 0 window 65483 SYN,ACK",
    );
    let expected = "client1 0+3 ack 0 window 65536 PSH,ACK";
    check(&segment(UP, (u32::MAX, 10), PSH | ACK, b"abc"), expected);
    let expected = "client1 3+2 ack 0 window 65536 ACK";
    check(&segment(UP, (2, 10), ACK, b"de"), expected);
    let expected = "server 0+1 ack 5 window 524288 ACK";
    check(&segment(DOWN, (10, 4), ACK, b"r"), expected);
    // A keep-alive has the number before the next byte; before the first
    // one there is none.
    let expected = "client1 0+0 ack 1 window 65536 ACK";
    check(&segment(UP, (u32::MAX - 1, 11), ACK, b""), expected);
    let expected = "client1 5+0 ack 1 window 65536 FIN,ACK";
    check(&segment(UP, (4, 11), FIN | ACK, b""), expected);
    let expected = "server 1+0 ack 6 window 524288 FIN,ACK";
    assert!(!check(&segment(DOWN, (11, 5), FIN | ACK, b""), expected));
    let expected = "client1 6+0 ack 2 window 65536 ACK";
    assert!(check(&segment(UP, (5, 12), ACK, b""), expected));
    // Somebody gets the same port, and speaks to the same server.
    for frame in [
        segment(UP, (77, 0), SYN, b""),
        segment(UP, (78, 1), ACK, b"x"),
    ] {
        assert!(check(&frame, "somebody else's"));
    }
}

#[test]
fn windows_are_scaled_only_if_both_offered_it() {
    let mut frames = frames();
    let mut check = |frame: &[u8], expected: &str| {
        assert_eq!(line(&mut frames, frame), expected);
    };
    check(&LITERAL_SYN, "client1 0+0 ack 0 window 65495 SYN");
    let plain = segment(DOWN, (9, u32::MAX), SYN | ACK, b"");
    check(&plain, "server 0+0 ack 0 window 512 SYN,ACK");
    let expected = "client1 0+1 ack 0 window 512 ACK";
    check(&segment(UP, (u32::MAX, 10), ACK, b"a"), expected);
}

#[test]
fn a_refused_connection_is_over() {
    let mut frames = frames();
    frames.read(Nanos(0), &LITERAL_SYN).unwrap();
    assert!(!frames.are_over());
    let reset = segment(DOWN, (0, u32::MAX), RST | ACK, b"");
    let expected = "server 0+0 ack 0 window 512 RST,ACK";
    assert_eq!(line(&mut frames, &reset), expected);
    assert!(frames.are_over());
}

#[test]
fn a_packet_too_large_for_its_length_field_is_as_long_as_what_was_captured() {
    let mut frames = frames();
    frames.read(Nanos(0), &LITERAL_SYN).unwrap();
    frames.read(Nanos(0), &syn_ack(9, u32::MAX)).unwrap();
    let huge = segment(UP, (u32::MAX, 10), ACK, &vec![b'x'; 70_000]);
    assert_eq!(huge[16..18], [0, 0]);
    let expected = "client1 0+70000 ack 0 window 65536 ACK";
    assert_eq!(line(&mut frames, &huge), expected);
}

#[test]
fn datagrams_stand_one_behind_the_other() {
    let mut frames = frames();
    let datagram = |ports: (u16, u16), payload: &[u8]| {
        let length = u16::try_from(8 + payload.len()).unwrap();
        let header = [ports.0, ports.1, length, 0].map(u16::to_be_bytes);
        let bytes = [&header.concat()[..], payload].concat();
        packet(17, 20 + bytes.len(), &bytes)
    };
    for (ports, payload, expected) in [
        (UP, &b"hello"[..], "client1 0+5 ack 0 window 0 "),
        (UP, b"", "client1 5+0 ack 0 window 0 "),
        (DOWN, b"HELLO", "server 0+5 ack 0 window 0 "),
        (UP, b"x", "client1 5+1 ack 0 window 0 "),
        ((40_001, SERVER), b"x", "client2 0+1 ack 0 window 0 "),
        ((40_002, SERVER), b"x", "somebody else's"),
        ((40_001, CLIENT), b"x", "somebody else's"),
        ((SERVER, SERVER), b"x", "somebody else's"),
    ] {
        let frame = datagram(ports, payload);
        assert_eq!(line(&mut frames, &frame), expected);
    }
    // The first fragment of a larger one: more are to come.
    let mut first = datagram(UP, b"beginning");
    first[20] = 0x20;
    let expected = "client1 6+9 ack 0 window 0 ";
    assert_eq!(line(&mut frames, &first), expected);
    assert!(frames.are_over());
}

#[test]
fn what_is_cut_off_or_no_packet_at_all_is_unreadable() {
    for length in 0..LITERAL_SYN.len() {
        let cut = &LITERAL_SYN[..length];
        assert_eq!(line(&mut frames(), cut), "unreadable", "{length}");
    }
    let mut changed = LITERAL_SYN;
    for at in 0..LITERAL_SYN.len() {
        for value in [0, 1, 0x7f, 0xff] {
            changed[at] = value;
            // Whatever it is taken for, it is no reason to panic.
            let _ = frames().read(Nanos(0), &changed);
        }
        changed[at] = LITERAL_SYN[at];
    }
    let data = segment(UP, (5, 6), ACK, b"data");
    let why = "nobody saw the connection begin";
    assert_eq!(line(&mut frames(), &data), "unreadable", "{why}");
}

/// Ethernet and IPv6 around `transport`, from ::1 to ::1.
fn packet_v6(next: u8, behind: usize, transport: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(behind).unwrap_or(0).to_be_bytes();
    let mut frame = vec![0; 12];
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, high, low, next, 64]);
    for _ in 0..2 {
        frame.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
    frame.extend(transport);
    frame
}

#[test]
fn packets_of_ipv6_have_their_place_as_well() {
    let loopback = |port| core::net::SocketAddr::from((core::net::Ipv6Addr::LOCALHOST, port));
    let mut frames = Frames::new(loopback(SERVER), &[(loopback(CLIENT), origins(1))]);
    // The literal SYN's TCP header, its ports first.
    let syn = packet_v6(6, 40, &LITERAL_SYN[34..]);
    let event = frames.read(Nanos(1), &syn).unwrap().unwrap();
    assert_eq!((event.call, event.offset), (Call::Segment, Offset(0)));
    let header = event.header.unwrap();
    assert_eq!((header.mss, header.raw), (Some(65_495), syn));

    let datagram = |port: u16, extension: &[u8], next| {
        let mut udp = extension.to_vec();
        udp.extend(CLIENT.to_be_bytes());
        udp.extend(port.to_be_bytes());
        udp.extend([0, 10, 0, 0, b'h', b'i']);
        packet_v6(next, udp.len(), &udp)
    };
    let event = frames.read(Nanos(2), &datagram(SERVER, &[], 17)).unwrap();
    let event = event.unwrap();
    assert_eq!((event.call, &event.bytes[..]), (Call::Datagram, &b"hi"[..]));
    assert_eq!(event.header.unwrap().raw.len(), 14 + 40 + 8);
    // Behind an extension header (RFC 8200, 4.3): hop-by-hop options, 8 bytes, then UDP.
    let hops = [17, 0, 1, 4, 0, 0, 0, 0];
    let event = frames.read(Nanos(3), &datagram(SERVER, &hops, 0)).unwrap();
    let event = event.unwrap();
    assert_eq!((event.offset, &event.bytes[..]), (Offset(2), &b"hi"[..]));
    assert_eq!(event.header.unwrap().raw.len(), 14 + 40 + 8 + 8);
    // To somebody else, and cut off at any byte.
    assert_eq!(frames.read(Nanos(4), &datagram(9, &[], 17)), Ok(None));
    let whole = datagram(SERVER, &[], 17);
    for cut in 0..whole.len() {
        assert_eq!(
            frames.read(Nanos(5), &whole[..cut]),
            Err(Unreadable),
            "{cut}"
        );
    }
}
