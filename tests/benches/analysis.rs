//! What it costs to look at a record while it grows, beside one analysis of
//! all of it: 100,000 events are inserted one by one, and after each thousandth
//! the lanes are brought up to date and their last rows asked for. Round by
//! round in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

use protocol::framing::LengthPrefix;
use protocol::{Framing, Nanos, Offset};
use trace::link::{Capture, Head};
use trace::rows::{Layer, Rows};
use trace::{
    Analysis, Call, Connection, ConnectionId, End, Endpoint, Event, Observed, Origin, Party,
    PartyId, Setup, Trace, Transport,
};

const ROUNDS: usize = 7;
const EVENTS: usize = 100_000;
const EVERY: usize = 1_000;

fn main() {
    println!(
        "analysing {EVENTS} events, asked for after each {EVERY}, median of {ROUNDS} rounds in turn"
    );
    for (name, lateness) in [("in-order", 0), ("late", 8)] {
        let events = told(lateness);
        let (mut growing, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            growing.push(timed(|| one_by_one(&events)));
            whole.push(timed(|| all_at_once(&events)));
        }
        let (growing, whole) = (median(growing), median(whole));
        println!(
            "{name:>9}: one by one {:>6.1} ms, all at once {:>6.1} ms, ratio {:.2}",
            millis(growing),
            millis(whole),
            growing.as_secs_f64() / whole.as_secs_f64(),
        );
    }
}

/// A record of one connection, of which nothing has happened yet.
fn empty() -> Trace {
    let framing = Some(Framing::LengthPrefix(LengthPrefix::default()));
    let setup = Setup {
        opener_framing: framing.clone(),
        acceptor_framing: framing,
        ..Setup::default()
    };
    let mut trace = Trace::without_plan(setup, Head::new("", Capture::On));
    trace.add_party(Party::new(PartyId(0), "server"));
    trace.add_party(Party::new(PartyId(1), "client"));
    let end = |party| Endpoint {
        party: Some(PartyId(party)),
        address: None,
        observed: Observed {
            calls: true,
            queues: false,
            packets: true,
        },
    };
    trace.add_connection(Connection {
        connection: ConnectionId(0),
        transport: Transport::Tcp,
        opener: end(1),
        acceptor: end(0),
    });
    trace
}

/// Frames of 20 bytes both ways, each a send and a segment; two are read by one
/// recv. Every fourth event is told `lateness` events later than it was.
fn told(lateness: usize) -> Vec<Event> {
    const FRAME: &[u8; 20] = b"\x10\0\0\0abcdefghijklmnop";
    let mut events = Vec::with_capacity(EVENTS);
    let mut sent = [0; 2];
    for round in 0.. {
        let [sender, reader] = match round % 2 {
            0 => [End::Opener, End::Acceptor],
            _ => [End::Acceptor, End::Opener],
        };
        let at = &mut sent[round % 2];
        for (call, end, offset, frames) in [
            (Call::Send, sender, *at, 1),
            (Call::Segment, sender, *at, 1),
            (Call::Send, sender, *at + 20, 1),
            (Call::Segment, sender, *at + 20, 1),
            (Call::Recv, reader, *at, 2),
        ] {
            let origin = Origin {
                party: PartyId(u32::from(end == End::Opener)),
                connection: ConnectionId(0),
                end,
            };
            let mut event = Event::new(Nanos(events.len() as u64), origin, call);
            event.offset = Offset(offset);
            event.bytes = FRAME.repeat(frames);
            event.asked = 4096;
            if call == Call::Send {
                event.asked = 20;
            }
            events.push(event);
            if events.len() == EVENTS {
                let mut order: Vec<_> = events.into_iter().enumerate().collect();
                order
                    .sort_by_key(|(number, _)| number + if number % 4 == 0 { lateness } else { 0 });
                return order.into_iter().map(|(_, event)| event).collect();
            }
        }
        *at += 40;
    }
    unreachable!("a record has an end")
}

fn one_by_one(events: &[Event]) -> usize {
    let (mut trace, mut analysis) = (empty(), Analysis::default());
    let (mut from, mut seen) = (0, 0);
    for (number, event) in events.iter().enumerate() {
        from = from.min(trace.insert(event.clone()));
        if (number + 1) % EVERY == 0 {
            analysis.update(&trace, from);
            from = trace.events().len();
            seen += rows(&trace, &analysis);
        }
    }
    seen
}

fn all_at_once(events: &[Event]) -> usize {
    let mut trace = empty();
    for event in events {
        trace.insert(event.clone());
    }
    rows(&trace, &Analysis::new(&trace))
}

/// The rows at the end of each direction, where a page that follows is: their
/// counts, and the boxes of the last 4 KiB.
fn rows(trace: &Trace, analysis: &Analysis) -> usize {
    let mut seen = 0;
    for lane in &analysis.lanes {
        let rows = Rows::at_the_end(trace, lane);
        let window = Offset(lane.end().0.saturating_sub(4096))..lane.end();
        for layer in Layer::ALL {
            seen += rows.chunks(layer, &window).len() + rows.counts(layer).happened;
        }
    }
    black_box(seen)
}

fn timed(work: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    assert!(black_box(work()) > 0, "nothing was analysed");
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
