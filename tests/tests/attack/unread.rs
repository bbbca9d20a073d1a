//! Replies that nobody reads: many connections ask for the largest asset again
//! and again, and take nothing.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tests::{PATIENCE, proc};

use super::bystander::Bystander;
use super::client::reset;
use super::victim::Victim;
use super::{ATTACKER, sized};

/// Requests that each connection sends at once.
const REQUESTS: usize = 20;
/// What a source may leave unread, what may slip through unlooked at, and room
/// for writes that were allowed at the same moment.
const MOST: u64 = 24 * 1024 * 1024;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A connection whose own kernel takes little, so that what it does not read
/// stays at the server.
fn silent(to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let small = socket.set_recv_buffer_size(4096);
    small.expect("a socket takes options");
    let bound = socket.bind(&SocketAddr::from((ATTACKER, 0)).into());
    bound.expect("an address of this machine");
    let connected = socket.connect_timeout(&to.into(), PATIENCE);
    connected.expect("the kernel takes it");
    socket.into()
}

/// An address as /proc/net/tcp writes it.
fn written(address: Ipv4Addr) -> String {
    format!("{:08X}", u32::from(address).swap_bytes())
}

/// The server's connections to the attacker: how many, closed ones that the
/// kernel still serves among them, and the bytes in their send queues.
fn held(server: SocketAddr) -> (usize, u64) {
    let SocketAddr::V4(server) = server else {
        panic!("the tests come from IPv4 addresses");
    };
    let ours = format!("{}:{:04X}", written(*server.ip()), server.port());
    let attackers = written(ATTACKER);
    let (mut count, mut bytes) = (0, 0);
    let table = proc::sockets(std::process::id(), "tcp");
    assert!(!table.is_empty(), "the server is in it");
    for fields in table {
        let [_, local, remote, _, queues, ..] = &fields[..] else {
            panic!("{fields:?}");
        };
        if *local == ours && remote.starts_with(&attackers) {
            count += 1;
            let queue = queues.split(':').next().expect("the send queue");
            bytes += u64::from_str_radix(queue, 16).expect("hex");
        }
    }
    (count, bytes)
}

fn ask_and_read_nothing(victim: &Victim, connections: usize) -> String {
    let bystander = Bystander::enter(&victim.door);
    let server = victim.door.address;
    let request = "GET /stickylab_bg.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let requests = request.repeat(REQUESTS);
    let since = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = silent(server);
        // Who comes too often is reset at once.
        let _ = client.write_all(requests.as_bytes());
        clients.push(client);
    }
    let (mut most, deadline) = (0, Instant::now() + 2 * PATIENCE);
    loop {
        let (open, bytes) = held(server);
        most = most.max(bytes);
        assert!(
            bytes <= MOST,
            "{bytes} bytes are unread on {open} connections"
        );
        if open == 0 {
            break;
        }
        let late = Instant::now() >= deadline;
        assert!(!late, "{open} connections stay, with {bytes} bytes");
        thread::sleep(LOOK);
    }
    let took = since.elapsed();
    assert!(most > 0, "the page has no such asset");
    clients.into_iter().for_each(reset);
    let trips = bystander.leave().0.len();
    format!(
        "{connections} connections, at most {} kB unread at a time, the last closed after \
         {:.1} s; the other source made {trips} round trips",
        most / 1000,
        took.as_secs_f64()
    )
}

#[test]
fn who_reads_no_replies_does_not_keep_the_servers_memory() {
    let deadline = format!("--reply-deadline={}", sized("2s", "30s"));
    let victim = Victim::start("page", &[&deadline]);
    victim.withstands("replies nobody reads", 20, 300, ask_and_read_nothing);
}
