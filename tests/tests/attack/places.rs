//! More idle connections than there are file descriptors for.

use std::net::{Ipv4Addr, TcpStream};

use tests::{Census, eventually, http};

use super::client::{Client, dial, reset};
use super::victim::{Door, Victim};
use super::{ATTACKER, NEWCOMER, sized};

/// Connections that are more than one source may have.
const IDLE: usize = 300;
/// Below the rate of new connections that a source may have, at once.
const BURST: usize = 390;

/// Where a system listens beside the page.
fn system(victim: &Victim, name: &'static str) -> Door {
    let start = format!("listening {name} ");
    let lines = victim.door.lines.all();
    let line = lines.iter().find(|line| line.starts_with(&start));
    let address = line.and_then(|line| line.rsplit(' ').next());
    let address = address.expect("it listens").parse().expect("an address");
    Door {
        name,
        address,
        lines: victim.door.lines.clone(),
    }
}

/// As many idle connections as one source gets, at every listener in turn:
/// somebody else is let in at each of them.
fn hoard(victim: &Victim, count: usize) -> String {
    let names = ["auth", "ready-ack", "length-prefix"];
    let mut doors: Vec<_> = names.map(|name| system(victim, name)).into();
    doors.push(victim.door.clone());
    let held: Vec<_> = doors
        .iter()
        .flat_map(|door| (0..count.min(BURST)).map(|_| dial(ATTACKER, door.address)))
        .map(|stream| stream.expect("the kernel takes it"))
        .collect();
    let open = Census::of(victim.program.id()).expect("it runs").open();
    for door in &doors {
        let visit = || Client::enter(door, NEWCOMER).ok()?.round_trip().ok();
        eventually("a newcomer is let in", visit);
    }
    let healthy = || probe(victim, ATTACKER);
    eventually("the page answers the operator", healthy);
    let tried = held.len();
    held.into_iter().for_each(reset);
    format!(
        "{tried} idle connections of one source at 256 descriptors, {open} in use: \
         a newcomer was let in at each listener, /healthz answered"
    )
}

/// `/healthz` for somebody at `source`.
fn probe(victim: &Victim, source: Ipv4Addr) -> Option<()> {
    use std::io::{Read as _, Write as _};
    let mut stream = dial(source, victim.door.address).ok()?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 200 ").then_some(())
}

#[test]
fn one_source_takes_no_listener_from_the_others() {
    let victim = Victim::start_limited("page", 256, &["--handshake-deadline=5m"]);
    victim.withstands(
        "idle connections of one source",
        50,
        sized(100, IDLE),
        hoard,
    );
}

/// All connections there are, of many sources: nobody is let in, and the
/// operator is answered.
fn fill(victim: &Victim, count: usize) -> String {
    let door = &victim.door;
    let source = |number: usize| {
        let [_, _, third, fourth] = u32::try_from(number + 256).expect("few").to_be_bytes();
        Ipv4Addr::new(127, 1, third, fourth)
    };
    let held: Vec<TcpStream> = (0..count)
        .map(|number| dial(source(number), door.address).expect("the kernel takes it"))
        .collect();
    eventually("the page answers the operator", || probe(victim, ATTACKER));
    for path in ["/healthz", "/readyz", "/metrics"] {
        let ask = || {
            let answer = http::try_get(door.address, path)?;
            assert_eq!(answer.status, 200, "{path}");
            Some(())
        };
        eventually(path, ask);
    }
    // Nothing else is to be had.
    let refused = || {
        let answer = http::try_get(door.address, "/")?;
        assert_eq!(answer.status, 503);
        assert!(answer.text().contains("try again later"));
        Some(())
    };
    eventually("the page itself is refused", refused);
    let open = Census::of(victim.program.id()).expect("it runs").open();
    held.into_iter().for_each(reset);
    format!(
        "{count} idle connections, each of its own source, {open} descriptors in use: /healthz, /readyz and /metrics answered"
    )
}

#[test]
fn the_operator_is_answered_when_all_places_are_taken() {
    let patient = ["--head-deadline=5m"];
    let victim = Victim::start_limited("page", 256, &patient);
    victim.withstands("connections of all sources", 300, sized(300, 600), fill);
}
