//! Datagrams that say they come from somewhere else, and too many of them.

use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use super::bystander::Bystander;
use super::victim::{Door, Victim};
use super::{ATTACKER, BYSTANDER, is_full, sized};
use socket2::{Domain, Protocol, Socket, Type};

/// Where well-known services are: echo, time, DNS, NTP.
const SERVICES: [u16; 4] = [7, 37, 53, 123];
/// SOCK_RAW of socket(2).
const RAW: i32 = 3;
/// The largest datagram over IPv4.
const LARGEST: usize = 65_507;
/// The room udp-echo gives each recv.
const BUFFER: usize = 1024;
/// Datagrams a second that one source is answered, and at once.
const RATE: f64 = 20_000.0;
/// Times that one port sends an empty datagram: one that is repeated more often
/// than 129 times counts as an echo loop, and has no answer.
const REPEATED: usize = 100;
/// Well above.
const BURST: usize = 100_000;

/// A datagram whose header is written by hand: over 127.0.0.1 it comes from
/// and goes to the same port, as if the server had sent it to itself.
fn forge(server: SocketAddr, text: &[u8]) {
    let socket = Socket::new(Domain::IPV4, Type::from(RAW), Some(Protocol::UDP));
    let socket = socket.expect("a raw socket");
    let port = server.port().to_be_bytes();
    let length = u16::try_from(8 + text.len()).expect("short").to_be_bytes();
    // A checksum of 0 is none (RFC 768).
    let mut bytes = [port, port, length, [0, 0]].concat();
    bytes.extend_from_slice(text);
    let any_port = SocketAddr::new(server.ip(), 0);
    socket.bind(&any_port.into()).expect("an address");
    let sent = socket.send_to(&bytes, &any_port.into());
    assert_eq!(sent.expect("the kernel takes it"), bytes.len());
}

/// Sends from each of these ports of another address, and as often with a
/// forged header. Each must find silence; a datagram behind them that has an
/// answer says that they have been seen.
fn spoof(victim: &Victim, ports: &[u16], forged: bool, times: usize) -> String {
    let door = &victim.door;
    let (start, mut sent) = (door.lines.count(), 0);
    let sources = ports.iter().map(|&port| UdpSocket::bind((ATTACKER, port)));
    let sources: Vec<_> = sources.map(|bound| bound.expect("the port")).collect();
    for round in 0..times {
        for socket in &sources {
            let text = format!("spoofed {round}");
            let text = text.as_bytes();
            socket.send_to(text, door.address).expect("sent");
            sent += 1;
        }
        if forged {
            forge(door.address, b"forged");
            sent += 1;
        }
        door.try_whole(ATTACKER).expect("others are answered");
    }
    for socket in &sources {
        socket.set_nonblocking(true).expect("an option");
        let answer = socket.recv(&mut [0; 64]);
        assert!(answer.is_err(), "{socket:?} was answered");
    }
    // What is answered is also printed; one that was forged would be answered
    // to the server itself, and that again.
    let lines = door.lines.since(start);
    let taken = |line: &&String| {
        let line = line.to_lowercase();
        line.contains("spoofed") || line.contains("forged")
    };
    assert_eq!(lines.iter().find(taken), None);
    format!("{sent} datagrams: no answer")
}

#[test]
fn what_comes_from_its_own_port_is_not_answered() {
    let victim = Victim::start("udp-echo", &[]);
    let port = victim.door.address.port();
    let attack = |victim: &Victim, times| spoof(victim, &[port], false, times);
    victim.withstands("datagrams from its own port", 1, sized(5, 1_000), attack);
}

#[test]
#[ignore = "needs CAP_NET_RAW and CAP_NET_BIND_SERVICE"]
fn what_looks_like_itself_or_like_a_service_is_not_answered() {
    let victim = Victim::start("udp-echo", &[]);
    let attack = |victim: &Victim, times| spoof(victim, &SERVICES, true, times);
    victim.withstands("spoofed datagrams", 1, sized(5, 1_000), attack);
}

/// Datagrams of every size; what comes back is never more.
fn measure(victim: &Victim, times: usize) -> String {
    let door = &victim.door;
    let socket = || {
        let socket = UdpSocket::bind((ATTACKER, 0)).expect("a port");
        socket.connect(door.address).expect("an address");
        let patience = Some(tests::PATIENCE);
        socket.set_read_timeout(patience).expect("an option");
        socket
    };
    let mut sender = socket();
    let (mut out, mut back) = (0, 0);
    let mut buffer = vec![0; LARGEST + 1];
    for time in 1..=times {
        if time % REPEATED == 0 {
            sender = socket();
        }
        for size in [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, LARGEST] {
            let sent = sender.send(&vec![b'x'; size]).expect("sent");
            let received = sender.recv(&mut buffer).expect("an answer");
            assert_eq!(received, sent.min(BUFFER));
            (out, back) = (out + sent, back + received);
        }
    }
    assert!(back <= out);
    format!("{out} bytes in, {back} bytes out")
}

#[test]
fn never_more_comes_out_than_went_in() {
    let victim = Victim::start("udp-echo", &[]);
    victim.withstands("datagrams of every size", 1, sized(10, 1_000), measure);
}

/// As many as the machine sends, from one source, while another one talks.
fn flood(victim: &Victim, count: usize) -> String {
    let Door { address, .. } = victim.door;
    let bystander = Bystander::enter(&victim.door);
    let socket = UdpSocket::bind((ATTACKER, 0)).expect("a port");
    socket.connect(address).expect("an address");
    socket.set_nonblocking(true).expect("an option");
    let (started, mut buffer, mut back) = (Instant::now(), [0; 64], 0_u32);
    for _ in 0..count {
        // Full buffers lose it, as on any way.
        let _ = socket.send(b"flood");
        back += u32::from(socket.recv(&mut buffer).is_ok());
    }
    let took = started.elapsed();
    // Whoever comes behind it is answered behind it.
    victim.serves(BYSTANDER);
    while socket.recv(&mut buffer).is_ok() {
        back += 1;
    }
    let most = RATE * (1.0 + started.elapsed().as_secs_f64());
    assert!(f64::from(back) <= most, "{back} answers to {count}");
    let (trips, lost) = bystander.leave();
    format!(
        "{count} datagrams in {:.2} s, {back} answered; \
         the other source made {} round trips and lost {lost} datagrams",
        took.as_secs_f64(),
        trips.len()
    )
}

#[test]
fn a_flood_of_datagrams_is_answered_up_to_the_rate() {
    let victim = Victim::start("udp-echo", &[]);
    let log = victim.program.err.clone();
    victim.withstands("datagram flood", BURST, sized(BURST, 20 * BURST), flood);
    // Built without optimisation it may be too slow to see that many.
    if is_full() {
        let said = |line: &String| line.contains("its source comes too often");
        assert!(log.all().iter().any(said), "no refusal is logged");
    }
}
