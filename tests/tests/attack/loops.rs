//! Echo servers that are made to answer each other: by a datagram that one of
//! them believes to be from the other.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::{PATIENCE, Program, Server, eventually, proc, stickylab};

use super::victim::Victim;
use super::{ATTACKER, sized};

/// Hops that a server allows: its budget, the first one, and the one that it
/// does not answer.
const HOPS: usize = 130;

/// Between two pairs of the load generator's datagrams, on average: 16,000
/// datagrams a second, of the 20,000 that one source is answered.
const PACE: Duration = Duration::from_micros(125);

/// Where the other server is. Nobody else binds this address, so that a port of
/// it stays free between the socket that takes it first and the server.
const MIRROR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

/// Another udp-echo, which the datagrams that `make` sends to the victim
/// seem to come from. No raw socket is needed: they are sent from the address
/// before the other server has it, while the victim is stopped (SIGSTOP).
fn other(victim: &Victim, arguments: &[&str], seeds: usize) -> Program {
    let socket = UdpSocket::bind((MIRROR, 0)).expect("a free port");
    let address = socket.local_addr().expect("bound").to_string();
    victim.program.signal(Signal::STOP);
    eventually("it is stopped", || {
        proc::is_stopped(victim.program.id()).then_some(())
    });
    for seed in 0..seeds {
        let text = format!("hello {seed}");
        socket
            .send_to(text.as_bytes(), victim.door.address)
            .expect("it is sent");
    }
    drop(socket);
    let mut command = stickylab(&["server", "udp-echo", "--listen", &address]);
    let other = Program::start(command.args(arguments));
    let listening = |line: &str| line.starts_with("listening ");
    other.out.wait_for("the other server", listening);
    victim.program.signal(Signal::CONT);
    other
}

/// How many datagrams a program has answered.
fn hops(lines: &tests::Lines, start: usize) -> usize {
    let lines = lines.since(start);
    let hops = lines
        .iter()
        .filter(|line| line.contains("HELLO ") || line.contains("hello "));
    hops.count()
}

/// Two that answer each other, until they don't.
fn bounce(victim: &Victim, arguments: &[&str], seeds: usize) -> String {
    let start = victim.door.lines.count();
    let other = other(victim, arguments, seeds);
    let count = || hops(&victim.door.lines, start) + hops(&other.out, 0);
    // Each goes round until one of the two has seen it too often.
    let least = seeds * 2 * (HOPS - 2);
    eventually("they go round", || (count() >= least).then_some(()));
    silent(&[victim.door.address, address(&other)], count);
    let hops = count();
    assert!(hops <= seeds * 2 * HOPS, "{hops} hops of {seeds} datagrams");
    let finished = other.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0));
    format!("{seeds} datagrams went {hops} hops between two servers")
}

fn address(server: &Program) -> SocketAddr {
    let line = server
        .out
        .wait_for("its address", |line| line.starts_with("listening "));
    let address = line.rsplit(' ').next().unwrap_or_default();
    address.parse().expect("an address")
}

/// Until nothing goes round any more: who asks each of `servers` in turn,
/// twice, is answered behind whatever was on its way.
fn silent(servers: &[SocketAddr], count: impl Fn() -> usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let before = count();
        for server in servers.iter().chain(servers) {
            let socket = UdpSocket::bind((ATTACKER, 0)).expect("a free port");
            socket.set_read_timeout(Some(PATIENCE)).expect("an option");
            socket.send_to(b"quiet?", server).expect("it is sent");
            let (length, _) = socket.recv_from(&mut [0; 16]).expect("an answer");
            assert_eq!(length, 6);
        }
        // What a slow one has not printed yet.
        thread::sleep(Duration::from_millis(50));
        if count() == before {
            return;
        }
        assert!(Instant::now() < deadline, "it goes on");
    }
}

#[test]
fn two_echo_servers_do_not_answer_each_other_for_ever() {
    let victim = Victim::start("udp-echo", &[]);
    victim.withstands("echo loop", 1, sized(5, 100), |victim, seeds| {
        bounce(victim, &[], seeds)
    });
}

#[test]
fn nor_do_they_if_one_takes_its_time() {
    let victim = Victim::start("udp-echo", &[]);
    victim.withstands("slow echo loop", 1, sized(1, 5), |victim, seeds| {
        bounce(victim, &["--read-delay=5ms"], seeds)
    });
}

/// Three servers, each of which believes that the one before it speaks: what
/// one answers is passed on to the next from the address that the next one
/// answers to.
fn cycle(victim: &Victim, rounds: usize) -> String {
    let others = [
        Server::start("udp-echo", &[]),
        Server::start("udp-echo", &[]),
    ];
    let servers = [victim.door.address, others[0].address, others[1].address];
    let sockets = servers.map(|server| {
        let socket = UdpSocket::bind((ATTACKER, 0)).expect("a free port");
        socket.connect(server).expect("an address");
        socket
    });
    let mut hops = 0;
    for round in 0..rounds {
        let mut datagram = format!("hello {round}").into_bytes();
        // Sent with a reminder behind it: what is answered is not the first.
        'around: loop {
            for socket in &sockets {
                socket.set_read_timeout(Some(PATIENCE)).expect("an option");
                socket.send(&datagram).expect("it is sent");
                socket.send(b"and this?").expect("it is sent");
                let mut buffer = [0; 64];
                let length = socket.recv(&mut buffer).expect("an answer");
                if buffer[..length] == *b"AND THIS?" {
                    break 'around;
                }
                datagram = buffer[..length].to_vec();
                let length = socket.recv(&mut buffer).expect("an answer");
                assert_eq!(&buffer[..length], b"AND THIS?");
                hops += 1;
            }
            assert!(hops <= (round + 1) * 3 * HOPS, "{hops} hops of {rounds}");
        }
    }
    for server in others {
        server.stop();
    }
    format!("{rounds} datagrams went {hops} hops among three servers")
}

#[test]
fn three_echo_servers_do_not_pass_a_datagram_around_for_ever() {
    let victim = Victim::start("udp-echo", &[]);
    victim.withstands("echo cycle", 1, sized(2, 20), cycle);
}

/// Somebody who says the same again and again, and a generator of load.
fn talk(victim: &Victim, times: usize) -> String {
    let said = |socket: &UdpSocket, text: &[u8]| {
        socket.send(text).expect("it is sent");
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).expect("an answer");
        assert_eq!(buffer[..length], text.to_ascii_uppercase());
    };
    let socket = || {
        let socket = UdpSocket::bind((ATTACKER, 0)).expect("a free port");
        socket.connect(victim.door.address).expect("an address");
        socket.set_read_timeout(Some(PATIENCE)).expect("an option");
        socket
    };
    let person = socket();
    for _ in 0..100 {
        said(&person, b"HELLO");
    }
    let generator = socket();
    let start = Instant::now();
    for number in 0..times {
        let due = start + PACE * u32::try_from(number).expect("a count");
        thread::sleep(due.saturating_duration_since(Instant::now()));
        said(&generator, b"hello, the same again");
        said(&generator, format!("NUMBER {number}").as_bytes());
    }
    format!("100 times the same and {times} numbers, all answered")
}

#[test]
fn who_is_no_echo_is_answered() {
    let victim = Victim::start("udp-echo", &[]);
    victim.withstands("no echo loop", 100, sized(1_000, 100_000), talk);
}

mod timed {
    use super::super::bystander::{ROUNDS, compare};
    use super::super::is_full;
    use super::*;

    /// Mirrors that answer at the same time.
    const MIRRORS: usize = 8;

    #[test]
    fn echo_loops_slow_down_nobody() {
        if !is_full() {
            return;
        }
        let twin = Victim::start("udp-echo", &[]);
        let victim = Victim::start("udp-echo", &[]);
        let make = |victim: &Victim, rounds| {
            let effect = compare(&victim.door, &twin.door, rounds, |door, phase| {
                let mirrors: Vec<_> = (0..MIRRORS)
                    .map(|_| {
                        let socket = UdpSocket::bind((ATTACKER, 0)).expect("a free port");
                        socket.connect(door.address).expect("an address");
                        let patience = Some(Duration::from_millis(1));
                        socket.set_read_timeout(patience).expect("an option");
                        socket
                    })
                    .collect();
                phase.begin();
                let mut buffer = [0; 64];
                while !phase.is_over() {
                    for socket in &mirrors {
                        // A loop that has ended is begun again.
                        let echo = match socket.recv(&mut buffer) {
                            Ok(length) => &buffer[..length],
                            Err(_) => b"hello",
                        };
                        // Full buffers lose it.
                        let _ = socket.send(echo);
                    }
                }
            });
            effect.check("echo loops");
            effect.to_string()
        };
        victim.withstands("echo loops, timed", 1, ROUNDS, make);
    }
}
