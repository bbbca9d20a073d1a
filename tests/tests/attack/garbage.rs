//! Bytes that are no protocol, and lengths that are none.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tests::hmac::{KEY, hmac_md5};
use tests::{Census, websocket};

use super::bystander::Bystander;
use super::client::{dial, reset, to_the_end};
use super::victim::Victim;
use super::{ATTACKER, LISTENERS, STREAMS, each, sized};

/// Most bytes of one connection.
const MOST: usize = 4096;
/// A claimed length must cost nothing: this much memory, in KiB, is less than
/// one of them is.
const NOTHING: usize = 64 * 1024;

/// Random numbers that come again with the same seed (Vigna's splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        usize::try_from(self.next() % bound).expect("below a usize")
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(MOST))
            .map(|_| self.next().to_be_bytes()[0])
            .collect()
    }
}

/// `STICKYLAB_ATTACK_SEED`, to see a failure again; else the time.
fn seed() -> u64 {
    let given = std::env::var("STICKYLAB_ATTACK_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| now.as_secs() ^ u64::from(now.subsec_nanos()))
    })
}

/// Gets as far as a client that keeps to the rules; random bytes come next.
fn enter(victim: &Victim, random: &mut Random) -> Option<TcpStream> {
    let door = &victim.door;
    let mut stream = dial(ATTACKER, door.address).expect("it listens");
    let host = door.address.to_string();
    // Half of them send garbage from the first byte on.
    if random.below(2) == 0 {
        return Some(stream);
    }
    match door.name {
        "auth" => {
            let mut challenge = [0; 32];
            stream.read_exact(&mut challenge).ok()?;
            let answer = hmac_md5(KEY, &challenge);
            stream.write_all(&answer).ok()?;
        }
        "bridge" => websocket::open(&mut stream, &host, "/bridge/udp-echo").ok()?,
        "lab" => websocket::open(&mut stream, &host, "/lab").ok()?,
        _ => {}
    }
    Some(stream)
}

/// Random bytes on `count` connections, in random pieces, with random ends.
fn scribble(victim: &Victim, count: usize, random: &mut Random) {
    let (mut held, mut sent) = (Vec::new(), 0);
    for _ in 0..count {
        let Some(mut stream) = enter(victim, random) else {
            continue;
        };
        let bytes = random.bytes();
        let piece = 1 + random.below(MOST);
        for piece in bytes.chunks(piece) {
            // It may have closed.
            sent += usize::from(stream.write_all(piece).is_ok());
        }
        match random.below(3) {
            0 => reset(stream),
            1 => {
                let _ = stream.shutdown(Shutdown::Write);
                // One that is let in later may not answer while this is open.
                to_the_end(&mut stream).expect("it ends what was ended");
            }
            // One client at a time: held, it would hold up the next.
            _ if victim.door.name == "tcp-echo" => drop(stream),
            _ => held.push(stream),
        }
    }
    assert!(sent > 0, "something was sent");
}

#[test]
fn random_bytes_end_connections_and_nothing_else() {
    each(&LISTENERS, |name| {
        let seed = seed();
        let random = AtomicU64::new(seed);
        let victim = Victim::start(name, &[]);
        println!("random bytes at {name}: STICKYLAB_ATTACK_SEED={seed}");
        victim.withstands("random bytes", 20, sized(60, 2_000), |victim, count| {
            // One listener serves one client at a time: nobody else is in.
            let bystander = (name != "tcp-echo").then(|| Bystander::enter(&victim.door));
            let mut random = Random(random.fetch_add(1, Ordering::Relaxed));
            scribble(victim, count, &mut random);
            let trips = bystander.map_or(0, |bystander| bystander.leave().0.len());
            format!("{count} connections, seed {seed}; the other source made {trips} round trips")
        });
    });
}

#[test]
fn random_datagrams_are_datagrams() {
    let seed = seed();
    let victim = Victim::start("udp-echo", &[]);
    let count = sized(200, 20_000);
    victim.withstands("random bytes", 20, count, |victim, count| {
        let mut random = Random(seed);
        let socket = UdpSocket::bind((ATTACKER, 0)).expect("a port");
        socket.connect(victim.door.address).expect("an address");
        let patience = Some(Duration::from_secs(5));
        socket.set_read_timeout(patience).expect("an option");
        for _ in 0..count {
            let bytes = random.bytes();
            socket.send(&bytes).expect("sent");
            let mut answer = [0; MOST];
            let length = socket.recv(&mut answer).expect("an answer");
            let kept = bytes.len().min(1024);
            assert_eq!(answer[..length], *bytes[..kept].to_ascii_uppercase());
        }
        format!("{count} datagrams, seed {seed}")
    });
}

/// What can stand where a length has to.
fn lengths(name: &str) -> Vec<Vec<u8>> {
    let binary = |length: i32| {
        let mut bytes: Vec<_> = length.to_be_bytes().into_iter().rev().collect();
        bytes.extend_from_slice(b"body");
        bytes
    };
    match name {
        "ready-ack" => [
            "99999999999999999999",
            "18446744073709551616",
            "4294967295",
            "1048577",
            "-5",
            "+5",
            " 5",
            "0x5",
            "5x",
            "\n",
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .chain([vec![b'1'; 100_000], vec![b'0'; 100_000], vec![0; 16]])
        .collect(),
        _ => [-1, i32::MIN, i32::MAX, 0x0010_0001, -2]
            .into_iter()
            .map(binary)
            .collect(),
    }
}

/// Claims each length, `times` times, and is closed for it.
fn claim(victim: &Victim, times: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let lengths = lengths(door.name);
    let before = Census::of(victim.program.id()).expect("it runs").resident;
    for _ in 0..times {
        for length in &lengths {
            let mut stream = dial(ATTACKER, door.address).expect("it listens");
            if door.name == "auth" {
                let mut challenge = [0; 32];
                stream.read_exact(&mut challenge).expect("a challenge");
                let answer = hmac_md5(KEY, &challenge);
                stream.write_all(&answer).expect("it takes the answer");
            }
            // It may close before it has taken all.
            let _ = stream.write_all(length);
            let said = to_the_end(&mut stream).expect("it is closed");
            assert_eq!(said, b"", "{}", length.escape_ascii());
        }
    }
    let after = Census::of(victim.program.id()).expect("it runs").resident;
    assert!(after < before + NOTHING, "{before} KiB, then {after} KiB");
    let trips = bystander.leave().0.len();
    format!(
        "{} lengths that are none or too large, all refused; \
         the other source made {trips} round trips",
        times * lengths.len()
    )
}

#[test]
fn lengths_that_are_none_are_refused_and_cost_nothing() {
    let framed: Vec<_> = STREAMS.into_iter().filter(|s| *s != "tcp-echo").collect();
    each(&framed, |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("impossible lengths", 1, sized(3, 60), claim);
    });
}

/// Many frames of the largest length, begun and not finished.
fn begin(victim: &Victim, count: usize) -> String {
    let door = &victim.door;
    let bystander = Bystander::enter(door);
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = dial(ATTACKER, door.address).expect("it listens");
        if door.name == "auth" {
            let mut challenge = [0; 32];
            stream.read_exact(&mut challenge).expect("a challenge");
            let answer = hmac_md5(KEY, &challenge);
            stream.write_all(&answer).expect("it takes the answer");
        }
        let claimed = match door.name {
            "ready-ack" => b"1048576\nx".to_vec(),
            _ => b"\0\0\x10\0x".to_vec(),
        };
        stream.write_all(&claimed).expect("it takes it");
        held.push(stream);
    }
    let resident = Census::of(victim.program.id()).expect("it runs").resident;
    // All together claim more than that.
    assert!(resident < NOTHING, "{resident} KiB for {count} claims");
    bystander.leave();
    held.into_iter().for_each(reset);
    format!("{count} frames of 1 MiB begun and not sent: {resident} KiB resident")
}

#[test]
fn a_length_that_is_only_claimed_costs_nothing() {
    let framed: Vec<_> = STREAMS.into_iter().filter(|s| *s != "tcp-echo").collect();
    each(&framed, |name| {
        let victim = Victim::start(name, &[]);
        victim.withstands("claimed lengths", 100, 200, begin);
    });
}
