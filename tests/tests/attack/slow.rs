//! Clients that send so slowly that they never end: slow-loris.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use tests::hmac::{KEY, hmac_md5};
use tests::websocket;

use super::bystander::Bystander;
use super::client::dial;
use super::victim::{Door, Victim};
use super::{ATTACKER, each, is_full};

/// Between two bytes.
const PACE: Duration = Duration::from_millis(100);
/// Short deadlines for the small run; the full one has the defaults.
const SHORT: [&str; 3] = [
    "--frame-deadline=1s",
    "--handshake-deadline=2s",
    "--head-deadline=1s",
];
/// The shortest of them.
const SHORTEST: Duration = Duration::from_secs(1);
/// What is closed sooner was not slow.
const AT_ONCE: Duration = Duration::from_secs(20);
/// Slower than all deadlines together.
const PATIENCE: Duration = Duration::from_mins(2);

/// A way to be slow.
struct Way {
    what: &'static str,
    listener: &'static str,
    /// The flag of its deadline, shortened in the small run.
    flag: usize,
    /// Sent at once, behind a handshake; then one byte after another.
    begin: &'static [u8],
    drip: u8,
    clients: usize,
}

const WAYS: [Way; 10] = [
    Way {
        what: "slow-loris in the header",
        listener: "length-prefix",
        flag: 0,
        begin: b"\xff",
        drip: SILENT,
        clients: 50,
    },
    Way {
        what: "slow-loris in the body",
        listener: "length-prefix",
        flag: 0,
        begin: b"\xff\xff\0\0",
        drip: b'x',
        clients: 50,
    },
    Way {
        what: "slow-loris in the body",
        listener: "ready-ack",
        flag: 0,
        begin: b"50000\n",
        drip: b'x',
        clients: 50,
    },
    Way {
        what: "slow-loris in the body",
        listener: "auth",
        flag: 0,
        begin: b"\xff\xff\0\0",
        drip: b'x',
        clients: 50,
    },
    Way {
        what: "silence in the header",
        listener: "auth",
        flag: 0,
        begin: b"\xff\xff",
        drip: SILENT,
        clients: 50,
    },
    // Fewer: each is a failed handshake, and the test waits for the last back-off.
    Way {
        what: "slow-loris in the digest",
        listener: "auth",
        flag: 1,
        begin: b"half of i",
        drip: SILENT,
        clients: 8,
    },
    Way {
        what: "slow-loris in the head",
        listener: "page",
        flag: 3,
        begin: b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ",
        drip: b'x',
        clients: 50,
    },
    Way {
        what: "silence instead of a head",
        listener: "page",
        flag: 3,
        begin: b"",
        drip: SILENT,
        clients: 50,
    },
    Way {
        what: "slow-loris in the upgrade",
        listener: "bridge",
        flag: 3,
        begin: b"GET /bridge/udp-echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: ",
        drip: b'x',
        clients: 50,
    },
    Way {
        what: "slow-loris in the upgrade",
        listener: "lab",
        flag: 3,
        begin: b"GET /lab HTTP/1.1\r\nHost: localhost\r\nUpgrade: ",
        drip: b'x',
        clients: 50,
    },
];
/// Instead of a byte: none.
const SILENT: u8 = 0xff;

impl Way {
    fn enter(&self, door: &Door) -> TcpStream {
        let mut stream = dial(ATTACKER, door.address).expect("it listens");
        if door.name == "auth" {
            let mut challenge = [0; 32];
            stream.read_exact(&mut challenge).expect("a challenge");
            if self.flag == 0 {
                let answer = hmac_md5(KEY, &challenge);
                stream.write_all(&answer).expect("it takes the answer");
            }
        }
        stream.write_all(self.begin).expect("it takes that");
        stream
    }

    fn make(&self, victim: &Victim, count: usize) -> String {
        let bystander = Bystander::enter(&victim.door);
        let clients: Vec<_> = (0..count).map(|_| self.enter(&victim.door)).collect();
        let mut ready = Vec::new();
        if self.listener == "ready-ack" {
            ready.extend_from_slice(b"ready");
        }
        let longest = drip(clients, self.drip, &ready);
        assert!(longest > SHORTEST / 2, "closed at once, not at a deadline");
        let trips = bystander.leave().0.len();
        format!(
            "{count} clients, the last closed after {:.1} s; \
             the other source made {trips} round trips",
            longest.as_secs_f64()
        )
    }
}

/// Sends a byte to each now and then until all are closed, and tells how long
/// that took. They may say `ready` before, and an HTTP status at their end.
fn drip(mut clients: Vec<TcpStream>, byte: u8, ready: &[u8]) -> Duration {
    let started = Instant::now();
    while !clients.is_empty() {
        assert!(started.elapsed() < PATIENCE, "{} are open", clients.len());
        thread::sleep(PACE);
        clients.retain_mut(|client| {
            let closed = is_closed(client, ready);
            closed.is_none() && (byte == SILENT || client.write_all(&[byte]).is_ok())
        });
    }
    started.elapsed()
}

/// What made it closed, if something did.
fn is_closed(client: &mut TcpStream, ready: &[u8]) -> Option<ErrorKind> {
    client.set_nonblocking(true).expect("an option");
    let mut said = [0; 512];
    let received = client.read(&mut said);
    client.set_nonblocking(false).expect("an option");
    match received {
        Ok(0) => Some(ErrorKind::UnexpectedEof),
        Ok(count) => {
            let said = &said[..count];
            assert!(said == ready || said.starts_with(b"HTTP/1.1 408"));
            None
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => Some(error.kind()),
    }
}

#[test]
fn who_is_too_slow_is_closed_and_nobody_else_is() {
    thread::scope(|scope| {
        for way in &WAYS {
            let attack = move || {
                // The 10 minutes of a bystander's silence are not tested.
                let system = way.flag != 3;
                let (from, to) = if system { (0, 2) } else { (2, 3) };
                let arguments = if is_full() { &[] } else { &SHORT[from..to] };
                let victim = Victim::start(way.listener, arguments);
                let (warm, size) = if is_full() {
                    (1, way.clients)
                } else {
                    (1, way.clients.min(8))
                };
                let make = |victim: &Victim, count| way.make(victim, count);
                victim.withstands(way.what, warm, size, make);
            };
            // Nobody measures how long anything else takes: all together.
            scope.spawn(attack);
        }
    });
}

/// A WebSocket frame that never ends, byte by byte, with no pong inside it: the
/// bytes are no sign that its message will ever be finished.
fn drip_frame(victim: &Victim, count: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let host = victim.door.address.to_string();
    let path = match victim.door.name {
        "lab" => "/lab",
        _ => "/bridge/udp-echo",
    };
    let clients = (0..count).map(|_| {
        let mut stream = dial(ATTACKER, victim.door.address).expect("it listens");
        websocket::open(&mut stream, &host, path).expect("an upgrade");
        let binary = websocket::LAST | websocket::opcode::BINARY;
        let head = websocket::head(binary, 65_000);
        stream.write_all(&head).expect("it takes it");
        stream
    });
    let mut clients: Vec<_> = clients.collect();
    let started = Instant::now();
    while !clients.is_empty() {
        assert!(started.elapsed() < PATIENCE, "{} are open", clients.len());
        thread::sleep(PACE);
        clients.retain_mut(|client| {
            client.set_nonblocking(true).expect("an option");
            // Greetings and pings.
            let open = match client.read(&mut [0; 512]) {
                Ok(count) => count > 0,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            };
            client.set_nonblocking(false).expect("an option");
            open && client.write_all(b"x").is_ok()
        });
    }
    let slow = count == 0 || started.elapsed() > AT_ONCE;
    assert!(slow, "it was refused, not too slow");
    let trips = bystander.leave().0.len();
    format!(
        "{count} clients, the last closed after {:.1} s; \
         the other source made {trips} round trips",
        started.elapsed().as_secs_f64()
    )
}

#[test]
fn a_websocket_frame_that_never_ends_is_ended() {
    if !is_full() {
        // Its minute has no flag; the gateway's own tests shorten it.
        return;
    }
    thread::scope(|scope| {
        for name in super::WEBSOCKETS {
            scope.spawn(move || {
                let victim = Victim::start(name, &[]);
                victim.withstands("slow-loris in a WebSocket frame", 0, 20, drip_frame);
            });
        }
    });
}

/// Clients of an echo that say nothing at all hold nobody up for ever, where
/// one client is served at a time.
#[test]
fn a_silent_client_of_a_serial_server_makes_room() {
    each(&["tcp-echo"], |name| {
        let idle = if is_full() { "10s" } else { "1s" };
        let flag = format!("--idle-deadline={idle}");
        let victim = Victim::start(name, &[&flag]);
        victim.withstands("silence", 1, 2, |victim, count| {
            let started = Instant::now();
            let silent: Vec<_> = (0..count)
                .map(|_| dial(ATTACKER, victim.door.address).expect("it listens"))
                .collect();
            victim.serves(super::NEWCOMER);
            drop(silent);
            format!(
                "behind {count} silent clients of {idle} each the next was served after {:.1} s",
                started.elapsed().as_secs_f64()
            )
        });
    });
}
