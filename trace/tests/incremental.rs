//! Events one by one, late ones too, give the analysis that all at once give.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::framing::{Delimiter, LengthPrefix, READY};
use protocol::{Framing, Nanos, Offset, System};
use trace::link::{Capture, Ending, Head};
use trace::{
    Analysis, Call, Connection, ConnectionId, End, Endpoint, Event, Experiment, Flags, Header,
    Observed, Origin, Party, PartyId, Reason, Setup, Trace, Transport,
};

/// What happens next on one of three connections.
#[derive(Clone, Debug)]
struct Step {
    connection: u32,
    end: End,
    what: u8,
    size: usize,
    /// How many events later it is told.
    late: usize,
}

fn steps(most: usize, latest: usize) -> impl Strategy<Value = Vec<Step>> {
    let late = prop_oneof![8 => Just(0), 4 => 0..4_usize, 1 => 0..latest];
    let end = prop_oneof![3 => Just(End::Opener), 1 => Just(End::Acceptor)];
    let step = (0..3_u32, end, 0..16_u8, 0..24_usize, late);
    let step = step.prop_map(|(connection, end, what, size, late)| Step {
        connection,
        end,
        what,
        size,
        late,
    });
    vec(step, 0..most)
}

/// What one end of a connection has sent, and what became of it.
#[derive(Default)]
struct Sent {
    bytes: Vec<u8>,
    captured: usize,
    read: usize,
}

/// Plausible events; those of a sender or a reader nobody watched are left out.
fn events(steps: &[Step], watched: [bool; 2], has_packets: bool) -> Vec<Event> {
    let mut sent: [[Sent; 2]; 3] =
        std::array::from_fn(|_| std::array::from_fn(|_| Sent::default()));
    let mut events = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let at = Nanos(number as u64 / 2 * 10);
        let event = |end: End, call, offset: usize, bytes: &[u8]| {
            let origin = Origin {
                party: PartyId(u32::from(end == End::Opener)),
                connection: ConnectionId(step.connection),
                end,
            };
            let mut event = Event::new(at, origin, call);
            event.offset = Offset(offset as u64);
            event.bytes = bytes.to_vec();
            event.asked = u32::try_from(bytes.len() + step.size % 2).unwrap();
            let begins = step.what == 9 && step.size % 2 == 0;
            event.header = call.is_packet().then(|| Header {
                flags: if begins { Flags::SYN } else { Flags::ACK },
                ack: Offset(step.size as u64),
                window: step.what.into(),
                mss: begins.then_some(9),
                ..Header::default()
            });
            if call == Call::Send {
                let unsent = u32::from(step.what);
                event.socket.unsent = Some(unsent);
                event.socket.unacked = Some(unsent + 3);
            }
            event
        };
        let way = &mut sent[step.connection as usize][usize::from(step.end == End::Acceptor)];
        let (call, end) = match step.what {
            0..=5 => (Call::Send, step.end),
            6..=9 => (Call::Segment, step.end),
            10..=13 => (Call::Recv, step.end.other()),
            14 if step.size < 3 => (Call::Refuse, End::Acceptor),
            _ => (Call::Close, step.end),
        };
        let found = match call {
            Call::Send => {
                let bytes = match step.what {
                    0 => READY.to_vec(),
                    1 => vec![0xff; step.size],
                    2 => u32::try_from(step.size).unwrap().to_le_bytes().to_vec(),
                    _ => vec![b'a' + step.what; step.size],
                };
                let start = way.bytes.len();
                way.bytes.extend_from_slice(&bytes);
                event(end, call, start, &bytes)
            }
            Call::Segment => {
                let again = step.size > 20;
                let start = if again {
                    way.captured / 2
                } else {
                    way.captured
                };
                let stop = (start + step.size * 2).min(way.bytes.len());
                way.captured = way.captured.max(stop);
                event(end, call, start, &way.bytes[start..stop])
            }
            Call::Recv => {
                let start = way.read;
                way.read = (start + step.size * 2).min(way.bytes.len());
                event(end, call, start, &way.bytes[start..way.read])
            }
            Call::Refuse => {
                let mut refused = event(end, call, 0, b"");
                refused.reason = Some(Reason::ALL.into_iter().find(|r| r.call() == call).unwrap());
                refused
            }
            _ => event(end, call, 0, b""),
        };
        let is_seen = match found.call {
            call if call.is_packet() => has_packets,
            Call::Send | Call::Recv => watched[usize::from(found.end == End::Acceptor)],
            _ => true,
        };
        if is_seen {
            events.push(found);
        }
    }
    events
}

/// Three connections, the last of datagrams; `claims` is what the record says
/// of the calls it watched.
fn connection(number: u32, claims: [bool; 2]) -> Connection {
    let end = |party, calls| Endpoint {
        party: Some(PartyId(party)),
        address: None,
        observed: Observed {
            calls,
            ..Observed::default()
        },
    };
    Connection {
        connection: ConnectionId(number),
        transport: if number == 2 {
            Transport::Udp
        } else {
            Transport::Tcp
        },
        opener: end(1, claims[0]),
        acceptor: end(0, claims[1]),
    }
}

fn framing(choice: u8) -> Option<Framing> {
    match choice {
        0 => None,
        1 => Some(Framing::None),
        2 => Some(Framing::Delimiter(Delimiter::default())),
        _ => Some(Framing::LengthPrefix(LengthPrefix::default())),
    }
}

/// Inserts them in the order in which they are told, and looks now and then.
fn check(mut trace: Trace, steps: &[Step], events: Vec<Event>, later: &[Connection], look: usize) {
    let mut told: Vec<_> = events.into_iter().enumerate().collect();
    told.sort_by_key(|(number, _)| number + steps.get(*number).map_or(0, |step| step.late));
    let mut analysis = Analysis::default();
    let (mut from, mut later) = (0, later.iter());
    for (number, (_, mut event)) in told.into_iter().enumerate() {
        if trace.is_datagrams(event.connection) && event.call == Call::Segment {
            event.call = Call::Datagram;
        }
        from = from.min(trace.insert(event));
        if number % look == look - 1 {
            if let Some(connection) = later.next() {
                trace.add_connection(connection.clone());
            }
            analysis.update(&trace, from);
            assert!(analysis == Analysis::new(&trace), "after {number} events");
            from = trace.events().len();
        }
    }
    trace.end(Ending::Finished, Some(0), Some(0));
    analysis.update(&trace, from);
    assert!(analysis == Analysis::new(&trace), "at the end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn one_by_one_is_all_at_once(
        system in prop::sample::select(&System::ALL[..]),
        steps in steps(400, 300),
        has_packets: bool,
        look in 1..60_usize,
    ) {
        let trace = Trace::new(Experiment::new(system, &["aaaa", "b"]), Head::new("", Capture::On));
        let events = events(&steps, [true; 2], has_packets);
        check(trace, &steps, events, &[], look);
    }

    #[test]
    fn without_a_plan_and_with_unwatched_ends_too(
        steps in steps(400, 300),
        watched: [bool; 2],
        claims: [bool; 2],
        has_packets: bool,
        choice in (0..4_u8, 0..4_u8),
        look in 1..60_usize,
    ) {
        let setup = Setup {
            opener_framing: framing(choice.0),
            acceptor_framing: framing(choice.1),
            ..Setup::default()
        };
        let mut trace = Trace::without_plan(setup, Head::new("", Capture::On));
        trace.add_party(Party::new(PartyId(0), "server"));
        trace.add_party(Party::new(PartyId(1), "client"));
        trace.add_connection(connection(0, claims));
        // The others are told later, and one of them twice.
        let later = [connection(2, claims), connection(1, claims), connection(0, watched)];
        check(trace, &steps, events(&steps, watched, has_packets), &later, look);
    }
}
