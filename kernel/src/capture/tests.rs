use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Instant, SystemTime};

use super::*;
use crate::Protocol;

fn socket() -> (UdpSocket, SocketAddrV4) {
    bound(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
}

fn bound(address: SocketAddrV4) -> (UdpSocket, SocketAddrV4) {
    let socket = UdpSocket::bind(address).unwrap();
    let std::net::SocketAddr::V4(address) = socket.local_addr().unwrap() else {
        panic!("it is IPv4");
    };
    (socket, address)
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn only_what_the_filter_names_is_captured_each_once_and_in_time() {
    let other = |port| SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), port);
    let (server, to_server) = socket();
    let (first, to_first) = socket();
    let (second, to_second) = bound(other(0));
    let (stranger, to_stranger) = socket();
    // They differ from the first and from the server in the address alone.
    let (namesake, to_namesake) = bound(other(to_first.port()));
    let (_double, to_double) = bound(other(to_server.port()));
    let filter = Filter {
        protocol: Protocol::Udp,
        server: to_server.into(),
        clients: vec![to_first.into(), to_second.into()],
    };
    let mut capture = Capture::open(&filter).expect("CAP_NET_RAW");
    let before = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let big = vec![b'b'; 60_000];
    stranger.send_to(b"no", to_server).unwrap();
    namesake.send_to(b"no", to_server).unwrap();
    first.send_to(b"no", to_double).unwrap();
    first.send_to(b"one", to_server).unwrap();
    second.send_to(&big, to_server).unwrap();
    first.send_to(b"no", to_second).unwrap();
    server.send_to(b"no", to_stranger).unwrap();
    server.send_to(b"no", to_namesake).unwrap();
    server.send_to(b"two", to_second).unwrap();
    let after = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let mut payloads = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    while payloads.len() < 3 {
        assert!(Instant::now() < deadline, "{} of 3", payloads.len());
        let taken = capture.take(|frame| {
            assert!(frame.at >= before && frame.at <= after, "{:?}", frame.at);
            assert_eq!((frame.bytes.len(), frame.gso), (frame.length, None));
            // Behind Ethernet, IPv4 and UDP header.
            payloads.push(frame.bytes[14 + 20 + 8..].to_vec());
        });
        taken.unwrap();
    }
    assert_eq!(payloads, [b"one".to_vec(), big, b"two".to_vec()]);
    let passed = capture.statistics().unwrap();
    assert_eq!((passed.passed, passed.dropped), (3, 0));
    assert_eq!(capture.statistics().unwrap(), passed, "they add up");
}

/// A socket of IPv6 on loopback and its address; none where there is no IPv6.
fn ipv6() -> Option<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind("[::1]:0").ok()?;
    let address = socket.local_addr().ok()?;
    Some((socket, address))
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn of_ipv6_the_ports_tell_who_is_who() {
    let (Some((server, to_server)), Some((client, to_client)), Some((stranger, _))) =
        (ipv6(), ipv6(), ipv6())
    else {
        eprintln!("not compared: there is no IPv6 here");
        return;
    };
    let filter = Filter {
        protocol: Protocol::Udp,
        server: to_server,
        clients: vec![to_client],
    };
    let mut capture = Capture::open(&filter).expect("CAP_NET_RAW");
    stranger.send_to(b"no", to_server).unwrap();
    stranger.send_to(b"no", to_client).unwrap();
    client.send_to(b"one", to_server).unwrap();
    client.send_to(b"no", to_client).unwrap();
    server.send_to(b"two", to_client).unwrap();
    let mut payloads = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while payloads.len() < 2 {
        assert!(Instant::now() < deadline, "{payloads:?}");
        // Behind Ethernet, IPv6 and UDP header.
        let each = |frame: Frame<'_>| payloads.push(frame.bytes[14 + 40 + 8..].to_vec());
        capture.take(each).unwrap();
    }
    assert_eq!(payloads, [b"one", b"two"]);
    assert_eq!(capture.statistics().unwrap().passed, 2);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn fragments_are_captured_and_those_of_a_stranger_are_not() {
    let (Some((_server, to_server)), Some((client, to_client)), Some((stranger, _))) =
        (ipv6(), ipv6(), ipv6())
    else {
        eprintln!("not captured: there is no IPv6 here");
        return;
    };
    let filter = Filter {
        protocol: Protocol::Udp,
        server: to_server,
        clients: vec![to_client],
    };
    let mut capture = Capture::open(&filter).expect("CAP_NET_RAW");
    // More than a packet of 64 KiB has room for.
    let long = vec![b'x'; 65_527];
    stranger.send_to(&long, to_server).unwrap();
    client.send_to(&long, to_server).unwrap();
    stranger.send_to(&long, to_server).unwrap();
    client.send_to(b"end", to_server).unwrap();
    let mut payloads: Vec<Vec<u8>> = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while payloads.last().is_none_or(|last| !last.ends_with(b"end")) {
        assert!(Instant::now() < deadline, "{} of 3", payloads.len());
        // Behind the Ethernet and the IPv6 header.
        let each = |frame: Frame<'_>| payloads.push(frame.bytes[14 + 40..].to_vec());
        capture.take(each).unwrap();
    }
    assert_eq!(payloads.len(), 3);
    // Each has a fragment header, the first one UDP's, too.
    let lengths = payloads[..2].iter().map(|payload| payload.len() - 8);
    assert_eq!(lengths.sum::<usize>(), 8 + long.len());
    let statistics = capture.statistics().unwrap();
    assert_eq!((statistics.passed, statistics.dropped), (3, 0));
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn what_does_not_fit_the_ring_is_counted() {
    let ((server, to_server), (client, to_client)) = (socket(), socket());
    let filter = Filter {
        protocol: Protocol::Udp,
        server: to_server.into(),
        clients: vec![to_client.into()],
    };
    let mut capture = Capture::open(&filter).expect("CAP_NET_RAW");
    let big = vec![0; 60_000];
    for _ in 0..200 {
        client.send_to(&big, to_server).unwrap();
    }
    let statistics = capture.statistics().unwrap();
    assert_eq!(statistics.passed, 200);
    assert!(statistics.dropped > 0);
    let mut taken = 0;
    let deadline = Instant::now() + Duration::from_secs(10);
    while taken + statistics.dropped < 200 {
        assert!(Instant::now() < deadline, "{taken}, {statistics:?}");
        capture.take(|_| taken += 1).unwrap();
    }
    drop(server);
}

#[test]
fn a_broken_block_has_no_frames() {
    let mut block = vec![0_u8; 200];
    block[12] = 9;
    block[16] = 48;
    block[48 + 12] = 10;
    block[48 + 24] = 82;
    block[48] = 0;
    // Nine times the same: the offset to the next is 0.
    assert_eq!(Frames::of(&block, true).count(), 9);
    for (at, value) in [(16, 255), (48 + 13, 255), (48 + 25, 255)] {
        let mut broken = block.clone();
        broken[at] = value;
        assert_eq!(Frames::of(&broken, true).count(), 0, "{at}");
    }
    assert_eq!(Frames::of(&[], true).count(), 0);
}
