//! Captured frames: any bytes where Ethernet, IPv4, TCP and UDP headers
//! should be, and the pcapng file that is made of them.
//!
//! Input: frames, each behind its length in two bytes, the higher one first.

use std::net::{Ipv4Addr, SocketAddrV4};

use protocol::{Nanos, System};
use record::Frames;
use trace::link::{Capture, Ending, Head};
use trace::{ClientId, Event, Experiment, MAX_OFFSET, Trace};

use crate::analysis;
use crate::input::Input;
use crate::written;

/// The server and its clients, as in the corpus.
const SERVER: SocketAddrV4 = at(8000);
const CLIENTS: [(SocketAddrV4, ClientId); 2] = [
    (at(40_000), ClientId::FIRST),
    (at(40_001), ClientId::SECOND),
];

const fn at(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

/// An event holds what its frame holds, in its order; a trace of such events
/// can be written, read and shown.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let openers = CLIENTS.map(|(at, id)| (at, [id.opener(), id.acceptor()]));
    let mut frames = Frames::new(SERVER, &openers);
    let mut experiment = Experiment::new(System::TcpEcho, &["hello"]);
    let client = experiment.clients[0].clone();
    experiment.clients.push(client);
    let mut trace = Trace::new(experiment, Head::new("Linux", Capture::On));
    let mut missed = 0;
    while !input.is_empty() {
        let length = input.below(256) << 8 | input.below(256);
        let frame = input.take(length);
        let at = Nanos(trace.events().len() as u64);
        match frames.read(at, frame) {
            Ok(Some(event)) => {
                check_event(&event, frame);
                trace.insert(event);
            }
            Ok(None) => {}
            Err(_) => missed += 1,
        }
        frames.are_over();
    }
    trace.end(Ending::Finished, Some(missed), None);
    written::check(&trace);
    analysis::check_trace(&trace);
}

fn check_event(event: &Event, frame: &[u8]) {
    let header = event.header.as_ref().expect("a packet has one");
    let (raw, rest) = frame.split_at(header.raw.len());
    assert_eq!(raw, header.raw);
    assert!(rest.starts_with(&event.bytes));
    assert!(event.offset.0 <= MAX_OFFSET && header.ack.0 <= MAX_OFFSET);
    assert!(header.window <= 0xffff << 14);
    assert!(event.call.is_packet());
    let (client, number) = ClientId::of(event.connection);
    assert_eq!(number, 0);
    assert!([client.opener(), client.acceptor()].contains(&event.origin()));
}
