use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Passes on what comes until `is_done`, and gives the frames of each side. Without reports of
/// multicast groups, which a kernel repeats when it likes (RFC 3810, 6.1): whoever uses a cable
/// leaves them out.
fn pass(cable: &mut Cable, mut is_done: impl FnMut() -> bool) -> [Vec<Vec<u8>>; 2] {
    let mut frames = [Vec::new(), Vec::new()];
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_done() {
        assert!(Instant::now() < deadline, "{frames:?}");
        let [a, b] = &mut cable.ports;
        let within = Some(Duration::from_millis(10));
        crate::wait(&[a.as_fd(), b.as_fd()], within).unwrap();
        frames[0].extend(pass_on(a, b));
        frames[1].extend(pass_on(b, a));
    }
    for of_side in &mut frames {
        of_side.retain(|frame| !is_report(frame));
    }
    frames
}

/// Whether a frame has IPv6 with hop-by-hop options, as reports of multicast groups do (RFC 3810,
/// 5).
fn is_report(frame: &[u8]) -> bool {
    frame[12..14] == [0x86, 0xdd] && frame[14 + 6] == 0
}

fn pass_on(from: &mut Port, to: &Port) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let took = from.take(|at, frame| {
        assert!(at.is_some(), "the kernel stamps each");
        frames.push(frame.to_vec());
    });
    assert_eq!(took.unwrap(), frames.len());
    let all: Vec<_> = frames.iter().map(Vec::as_slice).collect();
    assert_eq!(to.send(&all).unwrap_or(0), all.len());
    frames
}

/// A listener at side B, and what one stream carried to it.
fn stream(cable: &mut Cable, address: SocketAddr, bytes: usize) -> [Vec<Vec<u8>>; 2] {
    let listener = cable.side(Side::B).within(|| TcpListener::bind(address));
    let listener = listener.unwrap();
    let address = listener.local_addr().unwrap();
    let reader = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all
    });
    let side = cable.side(Side::A).as_fd().try_clone_to_owned().unwrap();
    let writer = thread::spawn(move || {
        NetworkNamespace::of(side).enter().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&vec![7; bytes]).unwrap();
    });
    let frames = pass(cable, || reader.is_finished() && writer.is_finished());
    writer.join().unwrap();
    assert_eq!(reader.join().unwrap(), vec![7; bytes]);
    frames
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn segments_and_datagrams_of_both_families_cross_it_and_nothing_else_does() {
    let mut cable = Cable::new(1_500).expect("CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW");
    for (address, headers) in [
        (SocketAddr::from((Side::B.ipv4(), 0)), 14 + 20 + 32),
        (SocketAddr::from((Side::B.ipv6(), 0)), 14 + 40 + 32),
    ] {
        let [there, back] = stream(&mut cable, address, 5_000);
        let largest = there.iter().map(Vec::len).max();
        assert_eq!(largest, Some(1_514), "nothing is left to the adapter");
        let payload = there.iter().skip(2).map(|frame| frame.len() - headers);
        assert!(payload.sum::<usize>() >= 5_000, "{address}");
        // Some may be the end of the stream before.
        for frame in there.iter().chain(&back) {
            let protocol = match frame[12..14] {
                [8, 0] => frame[14 + 9],
                [0x86, 0xdd] => frame[14 + 6],
                _ => panic!("nobody asks for an address: {frame:?}"),
            };
            assert_eq!(protocol, 6, "{frame:?}");
        }
    }
    let socket = |side: Side| {
        let bound = cable
            .side(side)
            .within(|| UdpSocket::bind((side.ipv4(), 0)));
        bound.unwrap()
    };
    let (a, b) = (socket(Side::A), socket(Side::B));
    a.send_to(&[3; 2_000], b.local_addr().unwrap()).unwrap();
    let reader = thread::spawn(move || b.recv_from(&mut [0; 4_000]).unwrap());
    let frames = pass(&mut cable, || reader.is_finished());
    let (length, from) = reader.join().unwrap();
    assert_eq!((length, from), (2_000, a.local_addr().unwrap()));
    let lengths = frames.map(|frames| {
        let datagrams = frames.iter().filter(|frame| frame[14 + 9] == 17);
        datagrams.map(Vec::len).collect::<Vec<_>>()
    });
    // RFC 791: 1,480 and 528 bytes behind the headers.
    assert_eq!(lengths, [vec![1_514, 14 + 20 + 528], vec![]]);
    assert_eq!(cable.ports[0].lost().unwrap(), 0);
}

#[test]
#[ignore = "needs CAP_NET_RAW"]
fn two_cables_know_nothing_of_each_other_and_each_side_has_its_loopback() {
    let cables = [576, 9_000].map(|mtu| Cable::new(mtu).expect("CAP_SYS_ADMIN"));
    for (cable, has_ipv6) in cables.iter().zip([false, true]) {
        for side in Side::ALL {
            let bound = cable.side(side).within(|| {
                let listener = TcpListener::bind("127.0.0.1:80")?;
                TcpStream::connect(listener.local_addr()?)?;
                TcpListener::bind((side.ipv4(), 80))?;
                Ok(TcpListener::bind((side.ipv6(), 80)).is_ok())
            });
            assert_eq!(bound.unwrap(), has_ipv6);
        }
    }
}
