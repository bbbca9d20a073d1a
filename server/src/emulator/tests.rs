use std::net::UdpSocket;
use std::sync::mpsc::channel;

use super::*;

#[test]
fn only_what_programs_send_goes_on() {
    let frame = |kind: [u8; 2], at: usize, value: u8, length: usize| {
        let mut frame = vec![0; length];
        frame[12..14].copy_from_slice(&kind);
        frame[at] = value;
        frame
    };
    let check = |frame: &[u8], expected: bool| assert_eq!(is_of_the_interface(frame), expected);
    check(&frame([8, 0], 14 + 9, 6, 60), false);
    check(&frame([8, 0], 14 + 9, 1, 60), false);
    check(&frame([8, 0], 14 + 9, 2, 60), true);
    check(&frame([8, 6], 14, 0, 60), true);
    check(&frame([0x86, 0xdd], 14 + 6, 17, 80), false);
    check(&frame([0x86, 0xdd], 14 + 6, 0, 80), true);
    let mut icmp = frame([0x86, 0xdd], 14 + 6, 58, 80);
    for (kind, expected) in [
        (128, false),
        (129, false),
        (2, false),
        (133, true),
        (143, true),
    ] {
        icmp[14 + 40] = kind;
        check(&icmp, expected);
    }
    for end in 0..icmp.len() {
        let _ = is_of_the_interface(&icmp[..end]);
    }
}

/// Two sockets across a link, and what it tells.
fn across(settings: &str) -> (Emulator, [UdpSocket; 2], std::sync::mpsc::Receiver<Seen>) {
    let (seen, told) = channel();
    let settings: LinkSettings = settings.parse().expect("a link");
    let cable = Cable::new(settings.mtu);
    let cable = cable.expect("CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW");
    let sockets = Side::ALL.map(|side| {
        let bound = cable
            .side(side)
            .within(|| UdpSocket::bind((side.ipv4(), 0)));
        let socket = bound.expect("the side has the address");
        let patience = Some(Duration::from_secs(30));
        socket.set_read_timeout(patience).expect("a socket");
        socket
    });
    let link = Emulator::start(cable, &settings, Instant::now(), Some(seen));
    let link = link.expect("a thread");
    (link, sockets, told)
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn a_datagram_is_under_way_for_as_long_as_was_asked_and_what_became_of_it_is_told() {
    let (link, [a, b], told) = across("delay=20ms/5ms,duplicate=100%/0%");
    let begun = Instant::now();
    a.send_to(b"ping", b.local_addr().expect("bound"))
        .expect("sent");
    let mut room = [0; 16];
    let (length, from) = b.recv_from(&mut room).expect("it arrives");
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert_eq!(
        (&room[..length], from),
        (&b"ping"[..], a.local_addr().expect("bound"))
    );
    assert_eq!(b.recv_from(&mut room).expect("twice").0, 4);
    b.send_to(b"pong", from).expect("sent");
    assert_eq!(a.recv_from(&mut room).expect("it arrives").0, 4);
    assert!(begun.elapsed() >= Duration::from_millis(25));
    assert_eq!(link.finish().expect("it went on until now"), 0);
    let told: Vec<_> = told.iter().collect();
    let [
        Seen::Entered {
            number: 0,
            at: first,
            bytes,
        },
        Seen::Left {
            number: 0,
            transit: up,
        },
        Seen::Entered {
            number: 1,
            at: second,
            ..
        },
        Seen::Left {
            number: 1,
            transit: down,
        },
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(bytes[42..], *b"ping");
    assert!(up.twice && !down.twice && !up.late && up.lost.is_none());
    let took = |from: &Nanos, transit: &Transit| transit.arrived.expect("it arrived") - *from;
    assert!(took(first, up) >= Nanos::from_millis(20));
    assert!(took(second, down) >= Nanos::from_millis(5));
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn what_is_lost_is_told_at_once() {
    let (link, [a, b], told) = across("loss=100%/0%");
    a.send_to(b"gone", b.local_addr().expect("bound"))
        .expect("sent");
    let patience = Duration::from_secs(30);
    assert!(matches!(
        told.recv_timeout(patience),
        Ok(Seen::Entered { number: 0, .. })
    ));
    let Ok(Seen::Left { number: 0, transit }) = told.recv_timeout(patience) else {
        panic!("it is told");
    };
    assert_eq!(
        (transit.lost, transit.arrived),
        (Some(record::Loss::Chance), None)
    );
    link.finish().expect("it went on until now");
}
