//! Datagrams: each sender has a socket of its own.

use std::net::UdpSocket;

use rustix::process::Signal;
use tests::{Datagrams, nobody_udp, proc};

use super::{Proxy, hex};

#[test]
fn each_sender_has_a_socket_of_its_own_and_its_answers() {
    let server = Datagrams::new();
    let proxy = Proxy::start("udp::0", &format!("udp:{}", server.address()), &[]);
    assert!(proxy.listening.starts_with("udp "));
    let [one, other] = [(); 2].map(|()| Datagrams::to(proxy.address()));
    one.send(b"one");
    let (said, from_one) = server.receive_from();
    assert_eq!(said, b"one");
    other.send(b"");
    let (said, from_other) = server.receive_from();
    assert!(said.is_empty(), "no bytes are a datagram, too");
    assert_ne!(from_one, from_other);
    one.send(&vec![7; 40_000]);
    let (said, again) = server.receive_from();
    assert_eq!((said.len(), again), (40_000, from_one));
    server.send_to(b"to other", from_other);
    server.send_to(b"to one", from_one);
    assert_eq!(other.receive(), b"to other");
    assert_eq!(one.receive(), b"to one");
    let record = proxy.stop(Signal::INT);
    let connections = record.of_type("connection");
    assert_eq!(connections.len(), 4);
    assert!(connections.iter().all(|line| line["transport"] == "udp"));
    assert_eq!(
        connections[0]["opener"]["address"],
        one.address().to_string()
    );
    assert_eq!(
        connections[2]["opener"]["address"],
        other.address().to_string()
    );
    assert_eq!(
        connections[1]["acceptor"]["address"],
        server.address().to_string()
    );
    let long = hex(&vec![7; 40_000]);
    let expected = [
        "recv 6f6e65".to_owned(),
        format!("recv {long}"),
        format!("send {}", hex(b"to one")),
    ];
    assert_eq!(record.calls(1), expected);
    assert_eq!(
        record.calls(3),
        ["recv".to_owned(), format!("send {}", hex(b"to other"))]
    );
    assert_eq!(
        record.calls(4)[..2],
        ["send".to_owned(), format!("recv {}", hex(b"to other"))]
    );
}

#[test]
fn what_nobody_takes_is_in_the_record_and_ends_nothing() {
    let (_held, nobody) = nobody_udp();
    let proxy = Proxy::start("udp::0", &format!("udp:{nobody}"), &[]);
    let client = Datagrams::to(proxy.address());
    // The kernel's answer to a datagram (ICMP) is the error of a later call.
    for _ in 0..20 {
        client.send(b"lost");
        // Its receive queue in the kernel's table of sockets.
        let port = format!(":{:04X}", proxy.address().port());
        let all_taken = || {
            let sockets = proc::sockets(proxy.program.id(), "udp");
            let own = sockets.iter().find(|socket| socket[1].ends_with(&port))?;
            own[4].ends_with(":00000000").then_some(())
        };
        tests::eventually("it has taken the datagram", all_taken);
    }
    let record = proxy.stop(Signal::INT);
    let calls = record.calls(2);
    assert_eq!(record.calls(1).len(), 20, "all came: {calls:?}");
    assert!(
        calls.iter().any(|call| call.ends_with("failed")),
        "{calls:?}"
    );
    assert_eq!(record.finished.code, Some(0));
}

#[test]
fn that_nobody_takes_datagrams_is_said_once_until_there_is_an_answer() {
    let (_held, nobody) = nobody_udp();
    // While it is connected with somebody else, the kernel refuses what others send it.
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    server.set_nonblocking(true).expect("an option");
    let address = server.local_addr().expect("it is bound");
    let proxy = Proxy::start("udp::0", &format!("udp:{address}"), &[]);
    let client = Datagrams::to(proxy.address());
    let said = |part: &str| {
        let all = proxy.program.err.all();
        all.iter().filter(|line| line.contains(part)).count()
    };
    let gone = format!("cannot reach udp {address}");
    let back = format!("udp {address} can be reached again");
    let mut room = [0; 16];
    let mut heard = || {
        client.send(b"up");
        server.recv_from(&mut room).ok().map(|(_, from)| from)
    };
    let mut from = tests::eventually("the server gets a datagram", &mut heard);
    for _ in 0..2 {
        let before = [said(&gone), said(&back)];
        server.connect(nobody).expect("an address");
        tests::eventually("it is said that nobody is there", || {
            client.send(b"down");
            (said(&gone) > before[0]).then_some(())
        });
        for _ in 0..20 {
            client.send(b"down");
        }
        // What came before is not what comes now.
        while server.recv_from(&mut [0; 16]).is_ok() {}
        server.connect(from).expect("an address");
        from = tests::eventually("the server gets a datagram", &mut heard);
        assert_eq!(said(&gone), before[0] + 1, "it is said once");
        server.send(b"answer").expect("the kernel takes it");
        assert_eq!(client.receive(), b"answer");
        tests::eventually("it is said that it is there again", || {
            (said(&back) > before[1]).then_some(())
        });
    }
    assert_eq!(proxy.stop(Signal::INT).finished.code, Some(0));
}
